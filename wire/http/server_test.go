package http

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

func start(t *testing.T, o Options) (*Server, string, *http.Client) {
	t.Helper()
	o.Listen, o.Logger = "127.0.0.1:0", quiet
	s, err := New(o)
	require.NoError(t, err)
	require.NoError(t, s.Start(t.Context()))
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		require.NoError(t, s.Close())
	})
	return s, "http://" + s.Addr().String(), client
}

func get(t *testing.T, c *http.Client, method, url string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	resp, err := c.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, strings.TrimSpace(string(body)), resp.Header
}

func TestHealth(t *testing.T) {
	var broken error
	s, url, c := start(t, Options{Check: func(context.Context) error { return broken }})

	code, body, header := get(t, c, "GET", url+"/livez")
	require.Equal(t, 200, code)
	require.JSONEq(t, `{"status":"alive"}`, body)
	require.Equal(t, "application/json", header.Get("Content-Type"))
	require.Equal(t, "no-store", header.Get("Cache-Control"))

	code, body, _ = get(t, c, "GET", url+"/readyz")
	require.Equal(t, 503, code)
	require.JSONEq(t, `{"status":"starting"}`, body)

	s.SetState(Ready)
	code, body, _ = get(t, c, "GET", url+"/readyz")
	require.Equal(t, 200, code)
	require.JSONEq(t, `{"status":"ready"}`, body)

	broken = errors.New("secret detail")
	code, body, _ = get(t, c, "GET", url+"/readyz")
	require.Equal(t, 503, code)
	require.Contains(t, body, "failing")
	require.NotContains(t, body, "secret detail")
	broken = nil

	s.SetState(Draining)
	code, body, _ = get(t, c, "GET", url+"/readyz")
	require.Equal(t, 503, code)
	require.JSONEq(t, `{"status":"draining"}`, body)
	code, _, _ = get(t, c, "GET", url+"/livez")
	require.Equal(t, 200, code, "a draining process is alive")
}

func TestMethodsAndPaths(t *testing.T) {
	_, url, c := start(t, Options{})
	code, _, header := get(t, c, "POST", url+"/livez")
	require.Equal(t, 405, code)
	require.Contains(t, header.Get("Allow"), "GET")
	code, body, _ := get(t, c, "HEAD", url+"/livez")
	require.Equal(t, 200, code)
	require.Empty(t, body)
	code, _, _ = get(t, c, "GET", url+"/nothing")
	require.Equal(t, 404, code)
}

// A check that hangs is an answer of its own after CheckTimeout.
func TestHangingCheck(t *testing.T) {
	s, url, c := start(t, Options{CheckTimeout: 20 * time.Millisecond, Check: func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}})
	s.SetState(Ready)
	code, _, _ := get(t, c, "GET", url+"/readyz")
	require.Equal(t, 503, code)
}

func TestPanicBecomes500(t *testing.T) {
	_, url, c := start(t, Options{Routes: map[string]http.Handler{"GET /panic": http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("no") })}})
	code, body, _ := get(t, c, "GET", url+"/panic")
	require.Equal(t, 500, code)
	require.NotContains(t, body, "no\"")
}

func TestHeaderLimits(t *testing.T) {
	_, url, c := start(t, Options{MaxHeaderBytes: 1024, HeaderTimeout: 50 * time.Millisecond})
	req, err := http.NewRequestWithContext(t.Context(), "GET", url+"/livez", nil)
	require.NoError(t, err)
	req.Header.Set("X-Long", strings.Repeat("x", 16<<10))
	resp, err := c.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, 431, resp.StatusCode)

	// Who never finishes the headers is cut off.
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("GET /livez HTTP/1.1\r\nHost: x\r\n"))
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err = io.ReadAll(conn)
	require.NoError(t, err, "the server closes the connection before the client's deadline")
}

func TestGarbageIsRefused(t *testing.T) {
	_, url, c := start(t, Options{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("\x00\x00\x00\x08\x04\xd2\x16\x2f\r\n\r\n"))
	require.NoError(t, err)
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "400")
	code, _, _ := get(t, c, "GET", url+"/livez")
	require.Equal(t, 200, code)
}

// Shutdown lets a request under way finish; one that doesn't is cut when the context ends.
func TestShutdown(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		select {
		case <-release:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "done")
	})
	for _, graceful := range []bool{true, false} {
		entered, release = make(chan struct{}), make(chan struct{})
		s, url, c := start(t, Options{Routes: map[string]http.Handler{"GET /slow": slow}})
		answer := make(chan error, 1)
		go func() {
			resp, err := c.Get(url + "/slow")
			if err == nil {
				resp.Body.Close()
			}
			answer <- err
		}()
		<-entered
		ctx, stop := context.WithCancel(t.Context())
		down := make(chan error, 1)
		go func() { down <- s.Shutdown(ctx) }()
		if graceful {
			close(release)
			require.NoError(t, <-answer)
			require.NoError(t, <-down)
		} else {
			stop()
			require.ErrorIs(t, <-down, context.Canceled)
			require.Error(t, <-answer)
		}
		stop()
		_, err := net.Dial("tcp", s.Addr().String())
		require.Error(t, err, "nothing listens any more")
		require.NoError(t, s.Shutdown(t.Context()))
	}
}

// Connections beyond the bound wait and are served when one ends.
func TestConnectionBound(t *testing.T) {
	s, url, _ := start(t, Options{MaxConnections: 1})
	first, err := net.Dial("tcp", s.Addr().String())
	require.NoError(t, err)
	_, err = first.Write([]byte("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"))
	require.NoError(t, err)
	_, err = bufio.NewReader(first).ReadString('\n')
	require.NoError(t, err)
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer := make(chan int, 1)
	go func() {
		resp, err := c.Get(url + "/livez")
		if err != nil {
			answer <- 0
			return
		}
		resp.Body.Close()
		answer <- resp.StatusCode
	}()
	require.NoError(t, first.Close())
	require.Equal(t, 200, <-answer)
}

func TestPortInUse(t *testing.T) {
	first, _, _ := start(t, Options{})
	second, err := New(Options{Listen: first.Addr().String(), Logger: quiet})
	require.NoError(t, err)
	require.ErrorContains(t, second.Start(t.Context()), "address already in use")
	require.NoError(t, second.Close())
}

func TestValidateJoins(t *testing.T) {
	_, err := New(Options{Listen: "nonsense", ReadTimeout: -1, MaxConnections: -1})
	require.ErrorContains(t, err, "HOST:PORT")
	require.ErrorContains(t, err, "read timeout")
	require.ErrorContains(t, err, "max connections")
}
