package pg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// waitBusy waits until the server runs a statement for the client.
func (c *client) waitBusy(s *Server) *conn {
	var found *conn
	require.Eventually(c.t, func() bool {
		s.mu.Lock()
		found = s.sessions[int32(c.pid)]
		s.mu.Unlock()
		if found == nil {
			return false
		}
		found.stateMu.Lock()
		defer found.stateMu.Unlock()
		return found.busy
	}, patience, time.Millisecond)
	return found
}

// requestCancel sends a cancel request and waits until the server has closed its connection.
func requestCancel(t testing.TB, addr net.Addr, pid uint32, key []byte) {
	c := dial(t, addr)
	c.send(&pgproto3.CancelRequest{ProcessID: pid, SecretKey: key})
	require.Equal(t, []string{"closed"}, c.until())
}

func TestCancel(t *testing.T) {
	s, _ := serveFake(t, Config{})
	c := login(t, s.Addr())
	requestCancel(t, s.Addr(), c.pid, c.key) // nothing runs: nothing happens
	c.send(&pgproto3.Query{String: "select pg_sleep(60)"})
	c.waitBusy(s)
	wrong := append([]byte(nil), c.key...)
	wrong[0] ^= 1
	requestCancel(t, s.Addr(), c.pid, wrong)
	requestCancel(t, s.Addr(), c.pid, c.key[:2])
	requestCancel(t, s.Addr(), c.pid+1, c.key)
	c.waitBusy(s)
	require.Eventually(t, func() bool { // the fake starts to listen a moment after busy is set
		requestCancel(t, s.Addr(), c.pid, c.key)
		s.mu.Lock()
		target := s.sessions[int32(c.pid)]
		s.mu.Unlock()
		target.stateMu.Lock()
		defer target.stateMu.Unlock()
		return !target.busy
	}, patience, time.Millisecond)
	require.Equal(t, []string{"T x:20:0", "E ERROR 57014", "Z I"}, c.until('Z'))
	require.Contains(t, c.query("select 1"), "C SELECT 1")
}

func TestNoticesOfARunningStatementGoOutAtOnce(t *testing.T) {
	s, _ := serveFake(t, Config{})
	c := login(t, s.Addr())
	c.send(&pgproto3.Query{String: "notice and sleep"})
	require.Equal(t, []string{"N NOTICE 00000"}, c.until('N'))
	requestCancel(t, s.Addr(), c.pid, c.key)
	require.Equal(t, []string{"E ERROR 57014", "Z I"}, c.until('Z'))
}

func TestRacingCancelsAreHarmless(t *testing.T) {
	s, _ := serveFake(t, Config{})
	c := login(t, s.Addr())
	s.mu.Lock()
	target := s.sessions[int32(c.pid)]
	s.mu.Unlock()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				select {
				case <-stop:
					return
				default:
					target.cancel()
				}
			}
		}()
	}
	for range 300 {
		lines := c.query("select 1")
		require.Contains(t, lines, "C SELECT 1")
	}
	close(stop)
	wg.Wait()
}

func TestTerminateFromOutside(t *testing.T) {
	s, db := serveFake(t, Config{})
	idle := login(t, s.Addr())
	db.terminate(int32(idle.pid))
	require.Equal(t, []string{"E FATAL 57P01", "closed"}, idle.until())

	busy := login(t, s.Addr())
	busy.send(&pgproto3.Query{String: "select pg_sleep(60)"})
	busy.waitBusy(s)
	db.terminate(int32(busy.pid))
	require.Equal(t, []string{"T x:20:0", "E FATAL 57P01", "closed"}, busy.until())
}

func TestShutdownDrains(t *testing.T) {
	s, _ := serveFake(t, Config{})
	idle, inBlock, busy := login(t, s.Addr()), login(t, s.Addr()), login(t, s.Addr())
	require.Contains(t, inBlock.query("begin"), "Z T")
	busy.send(&pgproto3.Query{String: "select pg_sleep(60)"})
	target := busy.waitBusy(s)
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	require.Equal(t, []string{"E FATAL 57P01", "closed"}, idle.until())
	require.Contains(t, inBlock.query("select 1"), "C SELECT 1", "a block may go on")
	require.Equal(t, []string{"C COMMIT", "Z I", "E FATAL 57P01", "closed"}, append(inBlock.query("commit"), inBlock.until()...))
	_, err := net.Dial("tcp", s.Addr().String())
	require.Error(t, err)
	require.Eventually(t, func() bool { target.cancel(); return len(done) == 1 }, patience, time.Millisecond)
	require.NoError(t, <-done)
	require.Equal(t, []string{"T x:20:0", "E ERROR 57014", "Z I", "E FATAL 57P01", "closed"}, busy.until())
}

func TestShutdownLimit(t *testing.T) {
	s, _ := serveFake(t, Config{})
	busy := login(t, s.Addr())
	busy.send(&pgproto3.Query{String: "select pg_sleep(60)"})
	busy.waitBusy(s)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Shutdown(ctx), context.DeadlineExceeded)
	require.Equal(t, []string{"T x:20:0", "E FATAL 57P01", "closed"}, busy.until())
}

func TestNotifications(t *testing.T) {
	s, _ := serveFake(t, Config{})
	idle, inBlock, sender := login(t, s.Addr()), login(t, s.Addr()), login(t, s.Addr())
	inBlock.query("begin")
	require.Equal(t, []string{"C NOTIFY", "A news hello", "Z I"}, sender.query("notify news"))
	require.Equal(t, []string{"A news hello"}, idle.until('A'), "delivered while idle")
	require.Equal(t, []string{"C COMMIT", "A news hello", "Z I"}, inBlock.query("commit"), "not within a block")
}

func TestIdleTimeouts(t *testing.T) {
	s, _ := serveFake(t, Config{})
	c := login(t, s.Addr(), "idle_session_timeout", "50ms")
	require.Equal(t, []string{"E FATAL 57P05", "closed"}, c.until())
	c = login(t, s.Addr(), "idle_in_transaction_session_timeout", "50ms")
	c.query("select 1")
	require.Equal(t, []string{"C BEGIN", "Z T", "E FATAL 25P03", "closed"}, append(c.query("begin"), c.until()...))
}

func TestParseTimeout(t *testing.T) {
	for v, want := range map[string]time.Duration{"0": 0, "": 0, "x": 0, "250": 250 * time.Millisecond, "5s": 5 * time.Second,
		"2min": 2 * time.Minute, "1h": time.Hour, "1d": 24 * time.Hour, "1.5s": 1500 * time.Millisecond, "10 ms": 10 * time.Millisecond} {
		require.Equal(t, want, parseTimeout(v), v)
	}
}

func TestClientThatStopsReading(t *testing.T) {
	s, _ := serveFake(t, Config{WriteTimeout: 200 * time.Millisecond})
	c := login(t, s.Addr())
	c.send(&pgproto3.Query{String: "select * from generate_series(1, 100000000) as t(x)"})
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.sessions) == 0
	}, patience, 10*time.Millisecond, "dropped")
}

func TestTerminateClientThatStopsReading(t *testing.T) {
	s, db := serveFake(t, Config{})
	c := login(t, s.Addr())
	c.send(&pgproto3.Query{String: "select * from generate_series(1, 100000000) as t(x)"})
	c.waitBusy(s)
	db.terminate(int32(c.pid))
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.sessions) == 0
	}, patience, 10*time.Millisecond)
}

func TestQueryEndsWhenItsClientIsGone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("seen on Linux only")
	}
	s, err := newServer(newFakeDatabase(), nil, Config{Listen: "127.0.0.1:0", Logger: quiet()})
	require.NoError(t, err)
	s.checkEvery = time.Millisecond
	require.NoError(t, s.Listen(context.Background()))
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background()) }()
	c := login(t, s.Addr())
	c.send(&pgproto3.Query{String: "select pg_sleep(60)"}, &pgproto3.Query{String: "select 1"})
	c.waitBusy(s)
	c.nc.Close()
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.sessions) == 0
	}, patience, time.Millisecond)
	require.NoError(t, s.Close())
	require.ErrorIs(t, <-done, ErrServerClosed)
}

func TestPanicEndsOneConnection(t *testing.T) {
	var log lockedBuffer
	s, _ := serveFake(t, Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	c, other := login(t, s.Addr()), login(t, s.Addr())
	require.Equal(t, []string{"E FATAL XX000", "closed"}, c.query("panic"))
	require.Contains(t, other.query("select 1"), "C SELECT 1")
	require.Contains(t, log.String(), "query_id="+fmt.Sprintf("%d-1", c.pid))
	require.Contains(t, log.String(), "on purpose")
}

// lockedBuffer is written by the server's goroutines and read by the test.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestMalformedMessages(t *testing.T) {
	s, _ := serveFake(t, Config{MaxMessageBytes: 1 << 20})
	for _, tc := range []struct {
		name string
		b    []byte
	}{
		{"unknown type", []byte{'!', 0, 0, 0, 4}},
		{"length below four", []byte{'Q', 0, 0, 0, 3}},
		{"negative length", []byte{'Q', 0xff, 0, 0, 0}},
		{"oversized query", []byte{'Q', 0x3f, 0xff, 0xff, 0xff}},
		{"oversized sync", []byte{'S', 0, 1, 0, 0}},
		{"query without terminator", []byte{'Q', 0, 0, 0, 5, 'x'}},
		{"parse cut short", []byte{'P', 0, 0, 0, 6, 0, 0}},
		{"bind with a wrong length", []byte{'B', 0, 0, 0, 16, 0, 0, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 0, 0}},
		{"password out of place", []byte{'p', 0, 0, 0, 5, 0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := login(t, s.Addr())
			c.write(tc.b)
			require.Equal(t, []string{"E FATAL 08P01", "closed"}, c.until())
		})
	}
	c := login(t, s.Addr())
	c.nc.Close() // between messages
	c = login(t, s.Addr())
	c.write([]byte{'Q', 0, 0, 1, 0, 's', 'e'}) // in the middle of one
	c.nc.Close()
	require.Contains(t, login(t, s.Addr()).query("select 1"), "C SELECT 1")
}

func TestMessageArrivingByteByByte(t *testing.T) {
	s, _ := serveFake(t, Config{})
	c := login(t, s.Addr())
	b, err := (&pgproto3.Query{String: "select 1"}).Encode(nil)
	require.NoError(t, err)
	for i := range b {
		c.write(b[i : i+1])
	}
	require.Contains(t, c.until('Z'), "C SELECT 1")
}

func TestAnnouncedLengthCostsNothing(t *testing.T) {
	r := newReader(bytes.NewReader([]byte{'Q', 0x0f, 0xff, 0xff, 0xff}), 1<<30)
	_, _, err := r.next()
	require.Error(t, err)
	require.LessOrEqual(t, len(r.buf), 2*readBufferBytes)
}

func TestBigMessagesGiveMemoryBack(t *testing.T) {
	big, err := (&pgproto3.Query{String: string(bytes.Repeat([]byte("x"), 5<<20))}).Encode(nil)
	require.NoError(t, err)
	small, err := (&pgproto3.Query{String: "select 1"}).Encode(nil)
	require.NoError(t, err)
	r := newReader(bytes.NewReader(append(big, small...)), 1<<30)
	typ, body, err := r.next()
	require.NoError(t, err)
	require.Equal(t, byte('Q'), typ)
	require.Len(t, body, 5<<20+1)
	_, body, err = r.next()
	require.NoError(t, err)
	require.Equal(t, "select 1\x00", string(body))
	require.Len(t, r.buf, readBufferBytes)
}

func TestAThousandConnections(t *testing.T) {
	var lim syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim))
	if lim.Cur < 2500 {
		t.Skipf("needs 2500 descriptors, the limit is %d", lim.Cur)
	}
	s, db := serveFake(t, Config{MaxConnections: 1000, ReservedConnections: -1})
	clients := make([]*client, 1000)
	for i := range clients {
		clients[i] = login(t, s.Addr())
	}
	for i, c := range clients {
		c.send(&pgproto3.Query{String: fmt.Sprintf("select * from generate_series(1, %d) as t(x)", i)})
	}
	for i, c := range clients {
		require.Contains(t, c.until('Z'), fmt.Sprintf("C SELECT %d", i))
		c.nc.Close()
	}
	require.Eventually(t, func() bool {
		db.mu.Lock()
		defer db.mu.Unlock()
		return len(db.open) == 0
	}, patience, time.Millisecond)
}

// flakyListener fails a few times as a process out of descriptors does.
type flakyListener struct {
	net.Listener
	failures int
}

func (l *flakyListener) Accept() (net.Conn, error) {
	if l.failures > 0 {
		l.failures--
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return l.Listener.Accept()
}

func TestAcceptSurvivesRunningOutOfDescriptors(t *testing.T) {
	s, err := newServer(newFakeDatabase(), nil, Config{Listen: "127.0.0.1:0", Logger: quiet()})
	require.NoError(t, err)
	require.NoError(t, s.Listen(context.Background()))
	s.listeners[0] = &flakyListener{s.listeners[0], 3}
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background()) }()
	login(t, s.Addr())
	require.NoError(t, s.Close())
	require.True(t, errors.Is(<-done, ErrServerClosed))
	require.NoError(t, s.Close(), "idempotent")
	require.ErrorIs(t, s.Serve(context.Background()), ErrServerClosed)
}
