package main

import (
	"context"
	"fmt"

	"github.com/eiderdb/eider/engine"
)

// feature is a window function with the SQL that somebody would write by hand.
type feature struct{ name, ours, theirs string }

var features = []feature{
	{"zscore", "zscore(x) OVER (PARTITION BY k)", "(x - avg(x) OVER (PARTITION BY k)) / stddev_samp(x) OVER (PARTITION BY k)"},
	{"impute_locf", "impute_locf(y) OVER (PARTITION BY k ORDER BY ts)", "last_value(y IGNORE NULLS) OVER (PARTITION BY k ORDER BY ts ROWS UNBOUNDED PRECEDING)"},
	{"lag_diff", "lag_diff(x) OVER (PARTITION BY k ORDER BY ts)", "x - lag(x) OVER (PARTITION BY k ORDER BY ts)"},
	{"days_since_last", "days_since_last(ts) OVER (PARTITION BY k)", "(epoch_us(ts) - epoch_us(lag(ts) OVER (PARTITION BY k ORDER BY ts))) / 86400e6"},
	{"rolling_mean", "rolling_mean(x, ts, INTERVAL 1 DAY) OVER (PARTITION BY k)",
		"avg(x) OVER (PARTITION BY k ORDER BY ts RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW EXCLUDE GROUP)"},
}

// windows compares window functions over rows of n/1000 entities, whose times all differ.
func (b *bench) windows(ctx context.Context) error {
	return b.session(ctx, "windows", func(s *engine.Session) error {
		data := b.dir + "/windows.parquet"
		_, err := s.Exec(ctx, fmt.Sprintf(`CREATE TABLE t AS SELECT (hash(i) %% %d)::INTEGER AS k, TIMESTAMP '2024-01-01' + to_microseconds(i * 37000003 %% 31536000000000) AS ts,
			(hash(i + 5) %% 1000)::DOUBLE AS x, CASE WHEN hash(i + 9) %% 5 > 0 THEN (hash(i + 11) %% 1000)::DOUBLE END AS y FROM range(%d) r(i); COPY t TO '%s' (FORMAT parquet)`,
			max(b.rows/1000, 1), b.rows, data))
		if err != nil {
			return err
		}
		twins, err := b.twin(ctx, "windows", data)
		if err != nil {
			return err
		}
		b.out.Printf("### Window functions, %d rows of %d entities, summed\n", b.rows, max(b.rows/1000, 1))
		b.out.Printf("| | Eider | hand-written SQL | polars | pandas | SQL to Eider's | polars | pandas |\n|---|---:|---:|---:|---:|---:|---:|---:|")
		for _, f := range features {
			made := func(expr string) (cost, error) {
				return b.measure(ctx, s, b.repeats, "CREATE OR REPLACE TEMP TABLE made AS SELECT sum(v) AS v FROM (SELECT "+expr+" AS v FROM t)", "SELECT v FROM made")
			}
			ours, err := made(f.ours)
			if err != nil {
				return err
			}
			theirs, err := made(f.theirs)
			if err != nil {
				return err
			}
			polars, pandas := twins["polars "+f.name], twins["pandas "+f.name]
			for _, other := range []cost{theirs, polars, pandas} {
				if err := near(f.name, ours.Sum, other.Sum, float64(b.rows)); err != nil {
					return err
				}
			}
			b.out.Printf("| %s | %s | %s | %s | %s | %s | %s | %s |", f.name, ours.text(), theirs.text(), polars.text(), pandas.text(), theirs.times(ours), polars.times(ours), pandas.times(ours))
		}
		b.out.Printf("")
		return nil
	})
}

// near is agree for sums of many terms that may be about 0.
func near(what string, a, b, terms float64) error {
	if d := a - b; d <= 1e-6*terms && d >= -1e-6*terms {
		return nil
	}
	return agree(what, a, b)
}
