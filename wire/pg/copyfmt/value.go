package copyfmt

import (
	"math"
	"math/big"
	"strconv"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/wire/pg/encode"
)

// appendValue stores what encode.DecodeParam returned in a column of the type
// that the value was read for, or one that is narrower in DuckDB.
func appendValue(c *types.ColumnBuilder, v any) error {
	switch v := v.(type) {
	case nil:
		c.AppendNull()
	case bool:
		types.AppendFixed(c, v)
	case int16:
		return appendInteger(c, int64(v))
	case int32:
		return appendInteger(c, int64(v))
	case int64:
		return appendInteger(c, v)
	case float32:
		types.AppendFixed(c, v)
	case float64:
		types.AppendFixed(c, v)
	case string:
		if !types.IsString(c.Type()) {
			return noPlace(v, c.Type())
		}
		c.AppendBytes([]byte(v))
	case []byte:
		c.AppendBytes(v)
	case types.DecimalValue:
		return appendDecimal(c, v)
	case *big.Int:
		return appendDecimal(c, types.DecimalValue{Unscaled: v})
	case types.DateValue:
		types.AppendFixed(c, v)
	case types.TimeValue:
		types.AppendFixed(c, v)
	case types.TimeTZValue:
		types.AppendFixed(c, v)
	case types.TimestampValue:
		types.AppendFixed(c, inUnit(c.Type(), int64(v)))
	case types.TimestampTZValue:
		types.AppendFixed(c, v)
	case types.IntervalValue:
		types.AppendFixed(c, v)
	case types.UUIDValue:
		types.AppendFixed(c, v.Huge())
	case []any:
		return appendList(c, v)
	default:
		return noPlace(v, c.Type())
	}
	return nil
}

func noPlace(v any, t *types.Type) error {
	return sqlstate.Newf(sqlstate.FeatureNotSupported, "COPY can't store a %T as %s", v, t)
}

// inUnit rounds microseconds to the unit of TIMESTAMP_S and TIMESTAMP_MS.
func inUnit(t *types.Type, micros int64) int64 {
	unit := int64(1)
	switch t.ID {
	case types.TimestampS:
		unit = 1_000_000
	case types.TimestampMS:
		unit = 1000
	}
	if unit == 1 || micros == types.InfiniteTimestamp || micros == -types.InfiniteTimestamp {
		return micros
	}
	q, r := micros/unit, micros%unit
	switch {
	case 2*r >= unit:
		q++
	case 2*r < -unit:
		q--
	}
	return q
}

func appendList(c *types.ColumnBuilder, list []any) error {
	if c.Type().ID == types.Array {
		return appendArray(c, list)
	}
	for _, x := range list {
		if _, nested := x.([]any); nested {
			return sqlstate.Newf(sqlstate.InvalidTextRepresentation, "an array of several dimensions is no value of %s", c.Type()).
				WithHint("Write lists of lists as JSON.")
		}
		if err := appendValue(c.Child(0), x); err != nil {
			return err
		}
	}
	c.AppendList(len(list))
	return nil
}

// appendArray stores a fixed-size array, of several dimensions where its elements are arrays.
func appendArray(c *types.ColumnBuilder, list []any) error {
	t := c.Type()
	if len(list) != t.Size {
		return sqlstate.Newf(sqlstate.InvalidTextRepresentation, "an array of %d elements is no value of %s", len(list), t)
	}
	for _, x := range list {
		if _, nested := x.([]any); nested != (t.Child.ID == types.Array) && x != nil {
			return sqlstate.Newf(sqlstate.InvalidTextRepresentation, "the dimensions of the array are not those of %s", t)
		}
		if err := appendValue(c.Child(0), x); err != nil {
			return err
		}
	}
	c.AppendValid()
	return nil
}

// bounds are the ranges of DuckDB's integers that fit in an int64.
func bounds(t *types.Type) (lo, hi int64) {
	switch t.ID {
	case types.TinyInt:
		return math.MinInt8, math.MaxInt8
	case types.SmallInt:
		return math.MinInt16, math.MaxInt16
	case types.Integer:
		return math.MinInt32, math.MaxInt32
	case types.UTinyInt:
		return 0, math.MaxUint8
	case types.USmallInt:
		return 0, math.MaxUint16
	case types.UInteger:
		return 0, math.MaxUint32
	}
	return math.MinInt64, math.MaxInt64
}

func outOfRange(v string, t *types.Type) error {
	return sqlstate.Newf(sqlstate.NumericValueOutOfRange, `value "%s" is out of range for type %s`, v, t)
}

func appendInteger(c *types.ColumnBuilder, v int64) error {
	if lo, hi := bounds(c.Type()); v < lo || v > hi {
		return outOfRange(strconv.FormatInt(v, 10), c.Type())
	}
	appendWidth(c, v)
	return nil
}

// appendWidth stores the low bytes of v that the column has.
func appendWidth(c *types.ColumnBuilder, v int64) {
	switch types.PhysicalWidth(c.Type()) {
	case 1:
		types.AppendFixed(c, int8(v))
	case 2:
		types.AppendFixed(c, int16(v))
	case 4:
		types.AppendFixed(c, int32(v))
	case 8:
		types.AppendFixed(c, v)
	default:
		types.AppendFixed(c, types.Huge{Lo: uint64(v), Hi: v >> 63})
	}
}

// appendDecimal rounds to the column's scale, half away from zero, and checks the
// range: 22003 as PostgreSQL's "numeric field overflow".
func appendDecimal(c *types.ColumnBuilder, d types.DecimalValue) error {
	t := c.Type()
	scale := 0
	if t.ID == types.Decimal {
		scale = int(t.Scale)
	}
	v := rescale(d.Unscaled, scale-int(d.Scale))
	switch t.ID {
	case types.Decimal:
		if new(big.Int).Abs(v).Cmp(powerOfTen(int(t.Width))) >= 0 {
			return sqlstate.New(sqlstate.NumericValueOutOfRange, "numeric field overflow").
				WithDetail("A field with precision %d, scale %d must round to an absolute value less than 10^%d.", t.Width, t.Scale, t.Width-t.Scale)
		}
	case types.UBigInt:
		if !v.IsUint64() {
			return outOfRange(v.String(), t)
		}
		types.AppendFixed(c, v.Uint64())
		return nil
	case types.HugeInt:
		if !fitsHuge(v) {
			return outOfRange(v.String(), t)
		}
	}
	if types.PhysicalWidth(t) < 16 {
		appendWidth(c, v.Int64())
		return nil
	}
	low := new(big.Int).And(v, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	types.AppendFixed(c, types.Huge{Lo: low, Hi: new(big.Int).Rsh(v, 64).Int64()})
	return nil
}

// fitsHuge: from -2^127 to 2^127 - 1.
func fitsHuge(v *big.Int) bool {
	if v.Sign() < 0 {
		v = new(big.Int).Not(v)
	}
	return v.BitLen() <= 127
}

func powerOfTen(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// rescale multiplies by 10^n, for a negative n dividing and rounding.
func rescale(v *big.Int, n int) *big.Int {
	if n >= 0 {
		return new(big.Int).Mul(v, powerOfTen(n))
	}
	unit := powerOfTen(-n)
	q, r := new(big.Int).QuoRem(v, unit, new(big.Int))
	if r.Abs(r).Lsh(r, 1).Cmp(unit) >= 0 {
		q.Add(q, big.NewInt(int64(v.Sign())))
	}
	return q
}

// appendAsText stores the binary form's value as text that DuckDB casts.
func appendAsText(f *field, c *types.ColumnBuilder, raw []byte, v any) error {
	switch v := v.(type) {
	case string:
		c.AppendBytes([]byte(v))
	case types.BitValue:
		c.AppendBytes([]byte(v))
	case types.DecimalValue:
		c.AppendBytes(decimalText(v))
	case *big.Int:
		c.AppendBytes(v.Append(nil, 10))
	case types.TimeValue:
		return appendRendered(f, c, types.Of(types.Time), int64(v))
	case types.TimestampValue:
		return appendRendered(f, c, types.Of(types.Timestamp), int64(v))
	default:
		return sqlstate.Newf(sqlstate.FeatureNotSupported, "COPY BINARY doesn't read the %d bytes of a %s", len(raw), f.target).
			WithHint("Use the text or the CSV format for column \"%s\".", f.name)
	}
	return nil
}

// appendRendered writes a time as text, through the encoder of its type.
func appendRendered(f *field, c *types.ColumnBuilder, t *types.Type, v int64) error {
	b := types.NewBuilder([]*types.Type{t})
	types.AppendFixed(b.Column(0), v)
	e, err := encode.New([]types.Column{{Name: f.name, Type: t}}, nil, encode.Settings{}, nil)
	if err != nil {
		return err
	}
	if err := e.Use(b.Chunk()); err != nil {
		return err
	}
	out, _ := e.Cell(nil, 0, 0)
	c.AppendBytes(out)
	return e.Err()
}

func decimalText(d types.DecimalValue) []byte {
	digits := new(big.Int).Abs(d.Unscaled).String()
	for len(digits) <= int(d.Scale) {
		digits = "0" + digits
	}
	out := []byte{}
	if d.Unscaled.Sign() < 0 {
		out = append(out, '-')
	}
	point := len(digits) - int(d.Scale)
	out = append(out, digits[:point]...)
	if d.Scale > 0 {
		out = append(append(out, '.'), digits[point:]...)
	}
	return out
}
