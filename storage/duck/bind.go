package duck

import (
	"context"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Bind sets parameter i (1-based) and keeps a copy. v is nil, bool, any integer or
// float, string, []byte, time.Time, time.Duration, *big.Int, []any, map[string]any,
// one of package types' values, or of a type with one of these underneath.
//
// A value takes the parameter's type where that loses nothing; otherwise it keeps
// its own (int64 BIGINT, float64 DOUBLE, time.Time TIMESTAMPTZ, …) and DuckDB casts
// or refuses. A time.Time means its instant: for TIMESTAMP, DATE and TIME its UTC
// reading. A string for a parameter of another type is cast as DuckDB casts text,
// which may run a statement on the connection.
//
// Out of range i is 42P02, a value that has no place in SQL 42804, text that is no
// UTF-8 22021.
func (s *Stmt) Bind(i int, v any) error {
	if i < 1 || i > s.nparams {
		return sqlstate.Newf(sqlstate.UndefinedParameter, "there is no parameter $%d", i)
	}
	value, err := s.conn.newValue(s.ParamType(i), v)
	if err != nil {
		e := sqlstate.From(err)
		return e.WithWhere("parameter $%s", s.ParamName(i))
	}
	defer mapping.DestroyValue(&value)
	s.conn.busy.Lock()
	defer s.conn.busy.Unlock()
	if s.stmt == nil {
		return sqlstate.New(sqlstate.InvalidSQLStatementName, "the prepared statement is closed")
	}
	if mapping.BindValue(mapping.PreparedStatement{Ptr: unsafe.Pointer(s.stmt)}, mapping.IdxT(i), value) == mapping.StateError {
		return sqlstate.Newf(sqlstate.UndefinedParameter, "parameter $%d was refused", i)
	}
	if s.bound == nil {
		s.bound = make([]bool, s.nparams)
	}
	s.bound[i-1] = true
	return nil
}

// BindAll binds all parameters in order; a wrong number of values is 08P01.
func (s *Stmt) BindAll(args ...any) error {
	if len(args) != s.nparams {
		return sqlstate.Newf(sqlstate.ProtocolViolation, "statement has %d parameters, but %d values were given", s.nparams, len(args))
	}
	for i, v := range args {
		if err := s.Bind(i+1, v); err != nil {
			return err
		}
	}
	return nil
}

// checkBound refuses a statement with a parameter that no Bind has set.
func (s *Stmt) checkBound() error {
	for i := 0; i < s.nparams; i++ {
		if s.bound == nil || !s.bound[i] {
			return sqlstate.Newf(sqlstate.UndefinedParameter, "there is no value for parameter $%d", i+1)
		}
	}
	return nil
}

// newValue builds DuckDB's value for v, of type t where v fits it without loss.
func (c *Conn) newValue(t *types.Type, v any) (mapping.Value, error) {
	if t.ID == types.Union && v != nil {
		return c.unionValue(t, v)
	}
	switch x := v.(type) {
	case nil:
		return mapping.CreateNullValue(), nil
	case bool:
		return mapping.CreateBool(x), nil
	case int64:
		return integerValue(t, big.NewInt(x)), nil
	case *big.Int:
		if x == nil {
			return mapping.CreateNullValue(), nil
		}
		return integerValue(t, x), nil
	case float64:
		if t.ID == types.Float && float64(float32(x)) == x {
			return mapping.CreateFloat(float32(x)), nil
		}
		return mapping.CreateDouble(x), nil
	case float32:
		if t.ID == types.Double {
			return mapping.CreateDouble(float64(x)), nil
		}
		return mapping.CreateFloat(x), nil
	case string:
		return c.textValue(t, x)
	case []byte:
		return c.bytesValue(t, x)
	case time.Time:
		return timeValue(t, x), nil
	case time.Duration:
		if t.ID == types.Time {
			return mapping.CreateTime(mapping.NewTime(x.Microseconds())), nil
		}
		return mapping.CreateInterval(mapping.NewInterval(0, 0, x.Microseconds())), nil
	case []any:
		return c.listValue(t, x)
	case map[string]any:
		return c.mapValue(t, x)
	}
	if value, ok := exactValue(t, v); ok {
		return value, nil
	}
	return c.reflectValue(t, reflect.ValueOf(v))
}

// exactValue builds the value of one of package types' types.
func exactValue(t *types.Type, v any) (mapping.Value, bool) {
	switch x := v.(type) {
	case types.DecimalValue:
		return decimalValue(t, x), true
	case types.DateValue:
		return mapping.CreateDate(mapping.NewDate(int32(x))), true
	case types.TimeValue:
		return mapping.CreateTime(mapping.NewTime(int64(x))), true
	case types.TimeTZValue:
		return mapping.CreateTimeTZValue(mapping.NewTimeTZ(uint64(x))), true
	case types.TimestampValue:
		return mapping.CreateTimestamp(mapping.NewTimestamp(int64(x))), true
	case types.TimestampTZValue:
		return mapping.CreateTimestampTZ(mapping.NewTimestamp(int64(x))), true
	case types.BitValue:
		if b, ok := packBits(string(x)); ok {
			return bitValue(b), true
		}
	case types.TimestampNSValue:
		return mapping.CreateTimestampNS(mapping.NewTimestampNS(int64(x))), true
	case timeNS:
		return mapping.CreateTimeNS(mapping.NewTimeNS(int64(x))), true
	case timestampMS:
		return mapping.CreateTimestampMS(mapping.NewTimestampMS(int64(x))), true
	case timestampS:
		return mapping.CreateTimestampS(mapping.NewTimestampS(int64(x))), true
	case types.IntervalValue:
		return mapping.CreateInterval(mapping.NewInterval(x.Months, x.Days, x.Micros)), true
	case types.UUIDValue:
		h := x.Huge()
		return mapping.CreateUUID(mapping.NewUHugeInt(h.Lo, uint64(h.Hi)^1<<63)), true
	case types.Huge:
		return mapping.CreateHugeInt(mapping.NewHugeInt(x.Lo, x.Hi)), true
	}
	return mapping.Value{}, false
}

// integerValue prefers t, then BIGINT, then the smallest wide type.
func integerValue(t *types.Type, n *big.Int) mapping.Value {
	if n.IsInt64() {
		i := n.Int64()
		switch t.ID {
		case types.TinyInt:
			if i == int64(int8(i)) {
				return mapping.CreateInt8(int8(i))
			}
		case types.SmallInt:
			if i == int64(int16(i)) {
				return mapping.CreateInt16(int16(i))
			}
		case types.Integer:
			if i == int64(int32(i)) {
				return mapping.CreateInt32(int32(i))
			}
		case types.UTinyInt:
			if i == int64(uint8(i)) {
				return mapping.CreateUInt8(uint8(i))
			}
		case types.USmallInt:
			if i == int64(uint16(i)) {
				return mapping.CreateUInt16(uint16(i))
			}
		case types.UInteger:
			if i == int64(uint32(i)) {
				return mapping.CreateUInt32(uint32(i))
			}
		case types.Float:
			if i == int64(float32(i)) && i > -1<<24 && i < 1<<24 {
				return mapping.CreateFloat(float32(i))
			}
		case types.Double:
			if i > -1<<53 && i < 1<<53 {
				return mapping.CreateDouble(float64(i))
			}
		}
	}
	switch h, ok := types.HugeOf(n, t.ID == types.UHugeInt); {
	case ok && t.ID == types.HugeInt:
		return mapping.CreateHugeInt(mapping.NewHugeInt(h.Lo, h.Hi))
	case ok && t.ID == types.UHugeInt:
		return mapping.CreateUHugeInt(mapping.NewUHugeInt(h.Lo, uint64(h.Hi)))
	}
	if t.ID == types.UBigInt && n.IsUint64() {
		return mapping.CreateUInt64(n.Uint64())
	}
	if t.ID == types.Decimal && n.IsInt64() {
		return decimalValue(t, types.DecimalValue{Unscaled: n})
	}
	if t.ID != types.BigNum {
		if n.IsInt64() {
			return mapping.CreateInt64(n.Int64())
		}
		if h, ok := types.HugeOf(n, false); ok {
			return mapping.CreateHugeInt(mapping.NewHugeInt(h.Lo, h.Hi))
		}
		if h, ok := types.HugeOf(n, true); ok {
			return mapping.CreateUHugeInt(mapping.NewUHugeInt(h.Lo, uint64(h.Hi)))
		}
	}
	magnitude := new(big.Int).Abs(n).Bytes()
	if len(magnitude) == 0 {
		magnitude = []byte{0}
	}
	b := mapping.NewBigNum(magnitude, n.Sign() < 0)
	defer mapping.DestroyBigNum(&b)
	return mapping.CreateBigNum(b)
}

// decimalValue takes t's width and scale if the value fits them exactly, else the
// narrowest that hold it; beyond 38 digits it becomes a DOUBLE.
func decimalValue(t *types.Type, d types.DecimalValue) mapping.Value {
	if d.Unscaled == nil {
		return mapping.CreateNullValue()
	}
	n, scale := d.Unscaled, int(d.Scale)
	if t.ID == types.Decimal && int(t.Scale) >= scale {
		wide := new(big.Int).Mul(n, pow10(int(t.Scale)-scale))
		if wide.CmpAbs(pow10(int(t.Width))) < 0 {
			return createDecimal(t.Width, t.Scale, wide)
		}
	}
	digits := len(new(big.Int).Abs(n).String())
	if digits <= scale {
		digits = max(scale, min(scale+1, 38)) // as text, DECIMAL(1,1) is ".5"
	}
	if digits > 38 {
		f, _ := strconv.ParseFloat(d.String(), 64)
		return mapping.CreateDouble(f)
	}
	return createDecimal(uint8(digits), uint8(scale), n)
}

func createDecimal(width, scale uint8, n *big.Int) mapping.Value {
	h, _ := types.HugeOf(n, false)
	return mapping.CreateDecimal(mapping.NewDecimal(width, scale, mapping.NewHugeInt(h.Lo, h.Hi)))
}

func pow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// timeValue gives t's reading of an instant.
func timeValue(t *types.Type, x time.Time) mapping.Value {
	x = x.UTC()
	switch t.ID {
	case types.Date:
		return mapping.CreateDate(mapping.NewDate(daysOf(x)))
	case types.Time:
		return mapping.CreateTime(mapping.NewTime(sinceMidnight(x) / 1000))
	case types.TimeNS:
		return mapping.CreateTimeNS(mapping.NewTimeNS(sinceMidnight(x)))
	case types.TimestampS:
		return mapping.CreateTimestampS(mapping.NewTimestampS(x.Unix()))
	case types.TimestampMS:
		return mapping.CreateTimestampMS(mapping.NewTimestampMS(x.UnixMilli()))
	case types.TimestampNS:
		if ns := x.UnixNano(); time.Unix(0, ns).Equal(x) {
			return mapping.CreateTimestampNS(mapping.NewTimestampNS(ns))
		}
	}
	return microsValue(t, x.UnixMicro())
}

func sinceMidnight(x time.Time) int64 {
	return int64(x.Hour())*3600e9 + int64(x.Minute())*60e9 + int64(x.Second())*1e9 + int64(x.Nanosecond())
}

func microsValue(t *types.Type, us int64) mapping.Value {
	if t.ID == types.Timestamp {
		return mapping.CreateTimestamp(mapping.NewTimestamp(us))
	}
	return mapping.CreateTimestampTZ(mapping.NewTimestamp(us))
}

// textValue reads the common types itself and asks DuckDB for the others.
func (c *Conn) textValue(t *types.Type, s string) (mapping.Value, error) {
	if !utf8.ValidString(s) {
		return mapping.Value{}, sqlstate.New(sqlstate.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\"")
	}
	switch t.ID {
	case types.Varchar, types.Unknown, types.Any, types.SQLNull:
		return mapping.CreateVarcharLength(s, mapping.IdxT(len(s))), nil
	case types.TinyInt, types.SmallInt, types.Integer, types.BigInt, types.UTinyInt, types.USmallInt, types.UInteger,
		types.UBigInt, types.HugeInt, types.UHugeInt, types.BigNum:
		if n, ok := new(big.Int).SetString(s, 10); ok && fits(t.ID, n) {
			return integerValue(t, n), nil
		}
	case types.Decimal:
		if d, ok := types.ParseDecimal(s); ok && d.Scale <= t.Scale {
			return decimalValue(t, d), nil
		}
	case types.Float, types.Double:
		if f, err := strconv.ParseFloat(s, 64); err == nil && t.ID == types.Double {
			return mapping.CreateDouble(f), nil
		}
	case types.UUID:
		if u, ok := types.ParseUUID(s); ok {
			v, _ := exactValue(t, u)
			return v, nil
		}
	case types.Enum:
		for k, l := range t.Labels {
			if l == s {
				return c.enumValue(t, k)
			}
		}
	case types.Bit:
		if b, ok := packBits(s); ok {
			return bitValue(b), nil
		}
	}
	return c.castText(t, s)
}

// fits reports whether n is in the range of an integer type.
func fits(id types.ID, n *big.Int) bool {
	bits, signed := 0, true
	switch id {
	case types.TinyInt:
		bits = 7
	case types.SmallInt:
		bits = 15
	case types.Integer:
		bits = 31
	case types.BigInt:
		bits = 63
	case types.HugeInt:
		bits = 127
	case types.UTinyInt:
		bits, signed = 8, false
	case types.USmallInt:
		bits, signed = 16, false
	case types.UInteger:
		bits, signed = 32, false
	case types.UBigInt:
		bits, signed = 64, false
	case types.UHugeInt:
		bits, signed = 128, false
	default:
		return true
	}
	if n.Sign() < 0 {
		return signed && new(big.Int).Not(n).BitLen() <= bits
	}
	return n.BitLen() <= bits
}

func (c *Conn) enumValue(t *types.Type, k int) (mapping.Value, error) {
	lt, err := logicalType(t)
	if err != nil {
		return mapping.Value{}, err
	}
	defer mapping.DestroyLogicalType(&lt)
	return mapping.CreateEnumValue(lt, uint64(k)), nil
}

func bitValue(b []byte) mapping.Value {
	bit := mapping.NewBit(b)
	defer mapping.DestroyBit(&bit)
	return mapping.CreateBit(bit)
}

func (c *Conn) bytesValue(t *types.Type, b []byte) (mapping.Value, error) {
	switch {
	case b == nil:
		return mapping.CreateNullValue(), nil
	case t.ID == types.Varchar:
		return c.textValue(t, string(b))
	case t.ID == types.UUID && len(b) == 16:
		v, _ := exactValue(t, types.UUIDValue(b))
		return v, nil
	}
	return mapping.CreateBlob(b), nil
}

// castText lets DuckDB read text as type t.
func (c *Conn) castText(t *types.Type, s string) (mapping.Value, error) {
	var none mapping.Value
	ctx := context.Background()
	r, err := c.Query(ctx, "SELECT CAST($1::VARCHAR AS "+t.String()+")", s)
	if err != nil {
		return none, atNowhere(err)
	}
	defer r.Close()
	chunk, err := r.Next(ctx)
	if err != nil {
		return none, atNowhere(err)
	}
	if chunk == nil || chunk.Len == 0 {
		return none, sqlstate.Newf(sqlstate.InternalError, "casting text to %s gave no row", t)
	}
	return c.copyValue(&chunk.Columns[0], 0)
}

// atNowhere drops a position: it points into text that the caller did not write.
func atNowhere(err error) error {
	e := sqlstate.From(err)
	e.Position = 0
	return e
}

// reflectValue handles named types, other widths, slices and pointers.
func (c *Conn) reflectValue(t *types.Type, v reflect.Value) (mapping.Value, error) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return mapping.CreateNullValue(), nil
		}
		return c.newValue(t, v.Elem().Interface())
	case reflect.Bool:
		return c.newValue(t, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return c.newValue(t, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return integerValue(t, new(big.Int).SetUint64(v.Uint())), nil
	case reflect.Float32, reflect.Float64:
		return c.newValue(t, v.Float())
	case reflect.String:
		return c.newValue(t, v.String())
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
			return c.bytesValue(t, v.Bytes())
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = v.Index(i).Interface()
		}
		return c.listValue(t, list)
	}
	return mapping.Value{}, sqlstate.New(sqlstate.DatatypeMismatch, fmt.Sprintf("a Go value of type %s has no type in SQL", v.Type()))
}
