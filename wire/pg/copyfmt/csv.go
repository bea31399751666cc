package copyfmt

import (
	"bytes"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// readCSV splits a CSV record. A field may be quoted in parts; NULL is an unquoted
// field equal to the null string, unless FORCE_NOT_NULL or FORCE_NULL say otherwise.
func (d *Decoder) readCSV(line []byte, to fieldTaker) error {
	if len(d.fields) == 0 {
		if len(line) > 0 {
			return sqlstate.New(sqlstate.BadCopyFileFormat, "extra data after last expected column")
		}
		return nil
	}
	n := 0
	if bytes.IndexByte(line, d.options.Quote) < 0 {
		for rest := line; ; n++ {
			end := bytes.IndexByte(rest, d.options.Delimiter)
			value := rest
			if end >= 0 {
				value = rest[:end]
			}
			if err := to.take(n, value, d.isNull(n, value, false)); err != nil {
				return err
			}
			if end < 0 {
				return to.done(n + 1)
			}
			rest = rest[end+1:]
		}
	}
	for i := 0; ; n++ {
		value, next, sawQuote, err := d.csvField(line, i)
		if err != nil {
			return err
		}
		if err := to.take(n, value, d.isNull(n, value, sawQuote)); err != nil {
			return err
		}
		if next > len(line) {
			return to.done(n + 1)
		}
		i = next
	}
}

func (d *Decoder) isNull(column int, value []byte, sawQuote bool) bool {
	if string(value) != d.options.Null {
		return false
	}
	if sawQuote {
		return isSet(d.options.ForceNull, column)
	}
	return !isSet(d.options.ForceNotNull, column)
}

// csvField reads the field that starts at i; next is where the one behind its
// delimiter starts, beyond the line's length when there is none.
func (d *Decoder) csvField(line []byte, i int) (value []byte, next int, sawQuote bool, err error) {
	quote, escape := d.options.Quote, d.options.Escape
	d.buffer = d.buffer[:0]
	inQuote := false
	for ; i < len(line); i++ {
		x := line[i]
		switch {
		case !inQuote && x == d.options.Delimiter:
			return d.buffer, i + 1, sawQuote, nil
		case !inQuote && x == quote:
			inQuote, sawQuote = true, true
		case !inQuote:
			d.buffer = append(d.buffer, x)
		case x == escape && i+1 < len(line) && (line[i+1] == escape || line[i+1] == quote):
			i++
			d.buffer = append(d.buffer, line[i])
		case x == quote:
			inQuote = false
		default:
			d.buffer = append(d.buffer, x)
		}
	}
	if inQuote {
		return nil, 0, false, sqlstate.New(sqlstate.BadCopyFileFormat, "unterminated CSV quoted field")
	}
	return d.buffer, len(line) + 1, sawQuote, nil
}

// headerTaker compares a header's names with the columns'.
type headerTaker struct{ d *Decoder }

func (h headerTaker) take(i int, value []byte, null bool) error {
	d := h.d
	if i >= len(d.fields) {
		return nil // counted in done
	}
	switch name := d.fields[i].name; {
	case null:
		return sqlstate.Newf(sqlstate.BadCopyFileFormat, `column name mismatch in header line field %d: got null value ("%s"), expected "%s"`,
			i+1, d.options.Null, name)
	case string(value) != name:
		return sqlstate.Newf(sqlstate.BadCopyFileFormat, `column name mismatch in header line field %d: got "%s", expected "%s"`, i+1, value, name)
	}
	return nil
}

func (h headerTaker) done(n int) error {
	if want := len(h.d.fields); n != want {
		return sqlstate.Newf(sqlstate.BadCopyFileFormat, "wrong number of fields in header line: got %d, expected %d", n, want)
	}
	return nil
}

func (d *Decoder) matchHeader(line []byte) error {
	if d.options.Format == CSV {
		return d.readCSV(line, headerTaker{d})
	}
	return d.readText(line, headerTaker{d})
}
