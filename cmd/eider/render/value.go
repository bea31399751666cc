package render

import (
	"bytes"
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/eiderdb/eider/sql/types"
)

// formatter writes single values. Its texts are DuckDB's own casts to VARCHAR, so
// that what the shell shows is what `x::VARCHAR` gives.
type formatter struct{ loc *time.Location }

// plain appends row of v, which is not NULL.
func (f formatter) plain(dst []byte, v *types.Vector, row int) []byte {
	switch v.Type.ID {
	case types.Boolean:
		return strconv.AppendBool(dst, types.Slice[bool](v)[row])
	case types.Varchar:
		return append(dst, v.Bytes(row)...)
	case types.Blob, types.Geometry:
		return appendBlob(dst, v.Bytes(row))
	case types.Bit:
		return appendBit(dst, v.Bytes(row))
	case types.BigNum:
		return appendBigNum(dst, v.Bytes(row))
	case types.UUID:
		return appendUUID(dst, types.Slice[types.Huge](v)[row])
	case types.Enum:
		return append(dst, v.Type.Labels[enumIndex(v, row)]...)
	case types.Date, types.Time, types.TimeNS, types.TimeTZ, types.Timestamp, types.TimestampS, types.TimestampMS,
		types.TimestampNS, types.TimestampTZ, types.Interval:
		return f.temporal(dst, v, row)
	case types.List, types.Array, types.Struct, types.Map, types.Union:
		return f.nested(dst, v, row)
	case types.Variant:
		return append(dst, "(VARIANT: cast to JSON to see it)"...)
	}
	return appendNumber(dst, v, row)
}

// appendNumber appends integers, floats and decimals.
func appendNumber(dst []byte, v *types.Vector, row int) []byte {
	switch v.Type.ID {
	case types.TinyInt:
		return strconv.AppendInt(dst, int64(types.Slice[int8](v)[row]), 10)
	case types.SmallInt:
		return strconv.AppendInt(dst, int64(types.Slice[int16](v)[row]), 10)
	case types.Integer:
		return strconv.AppendInt(dst, int64(types.Slice[int32](v)[row]), 10)
	case types.BigInt:
		return strconv.AppendInt(dst, types.Slice[int64](v)[row], 10)
	case types.UTinyInt:
		return strconv.AppendUint(dst, uint64(types.Slice[uint8](v)[row]), 10)
	case types.USmallInt:
		return strconv.AppendUint(dst, uint64(types.Slice[uint16](v)[row]), 10)
	case types.UInteger:
		return strconv.AppendUint(dst, uint64(types.Slice[uint32](v)[row]), 10)
	case types.UBigInt:
		return strconv.AppendUint(dst, types.Slice[uint64](v)[row], 10)
	case types.HugeInt:
		return hugeInt(types.Slice[types.Huge](v)[row], true).Append(dst, 10)
	case types.UHugeInt:
		return hugeInt(types.Slice[types.Huge](v)[row], false).Append(dst, 10)
	case types.Float:
		return appendFloat(dst, float64(types.Slice[float32](v)[row]), 32)
	case types.Double:
		return appendFloat(dst, types.Slice[float64](v)[row], 64)
	case types.Decimal:
		return appendDecimal(dst, v, row)
	}
	return append(dst, '(', '?', ')')
}

func hugeInt(h types.Huge, signed bool) *big.Int {
	hi := new(big.Int)
	if signed {
		hi.SetInt64(h.Hi)
	} else {
		hi.SetUint64(uint64(h.Hi))
	}
	return hi.Lsh(hi, 64).Add(hi, new(big.Int).SetUint64(h.Lo))
}

// appendFloat is the shortest text that reads back as x, as DuckDB spells it: 1.0, 1e+16, 1e-05.
func appendFloat(dst []byte, x float64, bits int) []byte {
	switch {
	case math.IsNaN(x):
		return append(dst, "nan"...)
	case math.IsInf(x, 1):
		return append(dst, "inf"...)
	case math.IsInf(x, -1):
		return append(dst, "-inf"...)
	}
	if a := math.Abs(x); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.AppendFloat(dst, x, 'e', -1, bits)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, x, 'f', -1, bits)
	if bytes.IndexByte(dst[start:], '.') < 0 {
		dst = append(dst, ".0"...)
	}
	return dst
}

func appendDecimal(dst []byte, v *types.Vector, row int) []byte {
	var digits []byte
	switch w := v.Type.Width; {
	case w <= 4:
		digits = strconv.AppendInt(nil, int64(types.Slice[int16](v)[row]), 10)
	case w <= 9:
		digits = strconv.AppendInt(nil, int64(types.Slice[int32](v)[row]), 10)
	case w <= 18:
		digits = strconv.AppendInt(nil, types.Slice[int64](v)[row], 10)
	default:
		digits = hugeInt(types.Slice[types.Huge](v)[row], true).Append(nil, 10)
	}
	if digits[0] == '-' {
		dst, digits = append(dst, '-'), digits[1:]
	}
	scale := int(v.Type.Scale)
	if scale == 0 {
		return append(dst, digits...)
	}
	for len(digits) <= scale {
		digits = append([]byte{'0'}, digits...)
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	dst = append(dst, '.')
	return append(dst, digits[len(digits)-scale:]...)
}

// appendBlob writes printable ASCII as it is and the rest as \xNN.
func appendBlob(dst, b []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range b {
		if c >= 32 && c <= 126 && c != '\\' && c != '\'' && c != '"' {
			dst = append(dst, c)
		} else {
			dst = append(dst, '\\', 'x', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

// appendBit reads DuckDB's bit strings: the first byte is the number of padding bits, which come first.
func appendBit(dst, b []byte) []byte {
	if len(b) == 0 {
		return dst
	}
	for i := int(b[0]); i < (len(b)-1)*8; i++ {
		dst = append(dst, '0'+b[1+i/8]>>(7-i%8)&1)
	}
	return dst
}

// appendBigNum reads DuckDB's BIGNUM: three bytes of header, then the magnitude, big endian;
// a negative number has all bytes inverted, the header's top bit tells.
func appendBigNum(dst, b []byte) []byte {
	if len(b) < 4 {
		return append(dst, '0')
	}
	negative := b[0]&0x80 == 0
	magnitude := append([]byte(nil), b[3:]...)
	if negative {
		for i := range magnitude {
			magnitude[i] = ^magnitude[i]
		}
		dst = append(dst, '-')
	}
	return new(big.Int).SetBytes(magnitude).Append(dst, 10)
}

func appendUUID(dst []byte, h types.Huge) []byte {
	var raw [16]byte
	hi := uint64(h.Hi) ^ 1<<63
	for i := range 8 {
		raw[7-i], raw[15-i] = byte(hi>>(8*i)), byte(h.Lo>>(8*i))
	}
	text := hex.EncodeToString(raw[:])
	return append(dst, text[:8]+"-"+text[8:12]+"-"+text[12:16]+"-"+text[16:20]+"-"+text[20:]...)
}

func enumIndex(v *types.Vector, row int) int {
	switch n := len(v.Type.Labels); {
	case n <= math.MaxUint8:
		return int(types.Slice[uint8](v)[row])
	case n <= math.MaxUint16:
		return int(types.Slice[uint16](v)[row])
	}
	return int(types.Slice[uint32](v)[row])
}

// nested appends lists as [a, b], structs as {'k': v} or (a, b), maps as {k=v}, unions as their member.
func (f formatter) nested(dst []byte, v *types.Vector, row int) []byte {
	switch v.Type.ID {
	case types.List, types.Array:
		start, n := elements(v, row)
		dst = append(dst, '[')
		for i := range n {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = f.member(dst, &v.Children[0], start+i)
		}
		return append(dst, ']')
	case types.Map:
		start, n := elements(v, row)
		entries := &v.Children[0]
		dst = append(dst, '{')
		for i := range n {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = f.member(dst, &entries.Children[0], start+i)
			dst = append(dst, '=')
			dst = f.member(dst, &entries.Children[1], start+i)
		}
		return append(dst, '}')
	case types.Union:
		return f.member(dst, &v.Children[1+unionTag(v, row)], row)
	}
	open, end, named := byte('{'), byte('}'), true
	if len(v.Type.Fields) > 0 && v.Type.Fields[0].Name == "" {
		open, end, named = '(', ')', false
	}
	dst = append(dst, open)
	for i, field := range v.Type.Fields {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if named {
			dst = append(appendQuoted(dst, []byte(field.Name)), ": "...)
		}
		dst = f.member(dst, &v.Children[i], row)
	}
	return append(dst, end)
}

func unionTag(v *types.Vector, row int) int { return int(types.Slice[uint8](&v.Children[0])[row]) }

// elements returns where row's elements are in the child vector.
func elements(v *types.Vector, row int) (start, n int) {
	if v.Type.ID == types.Array {
		return row * v.Type.Size, v.Type.Size
	}
	e := types.Slice[types.ListEntry](v)[row]
	return int(e.Offset), int(e.Length)
}

// member appends a value inside another: NULL is spelled, text is quoted where it could be misread.
func (f formatter) member(dst []byte, v *types.Vector, row int) []byte {
	if !v.Valid(row) {
		return append(dst, "NULL"...)
	}
	switch v.Type.ID {
	case types.Varchar, types.Enum, types.Blob:
		text := f.plain(nil, v, row)
		if needsQuotes(text) {
			return appendQuoted(dst, text)
		}
		return append(dst, text...)
	}
	return f.plain(dst, v, row)
}

func needsQuotes(text []byte) bool {
	return len(text) == 0 || text[0] == ' ' || text[len(text)-1] == ' ' ||
		bytes.ContainsAny(text, `,[]{}()'":=`) || bytes.EqualFold(text, []byte("null"))
}

func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '\'')
	for _, c := range text {
		if c == '\'' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '\'')
}

// json appends row of v, which is not NULL, as a JSON value. NaN and infinity, which
// JSON lacks, become null.
func (f formatter) json(dst []byte, v *types.Vector, row int) []byte {
	switch v.Type.ID {
	case types.Boolean:
		return strconv.AppendBool(dst, types.Slice[bool](v)[row])
	case types.Float, types.Double:
		start := len(dst)
		dst = appendNumber(dst, v, row)
		if c := dst[len(dst)-1]; c < '0' || c > '9' {
			return append(dst[:start], "null"...)
		}
		return dst
	case types.List, types.Array:
		start, n := elements(v, row)
		dst = append(dst, '[')
		for i := range n {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = f.jsonMember(dst, &v.Children[0], start+i)
		}
		return append(dst, ']')
	case types.Map:
		start, n := elements(v, row)
		entries := &v.Children[0]
		dst = append(dst, '{')
		for i := range n {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(AppendJSONString(dst, f.plain(nil, &entries.Children[0], start+i)), ':')
			dst = f.jsonMember(dst, &entries.Children[1], start+i)
		}
		return append(dst, '}')
	case types.Struct:
		dst = append(dst, '{')
		for i, field := range v.Type.Fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			name := field.Name
			if name == "" {
				name = strconv.Itoa(i + 1)
			}
			dst = append(AppendJSONString(dst, []byte(name)), ':')
			dst = f.jsonMember(dst, &v.Children[i], row)
		}
		return append(dst, '}')
	case types.Union:
		return f.jsonMember(dst, &v.Children[1+unionTag(v, row)], row)
	}
	switch kindOf(v.Type) {
	case Number, JSON:
		return f.plain(dst, v, row)
	}
	return AppendJSONString(dst, f.plain(nil, v, row))
}

func (f formatter) jsonMember(dst []byte, v *types.Vector, row int) []byte {
	if !v.Valid(row) {
		return append(dst, "null"...)
	}
	return f.json(dst, v, row)
}

// AppendJSONString appends text as a JSON string; bytes that are not UTF-8 become U+FFFD.
func AppendJSONString(dst, text []byte) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
		text = text[n:]
	}
	return append(dst, '"')
}
