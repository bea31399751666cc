package stat

import "math"

// maxExact bounds the product of the samples' sizes up to which the p-value is exact.
const maxExact = 100_000_000

// kolmogorovSmirnov is the two-sided test of whether two samples come from one distribution.
func kolmogorovSmirnov(ref, cur sample) (statistic, p float64) {
	// The distance is |i/n − k/m|; whole numbers tell it exactly.
	most := int64(0)
	for i, k := 0, 0; i < ref.n && k < cur.n; {
		v := math.Min(ref.value(i), cur.value(k))
		for i < ref.n && ref.value(i) == v {
			i++
		}
		for k < cur.n && cur.value(k) == v {
			k++
		}
		if d := int64(i)*int64(cur.n) - int64(k)*int64(ref.n); d > most {
			most = d
		} else if -d > most {
			most = -d
		}
	}
	n, m := float64(ref.n), float64(cur.n)
	statistic = float64(most) / (n * m)
	if n*m <= maxExact {
		return statistic, exactKS(ref.n, cur.n, most)
	}
	effective := n * m / (n + m)
	return statistic, kolmogorovSurvival(int(math.RoundToEven(effective)), statistic)
}

// exactKS is the probability that two samples of one continuous distribution, of n and m values,
// are as far apart as most/(n·m): that a lattice path from (0, 0) to (n, m), drawn uniformly, touches
// |i·m − k·n| ≥ most. A path to (i, k) came from (i−1, k) with probability i/(i+k), so the share that has
// touched is a mean of its neighbours': nothing is subtracted, and nothing overflows.
// Viehmann, Numerically more stable computation of the p-values for the two-sample
// Kolmogorov-Smirnov test (2021).
func exactKS(n, m int, most int64) float64 {
	if most <= 0 {
		return 1
	}
	if n < m {
		n, m = m, n // the longer side is walked along, the shorter kept
	}
	touched := make([]float64, m+1)
	outside := func(i, k int) bool {
		d := int64(i)*int64(m) - int64(k)*int64(n)
		return d >= most || -d >= most
	}
	for i := 0; i <= n; i++ {
		// Only the band |i·m − k·n| < most is of interest; beyond it the share is one.
		lo, hi := band(i, n, m, most)
		if lo > 0 {
			touched[lo-1] = 1
		}
		for k := lo; k <= hi; k++ {
			switch {
			case outside(i, k):
				touched[k] = 1
			case i == 0 && k == 0:
				touched[k] = 0
			case i == 0:
				touched[k] = touched[k-1]
			case k == 0:
				// touched[0] stays: the only way is along the edge.
			default:
				share := float64(i) / float64(i+k)
				touched[k] = share*touched[k] + (1-share)*touched[k-1]
			}
		}
		if hi < m {
			touched[hi+1] = 1
		}
	}
	return touched[m]
}

// band are the least and the greatest k, with a margin of one, at which |i·m − k·n| < most.
func band(i, n, m int, most int64) (lo, hi int) {
	mid, reach := int64(i)*int64(m), most
	lo = int(max((mid-reach)/int64(n)-1, 0))
	hi = int(min((mid+reach)/int64(n)+1, int64(m)))
	return lo, hi
}
