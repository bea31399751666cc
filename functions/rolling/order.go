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
	lo, hi := int64(0), int64(0)
	for k := range m {
		if k == 0 {
			lo, hi = m[0].at, m[0].at
			continue
		}
		sorted = sorted && m[k-1].at <= m[k].at
		lo, hi = min(lo, m[k].at), max(hi, m[k].at)
	}
	if sorted {
		return m
	}
	if len(m) < few {
		slices.SortStableFunc(m, func(a, b mark) int { return cmp.Compare(a.at, b.at) })
		return m
	}
	return radix(m, spare[:len(m)], lo, bits.Len64(uint64(hi)-uint64(lo)))
}

// digit is the number of bits that a pass of radix sorts by.
const digit = 11

// radix sorts by the low width bits of at-lo, least significant digit first.
func radix(m, spare []mark, lo int64, width int) []mark {
	for shift := 0; shift < width; shift += digit {
		var at [1<<digit + 1]int
		for k := range m {
			at[(uint64(m[k].at)-uint64(lo))>>shift&(1<<digit-1)+1]++
		}
		for d := 1; d < len(at); d++ {
			at[d] += at[d-1]
		}
		for k := range m {
			d := (uint64(m[k].at) - uint64(lo)) >> shift & (1<<digit - 1)
			spare[at[d]] = m[k]
			at[d]++
		}
		m, spare = spare, m
	}
	return m
}

// distinctTimes appends the times of sorted marks to t, each once.
func distinctTimes(t []int64, m []mark) []int64 {
	for k := range m {
		if k == 0 || m[k].at != m[k-1].at {
			t = append(t, m[k].at)
		}
	}
	return t
}
