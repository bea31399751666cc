package window

import (
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/types"
)

func rolling() []*fn.Decl {
	const over = "{over RANGE BETWEEN {interval} PRECEDING AND CURRENT ROW{unless include_current| EXCLUDE GROUP}}"
	const rows = "(VALUES ('a', TIMESTAMP '2026-01-01', 1), ('a', TIMESTAMP '2026-01-02', 3), ('a', TIMESTAMP '2026-01-02', 5), ('a', TIMESTAMP '2026-01-09', 7)) t(k, ts, x)"
	aggregate := func(name, what, template, empty string, returns *types.Type, want, source string) *fn.Decl {
		return &fn.Decl{
			Name: "rolling_" + name, Family: "window",
			Summary: "Gives the " + what + " of the values in the time before each row of the group.",
			Notes: "The time is [ts − interval, ts): the row itself, and its peers at the same time, are left out unless include_current => true, so that what a row predicts " +
				"can't slip into its features. " + empty + " A row without a time gives NULL. ORDER BY may be left out: rows are ordered by ts. " +
				"With a number for ts the interval is a number too. FILTER (WHERE …) limits the rows that count.",
			Source: source,
			Params: []fn.Param{
				{Name: "x", Type: types.Of(types.Any), Doc: "the value"}, {Name: "ts", Type: types.Of(types.Any), Doc: "the row's time"},
				{Name: "interval", Type: types.Of(types.Interval), Doc: "how far back"},
				{Name: "include_current", Type: types.Of(types.Boolean), Doc: "whether the row and its peers count", Default: "false"},
			},
			Returns: returns,
			Window: &fn.Window{Template: "CASE WHEN {ts} IS NOT NULL THEN " + template + " " + over + " END", Time: "ts", FixedFrame: true, Filtered: true,
				Constants: []string{"include_current"}},
			Examples: []fn.Example{
				{SQL: "SELECT x, rolling_" + name + "(x, ts, INTERVAL 7 DAY) OVER (PARTITION BY k) AS past FROM " + rows + " ORDER BY x", Want: want},
			},
		}
	}
	pandas := func(f string) string {
		return "pandas, groupby.rolling(interval, closed='left')." + f + " where times are distinct"
	}
	double, anything, count := types.Of(types.Double), types.Of(types.Any), types.Of(types.BigInt)
	plain := "CASE WHEN {ts} IS NOT NULL THEN count(DISTINCT {x}) {filter} " + over + " END"
	none := "NULL where there is none."
	// A frame that excludes peers makes count(DISTINCT) look at all its rows anew. One that ends before
	// them doesn't; where its end can be written depends on the type of ts, which an INTERVAL tells.
	// Less than infinity is infinity again: such rows have nothing before them within an interval.
	distinct := "{unless include_current|{span interval|CASE WHEN isfinite({ts}) THEN count(DISTINCT {x}) {filter} " +
		"{over RANGE BETWEEN {interval} PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING} WHEN {ts} IS NOT NULL THEN 0 END|" + plain + "}|" + plain + "}"
	list := []*fn.Decl{
		aggregate("mean", "mean", "avg({x}) {filter}", none, double, "1\tNULL\n3\t1.0\n5\t1.0\n7\t4.0", pandas("mean()")),
		aggregate("sum", "sum", "sum({x}) {filter}", none, anything, "1\tNULL\n3\t1\n5\t1\n7\t8", pandas("sum()")),
		aggregate("count", "number", "count({x}) {filter}", "0 where there is none; NULLs aren't counted.", count, "1\t0\n3\t1\n5\t1\n7\t2", pandas("count()")),
		aggregate("min", "least", "min({x}) {filter}", none, anything, "1\tNULL\n3\t1\n5\t1\n7\t3", pandas("min()")),
		aggregate("max", "greatest", "max({x}) {filter}", none, anything, "1\tNULL\n3\t1\n5\t1\n7\t5", pandas("max()")),
		aggregate("std", "sample standard deviation", "stddev_samp({x}) {finite x}", "NULL where there are fewer than two; NaN and infinities aren't counted.", double,
			"1\tNULL\n3\tNULL\n5\tNULL\n7\t1.4142135623730951", pandas("std()")),
		aggregate("distinct", "number of different ones", "count(DISTINCT {x}) {filter}", "0 where there is none; NULL isn't counted.", count, "1\t0\n3\t1\n5\t1\n7\t2", "SQL's count(DISTINCT …)"),
	}
	list[6].Window.Template = distinct
	list[0].Examples = append(list[0].Examples,
		fn.Example{SQL: "SELECT x, rolling_mean(x, ts, INTERVAL 7 DAY, include_current => true) OVER (PARTITION BY k) AS past FROM " + rows + " ORDER BY x", Want: "1\t1.0\n3\t3.0\n5\t3.0\n7\t5.0"},
		fn.Example{SQL: "SELECT rolling_mean(x, ts, INTERVAL 7 DAY) FROM " + rows, Code: "42809"})
	return list
}
