package duck

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

func queryOne(t testing.TB, c *Conn, sql string, args ...any) any {
	t.Helper()
	rows, err := c.QueryRows(context.Background(), sql, args...)
	require.NoError(t, err, sql)
	require.Len(t, rows, 1, sql)
	require.Len(t, rows[0], 1, sql)
	return rows[0][0]
}

func mustExec(t testing.TB, c *Conn, sql string, args ...any) {
	t.Helper()
	_, err := c.Exec(context.Background(), sql, args...)
	require.NoError(t, err, sql)
}
