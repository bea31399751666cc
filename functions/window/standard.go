package window

import (
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/types"
)

// value is the parameter that most functions of the family have.
func value() fn.Param {
	return fn.Param{Name: "x", Type: types.Of(types.Any), Doc: "the value, of any numeric type"}
}

const finiteNotes = "NULL, NaN and infinities take no part in the statistics; the result for a NULL is NULL. With ORDER BY the statistics run: " +
	"they are those of the rows up to this one, which doesn't leak the future. FILTER (WHERE …) limits the rows that the statistics are made of."

func standard() []*fn.Decl {
	return []*fn.Decl{
		{
			Name: "zscore", Family: "window",
			Summary: "Tells by how many sample standard deviations a value lies above its group's mean.",
			Notes:   finiteNotes + " A group whose values are all equal, or that has one value, gives NULL.",
			Source:  "scipy.stats.zscore with ddof=1",
			Params:  []fn.Param{value()},
			Returns: types.Of(types.Double),
			Window:  &fn.Window{Template: "({x} - avg({x}) {finite x} {over}) / nullif(stddev_samp({x}) {finite x} {over}, 0)", Filtered: true},
			Examples: []fn.Example{
				{SQL: "SELECT g, x, zscore(x) OVER (PARTITION BY g) FROM (VALUES ('a', 1), ('a', 2), ('a', 3), ('b', 7)) t(g, x) ORDER BY g, x",
					Want: "a\t1\t-1.0\na\t2\t0.0\na\t3\t1.0\nb\t7\tNULL"},
				{SQL: "SELECT zscore(x) FROM (VALUES (1)) t(x)", Code: "42809"},
			},
		},
		{
			Name: "standard_scale", Family: "window",
			Summary: "Scales values to mean 0 and population standard deviation 1 within their group.",
			Notes:   finiteNotes + " A group whose values are all equal gives 0.",
			Source:  "scikit-learn, preprocessing.StandardScaler",
			Params:  []fn.Param{value()},
			Returns: types.Of(types.Double),
			Window: &fn.Window{Template: "({x} - avg({x}) {finite x} {over}) / coalesce(nullif(stddev_pop({x}) {finite x} {over}, 0), 1)",
				Filtered: true},
			Examples: []fn.Example{
				{SQL: "SELECT x, standard_scale(x) OVER () FROM (VALUES (0), (0), (4), (4)) t(x) ORDER BY x", Want: "0\t-1.0\n0\t-1.0\n4\t1.0\n4\t1.0"},
				{SQL: "SELECT standard_scale(x) OVER () FROM (VALUES (5), (5)) t(x)", Want: "0.0\n0.0"},
			},
		},
		{
			Name: "minmax_scale", Family: "window",
			Summary: "Scales values to 0 … 1 between their group's least and greatest.",
			Notes:   finiteNotes + " A group whose values are all equal gives 0.",
			Source:  "scikit-learn, preprocessing.MinMaxScaler",
			Params:  []fn.Param{value()},
			Returns: types.Of(types.Double),
			Window: &fn.Window{Template: "({x} - min({x}) {finite x} {over})::DOUBLE / coalesce(nullif(max({x}) {finite x} {over} - min({x}) {finite x} {over}, 0), 1)",
				Filtered: true},
			Examples: []fn.Example{
				{SQL: "SELECT x, minmax_scale(x) OVER () AS scaled FROM (VALUES (10), (15), (20), (NULL)) t(x) ORDER BY x", Want: "10\t0.0\n15\t0.5\n20\t1.0\nNULL\tNULL"},
			},
		},
	}
}

func outliers() []*fn.Decl {
	return []*fn.Decl{
		{
			Name: "is_outlier_iqr", Family: "window",
			Summary: "Tells whether a value lies outside of its group's quartiles by more than k times their distance.",
			Notes: "Quartiles are interpolated linearly (type 7 of Hyndman and Fan), of what is finite: infinities and NaN are outliers. NULL gives NULL. " +
				"FILTER (WHERE …) limits the rows that the quartiles are made of.",
			Source:  "Tukey, Exploratory Data Analysis (1977); quartiles as numpy.quantile",
			Params:  []fn.Param{value(), {Name: "k", Type: types.Of(types.Double), Doc: "the multiple", Default: "1.5"}},
			Returns: types.Of(types.Boolean),
			Window: &fn.Window{Template: "{x} < quantile_cont({x}, 0.25) {finite x} {over} - {k} * (quantile_cont({x}, 0.75) {finite x} {over} - quantile_cont({x}, 0.25) {finite x} {over}) OR " +
				"{x} > quantile_cont({x}, 0.75) {finite x} {over} + {k} * (quantile_cont({x}, 0.75) {finite x} {over} - quantile_cont({x}, 0.25) {finite x} {over})", Filtered: true},
			Examples: []fn.Example{
				{SQL: "SELECT x FROM (VALUES (10), (11), (12), (13), (99)) t(x) QUALIFY is_outlier_iqr(x) OVER ()", Want: "99"},
			},
		},
		{
			Name: "hampel", Family: "window",
			Summary: "Replaces a value that lies far from its neighbours' median by that median.",
			Notes: "The neighbours are the k rows before and the k after (fewer at the ends of a group), with the row itself. A value is replaced when it lies more than " +
				"n × 1.4826 × the median absolute deviation from their median. A NULL stays NULL and isn't counted.",
			Source: "Hampel, The influence curve (1974); Pearson et al., Generalized Hampel filters (2016)",
			Params: []fn.Param{value(), {Name: "k", Type: types.Of(types.Integer), Doc: "rows on each side"},
				{Name: "n", Type: types.Of(types.Double), Doc: "standard deviations that are allowed", Default: "3"}},
			Returns: types.Of(types.Double),
			Window: &fn.Window{Template: "CASE WHEN abs({x} - median({x}) {over ROWS BETWEEN {k} PRECEDING AND {k} FOLLOWING}) > {n} * 1.4826 * mad({x}) {over ROWS BETWEEN {k} PRECEDING AND {k} FOLLOWING} " +
				"THEN median({x}) {over ROWS BETWEEN {k} PRECEDING AND {k} FOLLOWING} ELSE {x} END", Ordered: true, FixedFrame: true, Constants: []string{"k", "n"}},
			Examples: []fn.Example{
				{SQL: "SELECT ts, hampel(x, 2, 3) OVER (ORDER BY ts) AS calm FROM (VALUES (1, 1), (2, 2), (3, 90), (4, 2), (5, 1)) t(ts, x) ORDER BY ts",
					Want: "1\t1.0\n2\t2.0\n3\t2.0\n4\t2.0\n5\t1.0"},
			},
		},
	}
}
