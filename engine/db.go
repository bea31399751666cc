package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eiderdb/eider/engine/gate"
	"github.com/eiderdb/eider/engine/point"
	"github.com/eiderdb/eider/engine/window"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/functions/rolling"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/storage/catalog"
	"github.com/eiderdb/eider/storage/duck"
)

// Version is Eider's version.
const Version = "0.1.0"

// DB is an open database. It is safe for use by several goroutines.
type DB struct {
	opts   Options
	log    *slog.Logger
	name   string
	duck   *duck.DB
	kinds  *stmt.Registry
	macros macroSet
	// windows lowers the window functions, before the sessions' rules see a text.
	windows *rewrite.Set
	// points lowers the point-in-time joins, likewise.
	points *point.Rules
	// rolling has the facts of the point-in-time joins that run.
	rolling *rolling.Operator
	// expansions writes queries in place of the table functions that have one for each call.
	expansions rewrite.Rule
	gate       *gate.Gate
	spills     *spillSpace
	hub        hub
	// foreign are the names of DuckDB's own settings.
	foreign duckNames
	// ownTemp is a directory that Close removes, "" for none.
	ownTemp string

	queryID atomic.Uint64
	// planned grows when definitions were changed: plans made before are looked at again.
	planned atomic.Uint64
	// written grows when rows may have changed.
	written atomic.Uint64
	catalog catalogCopy
	// committed and apart are connections of the engine's own: one reads what is committed, the other
	// writes what must stay although a session's transaction is rolled back.
	committed, apart internal
	lineage          lineageBook
	// predictors are the models that score callbacks use.
	predictors *predict.Cache
	models     modelCache
	jobs       jobList
	sources    sourceBook

	mu       sync.Mutex // guards sessions, byConn, copies, closing, failure
	sessions map[int32]*Session
	byConn   map[int64]*Session
	copies   map[int64]*copyFeed
	closing  bool
	failure  error // why nothing works until the database is opened again

	failed chan struct{} // closed when failure was set

	closeOnce sync.Once
	closeErr  error
}

// Open opens or creates a database and brings its system catalog up to date. ctx
// bounds opening only.
//
// Every problem of the options comes in one joined error. A file that another process
// has open is 55006, one that is no database XX001, one whose system catalog is newer
// than this program 55000.
func Open(ctx context.Context, o Options) (*DB, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o.EnsureDefaults()
	db := &DB{opts: o, log: o.Logger, sessions: map[int32]*Session{}, byConn: map[int64]*Session{}, copies: map[int64]*copyFeed{}, failed: make(chan struct{})}
	db.committed.db, db.apart.db = db, db
	db.predictors = predict.NewCache(&artifacts{&db.committed}, o.Builtins.Algorithms)
	if err := db.start(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (db *DB) start(ctx context.Context) (err error) {
	o := &db.opts
	if db.kinds, err = stmt.NewRegistry(o.Builtins.Statements); err != nil {
		return err
	}
	lower, err := window.Rules(o.Builtins.Functions)
	if err != nil {
		return err
	}
	db.windows, db.expansions = rewrite.Compile(lower), expansionRule(o.Builtins.Functions)
	db.points = point.New()
	db.rolling = rolling.New(db.stopped)
	if o.TempDir == "" {
		if db.ownTemp, err = os.MkdirTemp("", "eider-"); err != nil {
			return fmt.Errorf("make a directory for temporary files: %w", err)
		}
		o.TempDir = db.ownTemp
	}
	db.spills = newSpillSpace(o.TempDir, o.MaxTempBytes)
	db.duck, err = duck.Open(ctx, duck.Config{
		Path: o.Path, ReadOnly: o.ReadOnly, MemoryLimitBytes: o.MemoryLimitBytes, TempDir: o.TempDir, MaxTempBytes: o.MaxTempBytes, Threads: o.Threads,
		Settings: gate.DuckDBSettings(),
	})
	if err != nil {
		return err
	}
	conn, err := db.duck.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	rows, err := conn.QueryRows(ctx, "SELECT current_database()")
	if err != nil {
		return err
	}
	db.name, _ = rows[0][0].(string)
	committed, err := db.duck.Connect(ctx) // closed with db.duck
	if err != nil {
		return err
	}
	db.gate = db.newGate(committed)
	if err := db.install(ctx, conn); err != nil {
		return err
	}
	if err := db.migrate(ctx, conn); err != nil {
		return err
	}
	for i, sql := range o.Setup {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("setup statement %d: %w", i+1, err)
		}
	}
	return db.resumeSources(ctx, conn)
}

// migrate brings the system catalog up to date, or looks whether it can be read.
func (db *DB) migrate(ctx context.Context, conn *duck.Conn) error {
	if db.opts.ReadOnly {
		_, err := catalog.Check(ctx, conn)
		return err
	}
	from, to, err := catalog.Migrate(ctx, conn, "Eider "+Version)
	if err == nil && from != to {
		db.log.Debug("system catalog migrated", "from", from, "to", to)
	}
	return err
}

// Name is what current_database() gives: the file's stem, "memory" without a file.
func (db *DB) Name() string { return db.name }

// ReadOnly tells whether the file was opened read-only.
func (db *DB) ReadOnly() bool { return db.opts.ReadOnly }

// Path is the file as Options gave it, ":memory:" without one.
func (db *DB) Path() string { return db.opts.Path }

// Close ends the sessions (what they run is cancelled with 57P01, and their owners see
// Done), waits for calls into DuckDB that are under way, and closes the file with a
// checkpoint. It is idempotent. Sessions may be closed before or after.
func (db *DB) Close() error {
	db.closeOnce.Do(func() { db.closeErr = db.close() })
	return db.closeErr
}

func (db *DB) close() error {
	db.stopFollowers()
	db.mu.Lock()
	db.closing = true
	open := make([]*Session, 0, len(db.sessions))
	for _, s := range db.sessions {
		open = append(open, s)
	}
	db.mu.Unlock()
	for _, s := range open {
		s.terminate(errTerminated())
	}
	var errs []error
	if db.failure == nil {
		errs = append(errs, db.storeLineageRuns())
	}
	if db.duck != nil {
		// Closes the sessions' connections as well: a call that is under way ends first.
		errs = append(errs, db.duck.Close())
	}
	if db.ownTemp != "" {
		errs = append(errs, os.RemoveAll(db.ownTemp))
	} else if db.opts.TempDir != "" {
		_ = os.Remove(db.opts.TempDir) // only if empty
	}
	return errors.Join(errs...)
}

// enter books a new session under a number that is free.
func (db *DB) enter(s *Session) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closing {
		return sqlstate.New(sqlstate.CannotConnectNow, "the database system is shutting down").Fatal()
	}
	if db.failure != nil {
		return errFailed(sqlstate.CannotConnectNow, "the database system has to recover from a failed write", db.failure)
	}
	for s.pid == 0 || db.sessions[s.pid] != nil {
		s.pid = 1 + rand.Int32N(1<<31-2)
	}
	now := time.Now()
	s.info = SessionInfo{
		PID: s.pid, User: s.opts.User, Application: s.opts.ApplicationName, Addr: s.opts.ClientAddr,
		State: "idle", Started: now, StateChanged: now,
	}
	db.sessions[s.pid] = s
	return nil
}

// SessionInfo is a session as pg_stat_activity shows it.
type SessionInfo struct {
	PID                     int32
	User, Application, Addr string
	// State is "active", "idle", "idle in transaction" or "idle in transaction (aborted)".
	State string
	// Query is the text of the running or last statement.
	Query string
	// Started, StateChanged, QueryStarted and TxStarted are zero where nothing has happened yet.
	Started, StateChanged, QueryStarted, TxStarted time.Time
}

// Sessions lists the open sessions by PID.
func (db *DB) Sessions() []SessionInfo {
	db.mu.Lock()
	open := make([]*Session, 0, len(db.sessions))
	for _, s := range db.sessions {
		open = append(open, s)
	}
	db.mu.Unlock()
	infos := make([]SessionInfo, len(open))
	for i, s := range open {
		infos[i] = s.Info()
	}
	slices.SortFunc(infos, func(a, b SessionInfo) int { return int(a.PID) - int(b.PID) })
	return infos
}

func (db *DB) session(pid int32) *Session {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.sessions[pid]
}

// CancelSession interrupts what the session runs; false if there is no such session.
func (db *DB) CancelSession(pid int32) bool {
	s := db.session(pid)
	if s == nil {
		return false
	}
	s.Cancel()
	return true
}

// TerminateSession cancels what the session runs and makes its next use fail with
// 57P01; its owner sees Done and closes it. False if there is no such session.
func (db *DB) TerminateSession(pid int32) bool {
	s := db.session(pid)
	if s == nil {
		return false
	}
	s.terminate(errTerminated())
	return true
}
