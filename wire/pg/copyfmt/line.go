package copyfmt

import (
	"bytes"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// eol is how lines end; the first line decides.
type eol uint8

const (
	eolUnknown eol = iota
	eolNL
	eolCR
	eolCRNL
)

// nextLine finds the line at the start of data: its text without the line end and
// the bytes to step over; a nil line is no row. ok is false when its end hasn't
// come yet.
func (d *Decoder) nextLine(data []byte, last bool) (line []byte, n int, ok bool, err error) {
	end, n, ok := d.findEnd(data, last)
	if !ok {
		if !last || len(data) == 0 {
			if len(data) == 0 {
				d.scanned = 0
			}
			return nil, 0, false, nil
		}
		end, n = len(data), len(data)
	}
	d.scanned, d.escaped = 0, false
	line = data[:end:end]
	d.line++
	d.context = where{line: line, column: -1}
	if d.quoted {
		d.line += d.extraLines
		d.quoted = false
		return nil, 0, false, sqlstate.New(sqlstate.BadCopyFileFormat, "unterminated CSV quoted field")
	}
	if err := d.checkEnd(line, data[end:n]); err != nil {
		d.context.line = nil
		return nil, 0, false, err
	}
	d.line += d.extraLines
	d.extraLines = 0
	if line, err = d.checkMarker(line, end < n); err != nil {
		d.context.line = nil
	}
	return line, n, true, err
}

// checkMarker looks for \. and sets ended when it is there; line is then what
// stands before it, nil if nothing does. In CSV it counts alone on a line only, in
// text it must be the end of one.
func (d *Decoder) checkMarker(line []byte, hasEnd bool) ([]byte, error) {
	if d.options.Format == CSV {
		if string(line) == `\.` && hasEnd {
			d.ended = true
			return nil, nil
		}
		return line, nil
	}
	at := bytes.IndexByte(line, '\\')
	for at >= 0 && at+1 < len(line) && line[at+1] != '.' {
		next := bytes.IndexByte(line[at+2:], '\\')
		if next < 0 {
			return line, nil
		}
		at += 2 + next
	}
	if at < 0 || at+1 >= len(line) {
		return line, nil
	}
	if at+2 < len(line) || !hasEnd {
		return nil, sqlstate.New(sqlstate.BadCopyFileFormat, "end-of-copy marker corrupt")
	}
	d.ended = true
	if at == 0 {
		return nil, nil
	}
	return line[:at], nil
}

// findEnd looks for the end of the line from d.scanned on. end is where its text
// stops, n where the next line starts.
func (d *Decoder) findEnd(data []byte, last bool) (end, n int, ok bool) {
	if d.scanned == 0 && d.eol != eolCR {
		if end, n, ok = d.findEndQuickly(data); ok {
			return end, n, true
		}
	}
	csv := d.options.Format == CSV
	quote, escape := d.options.Quote, d.options.Escape
	for i := d.scanned; i < len(data); i++ {
		x := data[i]
		switch {
		case csv && x == escape && escape != quote && d.quoted && !d.escaped:
			d.escaped = true
			continue
		case csv && x == quote:
			if !d.escaped {
				d.quoted = !d.quoted
			}
		case !csv && x == '\\' && !d.escaped:
			d.escaped = true
			continue
		case x != '\n' && x != '\r':
		case d.quoted:
			if x == '\n' && d.eol == eolNL || x == '\r' && d.eol != eolNL {
				d.extraLines++ // as PostgreSQL counts: not before the first line has ended
			}
		case !csv && d.escaped: // a backslash keeps the line end in the field
		case x == '\n':
			return i, i + 1, true
		case d.eol == eolNL: // a bare carriage return: checkEnd reports it
		case i+1 < len(data) && data[i+1] == '\n' && d.eol != eolCR:
			return i, i + 2, true
		case i+1 < len(data) || last:
			return i, i + 1, true
		default: // whether a newline follows isn't known yet
			d.scanned = i
			return 0, 0, false
		}
		d.escaped = false
	}
	d.scanned = len(data)
	return 0, 0, false
}

// findEndQuickly is right for lines that have neither quote nor backslash nor
// carriage return but for the one of the line end; others are left to findEnd.
func (d *Decoder) findEndQuickly(data []byte) (end, n int, ok bool) {
	n = bytes.IndexByte(data, '\n')
	if n < 0 {
		return 0, 0, false
	}
	end = n
	if end > 0 && data[end-1] == '\r' && d.eol != eolNL {
		end--
	}
	special := byte('\\')
	if d.options.Format == CSV {
		special = d.options.Quote
	}
	line := data[:end]
	if bytes.IndexByte(line, special) >= 0 || bytes.IndexByte(line, '\r') >= 0 {
		return 0, 0, false
	}
	return end, n + 1, true
}

// checkEnd holds every line to the line end of the first.
func (d *Decoder) checkEnd(line, end []byte) error {
	var kind eol
	switch {
	case len(end) == 2:
		kind = eolCRNL
	case len(end) == 0:
		kind = d.eol // the last line needs none
	case end[0] == '\n':
		kind = eolNL
	default:
		kind = eolCR
	}
	if d.eol == eolUnknown {
		d.eol = kind
	}
	if kind != d.eol {
		if end[0] == '\n' {
			return d.strayEnd(line, "newline", `\n`)
		}
		return d.strayEnd(line, "carriage return", `\r`)
	}
	if d.eol == eolNL && d.hasBareReturn(line) {
		return d.strayEnd(line, "carriage return", `\r`)
	}
	return nil
}

// hasBareReturn looks for a carriage return that nothing protects.
func (d *Decoder) hasBareReturn(line []byte) bool {
	if bytes.IndexByte(line, '\r') < 0 {
		return false
	}
	csv, quoted, escaped := d.options.Format == CSV, false, false
	for _, x := range line {
		switch {
		case x == '\r' && !quoted && !escaped:
			return true
		case csv && x == d.options.Escape && d.options.Escape != d.options.Quote && quoted && !escaped,
			!csv && x == '\\' && !escaped:
			escaped = true
			continue
		case csv && x == d.options.Quote && !escaped:
			quoted = !quoted
		}
		escaped = false
	}
	return false
}

func (d *Decoder) strayEnd(line []byte, what, how string) error {
	if d.options.Format == Text && bytes.HasSuffix(bytes.TrimRight(line, "\r"), []byte(`\.`)) {
		return sqlstate.New(sqlstate.BadCopyFileFormat, "end-of-copy marker does not match previous newline style")
	}
	if d.options.Format == CSV {
		return sqlstate.Newf(sqlstate.BadCopyFileFormat, "unquoted %s found in data", what).
			WithHint("Use quoted CSV field to represent %s.", what)
	}
	return sqlstate.Newf(sqlstate.BadCopyFileFormat, "literal %s found in data", what).
		WithHint(`Use "%s" to represent %s.`, how, what)
}
