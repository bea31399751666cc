package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eiderdb/eider/engine/gate"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/duck"
)

// Session is one user's conversation: settings, a transaction, prepared
// statements. It is for one goroutine at a time, except Cancel and Done.
type Session struct {
	db   *DB
	opts SessionOptions
	pid  int32

	link
	tx    tx
	rules *rewrite.Set
	settingState
	sessionLineage
	// named are the prepared statements that have a name, by name.
	named map[string]*named
	// cursors are those of DECLARE, by name; declared counts all there ever were.
	cursors  map[string]*sqlCursor
	declared int
	notes    notes
	idle     *time.Timer // runs while the client says nothing and there is a limit for that
	// looked are the rows of the predictions that are being looked at, by call; nil otherwise.
	looked map[int][]*types.Type
	// who is the gate's side of the session: roles and what they may do.
	who *gate.Session
	// sourceFailures counts the rows of the batch that is being stored that can't be; nil otherwise.
	sourceFailures *atomic.Int64
	// follows tells that the session belongs to a source's follower.
	follows bool
	// attached is the cursor that streams on conn, nil for none.
	attached *Cursor
	// copying is the COPY FROM STDIN that runs, nil for none.
	copying *CopyIn
	// statementTimeout bounds one statement; zero is no bound.
	statementTimeout time.Duration
	lastProgress     time.Time
	// readOnlyDefault is default_transaction_read_only.
	readOnlyDefault bool

	mu      sync.Mutex // guards running, tracked, info, cause, closed
	running *running
	tracked *duck.Conn // what Progress looks at; nil unless asked for
	info    SessionInfo
	cause   *sqlstate.Error // why the session was terminated
	closed  bool

	gone atomic.Bool // terminated or closed: what usable looks at first
	done chan struct{}
}

// running is a statement that Cancel can reach.
type running struct {
	cancel context.CancelCauseFunc
	// stopped is why the statement is to end, nil while it isn't.
	stopped func() error
	timer   *time.Timer
}

func errUserCancel() *sqlstate.Error {
	return sqlstate.New(sqlstate.QueryCanceled, "canceling statement due to user request")
}

func errTimeout() *sqlstate.Error {
	return sqlstate.New(sqlstate.QueryCanceled, "canceling statement due to statement timeout")
}

func errTerminated() *sqlstate.Error {
	return sqlstate.New(sqlstate.AdminShutdown, "terminating connection due to administrator command").Fatal()
}

// NewSession opens a session. 28000 if the role doesn't exist; 57P03 when the database is closing.
func (db *DB) NewSession(ctx context.Context, o SessionOptions) (*Session, error) {
	s := &Session{db: db, opts: o, rules: rewrite.Compile(append([]rewrite.Rule{literals(), sessionFunctions(), references(), predictRule(), db.expansions}, o.Rewrites...)), done: make(chan struct{})}
	if err := db.enter(s); err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		s.leave()
		db.notice(err, s)
		return nil, err
	}
	if f := db.opts.Events.SessionOpened; f != nil {
		f(s.Info())
	}
	return s, nil
}

func (s *Session) start(ctx context.Context) (err error) {
	if s.who, err = s.db.gate.NewSession(ctx, s.pid, s.opts.User); err != nil {
		return err
	}
	if s.conn, err = s.db.duck.Connect(ctx); err != nil {
		return err
	}
	if err = s.greet(ctx); err == nil {
		err = s.startSettings(ctx)
	}
	if err != nil {
		return errors.Join(err, s.conn.Close())
	}
	s.watchIdle(false)
	return nil
}

// PID identifies the session in pg_stat_activity, pg_cancel_backend and cancel requests.
func (s *Session) PID() int32 { return s.pid }

// Split cuts a text into statements; empty ones are left out.
func (s *Session) Split(text string) []lex.Stmt { return lex.Split(text) }

// Info describes the session as pg_stat_activity shows it. Any goroutine may call it.
func (s *Session) Info() SessionInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info
}

// SetApplicationName changes what Info shows.
func (s *Session) SetApplicationName(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info.Application = name
}

// Cancel interrupts what the session runs now, if anything: a statement being
// prepared or run, or a cursor that is neither suspended nor at its end. Any
// goroutine may call it.
func (s *Session) Cancel() { s.cancel(errUserCancel()) }

func (s *Session) cancel(cause error) {
	s.mu.Lock()
	r := s.running
	s.mu.Unlock()
	if r != nil {
		r.cancel(cause)
	}
}

// Done is closed when the session was terminated from outside (TerminateSession, DB.Close).
func (s *Session) Done() <-chan struct{} { return s.done }

// Err is why the session was terminated from outside, nil while it was not.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == nil {
		return nil
	}
	return s.cause
}

// terminate ends the session from outside: what runs is cancelled, every later use fails.
func (s *Session) terminate(cause *sqlstate.Error) {
	s.mu.Lock()
	if s.cause == nil && !s.closed {
		s.cause = cause
		s.gone.Store(true)
		close(s.done)
	}
	s.mu.Unlock()
	s.cancel(cause)
}

// usable is asked before every use.
func (s *Session) usable() error {
	if !s.gone.Load() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause != nil {
		return s.cause
	}
	return sqlstate.New(sqlstate.ConnectionException, "the session is closed")
}

// enterStatement makes ctx reachable by Cancel and the timeout.
func (s *Session) enterStatement(ctx context.Context) (context.Context, *running) {
	ctx, cancel := context.WithCancelCause(ctx)
	r := &running{cancel: cancel, stopped: ctx.Err}
	if s.statementTimeout > 0 {
		r.timer = time.AfterFunc(s.statementTimeout, func() { cancel(errTimeout()) })
	}
	s.mu.Lock()
	s.running = r
	cause := s.cause
	s.mu.Unlock()
	if cause != nil {
		cancel(cause)
	}
	return ctx, r
}

// leaveStatement ends what enterStatement began.
func (s *Session) leaveStatement(r *running) {
	if r.timer != nil {
		r.timer.Stop()
	}
	s.mu.Lock()
	if s.running == r {
		s.running = nil
	}
	s.mu.Unlock()
	r.cancel(nil)
}

// show sets what pg_stat_activity shows; query "" keeps the last one.
func (s *Session) show(active bool, query string) {
	s.watchIdle(active)
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	state := "active"
	if !active {
		switch {
		case s.tx.failed:
			state = "idle in transaction (aborted)"
		case s.tx.state != txNone:
			state = "idle in transaction"
		default:
			state = "idle"
		}
	}
	s.info.State, s.info.StateChanged, s.info.TxStarted = state, now, s.tx.started
	if query != "" {
		s.info.Query, s.info.QueryStarted = query, now
	}
}

// failed takes note of a statement's error: an open block fails. It returns the error to show.
func (s *Session) failed(ctx context.Context, err error, queryID uint64) *sqlstate.Error {
	e := s.understood(ctx, err, queryID)
	s.Fail()
	return e
}

// understood returns the error to show for err; one that nobody understood is logged.
func (s *Session) understood(ctx context.Context, err error, queryID uint64) *sqlstate.Error {
	e := sqlstate.From(err)
	if e.Code == sqlstate.QueryCanceled {
		if cause, ok := context.Cause(ctx).(*sqlstate.Error); ok {
			e = cause
		}
	} else if cause := s.usable(); cause != nil {
		e = sqlstate.From(cause) // the connection was closed under it
	}
	e = sqlstate.From(s.lost(e))
	if e.Code == sqlstate.InternalError {
		s.db.log.Error("internal error", "query_id", queryID, "pid", s.pid, "error", e.Message)
	}
	return e
}

// Close rolls back what is open and frees the session. It is idempotent.
func (s *Session) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.gone.Store(true)
	s.mu.Unlock()

	var errs []error
	s.watchIdle(true)
	if s.copying != nil {
		_ = s.copying.Abort(errTerminated()) // the error is its feeder's
	}
	s.closeCursorsSince(0)
	if s.attached != nil {
		errs = append(errs, s.attached.Close())
	}
	s.endTx(false)
	s.dropAllPrepared()
	s.unlisten("")
	errs = append(errs, s.conn.Close())
	s.who.Close()
	s.leave()
	if f := s.db.opts.Events.SessionClosed; f != nil {
		f(s.Info())
	}
	return errors.Join(errs...)
}

// leave takes the session off the database's books.
func (s *Session) leave() {
	s.db.mu.Lock()
	delete(s.db.sessions, s.pid)
	delete(s.db.byConn, s.connID)
	s.db.mu.Unlock()
}
