package rolling

import (
	"cmp"
	"math/bits"
	"slices"
)

// mark is a fact at a moment.
type mark struct {
	at int64
	i  int32
}

// few is the length below which comparing beats counting.
const few = 256

// order sorts marks by time, stable; spare has room for as many and is overwritten. It returns
// the slice that holds the result, which may be either.
func order(m, spare []mark) []mark {
	sorted := true
	lo, hi, differ := int64(0), int64(0), uint64(0)
	for k := range m {
		if k == 0 {
			lo, hi = m[0].at, m[0].at
			continue
		}
		sorted = sorted && m[k-1].at <= m[k].at
		lo, hi = min(lo, m[k].at), max(hi, m[k].at)
		differ |= uint64(m[k].at) ^ uint64(m[0].at)
	}
	if sorted {
		return m
	}
	if len(m) < few {
		slices.SortStableFunc(m, func(a, b mark) int { return cmp.Compare(a.at, b.at) })
		return m
	}
	// Bits in which no two times differ, such as those below whole minutes, need no pass.
	low := bits.TrailingZeros64(differ)
	return radix(m, spare[:len(m)], lo&^(1<<low-1), low, bits.Len64((uint64(hi)-uint64(lo&^(1<<low-1)))>>low))
}

// digit is the greatest number of bits that a pass of radix sorts by.
const digit = 13

// radix sorts by width bits of at-lo from bit low on, least significant digit first.
func radix(m, spare []mark, lo int64, low, width int) []mark {
	most := min(digit, max(8, bits.Len(uint(len(m))))) // for few marks few counters
	passes := (width + most - 1) / most
	step := (width + passes - 1) / passes
	mask := uint64(1)<<step - 1
	for pass := range passes {
		var at [1<<digit + 1]int32
		shift := low + pass*step
		for k := range m {
			at[(uint64(m[k].at)-uint64(lo))>>shift&mask+1]++
		}
		for d := 1; d <= 1<<step; d++ {
			at[d] += at[d-1]
		}
		for k := range m {
			d := (uint64(m[k].at) - uint64(lo)) >> shift & mask
			spare[at[d]] = m[k]
			at[d]++
		}
		m, spare = spare, m
	}
	return m
}
