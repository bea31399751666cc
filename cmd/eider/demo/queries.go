package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/cmd/eider/shell"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func (d *demo) clean(ctx context.Context) error {
	return d.with(ctx, func(b shell.Backend) error {
		rows, err := d.ask(ctx, b, `SELECT count(*) AS flights,
       count(*) FILTER (WHERE dep_time IS NULL) AS cancelled,
       count(*) FILTER (WHERE dep_delay > 120) AS late_2h,
       round(avg(dep_delay), 2) AS mean_delay,
       round(avg(clip_to(dep_delay, -30, 120)), 2) AS mean_clipped
FROM flights`)
		if err != nil {
			return err
		}
		for i, want := range []string{"336776", "8255", "9723", "12.64"} {
			if err := d.check("cleaning, column "+fmt.Sprint(i+1), rows[0][i], want); err != nil {
				return err
			}
		}
		rows, err = d.ask(ctx, b, `SELECT normalize_text('  Café   MÜNCHEN ') AS text, parse_number('1,234.50') AS number,
       try_timestamp('31/12/2013', ['%Y-%m-%d', '%d/%m/%Y']) AS day, try_timestamp('soon', '%Y') AS hopeless`)
		if err != nil {
			return err
		}
		return errors.Join(d.check("parse_number", rows[0][1], "1234.5"), d.check("try_timestamp", rows[0][2], "2013-12-31 00:00:00"),
			d.check("try_timestamp of nonsense", rows[0][3], ""))
	})
}

const worstRoutes = `SELECT origin, dest, count(*) AS n, round(avg(arr_delay), 1) AS mean_delay,
       rank() OVER (PARTITION BY origin ORDER BY avg(arr_delay) DESC) AS worst
FROM flights WHERE arr_delay IS NOT NULL
GROUP BY origin, dest HAVING n >= 365 QUALIFY worst <= 2
ORDER BY origin, worst`

func (d *demo) windows(ctx context.Context) error {
	return d.with(ctx, func(b shell.Backend) error {
		rows, err := d.ask(ctx, b, worstRoutes)
		if err != nil {
			return err
		}
		if err := d.check("worst routes", len(rows), 6); err != nil {
			return err
		}
		// A rolling feature by time that looks back only, and the same by a join: they must agree.
		n, err := d.one(ctx, b, `WITH f AS (
  SELECT tailnum, time_hour, count(*) OVER w AS before
  FROM flights WHERE origin = 'JFK' AND month = 7 AND tailnum IS NOT NULL
  WINDOW w AS (PARTITION BY tailnum ORDER BY time_hour
               RANGE BETWEEN INTERVAL 7 DAY PRECEDING AND INTERVAL 1 SECOND PRECEDING)
), j AS (
  SELECT a.tailnum, a.time_hour, (SELECT count(*) FROM flights b WHERE b.origin = 'JFK' AND b.month = 7
    AND b.tailnum = a.tailnum AND b.time_hour >= a.time_hour - INTERVAL 7 DAY AND b.time_hour < a.time_hour) AS before
  FROM f a
)
SELECT (SELECT sum(before) FROM f) - (SELECT sum(before) FROM j) AS difference`)
		if err != nil {
			return err
		}
		return d.check("rolling counts by window and by join", n, "0")
	})
}

// mistakes shows errors on purpose and checks code and position.
func (d *demo) mistakes(ctx context.Context) error {
	return d.with(ctx, func(b shell.Backend) error {
		for _, m := range []struct{ text, code, word string }{
			{"SELECT carier, count(*) FROM flights GROUP BY 1", "42703", "carier"},
			{"SELECT count(*) FROM flight", "42P01", "flight"},
			{"SELECT 1 +", "42601", ""},
		} {
			_, err := d.ask(ctx, b, m.text)
			var e *sqlstate.Error
			if !errors.As(err, &e) {
				return fmt.Errorf("%s: got %w, want an error with SQLSTATE %s", m.text, err, m.code)
			}
			for line := range strings.SplitSeq(shell.Explain(e, m.text, 0, 100), "\n") {
				d.say("   %s", line)
			}
			if err := d.check("SQLSTATE of "+m.text, string(e.Code), m.code); err != nil {
				return err
			}
			if m.word != "" {
				if err := d.check("position in "+m.text, e.Position, strings.Index(m.text, m.word)+1); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
