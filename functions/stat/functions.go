package stat

import (
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// compared is a pair of samples: sorted numbers, or counted categories.
type compared struct {
	ref, cur sample
	counts   *counts
}

// empty tells that a sample has no observation.
func (c *compared) empty() bool {
	if c.counts != nil {
		return c.counts.nRef == 0 || c.counts.nCur == 0
	}
	return c.ref.n == 0 || c.cur.n == 0
}

// function is one comparison of two samples.
type function struct {
	name, summary, notes, source string
	// bins is the default number of bins, 0 where there are none.
	bins string
	// numbers tells that categories can't be compared so.
	numbers bool
	// results are the members of the result, one for a plain DOUBLE.
	results  []string
	compute  func(c *compared, bins int, out []float64)
	examples []fn.Example
}

const samplesNote = "A sample is a list: `list(x)`, `list(x) FILTER (WHERE …)`. NULL and NaN are no observations; a sample without any gives NULL. "

const numbersNote = "Lists of numbers, of dates (days) and timestamps (seconds) work. Integers beyond 2⁵³ are rounded to DOUBLE. "

const binsNote = "Lists of numbers and times are counted in `bins` bins that the reference's quantiles make, the outer ones open; a value that " +
	"alone has a share of 1/bins in the reference has a bin of its own. Lists of text, BOOLEAN, ENUM and UUID are compared category by category, at most a million of them. "

func family() []*function {
	return []*function{
		{
			name: "psi", summary: "Gives the population stability index of two samples: how far the shares of their bins or categories are apart.",
			notes:  samplesNote + binsNote + "A share of zero counts as 0.0001. By custom, below 0.1 is stable and above 0.25 a shift.",
			source: "Yurdakul, Statistical properties of population stability index (2018)", bins: "10",
			results: []string{""},
			compute: func(c *compared, bins int, out []float64) { out[0] = psi(c.binned(bins)) },
			examples: []fn.Example{
				{SQL: "SELECT round(psi(['a', 'a', 'b', 'b'], ['a', 'b', 'b', 'b']), 6)", Want: "0.274653"},
				{SQL: "SELECT psi([1, 2, 3, 4], [4, 3, 2, 1, NULL], bins := 4), psi([]::DOUBLE[], [1])", Want: "0.0\tNULL"},
				{SQL: "SELECT psi([1, 2], [1, 2], bins := 1)", Code: "22023"},
				{SQL: "SELECT psi([1, 2], ['a'])", Code: "42804"},
			},
		},
		{
			name: "js_divergence", summary: "Gives the Jensen–Shannon divergence of two samples in bits: 0 for equal shares, 1 for nothing in common.",
			notes:   samplesNote + binsNote + "Its square root is a metric, the Jensen–Shannon distance.",
			source:  "Lin, Divergence measures based on the Shannon entropy (1991); scipy.spatial.distance.jensenshannon(p, q, base=2)²",
			bins:    "10",
			results: []string{""},
			compute: func(c *compared, bins int, out []float64) { out[0] = jensenShannon(c.binned(bins)) },
			examples: []fn.Example{
				{SQL: "SELECT js_divergence(['a'], ['b']), js_divergence(['a', 'b'], ['b', 'a'])", Want: "1.0\t0.0"},
				{SQL: "SELECT round(js_divergence([true, true, false, false], [true, false, false, false]), 6)", Want: "0.048795"},
			},
		},
		{
			name: "ks_test", summary: "Tests by Kolmogorov and Smirnov whether two samples of numbers come from one distribution.",
			notes: samplesNote + numbersNote + "Two-sided. The p-value is exact as long as the product of the sizes is at most 10⁸; beyond, it is that of one sample of " +
				"n·m / (n + m) values against its true distribution. Ties make it too large, never too small. NULL as a STRUCT without observations.",
			source: "scipy.stats.ks_2samp", numbers: true, results: []string{"statistic", "p_value"},
			compute: func(c *compared, _ int, out []float64) { out[0], out[1] = kolmogorovSmirnov(c.ref, c.cur) },
			examples: []fn.Example{
				{SQL: "SELECT round(t.statistic, 6), round(t.p_value, 6) FROM (SELECT ks_test([1, 2, 3, 4, 5], [3, 4, 5, 6, 7, 8]) AS t)", Want: "0.5\t0.357143"},
				{SQL: "SELECT ks_test(['a'], ['b'])", Code: "42804"},
			},
		},
		{
			name: "wasserstein", summary: "Gives the Wasserstein-1 distance of two samples of numbers: how far the values have to be moved, on average, in their unit.",
			notes:  samplesNote + numbersNote + "An infinite value costs nothing where both samples have an equal share of it; otherwise the distance is infinite.",
			source: "scipy.stats.wasserstein_distance", numbers: true, results: []string{""},
			compute: func(c *compared, _ int, out []float64) { out[0] = wasserstein(c.ref, c.cur) },
			examples: []fn.Example{
				{SQL: "SELECT wasserstein([0, 1, 3], [5, 6, 8]), wasserstein([1], [1, 1])", Want: "5.0\t0.0"},
			},
		},
		{
			name: "chi2_test", summary: "Tests by Pearson's chi-squared whether two samples have the same categories in the same shares.",
			notes: samplesNote + "Each value of a list of numbers is a category. The table has a row for each sample; there is no correction for continuity, so two categories give the " +
				"square of the z-test of two proportions. With one category the statistic is 0 and p is 1. Expected counts below 5 make the p-value coarse.",
			source: "scipy.stats.chi2_contingency(correction=False)", results: []string{"statistic", "p_value", "df"},
			compute: func(c *compared, _ int, out []float64) {
				if c.counts == nil {
					c.counts = distinct(c.ref, c.cur)
				}
				out[0], out[1], out[2] = pearson(c.counts)
			},
			examples: []fn.Example{
				{SQL: "SELECT round(t.statistic, 6), round(t.p_value, 6), t.df FROM (SELECT chi2_test(['a', 'a', 'a', 'b'], ['a', 'b', 'b', 'b']) AS t)", Want: "2.0\t0.157299\t1.0"},
			},
		},
	}
}

// binned are the counts of the categories, or of numbers in bins.
func (c *compared) binned(bins int) *counts {
	if c.counts == nil {
		return binned(c.ref, c.cur, bins)
	}
	return c.counts
}

func (f *function) returns() *types.Type {
	if len(f.results) == 1 {
		return types.Of(types.Double)
	}
	t := &types.Type{ID: types.Struct}
	for _, r := range f.results {
		t.Fields = append(t.Fields, types.Field{Name: r, Type: types.Of(types.Double)})
	}
	return t
}

func (f *function) params() []fn.Param {
	list := &types.Type{ID: types.List, Child: types.Of(types.Any)}
	params := []fn.Param{{Name: "ref", Type: list, Doc: "the reference sample"}, {Name: "cur", Type: list, Doc: "the current sample"}}
	if f.bins != "" {
		params = append(params, fn.Param{Name: "bins", Type: types.Of(types.Integer), Doc: "bins for numbers, from 2 to 1000", Default: f.bins})
	}
	return params
}

// public is the macro that people call: DuckDB sorts the lists.
func (f *function) public() *fn.Decl {
	bins := ""
	if f.bins != "" {
		bins = ", bins"
	}
	return &fn.Decl{
		Name: f.name, Family: "stat", Summary: f.summary, Notes: f.notes, Source: f.source, Params: f.params(), Returns: f.returns(),
		Macro: "eider_" + f.name + "(list_sort(ref, 'ASC', 'NULLS LAST'), list_sort(cur, 'ASC', 'NULLS LAST')" + bins + ")", Examples: f.examples,
	}
}

// callback is what it is made of: the same of lists that are sorted already.
func (f *function) callback() *fn.Decl {
	d := &fn.Decl{
		Name: "eider_" + f.name, Family: "stat", Returns: f.returns(),
		Summary: "The function " + f.name + " for lists that list_sort(x, 'ASC', 'NULLS LAST') gave.",
		Params: []fn.Param{{Name: "ref", Type: types.Of(types.Any), Doc: "the reference sample, sorted"},
			{Name: "cur", Type: types.Of(types.Any), Doc: "the current sample, sorted"}},
		Bind: func(args []fn.Arg) (fn.Bound, error) {
			if err := f.check(args); err != nil {
				return fn.Bound{}, err
			}
			return fn.Bound{Call: f.call}, nil
		},
	}
	call := "eider_" + f.name + "([1, 2], [1, 2]"
	if f.bins != "" {
		call += ", 10"
		d.Params = append(d.Params, fn.Param{Name: "bins", Type: types.Of(types.Integer), Doc: "bins for numbers"})
	}
	d.Examples = []fn.Example{{SQL: "SELECT " + call + ") IS NULL", Want: "false"}}
	return d
}

// check refuses lists that can't be compared.
func (f *function) check(args []fn.Arg) error {
	var kinds [2]kind
	for i, a := range args[:2] {
		k, ok := kindOf(a.Type)
		if !ok || k == category && f.numbers {
			err := sqlstate.Newf(sqlstate.DatatypeMismatch, "%s can't compare samples of type %s", f.name, a.Type)
			if f.numbers {
				return err.WithHint("It takes lists of numbers or times; psi, js_divergence and chi2_test take categories too.")
			}
			return err.WithHint("It takes lists of numbers, times, text, BOOLEAN, ENUM or UUID.")
		}
		kinds[i] = k
	}
	if kinds[0] != kinds[1] && kinds[0] != nothing && kinds[1] != nothing {
		return sqlstate.Newf(sqlstate.DatatypeMismatch, "%s can't compare %s with %s", f.name, args[0].Type, args[1].Type).
			WithHint("Cast both to one type, as in list(x::VARCHAR).")
	}
	return nil
}

const maxBins = 1000

// call computes a chunk.
func (f *function) call(in *types.Chunk, out fn.Writer) error {
	ref, cur := samplesOf(&in.Columns[0]), samplesOf(&in.Columns[1])
	columns, values := outputs(out, len(f.results)), make([]float64, len(f.results))
	for i := range in.Len {
		bins := 0
		if f.bins != "" {
			b := &in.Columns[2]
			if !b.Valid(i) {
				out.SetNull(i)
				continue
			}
			if bins = int(types.Slice[int32](b)[i]); bins < 2 || bins > maxBins {
				return sqlstate.Newf(sqlstate.InvalidParameterValue, "%s takes 2 to %d bins, not %d", f.name, maxBins, bins)
			}
		}
		c, err := compare(ref, cur, i)
		if err != nil {
			return err
		}
		if c.empty() {
			out.SetNull(i)
			continue
		}
		f.compute(c, bins, values)
		for k, v := range values {
			columns[k][i] = v
		}
	}
	return nil
}

// compare is row i's pair of samples.
func compare(ref, cur *samples, i int) (*compared, error) {
	c := &compared{}
	if ref.label != nil || cur.label != nil {
		var err error
		c.counts, err = categories(ref, cur, i)
		return c, err
	}
	var err error
	if c.ref, err = ref.sorted(i); err != nil {
		return nil, err
	}
	c.cur, err = cur.sorted(i)
	return c, err
}

// outputs are the columns to write: one DOUBLE, or the members of a STRUCT.
func outputs(out fn.Writer, n int) [][]float64 {
	if n == 1 {
		return [][]float64{types.Slice[float64](out.Vector())}
	}
	columns := make([][]float64, n)
	for k := range columns {
		columns[k] = types.Slice[float64](out.Part(k).Vector())
	}
	return columns
}
