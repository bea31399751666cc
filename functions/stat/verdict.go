package stat

import (
	"fmt"
	"math"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// thresholds are the p-values below which, and distances from which on, a column has drifted.
var thresholds = map[string]float64{"ks": 0.05, "chi2": 0.05, "psi": 0.1, "js": 0.1, "wasserstein": 0.1}

// hasP tells whether a test has a p-value.
func hasP(test string) bool { return test == "ks" || test == "chi2" }

const (
	// fewRows is the size of the smaller sample up to which a p-value tells more than a distance.
	fewRows = 1000
	// fewValues is the number of different numbers up to which they are categories.
	fewValues = 5
)

// outcome is a column's result.
type outcome struct {
	test         string
	statistic, p float64
	note         string
}

// judgeNumbers compares two columns of numbers.
func judgeNumbers(ref, cur sample, test string) outcome {
	if ref.n == 0 || cur.n == 0 {
		return outcome{note: emptySide(ref.n == 0, cur.n == 0)}
	}
	values := 1
	for i := 1; i < ref.n && values <= fewValues; i++ {
		if ref.value(i) != ref.value(i-1) {
			values++
		}
	}
	small := min(ref.n, cur.n) <= fewRows
	if test == "auto" {
		switch {
		case values <= fewValues && small:
			test = "chi2"
		case values <= fewValues:
			test = "js"
		case small:
			test = "ks"
		default:
			test = "wasserstein"
		}
	}
	o := outcome{test: test, p: math.NaN()}
	switch test {
	case "ks":
		o.statistic, o.p = kolmogorovSmirnov(ref, cur)
	case "wasserstein":
		o.statistic = wasserstein(ref, cur)
		// Of a constant there is no deviation: the distance stays in the column's unit.
		if sd := deviation(ref); sd > 0 && !math.IsInf(sd, 0) {
			o.statistic /= sd
		}
	case "psi":
		o.statistic = psi(binned(ref, cur, 10))
	case "js":
		c := binned(ref, cur, 10)
		if values <= fewValues {
			c = distinct(ref, cur)
		}
		o.statistic = math.Sqrt(jensenShannon(c))
	case "chi2":
		o.statistic, o.p, _ = pearson(distinct(ref, cur))
	}
	return o
}

func emptySide(ref, cur bool) string {
	switch {
	case ref && cur:
		return "no values"
	case ref:
		return "no values in the reference"
	}
	return "no values now"
}

// judgeCategories compares two columns by the counts of their categories.
func judgeCategories(c *counts, test string) outcome {
	if c.nRef == 0 || c.nCur == 0 {
		return outcome{note: emptySide(c.nRef == 0, c.nCur == 0)}
	}
	fresh, rare, known := 0.0, 0, 0
	for i := range c.ref {
		if c.ref[i] == 0 {
			fresh += c.cur[i]
			rare++
		} else {
			known++
		}
	}
	const identifier, enough = 0.95, 100
	if c.nRef >= enough && c.nCur >= enough && float64(len(c.ref)) > identifier*math.Max(c.nRef, c.nCur) && float64(known) > identifier*c.nRef {
		return outcome{note: "nearly every value is different: an identifier?"}
	}
	o := outcome{test: test, p: math.NaN()}
	switch {
	case test == "auto" && math.Min(c.nRef, c.nCur) <= fewRows:
		o.test = "chi2"
	case test == "auto":
		o.test = "js"
	}
	if rare > 0 {
		values := "values"
		if rare == 1 {
			values = "value"
		}
		o.note = fmt.Sprintf("%d new %s in %.3g %% of the rows", rare, values, 100*fresh/c.nCur)
	}
	switch o.test {
	case "chi2":
		o.statistic, o.p, _ = pearson(c)
	case "js":
		o.statistic = math.Sqrt(jensenShannon(c))
	case "psi":
		o.statistic = psi(c)
	default:
		return outcome{note: o.test + " compares numbers only"}
	}
	return o
}

// verdict says whether the column drifted; "" if it wasn't tested.
func (o *outcome) verdict(threshold float64) string {
	switch {
	case o.test == "":
		return ""
	case hasP(o.test) && o.p < threshold, !hasP(o.test) && o.statistic >= threshold:
		return "drift"
	}
	return "stable"
}

// driftType is what both callbacks return.
func driftType() *types.Type {
	text, double := types.Of(types.Varchar), types.Of(types.Double)
	return &types.Type{ID: types.Struct, Fields: []types.Field{{Name: "test", Type: text}, {Name: "statistic", Type: double}, {Name: "p_value", Type: double},
		{Name: "threshold", Type: double}, {Name: "verdict", Type: text}, {Name: "note", Type: text}}}
}

// driftCallbacks are what drift's query calls for each column.
func driftCallbacks() []*fn.Decl {
	list := func(of types.ID) *types.Type { return &types.Type{ID: types.List, Child: types.Of(of)} }
	decl := func(name, summary string, of types.ID, example fn.Example, lists func(*types.Vector) *samples, judge func(ref, cur *samples, i int, test string) (outcome, error)) *fn.Decl {
		return &fn.Decl{
			Name: name, Family: "stat", Summary: summary, Notes: "What drift is made of.",
			Params: []fn.Param{{Name: "ref", Type: list(of), Doc: "the reference"}, {Name: "cur", Type: list(of), Doc: "what is compared"},
				{Name: "test", Type: types.Of(types.Varchar), Doc: "auto or a test"}, {Name: "threshold", Type: types.Of(types.Double), Doc: "NULL for the test's own"}},
			Returns: driftType(), Examples: []fn.Example{example},
			Scalar: func(in *types.Chunk, out fn.Writer) error { return judgeAll(in, out, lists, judge) },
		}
	}
	return []*fn.Decl{
		decl("eider_drift_numbers", "Compares two columns of numbers, given as eider_sorted gives them.", types.Double,
			fn.Example{SQL: "SELECT d.test, d.statistic, d.verdict FROM (SELECT eider_drift_numbers([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], 'auto', NULL) AS d)", Want: "ks\t0.0\tstable"}, listsOf[float64],
			func(ref, cur *samples, i int, test string) (outcome, error) {
				c, err := compare(ref, cur, i)
				if err != nil {
					return outcome{}, err
				}
				return judgeNumbers(c.ref, c.cur, test), nil
			}),
		decl("eider_drift_categories", "Compares two columns by the counts of the same categories.", types.BigInt,
			fn.Example{SQL: "SELECT d.test, d.statistic, d.verdict FROM (SELECT eider_drift_categories([5, 5], [6, 6], 'auto', NULL) AS d)", Want: "chi2\t0.0\tstable"}, listsOf[int64],
			func(ref, cur *samples, i int, test string) (outcome, error) {
				c := &counts{}
				from, to := ref.span(i)
				other, end := cur.span(i)
				if to-from != end-other {
					return outcome{}, sqlstate.New(sqlstate.InvalidParameterValue, "the counts are not of the same categories")
				}
				for k := from; k < to; k++ {
					c.add(ref.at(k), cur.at(other+k-from))
				}
				return judgeCategories(c, test), nil
			}),
	}
}

func judgeAll(in *types.Chunk, out fn.Writer, lists func(*types.Vector) *samples, judge func(ref, cur *samples, i int, test string) (outcome, error)) error {
	ref, cur := lists(&in.Columns[0]), lists(&in.Columns[1])
	given := types.Slice[float64](&in.Columns[3])
	number := func(k, i int, v float64) {
		if math.IsNaN(v) {
			out.Part(k).SetNull(i)
			return
		}
		types.Slice[float64](out.Part(k).Vector())[i] = v
	}
	word := func(k, i int, s string) {
		if s == "" {
			out.Part(k).SetNull(i)
			return
		}
		out.Part(k).SetString(i, s)
	}
	for i := range in.Len {
		if !in.Columns[2].Valid(i) {
			out.SetNull(i)
			continue
		}
		o, err := judge(ref, cur, i, string(in.Columns[2].Bytes(i)))
		if err != nil {
			return err
		}
		threshold := thresholds[o.test]
		if in.Columns[3].Valid(i) {
			threshold = given[i]
		}
		if o.test == "" {
			o.statistic, o.p, threshold = math.NaN(), math.NaN(), math.NaN()
		}
		word(0, i, o.test)
		number(1, i, o.statistic)
		number(2, i, o.p)
		number(3, i, threshold)
		word(4, i, o.verdict(threshold))
		word(5, i, o.note)
	}
	return nil
}
