package duck

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/eiderdb/eider/sql/types"
)

// Value boxes row i of v as a Go value, copied out of DuckDB's memory. It is for
// small system queries and tests, never for a hot path.
//
//	NULL                                     nil
//	BOOLEAN                                  bool
//	TINYINT … BIGINT, UTINYINT … UINTEGER    int64
//	UBIGINT, HUGEINT, UHUGEINT, BIGNUM       *big.Int
//	FLOAT, DOUBLE                            float64
//	DECIMAL                                  string with Scale digits after the point
//	VARCHAR, JSON, ENUM, UUID, BIT           string
//	BLOB, GEOMETRY                           []byte
//	DATE, TIMESTAMP*                         time.Time in UTC; "infinity" and "-infinity" as string
//	TIME, TIME_NS, TIMETZ                    string
//	INTERVAL                                 types.IntervalValue
//	LIST, ARRAY                              []any
//	STRUCT                                   map[string]any
//	MAP                                      map[string]any for VARCHAR keys, otherwise []any of map[string]any{"key", "value"}
//	UNION                                    the member's value
//	VARIANT                                  nil: cast it to JSON in SQL
func Value(v *types.Vector, i int) any {
	if !v.Valid(i) {
		return nil
	}
	switch v.Type.ID {
	case types.List:
		e := types.Slice[types.ListEntry](v)[i]
		return elements(&v.Children[0], int(e.Offset), int(e.Length))
	case types.Array:
		return elements(&v.Children[0], i*v.Type.Size, v.Type.Size)
	case types.Struct:
		return members(v, i)
	case types.Map:
		return mapValue(v, i)
	case types.Union:
		if tag := int(types.Slice[uint8](&v.Children[0])[i]); tag+1 < len(v.Children) {
			return Value(&v.Children[tag+1], i)
		}
		return nil
	}
	switch x := exact(v, i).(type) {
	case types.DecimalValue:
		return x.String()
	case types.UUIDValue:
		return x.String()
	case types.BitValue:
		return string(x)
	case types.DateValue:
		return dateValue(x)
	case types.TimeValue:
		return clock(int64(x)*1000, 6)
	case timeNS:
		return clock(int64(x), 9)
	case types.TimeTZValue:
		return clockTZ(uint64(x))
	case types.TimestampValue:
		return timestampValue(int64(x), int64(x), time.UnixMicro)
	case types.TimestampTZValue:
		return timestampValue(int64(x), int64(x), time.UnixMicro)
	case types.TimestampNSValue:
		return timestampValue(int64(x), int64(x), func(ns int64) time.Time { return time.Unix(0, ns) })
	case timestampMS:
		return timestampValue(int64(x), int64(x), time.UnixMilli)
	case timestampS:
		return timestampValue(int64(x), int64(x), func(s int64) time.Time { return time.Unix(s, 0) })
	default:
		return x
	}
}

// Units that only this package needs to tell apart.
type (
	timeNS      int64
	timestampMS int64
	timestampS  int64
)

// exact boxes row i of a vector without parts, losing nothing.
func exact(v *types.Vector, i int) any {
	switch v.Type.ID {
	case types.Boolean:
		return types.Slice[bool](v)[i]
	case types.TinyInt:
		return int64(types.Slice[int8](v)[i])
	case types.SmallInt:
		return int64(types.Slice[int16](v)[i])
	case types.Integer:
		return int64(types.Slice[int32](v)[i])
	case types.BigInt:
		return types.Slice[int64](v)[i]
	case types.UTinyInt:
		return int64(types.Slice[uint8](v)[i])
	case types.USmallInt:
		return int64(types.Slice[uint16](v)[i])
	case types.UInteger:
		return int64(types.Slice[uint32](v)[i])
	case types.UBigInt:
		return new(big.Int).SetUint64(types.Slice[uint64](v)[i])
	case types.HugeInt:
		return types.Slice[types.Huge](v)[i].Big()
	case types.UHugeInt:
		return types.Slice[types.Huge](v)[i].BigUnsigned()
	case types.Float:
		return float64(types.Slice[float32](v)[i])
	case types.Double:
		return types.Slice[float64](v)[i]
	case types.Decimal:
		return decimal(v, i)
	case types.Varchar:
		return string(v.Bytes(i))
	case types.Blob, types.Geometry:
		return append([]byte{}, v.Bytes(i)...)
	case types.Bit:
		return types.BitValue(bitString(v.Bytes(i)))
	case types.BigNum:
		return bigNum(v.Bytes(i))
	case types.UUID:
		return types.UUIDOf(types.Slice[types.Huge](v)[i])
	case types.Interval:
		return types.Slice[types.IntervalValue](v)[i]
	case types.Enum:
		return enumLabel(v, i)
	case types.Date:
		return types.DateValue(types.Slice[int32](v)[i])
	case types.Time:
		return types.TimeValue(types.Slice[int64](v)[i])
	case types.TimeNS:
		return timeNS(types.Slice[int64](v)[i])
	case types.TimeTZ:
		return types.TimeTZValue(types.Slice[uint64](v)[i])
	case types.Timestamp:
		return types.TimestampValue(types.Slice[int64](v)[i])
	case types.TimestampTZ:
		return types.TimestampTZValue(types.Slice[int64](v)[i])
	case types.TimestampS:
		return timestampS(types.Slice[int64](v)[i])
	case types.TimestampMS:
		return timestampMS(types.Slice[int64](v)[i])
	case types.TimestampNS:
		return types.TimestampNSValue(types.Slice[int64](v)[i])
	}
	return nil
}

func elements(child *types.Vector, offset, n int) []any {
	out := make([]any, n)
	for k := range out {
		out[k] = Value(child, offset+k)
	}
	return out
}

func members(v *types.Vector, i int) map[string]any {
	out := make(map[string]any, len(v.Type.Fields))
	for k, f := range v.Type.Fields {
		out[f.Name] = Value(&v.Children[k], i)
	}
	return out
}

func mapValue(v *types.Vector, i int) any {
	e := types.Slice[types.ListEntry](v)[i]
	pairs := &v.Children[0]
	if v.Type.Fields[0].Type.ID != types.Varchar {
		return elements(pairs, int(e.Offset), int(e.Length))
	}
	out := make(map[string]any, e.Length)
	for k := int(e.Offset); k < int(e.Offset+e.Length); k++ {
		out[string(pairs.Children[0].Bytes(k))] = Value(&pairs.Children[1], k)
	}
	return out
}

func decimal(v *types.Vector, i int) types.DecimalValue {
	var n *big.Int
	switch w := v.Type.Width; {
	case w <= 4:
		n = big.NewInt(int64(types.Slice[int16](v)[i]))
	case w <= 9:
		n = big.NewInt(int64(types.Slice[int32](v)[i]))
	case w <= 18:
		n = big.NewInt(types.Slice[int64](v)[i])
	default:
		n = types.Slice[types.Huge](v)[i].Big()
	}
	return types.DecimalValue{Unscaled: n, Width: v.Type.Width, Scale: v.Type.Scale}
}

func enumLabel(v *types.Vector, i int) any {
	var k int
	switch n := len(v.Type.Labels); {
	case n <= math.MaxUint8:
		k = int(types.Slice[uint8](v)[i])
	case n <= math.MaxUint16:
		k = int(types.Slice[uint16](v)[i])
	default:
		k = int(types.Slice[uint32](v)[i])
	}
	if k >= len(v.Type.Labels) {
		return nil
	}
	return v.Type.Labels[k]
}

// bitString decodes DuckDB's BIT: the number of padding bits, then the bits with
// the padding in front.
func bitString(b []byte) string {
	if len(b) < 2 {
		return ""
	}
	var s strings.Builder
	for k := int(b[0]); k < (len(b)-1)*8; k++ {
		s.WriteByte('0' + b[1+k/8]>>(7-k%8)&1)
	}
	return s.String()
}

// bigNum decodes DuckDB's BIGNUM: a header of three bytes (sign in the top bit,
// length in the rest), then the magnitude, big endian; all inverted when negative.
func bigNum(b []byte) *big.Int {
	n := new(big.Int)
	if len(b) < 4 || len(b) == 4 && b[3] == 0 && b[0]&0x80 != 0 {
		return n
	}
	if b[0]&0x80 != 0 {
		return n.SetBytes(b[3:])
	}
	magnitude := make([]byte, len(b)-3)
	for k := range magnitude {
		magnitude[k] = ^b[3+k]
	}
	return n.Neg(n.SetBytes(magnitude))
}

func dateValue(d types.DateValue) any {
	switch d {
	case math.MaxInt32:
		return "infinity"
	case -math.MaxInt32:
		return "-infinity"
	}
	return time.Unix(int64(d)*86400, 0).UTC()
}

func timestampValue(raw, t int64, unix func(int64) time.Time) any {
	switch raw {
	case math.MaxInt64:
		return "infinity"
	case -math.MaxInt64:
		return "-infinity"
	}
	return unix(t).UTC()
}

// clock writes a time of day without trailing zeros in the fraction.
func clock(ns int64, digits int) string {
	s := pad2(ns/3600e9) + ":" + pad2(ns/60e9%60) + ":" + pad2(ns/1e9%60)
	if fraction := ns % 1e9; fraction != 0 {
		f := strconv.FormatInt(1e9+fraction, 10)[1 : 1+digits]
		s += "." + strings.TrimRight(f, "0")
	}
	return s
}

func pad2(n int64) string {
	if n < 10 {
		return "0" + strconv.FormatInt(n, 10)
	}
	return strconv.FormatInt(n, 10)
}

func clockTZ(packed uint64) string {
	const maxOffset = 16*3600 - 1
	offset := int64(maxOffset) - int64(packed&0xffffff)
	sign := "+"
	if offset < 0 {
		sign, offset = "-", -offset
	}
	s := clock(int64(packed>>24)*1000, 6) + sign + pad2(offset/3600)
	if offset%3600 != 0 {
		s += ":" + pad2(offset/60%60)
	}
	if offset%60 != 0 {
		s += ":" + pad2(offset%60)
	}
	return s
}

// packBits is the inverse of bitString; ok is false unless s is all 0 and 1.
func packBits(s string) (b []byte, ok bool) {
	if s == "" || strings.Trim(s, "01") != "" {
		return nil, false
	}
	padding := (8 - len(s)%8) % 8
	b = make([]byte, 1+(len(s)+padding)/8)
	b[0] = byte(padding)
	for k := 0; k < padding; k++ {
		b[1] |= 1 << (7 - k) // DuckDB keeps the padding set
	}
	for k := 0; k < len(s); k++ {
		b[1+(k+padding)/8] |= (s[k] - '0') << (7 - (k+padding)%8)
	}
	return b, true
}

// packBigNum is the inverse of bigNum.
func packBigNum(n *big.Int) []byte {
	magnitude := n.Bytes()
	if len(magnitude) == 0 {
		magnitude = []byte{0}
	}
	b := make([]byte, 3, 3+len(magnitude))
	var header [4]byte
	binary.BigEndian.PutUint32(header[:], uint32(len(magnitude))|0x800000)
	copy(b, header[1:])
	b = append(b, magnitude...)
	if n.Sign() < 0 {
		for k := range b {
			b[k] = ^b[k]
		}
	}
	return b
}
