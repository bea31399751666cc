package types

import (
	"fmt"
	"math"
	"math/big"
	"time"
)

// Append appends a Go value to the column: nil is NULL; bool; any integer, float or
// *big.Int that the type can hold exactly; string and []byte for Varchar and Blob;
// time.Time for dates and timestamps (its instant; a Date is its UTC day);
// IntervalValue and time.Duration for Interval; the …Value types of this package;
// []any for List and Array; map[string]any for Struct and Map of Varchar keys, whose
// entries come in no order. It is for small results: a value is boxed here. A value
// that doesn't fit is an error and appends nothing.
func (c *ColumnBuilder) Append(v any) error {
	if v == nil {
		c.AppendNull()
		return nil
	}
	switch c.typ.ID {
	case Boolean:
		if b, ok := v.(bool); ok {
			AppendFixed(c, b)
			return nil
		}
	case TinyInt, SmallInt, Integer, BigInt, HugeInt, UTinyInt, USmallInt, UInteger, UBigInt, UHugeInt:
		return c.appendInteger(v)
	case Float, Double:
		return c.appendFloat(v)
	case Decimal:
		return c.appendDecimal(v)
	case Varchar, Blob, Bit, BigNum, Geometry:
		switch s := v.(type) {
		case string:
			c.AppendBytes([]byte(s))
			return nil
		case []byte:
			c.AppendBytes(s)
			return nil
		}
	case UUID:
		if u, ok := v.(UUIDValue); ok {
			AppendFixed(c, u.Huge())
			return nil
		}
	case Date, Time, TimeNS, TimeTZ, Timestamp, TimestampS, TimestampMS, TimestampNS, TimestampTZ, Interval:
		return c.appendTime(v)
	case Enum:
		return c.appendLabel(v)
	case List, Array:
		return c.appendElements(v)
	case Struct, Map:
		return c.appendMembers(v)
	}
	return c.mismatch(v)
}

func (c *ColumnBuilder) mismatch(v any) error {
	return fmt.Errorf("a %T is no value for a column of type %s", v, c.typ)
}

func (c *ColumnBuilder) outOfRange(v any) error {
	return fmt.Errorf("%v is out of range for type %s", v, c.typ)
}

// bigOf returns an integer of any Go type.
func bigOf(v any) (*big.Int, bool) {
	switch n := v.(type) {
	case int:
		return big.NewInt(int64(n)), true
	case int8:
		return big.NewInt(int64(n)), true
	case int16:
		return big.NewInt(int64(n)), true
	case int32:
		return big.NewInt(int64(n)), true
	case int64:
		return big.NewInt(n), true
	case uint:
		return new(big.Int).SetUint64(uint64(n)), true
	case uint8:
		return big.NewInt(int64(n)), true
	case uint16:
		return big.NewInt(int64(n)), true
	case uint32:
		return big.NewInt(int64(n)), true
	case uint64:
		return new(big.Int).SetUint64(n), true
	case *big.Int:
		return n, n != nil
	}
	return nil, false
}

func (c *ColumnBuilder) appendInteger(v any) error {
	n, ok := bigOf(v)
	if !ok {
		return c.mismatch(v)
	}
	bits := 8 * c.width
	switch c.typ.ID {
	case UTinyInt, USmallInt, UInteger, UBigInt, UHugeInt:
		if n.Sign() < 0 || n.BitLen() > bits {
			return c.outOfRange(v)
		}
	default:
		m := n
		if n.Sign() < 0 {
			m = new(big.Int).Not(n)
		}
		if m.BitLen() > bits-1 {
			return c.outOfRange(v)
		}
	}
	c.appendBig(n)
	return nil
}

// appendBig appends n in the column's width, two's complement.
func (c *ColumnBuilder) appendBig(n *big.Int) {
	h := hugeOf(n)
	switch c.width {
	case 1:
		AppendFixed(c, uint8(h.Lo))
	case 2:
		AppendFixed(c, uint16(h.Lo))
	case 4:
		AppendFixed(c, uint32(h.Lo))
	case 8:
		AppendFixed(c, h.Lo)
	default:
		AppendFixed(c, h)
	}
}

func hugeOf(n *big.Int) Huge {
	m := n
	if n.Sign() < 0 {
		m = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	lo := new(big.Int).And(m, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	return Huge{Lo: lo, Hi: int64(new(big.Int).Rsh(m, 64).Uint64())}
}

func (c *ColumnBuilder) appendFloat(v any) error {
	var f float64
	switch x := v.(type) {
	case float64:
		f = x
	case float32:
		f = float64(x)
	default:
		n, ok := bigOf(v)
		if !ok {
			return c.mismatch(v)
		}
		f, _ = new(big.Float).SetInt(n).Float64()
	}
	if c.typ.ID == Float {
		AppendFixed(c, float32(f))
	} else {
		AppendFixed(c, f)
	}
	return nil
}

func (c *ColumnBuilder) appendDecimal(v any) error {
	d, ok := v.(DecimalValue)
	if !ok {
		n, isInt := bigOf(v)
		if !isInt {
			return c.mismatch(v)
		}
		d = DecimalValue{Unscaled: n}
	}
	if d.Scale > c.typ.Scale {
		return c.outOfRange(v)
	}
	n := new(big.Int).Mul(d.Unscaled, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.typ.Scale-d.Scale)), nil))
	if new(big.Int).Abs(n).Cmp(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.typ.Width)), nil)) >= 0 {
		return c.outOfRange(v)
	}
	c.appendBig(n)
	return nil
}

func (c *ColumnBuilder) appendTime(v any) error {
	switch c.typ.ID {
	case Date:
		switch x := v.(type) {
		case DateValue:
			AppendFixed(c, x)
			return nil
		case time.Time:
			days := x.Unix() / 86400
			if x.Unix()%86400 < 0 {
				days--
			}
			AppendFixed(c, int32(days))
			return nil
		}
	case Time, TimeNS:
		if x, ok := v.(TimeValue); ok {
			if c.typ.ID == TimeNS {
				x *= 1000
			}
			AppendFixed(c, x)
			return nil
		}
	case TimeTZ:
		if x, ok := v.(TimeTZValue); ok {
			AppendFixed(c, x)
			return nil
		}
	case Interval:
		switch x := v.(type) {
		case IntervalValue:
			AppendFixed(c, x)
			return nil
		case time.Duration:
			AppendFixed(c, IntervalValue{Micros: x.Microseconds()})
			return nil
		}
	default:
		return c.appendTimestamp(v)
	}
	return c.mismatch(v)
}

func (c *ColumnBuilder) appendTimestamp(v any) error {
	switch x := v.(type) {
	case TimestampValue:
		if c.typ.ID == Timestamp {
			AppendFixed(c, x)
			return nil
		}
	case TimestampTZValue:
		if c.typ.ID == TimestampTZ {
			AppendFixed(c, x)
			return nil
		}
	case time.Time:
		n := x.UnixMicro()
		switch c.typ.ID {
		case TimestampS:
			n = x.Unix()
		case TimestampMS:
			n = x.UnixMilli()
		case TimestampNS:
			n = x.UnixNano()
		}
		AppendFixed(c, n)
		return nil
	}
	return c.mismatch(v)
}

func (c *ColumnBuilder) appendLabel(v any) error {
	s, ok := v.(string)
	if !ok {
		return c.mismatch(v)
	}
	for i, l := range c.typ.Labels {
		if l == s {
			c.appendBig(big.NewInt(int64(i)))
			return nil
		}
	}
	return c.outOfRange(v)
}

func (c *ColumnBuilder) appendElements(v any) error {
	list, ok := v.([]any)
	if !ok {
		return c.mismatch(v)
	}
	if c.typ.ID == Array && len(list) != c.typ.Size {
		return fmt.Errorf("%d elements for type %s", len(list), c.typ)
	}
	child := c.children[0]
	before := child.n
	for _, e := range list {
		if err := child.Append(e); err != nil {
			child.truncate(before)
			return err
		}
	}
	if c.typ.ID == Array {
		c.AppendValid()
	} else {
		c.AppendList(len(list))
	}
	return nil
}

func (c *ColumnBuilder) appendMembers(v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return c.mismatch(v)
	}
	if c.typ.ID == Map {
		pairs := c.children[0]
		before := pairs.n
		for k, e := range m {
			err := pairs.children[0].Append(k)
			if err == nil {
				err = pairs.children[1].Append(e)
			}
			if err != nil {
				pairs.truncate(before)
				return err
			}
			pairs.AppendValid()
		}
		c.AppendList(len(m))
		return nil
	}
	for i, f := range c.typ.Fields {
		if err := c.children[i].Append(m[f.Name]); err != nil {
			for _, k := range c.children {
				k.truncate(c.n)
			}
			return err
		}
	}
	c.AppendValid()
	return nil
}
