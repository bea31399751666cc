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
