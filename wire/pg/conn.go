package pg

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// conn is one client's connection. Its goroutine owns everything but the fields
// under a mutex, through which other goroutines reach it: they leave word there and
// wake the reader by a deadline in the past.
type conn struct {
	srv *Server
	raw net.Conn // as accepted: deadlines are set here
	nc  net.Conn // raw, or TLS over it
	r   *reader
	out []byte // answers not yet written
	// broken is the first error of writing: the client is gone.
	broken error
	log    *slog.Logger

	tlsState    *tls.ConnectionState
	certificate *x509.Certificate
	protocol    uint32
	user        string
	database    string
	settings    map[string]string // of the startup message
	trusted     bool              // logged in without a password
	counted     bool              // the server counts it as a session
	pid         int32
	cancelKey   []byte

	sess    session
	look    look // how values are written, from the session's settings
	stmts   map[string]*prepared
	portals map[string]*portal
	plans   planCache

	ready      bool // ReadyForQuery was the last answer: nothing is under way
	skipping   bool // an extended-protocol error: drop messages until Sync
	implicit   bool // a pipeline's transaction is open in the session
	statements uint64
	idleSince  time.Time
	readBy     time.Time // deadline set on raw for reading
	writeBy    time.Time // likewise for writing

	ended chan struct{} // closed when the connection's goroutine ends

	stateMu sync.Mutex // guards busy
	busy    bool       // there is something to cancel

	eventMu sync.Mutex // guards events, running, and c.out while running
	events  events
	running bool
	woken   atomic.Bool // events has something, or the server drains or the session ended
}

var (
	longAgo    = time.Unix(1, 0) // a deadline that has passed
	noDeadline time.Time
)

func newConn(s *Server, nc net.Conn) *conn {
	return &conn{
		srv: s, raw: nc, nc: nc,
		r:       newReader(nc, authMessageBytes),
		log:     s.log.With("client", nc.RemoteAddr().String()),
		stmts:   map[string]*prepared{},
		portals: map[string]*portal{},
		ended:   make(chan struct{}),
	}
}

// serve lives the connection's life. A panic ends it and nothing else.
func (c *conn) serve() {
	var watcher sync.WaitGroup
	defer watcher.Wait()
	defer close(c.ended)
	defer c.raw.Close()
	defer c.releaseBuffer()
	defer c.closeSession()
	defer c.recovered()

	_ = c.raw.SetDeadline(time.Now().Add(c.srv.cfg.StartupTimeout))
	if err := c.startup(c.srv.ctx); err != nil {
		c.refuse(err)
		return
	}
	_ = c.raw.SetDeadline(time.Time{})
	c.r.maxLen = c.srv.cfg.MaxMessageBytes
	watcher.Add(1)
	go func() {
		defer watcher.Done()
		c.watch()
	}()
	err := c.run()
	c.goodbye(err)
}

// recovered turns a panic into an XX000 and the end of this connection.
func (c *conn) recovered() {
	p := recover()
	if p == nil {
		return
	}
	c.srv.panics.Add(1)
	c.setRunning(false)
	id := c.queryID()
	c.log.Error("panic while serving a client", "query_id", id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	e := sqlstate.New(sqlstate.InternalError, "internal error").WithDetail("The server's log has it under query id %s.", id).Fatal()
	_ = c.raw.SetWriteDeadline(time.Now().Add(time.Second))
	c.writeBy = time.Now().Add(time.Hour) // keep that deadline
	c.out = appendError(c.out, e, "")
	_ = c.flush()
}

// queryID names the running statement in log lines.
func (c *conn) queryID() string { return fmt.Sprintf("%d-%d", c.pid, c.statements) }

// refuse tells the client why startup failed.
func (c *conn) refuse(err error) {
	switch {
	case errors.Is(err, errQuiet):
		return
	case errors.Is(err, errNotPostgres):
		c.log.Info("a client that doesn't speak the PostgreSQL protocol")
		return
	}
	e := *sqlstate.From(err)
	e.Severity = "FATAL"
	if e.Code == sqlstate.InternalError {
		c.log.Error("startup failed", "error", err)
		e.Message = "internal error during startup"
	} else {
		c.log.Info("startup refused", "user", c.user, "code", e.Code, "reason", e.Message)
	}
	c.out = appendError(c.out, &e, "")
	_ = c.flush()
	c.lingerClose()
}

// lingerClose lets the client read the last message: closing with unread input would
// reset the connection and lose it.
func (c *conn) lingerClose() {
	half, ok := c.raw.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.raw.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	_, _ = io.CopyN(io.Discard, c.raw, 1<<20)
}

// goodbye ends the connection after run: a fatal error is told to the client if it
// may still listen.
func (c *conn) goodbye(err error) {
	var e *sqlstate.Error
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return
	case errors.As(err, &e):
		c.log.Info("connection ended", "code", e.Code, "reason", e.Message)
		_ = c.raw.SetWriteDeadline(time.Now().Add(time.Second))
		c.writeBy = time.Now().Add(time.Hour)
		c.out = appendError(c.out, e, "")
		if c.flush() == nil {
			c.lingerClose()
		}
	default:
		c.log.Info("connection lost", "error", err)
	}
}

func (c *conn) closeSession() {
	if c.sess == nil {
		return
	}
	defer func() { // a session that panicked may panic again; its connection ends all the same
		if p := recover(); p != nil {
			c.log.Error("panic while closing a session", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	for name := range c.portals {
		c.closePortal(name)
	}
	for name := range c.stmts {
		c.closeStatement(name)
	}
	for _, st := range c.plans {
		st.close(c.log)
	}
	if err := c.sess.Close(); err != nil {
		c.log.Error("close session", "error", err)
	}
}

// watch wakes the connection when its session is ended from outside, and closes the
// socket if that doesn't help soon: the client may have stopped reading. It cancels
// what runs for a client that has gone.
func (c *conn) watch() {
	check := time.NewTicker(c.srv.checkEvery)
	defer check.Stop()
	for waiting := true; waiting; {
		select {
		case <-c.ended:
			return
		case <-check.C:
			c.cancelIfGone()
		case <-c.sess.Done():
			waiting = false
		case <-c.srv.ctx.Done():
			waiting = false
		}
	}
	const grace, again = 2 * time.Second, 20 * time.Millisecond
	c.wake()
	over, repeat := time.After(grace), time.NewTicker(again)
	defer repeat.Stop()
	for {
		c.sess.Cancel() // a statement that was about to begin hasn't heard the one before
		select {
		case <-c.ended:
			return
		case <-over:
			c.raw.Close()
			return
		case <-repeat.C:
		}
	}
}

func (c *conn) cancelIfGone() {
	c.stateMu.Lock()
	busy := c.busy
	c.stateMu.Unlock()
	if sc, ok := c.raw.(syscall.Conn); ok && busy && isGone(sc) {
		c.cancel()
	}
}

// wake makes a blocked read return so that events are looked at.
func (c *conn) wake() {
	c.woken.Store(true)
	_ = c.raw.SetReadDeadline(longAgo)
}

// run reads and answers messages until the client leaves or an error is fatal.
func (c *conn) run() error {
	ctx := c.srv.ctx
	if err := c.sendReady(ctx); err != nil {
		return err
	}
	for {
		typ, body, err := c.nextMessage()
		if err != nil {
			return err
		}
		c.ready = c.ready && (typ == 'd' || typ == 'c' || typ == 'f') // those are dropped
		if typ == 'X' {
			return nil
		}
		if err := c.dispatch(ctx, typ, body); err != nil {
			return err
		}
	}
}

// nextMessage waits for a message; meanwhile it delivers notifications and minds timeouts.
func (c *conn) nextMessage() (byte, []byte, error) {
	if c.r.buffered() == 0 {
		c.idleSince = time.Now()
	}
	for {
		limit, expired := c.idleLimit()
		c.setReadDeadline(limit)
		if c.woken.Load() {
			if err := c.attend(); err != nil {
				return 0, nil, err
			}
		}
		typ, body, err := c.r.next()
		if err == nil {
			return typ, body, nil
		}
		var ne net.Error
		if !errors.As(err, &ne) || !ne.Timeout() {
			return 0, nil, err
		}
		c.readBy = longAgo // whatever is set now, it is in the past
		if expired != nil && !time.Now().Before(limit) {
			return 0, nil, expired
		}
	}
}

// setReadDeadline sets raw's deadline if it isn't that already. A waker may have put
// it into the past since: woken says so.
func (c *conn) setReadDeadline(t time.Time) {
	if !c.woken.Load() && c.readBy.Equal(t) {
		return
	}
	c.readBy = t
	_ = c.raw.SetReadDeadline(t)
}

// idleLimit is until when the client may keep silent, and the error if it does longer.
func (c *conn) idleLimit() (time.Time, error) {
	if !c.ready {
		return time.Time{}, nil
	}
	name, err := "idle_session_timeout", errIdleSession
	if c.sess.TxStatus() != 'I' {
		name, err = "idle_in_transaction_session_timeout", errIdleInTransaction
	}
	d := c.timeout(name)
	if d <= 0 {
		return time.Time{}, nil
	}
	return c.idleSince.Add(d), err()
}

func errIdleSession() *sqlstate.Error {
	return sqlstate.New(sqlstate.IdleSessionTimeout, "terminating connection due to idle-session timeout").Fatal()
}

func errIdleInTransaction() *sqlstate.Error {
	return sqlstate.New(sqlstate.IdleInTransactionSessionTimeout, "terminating connection due to idle-in-transaction timeout").Fatal()
}

// dispatch answers one message. Its error is fatal to the connection.
func (c *conn) dispatch(ctx context.Context, typ byte, body []byte) error {
	if c.skipping && typ != 'S' {
		return nil
	}
	switch typ {
	case 'Q':
		return c.query(ctx, body)
	case 'P':
		return c.extended(ctx, body, c.parse)
	case 'B':
		return c.extended(ctx, body, c.bind)
	case 'D':
		return c.extended(ctx, body, c.describe)
	case 'E':
		return c.extended(ctx, body, c.execute)
	case 'C':
		return c.extended(ctx, body, c.closeMessage)
	case 'H':
		return c.flush()
	case 'S':
		return c.sync(ctx)
	case 'F':
		err := c.fail(ctx, sqlstate.New(sqlstate.FeatureNotSupported, "the FunctionCall message is not supported").
			WithHint("Call the function in a SELECT."), "")
		if err != nil {
			return err
		}
		return c.sendReady(ctx)
	case 'd', 'c', 'f':
		return nil // a client still sending after its COPY failed
	}
	return errProtocol("unexpected message type %q", typ).Fatal()
}

// sendReady ends an exchange: everything goes out in one write.
func (c *conn) sendReady(_ context.Context) error {
	status := c.sess.TxStatus()
	if status == 'I' {
		c.closePortals()
		c.deliver()
	}
	c.takeNotices()
	c.takeParameters()
	c.out = appendReady(c.out, status)
	c.ready = true
	err := c.flush()
	c.releaseBuffer()
	return err
}

// fail answers with an error and rolls back a pipeline's transaction. text is what
// the error's position counts in. It returns what is fatal to the connection: a lost
// client, or the error itself when its severity says so.
func (c *conn) fail(ctx context.Context, err error, text string) error {
	if c.broken != nil {
		return c.broken
	}
	e := sqlstate.From(err)
	if e.Code == sqlstate.InternalError {
		c.log.Error("statement failed", "query_id", c.queryID(), "error", err)
	}
	c.sess.Fail()
	if c.implicit {
		c.implicit = false
		if err := c.sess.EndImplicit(ctx, true); err != nil {
			c.log.Error("roll back", "query_id", c.queryID(), "error", err)
		}
	}
	c.takeNotices()
	if c.dismissed() { // whatever the statement says, it died of this
		return c.dismissal()
	}
	if e.Severity == "FATAL" || e.Severity == "PANIC" {
		return e
	}
	c.out = appendError(c.out, e, text)
	return nil
}
