package window

import (
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/types"
)

func imputations() []*fn.Decl {
	filled := fn.Param{Name: "x", Type: types.Of(types.Any), Doc: "the value, which stays unless it is NULL"}
	when := fn.Param{Name: "ts", Type: types.Of(types.Any), Doc: "the time (or number) that the rows are ordered by"}
	return []*fn.Decl{
		{
			Name: "impute_mean", Family: "window",
			Summary: "Fills NULL with the mean of its group.",
			Notes:   "NaN and infinities stay and take no part in the mean. A group of NULLs stays NULL. With ORDER BY the mean is that of the rows up to this one. FILTER (WHERE …) limits the rows that it is made of.",
			Source:  "scikit-learn, impute.SimpleImputer(strategy='mean')",
			Params:  []fn.Param{filled}, Returns: types.Of(types.Double),
			Window: &fn.Window{Template: "coalesce({x}, avg({x}) {finite x} {over})", Filtered: true},
			Examples: []fn.Example{
				{SQL: "SELECT id, impute_mean(x) OVER (PARTITION BY g) AS x FROM (VALUES (1, 'a', 2), (2, 'a', NULL), (3, 'a', 4), (4, 'b', NULL)) t(id, g, x) ORDER BY id",
					Want: "1\t2.0\n2\t3.0\n3\t4.0\n4\tNULL"},
			},
		},
		{
			Name: "impute_median", Family: "window",
			Summary: "Fills NULL with the median of its group.",
			Notes:   "The middle of an even number of values is interpolated. Numbers, dates and times work. NaN counts as the greatest number. FILTER (WHERE …) limits the rows that the median is made of.",
			Source:  "scikit-learn, impute.SimpleImputer(strategy='median')",
			Params:  []fn.Param{filled}, Returns: types.Of(types.Any),
			Window: &fn.Window{Template: "coalesce({x}, median({x}) {filter} {over})", Filtered: true},
			Examples: []fn.Example{
				{SQL: "SELECT id, impute_median(x) OVER () AS x FROM (VALUES (1, 2), (2, NULL), (3, 3), (4, 99)) t(id, x) ORDER BY id", Want: "1\t2.0\n2\t3.0\n3\t3.0\n4\t99.0"},
			},
		},
		{
			Name: "impute_mode", Family: "window",
			Summary: "Fills NULL with the commonest value of its group.",
			Notes:   "Of values that are equally common the least is taken. Any type that can be compared works. FILTER (WHERE …) limits the rows that are counted.",
			Source:  "scikit-learn, impute.SimpleImputer(strategy='most_frequent')",
			Params:  []fn.Param{filled}, Returns: types.Of(types.Any),
			Window: &fn.Window{Template: "coalesce({x}, mode({x} ORDER BY {x}) {filter} {over})", Filtered: true},
			Examples: []fn.Example{
				{SQL: "SELECT id, impute_mode(plan) OVER () AS plan FROM (VALUES (1, 'pro'), (2, NULL), (3, 'pro'), (4, 'free')) t(id, plan) ORDER BY id", Want: "1\tpro\n2\tpro\n3\tpro\n4\tfree"},
			},
		},
		{
			Name: "impute_locf", Family: "window",
			Summary: "Fills NULL with the last value before it in the order of its group (last observation carried forward).",
			Notes:   "Leading NULLs stay. NaN is a value. Any type works.",
			Source:  "pandas, groupby.ffill",
			Params:  []fn.Param{filled}, Returns: types.Of(types.Any),
			Window: &fn.Window{Template: "last_value({x} IGNORE NULLS) {over ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW}", Ordered: true, FixedFrame: true},
			Examples: []fn.Example{
				{SQL: "SELECT ts, impute_locf(x) OVER (ORDER BY ts) AS x FROM (VALUES (1, NULL), (2, 5), (3, NULL), (4, 7)) t(ts, x) ORDER BY ts", Want: "1\tNULL\n2\t5\n3\t5\n4\t7"},
				{SQL: "SELECT impute_locf(x) OVER () FROM (VALUES (1)) t(x)", Code: "42P20"},
			},
		},
		{
			Name: "impute_linear", Family: "window",
			Summary: "Fills NULL on the straight line between the values before and after it in time.",
			Notes: "NULLs before the first and behind the last value of a group stay, as nothing is extrapolated; so do rows without a time. " +
				"A NULL at the time of a value takes that value. ORDER BY may be left out: rows are ordered by ts.",
			Source: "numpy.interp; pandas, Series.interpolate(method='index', limit_area='inside')",
			Params: []fn.Param{filled, when}, Returns: types.Of(types.Double),
			Window: &fn.Window{Template: "CASE WHEN {x} IS NOT NULL THEN {x}::DOUBLE " +
				"WHEN first_value({x} IGNORE NULLS) {over RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW} IS NOT NULL " +
				"AND last_value({x} IGNORE NULLS) {over RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING} IS NOT NULL " +
				"AND {ts} IS NOT NULL THEN fill(({x})::DOUBLE) {over} END",
				Time: "ts", FixedFrame: true},
			Examples: []fn.Example{
				{SQL: "SELECT ts, impute_linear(x, ts) OVER () AS x FROM (VALUES (DATE '2026-01-01', 1), (DATE '2026-01-02', NULL), (DATE '2026-01-05', 9), (DATE '2026-01-06', NULL)) t(ts, x) ORDER BY ts",
					Want: "2026-01-01\t1.0\n2026-01-02\t3.0\n2026-01-05\t9.0\n2026-01-06\tNULL"},
			},
		},
	}
}
