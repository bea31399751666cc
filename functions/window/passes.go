package window

import (
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/types"
)

// block is the number of values after which a weight (1 − alpha)ⁿ is below 1e-40. Values are
// summed in blocks with weights that grow from 1 to 1e40; of what lies before, the last
// block is all that a double can still tell.
const block = "greatest(1, ceil(ln(1e-40) / ln(greatest(1 - {alpha}, 1e-40))))::BIGINT"

// weighted is a sum of expr × (1 − alpha)^−m, m counting the values within a block, up to the row,
// plus that of the block before, scaled to the same unit.
func weighted(expr string) string {
	w := expr + " * pow(greatest(1 - {alpha}, 1e-40), -({first} % " + block + "))"
	return "(coalesce(sum(" + w + ") OVER (PARTITION BY {keys}{first} // " + block + " ORDER BY {first} RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), 0)" +
		" + coalesce(sum(" + w + ") OVER (PARTITION BY {keys}1 ORDER BY {first} // " + block + " RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING), 0)" +
		" * pow(greatest(1 - {alpha}, 1e-40), " + block + "))"
}

func passes() []*fn.Decl {
	const note = "The rows need a pass before: FROM must have one relation (a table, view, subquery or CTE) and nothing may be grouped; otherwise it is 0A000."
	return []*fn.Decl{
		{
			Name: "session_window", Family: "window",
			Summary: "Gives the start of the session that a row belongs to: rows with no more than a gap between them.",
			Notes:   "A row that comes later than gap after the one before it in the group starts a session. NULL for a row without a time. ORDER BY may be left out: rows are ordered by ts.\n\n" + note,
			Source:  "Akidau et al., The Dataflow Model (2015)",
			Params: []fn.Param{{Name: "ts", Type: types.Of(types.Any), Doc: "the row's time"},
				{Name: "gap", Type: types.Of(types.Interval), Doc: "the longest pause within a session"}},
			Returns: types.Of(types.Any),
			Window: &fn.Window{First: "CASE WHEN {ts} <= lag({ts}) {over} + {gap} THEN NULL ELSE {ts} END",
				Template: "CASE WHEN {ts} IS NOT NULL THEN max({first}) {over RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW} END", Time: "ts", FixedFrame: true},
			Examples: []fn.Example{
				{SQL: "SELECT ts, session_window(ts, INTERVAL 30 MINUTE) OVER (PARTITION BY k) AS session FROM (VALUES ('a', TIMESTAMP '2026-01-01 10:00:00'), ('a', TIMESTAMP '2026-01-01 10:20:00'), ('a', TIMESTAMP '2026-01-01 11:00:00')) t(k, ts) ORDER BY ts",
					Want: "2026-01-01 10:00:00\t2026-01-01 10:00:00\n2026-01-01 10:20:00\t2026-01-01 10:00:00\n2026-01-01 11:00:00\t2026-01-01 11:00:00"},
				{SQL: "SELECT session_window(ts, INTERVAL 1 HOUR) OVER () FROM (VALUES (TIMESTAMP '2026-01-01')) a(ts), range(2)", Code: "0A000"},
			},
		},
		{
			Name: "ewma", Family: "window",
			Summary: "Gives the exponentially weighted moving average of the group's rows up to this one.",
			Notes: "The value that n values follow weighs (1 − alpha)ⁿ; the weights are divided by their sum. A NULL isn't counted, and its row gives the average so far. " +
				"alpha is a constant in (0, 1]; rows that are peers in ORDER BY stand in any order.\n\n" + note,
			Source: "pandas, ewm(alpha=…, adjust=True, ignore_na=True).mean()",
			Params: []fn.Param{value(), {Name: "alpha", Type: types.Of(types.Double), Doc: "the newest value's share, a constant"}}, Returns: types.Of(types.Double),
			Window: &fn.Window{First: "count({x}) {over ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW} - 1",
				Template: "CASE WHEN {alpha} > 0 AND {alpha} <= 1 THEN " + weighted("{x}::DOUBLE") + " / nullif(" + weighted("({x} IS NOT NULL)::INTEGER") + ", 0) " +
					"ELSE error('ewma: alpha must be above 0 and at most 1') END", Ordered: true, FixedFrame: true, Constants: []string{"alpha"}},
			Examples: []fn.Example{
				{SQL: "SELECT ts, ewma(x, 0.5) OVER (ORDER BY ts) AS smooth FROM (VALUES (1, 1), (2, 4), (3, NULL)) t(ts, x) ORDER BY ts", Want: "1\t1.0\n2\t3.0\n3\t3.0"},
				{SQL: "SELECT ewma(x, 2) OVER (ORDER BY x) FROM (VALUES (1)) t(x)", Code: "22023"},
			},
		},
	}
}
