package processtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// binary is the program under test: EIDER_BINARY, or built once for this run.
var binary string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if binary = os.Getenv("EIDER_BINARY"); binary != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "eider-processtest")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "eider")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/eiderdb/eider/cmd/eider").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// server is a running `eider serve`.
type server struct {
	cmd  *exec.Cmd
	port int
	http int
	log  *logBuffer
	done chan error
}

// logBuffer collects the server's output; reading it while it grows is safe.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// startServer starts `eider serve` with args on free loopback ports and waits until it answers.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{port: freePort(t), http: freePort(t), log: &logBuffer{}, done: make(chan error, 1)}
	args = append([]string{"serve", "--pg-listen", fmt.Sprintf("127.0.0.1:%d", s.port), "--http-listen", fmt.Sprintf("127.0.0.1:%d", s.http)}, args...)
	s.cmd = exec.Command(binary, args...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	require.NoError(t, s.cmd.Start())
	go func() { s.done <- s.cmd.Wait() }()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("server log:\n%s", s.log)
		}
		_ = s.cmd.Process.Kill()
		<-s.done
		s.done <- nil
	})
	deadline := time.Now().Add(30 * time.Second)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		c, err := pgx.Connect(ctx, s.url())
		cancel()
		if err == nil {
			require.NoError(t, c.Close(context.Background()))
			return s
		}
		select {
		case err := <-s.done:
			s.done <- err
			require.Fail(t, "the server ended", "%v\n%s", err, s.log)
		case <-time.After(20 * time.Millisecond):
		}
		require.True(t, time.Now().Before(deadline), "not ready: %v\n%s", err, s.log)
	}
}

func (s *server) url() string {
	return fmt.Sprintf("postgres://eider@127.0.0.1:%d/postgres?sslmode=disable", s.port)
}

// kill sends SIGKILL and waits until the process is gone.
func (s *server) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGKILL))
	err := <-s.done
	s.done <- err
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit), "%v", err)
}

// stop sends SIGTERM and requires a clean exit in time.
func (s *server) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-s.done:
		s.done <- nil
		require.NoError(t, err, "%s", s.log)
	case <-time.After(30 * time.Second):
		require.Fail(t, "the server did not stop", "%s", s.log)
	}
}

// ready is the status of /readyz, 0 where nobody answers.
func (s *server) ready() int {
	r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", s.http))
	if err != nil {
		return 0
	}
	defer r.Body.Close()
	_, _ = io.Copy(io.Discard, r.Body)
	return r.StatusCode
}

// residentPeakBytes is the process's greatest resident size so far (VmHWM).
func (s *server) residentPeakBytes(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	require.NoError(t, err)
	for _, line := range bytes.Split(text, []byte("\n")) {
		var kb int64
		if n, _ := fmt.Sscanf(string(line), "VmHWM: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	require.Fail(t, "no VmHWM")
	return 0
}

func connect(t *testing.T, s *server) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, s.url())
	require.NoError(t, err)
	return c
}

// heavy runs for hours unless it is cancelled.
const heavy = "SELECT count(*) FROM range(1000000000) a(i), range(1000000) b(j) WHERE (i + j) % 1000003 = 7"

// waitActive waits until another session runs a statement like pattern.
func waitActive(t *testing.T, s *server, pattern string) {
	t.Helper()
	ctx := context.Background()
	c := connect(t, s)
	defer c.Close(ctx)
	require.Eventually(t, func() bool {
		var n int
		err := c.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1 AND pid <> pg_backend_pid()", pattern).Scan(&n)
		return err == nil && n > 0
	}, 30*time.Second, 5*time.Millisecond, "no statement like %s became active", pattern)
}
