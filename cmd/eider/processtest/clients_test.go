package processtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// TestThousandConnections holds 1,000 sessions open, runs a query in each at the same
// time, and is refused one more with 53300; the others don't notice, and a drain ends
// each of them with 57P01.
func TestThousandConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("opens 1000 connections: not in -short")
	}
	const sessions = 1000
	var lim syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim))
	if lim.Cur < 2*sessions {
		t.Skipf("needs %d descriptors, the limit is %d", 2*sessions, lim.Cur)
	}
	ctx := context.Background()
	srv := startServer(t, "--db", filepath.Join(t.TempDir(), "c.db"), "--max-connections", fmt.Sprint(sessions))
	conns := make([]*pgx.Conn, sessions)
	errs := make([]error, sessions)
	// each runs f for every session, on 32 goroutines.
	each := func(f func(i int) error) {
		t.Helper()
		var wg sync.WaitGroup
		next := make(chan int)
		for range 32 {
			wg.Go(func() {
				for i := range next {
					errs[i] = f(i)
				}
			})
		}
		for i := range sessions {
			next <- i
		}
		close(next)
		wg.Wait()
	}
	began := time.Now()
	each(func(i int) (err error) { conns[i], err = pgx.Connect(ctx, srv.url()); return err })
	for i, err := range errs {
		require.NoError(t, err, "session %d", i)
	}
	t.Logf("%d sessions open in %s, resident peak %d MB", sessions, time.Since(began).Round(time.Millisecond), srv.residentPeakBytes(t)>>20)

	// every query is sent before the first answer is read
	began = time.Now()
	for i, c := range conns {
		c.PgConn().Frontend().SendQuery(&pgproto3.Query{String: fmt.Sprintf("SELECT %d + count(*) FROM range(1000)", i)})
		require.NoError(t, c.PgConn().Frontend().Flush())
	}
	for i, c := range conns {
		value := ""
		for done := false; !done; {
			m, err := c.PgConn().Frontend().Receive()
			require.NoError(t, err, "session %d", i)
			switch m := m.(type) {
			case *pgproto3.DataRow:
				value = string(m.Values[0])
			case *pgproto3.ErrorResponse:
				require.Fail(t, "error", "session %d: %s %s", i, m.Code, m.Message)
			case *pgproto3.ReadyForQuery:
				done = true
			}
		}
		require.Equal(t, fmt.Sprint(i+1000), value)
	}
	t.Logf("a query in each, all at once: %s, resident peak %d MB", time.Since(began).Round(time.Millisecond), srv.residentPeakBytes(t)>>20)

	_, err := pgx.Connect(ctx, srv.url())
	requireCode(t, err, "53300")
	var n int
	require.NoError(t, conns[0].QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'").Scan(&n))
	require.Equal(t, sessions, n)
	require.NoError(t, conns[1].Close(ctx))
	require.Eventually(t, func() bool { conns[1], err = pgx.Connect(ctx, srv.url()); return err == nil }, 10*time.Second, time.Millisecond, "a place that became free is given again")

	srv.stop(t)
	each(func(i int) error { return conns[i].QueryRow(ctx, "SELECT 1").Scan(new(int)) })
	for _, err := range errs {
		requireCode(t, err, "57P01")
	}
}

// TestGarbageOnThePort sends what no client sends, from many connections, while a session works.
func TestGarbageOnThePort(t *testing.T) {
	srv := startServer(t, "--db", filepath.Join(t.TempDir(), "g.db"))
	addr := fmt.Sprintf("127.0.0.1:%d", srv.port)
	ctx := context.Background()
	c := connect(t, srv)
	defer c.Close(ctx)
	noise := make([]byte, 64<<10)
	for i := range noise {
		noise[i] = byte(rand.IntN(256))
	}
	login := []byte{0, 0, 0, 22, 0, 3, 0, 0, 'u', 's', 'e', 'r', 0, 'e', 'i', 'd', 'e', 'r', 0, 0, 0, 0}
	inputs := [][]byte{
		{}, {0}, {0, 0, 0, 0}, {0, 0, 0, 8}, {0xff, 0xff, 0xff, 0xff, 0, 3, 0, 0}, {0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0},
		[]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), []byte("SSH-2.0-x\r\n"), {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3},
		{0, 0, 0, 16, 4, 0xd2, 0x16, 0x2e, 1, 2, 3, 4, 5, 6, 7, 8}, // a cancel request for nobody
		noise, append(slices.Clone(login), noise...), bytes.Repeat([]byte{'Q', 0, 0, 0, 5, 0}, 100),
	}
	var wg sync.WaitGroup
	for _, in := range inputs {
		for range 8 {
			wg.Go(func() {
				nc, err := net.Dial("tcp", addr)
				if err != nil {
					t.Errorf("dial: %v", err)
					return
				}
				defer nc.Close()
				_, _ = nc.Write(in) // the server may have closed
				_ = nc.(*net.TCPConn).CloseWrite()
				_ = nc.SetReadDeadline(time.Now().Add(20 * time.Second))
				if _, err := io.Copy(io.Discard, nc); err != nil {
					if e, ok := err.(net.Error); ok && e.Timeout() {
						t.Errorf("a connection with %d bytes of garbage stays open", len(in))
					}
				}
			})
		}
	}
	finished := make(chan struct{})
	go func() { wg.Wait(); close(finished) }()
	for answered := 0; ; answered++ {
		var n int
		require.NoError(t, c.QueryRow(ctx, "SELECT count(*) FROM range(1000)").Scan(&n))
		require.Equal(t, 1000, n)
		select {
		case <-finished:
			t.Logf("%d queries answered meanwhile, resident peak %d MB", answered+1, srv.residentPeakBytes(t)>>20)
			require.NotContains(t, srv.log.String(), "panic")
			return
		default:
		}
	}
}

// TestClientThatStopsReading asks for a large result and reads nothing of it: memory
// stays bounded, another session works, and the drain isn't held up.
func TestClientThatStopsReading(t *testing.T) {
	if testing.Short() {
		t.Skip("works on 10M rows: not in -short")
	}
	srv := startServer(t, "--db", filepath.Join(t.TempDir(), "s.db"), "--shutdown-timeout", "1s")
	ctx := context.Background()
	const slow = 8
	ask := func(sql string) {
		t.Helper()
		c := connect(t, srv)
		c.PgConn().Frontend().SendQuery(&pgproto3.Query{String: sql})
		require.NoError(t, c.PgConn().Frontend().Flush())
		m, err := c.PgConn().Frontend().Receive()
		require.NoError(t, err)
		require.IsType(t, &pgproto3.RowDescription{}, m)
	}
	for range slow {
		ask("SELECT i, i * 0.5::double AS d, 'name-' || (i % 1000) AS s, repeat('y', 20) AS r FROM range(10000000) t(i)")
	}
	other := connect(t, srv)
	defer other.Close(ctx)
	var n int
	require.NoError(t, other.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%10000000%' AND pid <> pg_backend_pid()").Scan(&n))
	require.Equal(t, slow, n, "all of them wait for their clients")
	for i := range 50 {
		require.NoError(t, other.QueryRow(ctx, "SELECT count(*) FROM range(100000) t(i) WHERE hash(i) % 7 <> 0").Scan(&n), "query %d", i)
	}
	peak := srv.residentPeakBytes(t)
	t.Logf("%d results of 10M rows wait, resident peak %d MB", slow, peak>>20)
	require.Less(t, peak, int64(300<<20))

	// DuckDB reads ahead about 20 chunks, whose strings it doesn't count: here 2 MB each.
	ask("SELECT i, repeat('x', 1000) AS s FROM range(10000000) t(i)")
	for i := range 50 {
		require.NoError(t, other.QueryRow(ctx, "SELECT count(*) FROM range(100000) t(i) WHERE hash(i) % 7 <> 0").Scan(&n), "query %d", i)
	}
	wide := srv.residentPeakBytes(t)
	t.Logf("one more of 10 GB waits, resident peak %d MB", wide>>20)
	require.Less(t, wide-peak, int64(100<<20))
	srv.stop(t)
}

// TestCancelLatency cancels a heavy query 50 times by cancel requests: each ends with
// 57014, and the session goes on. The times are logged.
func TestCancelLatency(t *testing.T) {
	ctx := context.Background()
	srv := startServer(t, "--db", filepath.Join(t.TempDir(), "k.db"))
	c, watch := connect(t, srv), connect(t, srv)
	defer c.Close(ctx)
	defer watch.Close(ctx)
	pid := c.PgConn().PID()
	var took []time.Duration
	for i := range 50 {
		ended := make(chan error, 1)
		go func() { ended <- c.QueryRow(ctx, heavy).Scan(new(int64)) }()
		require.Eventually(t, func() bool {
			var state string
			return watch.QueryRow(ctx, "SELECT state FROM pg_stat_activity WHERE pid = $1", pid).Scan(&state) == nil && state == "active"
		}, 10*time.Second, time.Millisecond)
		began := time.Now()
		require.NoError(t, c.PgConn().CancelRequest(ctx))
		requireCode(t, <-ended, "57014")
		took = append(took, time.Since(began))
		require.Less(t, took[i], 2*time.Second)
	}
	require.NoError(t, c.QueryRow(ctx, "SELECT 1").Scan(new(int)))
	slices.Sort(took)
	t.Logf("50 cancels over the wire: p50 %s, p98 %s, p99 (the slowest) %s", took[24], took[48], took[49])
}
