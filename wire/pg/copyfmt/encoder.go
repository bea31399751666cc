package copyfmt

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/wire/pg/encode"
)

// Encoder writes the data of a COPY TO STDOUT as CopyData messages, one a row.
type Encoder struct {
	options Options
	columns []types.Column
	values  *encode.Encoder
	// plain says of a column that its values never hold what must be escaped.
	plain []bool
	cell  []byte
	// headerDue says that the binary header is to go into the next message.
	headerDue bool
}

// NewEncoder returns an encoder of a result.
func NewEncoder(columns []types.Column, o Options, s encode.Settings, catalog encode.Catalog) (*Encoder, error) {
	o.EnsureDefaults()
	formats := []int16{int16(encode.Text)}
	if o.Format == Binary {
		formats[0] = int16(encode.Binary)
	}
	values, err := encode.New(columns, formats, s, catalog)
	if err != nil {
		return nil, err
	}
	e := &Encoder{options: o, columns: columns, values: values, plain: make([]bool, len(columns))}
	for i, c := range columns {
		e.plain[i] = o.isPlain(c.Type) && !isSet(o.ForceQuote, i)
	}
	return e, nil
}

// isPlain holds for numbers and times unless the options are out of the ordinary.
func (o *Options) isPlain(t *types.Type) bool {
	if strings.IndexByte("\t,;|", o.Delimiter) < 0 || o.Null != "" && o.Null != `\N` ||
		o.Format == CSV && o.Quote != '"' && o.Quote != '\'' {
		return false
	}
	switch t.ID {
	case types.Boolean, types.TinyInt, types.SmallInt, types.Integer, types.BigInt, types.HugeInt,
		types.UTinyInt, types.USmallInt, types.UInteger, types.UBigInt, types.UHugeInt, types.BigNum,
		types.Float, types.Double, types.Decimal, types.UUID,
		types.Date, types.Time, types.TimeNS, types.TimeTZ, types.Timestamp, types.TimestampS, types.TimestampMS,
		types.TimestampNS, types.TimestampTZ, types.Interval:
		return true
	}
	return false
}

// Begin appends what comes before the rows: the header line. The binary header
// shares a message with the first row, as PostgreSQL's does.
func (e *Encoder) Begin(dst []byte) []byte {
	switch {
	case e.options.Format == Binary:
		e.headerDue = true
	case e.options.Header != HeaderOff:
		dst, start := begin(dst)
		for i, c := range e.columns {
			if i > 0 {
				dst = append(dst, e.options.Delimiter)
			}
			if e.options.Format == CSV {
				dst = e.appendCSV(dst, []byte(c.Name), false)
			} else {
				dst = e.appendText(dst, []byte(c.Name))
			}
		}
		return end(append(dst, '\n'), start)
	}
	return dst
}

// End appends what comes behind the rows: the binary trailer.
func (e *Encoder) End(dst []byte) []byte {
	if e.options.Format != Binary {
		return dst
	}
	dst, start := begin(dst)
	return e.withHeader(end(append(dst, 0xFF, 0xFF), start), start)
}

// withHeader puts the binary header in front of what the message at start holds.
func (e *Encoder) withHeader(dst []byte, start int) []byte {
	if !e.headerDue {
		return dst
	}
	e.headerDue = false
	const head = signature + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" // no flags, no extension
	return end(slices.Insert(dst, start+5, []byte(head)...), start)
}

func begin(dst []byte) (out []byte, start int) {
	return append(dst, 'd', 0, 0, 0, 0), len(dst)
}

func end(dst []byte, start int) []byte {
	binary.BigEndian.PutUint32(dst[start+1:], uint32(len(dst)-start-1))
	return dst
}

// Rows appends the rows [from, to) of c, and stops early after a whole row once dst
// holds limit bytes. It returns the first row that it has not written.
func (e *Encoder) Rows(dst []byte, c *types.Chunk, from, to, limit int) ([]byte, int, error) {
	if e.options.Format == Binary {
		if start := len(dst); e.headerDue && from < to && start < limit {
			var err error
			if dst, from, err = e.values.CopyBinary(dst, c, from, from+1, limit); err != nil {
				return dst, from, err
			}
			dst = e.withHeader(dst, start)
		}
		return e.values.CopyBinary(dst, c, from, to, limit)
	}
	if err := e.values.Use(c); err != nil {
		return dst, from, err
	}
	for row := from; row < to; row++ {
		if len(dst) >= limit {
			return dst, row, nil
		}
		var start int
		dst, start = begin(dst)
		for i := range e.columns {
			if i > 0 {
				dst = append(dst, e.options.Delimiter)
			}
			dst = e.field(dst, i, row)
		}
		dst = append(dst, '\n')
		if err := e.values.Err(); err != nil {
			return dst[:start], row, err
		}
		if size := len(dst) - start; size > maxLineBytes {
			return dst[:start], row, sqlstate.Newf(sqlstate.ProgramLimitExceeded, "row of %d bytes is larger than a message can be", size)
		}
		dst = end(dst, start)
	}
	return dst, to, nil
}

func (e *Encoder) field(dst []byte, column, row int) []byte {
	if e.plain[column] {
		out, null := e.values.Cell(dst, column, row)
		if null {
			return append(dst, e.options.Null...)
		}
		return out
	}
	var null bool
	if e.cell, null = e.values.Cell(e.cell[:0], column, row); null {
		return append(dst, e.options.Null...)
	}
	if e.options.Format == CSV {
		return e.appendCSV(dst, e.cell, isSet(e.options.ForceQuote, column))
	}
	return e.appendText(dst, e.cell)
}

// appendText follows CopyAttributeOutText.
func (e *Encoder) appendText(dst, b []byte) []byte {
	from := 0
	for i, x := range b {
		var letter byte
		switch x {
		case '\b':
			letter = 'b'
		case '\f':
			letter = 'f'
		case '\n':
			letter = 'n'
		case '\r':
			letter = 'r'
		case '\t':
			letter = 't'
		case '\v':
			letter = 'v'
		case '\\', e.options.Delimiter:
			letter = x
		default:
			continue
		}
		dst = append(append(dst, b[from:i]...), '\\', letter)
		from = i + 1
	}
	return append(dst, b[from:]...)
}

// appendCSV follows CopyAttributeOutCSV: what looks like NULL or like the end of
// the data is quoted.
func (e *Encoder) appendCSV(dst, b []byte, force bool) []byte {
	o := &e.options
	if !force && string(b) != o.Null && !(len(e.columns) == 1 && string(b) == `\.`) && !o.needsQuotes(b) {
		return append(dst, b...)
	}
	dst = append(dst, o.Quote)
	for _, x := range b {
		if x == o.Quote || x == o.Escape {
			dst = append(dst, o.Escape)
		}
		dst = append(dst, x)
	}
	return append(dst, o.Quote)
}

func (o *Options) needsQuotes(b []byte) bool {
	return bytes.IndexByte(b, o.Delimiter) >= 0 || bytes.IndexByte(b, o.Quote) >= 0 ||
		bytes.IndexByte(b, '\n') >= 0 || bytes.IndexByte(b, '\r') >= 0
}
