package processtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

func requireCode(t *testing.T, err error, codes ...string) {
	t.Helper()
	var e *pgconn.PgError
	require.True(t, errors.As(err, &e), "want SQLSTATE %v, got %v", codes, err)
	require.Contains(t, codes, e.Code, "%s", e.Message)
}

// TestDiskFull fills a small file system: the statement fails with a disk-full or
// I/O code, what was committed stays, and after space is made the file still works.
func TestDiskFull(t *testing.T) {
	if testing.Short() {
		t.Skip("mounts a file system: not in -short")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("a small file system can't be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
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

	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=256m"))
	srv = startServer(t, "--db", db)
	c = connect(t, srv)
	defer c.Close(ctx)
	require.NoError(t, c.QueryRow(ctx, "SELECT count(*) FROM kept").Scan(&n))
	require.EqualValues(t, 1000, n)
	requireCode(t, c.QueryRow(ctx, "SELECT count(*) FROM fat").Scan(&n), "42P01")
	_, err = c.Exec(ctx, "INSERT INTO kept VALUES (1000)")
	require.NoError(t, err)
}

// TestMemoryLimit runs what needs more than the limit: 53200 or 53100 where it can't spill, and the server lives.
func TestMemoryLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("sorts and aggregates millions of rows: not in -short")
	}
	ctx := context.Background()
	srv := startServer(t, "--db", filepath.Join(t.TempDir(), "m.db"), "--memory-limit", "100MB", "--max-temp-size", "200MB")
	c := connect(t, srv)
	defer c.Close(ctx)
	var n int64
	err := c.QueryRow(ctx, "SELECT count(*) FROM (SELECT list(i) AS l FROM range(100000000) t(i))").Scan(&n)
	requireCode(t, err, "53200", "53100")
	require.NoError(t, c.QueryRow(ctx, "SELECT 1").Scan(&n), "the same session goes on")
	// a sort that fits the spill space succeeds under the same limit
	require.NoError(t, c.QueryRow(ctx, "SELECT count(*) FROM (SELECT i FROM range(5000000) t(i) ORDER BY hash(i) OFFSET 0)").Scan(&n))
	require.EqualValues(t, 5000000, n)
}

// TestStreamingMemory streams 10 million rows: the server's resident peak stays under 300 MB.
func TestStreamingMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("streams 10M rows: not in -short")
	}
	ctx := context.Background()
	srv := startServer(t, "--db", filepath.Join(t.TempDir(), "s.db"))
	c := connect(t, srv)
	defer c.Close(ctx)
	rows := c.PgConn().Exec(ctx, "SELECT i, i * 0.5::double AS d, 'name-' || (i % 1000) AS s, (i % 100000)::integer AS n, timestamp '2024-01-01' + i * interval 1 second AS at FROM range(10000000) t(i)")
	n := 0
	for rows.NextResult() {
		for rows.ResultReader().NextRow() {
			n++
		}
	}
	require.NoError(t, rows.Close())
	require.Equal(t, 10_000_000, n)
	peak := srv.residentPeakBytes(t)
	t.Logf("resident peak %d MB", peak>>20)
	require.Less(t, peak, int64(300<<20))
}

// TestSecondProcess opens the file that a server holds: the shell says where to connect instead.
func TestSecondProcess(t *testing.T) {
	db := filepath.Join(t.TempDir(), "held.db")
	srv := startServer(t, "--db", db)
	out, err := exec.Command(binary, "sql", db, "-c", "SELECT 1").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), fmt.Sprintf("127.0.0.1:%d", srv.port), "the message names the server's address")
	require.Contains(t, string(out), "55006")

	second := exec.Command(binary, "serve", "--db", db, "--pg-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0")
	out, err = second.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "55006")
	srv.stop(t)

	out, err = exec.Command(binary, "sql", db, "-c", "SELECT 41 + 1 AS answer").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "42")
}

// TestDrain sends SIGTERM under a running query: the query ends well, new sessions are refused, the exit is clean.
func TestDrain(t *testing.T) {
	ctx := context.Background()
	db := filepath.Join(t.TempDir(), "d.db")
	srv := startServer(t, "--db", db)
	busy, idle := connect(t, srv), connect(t, srv)
	ready := func() int {
		r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", srv.http))
		if err != nil {
			return 0
		}
		defer r.Body.Close()
		_, _ = io.Copy(io.Discard, r.Body)
		return r.StatusCode
	}
	require.Equal(t, http.StatusOK, ready())

	result := make(chan error, 1)
	started := make(chan struct{})
	go func() {
		close(started)
		var n int64
		err := busy.QueryRow(ctx, "SELECT count(*) FROM range(3000000) a(i), range(1000) b(j) WHERE (i + j) % 1000003 = 7").Scan(&n)
		result <- err
	}()
	<-started
	watch := connect(t, srv)
	require.Eventually(t, func() bool {
		var n int
		err := watch.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%1000003%' AND pid <> pg_backend_pid()").Scan(&n)
		return err == nil && n == 1
	}, 10*time.Second, 5*time.Millisecond, "the long query never showed as active")

	stopped := make(chan struct{})
	go func() { srv.stop(t); close(stopped) }()
	require.NoError(t, <-result, "a running statement is allowed to finish")
	<-stopped
	var n int
	requireCode(t, idle.QueryRow(ctx, "SELECT 1").Scan(&n), "57P01")
	_, err := pgx.Connect(ctx, srv.url())
	require.Error(t, err)
	leftovers, err := filepath.Glob(db + "*")
	require.NoError(t, err)
	require.Equal(t, []string{db}, leftovers, "nothing but the database file is left")
}

// TestLargeString sends and returns a value of 200 MB.
func TestLargeString(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 200 MB: not in -short")
	}
	ctx := context.Background()
	srv := startServer(t, "--db", filepath.Join(t.TempDir(), "l.db"))
	c := connect(t, srv)
	defer c.Close(ctx)
	big := strings.Repeat("0123456789", 20<<20)
	var n int64
	var back string
	require.NoError(t, c.QueryRow(ctx, "SELECT length($1::text), $1::text", big).Scan(&n, &back))
	require.EqualValues(t, len(big), n)
	require.True(t, back == big, "the value came back changed")
	require.NoError(t, c.QueryRow(ctx, "SELECT 1").Scan(&n))
}

// TestGarbageFile refuses what is not a database, and leaves it alone.
func TestGarbageFile(t *testing.T) {
	db := filepath.Join(t.TempDir(), "not.db")
	text := strings.Repeat("this is a letter, not a database\n", 500)
	require.NoError(t, os.WriteFile(db, []byte(text), 0o600))
	out, err := exec.Command(binary, "sql", db, "-c", "SELECT 1").CombinedOutput()
	require.Error(t, err)
	require.NotContains(t, string(out), "panic")
	require.Contains(t, string(out), "not.db")
	after, err := os.ReadFile(db)
	require.NoError(t, err)
	require.Equal(t, text, string(after))
}
