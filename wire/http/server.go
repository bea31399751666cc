package http

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options configure a Server. The zero value works: it listens on 127.0.0.1:8080.
type Options struct {
	// Listen is HOST:PORT; an empty host is 127.0.0.1, port 0 takes a free one. "" is 127.0.0.1:8080.
	Listen string
	// Routes are further handlers by pattern, as http.ServeMux takes them.
	Routes map[string]http.Handler
	// Check is asked at every /readyz once the state is Ready, with a context of
	// CheckTimeout; nil is always well.
	Check func(context.Context) error
	// CheckTimeout is 2s where it is zero.
	CheckTimeout time.Duration
	// MaxHeaderBytes bounds a request's headers; zero is 64 KiB.
	MaxHeaderBytes int
	// MaxBodyBytes bounds a request's body; zero is 1 MiB.
	MaxBodyBytes int64
	// HeaderTimeout bounds reading the headers, ReadTimeout the whole request, WriteTimeout
	// the answer, IdleTimeout the wait for the next request. Zero is 5s, 30s, 60s, 120s.
	HeaderTimeout, ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// MaxConnections bounds open connections, further ones wait to be accepted. Zero is 1000.
	MaxConnections int
	// Logger receives failures; nil is slog.Default().
	Logger *slog.Logger
}

// EnsureDefaults replaces zero values by the defaults that the fields document.
func (o *Options) EnsureDefaults() {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:8080"
	}
	set(&o.CheckTimeout, 2*time.Second)
	set(&o.MaxHeaderBytes, 64<<10)
	set(&o.MaxBodyBytes, 1<<20)
	set(&o.HeaderTimeout, 5*time.Second)
	set(&o.ReadTimeout, 30*time.Second)
	set(&o.WriteTimeout, time.Minute)
	set(&o.IdleTimeout, 2*time.Minute)
	set(&o.MaxConnections, 1000)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

func set[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// Validate returns every problem of the options, joined.
func (o *Options) Validate() error {
	var errs []error
	if o.Listen != "" {
		if _, _, err := net.SplitHostPort(o.Listen); err != nil {
			errs = append(errs, fmt.Errorf("listen address %q is not HOST:PORT: %w", o.Listen, err))
		}
	}
	for name, d := range map[string]time.Duration{"check": o.CheckTimeout, "header": o.HeaderTimeout, "read": o.ReadTimeout, "write": o.WriteTimeout, "idle": o.IdleTimeout} {
		if d < 0 {
			errs = append(errs, fmt.Errorf("%s timeout %s is negative", name, d))
		}
	}
	if o.MaxConnections < 0 {
		errs = append(errs, fmt.Errorf("max connections %d is negative", o.MaxConnections))
	}
	return errors.Join(errs...)
}

// State is what /readyz reports.
type State int

// The states of a server's life.
const (
	Starting State = iota
	Ready
	Draining
)

// String returns the state's word in /readyz.
func (s State) String() string {
	return [...]string{"starting", "ready", "draining"}[s]
}

// Server serves HTTP. It is safe for use by several goroutines.
type Server struct {
	o    Options
	http http.Server

	mu       sync.Mutex // guards what follows
	state    State
	listener net.Listener
	serving  chan struct{} // closed when the accept loop has ended; nil before Start
}

// New returns a server that does not listen yet.
func New(o Options) (*Server, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &Server{o: o}
	s.http = http.Server{
		Handler:           s.handler(),
		MaxHeaderBytes:    o.MaxHeaderBytes,
		ReadHeaderTimeout: o.HeaderTimeout,
		ReadTimeout:       o.ReadTimeout,
		WriteTimeout:      o.WriteTimeout,
		IdleTimeout:       o.IdleTimeout,
		ErrorLog:          slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// Start listens and serves in the background until Shutdown or Close. ctx bounds the
// resolution of names.
func (s *Server) Start(ctx context.Context) error {
	host, port, err := net.SplitHostPort(s.o.Listen)
	if err != nil {
		return fmt.Errorf("listen address %q is not HOST:PORT: %w", s.o.Listen, err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return fmt.Errorf("listen for HTTP on %s: %w", s.o.Listen, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving != nil {
		return errors.Join(errors.New("the HTTP server has been started already"), l.Close())
	}
	s.listener = l
	s.serving = make(chan struct{})
	go func() {
		defer close(s.serving)
		if err := s.http.Serve(newBounded(l, s.o.MaxConnections)); !errors.Is(err, http.ErrServerClosed) {
			s.o.Logger.Error("HTTP server ended", "error", err)
		}
	}()
	return nil
}

// Addr is the address that the server listens on; nil before Start.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return nil
	}
	return s.listener.Addr()
}

// SetState changes what /readyz reports.
func (s *Server) SetState(state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}

func (s *Server) current() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Shutdown stops accepting and waits for requests under way until ctx ends, then closes
// what is left. It is idempotent.
func (s *Server) Shutdown(ctx context.Context) error {
	s.SetState(Draining)
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	s.wait()
	return err
}

// Close ends every connection at once. It is idempotent.
func (s *Server) Close() error {
	err := s.http.Close()
	s.wait()
	return err
}

func (s *Server) wait() {
	s.mu.Lock()
	serving := s.serving
	s.mu.Unlock()
	if serving != nil {
		<-serving
	}
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, health{Status: "alive"}) })
	mux.HandleFunc("GET /readyz", s.readyz)
	for pattern, h := range s.o.Routes {
		mux.Handle(pattern, h)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				s.o.Logger.Error("HTTP handler panicked", "path", r.URL.Path, "panic", fmt.Sprint(p))
				reply(w, http.StatusInternalServerError, health{Status: "error", Reason: "internal error"})
			}
		}()
		w.Header().Set("X-Content-Type-Options", "nosniff")
		r.Body = http.MaxBytesReader(w, r.Body, s.o.MaxBodyBytes)
		mux.ServeHTTP(w, r)
	})
}

// health is the body of the health routes.
type health struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	state := s.current()
	if state != Ready {
		reply(w, http.StatusServiceUnavailable, health{Status: state.String()})
		return
	}
	if s.o.Check != nil {
		ctx, stop := context.WithTimeout(r.Context(), s.o.CheckTimeout)
		defer stop()
		if err := s.o.Check(ctx); err != nil {
			s.o.Logger.Warn("not ready", "error", err)
			reply(w, http.StatusServiceUnavailable, health{Status: "failing", Reason: "the database does not answer"})
			return
		}
	}
	reply(w, http.StatusOK, health{Status: state.String()})
}

func reply(w http.ResponseWriter, status int, body health) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone needs no answer
}

// bounded accepts a connection only while fewer than a number of them are open.
type bounded struct {
	net.Listener
	slots  chan struct{} // as many as connections may be open
	closed chan struct{}
	once   sync.Once
}

func newBounded(l net.Listener, n int) *bounded {
	return &bounded{Listener: l, slots: make(chan struct{}, n), closed: make(chan struct{})}
}

func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.slots <- struct{}{}:
	case <-b.closed:
		return nil, net.ErrClosed
	}
	c, err := b.Listener.Accept()
	if err != nil {
		<-b.slots
		return nil, err
	}
	return &boundedConn{Conn: c, free: sync.OnceFunc(func() { <-b.slots })}, nil
}

func (b *bounded) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.Listener.Close()
}

type boundedConn struct {
	net.Conn
	free func()
}

func (c *boundedConn) Close() error {
	err := c.Conn.Close()
	c.free()
	return err
}
