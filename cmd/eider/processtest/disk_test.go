package processtest

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// smallDisk is a directory with a file system of its own, which grow enlarges.
func smallDisk(t *testing.T) (dir string, grow func()) {
	t.Helper()
	if testing.Short() {
		t.Skip("mounts a file system: not in -short")
	}
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("a small file system can't be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir, func() {
		require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=256m"))
	}
}

// insertQuarterMegabyte is a transaction of 256 kB that doesn't compress.
const insertQuarterMegabyte = "INSERT INTO log SELECT $1::bigint, string_agg(md5(random()::varchar), '') FROM range(8000)"

// fill commits transactions until one fails; it returns how many were acknowledged and the error.
func fill(t *testing.T, c *pgx.Conn) (acknowledged int64, err error) {
	t.Helper()
	_, err = c.Exec(context.Background(), "CREATE TABLE log (n bigint, t text)")
	require.NoError(t, err)
	for ; acknowledged < 1000; acknowledged++ {
		if _, err := c.Exec(context.Background(), insertQuarterMegabyte, acknowledged); err != nil {
			return acknowledged, err
		}
	}
	require.Fail(t, "the disk never filled")
	return 0, nil
}

// requireNumbers requires that the log holds 0 to n-1, once each.
func requireNumbers(t *testing.T, c *pgx.Conn, n int64) {
	t.Helper()
	var rows, distinct, least, greatest int64
	require.NoError(t, c.QueryRow(context.Background(), "SELECT count(*), count(DISTINCT n), min(n), max(n) FROM log").Scan(&rows, &distinct, &least, &greatest))
	require.Equal(t, []int64{n, n, 0, n - 1}, []int64{rows, distinct, least, greatest})
}

// TestDiskFullInStatement fills the disk within one statement: it fails with a disk-full
// or I/O code, what was committed stays, and after space is made the file still works.
func TestDiskFullInStatement(t *testing.T) {
	dir, grow := smallDisk(t)
	db := filepath.Join(dir, "small.db")
	ctx := context.Background()
	srv := startServer(t, "--db", db)
	c := connect(t, srv)
	_, err := c.Exec(ctx, "CREATE TABLE kept AS SELECT i FROM range(1000) t(i)")
	require.NoError(t, err)
	_, err = c.Exec(ctx, "CREATE TABLE fat AS SELECT i, md5(i::varchar) || md5((i + 1)::varchar) AS t FROM range(5000000) t(i)")
	requireCode(t, err, "53100", "58030")

	var n int64
	other := connect(t, srv)
	require.NoError(t, other.QueryRow(ctx, "SELECT count(*) FROM kept").Scan(&n), "the server must still answer")
	require.EqualValues(t, 1000, n)
	require.NoError(t, other.Close(ctx))
	_ = c.Close(ctx)
	srv.stop(t)

	grow()
	srv = startServer(t, "--db", db)
	c = connect(t, srv)
	defer c.Close(ctx)
	require.NoError(t, c.QueryRow(ctx, "SELECT count(*) FROM kept").Scan(&n))
	require.EqualValues(t, 1000, n)
	requireCode(t, c.QueryRow(ctx, "SELECT count(*) FROM fat").Scan(&n), "42P01")
	_, err = c.Exec(ctx, "INSERT INTO kept VALUES (1000)")
	require.NoError(t, err)
}

// TestDiskFullInLog fills the disk so that a commit can't be logged: exactly that
// transaction fails, reading goes on in the same session, and writing when there is space.
func TestDiskFullInLog(t *testing.T) {
	dir, grow := smallDisk(t)
	db := filepath.Join(dir, "small.db")
	ctx := context.Background()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 58<<20), 0o600))
	srv := startServer(t, "--db", db)
	c := connect(t, srv)
	n, err := fill(t, c)
	requireCode(t, err, "53100")
	requireNumbers(t, c, n)
	require.Equal(t, http.StatusOK, srv.ready())
	tx, err := c.Begin(ctx)
	require.NoError(t, err)
	_, err = tx.Exec(ctx, insertQuarterMegabyte, n)
	require.NoError(t, err)
	requireCode(t, tx.Commit(ctx), "53100")
	requireNumbers(t, c, n)
	t.Logf("%d transactions acknowledged before the disk was full", n)

	grow()
	_, err = c.Exec(ctx, insertQuarterMegabyte, n)
	require.NoError(t, err, "the same session writes again")
	srv.kill(t)
	srv = startServer(t, "--db", db)
	c = connect(t, srv)
	defer c.Close(ctx)
	requireNumbers(t, c, n+1)
}

// TestDiskFullInCheckpoint fills the disk so that a checkpoint fails, after which DuckDB
// refuses everything: whoever is connected is told so, and the server opens the file
// again by itself, on the full disk, with every committed row.
func TestDiskFullInCheckpoint(t *testing.T) {
	dir, grow := smallDisk(t)
	db := filepath.Join(dir, "small.db")
	ctx := context.Background()
	srv := startServer(t, "--db", db)
	c, idle, block, busy := connect(t, srv), connect(t, srv), connect(t, srv), connect(t, srv)
	var one int64
	require.NoError(t, idle.QueryRow(ctx, "SELECT 1").Scan(&one))
	tx, err := block.Begin(ctx)
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		ended <- busy.QueryRow(ctx, heavy).Scan(new(int64))
	}()
	waitActive(t, srv, "%1000003%")

	n, err := fill(t, c)
	requireCode(t, err, "53100")
	var failure *pgconn.PgError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "FATAL", failure.Severity)
	require.Contains(t, failure.Message, "the transaction is committed")
	n++
	requireCode(t, <-ended, "57P02")
	requireCode(t, idle.QueryRow(ctx, "SELECT 1").Scan(&one), "57P02")
	_, err = tx.Exec(ctx, "SELECT 1")
	requireCode(t, err, "57P02")

	require.Eventually(t, func() bool { return srv.ready() == http.StatusOK }, 30*time.Second, 5*time.Millisecond, "the server didn't come back")
	c = connect(t, srv)
	requireNumbers(t, c, n)
	t.Logf("%d transactions, all there after the failed checkpoint", n)

	grow()
	_, err = c.Exec(ctx, insertQuarterMegabyte, n)
	require.NoError(t, err)
	require.NoError(t, c.Close(ctx))
	srv.stop(t)
	srv = startServer(t, "--db", db)
	c = connect(t, srv)
	defer c.Close(ctx)
	requireNumbers(t, c, n+1)
}
