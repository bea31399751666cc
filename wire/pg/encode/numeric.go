package encode

import (
	"encoding/binary"
	"math/big"
	"math/bits"

	"github.com/eiderdb/eider/sql/types"
)

const (
	numericPositive = 0x0000
	numericNegative = 0x4000
	numericNaN      = 0xC000
	numericPosInf   = 0xD000
	numericNegInf   = 0xF000
)

// uint128 is a magnitude: hi * 2^64 + lo.
type uint128 struct{ hi, lo uint64 }

// abs splits a 128-bit integer into sign and magnitude.
func abs(h types.Huge) (u uint128, negative bool) {
	u = uint128{uint64(h.Hi), h.Lo}
	if h.Hi >= 0 {
		return u, false
	}
	lo, borrow := bits.Sub64(0, u.lo, 0)
	hi, _ := bits.Sub64(0, u.hi, borrow)
	return uint128{hi, lo}, true
}

// appendUint128 appends u in decimal, in groups of nineteen digits.
func appendUint128(dst []byte, u uint128) []byte {
	if u.hi == 0 {
		return appendUint(dst, u.lo)
	}
	const group = 1e19
	hi, rest := bits.Div64(u.hi%group, u.lo, group)
	hiHi := u.hi / group
	if hiHi == 0 && hi < group {
		return appendPadded(appendUint(dst, hi), rest, 19)
	}
	top, middle := bits.Div64(hiHi, hi, group)
	return appendPadded(appendPadded(appendUint(dst, top), middle, 19), rest, 19)
}

func textHuge(c *column, dst []byte, row int) []byte {
	u, negative := abs(at[types.Huge](c, row))
	if negative {
		dst = append(dst, '-')
	}
	return appendUint128(dst, u)
}

func textUHuge(c *column, dst []byte, row int) []byte {
	h := at[types.Huge](c, row)
	return appendUint128(dst, uint128{uint64(h.Hi), h.Lo})
}

// textDecimal reads the integer that DuckDB keeps for the width.
func textDecimal(t *types.Type) appendFunc {
	scale := int(t.Scale)
	switch {
	case t.Width <= 4:
		return func(c *column, dst []byte, row int) []byte {
			return appendDecimal(dst, int64(at[int16](c, row)), scale)
		}
	case t.Width <= 9:
		return func(c *column, dst []byte, row int) []byte {
			return appendDecimal(dst, int64(at[int32](c, row)), scale)
		}
	case t.Width <= 18:
		return func(c *column, dst []byte, row int) []byte { return appendDecimal(dst, at[int64](c, row), scale) }
	}
	return func(c *column, dst []byte, row int) []byte {
		return appendDecimal128(dst, at[types.Huge](c, row), scale)
	}
}

func appendDecimal128(dst []byte, v types.Huge, scale int) []byte {
	u, negative := abs(v)
	if negative {
		dst = append(dst, '-')
	}
	start := len(dst)
	return insertPoint(appendUint128(dst, u), start, scale)
}

func appendDecimal(dst []byte, v int64, scale int) []byte {
	u := uint64(v)
	if v < 0 {
		u = -u
		dst = append(dst, '-')
	}
	if scale == 0 {
		return appendUint(dst, u)
	}
	whole := u / powers[scale]
	dst = append(appendUint(dst, whole), '.')
	return appendPadded(dst, u-whole*powers[scale], scale)
}

// insertPoint puts the decimal point into the digits from start on.
func insertPoint(dst []byte, start, scale int) []byte {
	if scale == 0 {
		return dst
	}
	for len(dst)-start <= scale {
		dst = append(dst, '0')
		copy(dst[start+1:], dst[start:])
		dst[start] = '0'
	}
	point := len(dst) - scale
	dst = append(dst, 0)
	copy(dst[point+1:], dst[point:])
	dst[point] = '.'
	return dst
}

func bigNum(c *column, row int) *big.Int { return parseBigNum(stringAt(c, row)) }

// parseBigNum decodes DuckDB's BIGNUM: three bytes of header, whose top bit is set
// for a positive number and whose rest counts the bytes of the big-endian
// magnitude; a negative number has all of its bits flipped.
func parseBigNum(b []byte) *big.Int {
	v := new(big.Int)
	if len(b) < 3 {
		return v
	}
	if b[0]&0x80 != 0 {
		return v.SetBytes(b[3:])
	}
	flipped := make([]byte, len(b)-3)
	for i, x := range b[3:] {
		flipped[i] = ^x
	}
	return v.Neg(v.SetBytes(flipped))
}

func textBigNum(c *column, dst []byte, row int) []byte { return bigNum(c, row).Append(dst, 10) }

func binaryBigNum(c *column, dst []byte, row int) []byte {
	c.session.digits = bigNum(c, row).Append(c.session.digits[:0], 10)
	digits, negative := c.session.digits, false
	if digits[0] == '-' {
		digits, negative = digits[1:], true
	}
	return appendNumericDigits(dst, digits, negative, 0)
}

func binaryUBigInt(c *column, dst []byte, row int) []byte {
	return appendNumeric64(dst, at[uint64](c, row), false, 0)
}

func binaryHuge(c *column, dst []byte, row int) []byte {
	u, negative := abs(at[types.Huge](c, row))
	return appendNumeric128(c.session, dst, u, negative, 0)
}

func binaryUHuge(c *column, dst []byte, row int) []byte {
	h := at[types.Huge](c, row)
	return appendNumeric128(c.session, dst, uint128{uint64(h.Hi), h.Lo}, false, 0)
}

func binaryDecimal(t *types.Type) appendFunc {
	scale := int(t.Scale)
	small := func(dst []byte, v int64) []byte {
		if v < 0 {
			return appendNumeric64(dst, -uint64(v), true, scale)
		}
		return appendNumeric64(dst, uint64(v), false, scale)
	}
	switch {
	case t.Width <= 4:
		return func(c *column, dst []byte, row int) []byte { return small(dst, int64(at[int16](c, row))) }
	case t.Width <= 9:
		return func(c *column, dst []byte, row int) []byte { return small(dst, int64(at[int32](c, row))) }
	case t.Width <= 18:
		return func(c *column, dst []byte, row int) []byte { return small(dst, at[int64](c, row)) }
	}
	return func(c *column, dst []byte, row int) []byte {
		u, negative := abs(at[types.Huge](c, row))
		return appendNumeric128(c.session, dst, u, negative, scale)
	}
}

func appendNumeric128(s *session, dst []byte, u uint128, negative bool, scale int) []byte {
	if u.hi == 0 && scale <= 18 {
		return appendNumeric64(dst, u.lo, negative, scale)
	}
	s.digits = appendUint128(s.digits[:0], u)
	return appendNumericDigits(dst, s.digits, negative, scale)
}

// appendNumeric64 writes numeric_send's form: count of base-10000 digits, weight
// of the first, sign, display scale, digits; neither end has zero digits.
func appendNumeric64(dst []byte, u uint64, negative bool, scale int) []byte {
	whole, fraction := u, uint64(0)
	if scale > 0 {
		whole = u / powers[scale]
		fraction = u - whole*powers[scale]
	}
	var group [10]uint16 // five before the point, five after
	n := 5
	for ; whole > 0; whole /= 10000 {
		n--
		group[n] = uint16(whole % 10000)
	}
	end := 5 + (scale+3)/4
	if pad := (4 - scale%4) % 4; fraction > 0 {
		// The lowest group is padded with zeros on its right.
		last := end - 1
		width := powers[4-pad]
		group[last] = uint16(fraction % width * powers[pad])
		for fraction /= width; fraction > 0; fraction /= 10000 {
			last--
			group[last] = uint16(fraction % 10000)
		}
	}
	return appendGroups(dst, group[n:end], 5-n, negative, scale)
}

// appendNumericDigits groups decimal digits, the last scale of them behind the point.
func appendNumericDigits(dst, digits []byte, negative bool, scale int) []byte {
	var buf [16]uint16
	groups := buf[:0]
	whole := len(digits) - scale // may be negative: zeros follow the point
	weight := (max(whole, 0) + 3) / 4
	first := whole - 4*weight
	for at := first; at < len(digits); at += 4 {
		g := uint16(0)
		for i := at; i < at+4; i++ {
			g *= 10
			if i >= 0 && i < len(digits) {
				g += uint16(digits[i] - '0')
			}
		}
		groups = append(groups, g)
	}
	return appendGroups(dst, groups, weight, negative, scale)
}

// appendGroups writes the header and the groups, the first before of which stand
// before the point.
func appendGroups(dst []byte, groups []uint16, before int, negative bool, scale int) []byte {
	for len(groups) > 0 && groups[0] == 0 {
		groups = groups[1:]
		before--
	}
	for len(groups) > 0 && groups[len(groups)-1] == 0 {
		groups = groups[:len(groups)-1]
	}
	sign, weight := uint16(numericPositive), uint16(int16(before-1))
	if negative {
		sign = numericNegative
	}
	if len(groups) == 0 {
		sign, weight = numericPositive, 0
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(groups)))
	dst = binary.BigEndian.AppendUint16(dst, weight)
	dst = binary.BigEndian.AppendUint16(dst, sign)
	dst = binary.BigEndian.AppendUint16(dst, uint16(scale))
	for _, g := range groups {
		dst = binary.BigEndian.AppendUint16(dst, g)
	}
	return dst
}
