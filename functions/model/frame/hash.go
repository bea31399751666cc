package frame

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// The hash of texts and rows is ours, so that no new version of a library can reorder the rows of a model
// that is trained again. It is not cryptographic.
//
//	mix(a, b)   the upper 64 bits of the product a·b, xor the lower 64 (the folded multiply of wyhash)
//	final(x)    the finaliser of SplitMix64 (Steele, Lea, Flood 2014), a bijection
//	text        h = mix(length ^ k0, k1), then for each 8 bytes w, little endian, the last ones filled up
//	            with zeros: h = mix(h ^ w, k2); the hash is final(h)
//	row         h = k3 or k4, then for each column's word w: h = mix(h ^ w, k1) or mix(h ^ w, k5)
//
// A column's word is the bits of a number (-0 as 0, every NaN alike), the hash of a text, the
// microseconds of an instant; a NULL text is nullWord.
const (
	k0 uint64 = 0x9e3779b97f4a7c15
	k1 uint64 = 0xbf58476d1ce4e5b9
	k2 uint64 = 0x94d049bb133111eb
	k3 uint64 = 0xd6e8feb86659fd93
	k4 uint64 = 0xa0761d6478bd642f
	k5 uint64 = 0xe7037ed1a0b428db

	nullWord uint64 = 0x8ebc6af09c88c6e3
)

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func final(x uint64) uint64 {
	x ^= x >> 30
	x *= k1
	x ^= x >> 27
	x *= k2
	return x ^ x>>31
}

// HashText is the hash of a text's bytes. It never changes: fitted models depend on it.
func HashText[T string | []byte](s T) uint64 {
	h := mix(uint64(len(s))^k0, k1)
	for len(s) >= 8 {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		h = mix(h^w, k2)
		s = s[8:]
	}
	if len(s) > 0 {
		var w uint64
		for i := range len(s) {
			w |= uint64(s[i]) << (8 * i)
		}
		h = mix(h^w, k2)
	}
	return final(h)
}

// Keyed is a row's or text's hash under a seed: the same hashes in another order.
func Keyed(hash uint64, seed int64) uint64 { return final(hash ^ final(uint64(seed)+k0)) }

// numberWord is the word of a number.
func numberWord(v float64) uint64 {
	if v == 0 {
		return 0
	}
	return math.Float64bits(v) // NaN is canonical since collect
}

// rowHashes are two independent hashes of every row, and the identity's.
type rowHashes struct {
	a, b, id []uint64
}

// fingerprint adds up four words of each row, so that the order of the rows doesn't matter.
func fingerprint(a, b []uint64) [32]byte {
	var lanes [4]uint64
	for i := range a {
		lanes[0] += final(a[i] + k0)
		lanes[1] += final(a[i] ^ k5)
		lanes[2] += final(b[i] + k0)
		lanes[3] += final(b[i] ^ k5)
	}
	var out [32]byte
	for i, lane := range lanes {
		binary.LittleEndian.PutUint64(out[8*i:], final(lane^final(uint64(len(a))+uint64(i)*k3)))
	}
	return out
}
