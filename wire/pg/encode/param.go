package encode

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"unicode/utf8"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// DecodeParam reads the value of a parameter that has the type oid; n is its
// number, counted from 1, which the error's Where names. A nil data is NULL and
// yields nil. Otherwise the value is
//
//	bool, int16, int32, int64, float32, float64   for their types; int64 for oid
//	string               text types, json (checked), enums and unknown types
//	[]byte               bytea
//	types.DecimalValue   numeric; *big.Int for an integer of more than 38 digits
//	types.DateValue, TimeValue, TimeTZValue, TimestampValue, TimestampTZValue, IntervalValue, UUIDValue, BitValue
//	[]any                an array, nested once for each dimension
//
// Errors carry PostgreSQL's codes: 22P02 and 22007 for text that doesn't parse,
// 22003 and 22008 for values out of range, 22P03 and 08P01 for binary data of a
// wrong size, 22021 for text that is no UTF-8 or holds a zero byte.
//
// A numeric with more digits than DuckDB's DECIMAL holds is rounded at its
// fraction to 38; its NaN and infinities are 22003, for DECIMAL has none.
func DecodeParam(n int, oid uint32, f Format, data []byte, s Settings) (any, error) {
	if data == nil {
		return nil, nil
	}
	var v any
	var err error
	switch f {
	case Text:
		if err = CheckText(data); err == nil {
			v, err = parseText(oid, data, &s)
		}
	case Binary:
		r := reader{data: data}
		v, err = r.value(oid)
		if err == nil && len(r.data) > 0 {
			err = sqlstate.Newf(sqlstate.InvalidBinaryRepresentation, "incorrect binary data format in bind parameter %d", n)
		}
	default:
		err = sqlstate.Newf(sqlstate.InvalidParameterValue, "unsupported format code: %d", f)
	}
	if err != nil {
		return nil, sqlstate.From(err).WithWhere("parameter $%d", n)
	}
	return v, nil
}

// CheckText returns 22021 for text that is not UTF-8 or contains a zero byte.
func CheckText(b []byte) error {
	for i := 0; i < len(b); {
		if x := b[i]; x < utf8.RuneSelf {
			if x == 0 {
				return badBytes(b[i : i+1])
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size <= 1 {
			return badBytes(b[i:min(len(b), i+sequenceLength(b[i]))])
		}
		i += size
	}
	return nil
}

// sequenceLength is the number of bytes that the first byte of a sequence announces.
func sequenceLength(x byte) int {
	switch {
	case x >= 0xF0 && x < 0xF8:
		return 4
	case x >= 0xE0 && x < 0xF0:
		return 3
	case x >= 0xC0 && x < 0xE0:
		return 2
	}
	return 1
}

func badBytes(b []byte) error {
	text := make([]byte, 0, 24)
	for i, x := range b {
		if i > 0 {
			text = append(text, ' ')
		}
		text = append(text, '0', 'x', hexDigits[x>>4], hexDigits[x&15])
	}
	return sqlstate.Newf(sqlstate.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8": %s`, text)
}

// parseText reads PostgreSQL's text form; b is valid UTF-8.
func parseText(oid uint32, b []byte, s *Settings) (any, error) {
	switch oid {
	case OIDBool:
		return boxed(ParseBool(b))
	case OIDInt2:
		v, err := ParseInt(b, 16)
		return int16(v), err
	case OIDInt4:
		v, err := ParseInt(b, 32)
		return int32(v), err
	case OIDInt8:
		return boxed(ParseInt(b, 64))
	case OIDOid:
		return boxed(parseOID(b))
	case OIDRegclass, OIDRegtype, OIDRegproc:
		if v, err := parseOID(b); err == nil {
			return v, nil
		}
		return string(b), nil
	case OIDFloat4:
		v, err := ParseFloat(b, 32)
		return float32(v), err
	case OIDFloat8:
		return boxed(ParseFloat(b, 64))
	case OIDNumeric:
		return ParseNumeric(b)
	case OIDBytea:
		return boxed(ParseBytea(nil, b))
	case OIDBit, OIDVarbit:
		return boxed(ParseBit(b))
	case OIDUUID:
		return boxed(ParseUUID(b))
	case OIDJSON, OIDJSONB:
		return boxed(parseJSON(b))
	}
	return parseTimeText(oid, b, s)
}

func parseTimeText(oid uint32, b []byte, s *Settings) (any, error) {
	switch oid {
	case OIDDate:
		return boxed(ParseDate(b, s))
	case OIDTime:
		return boxed(ParseTime(b, s))
	case OIDTimeTZ:
		return boxed(ParseTimeTZ(b, s))
	case OIDTimestamp:
		return boxed(ParseTimestamp(b, s))
	case OIDTimestampTZ:
		return boxed(ParseTimestampTZ(b, s))
	case OIDInterval:
		return boxed(ParseInterval(b))
	}
	if elem, ok := ElementOf(oid); ok {
		return parseArray(elem, b, s)
	}
	return string(b), nil
}

func boxed[T any](v T, err error) (any, error) { return v, err }

func parseJSON(b []byte) (string, error) {
	if json.Valid(b) {
		return string(b), nil
	}
	e := sqlstate.New(sqlstate.InvalidTextRepresentation, "invalid input syntax for type json")
	var value json.RawMessage
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(b, &value), &syntax) {
		e = e.WithDetail("%s at byte %d.", syntax.Error(), syntax.Offset)
	}
	return "", e
}

// reader takes a binary value apart.
type reader struct{ data []byte }

// take returns the next n bytes; too few are 08P01, as PostgreSQL's pq_getmsg* say.
func (r *reader) take(n int) ([]byte, error) {
	if n < 0 || len(r.data) < n {
		return nil, sqlstate.New(sqlstate.ProtocolViolation, "insufficient data left in message")
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b, nil
}

func (r *reader) rest() []byte {
	b := r.data
	r.data = nil
	return b
}

func (r *reader) int16() (int16, error) {
	b, err := r.take(2)
	if err != nil {
		return 0, err
	}
	return int16(binary.BigEndian.Uint16(b)), nil
}

func (r *reader) int32() (int32, error) {
	b, err := r.take(4)
	if err != nil {
		return 0, err
	}
	return int32(binary.BigEndian.Uint32(b)), nil
}

func (r *reader) int64() (int64, error) {
	b, err := r.take(8)
	if err != nil {
		return 0, err
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

func (r *reader) text() (string, error) {
	b := r.rest()
	return string(b), CheckText(b)
}

// value reads what is left as a value of the type oid.
func (r *reader) value(oid uint32) (any, error) {
	switch oid {
	case OIDBool:
		b, err := r.take(1)
		return err == nil && b[0] != 0, err
	case OIDInt2:
		return boxed(r.int16())
	case OIDInt4:
		return boxed(r.int32())
	case OIDInt8:
		return boxed(r.int64())
	case OIDOid, OIDRegclass, OIDRegtype, OIDRegproc:
		v, err := r.int32()
		return int64(uint32(v)), err
	case OIDFloat4:
		v, err := r.int32()
		return math.Float32frombits(uint32(v)), err
	case OIDFloat8:
		v, err := r.int64()
		return math.Float64frombits(uint64(v)), err
	case OIDNumeric:
		return r.numeric()
	case OIDBytea:
		return append([]byte{}, r.rest()...), nil
	case OIDBit, OIDVarbit:
		return boxed(r.bit())
	case OIDUUID:
		b, err := r.take(16)
		var u types.UUIDValue
		copy(u[:], b)
		return u, err
	case OIDJSON:
		return r.json()
	case OIDJSONB:
		version, err := r.take(1)
		if err == nil && version[0] != 1 {
			err = sqlstate.Newf(sqlstate.InvalidBinaryRepresentation, "unsupported jsonb version number %d", version[0])
		}
		if err != nil {
			return nil, err
		}
		return r.json()
	}
	return r.timeOrText(oid)
}

func (r *reader) json() (any, error) {
	b := r.rest()
	if err := CheckText(b); err != nil {
		return nil, err
	}
	return boxed(parseJSON(b))
}

func (r *reader) timeOrText(oid uint32) (any, error) {
	switch oid {
	case OIDDate:
		return boxed(r.date())
	case OIDTime:
		v, err := r.clock()
		return types.TimeValue(v), err
	case OIDTimeTZ:
		return boxed(r.timeTZ())
	case OIDTimestamp:
		v, err := r.timestamp()
		return types.TimestampValue(v), err
	case OIDTimestampTZ:
		v, err := r.timestamp()
		return types.TimestampTZValue(v), err
	case OIDInterval:
		return boxed(r.interval())
	}
	if elem, ok := ElementOf(oid); ok {
		return r.array(elem)
	}
	if oid != 0 && oid < firstUserOID && !isTextOID(oid) {
		return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "the binary format of the type with OID %d is not supported", oid).
			WithHint("Send the parameter as text.")
	}
	return boxed(r.text())
}

// firstUserOID is where PostgreSQL's numbers for what users create begin.
const firstUserOID = 16384

func isTextOID(oid uint32) bool {
	switch oid {
	case OIDText, OIDVarchar, OIDBpchar, OIDName, OIDChar, OIDUnknown:
		return true
	}
	return false
}

func (r *reader) date() (types.DateValue, error) {
	v, err := r.int32()
	switch {
	case err != nil:
		return 0, err
	case v == math.MaxInt32:
		return types.InfiniteDate, nil
	case v == math.MinInt32:
		return -types.InfiniteDate, nil
	case v > math.MaxInt32-1-epochDays:
		return 0, sqlstate.New(sqlstate.DatetimeFieldOverflow, "date out of range")
	}
	return types.DateValue(v + epochDays), nil
}

func (r *reader) clock() (int64, error) {
	v, err := r.int64()
	if err == nil && (v < 0 || v > microsPerDay) {
		err = sqlstate.New(sqlstate.DatetimeFieldOverflow, "time out of range")
	}
	return v, err
}

func (r *reader) timeTZ() (types.TimeTZValue, error) {
	v, err := r.clock()
	if err != nil {
		return 0, err
	}
	west, err := r.int32()
	if err != nil {
		return 0, err
	}
	if west <= -16*3600 || west >= 16*3600 {
		return 0, sqlstate.New("22009", "time zone displacement out of range")
	}
	return types.MakeTimeTZ(v, -int(west)), nil
}

func (r *reader) timestamp() (int64, error) {
	v, err := r.int64()
	switch {
	case err != nil:
		return 0, err
	case v == math.MaxInt64:
		return types.InfiniteTimestamp, nil
	case v == math.MinInt64:
		return -types.InfiniteTimestamp, nil
	case v > math.MaxInt64-1-epochMicros:
		return 0, sqlstate.New(sqlstate.DatetimeFieldOverflow, "timestamp out of range")
	}
	return v + epochMicros, nil
}

func (r *reader) interval() (v types.IntervalValue, err error) {
	if v.Micros, err = r.int64(); err != nil {
		return v, err
	}
	if v.Days, err = r.int32(); err != nil {
		return v, err
	}
	v.Months, err = r.int32()
	return v, err
}

func (r *reader) bit() (types.BitValue, error) {
	n, err := r.int32()
	if err != nil {
		return "", err
	}
	if n < 0 {
		return "", sqlstate.New(sqlstate.InvalidBinaryRepresentation, "invalid length in external bit string")
	}
	b, err := r.take((int(n) + 7) / 8)
	if err != nil {
		return "", err
	}
	out := make([]byte, n)
	for i := range out {
		out[i] = '0' + b[i>>3]>>(7-uint(i)&7)&1
	}
	return types.BitValue(out), nil
}
