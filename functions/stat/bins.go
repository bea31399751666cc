package stat

import (
	"math"
	"slices"
)

// quantile is the q-quantile of a sample that isn't empty: linear interpolation, type 7 of Hyndman and
// Fan, as numpy.quantile.
func quantile(s sample, q float64) float64 {
	h := q * float64(s.n-1)
	k := int(math.Floor(h))
	if k >= s.n-1 {
		return s.value(s.n - 1)
	}
	lo, hi := s.value(k), s.value(k+1)
	if lo == hi || h == float64(k) {
		return lo
	}
	return lo + (h-float64(k))*(hi-lo)
}

// edges are the upper ends of the bins (a, b] that the reference's quantiles make; beyond the last
// is one more bin. A value that alone has a share of 1/bins gets a bin of its own, so that constants,
// flags and zeros don't hide what moves beside them.
func edges(ref sample, bins int) []float64 {
	var out []float64
	for i := 1; i < bins; i++ {
		out = append(out, quantile(ref, float64(i)/float64(bins)))
	}
	for i := 0; i < ref.n; {
		v, first := ref.value(i), i
		for i < ref.n && ref.value(i) == v {
			i++
		}
		if (i-first)*bins >= ref.n {
			out = append(out, math.Nextafter(v, math.Inf(-1)), v)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// binned counts both samples in the bins that the reference makes.
func binned(ref, cur sample, bins int) *counts {
	e := edges(ref, bins)
	c := &counts{}
	for i, k, b := 0, 0, 0; b <= len(e); b++ {
		i0, k0 := i, k
		for i < ref.n && (b == len(e) || ref.value(i) <= e[b]) {
			i++
		}
		for k < cur.n && (b == len(e) || cur.value(k) <= e[b]) {
			k++
		}
		if i > i0 || k > k0 {
			c.add(float64(i-i0), float64(k-k0))
		}
	}
	return c
}
