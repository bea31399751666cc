package copyfmt

import (
	"bytes"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/wire/pg/encode"
)

// readText splits a line of the text format at the delimiter and takes the
// backslash sequences out. NULL is recognised before that: \N is, \\N isn't.
func (d *Decoder) readText(line []byte, to fieldTaker) error {
	if len(d.fields) == 0 {
		if len(line) > 0 {
			return sqlstate.New(sqlstate.BadCopyFileFormat, "extra data after last expected column")
		}
		return nil
	}
	delimiter := d.options.Delimiter
	n, start, escapes := 0, 0, false
	for i := 0; ; i++ {
		if i < len(line) {
			x := line[i]
			if x == '\\' {
				escapes = true
				i++
				continue
			}
			if x != delimiter {
				continue
			}
		}
		raw := line[start:min(i, len(line))]
		value, null := raw, string(raw) == d.options.Null
		if escapes && !null {
			d.buffer = unescape(d.buffer[:0], raw)
			value = d.buffer
			if err := encode.CheckText(value); err != nil { // \377 makes what the line didn't have
				return err
			}
		}
		if err := to.take(n, value, null); err != nil {
			return err
		}
		n++
		if i >= len(line) {
			return to.done(n)
		}
		start, escapes = i+1, false
	}
}

// unescape follows CopyReadAttributesText.
func unescape(dst, b []byte) []byte {
	for i := 0; i < len(b); i++ {
		x := b[i]
		if x != '\\' {
			dst = append(dst, x)
			continue
		}
		if i++; i == len(b) {
			break // a last backslash says nothing
		}
		switch x = b[i]; {
		case x >= '0' && x <= '7':
			v := x - '0'
			for k := 0; k < 2 && i+1 < len(b) && b[i+1] >= '0' && b[i+1] <= '7'; k++ {
				i++
				v = v<<3 + b[i] - '0'
			}
			dst = append(dst, v)
		case x == 'x' && i+1 < len(b) && isHex(b[i+1]):
			v := byte(0)
			for k := 0; k < 2 && i+1 < len(b) && isHex(b[i+1]); k++ {
				i++
				v = v<<4 + hexValue(b[i])
			}
			dst = append(dst, v)
		default:
			if k := bytes.IndexByte([]byte("bfnrtv"), x); k >= 0 {
				x = "\b\f\n\r\t\v"[k]
			}
			dst = append(dst, x)
		}
	}
	return dst
}

func isHex(x byte) bool { return x-'0' <= 9 || x|0x20 >= 'a' && x|0x20 <= 'f' }

func hexValue(x byte) byte {
	if x <= '9' {
		return x - '0'
	}
	return x | 0x20 - 'a' + 10
}
