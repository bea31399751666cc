package types

import "math/big"

// Big returns the integer.
func (h Huge) Big() *big.Int {
	n := new(big.Int).Lsh(big.NewInt(h.Hi), 64)
	return n.Or(n, new(big.Int).SetUint64(h.Lo))
}

// BigUnsigned returns the integer of a UHugeInt.
func (h Huge) BigUnsigned() *big.Int {
	n := new(big.Int).Lsh(new(big.Int).SetUint64(uint64(h.Hi)), 64)
	return n.Or(n, new(big.Int).SetUint64(h.Lo))
}

// HugeOf returns n in two's complement; ok is false unless -2^127 ≤ n < 2^127, or
// 0 ≤ n < 2^128 for an unsigned one.
func HugeOf(n *big.Int, unsigned bool) (h Huge, ok bool) {
	if unsigned && (n.Sign() < 0 || n.BitLen() > 128) {
		return h, false
	}
	if !unsigned && n.BitLen() > 127 && !(n.Sign() < 0 && n.BitLen() == 128 && n.TrailingZeroBits() == 127) {
		return h, false
	}
	var buf [16]byte
	new(big.Int).Abs(n).FillBytes(buf[:])
	for i := 0; i < 8; i++ {
		h.Hi = h.Hi<<8 | int64(buf[i])
		h.Lo = h.Lo<<8 | uint64(buf[8+i])
	}
	if n.Sign() < 0 {
		h.Lo, h.Hi = -h.Lo, ^h.Hi
		if h.Lo == 0 {
			h.Hi++
		}
	}
	return h, true
}
