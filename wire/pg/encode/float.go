package encode

import (
	"bytes"
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// PostgreSQL writes the shortest digits that read back as the same float, in
// fixed notation from 1e-4 up to here, otherwise with an exponent of at least
// two digits (d2s.c and f2s.c).
const (
	fixedBelow64 = 15
	fixedBelow32 = 6
)

func textFloat64(c *column, dst []byte, row int) []byte {
	v := at[float64](c, row)
	if c.session.LegacyFloats {
		return appendRounded(dst, v, 15+int(c.session.ExtraFloatDigits))
	}
	return appendFloat64(dst, v)
}

func textFloat32(c *column, dst []byte, row int) []byte {
	v := at[float32](c, row)
	if c.session.LegacyFloats {
		return appendRounded(dst, float64(v), 6+int(c.session.ExtraFloatDigits))
	}
	return appendFloat32(dst, v)
}

func appendFloat64(dst []byte, v float64) []byte {
	dst, p := room(dst)
	if n, ok := putFloat64(p, 0, v); ok {
		return dst[:len(dst)+n]
	}
	return appendShortest(dst, v, 64, fixedBelow64)
}

// putFloat64 takes a short way for what has at most six decimals and fifteen
// digits: no two such decimals share a float, so the first found is the shortest.
func putFloat64(p *short, at int, v float64) (end int, ok bool) {
	a := math.Abs(v)
	if a < 1e9 {
		scaled := uint64(a*1e6 + 0.5)
		if float64(scaled)/1e6 != a || scaled < 100 && scaled != 0 { // below 1e-4 comes the exponent
			return at, false
		}
		if math.Signbit(v) {
			p[at] = '-'
			at++
		}
		whole := scaled / 1e6
		at = putUint(p, at, whole)
		if micro := scaled - whole*1e6; micro != 0 {
			p[at] = '.'
			at = putFraction(p, at+1, uint32(micro))
		}
		return at, true
	}
	if a < 1e15 {
		if i := int64(v); float64(i) == v {
			return putInt(p, at, i), true
		}
	}
	return at, false
}

func appendFloat32(dst []byte, v float32) []byte {
	return appendShortest(dst, float64(v), 32, fixedBelow32)
}

// appendFraction appends up to six decimals without the zeros at their end.
func appendFraction(dst []byte, micro uint32) []byte {
	dst, p := room(dst)
	return dst[:len(dst)+putFraction(p, 0, micro)]
}

func appendSpecial(dst []byte, v float64) ([]byte, bool) {
	switch {
	case v != v:
		return append(dst, "NaN"...), true
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...), true
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...), true
	}
	return dst, false
}

func appendShortest(dst []byte, v float64, size, fixedBelow int) []byte {
	dst, done := appendSpecial(dst, v)
	if done {
		return dst
	}
	if v == 0 {
		if math.Signbit(v) {
			dst = append(dst, '-')
		}
		return append(dst, '0')
	}
	var buf [40]byte
	b := strconv.AppendFloat(buf[:0], v, 'e', -1, size)
	if mayBeMidpoint(b, v, size) {
		b = insideInterval(b, v, size)
	}
	return appendExponentForm(dst, b, fixedBelow)
}

// appendExponentForm rewrites strconv's d.ddde±dd as PostgreSQL does.
func appendExponentForm(dst, b []byte, fixedBelow int) []byte {
	if b[0] == '-' {
		dst = append(dst, '-')
		b = b[1:]
	}
	e := len(b) - 1
	for b[e] != 'e' {
		e--
	}
	exp, _ := strconv.Atoi(string(b[e+1:]))
	if exp < -4 || exp >= fixedBelow {
		return append(dst, b...) // strconv writes e+05 and e-05 alike
	}
	first, rest := b[0], b[1:e]
	if len(rest) > 0 {
		rest = rest[1:]
	}
	if exp < 0 {
		dst = append(dst, "0.0000"[:1-exp]...)
		return append(append(dst, first), rest...)
	}
	dst = append(dst, first)
	if len(rest) <= exp {
		dst = append(dst, rest...)
		return append(dst, "000000000000000"[:exp-len(rest)]...)
	}
	dst = append(dst, rest[:exp]...)
	return append(append(dst, '.'), rest[exp:]...)
}

// insideInterval returns other digits where strconv's lie exactly halfway to the
// neighbouring float: PostgreSQL wants them nearer, so that readers which don't
// round half to even get the same float (1e23 is 9.999999999999999e+22). Only
// floats above 2^52 (float4: 2^21) have a midpoint that is a short decimal.
func insideInterval(b []byte, v float64, size int) []byte {
	if !isMidpoint(b, v, size) {
		return b
	}
	most := 17
	if size == 32 {
		most = 9
	}
	for digits := 1; digits <= most; digits++ {
		next := strconv.AppendFloat(b[:0], v, 'e', digits-1, size)
		back, err := strconv.ParseFloat(string(next), size)
		if err == nil && back == v && !isMidpoint(next, v, size) {
			return trimZeros(next)
		}
		b = next
	}
	return b
}

// mayBeMidpoint rules nearly all floats out at little cost. A midpoint is an odd
// number times half the unit in the last place, so b, as an integer times a
// power of ten, must have exactly that many factors of two.
func mayBeMidpoint(b []byte, v float64, size int) bool {
	mantissa := 52
	if size == 32 {
		mantissa = 23
	}
	_, exp2 := math.Frexp(v) // |v| = [½, 1) × 2^exp2
	halfUnit := exp2 - mantissa - 2
	if halfUnit < -2 {
		return false
	}
	var digits uint64
	decimals, i := 0, 0
	for ; b[i] != 'e'; i++ {
		if d := b[i] - '0'; d <= 9 {
			digits = digits*10 + uint64(d)
			decimals++
		}
	}
	exp10, _ := strconv.Atoi(string(b[i+1:]))
	power := exp10 - (decimals - 1)
	return bits.TrailingZeros64(digits)+power == halfUnit
}

// isMidpoint reports whether the decimal b is halfway between v and a neighbour.
func isMidpoint(b []byte, v float64, size int) bool {
	var up, down float64
	if size == 32 {
		up = float64(math.Nextafter32(float32(v), float32(math.Inf(1))))
		down = float64(math.Nextafter32(float32(v), float32(math.Inf(-1))))
	} else {
		up, down = math.Nextafter(v, math.Inf(1)), math.Nextafter(v, math.Inf(-1))
	}
	decimal, ok := new(big.Rat).SetString(string(b))
	if !ok {
		return false
	}
	twice := decimal.Add(decimal, decimal)
	for _, neighbour := range []float64{up, down} {
		if math.IsInf(neighbour, 0) {
			continue
		}
		sum := new(big.Rat).SetFloat64(v)
		if sum.Add(sum, new(big.Rat).SetFloat64(neighbour)).Cmp(twice) == 0 {
			return true
		}
	}
	return false
}

// trimZeros drops zeros at the end of the fraction of d.ddde±dd.
func trimZeros(b []byte) []byte {
	e := len(b) - 1
	for b[e] != 'e' {
		e--
	}
	end := e
	for end > 2 && b[end-1] == '0' {
		end--
	}
	if b[end-1] == '.' {
		end--
	}
	return append(b[:end], b[e:]...)
}

// appendRounded is C's %.*g, which extra_float_digits below 1 asks for.
func appendRounded(dst []byte, v float64, digits int) []byte {
	dst, done := appendSpecial(dst, v)
	if done {
		return dst
	}
	digits = max(digits, 1)
	var buf [40]byte
	b := strconv.AppendFloat(buf[:0], v, 'e', digits-1, 64)
	if v == 0 {
		return append(dst, b[:bytes.IndexByte(b, '0')+1]...)
	}
	return appendExponentForm(dst, trimZeros(b), digits)
}
