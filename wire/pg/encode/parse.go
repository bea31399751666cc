package encode

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// The Parse functions read text forms as PostgreSQL 15's input functions do, for
// parameters and for COPY. They don't keep their input.

func badSyntax(typ string, b []byte) error {
	return sqlstate.Newf(sqlstate.InvalidTextRepresentation, `invalid input syntax for type %s: "%s"`, typ, b)
}

func isSpace(x byte) bool { return x == ' ' || x >= '\t' && x <= '\r' }

func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// ParseBool takes unique beginnings of true, false, yes, no, on, off, and 1, 0.
func ParseBool(b []byte) (bool, error) {
	t := trimSpace(b)
	if len(t) == 1 {
		switch t[0] | 0x20 {
		case 't', 'y':
			return true, nil
		case 'f', 'n':
			return false, nil
		}
		switch t[0] {
		case '1':
			return true, nil
		case '0':
			return false, nil
		}
	}
	if len(t) > 0 {
		word := strings.ToLower(string(t))
		switch {
		case strings.HasPrefix("true", word), strings.HasPrefix("yes", word), word == "on":
			return true, nil
		case strings.HasPrefix("false", word), strings.HasPrefix("no", word), word == "of", word == "off":
			return false, nil
		}
	}
	return false, badSyntax("boolean", b)
}

func intName(size int) string {
	switch size {
	case 16:
		return "smallint"
	case 32:
		return "integer"
	}
	return "bigint"
}

// ParseInt reads a decimal integer of 16, 32 or 64 bits; one that doesn't fit is 22003.
func ParseInt(b []byte, size int) (int64, error) {
	i, negative := 0, false
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		negative = b[i] == '-'
		i++
	}
	first, end := i, len(b)
	for end > i && isSpace(b[end-1]) {
		end--
	}
	var u uint64
	overflow := false
	for ; i < end; i++ {
		d := uint64(b[i] - '0')
		if d > 9 {
			return 0, badSyntax(intName(size), b)
		}
		if u > (math.MaxUint64-9)/10 {
			overflow = true
		}
		u = u*10 + d
	}
	if first == end {
		return 0, badSyntax(intName(size), b)
	}
	limit := uint64(1) << (size - 1)
	if overflow || u > limit || u == limit && !negative {
		return 0, sqlstate.Newf(sqlstate.NumericValueOutOfRange, `value "%s" is out of range for type %s`, b, intName(size))
	}
	if negative {
		return int64(-u), nil
	}
	return int64(u), nil
}

// parseOID reads an unsigned 32-bit number, or a negative one as oidin does.
func parseOID(b []byte) (int64, error) {
	v, err := ParseInt(b, 64)
	if err != nil {
		return 0, badSyntax("oid", b)
	}
	if v < math.MinInt32 || v > math.MaxUint32 {
		return 0, sqlstate.Newf(sqlstate.NumericValueOutOfRange, `value "%s" is out of range for type oid`, b)
	}
	return int64(uint32(v)), nil
}

// quietNaN is C's; Go's has a bit more.
const quietNaN = 0x7FF8000000000000

// ParseFloat reads a float of 32 or 64 bits, NaN and the infinities included. A
// number too large, or too small to be anything but zero, is 22003.
func ParseFloat(b []byte, size int) (float64, error) {
	if size == 64 {
		if v, ok := shortFloat(b); ok {
			return v, nil
		}
	}
	t := trimSpace(b)
	name := "double precision"
	if size == 32 {
		name = "real"
	}
	if bytes.ContainsAny(t, "_xXpP") { // forms of Go's that aren't C's
		return 0, badSyntax(name, b)
	}
	v, err := strconv.ParseFloat(string(t), size)
	if v != v {
		v = math.Float64frombits(quietNaN)
	}
	switch {
	case err == nil && (v != 0 || !mantissaIsNotZero(t)):
		return v, nil
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return 0, badSyntax(name, b)
	}
	return 0, sqlstate.Newf(sqlstate.NumericValueOutOfRange, `"%s" is out of range for type %s`, t, name)
}

// shortFloat reads [-]digits[.digits] of at most fifteen digits. Both the digits
// and the power of ten are exact floats then, so that one division rounds right
// (W. D. Clinger, How to Read Floating Point Numbers Accurately, 1990).
func shortFloat(b []byte) (float64, bool) {
	i := 0
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		i++
	}
	var digits uint64
	n, decimals, point := 0, 0, false
	for ; i < len(b); i++ {
		switch d := b[i] - '0'; {
		case d <= 9:
			digits = digits*10 + uint64(d)
			n++
			if point {
				decimals++
			}
		case b[i] == '.' && !point:
			point = true
		default:
			return 0, false
		}
	}
	if n == 0 || n > 15 {
		return 0, false
	}
	v := float64(digits) / float64(powers[decimals])
	if negative {
		v = -v
	}
	return v, true
}

func mantissaIsNotZero(t []byte) bool {
	for _, x := range t {
		if x == 'e' || x == 'E' {
			return false
		}
		if x >= '1' && x <= '9' {
			return true
		}
	}
	return false
}

func hexValue(x byte) (byte, bool) {
	switch {
	case x >= '0' && x <= '9':
		return x - '0', true
	case x|0x20 >= 'a' && x|0x20 <= 'f':
		return x | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// ParseBytea appends the bytes of the hex form (\x…) or the escape form to dst.
func ParseBytea(dst, b []byte) ([]byte, error) {
	if dst == nil {
		dst = make([]byte, 0, len(b)/2)
	}
	if len(b) >= 2 && b[0] == '\\' && b[1] == 'x' {
		return parseHexBytes(dst, b[2:])
	}
	for i := 0; i < len(b); i++ {
		x := b[i]
		if x != '\\' {
			dst = append(dst, x)
			continue
		}
		switch {
		case i+1 < len(b) && b[i+1] == '\\':
			dst = append(dst, '\\')
			i++
		case i+3 < len(b) && b[i+1] >= '0' && b[i+1] <= '3' && b[i+2]-'0' <= 7 && b[i+3]-'0' <= 7:
			dst = append(dst, (b[i+1]-'0')<<6|(b[i+2]-'0')<<3|(b[i+3]-'0'))
			i += 3
		default:
			return dst, sqlstate.New(sqlstate.InvalidTextRepresentation, "invalid input syntax for type bytea")
		}
	}
	return dst, nil
}

func parseHexBytes(dst, b []byte) ([]byte, error) {
	for i := 0; i < len(b); i++ {
		if isSpace(b[i]) {
			continue
		}
		hi, ok := hexValue(b[i])
		if !ok {
			return dst, badHexDigit(b[i:])
		}
		if i++; i >= len(b) {
			return dst, sqlstate.New(sqlstate.InvalidParameterValue, "invalid hexadecimal data: odd number of digits")
		}
		lo, ok := hexValue(b[i])
		if !ok {
			return dst, badHexDigit(b[i:])
		}
		dst = append(dst, hi<<4|lo)
	}
	return dst, nil
}

func badHexDigit(b []byte) error {
	return sqlstate.Newf(sqlstate.InvalidParameterValue, `invalid hexadecimal digit: "%s"`, firstRune(b))
}

// firstRune returns the first character whole.
func firstRune(b []byte) []byte { return b[:min(len(b), sequenceLength(b[0]))] }

// ParseBit reads 101, B101 or X5 as bits.
func ParseBit(b []byte) (types.BitValue, error) {
	if len(b) > 0 && b[0]|0x20 == 'x' {
		out := make([]byte, 0, 4*len(b))
		for i := 1; i < len(b); i++ {
			d, ok := hexValue(b[i])
			if !ok {
				return "", sqlstate.Newf(sqlstate.InvalidTextRepresentation, `"%s" is not a valid hexadecimal digit`, firstRune(b[i:]))
			}
			out = append(out, '0'+d>>3, '0'+d>>2&1, '0'+d>>1&1, '0'+d&1)
		}
		return types.BitValue(out), nil
	}
	if len(b) > 0 && b[0]|0x20 == 'b' {
		b = b[1:]
	}
	for i, x := range b {
		if x != '0' && x != '1' {
			return "", sqlstate.Newf(sqlstate.InvalidTextRepresentation, `"%s" is not a valid binary digit`, firstRune(b[i:]))
		}
	}
	return types.BitValue(b), nil
}

// ParseUUID takes upper case, braces, and hyphens left out or after any four digits.
func ParseUUID(b []byte) (u types.UUIDValue, err error) {
	t := b
	if len(t) > 0 && t[0] == '{' {
		if t[len(t)-1] != '}' {
			return u, badSyntax("uuid", b)
		}
		t = t[1 : len(t)-1]
	}
	for i := range u {
		if len(t) < 2 {
			return u, badSyntax("uuid", b)
		}
		hi, ok1 := hexValue(t[0])
		lo, ok2 := hexValue(t[1])
		if !ok1 || !ok2 {
			return u, badSyntax("uuid", b)
		}
		u[i], t = hi<<4|lo, t[2:]
		if i%2 == 1 && i < 15 && len(t) > 0 && t[0] == '-' {
			t = t[1:]
		}
	}
	if len(t) > 0 {
		return u, badSyntax("uuid", b)
	}
	return u, nil
}
