package encode

import (
	"math/bits"
	"slices"
)

// pairs holds 00, 01, … 99: two digits are written at a time.
const pairs = "00010203040506070809" + "10111213141516171819" + "20212223242526272829" + "30313233343536373839" +
	"40414243444546474849" + "50515253545556575859" + "60616263646566676869" + "70717273747576777879" +
	"80818283848586878889" + "90919293949596979899"

// powers of ten that fit in 64 bits.
var powers = [20]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19}

// digitCount returns the number of decimal digits of u, 1 for zero.
// 1233/4096 approximates log10(2); the table corrects it by one.
func digitCount(u uint64) int {
	n := bits.Len64(u|1) * 1233 >> 12
	if u >= powers[n] {
		n++
	}
	return max(n, 1)
}

func appendInt(dst []byte, v int64) []byte {
	if v < 0 {
		return appendUint(append(dst, '-'), -uint64(v))
	}
	return appendUint(dst, uint64(v))
}

func appendUint(dst []byte, u uint64) []byte {
	if u < 10 {
		return append(dst, byte('0'+u))
	}
	return appendPadded(dst, u, digitCount(u))
}

// appendPadded appends exactly n digits of u, with zeros in front.
func appendPadded(dst []byte, u uint64, n int) []byte {
	at := len(dst)
	if cap(dst)-at < n {
		dst = slices.Grow(dst, n)
	}
	dst = dst[:at+n]
	out := dst[at:]
	for n >= 2 {
		q := u / 100
		r := (u - q*100) * 2
		u = q
		n -= 2
		out[n], out[n+1] = pairs[r], pairs[r+1]
	}
	if n == 1 {
		out[0] = byte('0' + u%10)
	}
	return dst
}

func appendTwo(dst []byte, v uint32) []byte { return append(dst, pairs[2*v], pairs[2*v+1]) }
