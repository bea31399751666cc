package gate_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine"
)

// BenchmarkPrepare is what preparing costs a superuser and an ordinary role: a text that
// was seen before, and one that wasn't.
func BenchmarkPrepare(b *testing.B) {
	ctx := context.Background()
	db, err := engine.Open(ctx, engine.Options{})
	require.NoError(b, err)
	defer func() { require.NoError(b, db.Close()) }()
	open := func(user string) *engine.Session {
		s, err := db.NewSession(ctx, engine.SessionOptions{User: user})
		require.NoError(b, err)
		return s
	}
	root := open("")
	for _, sql := range []string{"CREATE TABLE t (a INTEGER, b VARCHAR)", "CREATE ROLE ann", "GRANT SELECT ON t TO ann"} {
		_, err := root.Exec(ctx, sql)
		require.NoError(b, err)
	}
	for _, role := range []string{"", "ann"} {
		for _, fresh := range []bool{false, true} {
			s := open(role)
			b.Run(fmt.Sprintf("role=%s/new=%t", role, fresh), func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					text := "SELECT a, b FROM t WHERE a = 1"
					if fresh {
						text = fmt.Sprintf("SELECT a, b FROM t WHERE a = %d", i)
					}
					st, err := s.Prepare(ctx, text, s.Split(text)[0], nil)
					if err != nil {
						b.Fatal(err)
					}
					_ = st.Close()
				}
			})
			require.NoError(b, s.Close())
		}
	}
	require.NoError(b, root.Close())
}

// pathOnly answers the one look-up that a check of a query makes on the session's connection.
type pathOnly struct{}

func (pathOnly) QueryRows(context.Context, string, ...any) ([][]any, error) {
	return [][]any{{"main"}}, nil
}

// BenchmarkCheck is the gate alone: a text that was seen before, one that wasn't, and the look
// before each execution of a prepared statement.
func BenchmarkCheck(b *testing.B) {
	ctx := context.Background()
	db, err := engine.Open(ctx, engine.Options{})
	require.NoError(b, err)
	defer func() { require.NoError(b, db.Close()) }()
	root, err := db.NewSession(ctx, engine.SessionOptions{})
	require.NoError(b, err)
	for _, sql := range []string{"CREATE TABLE t (a INTEGER, b VARCHAR)", "CREATE ROLE ann", "GRANT SELECT ON t TO ann"} {
		_, err := root.Exec(ctx, sql)
		require.NoError(b, err)
	}
	defer func() { require.NoError(b, root.Close()) }()
	s, err := db.Gate().NewSession(ctx, 1, "ann")
	require.NoError(b, err)
	const text = "SELECT a, b FROM t WHERE a = 1"
	v, err := s.Check(ctx, pathOnly{}, text)
	require.NoError(b, err)
	b.Run("known", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Check(ctx, pathOnly{}, text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := s.Check(ctx, pathOnly{}, fmt.Sprintf("SELECT a, b FROM t WHERE a = %d", i)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("execution", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := s.Recheck(ctx, pathOnly{}, v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
