package engine

import (
	"context"
	"strconv"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/duck"
)

// Cursor streams one result. When another statement runs on the session while it is
// open, the engine detaches it first: outside a transaction block it keeps a
// connection of its own, inside one the rest is drained to a bounded, spilling buffer.
type Cursor struct {
	s       *Session
	caller  context.Context // Run's
	ctx     context.Context // caller, reachable by Cancel and the timeout
	running *running
	info    StatementInfo
	started time.Time
	alone   bool // a transaction of its own

	columns []types.Column
	src     source
	// conn is the connection on which src streams, nil if it needs none.
	conn   *duck.Conn
	connID int64
	// hold keeps the rows beyond the transaction's end (WITH HOLD).
	hold bool
	// fate is the transaction's, nil if the statement has one of its own.
	fate      *fate
	suspended bool
	// writes tells that the statement may change rows.
	writes bool
	// handed is what Next returned last: the caller may still be using it.
	handed types.Chunk

	tag     string
	counted bool
	ended   bool
	err     error
}

// open begins to give out's rows; without rows the statement ends here.
func (c *Cursor) open(out *output) error {
	c.tag, c.counted = out.tag, out.counted
	c.columns, c.src, c.fate = out.columns, out.rows, c.s.tx.fate
	if out.rows == nil {
		c.info.Rows = out.changed
		return c.end(nil)
	}
	if d, ok := out.rows.(*duckRows); ok {
		c.conn, c.connID = d.conn, c.s.connID
		c.s.attached = c
	}
	return nil
}

// Columns describes the rows; nil means that there are none to come.
func (c *Cursor) Columns() []types.Column { return c.columns }

// Next returns the next rows, nil at the end. The chunk is valid until the next call
// on this cursor. After an error it returns the same error again.
func (c *Cursor) Next(ctx context.Context) (*types.Chunk, error) {
	if c.ended {
		return nil, c.err
	}
	if err := c.readable(); err != nil {
		return nil, err
	}
	if err := c.s.usable(); err != nil {
		return nil, c.end(err)
	}
	c.resume()
	if ctx != c.caller && ctx.Done() != nil {
		defer context.AfterFunc(ctx, func() { c.running.cancel(context.Cause(ctx)) })()
	}
	chunk, err := c.src.next(c.ctx)
	if err != nil {
		return nil, c.end(err)
	}
	if chunk == nil {
		return nil, c.end(nil)
	}
	c.info.Rows += int64(chunk.Len)
	c.handed = *chunk
	return &c.handed, nil
}

// Suspend says that no more rows are wanted for now (a portal's row limit): until the
// next Next the session counts as idle, Cancel doesn't touch the cursor and the timeout
// doesn't run.
func (c *Cursor) Suspend() {
	if c.ended || c.suspended {
		return
	}
	c.suspended = true
	if t := c.running.timer; t != nil {
		t.Stop()
	}
	s := c.s
	s.mu.Lock()
	if s.running == c.running {
		s.running = nil
	}
	s.mu.Unlock()
	s.show(false, "")
}

// resume makes Cancel reach the cursor again, after Suspend or after another statement.
func (c *Cursor) resume() {
	s := c.s
	s.mu.Lock()
	if s.running == nil {
		s.running = c.running
	}
	s.mu.Unlock()
	if !c.suspended {
		return
	}
	c.suspended = false
	if t := c.running.timer; t != nil && s.statementTimeout > 0 {
		t.Reset(s.statementTimeout)
	}
	s.show(true, "")
}

// Tag is the command tag, complete after the end: "SELECT 5", "INSERT 0 3", "CREATE TABLE".
func (c *Cursor) Tag() string {
	if c.counted {
		return c.TagOf(c.info.Rows)
	}
	return c.tag
}

// TagOf is the command tag for n rows, for a portal that was fetched in parts.
func (c *Cursor) TagOf(n int64) string {
	if !c.counted {
		return c.tag
	}
	return c.tag + " " + strconv.FormatInt(n, 10)
}

// Close ends the statement; rows not fetched are dropped. It is idempotent.
func (c *Cursor) Close() error {
	if !c.ended {
		_ = c.end(nil) // there is no error but the nil given
	}
	return nil
}

// end ends the statement once and returns err as the client should see it.
func (c *Cursor) end(err error) error {
	s := c.s
	c.ended = true
	attached := s.attached == c
	if attached {
		s.attached = nil
	}
	if c.src != nil {
		c.src.close()
		c.src = nil
	}
	if err != nil {
		if detached := c.conn != nil && !attached; detached && c.conn != s.conn {
			// Its transaction was its own: the session's goes on.
			c.err = s.understood(c.ctx, err, c.info.QueryID)
		} else {
			c.err = s.failed(c.ctx, err, c.info.QueryID)
		}
	}
	c.letGo()
	if c.writes {
		s.db.written.Add(1)
	}
	s.leaveStatement(c.running)
	if s.attached == nil { // no other statement's rows are still being computed
		s.db.rolling.End(uint64(s.connID))
	}
	s.noteSettings()
	s.show(false, "")
	c.info.Tag, c.info.Duration, c.info.Code = c.Tag(), time.Since(c.started), sqlstate.CodeOf(c.err)
	if f := s.db.opts.Events.StatementFinished; f != nil {
		f(c.info)
	}
	if c.alone && s.tx.state == txNone {
		s.ended(c.err == nil)
		s.tellEnded(c.err == nil, c.info.Duration)
	}
	return c.err
}

// lose ends an open cursor because its transaction is over.
func (c *Cursor) lose(why *sqlstate.Error) {
	if c.s.attached == c {
		c.s.attached = nil
	}
	if c.src != nil {
		c.src.close()
	}
	c.src, c.conn = lost{why}, nil
}

// lost is the source of a cursor that has lost its rows.
type lost struct{ err *sqlstate.Error }

func (l lost) next(context.Context) (*types.Chunk, error) { return nil, l.err }
func (l lost) close()                                     {}

// drain reads the rest of the rows into a buffer so that the connection is free. An
// error of the rows themselves is the cursor's and comes with its next Next; if it
// ended the transaction too, it is also the error of the statement that needs the connection.
func (c *Cursor) drain(ctx context.Context) error {
	if c.handed.Len > 0 { // it is over memory that the next chunk takes
		var r chunkReader
		c.handed = *r.read(c.columns, appendChunk(nil, &c.handed))
	}
	buf := newSpill(c.s.db.spills, c.columns)
	stop := context.AfterFunc(ctx, func() { c.running.cancel(context.Cause(ctx)) })
	defer stop()
	var failure error
	for failure == nil {
		chunk, err := c.src.next(c.ctx)
		if err == nil && chunk != nil {
			err = buf.add(chunk)
		}
		if err != nil {
			failure = err
			break
		}
		if chunk == nil {
			break
		}
	}
	c.src.close()
	c.conn = nil
	if failure == nil {
		failure = buf.rewind()
	}
	if failure != nil {
		buf.close()
		e := c.s.understood(c.ctx, failure, c.info.QueryID)
		c.src = lost{e}
		return e
	}
	c.src = buf
	return nil
}
