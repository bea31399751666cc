package pg

import (
	"context"
	"log/slog"
	"time"

	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/wire/pg/encode"
)

// portal is a statement with arguments, run when it is first executed.
type portal struct {
	stmt    *prepared
	args    []any
	formats []int16
	enc     *encode.Encoder
	cur     cursor
	chunk   *types.Chunk // the cursor's current chunk, rows from at on not yet sent
	at      int
	started bool
	done    bool
	resumed bool // was suspended once: its tag counts the last part only
}

// slowChunk is how long the engine may take for rows before those at hand go out.
const slowChunk = 2 * time.Millisecond

// start runs the portal's statement.
func (c *conn) start(ctx context.Context, p *portal) error {
	c.setRunning(true)
	cur, err := p.stmt.stmt.Run(ctx, p.args)
	c.setRunning(false)
	if err != nil {
		return err
	}
	p.cur, p.started = cur, true
	return c.encoderFor(p, cur.Columns())
}

// encoderFor gives the portal its encoder: that of the statement's last portal when
// formats and settings are the same.
func (c *conn) encoderFor(p *portal, cols []types.Column) error {
	st := p.stmt
	if p.enc != nil || len(cols) == 0 {
		return nil
	}
	c.look.refresh(c.sess)
	if st.late() || st.enc == nil || st.encLook != c.look.version || !equalFormats(st.encFormats, p.formats) {
		enc, err := encode.New(cols, p.formats, c.look.settings, c.srv.catalog)
		if err != nil {
			return err
		}
		st.enc, st.encFormats, st.encLook = enc, p.formats, c.look.version
	}
	p.enc = st.enc
	return nil
}

func equalFormats(a, b []int16) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// stream sends up to limit rows, all if it is 0, and returns how many. A full limit
// leaves p.done false even if that was the last row, as PostgreSQL has it.
func (c *conn) stream(ctx context.Context, p *portal, limit int) (int, error) {
	sent := 0
	for first := true; ; first = false {
		slow := false
		if p.chunk == nil || p.at >= p.chunk.Len {
			asked := time.Now()
			chunk, err := p.cur.Next(ctx)
			if err != nil {
				return sent, err
			}
			p.chunk, p.at = chunk, 0
			if chunk == nil {
				p.done = true
				return sent, nil
			}
			slow = time.Since(asked) > slowChunk
		}
		to := p.chunk.Len
		if limit > 0 {
			to = min(to, p.at+limit-sent)
		}
		n, err := c.appendRows(p, to)
		sent += n
		if err != nil {
			return sent, err
		}
		if limit > 0 && sent == limit {
			return sent, nil
		}
		// The first rows, and rows that took long to come, don't wait for more.
		if slow || first && n >= types.VectorSize {
			if err := c.flush(); err != nil {
				return sent, err
			}
		}
	}
}

// appendRows appends the current chunk's rows up to to, writing out full buffers.
func (c *conn) appendRows(p *portal, to int) (int, error) {
	const few = 64 // rows that need no large buffer
	if to-p.at > few {
		c.borrowBuffer()
	}
	from := p.at
	for p.at < to {
		var err error
		if c.out, p.at, err = p.enc.DataRows(c.out, p.chunk, p.at, to, flushBytes); err != nil {
			return p.at - from, err
		}
		if len(c.out) >= flushBytes {
			if err := c.flush(); err != nil {
				return p.at - from, err
			}
		}
	}
	return p.at - from, nil
}

// finish closes the cursor of a portal that has come to its end and returns its tag,
// which counts the rows of the last Execute.
func (p *portal) finish(sent int) (string, error) {
	tag := p.cur.Tag()
	if p.resumed {
		tag = p.cur.TagOf(int64(sent))
	}
	return tag, p.cur.Close()
}

// close ends the portal's statement.
func (p *portal) close(log *slog.Logger) {
	if p.cur == nil {
		return
	}
	if err := p.cur.Close(); err != nil {
		log.Debug("close a cursor", "error", err)
	}
}

func (c *conn) closePortal(name string) {
	if p := c.portals[name]; p != nil {
		delete(c.portals, name)
		p.close(c.log)
	}
}

// closePortals ends what a transaction's end ends.
func (c *conn) closePortals() {
	for name := range c.portals {
		c.closePortal(name)
	}
}
