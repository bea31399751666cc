package encode

import "github.com/eiderdb/eider/sql/types"

// chooseText picks the text form of c.typ.
func (c *column) chooseText(pg PGType) {
	switch c.typ.ID {
	case types.SmallInt:
		c.op = opTextInt16
	case types.Integer:
		c.op = opTextInt32
	case types.BigInt:
		c.op = opTextInt64
	case types.Double:
		if !c.session.LegacyFloats {
			c.op = opTextDouble
		}
	case types.Timestamp:
		c.op = opTextTimestamp
	case types.Varchar:
		c.op = opBytes
	case types.List, types.Array:
		c.chooseArray(pg, textArray)
		return
	case types.Struct, types.Map, types.Union, types.Variant:
		c.chooseJSON()
		return
	}
	c.append = c.scalarText()
}

// scalarText returns the text form of a type that has no children.
func (c *column) scalarText() appendFunc {
	switch c.typ.ID {
	case types.Boolean:
		return textBool
	case types.TinyInt:
		return textInt[int8]
	case types.SmallInt:
		return textInt[int16]
	case types.Integer:
		return textInt[int32]
	case types.BigInt:
		return textInt[int64]
	case types.UTinyInt:
		return textUint[uint8]
	case types.USmallInt:
		return textUint[uint16]
	case types.UInteger:
		return textUint[uint32]
	case types.UBigInt:
		return textUint[uint64]
	case types.HugeInt:
		return textHuge
	case types.UHugeInt:
		return textUHuge
	case types.BigNum:
		return textBigNum
	case types.Decimal:
		return textDecimal(c.typ)
	case types.Float:
		return textFloat32
	case types.Double:
		return textFloat64
	}
	return c.bytesOrTimeText()
}

func (c *column) bytesOrTimeText() appendFunc {
	switch c.typ.ID {
	case types.Varchar:
		return appendBytes
	case types.Blob, types.Geometry:
		return textBytea
	case types.Bit:
		return textBit
	case types.UUID:
		return textUUID
	case types.Enum:
		return textEnum(c.typ)
	case types.Date:
		return textDate
	case types.Time:
		return textTime
	case types.TimeNS:
		return textTimeNS
	case types.TimeTZ:
		return textTimeTZ
	case types.Timestamp:
		return textTimestamp
	case types.TimestampS, types.TimestampMS, types.TimestampNS:
		return textOtherTimestamp
	case types.TimestampTZ:
		return textTimestampTZ
	case types.Interval:
		return textInterval
	}
	return textNothing
}

// textNothing is the form of types whose every value is NULL.
func textNothing(_ *column, dst []byte, _ int) []byte { return dst }

func textBool(c *column, dst []byte, row int) []byte {
	if at[bool](c, row) {
		return append(dst, 't')
	}
	return append(dst, 'f')
}

func textInt[T int8 | int16 | int32 | int64](c *column, dst []byte, row int) []byte {
	return appendInt(dst, int64(at[T](c, row)))
}

func textUint[T uint8 | uint16 | uint32 | uint64](c *column, dst []byte, row int) []byte {
	return appendUint(dst, uint64(at[T](c, row)))
}

func appendBytes(c *column, dst []byte, row int) []byte { return append(dst, stringAt(c, row)...) }

func textEnum(t *types.Type) appendFunc {
	index := enumIndex(t)
	labels := t.Labels
	return func(c *column, dst []byte, row int) []byte { return append(dst, labels[index(c, row)]...) }
}

// enumIndex reads a label's index; DuckDB stores it in the fewest bytes.
func enumIndex(t *types.Type) func(c *column, row int) int {
	switch n := len(t.Labels); {
	case n <= 1<<8-1:
		return func(c *column, row int) int { return int(at[uint8](c, row)) }
	case n <= 1<<16-1:
		return func(c *column, row int) int { return int(at[uint16](c, row)) }
	}
	return func(c *column, row int) int { return int(at[uint32](c, row)) }
}
