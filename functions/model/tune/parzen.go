package tune

import (
	"cmp"
	"math"
	"slices"
)

// The tree-structured Parzen estimator of Bergstra, Bardenet, Bengio and Kégl 2011: trials are parted into
// a few good ones and the rest, each gets a density, and of some points drawn from the density of the good
// the one with the greatest ratio of the two is proposed. Every dimension is treated by itself.
const (
	// startTrials are drawn evenly before there is anything to learn from.
	startTrials = 10
	// bestShare of the trials are the good ones, at most maxBest.
	bestShare = 0.2
	maxBest   = 25
	// drawn is the number of points that are compared.
	drawn = 24
)

// propose returns a place in every dimension.
func (s *Search) propose() []float64 {
	at := make([]float64, len(s.space))
	if !s.parzen || len(s.told) < startTrials {
		for i := range s.space {
			at[i] = s.anywhere(&s.space[i])
		}
		return at
	}
	sorted := slices.Clone(s.told)
	slices.SortStableFunc(sorted, func(a, b told) int { return cmp.Compare(a.loss, b.loss) })
	n := min(maxBest, max(1, int(math.Ceil(bestShare*float64(len(sorted))))))
	for i := range s.space {
		d := &s.space[i]
		good, bad := places(sorted[:n], i), places(sorted[n:], i)
		if d.Choices != nil {
			at[i] = s.proposeChoice(len(d.Choices), good, bad)
		} else {
			at[i] = s.proposePlace(d, good, bad)
		}
	}
	return at
}

func places(list []told, i int) []float64 {
	out := make([]float64, len(list))
	for k, t := range list {
		out[k] = t.at[i]
	}
	return out
}

// proposeChoice draws from the choices' frequencies, with one more of each.
func (s *Search) proposeChoice(n int, good, bad []float64) float64 {
	g, b := frequencies(n, good), frequencies(n, bad)
	best, ratio := 0.0, math.Inf(-1)
	for range drawn {
		u, k := s.uniform(), 0
		for ; k < n-1 && u >= g[k]; k++ {
			u -= g[k]
		}
		if r := g[k] / b[k]; r > ratio {
			best, ratio = float64(k), r
		}
	}
	return best
}

func frequencies(n int, list []float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 1
	}
	for _, v := range list {
		out[int(v)]++
	}
	for i := range out {
		out[i] /= float64(len(list) + n)
	}
	return out
}

// proposePlace draws from the mixture of normal distributions about the good places.
func (s *Search) proposePlace(d *Dimension, good, bad []float64) float64 {
	low, high := d.from(), d.to()
	g, b := newMixture(good, low, high), newMixture(bad, low, high)
	best, ratio := (low+high)/2, math.Inf(-1)
	for range drawn {
		x := s.draw(g)
		if r := g.density(x) / b.density(x); r > ratio {
			best, ratio = x, r
		}
	}
	return best
}

// mixture has a normal distribution about every place, as wide as the distance to its farther neighbour, and one
// over the whole range; all are cut off at the range's ends.
type mixture struct {
	low, high   float64
	mean, width []float64
}

func newMixture(list []float64, low, high float64) *mixture {
	m := &mixture{low: low, high: high, mean: append(slices.Clone(list), (low+high)/2)}
	slices.Sort(m.mean)
	least := (high - low) / min(100, float64(len(m.mean)+1))
	prior := false
	for i, v := range m.mean {
		left, right := low, high
		if i > 0 {
			left = m.mean[i-1]
		}
		if i+1 < len(m.mean) {
			right = m.mean[i+1]
		}
		w := min(max(v-left, right-v, least), high-low)
		if !prior && v == (low+high)/2 {
			w, prior = high-low, true
		}
		m.width = append(m.width, w)
	}
	return m
}

func (s *Search) draw(m *mixture) float64 {
	k := int(s.uniform() * float64(len(m.mean)))
	for range 100 {
		if x := m.mean[k] + m.width[k]*s.normal(); x >= m.low && x <= m.high {
			return x
		}
	}
	return m.mean[k]
}

func (m *mixture) density(x float64) float64 {
	sum := 0.0
	for k, mean := range m.mean {
		z, w := (x-mean)/m.width[k], m.width[k]
		inside := phi((m.high-mean)/w) - phi((m.low-mean)/w)
		sum += math.Exp(-z*z/2) / w / inside
	}
	return sum
}

// phi is the normal distribution function.
func phi(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }
