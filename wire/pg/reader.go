package pg

import (
	"encoding/binary"
	"io"

	"github.com/eiderdb/eider/sql/sqlstate"
)

const (
	readBufferBytes = 16 << 10
	// keepBufferBytes is the largest read buffer kept after the message that needed it.
	keepBufferBytes = 1 << 20
	// smallMessageBytes bounds messages that carry a name at most, as PostgreSQL does.
	smallMessageBytes = 10_000
	// authMessageBytes bounds what a client may send before it has logged in.
	authMessageBytes = 64 << 10
)

// reader cuts a stream into messages. A read that times out loses nothing: the next
// call goes on where it stopped.
type reader struct {
	src        io.Reader
	buf        []byte
	start, end int // buf[start:end] is read and not consumed
	maxLen     int // bound of messages that carry text or data
}

func newReader(src io.Reader, maxLen int) *reader {
	return &reader{src: src, buf: make([]byte, readBufferBytes), maxLen: maxLen}
}

// buffered returns the number of bytes read but not consumed.
func (r *reader) buffered() int { return r.end - r.start }

// syncFollows reports whether Sync has arrived and nothing before it runs a statement.
func (r *reader) syncFollows() bool {
	for b := r.buf[r.start:r.end]; len(b) >= 5; {
		switch b[0] {
		case 'S':
			return true
		case 'C', 'D', 'H':
		default:
			return false
		}
		n := int(int32(binary.BigEndian.Uint32(b[1:]))) + 1
		if n < 5 || n > len(b) {
			return false
		}
		b = b[n:]
	}
	return false
}

// next returns the next message's type and body. The body is valid until the next
// call. An *sqlstate.Error means that the client broke the protocol: its stream can't
// be followed further. Other errors are the connection's.
func (r *reader) next() (byte, []byte, error) {
	for {
		if r.buffered() >= 5 {
			typ := r.buf[r.start]
			n := int(int32(binary.BigEndian.Uint32(r.buf[r.start+1:])))
			if err := r.check(typ, n); err != nil {
				return 0, nil, err
			}
			if r.buffered() >= n+1 {
				body := r.buf[r.start+5 : r.start+n+1 : r.start+n+1]
				r.start += n + 1
				return typ, body, nil
			}
			r.makeRoom(n + 1)
		} else {
			if r.end > r.start { // a client is at fault early when the first byte is wrong
				if err := checkType(r.buf[r.start]); err != nil {
					return 0, nil, err
				}
			}
			r.makeRoom(5)
		}
		if err := r.fill(); err != nil {
			return 0, nil, err
		}
	}
}

// check refuses unknown types and lengths before anything is allocated for them.
func (r *reader) check(typ byte, n int) error {
	if err := checkType(typ); err != nil {
		return err
	}
	limit := smallMessageBytes
	switch typ {
	case 'Q', 'P', 'B', 'd', 'F', 'p', 'f':
		limit = r.maxLen
	}
	if n < 4 {
		return sqlstate.Newf(sqlstate.ProtocolViolation, "invalid message length %d in message type %q", n, typ).Fatal()
	}
	if n-4 > limit {
		return sqlstate.Newf(sqlstate.ProtocolViolation, "message of type %q with %d bytes is longer than the %d bytes allowed", typ, n-4, limit).Fatal()
	}
	return nil
}

func checkType(typ byte) error {
	switch typ {
	case 'Q', 'P', 'B', 'D', 'E', 'C', 'H', 'S', 'X', 'F', 'd', 'c', 'f', 'p':
		return nil
	}
	return sqlstate.Newf(sqlstate.ProtocolViolation, "invalid frontend message type %d", typ).Fatal()
}

// makeRoom moves or grows the buffer so that a message of n bytes makes progress. It
// grows to twice what has arrived, not to what the client announced: memory follows
// bytes received.
func (r *reader) makeRoom(n int) {
	have := r.buffered()
	switch {
	case have == 0:
		r.start, r.end = 0, 0
		if len(r.buf) > keepBufferBytes && n <= keepBufferBytes {
			r.buf = make([]byte, readBufferBytes)
		}
	case r.start+n > len(r.buf) && r.start > 0:
		copy(r.buf, r.buf[r.start:r.end])
		r.start, r.end = 0, have
	}
	if r.end == len(r.buf) {
		bigger := make([]byte, min(n, 2*len(r.buf)))
		copy(bigger, r.buf[r.start:r.end])
		r.buf, r.start, r.end = bigger, 0, have
	}
}

// fill reads once.
func (r *reader) fill() error {
	n, err := r.src.Read(r.buf[r.end:])
	r.end += n
	if n > 0 {
		return nil
	}
	if err == io.EOF && r.buffered() > 0 {
		return io.ErrUnexpectedEOF
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// skim returns exactly n bytes, for the startup packets, which have no type.
func (r *reader) skim(n int) ([]byte, error) {
	for r.buffered() < n {
		r.makeRoom(n)
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
	b := r.buf[r.start : r.start+n : r.start+n]
	r.start += n
	return b, nil
}

// peek is skim without consuming.
func (r *reader) peek(n int) ([]byte, error) {
	b, err := r.skim(n)
	if err == nil {
		r.start -= n
	}
	return b, err
}
