package pg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/wire/pg/encode"
)

// Server serves the PostgreSQL protocol for one database.
type Server struct {
	cfg Config
	db  database
	log *slog.Logger

	auth       Authenticator
	catalog    encode.Catalog // OIDs of user-defined types
	limiter    *limiter
	mockSecret [32]byte      // salts of users that don't exist derive from it
	checkEvery time.Duration // how often a client whose statement runs is looked after

	panics   atomic.Uint64
	buffers  sync.Pool     // *[]byte of streamBytes, lent to connections while they answer
	draining chan struct{} // closed by Shutdown
	stop     context.CancelFunc
	ctx      context.Context // ends when connections must end at once

	mu        sync.Mutex // guards what follows
	listeners []net.Listener
	closed    bool
	startups  int             // connections that have not logged in
	counted   int             // connections that have
	conns     map[*conn]bool  // both
	sessions  map[int32]*conn // logged in, by the session's pid
	roles     map[string]int  // sessions by role

	wg sync.WaitGroup // accept loops and connections
}

// ErrServerClosed is what Serve returns after Shutdown or Close.
var ErrServerClosed = errors.New("pg: server closed")

// New returns a server for db that does not listen yet. The configuration is
// completed by EnsureDefaults and checked by Validate. The server does not close db.
func New(db *engine.DB, cfg Config) (*Server, error) {
	auth := cfg.Auth
	if auth == nil {
		auth = db.Gate()
	}
	return newServer(engineDatabase{db}, auth, cfg)
}

func newServer(db database, auth Authenticator, cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.EnsureDefaults()
	s := &Server{
		cfg: cfg, db: db, log: cfg.Logger, auth: auth,
		limiter:    newLimiter(cfg.LoginFailures),
		checkEvery: 5 * time.Second,
		draining:   make(chan struct{}),
		conns:      map[*conn]bool{},
		sessions:   map[int32]*conn{},
		roles:      map[string]int{},
	}
	if _, err := rand.Read(s.mockSecret[:]); err != nil {
		return nil, fmt.Errorf("random bytes for authentication: %w", err)
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// Listen opens the sockets, so that Addr is known and clients queue. It refuses an
// address off loopback unless passwords and TLS are set up or Config.InsecureListen
// says that neither is wanted. ctx bounds the resolution of names.
func (s *Server) Listen(ctx context.Context) error {
	addr, err := s.resolve(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrServerClosed
	}
	lc := net.ListenConfig{KeepAliveConfig: s.keepAlive()}
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listen for PostgreSQL clients: %w", err)
	}
	s.listeners = append(s.listeners, l)
	if s.cfg.UnixSocketDir == "" {
		return nil
	}
	port := l.Addr().(*net.TCPAddr).Port
	path := filepath.Join(s.cfg.UnixSocketDir, ".s.PGSQL."+strconv.Itoa(port))
	if err := removeStaleSocket(path); err != nil {
		return errors.Join(err, l.Close())
	}
	u, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for PostgreSQL clients: %w", err), l.Close())
	}
	if err := os.Chmod(path, 0o600); err != nil { // trust must not extend to other users of the machine
		return errors.Join(err, u.Close(), l.Close())
	}
	s.listeners = append(s.listeners, u)
	return nil
}

// Addr is the TCP address that the server listens on; nil before Listen.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.listeners) == 0 {
		return nil
	}
	return s.listeners[0].Addr()
}

// Serve listens unless Listen was called, and serves clients until Shutdown or Close,
// after which it returns ErrServerClosed once every connection has ended, or until ctx
// ends, which closes the server.
func (s *Server) Serve(ctx context.Context) error {
	if s.Addr() == nil {
		if err := s.Listen(ctx); err != nil {
			return err
		}
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrServerClosed
	}
	for _, l := range s.listeners {
		s.wg.Add(1)
		go func() {
			defer s.wg.Done()
			s.accept(l)
		}()
	}
	s.mu.Unlock()
	s.log.Info("serving PostgreSQL clients", "address", s.Addr().String(), "tls", s.cfg.TLS != nil)
	select {
	case <-ctx.Done():
		err := s.Close()
		return errors.Join(context.Cause(ctx), err)
	case <-s.draining:
	}
	s.wg.Wait()
	return ErrServerClosed
}

// Shutdown stops accepting, ends idle connections with 57P01 and waits for busy ones:
// a running statement finishes, an open transaction block may go on to its end. When
// ctx ends first, the rest is cancelled and closed, and the context's error returned.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.closeListeners()
	for _, c := range s.connections() {
		c.wake()
	}
	done := make(chan struct{})
	go func() { s.wg.Wait(); close(done) }() // ends with the connections, which Close ends at the latest
	select {
	case <-done:
		s.stop()
		return err
	case <-ctx.Done():
	}
	err = errors.Join(context.Cause(ctx), err, s.Close())
	<-done
	return err
}

// Close ends every connection at once and waits for them. It is idempotent.
func (s *Server) Close() error {
	err := s.closeListeners()
	s.stop()
	s.mu.Lock()
	for c := range s.conns {
		if !c.counted { // in startup; sessions end by the context
			c.raw.Close()
		}
	}
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

// closeListeners closes the sockets and marks the server as draining, once.
func (s *Server) closeListeners() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.draining)
	var errs []error
	for _, l := range s.listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

func (s *Server) connections() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		all = append(all, c)
	}
	return all
}

func (s *Server) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

func (s *Server) keepAlive() net.KeepAliveConfig {
	if s.cfg.KeepAlive < 0 {
		return net.KeepAliveConfig{Enable: false}
	}
	return net.KeepAliveConfig{Enable: true, Idle: s.cfg.KeepAlive, Interval: s.cfg.KeepAlive / 4, Count: 4}
}
