package rolling

import "math"

// exact is an unevaluated sum hi + lo of twice a float64's precision, so that what is added and
// taken away again leaves nothing behind. Dekker 1971, Knuth TAOCP vol. 2, 4.2.2.
type exact struct{ hi, lo float64 }

// add adds x + y, where y is small against x.
func (s *exact) add(x, y float64) {
	h := s.hi + x
	b := h - s.hi
	e := (s.hi - (h - b)) + (x - b) + s.lo + y
	s.hi = h + e
	s.lo = e - (s.hi - h)
}

// total sums what is in a window.
type total struct {
	kind string // Sum, Avg or Stddev
	x    []float64
	n    int
	// The others are counted apart: a sum never forgets a NaN or an infinity.
	nan, up, down int
	sum, squares  exact
}

func (s *total) add(i int32)  { s.take(s.x[i], 1) }
func (s *total) drop(i int32) { s.take(s.x[i], -1) }

func (s *total) take(x float64, sign int) {
	s.n += sign
	switch {
	case math.IsNaN(x):
		s.nan += sign
		return
	case math.IsInf(x, 1):
		s.up += sign
		return
	case math.IsInf(x, -1):
		s.down += sign
		return
	}
	if s.n == s.nan+s.up+s.down {
		s.sum, s.squares = exact{}, exact{}
		return
	}
	f := float64(sign)
	s.sum.add(f*x, 0)
	if s.kind == Stddev {
		q := x * x
		s.squares.add(f*q, f*math.FMA(x, x, -q))
	}
}

func (s *total) value(int64) (float64, bool) {
	least := 1
	if s.kind == Stddev {
		least = 2
	}
	if s.n < least {
		return 0, false
	}
	switch {
	case s.nan > 0, s.up > 0 && s.down > 0, s.kind == Stddev && s.up+s.down > 0:
		return math.NaN(), true
	case s.up > 0:
		return math.Inf(1), true
	case s.down > 0:
		return math.Inf(-1), true
	}
	n := float64(s.n)
	switch s.kind {
	case Sum:
		return s.sum.hi, true
	case Avg:
		return s.sum.hi / n, true
	}
	return math.Sqrt(max(s.deviation(n), 0) / (n - 1)), true
}

// deviation is the sum of squares of the distances to the mean: Σx² - (Σx)²/n.
func (s *total) deviation(n float64) float64 {
	p := s.sum.hi * s.sum.hi
	e := math.FMA(s.sum.hi, s.sum.hi, -p) + 2*s.sum.hi*s.sum.lo
	q := p / n
	r := (math.FMA(-q, n, p) + e) / n
	d := s.squares
	d.add(-q, -r)
	return d.hi
}
