package window

import (
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/types"
)

func changes() []*fn.Decl {
	when := fn.Param{Name: "ts", Type: types.Of(types.Any), Doc: "a date or timestamp, which the rows are ordered by"}
	return []*fn.Decl{
		{
			Name: "lag_diff", Family: "window",
			Summary: "Gives the difference from the value n rows before in the order of the group.",
			Notes:   "The first n rows, and those where either value is NULL, give NULL. Timestamps give an INTERVAL, dates a number of days.",
			Source:  "pandas, groupby.diff",
			Params:  []fn.Param{value(), {Name: "n", Type: types.Of(types.Integer), Doc: "rows back", Default: "1"}}, Returns: types.Of(types.Any),
			Window: &fn.Window{Template: "{x} - lag({x}, {n}) {over}", Ordered: true},
			Examples: []fn.Example{
				{SQL: "SELECT ts, lag_diff(x) OVER (ORDER BY ts) FROM (VALUES (1, 10), (2, 13), (3, 11)) t(ts, x) ORDER BY ts", Want: "1\tNULL\n2\t3\n3\t-2"},
			},
		},
		{
			Name: "rate_of_change", Family: "window",
			Summary: "Gives the change from the row before in the group, per second.",
			Notes:   "NULL for the first row, where a value or time is NULL, and between rows at the same time. ORDER BY may be left out: rows are ordered by ts.",
			Source:  "pandas, groupby.diff of x divided by that of ts in seconds",
			Params:  []fn.Param{value(), when}, Returns: types.Of(types.Double),
			Window: &fn.Window{Template: "({x} - lag({x}) {over})::DOUBLE / nullif((epoch_us({ts}) - epoch_us(lag({ts}) {over})) / 1e6, 0)", Time: "ts"},
			Examples: []fn.Example{
				{SQL: "SELECT rate_of_change(x, ts) OVER () AS per_second FROM (VALUES (TIMESTAMP '2026-01-01 00:00:00', 10), (TIMESTAMP '2026-01-01 00:00:04', 12)) t(ts, x) ORDER BY ts",
					Want: "NULL\n0.5"},
			},
		},
		{
			Name: "days_since_last", Family: "window",
			Summary: "Gives the days (of 24 hours) since the last earlier time in the group.",
			Notes:   "Rows at the same time don't count as earlier, so they agree. NULL for the first. ORDER BY may be left out: rows are ordered by ts.",
			Source:  "pandas, groupby.diff of the distinct times",
			Params:  []fn.Param{when}, Returns: types.Of(types.Double),
			Window: &fn.Window{Template: "CASE WHEN {ts} IS NOT NULL THEN (epoch_us({ts}) - epoch_us(last_value({ts}) {over RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP})) / 86400e6 END",
				Time: "ts", FixedFrame: true},
			Examples: []fn.Example{
				{SQL: "SELECT ts, days_since_last(ts) OVER () AS days FROM (VALUES (TIMESTAMP '2026-01-01'), (TIMESTAMP '2026-01-03 12:00:00'), (TIMESTAMP '2026-01-03 12:00:00')) t(ts) ORDER BY ts",
					Want: "2026-01-01 00:00:00\tNULL\n2026-01-03 12:00:00\t2.5\n2026-01-03 12:00:00\t2.5"},
			},
		},
	}
}
