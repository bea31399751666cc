package transform

import "slices"

const (
	// sampled is the number of values between which the middle ones are looked for, and margin how many of them it is
	// looked for on either side: four standard deviations of the median's place among them.
	sampled = 1024
	margin  = 64
)

// medianOf is the median of the n > 0 values of x that aren't missing, of type 7. x isn't changed. Of many values
// only those near the middle of a sample are copied and ordered (Floyd and Rivest 1975); should the middle not be
// among them, all are.
func medianOf(x []float64, n int) float64 {
	if n >= 8*sampled {
		if m, ok := middle(x, n); ok {
			return m
		}
	}
	return quantile7(known(x), 0.5)
}

func middle(x []float64, n int) (float64, bool) {
	sample := make([]float64, 0, sampled)
	for i := 0; i < sampled; i++ {
		if v := x[i*(len(x)-1)/(sampled-1)]; v == v {
			sample = append(sample, v)
		}
	}
	if len(sample) <= 4*margin {
		return 0, false
	}
	slices.Sort(sample)
	lo, hi := sample[len(sample)/2-margin], sample[len(sample)/2+margin]
	below, near := 0, make([]float64, 0, n/4)
	for _, v := range x {
		less := 0
		if v < lo {
			less = 1
		}
		below += less
		if v >= lo && v <= hi {
			near = append(near, v)
		}
	}
	// The order statistics (n-1)/2 and, for an even n, the next one.
	k, last := (n-1)/2-below, n/2-below
	if k < 0 || last >= len(near) {
		return 0, false
	}
	m := nth(near, k)
	if last == k {
		return m, true
	}
	return between(m, slices.Min(near[last:]), 0.5), true
}
