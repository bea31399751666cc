package stat

import (
	"math"
	"slices"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// sorted declares what statements of whole tables sort with: several times as fast as list_sort, in
// DuckDB's memory.
func sorted() *fn.Decl {
	return &fn.Decl{
		Name: "eider_sorted", Family: "stat", Summary: "A list's numbers in order, without NULL and NaN.",
		Notes:   "What drift and profile are made of.",
		Params:  []fn.Param{{Name: "list", Type: types.Of(types.Any), Doc: "a list of numbers or times"}},
		Returns: &types.Type{ID: types.List, Child: types.Of(types.Double)},
		Bind: func(args []fn.Arg) (fn.Bound, error) {
			if k, ok := kindOf(args[0].Type); !ok || k == category {
				return fn.Bound{}, sqlstate.Newf(sqlstate.DatatypeMismatch, "eider_sorted can't order %s as numbers", args[0].Type)
			}
			return fn.Bound{Call: sortLists}, nil
		},
		Examples: []fn.Example{{SQL: "SELECT eider_sorted([3, NULL, 1, 2]), eider_sorted(['nan'::DOUBLE, 7]), eider_sorted(NULL)", Want: "[1.0, 2.0, 3.0]\t[7.0]\tNULL"}},
	}
}

func sortLists(in *types.Chunk, out fn.Writer) error {
	s := samplesOf(&in.Columns[0])
	total := 0
	for i := range in.Len {
		from, to := s.span(i)
		total += to - from
	}
	elements, err := out.Elements(total)
	if err != nil {
		return err
	}
	data, at := types.Slice[float64](elements.Vector()), 0
	for i := range in.Len {
		if s.entries == nil || !s.vec.Valid(i) {
			out.SetNull(i)
			continue
		}
		first := at
		from, to := s.span(i)
		for k := from; s.at != nil && k < to; k++ {
			if !s.child.Valid(k) {
				continue
			}
			if v := s.at(k); !math.IsNaN(v) {
				data[at] = v + 0 // −0 is 0
				at++
			}
		}
		sortFloats(data[first:at])
		out.SetList(i, first, at-first)
	}
	return nil
}

// small is the size below which comparing is faster than counting.
const small = 256

// sortFloats sorts in place, without NaN: by the bytes of their bits, the first byte first (American flag sort:
// McIlroy, Bostic and McIlroy, Engineering radix sort, 1993).
func sortFloats(x []float64) { flagSort(x, 56) }

// keyOf orders doubles as whole numbers.
func keyOf(v float64) uint64 {
	b := math.Float64bits(v)
	if b>>63 == 1 {
		return ^b
	}
	return b | 1<<63
}

func flagSort(x []float64, shift uint) {
	if len(x) < small {
		slices.Sort(x)
		return
	}
	var ends, next [256]int
	for _, v := range x {
		ends[byte(keyOf(v)>>shift)]++
	}
	sum := 0
	for b, n := range ends {
		next[b] = sum
		sum += n
		ends[b] = sum
	}
	for b := range ends {
		for next[b] < ends[b] {
			v := x[next[b]]
			for to := byte(keyOf(v) >> shift); int(to) != b; to = byte(keyOf(v) >> shift) {
				x[next[to]], v = v, x[next[to]]
				next[to]++
			}
			x[next[b]] = v
			next[b]++
		}
	}
	if shift == 0 {
		return
	}
	start := 0
	for _, end := range ends {
		if end-start > 1 {
			flagSort(x[start:end], shift-8)
		}
		start = end
	}
}

// survival declares the p-value of a chi-squared statistic.
func survival() *fn.Decl {
	double := types.Of(types.Double)
	return &fn.Decl{
		Name: "chi2_sf", Family: "stat", Summary: "Gives the probability that a chi-squared variable exceeds x.",
		Notes: "NULL where either is NULL or NaN. No degrees of freedom give 1.", Source: "scipy.stats.chi2.sf",
		Params:  []fn.Param{{Name: "x", Type: double, Doc: "the statistic"}, {Name: "df", Type: double, Doc: "the degrees of freedom"}},
		Returns: double,
		Scalar: func(in *types.Chunk, out fn.Writer) error {
			x, df, res := types.Slice[float64](&in.Columns[0]), types.Slice[float64](&in.Columns[1]), types.Slice[float64](out.Vector())
			for i := range in.Len {
				if !in.Columns[0].Valid(i) || !in.Columns[1].Valid(i) || math.IsNaN(x[i]) || math.IsNaN(df[i]) {
					out.SetNull(i)
					continue
				}
				res[i] = chi2Survival(x[i], df[i])
			}
			return nil
		},
		Examples: []fn.Example{{SQL: "SELECT round(chi2_sf(3.841458820694124, 1), 9), chi2_sf(5, NULL), chi2_sf('inf', 3)", Want: "0.05\tNULL\t0.0"}},
	}
}
