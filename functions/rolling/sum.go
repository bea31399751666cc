package rolling

import (
	"math"

	"github.com/eiderdb/eider/sql/types"
)

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
	squared bool
	n       int
	// The others are counted apart: a sum never forgets a NaN or an infinity.
	nan, up, down int
	// So are those whose squares overflow; huge is a 2^64th of the sum of values whose sums may.
	vast               int
	sum, squares, huge exact
}

const (
	vast = 0x1p500
	huge = 0x1p960
	down = 0x1p-64
)

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
		s.sum, s.squares, s.huge, s.vast = exact{}, exact{}, exact{}, 0
		return
	}
	f := float64(sign)
	if math.Abs(x) < huge {
		s.sum.add(f*x, 0)
	} else {
		s.huge.add(f*x*down, 0)
	}
	if math.Abs(x) >= vast {
		s.vast += sign
	} else if s.squared {
		q := x * x
		s.squares.add(f*q, f*math.FMA(x, x, -q))
	}
}

// value is the sum of at least one number.
func (s *total) value() float64 {
	switch {
	case s.nan > 0, s.up > 0 && s.down > 0:
		return math.NaN()
	case s.up > 0:
		return math.Inf(1)
	case s.down > 0:
		return math.Inf(-1)
	}
	return s.sum.hi + s.huge.hi/down
}

// stddev is the sample's standard deviation of at least two numbers.
func (s *total) stddev() float64 {
	if s.nan+s.up+s.down+s.vast > 0 {
		return math.NaN()
	}
	n := float64(s.n)
	return math.Sqrt(max(s.deviation(n), 0) / (n - 1))
}

// totals are the numbers of values, sums and, where squared, standard deviations of a column in
// the windows of one length, from break to break.
type totals struct {
	column  int
	squared bool
	counts  []int32
	sums    []float64
	stddevs []float64
}

// sizes makes room for n pieces.
func (t *totals) sizes(n int) {
	if cap(t.counts) < n {
		t.counts, t.sums = make([]int32, n+n/4), make([]float64, n+n/4)
	}
	t.counts, t.sums = t.counts[:n], t.sums[:n]
	if !t.squared {
		return
	}
	if cap(t.stddevs) < n {
		t.stddevs = make([]float64, n+n/4)
	}
	t.stddevs = t.stddevs[:n]
}

// write writes an aggregate to every width-th place of out.
func (t *totals) write(out []float64, width int, aggregate string) {
	for k, n := range t.counts {
		v := float64(n)
		switch {
		case aggregate == Count:
		case n == 0 || aggregate == Stddev && n == 1:
			v = null
		case aggregate == Sum:
			v = t.sums[k]
		case aggregate == Avg:
			v = t.sums[k] / v
		default:
			v = t.stddevs[k]
		}
		out[k*width] = v
	}
}

// whole tells whether all values are integers whose sums, of squares too where squared, are exact in float64.
func whole(x []float64, v *types.Vector, squared bool) bool {
	largest := 0.0
	for i, f := range x {
		if v.Validity != nil && !v.Valid(i) {
			continue
		}
		if f != math.Trunc(f) || math.IsInf(f, 0) {
			return false
		}
		largest = max(largest, math.Abs(f))
	}
	if squared {
		largest *= largest
	}
	return largest*float64(len(x)) < 1<<53
}

// total returns the totals of a column in the windows at hand.
func (w *sweep) total(column int) *totals {
	for _, t := range w.sums {
		if t.column == column {
			return t
		}
	}
	t := &totals{}
	if n := len(w.spareSums); n > 0 {
		t, w.spareSums = w.spareSums[n-1], w.spareSums[:n-1]
	}
	t.column, t.squared = column, false
	for _, win := range w.spec.Windows {
		t.squared = t.squared || win.Aggregate == Stddev && win.Column == column
	}
	t.sizes(len(w.breaks) + 1)
	v := w.column(column)
	x := types.Slice[float64](v)
	if whole(x, v, t.squared) {
		w.plainTotals(t, x, v)
	} else {
		w.exactTotals(t, x, v)
	}
	w.sums = append(w.sums, t)
	return t
}

// plainTotals sums integers.
func (w *sweep) plainTotals(t *totals, x []float64, v *types.Vector) {
	n, sum, squares := int32(0), 0.0, 0.0
	t.put(0, 0, 0, 0)
	from := int32(0)
	for k, end := range w.ends {
		for _, i := range w.moves[from:end] {
			sign, f := int32(1), 1.0
			if i < 0 {
				i, sign, f = ^i, -1, -1
			}
			if v.Validity == nil || v.Valid(int(i)) {
				n += sign
				sum += f * x[i]
				squares += f * x[i] * x[i]
			}
		}
		from = end
		t.put(k+1, n, sum, squares)
	}
}

func (t *totals) put(k int, n int32, sum, squares float64) {
	t.counts[k], t.sums[k] = n, sum
	if t.squared && n > 1 {
		s := total{n: int(n), sum: exact{hi: sum}, squares: exact{hi: squares}}
		t.stddevs[k] = s.stddev()
	}
}

// exactTotals sums any numbers.
func (w *sweep) exactTotals(t *totals, x []float64, v *types.Vector) {
	s := total{squared: t.squared}
	t.put(0, 0, 0, 0)
	from := int32(0)
	for k, end := range w.ends {
		for _, i := range w.moves[from:end] {
			sign := 1
			if i < 0 {
				i, sign = ^i, -1
			}
			if v.Validity == nil || v.Valid(int(i)) {
				s.take(x[i], sign)
			}
		}
		from = end
		t.counts[k+1], t.sums[k+1] = int32(s.n), s.value()
		if t.squared && s.n > 1 {
			t.stddevs[k+1] = s.stddev()
		}
	}
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
