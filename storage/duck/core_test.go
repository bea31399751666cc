package duck

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func openTest(t testing.TB, cfg Config) (*DB, *Conn) {
	t.Helper()
	ctx := context.Background()
	db, err := Open(ctx, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	c, err := db.Connect(ctx)
	require.NoError(t, err)
	return db, c
}

func TestExecAndQuery(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	n, err := c.Exec(ctx, "create table t(a int, b text); insert into t values (1, 'a'), (2, NULL)")
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	n, err = c.Exec(ctx, "insert into t values ($1, $2)", 3, "long enough not to be inlined")
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	rows, err := c.QueryRows(ctx, "select * from t where a > ? order by a", 1)
	require.NoError(t, err)
	require.Equal(t, [][]any{{int64(2), nil}, {int64(3), "long enough not to be inlined"}}, rows)
	_, err = c.QueryRows(ctx, "select 1; select 2")
	require.Equal(t, sqlstate.SyntaxError, sqlstate.CodeOf(err))
}

func TestContextInterrupts(t *testing.T) {
	_, c := openTest(t, Config{})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := c.QueryRows(ctx, "select count(*) from range(1000000) a, range(1000000) b where a.range * b.range % 7 = 3")
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err))
	rows, err := c.QueryRows(context.Background(), "select 1")
	require.NoError(t, err)
	require.Equal(t, [][]any{{int64(1)}}, rows)
}
