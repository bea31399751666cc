package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/testdata/flights"
)

// roll is one of the windows: the mean of a column and how many flights there were, by the time a
// flight two hours before its departure.
type roll struct{ name, keys, time, value, interval string }

var rolls = []roll{
	{"queue", "origin", "dep_ts", "dep_delay", "3 HOURS"},
	{"arrivals", "origin", "arr_ts", "late", "6 HOURS"},
	{"airline", "carrier", "arr_ts", "arr_delay", "1 DAY"},
	{"airline_here", "origin, carrier", "arr_ts", "arr_delay", "6 HOURS"},
	{"route", "origin, dest", "arr_ts", "arr_delay", "7 DAYS"},
	{"there", "dest", "arr_ts", "arr_delay", "12 HOURS"},
}

// flightsSQL makes the flights with times. An arrival is the departure, the time in the air and 25
// minutes on the ground.
const flightsSQL = `CREATE TABLE f AS SELECT row_number() OVER () AS id, origin, dest, carrier, s - INTERVAL 2 HOURS AS ts, dep_delay::DOUBLE AS dep_delay, arr_delay::DOUBLE AS arr_delay,
	(arr_delay > 30)::INTEGER::DOUBLE AS late, s + to_minutes(dep_delay::BIGINT) AS dep_ts,
	CASE WHEN arr_delay IS NOT NULL THEN s + to_minutes(dep_delay::BIGINT + coalesce(air_time, 120)::BIGINT + 25) END AS arr_ts
	FROM (SELECT *, time_hour::TIMESTAMP + to_minutes(minute::BIGINT) AS s FROM '%s/flights.parquet')`

func (b *bench) rolling(ctx context.Context) error {
	if err := flights.Write(b.dir); err != nil {
		return err
	}
	return b.session(ctx, "flights", func(s *engine.Session) error {
		if _, err := s.Exec(ctx, fmt.Sprintf(flightsSQL, b.dir)); err != nil {
			return err
		}
		data := b.dir + "/rolls.parquet"
		if _, err := s.Exec(ctx, "COPY f TO '"+data+"' (FORMAT parquet)"); err != nil {
			return err
		}
		var columns, joins, queries, wide []string
		for _, r := range rolls {
			_, err := s.Exec(ctx, fmt.Sprintf(`CREATE FEATURE VIEW %[1]s ENTITY (%[2]s) EVENT TIME %[3]s WINDOWS (avg(%[4]s) OVER LAST %[5]s AS %[1]s_mean, count(%[4]s) OVER LAST %[5]s AS %[1]s_n)
				AS SELECT %[2]s, %[3]s, %[4]s FROM f`, r.name, r.keys, r.time, r.value, r.interval))
			if err != nil {
				return err
			}
			columns = append(columns, r.name+"_mean", r.name+"_n")
			joins = append(joins, "POINT IN TIME JOIN "+r.name+" AS OF l.ts")
			queries = append(queries, fmt.Sprintf(`%[1]s AS (SELECT id, avg(v) OVER w AS %[1]s_mean, count(v) OVER w AS %[1]s_n FROM (
				SELECT id, %[2]s, ts AS t, NULL AS v FROM f UNION ALL SELECT NULL, %[2]s, %[3]s, %[4]s FROM f WHERE %[3]s IS NOT NULL)
				WINDOW w AS (PARTITION BY %[2]s ORDER BY t RANGE BETWEEN INTERVAL %[5]s PRECEDING AND CURRENT ROW) QUALIFY id IS NOT NULL)`, r.name, r.keys, r.time, r.value, r.interval))
			wide = append(wide, "JOIN "+r.name+" USING (id)")
		}
		var sums []string
		for _, c := range columns {
			sums = append(sums, "coalesce(sum("+c+"), 0)")
		}
		check := "SELECT " + strings.Join(sums, " + ") + " FROM "
		ours, err := b.measure(ctx, s, b.repeats, "CREATE OR REPLACE TABLE ours AS SELECT l.id, "+strings.Join(columns, ", ")+" FROM f l "+strings.Join(joins, " "), check+"ours")
		if err != nil {
			return err
		}
		ranges, err := b.measure(ctx, s, 1, "CREATE OR REPLACE TABLE ranges AS WITH "+strings.Join(queries, ", ")+" SELECT f.id, "+strings.Join(columns, ", ")+" FROM f "+strings.Join(wide, " "), check+"ranges")
		if err != nil {
			return err
		}
		twins, err := b.twin(ctx, "rolling", data)
		if err != nil {
			return err
		}
		numpy := twins["numpy"]
		for _, other := range []cost{ranges, numpy} {
			if err := agree("the rolling features", ours.Sum, other.Sum); err != nil {
				return err
			}
		}
		b.out.Printf("### Six rolling windows as of label times, 336,776 flights, from table to table\n")
		b.out.Printf("| | seconds | to Eider's |\n|---|---:|---:|")
		b.out.Printf("| Eider, `FEATURE VIEW … WINDOWS` | %s | 1 |", ours.text())
		b.out.Printf("| numpy with prefix sums and searchsorted | %s | %s |", numpy.text(), numpy.times(ours))
		b.out.Printf("| DuckDB, RANGE windows over UNION ALL | %s | %s |\n", ranges.text(), ranges.times(ours))
		return nil
	})
}
