package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/eiderdb/eider/cmd/eider/config"
	"github.com/eiderdb/eider/cmd/eider/holder"
	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/wire/dialect"
	wirehttp "github.com/eiderdb/eider/wire/http"
	"github.com/eiderdb/eider/wire/pg"
	"github.com/eiderdb/eider/wire/pgcat"
)

func newServe() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve a database by the Postgres protocol and HTTP",
		Long: `Serve a database by the Postgres protocol and HTTP.

Every flag can also be said as a variable of the environment (EIDER_PG_LISTEN for --pg-listen) or as a key
of the file given by --config (pg-listen: …). A flag wins over the environment, the environment over the file.

SIGTERM or Ctrl-C drains: nothing new is accepted, running statements end, then the server leaves with exit
code 0. A second signal ends at once.`,
		Example: `  eider serve --db shop.db
  eider serve --db shop.db --pg-listen 0.0.0.0:5433 --tls-cert cert.pem --tls-key key.pem`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := loadServe(cmd.Flags(), file)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), s, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&file, "config", "", "YAML file of settings (EIDER_CONFIG)")
	for _, o := range config.Options() {
		doc := strings.ReplaceAll(o.Doc, "`", "")
		if o.Kind == "switch" {
			fl.Bool(o.Name, false, doc)
		} else {
			fl.String(o.Name, o.Default, doc)
			fl.Lookup(o.Name).Value = named{fl.Lookup(o.Name).Value, o.Kind}
		}
	}
	return cmd
}

// named shows the kind of a value in the help.
type named struct {
	pflag.Value
	kind string
}

func (n named) Type() string { return n.kind }

func loadServe(fl *pflag.FlagSet, file string) (*config.Serve, error) {
	flags := map[string]string{}
	fl.Visit(func(f *pflag.Flag) {
		if f.Name != "config" {
			flags[f.Name] = f.Value.String()
		}
	})
	if file == "" {
		file = os.Getenv("EIDER_CONFIG")
	}
	return config.Load(config.Sources{Flags: flags, Env: os.LookupEnv, File: file})
}

// serve runs until a signal or until ctx ends. It returns nil after an orderly end.
func serve(ctx context.Context, s *config.Serve, out, errOut io.Writer) (err error) {
	log := newLogger(s, errOut)
	// Signals are taken before anything is open: an early Ctrl-C still closes in order.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	settings := *s
	run := &server{settings: &settings, log: log}
	if s.HTTPListen != "" {
		if err := run.startHTTP(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, run.http.Close()) }()
	}
	return run.run(ctx, signals, out)
}

// Bounds of the wait between two attempts to open a database again.
const (
	firstReopen = time.Second
	maxReopen   = 30 * time.Second
)

// run serves until the end. A database that a full disk (say) has made useless is opened
// again, which finds what was committed, and is tried again while that fails.
func (r *server) run(ctx context.Context, signals <-chan os.Signal, out io.Writer) error {
	before := false
	for delay := firstReopen; ; delay = min(2*delay, maxReopen) {
		opened := false
		lost, err := r.once(ctx, signals, func() {
			if opened = true; !before {
				fmt.Fprintln(out, r.banner())
			} else {
				r.log.Info("the database is open again")
			}
		})
		before = before || opened
		switch {
		case lost && r.inMemory():
			return errors.Join(errors.New("the database in memory can't be used any more, and nothing of it is left"), err)
		case lost:
			if err != nil {
				r.log.Warn("closing the lost database", "error", err)
			}
			delay = firstReopen / 2
			continue
		case opened || !before:
			return err
		}
		r.log.Error("the database can't be opened again; trying later", "error", err, "delay", delay.String())
		select {
		case <-time.After(delay):
		case <-signals:
			return err
		case <-ctx.Done():
			return err
		}
	}
}

// once opens the database and serves it. lost tells that it must be opened again.
func (r *server) once(ctx context.Context, signals <-chan os.Signal, opened func()) (lost bool, err error) {
	if err := r.open(ctx); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, r.db.Close()) }()
	if err := r.listen(ctx); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, r.pg.Close()) }()
	remove, noteErr := r.leaveNote()
	if noteErr != nil {
		r.log.Warn("others won't be told where to connect", "error", noteErr) // a full disk is no reason not to serve
	} else {
		defer func() { err = errors.Join(err, remove()) }()
	}
	r.setState(wirehttp.Ready)
	opened()

	// Serve ends by Shutdown or Close below; its goroutine is waited for through served.
	served := make(chan error, 1)
	go func() { served <- r.pg.Serve(context.WithoutCancel(ctx)) }()
	select {
	case err := <-served:
		return false, fmt.Errorf("the Postgres server ended: %w", err)
	case <-r.db.Failed():
		r.setState(wirehttp.Starting)
		err := r.pg.Close()
		<-served
		return true, err
	case sig := <-signals:
		r.log.Info("draining", "signal", sig.String(), "timeout", r.settings.ShutdownTimeout.String())
	case <-ctx.Done():
		r.log.Info("draining", "timeout", r.settings.ShutdownTimeout.String())
	}
	return false, r.drain(signals, served)
}

func (r *server) setState(s wirehttp.State) {
	if r.http != nil {
		r.http.SetState(s)
	}
}

// server is what one `eider serve` holds open.
type server struct {
	settings *config.Serve
	log      *slog.Logger
	http     *wirehttp.Server
	db       *engine.DB
	live     atomic.Pointer[engine.DB] // db, for the goroutines of HTTP
	pg       *pg.Server
	tls      bool
	password bool
}

func newLogger(s *config.Serve, w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: s.LogLevel}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// startHTTP listens before the database is open, so that readiness can be watched.
func (r *server) startHTTP(ctx context.Context) error {
	h, err := wirehttp.New(wirehttp.Options{Listen: r.settings.HTTPListen, Logger: r.log, Check: func(ctx context.Context) error { return r.ping(ctx) }})
	if err != nil {
		return err
	}
	if err := h.Start(ctx); err != nil {
		return listenError(err, "http-listen", r.settings.HTTPListen)
	}
	r.http = h
	return nil
}

// ping runs a statement: what /readyz asks.
func (r *server) ping(ctx context.Context) error {
	session, err := r.live.Load().NewSession(ctx, engine.SessionOptions{ApplicationName: "readyz"})
	if err != nil {
		return err
	}
	_, err = session.Exec(ctx, "SELECT 1")
	return errors.Join(err, session.Close())
}

func (r *server) open(ctx context.Context) error {
	s := r.settings
	db, err := engine.Open(ctx, engine.Options{
		Setup: pgcat.Setup(), Catalog: engine.CatalogSQL{Refresh: pgcat.Refresh(), Private: pgcat.Private(), Role: pgcat.Role()},
		Path: s.DB, ReadOnly: s.ReadOnly, MemoryLimitBytes: s.MemoryLimit, TempDir: s.TempDir,
		MaxTempBytes: s.MaxTempBytes, Threads: s.Threads, Logger: r.log, Version: version,
	})
	if err != nil {
		return openError(s.DB, err)
	}
	r.db = db
	r.live.Store(db) // before the state is ready, which is when ping is asked
	return nil
}

func (r *server) listen(ctx context.Context) error {
	s := r.settings
	cfg := pg.Config{
		Listen: s.PGListen, UnixSocketDir: s.PGSocketDir, InsecureListen: s.InsecureListen, RequireTLS: s.RequireTLS,
		MaxConnections: s.MaxConnections, MaxMessageBytes: int(s.MaxMessageBytes), Logger: r.log, Rewrites: append(dialect.Rules(), pgcat.Rules()...),
	}
	var err error
	switch host, _, _ := net.SplitHostPort(s.PGListen); {
	case s.TLSCert != "":
		cfg.TLS, err = pg.LoadTLS(s.TLSCert, s.TLSKey)
	case s.TLSSelfSigned:
		cfg.TLS, err = pg.SelfSignedTLS(certificateHosts(host)...)
	}
	if err != nil {
		return err
	}
	r.tls = cfg.TLS != nil
	if r.password, err = r.db.Gate().HasPasswords(ctx); err != nil {
		return err
	}
	if r.pg, err = pg.New(r.db, cfg); err != nil {
		return err
	}
	if err := r.pg.Listen(ctx); err != nil {
		return errors.Join(listenError(err, "pg-listen", s.PGListen), r.pg.Close())
	}
	// A free port that was taken once is the port to come back on.
	if host, _, err := net.SplitHostPort(s.PGListen); err == nil {
		_, port, _ := net.SplitHostPort(r.pg.Addr().String())
		s.PGListen = net.JoinHostPort(host, port)
	}
	return nil
}

// certificateHosts are the names for a self-made certificate.
func certificateHosts(host string) []string {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	if ip := net.ParseIP(host); host != "" && host != "localhost" && (ip == nil || !ip.IsUnspecified() && !ip.IsLoopback()) {
		hosts = append(hosts, host)
	}
	if name, err := os.Hostname(); err == nil {
		hosts = append(hosts, name)
	}
	return hosts
}

func listenError(err error, flag, addr string) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w; choose another port by --%s, or 0 for a free one", err, flag)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%w; this machine has no address %s", err, addr)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w; ports below 1024 need privileges", err)
	}
	return err
}

func (r *server) inMemory() bool { return r.settings.DB == "" || r.settings.DB == ":memory:" }

// leaveNote tells others where to connect instead of opening the file.
func (r *server) leaveNote() (remove func() error, err error) {
	if r.inMemory() || r.settings.ReadOnly {
		return func() error { return nil }, nil
	}
	note := holder.Note{Started: time.Now().UTC().Truncate(time.Second), Version: currentVersion().Version, Postgres: reachable(r.pg.Addr()),
		Database: r.db.Name(), TLS: r.tls, Password: r.password}
	if r.http != nil {
		note.HTTP = reachable(r.http.Addr())
	}
	remove, err = holder.Write(r.settings.DB, note)
	if err != nil {
		return nil, fmt.Errorf("leave a note beside %s: %w", r.settings.DB, err)
	}
	return remove, nil
}

// reachable is an address that a client on this machine can use.
func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return a.String()
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
}

// banner is the start-up line: where, who, and what to type.
func (r *server) banner() string {
	addr := reachable(r.pg.Addr())
	host, port, _ := net.SplitHostPort(addr)
	auth := "trust: until a role has a password, every user name on loopback is the superuser"
	user := ""
	if r.password {
		auth, user = "password (SCRAM-SHA-256)", " -U ROLE"
	}
	if r.tls {
		auth += ", TLS"
	}
	lines := []string{
		fmt.Sprintf("eider %s serves %s (database %s)", currentVersion().Version, r.settings.DB, r.db.Name()),
		fmt.Sprintf("  postgres  %s  %s", r.pg.Addr(), auth),
	}
	if r.http != nil {
		lines = append(lines, fmt.Sprintf("  http      %s  /livez /readyz", r.http.Addr()))
	}
	return strings.Join(append(lines, fmt.Sprintf("  connect   psql -h %s -p %s%s %s", host, port, user, r.db.Name())), "\n")
}

// drain ends in order: readiness, listeners, statements. A second signal ends at once.
func (r *server) drain(signals <-chan os.Signal, served <-chan error) error {
	r.setState(wirehttp.Draining)
	ctx, stop := context.WithTimeout(context.Background(), r.settings.ShutdownTimeout)
	defer stop()
	down := make(chan error, 1)
	go func() { down <- r.pg.Shutdown(ctx) }()
	var err error
	select {
	case err = <-down:
	case sig := <-signals:
		r.log.Warn("ending at once", "signal", sig.String())
		stop()
		err = errors.Join(r.pg.Close(), <-down)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		r.log.Warn("statements were cancelled", "after", r.settings.ShutdownTimeout.String())
		err = nil
	}
	if errors.Is(err, context.Canceled) {
		err = failed(errors.New("ended by a second signal before the drain was complete"))
	}
	if serveErr := <-served; serveErr != nil && !errors.Is(serveErr, pg.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	if r.http != nil {
		httpCtx, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		err = errors.Join(err, r.http.Shutdown(httpCtx))
	}
	r.log.Info("stopped")
	return err
}
