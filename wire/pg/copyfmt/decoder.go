package copyfmt

import (
	"bytes"
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/wire/pg/encode"
)

// maxLineBytes is the longest row, 1 GB as in PostgreSQL.
const maxLineBytes = 1<<30 - 1

// Decoder reads the data of a COPY FROM STDIN. The first error is final.
type Decoder struct {
	table   string
	options Options
	fields  []field
	sink    Sink
	chunk   *types.Builder
	rows    int64

	// rest is what came after the last whole row; scanned bytes of it are known to
	// end no line, in the state quoted, escaped.
	rest            []byte
	scanned         int
	quoted, escaped bool
	// need is how long rest must be before a binary row is worth another try.
	need int

	eol          eol
	line         int64 // number of the line at hand, from 1
	extraLines   int64 // newlines inside quotes of the line at hand
	headerIsDone bool
	ended        bool
	buffer       []byte // a field without its escapes
	context      where
}

// where is what the error's context names.
type where struct {
	line   []byte
	column int // -1: the whole line
	value  []byte
	// nowhere says that the error belongs to no line.
	nowhere bool
}

// New returns a decoder of the plan's columns. table is named in the context of
// errors; s reads times without zone and ambiguous dates.
func NewDecoder(table string, columns []types.Column, o Options, s encode.Settings, sink Sink) *Decoder {
	o.EnsureDefaults()
	d := &Decoder{table: table, options: o, sink: sink, fields: make([]field, len(columns))}
	settings := &s
	for i, c := range columns {
		d.fields[i] = newField(c, settings)
	}
	return d
}

// Rows returns the number of rows given to the sink or waiting for it.
func (d *Decoder) Rows() int64 { return d.rows }

// Write takes the payload of a CopyData message. It keeps no reference to p.
func (d *Decoder) Write(ctx context.Context, p []byte) error {
	if d.ended {
		return d.afterEnd(p)
	}
	data := p
	if len(d.rest) > 0 {
		if len(d.rest)+len(p) > maxLineBytes {
			return d.inContext(sqlstate.New(sqlstate.ProgramLimitExceeded, "row of COPY data is longer than 1 GB"))
		}
		d.rest = append(d.rest, p...)
		data = d.rest
	}
	used, err := d.consume(ctx, data, false)
	if err != nil {
		return d.inContext(err)
	}
	d.keep(data[used:])
	return nil
}

// keep stores what is left for the next Write.
func (d *Decoder) keep(left []byte) {
	if len(left) == 0 {
		d.rest = d.rest[:0]
		return
	}
	d.rest = append(d.rest[:0], left...) // overlaps to the front, which append allows
}

// afterEnd: behind \. anything goes, behind the binary trailer nothing.
func (d *Decoder) afterEnd(p []byte) error {
	if d.options.Format == Binary && len(p) > 0 {
		return d.inContext(sqlstate.New(sqlstate.BadCopyFileFormat, "received copy data after EOF marker"))
	}
	return nil
}

// Finish takes the end of the data (CopyDone) and sends the last rows.
func (d *Decoder) Finish(ctx context.Context) error {
	if !d.ended {
		if _, err := d.consume(ctx, d.rest, true); err != nil {
			return d.inContext(err)
		}
	}
	d.ended = true
	return d.flush(ctx)
}

func (d *Decoder) flush(ctx context.Context) error {
	if d.chunk == nil || d.chunk.Len() == 0 {
		return nil
	}
	chunk := d.chunk
	d.chunk = nil
	err := d.sink.Send(ctx, chunk)
	d.context.nowhere = err != nil // the database doesn't say which row
	return err
}

// consume reads whole rows and returns how many bytes they took; last says that
// nothing follows data.
func (d *Decoder) consume(ctx context.Context, data []byte, last bool) (used int, err error) {
	if d.options.Format == Binary {
		return d.consumeBinary(ctx, data, last)
	}
	for !d.ended {
		line, n, ok, err := d.nextLine(data[used:], last)
		if err != nil {
			return used, err
		}
		if !ok {
			return used, nil
		}
		used += n
		if line != nil {
			if err := d.readLine(ctx, line); err != nil {
				return used, err
			}
		}
	}
	return used, nil
}

// readLine parses a line into the chunk.
func (d *Decoder) readLine(ctx context.Context, line []byte) error {
	d.context = where{line: line, column: -1}
	if err := d.checkText(line); err != nil {
		return err
	}
	if d.options.Header != HeaderOff && !d.headerIsDone {
		d.headerIsDone = true
		if d.options.Header == HeaderMatch {
			return d.matchHeader(line)
		}
		return nil
	}
	if d.chunk == nil {
		d.chunk = d.sink.Chunk()
	}
	var err error
	if d.options.Format == CSV {
		err = d.readCSV(line, d)
	} else {
		err = d.readText(line, d)
	}
	if err != nil {
		return err
	}
	return d.rowDone(ctx)
}

func (d *Decoder) rowDone(ctx context.Context) error {
	d.rows++
	if d.chunk.Len() >= types.VectorSize {
		return d.flush(ctx)
	}
	return nil
}

func (d *Decoder) checkText(line []byte) error {
	if utf8.Valid(line) && bytes.IndexByte(line, 0) < 0 {
		return nil
	}
	d.context.line = nil // it can't be shown
	return encode.CheckText(line)
}

// fieldTaker receives the fields of a line, from left to right.
type fieldTaker interface {
	take(i int, value []byte, null bool) error
	done(n int) error
}

// take stores a field of a row.
func (d *Decoder) take(i int, value []byte, null bool) error {
	if i >= len(d.fields) {
		d.context.column = -1
		return sqlstate.New(sqlstate.BadCopyFileFormat, "extra data after last expected column")
	}
	f := &d.fields[i]
	column := d.chunk.Column(i)
	if null {
		column.AppendNull()
		return nil
	}
	if err := f.parse(f, column, value); err != nil {
		d.context.column, d.context.value = i, value
		return err
	}
	return nil
}

// done checks the number of fields.
func (d *Decoder) done(n int) error {
	if n >= len(d.fields) {
		return nil
	}
	d.context.column = -1
	return sqlstate.Newf(sqlstate.BadCopyFileFormat, `missing data for column "%s"`, d.fields[n].name)
}

// inContext adds COPY's context line to an error of the data.
func (d *Decoder) inContext(err error) error {
	e := sqlstate.From(err)
	if e.Where != "" || d.context.nowhere {
		return e
	}
	at := fmt.Sprintf("COPY %s, line %d", d.table, max(d.line, 1))
	switch c := d.context; {
	case c.column >= 0 && c.column < len(d.fields) && d.options.Format == Binary:
		at += ", column " + d.fields[c.column].name
	case c.column >= 0 && c.column < len(d.fields):
		at += fmt.Sprintf(`, column %s: "%s"`, d.fields[c.column].name, shortened(c.value))
	case c.line != nil:
		at += fmt.Sprintf(`: "%s"`, shortened(c.line))
	}
	return e.WithWhere("%s", at)
}

// shortened cuts at a hundred bytes, between characters.
func shortened(b []byte) string {
	const most = 100
	if len(b) <= most {
		return string(b)
	}
	n := most
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return string(b[:n]) + "..."
}
