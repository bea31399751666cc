package duck

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// unending gives its first rows at once and then computes for hours.
const unending = "select i from range(10000000000000) t(i) where i < 2000000 or i = -1"

// soon is well above what ending a statement takes and far below what running it would.
const soon = 30 * time.Second

// A cancel that comes before DuckDB plans, which forgets it, still ends the statement in all threads.
func TestCancelBeforePlanning(t *testing.T) {
	_, c := openTest(t, Config{})
	ctx := context.Background()
	_, err := c.Exec(ctx, "set threads = 4")
	require.NoError(t, err)
	for range 20 {
		s, err := c.Prepare(ctx, "select count(*) from range(1000000) a(i), range(1000000) b(j) where (i * j) % 7 = 3")
		require.NoError(t, err)
		r := newResult(ctx, c)
		require.NoError(t, c.begin(ctx, &r.op))
		r.op.cancel()
		err = s.start(ctx, &r.op, r.c, true)
		c.end(&r.op)
		require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err), "%v", err)
		require.NoError(t, s.Close())
		began := time.Now()
		_, err = c.QueryRows(ctx, "select 1")
		require.NoError(t, err)
		require.Less(t, time.Since(began), soon, "the cancelled statement ran on")
	}
}

// A result that is closed early, or overtaken by another statement, isn't computed any further.
func TestCloseEarly(t *testing.T) {
	_, c := openTest(t, Config{})
	ctx := context.Background()
	for _, closed := range []bool{true, false} {
		r, err := c.Query(ctx, unending)
		require.NoError(t, err)
		chunk, err := r.Next(ctx)
		require.NoError(t, err)
		require.Positive(t, chunk.Len)
		if closed {
			require.NoError(t, r.Close())
		}
		began := time.Now()
		rows, err := c.QueryRows(ctx, "select 1")
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.Less(t, time.Since(began), soon, "the statement before ran on")
		if !closed {
			_, err = r.Next(ctx)
			require.Equal(t, sqlstate.InvalidCursorState, sqlstate.CodeOf(err))
		}
	}
	// In a transaction the early end is no failure.
	require.NoError(t, c.Begin(ctx, false))
	_, err := c.Exec(ctx, "create table t (a int)")
	require.NoError(t, err)
	r, err := c.Query(ctx, unending)
	require.NoError(t, err)
	_, err = r.Next(ctx)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	_, err = c.Exec(ctx, "insert into t values (1)")
	require.NoError(t, err)
	require.NoError(t, c.Commit(ctx))
	rows, err := c.QueryRows(ctx, "from t")
	require.NoError(t, err)
	require.Len(t, rows, 1)
}
