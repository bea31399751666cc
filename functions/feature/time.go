package feature

import (
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/types"
)

// origin is where windows shorter than a day are counted from, in the session's zone: DuckDB counts from that
// time in UTC, which in some zones is no full hour.
const origin = "TIMESTAMP '2000-01-03 00:00:00'::TIMESTAMPTZ"

// zoned overloads a macro of ts, its first parameter, for times with a zone. What it computes of the zone's clock
// it has to take apart: DuckDB's time_bucket counts days in UTC.
func zoned(macro string) []fn.Overload {
	of := func(id types.ID, macro string) fn.Overload {
		return fn.Overload{Types: []*types.Type{types.Of(id)}, Macro: macro}
	}
	return []fn.Overload{of(types.Date, ""), of(types.Timestamp, ""), of(types.TimestampTZ, macro)}
}

// hops lists the windows that begin at start of __eider_n, and last until after ts.
func hops(start string) string {
	return "CASE WHEN slide <= INTERVAL 0 SECOND THEN error('hop: slide must be positive') WHEN ts IS NOT NULL THEN " +
		"list_filter(list_transform(range(0, ceil(epoch(size) / epoch(slide))::BIGINT + 1), lambda __eider_n: " + start + "), " +
		"lambda __eider_start: __eider_start + size > ts) END"
}

// times are the functions of times. The names in lambdas are such that no caller's column hides behind them.
func times() []*fn.Decl {
	anything, interval, double := types.Of(types.Any), types.Of(types.Interval), types.Of(types.Double)
	when := fn.Param{Name: "ts", Type: anything, Doc: "a date or timestamp"}
	return []*fn.Decl{
		{
			Name: "tumble", Family: "feature",
			Summary: "Gives the start of the window of fixed size that a time falls in.",
			Notes: "Windows follow one another without gaps. Those of weeks start on Mondays, those of months and years on the first day. " +
				"With a time zone, windows of days and longer start at midnight of the session's zone, whatever the length of the day; shorter ones are counted from midnight of 3 January 2000 there.",
			Source:  "Akidau et al., The Dataflow Model (2015); DuckDB's time_bucket",
			Params:  []fn.Param{when, {Name: "size", Type: interval, Doc: "the windows' size"}},
			Returns: anything, Macro: "time_bucket(size, ts)", Overloads: zoned("CASE WHEN size < INTERVAL 1 DAY THEN time_bucket(size, ts, " + origin + ") ELSE time_bucket(size, ts::TIMESTAMP)::TIMESTAMPTZ END"),
			Examples: []fn.Example{
				{SQL: "SELECT tumble(TIMESTAMP '2026-01-01 10:20:00', INTERVAL 15 MINUTE), tumble(DATE '2026-03-18', INTERVAL 1 MONTH)", Want: "2026-01-01 10:15:00\t2026-03-01"},
				{SQL: "SELECT tumble(DATE '2026-01-01', INTERVAL 1 WEEK), tumble(NULL::TIMESTAMP, INTERVAL 1 DAY)", Want: "2025-12-29\tNULL"},
			},
		},
		{
			Name: "hop", Family: "feature",
			Summary: "Lists the starts of the overlapping windows that a time falls in, the newest first.",
			Notes:   "Windows of one size start at every slide; use unnest to get a row for each. The slide must be positive; where it is longer than the size a time may fall in none.",
			Source:  "Akidau et al., The Dataflow Model (2015)",
			Params: []fn.Param{when, {Name: "size", Type: interval, Doc: "the windows' size"},
				{Name: "slide", Type: interval, Doc: "the time from one start to the next"}},
			Returns: &types.Type{ID: types.List, Child: anything},
			Macro:   hops("time_bucket(slide, ts) - __eider_n * slide"),
			Overloads: zoned(hops("CASE WHEN slide < INTERVAL 1 DAY THEN time_bucket(slide, ts, " + origin + ") - __eider_n * slide " +
				"ELSE (time_bucket(slide, ts::TIMESTAMP) - __eider_n * slide)::TIMESTAMPTZ END")),
			Examples: []fn.Example{
				{SQL: "SELECT hop(TIMESTAMP '2026-01-01 10:20:00', INTERVAL 1 HOUR, INTERVAL 30 MINUTE)", Want: "['2026-01-01 10:00:00', '2026-01-01 09:30:00']"},
				{SQL: "SELECT hop(TIMESTAMP '2026-01-01', INTERVAL 1 HOUR, INTERVAL 0 SECOND)", Code: "22023"},
			},
		},
		{
			Name: "time_since", Family: "feature",
			Summary: "Gives the seconds from an event to a time.",
			Notes:   "Negative where the event comes later. NULL where either is NULL or infinite.",
			Params:  []fn.Param{when, {Name: "event", Type: anything, Doc: "the date or timestamp of the event"}},
			Returns: double, Macro: "(epoch_us(ts) - epoch_us(event)) / 1e6",
			Examples: []fn.Example{
				{SQL: "SELECT time_since(TIMESTAMP '2026-01-02 00:00:01.5', DATE '2026-01-01'), time_since(now(), NULL::TIMESTAMPTZ)", Want: "86401.5\tNULL"},
			},
		},
		{
			Name: "cyclical", Family: "feature",
			Summary: "Gives a part of a time as a point on a circle, so that its end lies beside its start.",
			Notes: "Returns STRUCT(sin, cos) of 2π × the part's number ÷ their count. Parts: `second`, `minute`, `hour` (from 0), `weekday` (from Monday), `day` (of the month, " +
				"by that month's length), `month`, `yearday` (by that year's length). Another part is an error.",
			Source:  "London, Encoding cyclical continuous features (2016)",
			Params:  []fn.Param{when, {Name: "part", Type: types.Of(types.Varchar), Doc: "the part, in any case"}},
			Returns: &types.Type{ID: types.Struct, Fields: []types.Field{{Name: "sin", Type: double}, {Name: "cos", Type: double}}},
			Macro:   "{'sin': sin(2 * pi() * " + phase + "), 'cos': cos(2 * pi() * " + phase + ")}",
			Examples: []fn.Example{
				{SQL: "SELECT round(c.sin, 6), round(c.cos, 6) FROM (SELECT cyclical(TIMESTAMP '2026-01-01 06:30:00', 'hour') AS c)", Want: "1.0\t0.0"},
				{SQL: "SELECT round(cyclical(DATE '2024-02-15', 'day').cos, 6), round(cyclical(DATE '2024-12-01', 'Month').sin, 6)", Want: "-0.994138\t-0.5"},
				{SQL: "SELECT cyclical(DATE '2024-02-15', 'moon')", Code: "22023"},
			},
		},
	}
}

const phase = "CASE lower(part) WHEN 'second' THEN second(ts) / 60 WHEN 'minute' THEN minute(ts) / 60 WHEN 'hour' THEN hour(ts) / 24 WHEN 'weekday' THEN (isodow(ts) - 1) / 7 " +
	"WHEN 'day' THEN (day(ts) - 1) / day(last_day(ts)) WHEN 'month' THEN (month(ts) - 1) / 12 WHEN 'yearday' THEN (dayofyear(ts) - 1) / dayofyear(make_date(year(ts), 12, 31)) " +
	"ELSE error('cyclical: the part is none of second, minute, hour, weekday, day, month, yearday') END"
