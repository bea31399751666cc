package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/duck"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openDB(t testing.TB, o Options) *DB {
	t.Helper()
	db, err := Open(context.Background(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func newSession(t testing.TB, db *DB, o SessionOptions) *Session {
	t.Helper()
	s, err := db.NewSession(context.Background(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func memory(t testing.TB) *Session {
	t.Helper()
	return newSession(t, openDB(t, Options{}), SessionOptions{})
}

// rowsOf runs a query and returns its rows as tab-separated lines.
func rowsOf(t testing.TB, s *Session, sql string, args ...any) string {
	t.Helper()
	r, err := s.Query(context.Background(), sql, args...)
	require.NoError(t, err, sql)
	var lines []string
	for r.Next() {
		lines = append(lines, line(r.Values()))
	}
	require.NoError(t, r.Err(), sql)
	require.NoError(t, r.Close())
	return strings.Join(lines, "\n")
}

func line(values []any) string {
	cells := make([]string, len(values))
	for i, v := range values {
		cells[i] = "NULL"
		if v != nil {
			cells[i] = fmt.Sprint(v)
		}
	}
	return strings.Join(cells, "\t")
}

// exec runs statements that must succeed and returns the last one's tag.
func exec(t testing.TB, s *Session, sql string, args ...any) string {
	t.Helper()
	tag, err := s.Exec(context.Background(), sql, args...)
	require.NoError(t, err, sql)
	return string(tag)
}

// failing runs statements of which one must fail and returns its error.
func failing(t testing.TB, s *Session, sql string, args ...any) *sqlstate.Error {
	t.Helper()
	_, err := s.Exec(context.Background(), sql, args...)
	require.Error(t, err, sql)
	return sqlstate.From(err)
}

// start prepares and runs one statement and leaves its cursor open.
func start(t testing.TB, s *Session, sql string, args ...any) *Cursor {
	t.Helper()
	ctx := context.Background()
	st, err := s.Prepare(ctx, sql, s.Split(sql)[0], nil)
	require.NoError(t, err, sql)
	c, err := st.Run(ctx, args)
	require.NoError(t, err, sql)
	require.NoError(t, st.Close())
	return c
}

// drainRows reads the rest of a cursor as lines.
func drainRows(c *Cursor) ([]string, error) {
	var lines []string
	for {
		chunk, err := c.Next(context.Background())
		if err != nil || chunk == nil {
			return lines, err
		}
		lines = append(lines, linesOf(chunk)...)
	}
}

func linesOf(chunk *types.Chunk) []string {
	lines := make([]string, chunk.Len)
	for i := range lines {
		values := make([]any, len(chunk.Columns))
		for k := range values {
			values[k] = duck.Value(&chunk.Columns[k], i)
		}
		lines[i] = line(values)
	}
	return lines
}

func lexOne(text string) lex.Stmt { return lex.Split(text)[0] }
