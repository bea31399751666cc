package transform

import (
	"math"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/model/frame"
)

// moments are the count, mean and population variance of the values that aren't missing, in two passes. They don't depend on
// the values' order, so that the same rows teach the same constants whatever else is read with them.
func moments(x []float64) (n int, mean, variance float64) {
	var total exactSum
	for _, v := range x {
		if v == v {
			total.add(v)
			n++
		}
	}
	if n == 0 {
		return 0, math.NaN(), math.NaN()
	}
	mean = total.value() / float64(n)
	total = exactSum{}
	for _, v := range x {
		if v == v {
			d := v - mean
			total.add(float64(d * d))
		}
	}
	return n, mean, total.value() / float64(n)
}

// exactSum adds numbers up with the errors of the additions (Knuth's TwoSum): about 106 bits, of which the 53 that are
// left in the end are the same in any order, but for one sum in some 2⁵⁰.
type exactSum struct{ sum, rest float64 }

func (s *exactSum) add(v float64) {
	t := s.sum + v
	b := t - s.sum
	s.rest += (s.sum - (t - b)) + (v - b)
	s.sum = t
}

func (s *exactSum) value() float64 {
	if v := s.sum + s.rest; v == v {
		return v
	}
	return s.sum // infinite, whose rest is none
}

// infinities is the number of infinite values.
func infinities(x []float64) int {
	if allFinite(x) {
		return 0
	}
	n := 0
	for _, v := range x {
		if math.IsInf(v, 0) {
			n++
		}
	}
	return n
}

// allFinite reports whether no value is missing or infinite.
func allFinite(x []float64) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}

// finite are a copy of the values that aren't missing; an infinite one is an error.
func (b *builder) finite(x *vector) ([]float64, error) {
	if n := infinities(x.values()); n > 0 {
		return nil, b.infinite(n)
	}
	return known(x.values()), nil
}

// known are a copy of the values that aren't missing.
func known(x []float64) []float64 {
	out := make([]float64, 0, len(x))
	for _, v := range x {
		if v == v {
			out = append(out, v)
		}
	}
	return out
}

// quantile7 is a quantile of type 7 (Hyndman and Fan 1996), the default of R and numpy: linear between the order
// statistics around (n − 1)·q. It reorders x, which has no NaN and isn't empty.
func quantile7(x []float64, q float64) float64 {
	h := q * float64(len(x)-1)
	k := int(h)
	lo := nth(x, k)
	if h == float64(k) {
		return lo
	}
	return between(lo, slices.Min(x[k+1:]), h-float64(k))
}

// between is t of the way from lo to hi.
func between(lo, hi, t float64) float64 {
	if lo == hi {
		return lo
	}
	if d := hi - lo; !math.IsInf(d, 0) {
		return lo + float64(d*t)
	}
	return float64(lo*(1-t)) + float64(hi*t)
}

// nth puts the k-th smallest value in place k, smaller ones before it and larger ones behind (Hoare's FIND with a median of
// three, on the three-way partition of Dijkstra).
func nth(x []float64, k int) float64 {
	lo, hi := 0, len(x)-1
	for lo < hi {
		a, b, c := x[lo], x[int(uint(lo+hi)>>1)], x[hi]
		pivot := max(min(a, b), min(max(a, b), c))
		lt, i, gt := lo, lo, hi
		for i <= gt {
			switch v := x[i]; {
			case v < pivot:
				x[lt], x[i] = v, x[lt]
				lt++
				i++
			case v > pivot:
				x[i], x[gt] = x[gt], v
				gt--
			default:
				i++
			}
		}
		switch {
		case k < lt:
			hi = lt - 1
		case k > gt:
			lo = gt + 1
		default:
			return x[k]
		}
	}
	return x[k]
}

// median of what isn't missing; x has at least one value, and no infinite one where it matters.
func (b *builder) median(x *vector) float64 {
	n := 0
	for _, v := range x.values() {
		if v == v {
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return medianOf(x.values(), n)
}

// affine makes (x - a) / scale, with 1 for a scale of 0.
func (b *builder) affine(x vector, a, scale float64) (vector, error) {
	if scale == 0 {
		scale = 1
	}
	v, err := b.add(x, step{Op: opScale, A: a, B: scale})
	v.suffix, v.varies = x.suffix, x.varies
	return v, err
}

func (b *builder) standard(x vector) (vector, error) {
	if n := infinities(x.values()); n > 0 {
		return vector{}, b.infinite(n)
	}
	_, mean, variance := moments(x.values())
	return b.affine(x, mean, math.Sqrt(variance))
}

func fitStandard(b *builder, x vector, _ args) ([]output, error) {
	v, err := b.standard(x)
	return []output{plainName(v)}, err
}

// plainName drops a suffix that the caller adds again.
func plainName(v vector) vector {
	v.suffix = ""
	return v
}

func fitMinMax(b *builder, x vector, _ args) ([]output, error) {
	values, err := b.finite(&x)
	if err != nil {
		return nil, err
	}
	lo, hi := slices.Min(values), slices.Max(values)
	v, err := b.affine(x, lo, hi-lo)
	return []output{plainName(v)}, err
}

func fitRobust(b *builder, x vector, _ args) ([]output, error) {
	values, err := b.finite(&x)
	if err != nil {
		return nil, err
	}
	q1, q2, q3 := quantile7(values, 0.25), quantile7(values, 0.5), quantile7(values, 0.75)
	v, err := b.affine(x, q2, q3-q1)
	return []output{plainName(v)}, err
}

func fitImpute(b *builder, x vector, a args) ([]output, error) {
	method, isText := a["method"].(string)
	if x.kind == frame.Category {
		fill := method
		if method == "" || strings.EqualFold(method, "mode") {
			fill = b.mode(&x)
		}
		v, err := b.add(x, step{Op: opFill, Keys: []string{fill}})
		return []output{v}, err
	}
	var with float64
	switch c := a["method"].(type) {
	case float64:
		with = c
	case bool:
		if c {
			with = 1
		}
	}
	if isText {
		values, err := b.finite(&x)
		if err != nil {
			return nil, err
		}
		switch strings.ToLower(method) {
		case "mean":
			_, with, _ = moments(x.values())
		case "mode":
			with = mode(values)
		default:
			with = quantile7(values, 0.5)
		}
	}
	v, err := b.impute(x, with)
	return []output{plainName(v)}, err
}

// mode is the most frequent value, the smallest of several. It sorts x.
func mode(x []float64) float64 {
	slices.Sort(x)
	best, most := x[0], 0
	for from := 0; from < len(x); {
		to := from
		for to < len(x) && x[to] == x[from] {
			to++
		}
		if to-from > most {
			best, most = x[from], to-from
		}
		from = to
	}
	return best
}

func fitWinsorize(b *builder, x vector, a args) ([]output, error) {
	values := known(x.values())
	lo, hi := quantile7(values, a.number("low")), quantile7(values, a.number("high"))
	v, err := b.add(x, step{Op: opClip, A: lo, B: hi})
	return []output{v}, err
}

func fitClipIQR(b *builder, x vector, a args) ([]output, error) {
	values := known(x.values())
	q1, q3 := quantile7(values, 0.25), quantile7(values, 0.75)
	reach := float64(a.number("k") * (q3 - q1))
	v, err := b.add(x, step{Op: opClip, A: q1 - reach, B: q3 + reach})
	return []output{v}, err
}

func fitLog1p(b *builder, x vector, _ args) ([]output, error) {
	v, err := b.add(x, step{Op: opLog1p})
	return []output{v}, err
}

func fitBucketize(b *builder, x vector, a args) ([]output, error) {
	v, err := b.add(x, step{Op: opBucket, Edges: a["edges"].([]float64)})
	return []output{v}, err
}

func fitQuantileBucket(b *builder, x vector, a args) ([]output, error) {
	values, err := b.finite(&x)
	if err != nil {
		return nil, err
	}
	slices.Sort(values)
	n, last := int(a.number("n")), len(values)-1
	var edges []float64
	for i := 1; i < n; i++ {
		h := float64(i) / float64(n) * float64(last)
		k := int(h)
		e := between(values[k], values[min(k+1, last)], h-float64(k))
		if e > values[0] && e < values[last] && (len(edges) == 0 || e > edges[len(edges)-1]) {
			edges = append(edges, e)
		}
	}
	if len(edges) == 0 { // so many are the smallest or the largest: set the smallest apart
		edges = []float64{math.Nextafter(values[0], math.Inf(1))}
	}
	v, err := b.add(x, step{Op: opBucket, Edges: edges})
	return []output{v}, err
}
