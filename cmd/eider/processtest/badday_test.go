package processtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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

// TestMemoryLimit runs what needs more than the limit: 53200 or 53100 where it can't spill, and the server lives.
func TestMemoryLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("sorts and aggregates millions of rows: not in -short")
	}
	ctx := context.Background()
	srv := startServer(t, "--db", filepath.Join(t.TempDir(), "m.db"), "--memory-limit", "100MB", "--max-temp", "200MB")
	c := connect(t, srv)
	defer c.Close(ctx)
	var n int64
	err := c.QueryRow(ctx, "SELECT max(len(l)) FROM (SELECT list(i) AS l FROM range(100000000) t(i))").Scan(&n)
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
	require.Equal(t, http.StatusOK, srv.ready())

	result := make(chan error, 1)
	go func() {
		var n int64
		result <- busy.QueryRow(ctx, "SELECT count(*) FROM range(300000000) a(i) WHERE hash(i) % 1000003 = 7").Scan(&n)
	}()
	waitActive(t, srv, "%1000003%")

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

// TestDrainLimit sends SIGTERM under a query that runs longer than the drain may take:
// the query is cancelled, and the exit is clean all the same.
func TestDrainLimit(t *testing.T) {
	db := filepath.Join(t.TempDir(), "d.db")
	srv := startServer(t, "--db", db, "--shutdown-timeout", "100ms")
	busy := connect(t, srv)
	result := make(chan error, 1)
	go func() { result <- busy.QueryRow(context.Background(), heavy).Scan(new(int64)) }()
	waitActive(t, srv, "%1000003%")
	srv.stop(t)
	requireCode(t, <-result, "57P01")
	leftovers, err := filepath.Glob(db + "*")
	require.NoError(t, err)
	require.Equal(t, []string{db}, leftovers)
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
