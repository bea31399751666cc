package duck

import (
	"maps"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Set writes a Go value of the kinds that Bind takes into row i, converting it to
// the vector's type where that loses nothing. A value that doesn't fit is 22003,
// one of the wrong kind 42804. It is for small results, never for a hot path.
func (w *Writer) Set(i int, v any) error {
	if v == nil {
		w.SetNull(i)
		return nil
	}
	ok := false
	switch t := w.vec.Type; t.ID {
	case types.Boolean:
		var b bool
		if b, ok = v.(bool); ok {
			types.Slice[bool](&w.vec)[i] = b
		}
	case types.TinyInt, types.SmallInt, types.Integer, types.BigInt, types.UTinyInt, types.USmallInt, types.UInteger,
		types.UBigInt, types.HugeInt, types.UHugeInt, types.BigNum:
		n := bigOf(v)
		if ok = n != nil; ok && !fits(t.ID, n) {
			return sqlstate.Newf(sqlstate.NumericValueOutOfRange, "value %s is out of range for type %s", n, t)
		}
		if ok {
			w.setInteger(i, n)
		}
	case types.Float:
		var f float64
		if f, ok = floatOf(v); ok {
			types.Slice[float32](&w.vec)[i] = float32(f)
		}
	case types.Double:
		var f float64
		if f, ok = floatOf(v); ok {
			types.Slice[float64](&w.vec)[i] = f
		}
	case types.Decimal:
		return w.setDecimal(i, v)
	case types.Varchar, types.Blob, types.Geometry, types.Bit, types.UUID, types.Enum:
		return w.setText(i, v)
	case types.List, types.Map, types.Array, types.Struct, types.Union:
		return w.setNested(i, v)
	default:
		ok = w.setTime(i, v)
	}
	if !ok {
		return w.mismatch(v)
	}
	return nil
}

func (w *Writer) mismatch(v any) error {
	return sqlstate.Newf(sqlstate.DatatypeMismatch, "a Go value of type %T does not fit type %s", v, w.vec.Type)
}

// bigOf is v as an integer, nil if it is none.
func bigOf(v any) *big.Int {
	switch x := v.(type) {
	case *big.Int:
		return x
	case types.Huge:
		return x.Big()
	case string:
		if n, ok := new(big.Int).SetString(x, 10); ok {
			return n
		}
		return nil
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return big.NewInt(r.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return new(big.Int).SetUint64(r.Uint())
	}
	return nil
}

func floatOf(v any) (float64, bool) {
	switch x := v.(type) {
	case float64:
		return x, true
	case float32:
		return float64(x), true
	case string:
		f, err := strconv.ParseFloat(x, 64)
		return f, err == nil
	}
	if n := bigOf(v); n != nil {
		f, accuracy := new(big.Float).SetInt(n).Float64()
		return f, accuracy == big.Exact
	}
	return 0, false
}

// setInteger writes n, which fits.
func (w *Writer) setInteger(i int, n *big.Int) {
	switch v := &w.vec; v.Type.ID {
	case types.TinyInt:
		types.Slice[int8](v)[i] = int8(n.Int64())
	case types.SmallInt:
		types.Slice[int16](v)[i] = int16(n.Int64())
	case types.Integer:
		types.Slice[int32](v)[i] = int32(n.Int64())
	case types.BigInt:
		types.Slice[int64](v)[i] = n.Int64()
	case types.UTinyInt:
		types.Slice[uint8](v)[i] = uint8(n.Uint64())
	case types.USmallInt:
		types.Slice[uint16](v)[i] = uint16(n.Uint64())
	case types.UInteger:
		types.Slice[uint32](v)[i] = uint32(n.Uint64())
	case types.UBigInt:
		types.Slice[uint64](v)[i] = n.Uint64()
	case types.BigNum:
		w.SetBytes(i, packBigNum(n))
	default:
		h, _ := types.HugeOf(n, v.Type.ID == types.UHugeInt)
		types.Slice[types.Huge](v)[i] = h
	}
}

func (w *Writer) setDecimal(i int, v any) error {
	t := w.vec.Type
	d, ok := v.(types.DecimalValue)
	if s, isText := v.(string); isText {
		d, ok = types.ParseDecimal(s)
	}
	if f, isFloat := v.(float64); isFloat && !math.IsInf(f, 0) && f == f {
		d, ok = types.ParseDecimal(strconv.FormatFloat(f, 'f', -1, 64))
	}
	if n := bigOf(v); !ok && n != nil {
		d, ok = types.DecimalValue{Unscaled: n}, true
	}
	if !ok {
		return w.mismatch(v)
	}
	n := d.Unscaled
	if d.Scale > t.Scale {
		q, r := new(big.Int).QuoRem(n, pow10(int(d.Scale-t.Scale)), new(big.Int))
		if r.Sign() != 0 {
			return sqlstate.Newf(sqlstate.NumericValueOutOfRange, "value %s has too many digits for type %s", d, t)
		}
		n = q
	} else {
		n = new(big.Int).Mul(n, pow10(int(t.Scale-d.Scale)))
	}
	if n.CmpAbs(pow10(int(t.Width))) >= 0 {
		return sqlstate.Newf(sqlstate.NumericValueOutOfRange, "value %s is out of range for type %s", d, t)
	}
	switch v := &w.vec; types.PhysicalWidth(t) {
	case 2:
		types.Slice[int16](v)[i] = int16(n.Int64())
	case 4:
		types.Slice[int32](v)[i] = int32(n.Int64())
	case 8:
		types.Slice[int64](v)[i] = n.Int64()
	default:
		types.Slice[types.Huge](v)[i], _ = types.HugeOf(n, false)
	}
	return nil
}

// setText writes the types that are given as text or bytes.
func (w *Writer) setText(i int, v any) error {
	var s string
	switch x := v.(type) {
	case string:
		s = x
	case []byte:
		if x == nil {
			w.SetNull(i)
			return nil
		}
		s = string(x)
	case types.BitValue:
		s = string(x)
	case types.UUIDValue:
		if w.vec.Type.ID == types.UUID {
			types.Slice[types.Huge](&w.vec)[i] = x.Huge()
			return nil
		}
		s = x.String()
	default:
		return w.mismatch(v)
	}
	switch t := w.vec.Type; t.ID {
	case types.Bit:
		b, ok := packBits(s)
		if !ok {
			return sqlstate.Newf(sqlstate.InvalidTextRepresentation, "%q is not a bit string", s)
		}
		w.SetBytes(i, b)
	case types.UUID:
		u, ok := types.ParseUUID(s)
		if !ok {
			return sqlstate.Newf(sqlstate.InvalidTextRepresentation, "invalid input syntax for type uuid: %q", s)
		}
		types.Slice[types.Huge](&w.vec)[i] = u.Huge()
	case types.Enum:
		return w.setLabel(i, s)
	default:
		w.SetString(i, s)
		return w.err
	}
	return nil
}

func (w *Writer) setLabel(i int, s string) error {
	for k, label := range w.vec.Type.Labels {
		if label != s {
			continue
		}
		switch v := &w.vec; types.PhysicalWidth(v.Type) {
		case 1:
			types.Slice[uint8](v)[i] = uint8(k)
		case 2:
			types.Slice[uint16](v)[i] = uint16(k)
		default:
			types.Slice[uint32](v)[i] = uint32(k)
		}
		return nil
	}
	return sqlstate.Newf(sqlstate.InvalidTextRepresentation, "invalid input value for enum: %q", s)
}

// setTime writes dates, times and intervals; ok is false for another kind of value.
func (w *Writer) setTime(i int, v any) (ok bool) {
	vec, id := &w.vec, w.vec.Type.ID
	if id == types.Interval {
		switch x := v.(type) {
		case types.IntervalValue:
			types.Slice[types.IntervalValue](vec)[i] = x
		case time.Duration:
			types.Slice[types.IntervalValue](vec)[i] = types.IntervalValue{Micros: x.Microseconds()}
		default:
			return false
		}
		return true
	}
	if id == types.Date {
		switch x := v.(type) {
		case types.DateValue:
			types.Slice[int32](vec)[i] = int32(x)
		case time.Time:
			types.Slice[int32](vec)[i] = daysOf(x)
		default:
			return false
		}
		return true
	}
	n, ok := int64(0), true
	switch x := v.(type) {
	case types.TimeValue:
		n, ok = int64(x), id == types.Time
	case types.TimeTZValue:
		n, ok = int64(x), id == types.TimeTZ
	case types.TimestampValue:
		n, ok = int64(x), id == types.Timestamp
	case types.TimestampTZValue:
		n, ok = int64(x), id == types.TimestampTZ
	case types.TimestampNSValue:
		n, ok = int64(x), id == types.TimestampNS
	case time.Duration:
		n, ok = x.Microseconds(), id == types.Time
	case time.Time:
		n, ok = ticksOf(id, x.UTC())
	default:
		ok = false
	}
	if ok {
		types.Slice[int64](vec)[i] = n
	}
	return ok
}

// daysOf is the UTC day of x.
func daysOf(x time.Time) int32 {
	days := x.Unix() / 86400
	if x.Unix()%86400 < 0 {
		days--
	}
	return int32(days)
}

// ticksOf is x in the unit of a type of eight bytes.
func ticksOf(id types.ID, x time.Time) (int64, bool) {
	switch id {
	case types.Time:
		return sinceMidnight(x) / 1000, true
	case types.TimeNS:
		return sinceMidnight(x), true
	case types.TimeTZ:
		return int64(types.MakeTimeTZ(sinceMidnight(x)/1000, 0)), true
	case types.Timestamp, types.TimestampTZ:
		return x.UnixMicro(), true
	case types.TimestampS:
		return x.Unix(), true
	case types.TimestampMS:
		return x.UnixMilli(), true
	case types.TimestampNS:
		return x.UnixNano(), true
	}
	return 0, false
}

// setNested writes lists, maps, structs. A UNION takes the first member that the
// value fits.
func (w *Writer) setNested(i int, v any) error {
	switch t := w.vec.Type; t.ID {
	case types.Struct:
		m, ok := v.(map[string]any)
		if !ok {
			return w.mismatch(v)
		}
		for k, f := range t.Fields {
			if err := w.Child(k).Set(i, m[f.Name]); err != nil {
				return err
			}
		}
		return nil
	case types.Array:
		list, ok := v.([]any)
		if !ok || len(list) != t.Size {
			return w.mismatch(v)
		}
		return w.Child(0).setAll(i*t.Size, list)
	case types.Union:
		return w.setMember(i, v)
	case types.Map:
		if m, ok := v.(map[string]any); ok {
			list := make([]any, 0, len(m))
			for _, key := range slices.Sorted(maps.Keys(m)) {
				list = append(list, map[string]any{"key": key, "value": m[key]})
			}
			v = list
		}
	}
	list, ok := v.([]any)
	if !ok {
		return w.mismatch(v)
	}
	offset := w.child(0).filled(w)
	c, err := w.Grow(offset + len(list))
	if err != nil {
		return err
	}
	w.SetList(i, offset, len(list))
	return c.setAll(offset, list)
}

// filled is the number of elements that a list's child has, 0 if it was not grown yet.
func (w *Writer) filled(parent *Writer) int {
	if parent.children[0].raw == nil {
		return 0
	}
	return w.vec.Len
}

func (w *Writer) setAll(offset int, list []any) error {
	for k, x := range list {
		if err := w.Set(offset+k, x); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) setMember(i int, v any) error {
	for k := range w.vec.Type.Fields {
		if w.Child(k+1).Set(i, v) != nil {
			continue
		}
		types.Slice[uint8](&w.Child(0).vec)[i] = uint8(k)
		for other := range w.vec.Type.Fields {
			if other != k {
				w.Child(other + 1).SetNull(i)
			}
		}
		return nil
	}
	return w.mismatch(v)
}
