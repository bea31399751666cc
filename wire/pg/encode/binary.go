package encode

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/eiderdb/eider/sql/types"
)

// chooseBinary picks the binary form of c.typ, PostgreSQL's *_send of the mapped type.
func (c *column) chooseBinary(pg PGType) {
	switch c.typ.ID {
	case types.SmallInt:
		c.op = opBinary16
	case types.Integer, types.Float:
		c.op = opBinary32
	case types.BigInt, types.Double, types.Time:
		if !isOID(c.typ) {
			c.op = opBinary64
		}
	case types.Timestamp, types.TimestampTZ:
		c.op = opBinaryTimestamp
	case types.Varchar, types.Blob, types.Geometry:
		if c.typ.Alias == AliasInt2Vector {
			c.append = binaryInt2Vector
			return
		}
		c.op = opBytes
	case types.List, types.Array:
		c.chooseArray(pg, binaryArray)
		return
	case types.Struct, types.Map, types.Union, types.Variant:
		c.chooseJSON() // json's binary form is its text
		return
	}
	c.append = c.scalarBinary()
}

// scalarBinary returns the binary form of a type that has no children.
func (c *column) scalarBinary() appendFunc {
	switch c.typ.ID {
	case types.Boolean:
		return binaryBool
	case types.TinyInt:
		return binary16[int8]
	case types.UTinyInt:
		return binary16[uint8]
	case types.SmallInt:
		return binary16[int16]
	case types.USmallInt:
		return binary32[uint16]
	case types.Integer:
		return binary32[int32]
	case types.Float:
		return binary32[uint32] // the bits
	case types.UInteger:
		return binary64[uint32]
	case types.BigInt, types.Double, types.Time:
		if isOID(c.typ) {
			return binaryOID
		}
		return binary64[uint64]
	case types.UBigInt:
		return binaryUBigInt
	case types.HugeInt:
		return binaryHuge
	case types.UHugeInt:
		return binaryUHuge
	case types.BigNum:
		return binaryBigNum
	case types.Decimal:
		return binaryDecimal(c.typ)
	}
	return c.bytesOrTimeBinary()
}

func (c *column) bytesOrTimeBinary() appendFunc {
	switch c.typ.ID {
	case types.Varchar, types.Blob, types.Geometry:
		return appendBytes
	case types.Bit:
		return binaryBit
	case types.UUID:
		return binaryUUID
	case types.Enum:
		return textEnum(c.typ)
	case types.Date:
		return binaryDate
	case types.TimeNS:
		return binaryTimeNS
	case types.TimeTZ:
		return binaryTimeTZ
	case types.Timestamp, types.TimestampTZ:
		return appendBinaryTimestamp
	case types.TimestampS, types.TimestampMS, types.TimestampNS:
		return binaryOtherTimestamp
	case types.Interval:
		return binaryInterval
	}
	return textNothing
}

func binaryBool(c *column, dst []byte, row int) []byte {
	if at[bool](c, row) {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func binary16[T int8 | uint8 | int16](c *column, dst []byte, row int) []byte {
	return binary.BigEndian.AppendUint16(dst, uint16(at[T](c, row)))
}

func binary32[T uint16 | int32 | uint32](c *column, dst []byte, row int) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(at[T](c, row)))
}

func binary64[T uint32 | uint64](c *column, dst []byte, row int) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(at[T](c, row)))
}

// binaryOID writes an object identifier's four bytes, of the BIGINT that holds it.
func binaryOID(c *column, dst []byte, row int) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(at[int64](c, row)))
}

// binaryInt2Vector writes "1 2" as int2vectorsend does: an array of int2 that counts from 0.
func binaryInt2Vector(c *column, dst []byte, row int) []byte {
	words := bytes.Fields(stringAt(c, row))
	dst = binary.BigEndian.AppendUint32(dst, 1) // dimensions
	dst = binary.BigEndian.AppendUint32(dst, 0) // no NULLs
	dst = binary.BigEndian.AppendUint32(dst, OIDInt2)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(words)))
	dst = binary.BigEndian.AppendUint32(dst, 0) // lower bound
	for _, w := range words {
		n, _ := strconv.ParseInt(string(w), 10, 16) // the catalog's own text
		dst = binary.BigEndian.AppendUint32(dst, 2)
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	}
	return dst
}
