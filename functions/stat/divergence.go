package stat

import "math"

// leastShare stands for the share of a bin that one sample has and the other hasn't: the
// index has no value for zero.
const leastShare = 1e-4

// psi is the population stability index: Σ (p − q) ln(p / q) over the bins' shares.
func psi(c *counts) float64 {
	sum := 0.0
	for i := range c.ref {
		p, q := math.Max(c.ref[i]/c.nRef, leastShare), math.Max(c.cur[i]/c.nCur, leastShare)
		sum += (p - q) * math.Log(p/q)
	}
	return sum
}

// jensenShannon is the mean of the relative entropies, in bits, of both distributions to
// their mean: 0 for equal ones, 1 for those that share nothing.
func jensenShannon(c *counts) float64 {
	sum := 0.0
	for i := range c.ref {
		p, q := c.ref[i]/c.nRef, c.cur[i]/c.nCur
		m := (p + q) / 2
		if p > 0 {
			sum += p * math.Log2(p/m)
		}
		if q > 0 {
			sum += q * math.Log2(q/m)
		}
	}
	return math.Min(math.Max(sum/2, 0), 1)
}

// wasserstein is the area between the two distribution functions: how far the mass has to be moved.
// Infinite values cost nothing where both samples have an equal share of them, otherwise an
// infinite distance.
func wasserstein(ref, cur sample) float64 {
	sum, comp := 0.0, 0.0 // Neumaier's summation
	last, i, k := 0.0, 0, 0
	for i < ref.n || k < cur.n {
		v := math.Inf(1)
		if i < ref.n {
			v = ref.value(i)
		}
		if k < cur.n {
			v = math.Min(v, cur.value(k))
		}
		// The functions are steps: their difference up to v is that behind the last value.
		if gap := math.Abs(float64(i)/float64(ref.n) - float64(k)/float64(cur.n)); gap > 0 && (i > 0 || k > 0) {
			term := gap * (v - last)
			t := sum + term
			if math.Abs(sum) >= math.Abs(term) {
				comp += (sum - t) + term
			} else {
				comp += (term - t) + sum
			}
			sum = t
		}
		for i < ref.n && ref.value(i) == v {
			i++
		}
		for k < cur.n && cur.value(k) == v {
			k++
		}
		last = v
	}
	if math.IsInf(sum, 0) {
		return sum
	}
	return sum + comp
}

// deviation is a sample's population standard deviation, in two passes; not finite where the values aren't.
func deviation(s sample) float64 {
	mean := 0.0
	for i := range s.n {
		mean += s.value(i)
	}
	mean /= float64(s.n)
	sum := 0.0
	for i := range s.n {
		d := s.value(i) - mean
		sum += d * d
	}
	return math.Sqrt(sum / float64(s.n))
}
