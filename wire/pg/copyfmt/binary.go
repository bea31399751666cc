package copyfmt

import (
	"context"
	"encoding/binary"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// signature begins binary data; its odd bytes show conversions of line ends.
const signature = "PGCOPY\n\xff\r\n\x00"

const (
	headerLen = len(signature) + 8
	hasOIDs   = 1 << 16
)

func badFile(message string) error { return sqlstate.New(sqlstate.BadCopyFileFormat, message) }

// consumeBinary reads the header once and then whole tuples.
func (d *Decoder) consumeBinary(ctx context.Context, data []byte, last bool) (used int, err error) {
	d.context = where{column: -1, nowhere: !d.headerIsDone}
	if !d.headerIsDone {
		n, ok, err := d.binaryHeader(data, last)
		if err != nil || !ok {
			return 0, err
		}
		used, d.headerIsDone = n, true
	}
	for {
		left := data[used:]
		if len(left) < d.need && !last {
			break
		}
		n, need, err := d.binaryRow(left)
		if err != nil {
			return used, err
		}
		if need > 0 {
			d.need = need
			break
		}
		d.need = 0
		used += n
		if d.ended {
			if used < len(data) {
				return used, badFile("received copy data after EOF marker")
			}
			return used, nil
		}
		if err := d.rowDone(ctx); err != nil {
			return used, err
		}
	}
	if last && used+2 <= len(data) { // PostgreSQL takes half a field count for the end, too
		d.line++
		return used, badFile("unexpected EOF in COPY data")
	}
	return used, nil
}

func (d *Decoder) binaryHeader(data []byte, last bool) (n int, ok bool, err error) {
	known := min(len(data), len(signature))
	if string(data[:known]) != signature[:known] || last && known < len(signature) {
		return 0, false, badFile("COPY file signature not recognized")
	}
	if len(data) < headerLen {
		switch {
		case last && len(data) < len(signature)+4:
			err = badFile("invalid COPY file header (missing flags)")
		case last:
			err = badFile("invalid COPY file header (missing length)")
		}
		return 0, false, err
	}
	flags := binary.BigEndian.Uint32(data[len(signature):])
	if flags&hasOIDs != 0 {
		return 0, false, badFile("invalid COPY file header (WITH OIDS)")
	}
	if flags>>16 != 0 {
		return 0, false, badFile("unrecognized critical flags in COPY file header")
	}
	extension := int32(binary.BigEndian.Uint32(data[len(signature)+4:]))
	if extension < 0 {
		return 0, false, badFile("invalid COPY file header (missing length)")
	}
	n = headerLen + int(extension)
	if n > len(data) {
		if last {
			err = badFile("invalid COPY file header (wrong length)")
		}
		return 0, false, err
	}
	return n, true, nil
}

// binaryRow stores the tuple at the start of data and returns its length, or how
// many bytes it needs at least when it isn't whole.
func (d *Decoder) binaryRow(data []byte) (n, need int, err error) {
	if len(data) < 2 {
		return 0, 2, nil
	}
	d.context = where{column: -1}
	count := int(int16(binary.BigEndian.Uint16(data)))
	if count == -1 {
		d.ended = true
		return 2, 0, nil
	}
	line := d.line + 1
	if count != len(d.fields) {
		d.line = line
		return 0, 0, sqlstate.Newf(sqlstate.BadCopyFileFormat, "row field count is %d, expected %d", count, len(d.fields))
	}
	n = 2
	for i := range d.fields { // is it whole?
		d.context.column = i
		if len(data) < n+4 {
			return 0, n + 4, nil
		}
		size := int(int32(binary.BigEndian.Uint32(data[n:])))
		if size < -1 {
			d.line = line
			return 0, 0, badFile("invalid field size")
		}
		if n += 4 + max(size, 0); n > maxLineBytes {
			d.line = line
			return 0, 0, sqlstate.New(sqlstate.ProgramLimitExceeded, "row of COPY data is longer than 1 GB")
		}
		if len(data) < n {
			return 0, n, nil
		}
	}
	d.context.column = -1
	d.line = line
	if d.chunk == nil {
		d.chunk = d.sink.Chunk()
	}
	at := 2
	for i := range d.fields {
		size := int(int32(binary.BigEndian.Uint32(data[at:])))
		at += 4
		column := d.chunk.Column(i)
		if size < 0 {
			column.AppendNull()
			continue
		}
		f := &d.fields[i]
		if err := f.receive(f, column, data[at:at+size]); err != nil {
			d.context.column = i
			return 0, 0, err
		}
		at += size
	}
	return n, 0, nil
}
