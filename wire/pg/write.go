package pg

import (
	"time"
)

const (
	// flushBytes is when a result is written out.
	flushBytes = 128 << 10
	// bufferBytes is the capacity of the buffers that results are written to: room for
	// flushBytes and the row that reaches it.
	bufferBytes = 192 << 10
	// idleBufferBytes is what an idle connection may keep.
	idleBufferBytes = 8 << 10
	// pieceBytes is what must be taken by the client within one write timeout.
	pieceBytes = 1 << 20
)

// flush writes out what has been appended. Its error stays.
func (c *conn) flush() error {
	for b := c.out; len(b) > 0 && c.broken == nil; {
		piece := b[:min(len(b), pieceBytes)]
		c.setWriteDeadline()
		n, err := c.nc.Write(piece)
		b = b[n:]
		c.broken = err
	}
	c.out = c.out[:0]
	if cap(c.out) > 2*bufferBytes { // a huge row made it grow
		c.out = nil
	}
	return c.broken
}

// writeNow is flush for bytes that are no message.
func (c *conn) writeNow(b []byte) error {
	c.out = append(c.out, b...)
	if c.flush() != nil {
		return errQuiet
	}
	return nil
}

// setWriteDeadline renews the deadline when a quarter of the timeout has passed.
func (c *conn) setWriteDeadline() {
	d := c.srv.cfg.WriteTimeout
	if d < 0 || c.sess == nil { // startup has a deadline of its own
		return
	}
	if now := time.Now(); c.writeBy.Sub(now) < d-d/4 {
		c.writeBy = now.Add(d)
		_ = c.raw.SetWriteDeadline(c.writeBy)
	}
}

// borrowBuffer makes room for rows.
func (c *conn) borrowBuffer() {
	if cap(c.out) >= bufferBytes {
		return
	}
	p, ok := c.srv.buffers.Get().(*[]byte)
	if !ok {
		b := make([]byte, 0, bufferBytes)
		p = &b
	}
	c.out = append((*p)[:0], c.out...)
}

// releaseBuffer gives a large buffer back once it is written out.
func (c *conn) releaseBuffer() {
	if cap(c.out) <= idleBufferBytes || len(c.out) > 0 {
		return
	}
	if cap(c.out) >= bufferBytes {
		b := c.out
		c.srv.buffers.Put(&b)
	}
	c.out = nil
}
