package encode

import (
	"encoding/binary"
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

// digits8 returns the eight decimal digits of u < 1e8 as the bytes of a little
// endian word, the first digit lowest, each 0 … 9. Halves, quarters and eighths
// are split at the same time by multiplying with reciprocals: 10486/2^20 is 1/100
// below 10,000 and 103/2^10 is 1/10 below 100 (H. S. Warren, Hacker's Delight,
// 10-17).
func digits8(u uint32) uint64 {
	hi := u / 10000
	x := uint64(hi) | uint64(u-hi*10000)<<32
	q := x * 10486 >> 20 & 0x0000_007F_0000_007F
	x = q | (x-q*100)<<16
	q = x * 103 >> 10 & 0x000F_000F_000F_000F
	return q | (x-q*10)<<8
}

// asciiZeros turns the bytes 0 … 9 into characters.
const asciiZeros = 0x3030_3030_3030_3030

// maxShort bounds what the put functions write, with room for whole words.
const maxShort = 64

// short is the room for one value; at is where the next byte goes.
type short = [maxShort]byte

func putInt(p *short, at int, v int64) int {
	u := uint64(v)
	if v < 0 {
		p[at] = '-'
		at, u = at+1, -u
	}
	return putUint(p, at, u)
}

// putUint writes u without leading zeros and returns where it ends.
func putUint(p *short, at int, u uint64) int {
	if u >= 1e8 {
		return putLong(p, at, u)
	}
	x := digits8(uint32(u))
	zeros := bits.TrailingZeros64(x|1<<56) &^ 7 // the last digit stays
	binary.LittleEndian.PutUint64(p[at:], (x|asciiZeros)>>zeros)
	return at + 8 - zeros>>3
}

func putLong(p *short, at int, u uint64) int {
	q := u / 1e8
	at = putUint(p, at, q)
	binary.LittleEndian.PutUint64(p[at:], digits8(uint32(u-q*1e8))|asciiZeros)
	return at + 8
}

// putFraction writes six decimals without the zeros at their end; micro isn't 0.
func putFraction(p *short, at int, micro uint32) int {
	x := digits8(micro) >> 16
	zeros := bits.LeadingZeros64(x<<16) >> 3
	binary.LittleEndian.PutUint64(p[at:], x|asciiZeros)
	return at + 6 - zeros
}

// room returns where the next short value goes; dst may move.
func room(dst []byte) ([]byte, *short) {
	if cap(dst)-len(dst) < maxShort {
		dst = slices.Grow(dst, maxShort)
	}
	return dst, (*short)(dst[len(dst) : len(dst)+maxShort])
}

func appendInt(dst []byte, v int64) []byte {
	dst, p := room(dst)
	return dst[:len(dst)+putInt(p, 0, v)]
}

func appendUint(dst []byte, u uint64) []byte {
	dst, p := room(dst)
	return dst[:len(dst)+putUint(p, 0, u)]
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
