package duck

// #include <stdlib.h>
// #include "native.h"
import "C"

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Conn is a connection: a transaction, session settings, temporary objects and at
// most one open streaming Result. Calls are serialised; Interrupt, Progress and
// Close may come from any goroutine.
type Conn struct {
	db   *DB
	conn mapping.Connection

	busy      sync.Mutex // held while DuckDB works for this connection
	text      []byte     // NUL-terminated statement
	prep      C.eider_prepared
	cols      []C.eider_column
	stmts     map[*Stmt]struct{}
	stream    *Result // open streaming result, nil for none
	open      map[*Result]struct{}
	appenders map[*Appender]struct{}

	mu     sync.Mutex // guards cur, closed
	cur    *operation
	closed bool
}

// operation is what Interrupt interrupts: a call into DuckDB, or a streaming
// result from its start to its end.
type operation struct {
	conn      *Conn
	cancelled *int32 // in C's view of the run, so that C can look at it
	own       int32
	done      <-chan struct{} // the context that stop belongs to
	stop      func() bool
}

func (c *Conn) handle() C.duckdb_connection { return C.duckdb_connection(c.conn.Ptr) }

// begin makes o the current operation; end or abandon must follow. It closes an
// open streaming result, which DuckDB would invalidate anyway.
func (c *Conn) begin(ctx context.Context, o *operation) error {
	if ctx.Err() != nil {
		return cancelError(ctx)
	}
	c.busy.Lock()
	if c.stream != nil {
		c.stream.overtaken()
	}
	o.conn = c
	if o.cancelled == nil {
		o.cancelled = &o.own
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		c.busy.Unlock()
		return errClosed()
	}
	c.cur = o
	c.mu.Unlock()
	o.watch(ctx)
	return nil
}

// end finishes o.
func (c *Conn) end(o *operation) {
	o.retire()
	c.busy.Unlock()
}

// retire takes o off the connection: from here on nothing interrupts in its name.
func (o *operation) retire() {
	o.unwatch()
	o.conn.mu.Lock()
	if o.conn.cur == o {
		o.conn.cur = nil
	}
	o.conn.mu.Unlock()
}

// watch interrupts o when ctx ends. DuckDB is interrupted from the goroutine that
// ends the context (or its AfterFunc): nothing polls.
func (o *operation) watch(ctx context.Context) {
	if o.done = ctx.Done(); o.done != nil {
		o.stop = context.AfterFunc(ctx, o.cancel)
	}
}

func (o *operation) unwatch() {
	if o.stop != nil {
		o.stop()
		o.stop, o.done = nil, nil
	}
}

// cancel interrupts o if it is still the connection's current operation. The flag
// is set first: C looks at it after planning has begun, which is when DuckDB
// forgets an interrupt that came too early.
func (o *operation) cancel() {
	o.conn.mu.Lock()
	defer o.conn.mu.Unlock()
	if o.conn.cur == o {
		atomic.StoreInt32(o.cancelled, 1)
		C.duckdb_interrupt(o.conn.handle())
	}
}

// isCancelled reports whether cancel hit o.
func (o *operation) isCancelled() bool { return atomic.LoadInt32(o.cancelled) != 0 }

// Interrupt cancels what the connection does now: the running call, or the open
// streaming result (its next Next fails). It reports whether there was something
// to cancel, and never touches a statement that starts later; to cancel a
// statement of which the first call is still to come, end the context of its calls.
func (c *Conn) Interrupt() bool {
	c.mu.Lock()
	o := c.cur
	c.mu.Unlock()
	if o == nil {
		return false
	}
	o.cancel()
	return true
}

// Exec runs one statement, or several when there are no args, to the end and
// returns the number of rows that the last one changed. Rows that a statement
// returns are dropped. When one fails the later ones do not run; outside a
// transaction the earlier ones stay.
func (c *Conn) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	s, err := c.prepareOne(ctx, sql)
	if err == errSeveral {
		if len(args) > 0 {
			return 0, severalError()
		}
		return c.execAll(ctx, sql)
	}
	if err != nil {
		return 0, err
	}
	defer s.Close()
	if err := s.BindAll(args...); err != nil {
		return 0, err
	}
	return s.exec(ctx)
}

// execAll runs the statements of sql one after the other.
func (c *Conn) execAll(ctx context.Context, sql string) (changed int64, err error) {
	list, n, err := c.extract(ctx, sql)
	if err != nil {
		return 0, err
	}
	defer C.eider_destroy_extracted(list)
	for i := 0; i < n; i++ {
		s, err := c.prepareExtracted(ctx, list, i)
		if err != nil {
			return changed, err
		}
		changed, err = s.exec(ctx)
		s.Close()
		if err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// Query prepares sql, binds args and streams the result; closing the result closes the statement.
func (c *Conn) Query(ctx context.Context, sql string, args ...any) (*Result, error) {
	s, err := c.Prepare(ctx, sql)
	if err != nil {
		return nil, err
	}
	if err := s.BindAll(args...); err != nil {
		s.Close()
		return nil, err
	}
	r, err := s.Stream(ctx)
	if err != nil {
		s.Close()
		return nil, err
	}
	if r.owned = s; r.ended {
		s.Close()
	}
	return r, nil
}

// QueryRows runs sql and returns all rows as Go values (see Value). It is for
// small system queries.
func (c *Conn) QueryRows(ctx context.Context, sql string, args ...any) ([][]any, error) {
	r, err := c.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var rows [][]any
	for {
		chunk, err := r.Next(ctx)
		if err != nil || chunk == nil {
			return rows, err
		}
		for i := 0; i < chunk.Len; i++ {
			row := make([]any, len(chunk.Columns))
			for k := range row {
				row[k] = Value(&chunk.Columns[k], i)
			}
			rows = append(rows, row)
		}
	}
}

// Close interrupts a running statement, waits for it, rolls back an open
// transaction and closes the connection's statements. It is idempotent.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	o := c.cur
	c.mu.Unlock()
	if o != nil {
		o.cancel()
	}

	c.busy.Lock()
	defer c.busy.Unlock()
	for r := range c.open {
		r.fail(errClosed())
	}
	for a := range c.appenders {
		a.destroy()
	}
	for s := range c.stmts {
		s.destroy()
	}
	mapping.Disconnect(&c.conn)
	c.db.mu.Lock()
	delete(c.db.conns, c)
	c.db.mu.Unlock()
	return nil
}

// terminated returns sql with a NUL behind, in a buffer that the next call reuses.
func (c *Conn) terminated(sql string) (*C.char, error) {
	if i := strings.IndexByte(sql, 0); i >= 0 {
		return nil, sqlstate.New(sqlstate.CharacterNotInRepertoire, "the statement holds a NUL byte").At(i)
	}
	c.text = append(append(c.text[:0], sql...), 0)
	if cap(c.text) > 1<<20 {
		text := c.text
		c.text = nil // keep no giant statement
		return (*C.char)(unsafe.Pointer(&text[0])), nil
	}
	return (*C.char)(unsafe.Pointer(&c.text[0])), nil
}

func errClosed() error {
	return sqlstate.New(sqlstate.ConnectionException, "the connection is closed")
}

// cancelError is the failure of a statement whose context ended: the context's
// cause when it is an error of ours (a timeout's text), otherwise 57014.
func cancelError(ctx context.Context) error {
	cause := context.Cause(ctx)
	if e, ok := cause.(*sqlstate.Error); ok {
		return e
	}
	return sqlstate.New(sqlstate.QueryCanceled, "canceling statement due to user request").Because(cause)
}
