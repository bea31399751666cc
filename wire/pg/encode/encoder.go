package encode

import (
	"encoding/binary"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Field is a column of a RowDescription.
type Field struct {
	Name   string
	Type   PGType
	Format Format
}

// Encoder turns chunks of one result into messages. It keeps caches, so one
// goroutine may use it at a time; Clone makes another for a second goroutine.
type Encoder struct {
	fields  []Field
	columns []types.Column
	cols    []column
	session *session
}

// New chooses an encoder for each column. formats is what Bind carried: none
// means text for all, one is for all, else there is one a column; another count
// is 08P01 and a code other than 0 and 1 is 22023.
func New(columns []types.Column, formats []int16, s Settings, cat Catalog) (*Encoder, error) {
	if len(formats) > 1 && len(formats) != len(columns) {
		return nil, sqlstate.Newf(sqlstate.ProtocolViolation,
			"bind message has %d result formats but query has %d columns", len(formats), len(columns))
	}
	e := &Encoder{fields: make([]Field, len(columns)), columns: columns}
	for i, c := range columns {
		f := Text
		switch len(formats) {
		case 0:
		case 1:
			f = Format(formats[0])
		default:
			f = Format(formats[i])
		}
		if f != Text && f != Binary {
			return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "unsupported format code: %d", f)
		}
		e.fields[i] = Field{Name: c.Name, Type: Map(c.Type, cat), Format: f}
	}
	e.build(s)
	return e, nil
}

func (e *Encoder) build(s Settings) {
	e.session = newSession(s)
	e.cols = make([]column, len(e.columns))
	for i, c := range e.columns {
		e.cols[i] = newColumn(c.Type, e.fields[i].Type, e.fields[i].Format, e.session)
	}
}

// Clone returns an independent encoder for the same result.
func (e *Encoder) Clone() *Encoder {
	n := &Encoder{fields: e.fields, columns: e.columns}
	n.build(e.session.Settings)
	return n
}

// Fields describes the result; the caller must not change it.
func (e *Encoder) Fields() []Field { return e.fields }

// maxMessage is the largest message PostgreSQL's clients accept, 1 GB - 1.
const maxMessage = 1<<30 - 1

// DataRows appends a DataRow message for each of the rows [from, to) of c. It
// stops early, after a whole row, once dst holds limit bytes or more, and
// returns the first row it has not written. A row that no message can hold is
// 54000; dst then ends before that row.
func (e *Encoder) DataRows(dst []byte, c *types.Chunk, from, to, limit int) ([]byte, int, error) {
	if err := e.Use(c); err != nil {
		return dst, from, err
	}
	return e.messages(dst, 'D', from, to, limit)
}

// CopyBinary is DataRows with a CopyData message for each row, holding the row
// as COPY BINARY wants it. The encoder must have been made with format 1. The
// header and the trailer are package copyfmt's.
func (e *Encoder) CopyBinary(dst []byte, c *types.Chunk, from, to, limit int) ([]byte, int, error) {
	if err := e.Use(c); err != nil {
		return dst, from, err
	}
	return e.messages(dst, 'd', from, to, limit)
}

// messages frames rows: both DataRow and a COPY BINARY tuple are a count of
// fields and then a length and the bytes of each, -1 for NULL.
func (e *Encoder) messages(dst []byte, kind byte, from, to, limit int) ([]byte, int, error) {
	n := len(e.cols)
	for row := from; row < to; row++ {
		if len(dst) >= limit {
			return dst, row, nil
		}
		start := len(dst)
		dst = append(dst, kind, 0, 0, 0, 0, byte(n>>8), byte(n))
		dst = e.row(dst, row)
		size := len(dst) - start - 1
		if e.session.err != nil || size > maxMessage {
			return dst[:start], row, e.session.takeError(size)
		}
		binary.BigEndian.PutUint32(dst[start+1:], uint32(size))
	}
	return dst, to, nil
}

// Use binds the encoder to a chunk for Cell. DataRows and CopyBinary do so themselves.
func (e *Encoder) Use(c *types.Chunk) error {
	if len(c.Columns) != len(e.cols) {
		return sqlstate.Newf(sqlstate.InternalError, "chunk has %d columns, result was described with %d", len(c.Columns), len(e.cols))
	}
	for i := range e.cols {
		e.cols[i].bind(&c.Columns[i])
	}
	return nil
}

// Cell appends one value of the chunk given to Use, without a length; null says
// that it is NULL and nothing was appended.
func (e *Encoder) Cell(dst []byte, col, row int) (out []byte, null bool) {
	c := &e.cols[col]
	if !c.isValid(row) {
		return dst, true
	}
	return c.append(c, dst, row), false
}

// Err returns and clears the error of the values written by Cell, nil if none.
func (e *Encoder) Err() error {
	err := e.session.err
	e.session.err = nil
	return err
}
