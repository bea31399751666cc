package health

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/types"
)

const (
	histogramBins = 10
	topValues     = 5
)

// levels are the bars of a histogram in text, for shares of the highest.
var levels = [...]string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}

// form is what a column of numbers looks like.
type form struct {
	n, distinct, zeros, infinite int64
	mean, sd, skew               float64
	q05, q25, median, q75, q95   float64
	histogram                    []int64
	bars                         string
	top                          []string
	counts                       []int64
	lowest, highest              float64
}

// formOf looks at sorted numbers without NaN. Moments and histogram are of the finite ones;
// without any they are NaN.
func formOf(x []float64) form {
	f := form{n: int64(len(x))}
	lo, hi := 0, len(x)
	for lo < hi && math.IsInf(x[lo], -1) {
		lo++
	}
	for hi > lo && math.IsInf(x[hi-1], 1) {
		hi--
	}
	finite := x[lo:hi]
	f.infinite = f.n - int64(len(finite))
	f.moments(finite)
	q := func(p float64) float64 { return quantile(x, p) }
	f.q05, f.q25, f.median, f.q75, f.q95 = q(0.05), q(0.25), q(0.5), q(0.75), q(0.95)
	f.runs(x)
	f.bin(finite)
	return f
}

// quantile interpolates linearly: type 7 of Hyndman and Fan, as numpy.quantile.
func quantile(x []float64, p float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	h := p * float64(len(x)-1)
	k := int(h)
	if k >= len(x)-1 || x[k] == x[k+1] || h == float64(k) {
		return x[min(k, len(x)-1)]
	}
	return x[k] + (h-float64(k))*(x[k+1]-x[k])
}

// moments takes two passes, so that a large mean costs no digits. The skewness is the population's, g₁.
func (f *form) moments(x []float64) {
	f.mean, f.sd, f.skew, f.lowest, f.highest = math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()
	if len(x) == 0 {
		return
	}
	n := float64(len(x))
	f.lowest, f.highest = x[0], x[len(x)-1]
	sum, lost := 0.0, 0.0 // Neumaier's summation
	for _, v := range x {
		t := sum + v
		if math.Abs(sum) >= math.Abs(v) {
			lost += (sum - t) + v
		} else {
			lost += (v - t) + sum
		}
		sum = t
	}
	if f.mean = (sum + lost) / n; math.IsInf(sum, 0) || math.IsNaN(f.mean) {
		f.mean = 0
		for _, v := range x {
			f.mean += v / n
		}
	}
	f.mean = min(max(f.mean, f.lowest), f.highest)
	var m2, m3, rest float64
	for _, v := range x {
		d := v - f.mean
		m2, m3, rest = m2+d*d, m3+d*d*d, rest+d
	}
	m2 -= rest * rest / n
	if len(x) > 1 {
		f.sd = math.Sqrt(max(m2, 0) / (n - 1))
	}
	if m2 > 0 {
		f.skew = (m3 / n) / math.Pow(m2/n, 1.5)
	}
}

// runs counts equal values and keeps the most frequent.
func (f *form) runs(x []float64) {
	type run struct {
		v float64
		n int64
	}
	var top []run
	for i := 0; i < len(x); {
		first := i
		for i < len(x) && x[i] == x[first] {
			i++
		}
		f.distinct++
		r := run{x[first], int64(i - first)}
		if r.v == 0 {
			f.zeros = r.n
		}
		if len(top) == topValues && top[topValues-1].n >= r.n {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, r, func(a, b run) int {
			if a.n != b.n {
				return cmp.Compare(b.n, a.n)
			}
			return -1 // an equal count stands behind
		})
		if top = slices.Insert(top, at, r); len(top) > topValues {
			top = top[:topValues]
		}
	}
	for _, r := range top {
		if r.n > 1 || f.distinct <= topValues {
			f.top = append(f.top, strconv.FormatFloat(r.v, 'g', -1, 64))
			if math.Abs(r.v) < 1e15 {
				f.top[len(f.top)-1] = strconv.FormatFloat(r.v, 'f', -1, 64)
			}
			f.counts = append(f.counts, r.n)
		}
	}
}

// bin counts finite values in bins of equal width from the lowest to the highest.
func (f *form) bin(x []float64) {
	if len(x) == 0 || f.lowest == f.highest {
		return
	}
	f.histogram = make([]int64, histogramBins)
	width := f.highest/histogramBins - f.lowest/histogramBins
	for _, v := range x {
		b := int((v/histogramBins - f.lowest/histogramBins) / width * histogramBins)
		f.histogram[min(max(b, 0), histogramBins-1)]++
	}
	most := slices.Max(f.histogram)
	for _, n := range f.histogram {
		if n == 0 {
			f.bars += " "
			continue
		}
		f.bars += levels[int64(len(levels)-1)*n/most]
	}
}

// shape declares the callback that profile and outliers call for each column of numbers.
func shape() *fn.Decl {
	double, count, text := types.Of(types.Double), types.Of(types.BigInt), types.Of(types.Varchar)
	list := func(t *types.Type) *types.Type { return &types.Type{ID: types.List, Child: t} }
	returns := &types.Type{ID: types.Struct}
	for _, name := range []string{"n", "distinct_values", "zeros", "infinite"} {
		returns.Fields = append(returns.Fields, types.Field{Name: name, Type: count})
	}
	for _, name := range []string{"mean", "sd", "skew", "q05", "q25", "median", "q75", "q95"} {
		returns.Fields = append(returns.Fields, types.Field{Name: name, Type: double})
	}
	returns.Fields = append(returns.Fields, types.Field{Name: "bars", Type: text}, types.Field{Name: "histogram", Type: list(count)},
		types.Field{Name: "top", Type: list(text)}, types.Field{Name: "counts", Type: list(count)})
	return &fn.Decl{
		Name: "eider_shape", Family: "health", Summary: "Tells of a list that eider_sorted gave what a column of numbers looks like.",
		Notes: "What profile and outliers are made of.", Source: "quantiles as numpy.quantile, skewness as scipy.stats.skew",
		Params: []fn.Param{{Name: "sorted", Type: list(double), Doc: "numbers in order, without NULL and NaN"}}, Returns: returns, Scalar: shapes,
		Examples: []fn.Example{{SQL: "SELECT s.distinct_values, s.mean, s.median, s.histogram, s.top FROM (SELECT eider_shape(eider_sorted([1, 2, 2, 11])) AS s)",
			Want: "3\t4.0\t2.0\t[1, 2, 0, 0, 0, 0, 0, 0, 0, 1]\t[2, 1, 11]"}},
	}
}

func shapes(in *types.Chunk, out fn.Writer) error {
	v := &in.Columns[0]
	entries := types.Slice[types.ListEntry](v)
	var histograms, tops int
	for i := range in.Len {
		if !v.Valid(i) {
			out.SetNull(i)
			continue
		}
		var x []float64
		if e := entries[i]; e.Length > 0 {
			x = types.Slice[float64](&v.Children[0])[e.Offset : e.Offset+e.Length]
		}
		f := formOf(x)
		for k, n := range []int64{f.n, f.distinct, f.zeros, f.infinite} {
			types.Slice[int64](out.Part(k).Vector())[i] = n
		}
		for k, d := range []float64{f.mean, f.sd, f.skew, f.q05, f.q25, f.median, f.q75, f.q95} {
			if math.IsNaN(d) {
				out.Part(4 + k).SetNull(i)
				continue
			}
			types.Slice[float64](out.Part(4 + k).Vector())[i] = d
		}
		if f.bars == "" {
			out.Part(12).SetNull(i)
		} else {
			out.Part(12).SetString(i, f.bars)
		}
		if err := writeCounts(out.Part(13), i, &histograms, f.histogram); err != nil {
			return err
		}
		names, err := out.Part(14).Elements(tops + len(f.top))
		if err != nil {
			return err
		}
		for k, name := range f.top {
			names.SetString(tops+k, name)
		}
		out.Part(14).SetList(i, tops, len(f.top))
		if err := writeCounts(out.Part(15), i, &tops, f.counts); err != nil {
			return err
		}
	}
	return nil
}

// writeCounts writes row i's list behind what was written before.
func writeCounts(w fn.Writer, i int, at *int, n []int64) error {
	elements, err := w.Elements(*at + len(n))
	if err != nil {
		return err
	}
	copy(types.Slice[int64](elements.Vector())[*at:], n)
	w.SetList(i, *at, len(n))
	*at += len(n)
	return nil
}
