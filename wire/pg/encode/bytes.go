package encode

import (
	"encoding/binary"

	"github.com/eiderdb/eider/sql/types"
)

const hexDigits = "0123456789abcdef"

func textBytea(c *column, dst []byte, row int) []byte {
	b := stringAt(c, row)
	if c.session.ByteaEscape {
		return appendByteaEscape(dst, b)
	}
	return appendHex(append(dst, '\\', 'x'), b)
}

func appendHex(dst, b []byte) []byte {
	for _, x := range b {
		dst = append(dst, hexDigits[x>>4], hexDigits[x&15])
	}
	return dst
}

func appendByteaEscape(dst, b []byte) []byte {
	for _, x := range b {
		switch {
		case x == '\\':
			dst = append(dst, '\\', '\\')
		case x < 0x20 || x > 0x7e:
			dst = append(dst, '\\', '0'+x>>6, '0'+x>>3&7, '0'+x&7)
		default:
			dst = append(dst, x)
		}
	}
	return dst
}

// DuckDB's BIT is a byte that counts the padding bits, then the bits, with the
// padding (set to ones) at the front. PostgreSQL pads at the end.

func textBit(c *column, dst []byte, row int) []byte {
	return appendBits(dst, stringAt(c, row))
}

func appendBits(dst, b []byte) []byte {
	if len(b) == 0 {
		return dst
	}
	for i := int(b[0]); i < (len(b)-1)*8; i++ {
		dst = append(dst, '0'+b[1+i>>3]>>(7-uint(i)&7)&1)
	}
	return dst
}

func binaryBit(c *column, dst []byte, row int) []byte {
	b := stringAt(c, row)
	if len(b) == 0 {
		return append(dst, 0, 0, 0, 0)
	}
	padding, b := uint(b[0]), b[1:]
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(b)*8-int(padding)))
	for i, x := range b {
		x <<= padding
		if i+1 < len(b) {
			x |= b[i+1] >> (8 - padding)
		}
		dst = append(dst, x)
	}
	return dst
}

func textUUID(c *column, dst []byte, row int) []byte {
	u := types.UUIDOf(at[types.Huge](c, row))
	for i, x := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hexDigits[x>>4], hexDigits[x&15])
	}
	return dst
}

func binaryUUID(c *column, dst []byte, row int) []byte {
	u := types.UUIDOf(at[types.Huge](c, row))
	return append(dst, u[:]...)
}
