package frame

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// order returns the indices of keys in ascending order of the key and sorts keys along. Equal keys keep
// their order. It is a least-significant-digit radix sort by 11 bits; passes whose digit is the same everywhere are left out.
func order(keys []uint64) []int32 {
	const digit = 11
	n := len(keys)
	idx, idx2, keys2 := make([]int32, n), make([]int32, n), make([]uint64, n)
	for i := range idx {
		idx[i] = int32(i)
	}
	from, to := keys, keys2
	for shift := 0; shift < 64; shift += digit {
		var start [1 << digit]int
		for _, k := range from {
			start[k>>shift&(1<<digit-1)]++
		}
		if n > 0 && start[from[0]>>shift&(1<<digit-1)] == n {
			continue
		}
		sum := 0
		for d, c := range start {
			start[d] = sum
			sum += c
		}
		for i, k := range from {
			d := k >> shift & (1<<digit - 1)
			p := start[d]
			start[d]++
			to[p], idx2[p] = k, idx[i]
		}
		from, to, idx, idx2 = to, from, idx2, idx
	}
	if n > 0 && &from[0] != &keys[0] {
		copy(keys, from)
	}
	return idx
}

// settleTies orders rows of equal keys by their content. Such rows are almost always equal throughout, and then any order will do.
func settleTies(keys []uint64, perm []int32, cols []collector) {
	for from := 0; from < len(keys); {
		to := from + 1
		for to < len(keys) && keys[to] == keys[from] {
			to++
		}
		if to-from > 1 {
			tied := perm[from:to]
			equal := true
			for _, p := range tied[1:] {
				if compareRows(cols, tied[0], p) != 0 {
					equal = false
					break
				}
			}
			if !equal {
				slices.SortFunc(tied, func(a, b int32) int { return compareRows(cols, a, b) })
			}
		}
		from = to
	}
}

// compareRows is a total order of contents: 0 only where no bit differs.
func compareRows(cols []collector, a, b int32) int {
	for k := range cols {
		c := &cols[k]
		var d int
		switch c.in.Kind {
		case Number:
			d = cmp.Compare(math.Float64bits(c.num.at(a)), math.Float64bits(c.num.at(b)))
		case Instant:
			d = cmp.Compare(c.at.at(a), c.at.at(b))
		default:
			x, y := c.code.at(a), c.code.at(b)
			switch {
			case x == y:
			case x < 0 || y < 0:
				d = cmp.Compare(x, y)
			default:
				d = strings.Compare(c.texts[x], c.texts[y])
			}
		}
		if d != 0 {
			return d
		}
	}
	return 0
}

// Arrange permutes the rows: row i is then what row order[i] was. Rows that order leaves out are dropped. It
// takes the memory of one column more; slices of the columns taken before are void.
func (f *Frame) Arrange(order []int32) {
	num, code, at := make([]float64, 0), make([]int32, 0), make([]int64, 0)
	for k := range f.Cols {
		switch c := &f.Cols[k]; c.Kind {
		case Number:
			c.Num, num = arrange(c.Num, num, order)
		case Category:
			c.Code, code = arrange(c.Code, code, order)
		default:
			c.At, at = arrange(c.At, at, order)
		}
	}
	f.Hash, _ = arrange(f.Hash, nil, order)
	f.Rows = len(order)
}

// arrange writes the rows of col into spare, if that is large enough, and returns it with col, which is spare from now on.
func arrange[T any](col, spare []T, order []int32) (arranged, rest []T) {
	if cap(spare) < len(order) {
		spare = make([]T, len(order))
	}
	spare = spare[:len(order)]
	for i, p := range order {
		spare[i] = col[p]
	}
	return spare, col
}
