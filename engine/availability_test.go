package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TRAIN warns of features that are made of a feature view's facts and can't have waited for their available
// time, however the join was written, and of no others.
func TestTrainWarnsOfFactsBeforeTheyWereKnown(t *testing.T) {
	s := memory(t)
	exec(t, s, `CREATE TABLE trips AS SELECT i AS id, i % 7 AS route, i % 3 AS seats, TIMESTAMP '2024-01-01' + to_hours(i::INTEGER) AS left_at,
		left_at + to_hours((3 + i % 5)::INTEGER) AS landed_at, (hash(i) % 100)::DOUBLE AS delay FROM range(400) r(i)`)
	exec(t, s, "CREATE VIEW history AS SELECT route AS r, left_at AS at, landed_at AS known, delay + 1 AS d FROM trips")
	exec(t, s, `CREATE FEATURE VIEW arrivals ENTITY (route) EVENT TIME left_at AVAILABLE TIME landed_at
		WINDOWS (avg(delay) OVER LAST 2 DAYS AS mean, count(*) OVER LAST 1 DAY AS n) AS SELECT * FROM trips`)
	exec(t, s, "CREATE FEATURE VIEW newest ENTITY (route) EVENT TIME left_at AVAILABLE TIME landed_at AS SELECT route, left_at, landed_at, delay FROM trips")
	exec(t, s, "CREATE FEATURE VIEW by_event ENTITY (route) EVENT TIME left_at WINDOWS (avg(delay) OVER LAST 2 DAYS AS mean) AS SELECT * FROM trips")
	const warning = "regard to main.trips.landed_at, when feature view main."
	for name, c := range map[string]struct {
		query string
		warns bool
		mixed bool
	}{
		"windows as of the time":        {query: "SELECT l.delay AS y, l.seats, a.mean, a.n FROM trips l POINT IN TIME JOIN arrivals a AS OF l.left_at ON l.route = a.route"},
		"newest fact as of the time":    {query: "SELECT l.delay AS y, l.seats, a.delay FROM trips l POINT IN TIME JOIN newest a AS OF l.left_at ON l.route = a.route"},
		"by hand, with the time":        {query: "SELECT l.delay AS y, (SELECT avg(t.delay) FROM trips t WHERE t.route = l.route AND t.landed_at <= l.left_at) AS mean FROM trips l"},
		"by hand, of a view":            {query: "SELECT l.delay AS y, (SELECT avg(h.d) FROM history h WHERE h.r = l.route AND h.known <= l.left_at) AS mean FROM trips l"},
		"only the target, and others":   {query: "SELECT delay AS y, seats, route FROM trips"},
		"a feature view by event":       {query: "SELECT l.delay AS y, l.seats, a.mean FROM trips l POINT IN TIME JOIN by_event a AS OF l.left_at ON l.route = a.route", warns: true},
		"the facts' newest by event":    {query: "SELECT l.delay AS y, l.seats, a.delay FROM trips l ASOF LEFT JOIN newest a ON l.route = a.route AND a.left_at <= l.left_at - INTERVAL 1 HOUR", warns: true},
		"a window over the table":       {query: "SELECT delay AS y, rolling_mean(delay, left_at, INTERVAL 2 DAYS) OVER (PARTITION BY route) AS mean FROM trips", warns: true},
		"a view's facts, by event":      {query: "SELECT l.delay AS y, (SELECT avg(h.d) FROM history h WHERE h.r = l.route AND h.at < l.left_at) AS mean FROM trips l", warns: true},
		"honest and hasty in one table": {query: "SELECT l.delay AS y, a.mean, b.mean AS hasty FROM trips l POINT IN TIME JOIN arrivals a AS OF l.left_at ON l.route = a.route POINT IN TIME JOIN by_event b AS OF l.left_at ON l.route = b.route", warns: true, mixed: true},
	} {
		exec(t, s, "TRAIN MODEL m TARGET y USING ridge SPLIT NONE DEPLOY NEVER AS "+c.query)
		got := rowsOf(t, s, "SELECT coalesce(array_to_string(warnings, chr(10)), '') FROM eider.model_versions ORDER BY version DESC LIMIT 1")
		if !c.warns {
			require.NotContains(t, got, warning, name)
		} else if !c.mixed { // in one query the honest join's condition is on every row
			require.Contains(t, got, warning, name)
		}
		exec(t, s, "CREATE OR REPLACE TABLE learn AS "+c.query)
		exec(t, s, "TRAIN MODEL m TARGET y USING ridge SPLIT NONE DEPLOY NEVER AS SELECT * FROM learn")
		got = rowsOf(t, s, "SELECT coalesce(array_to_string(warnings, chr(10)), '') FROM eider.model_versions ORDER BY version DESC LIMIT 1")
		if !c.warns {
			require.NotContains(t, got, warning, name)
			continue
		}
		require.Contains(t, got, warning, name)
		require.Contains(t, got, "POINT IN TIME JOIN main.", name)
		require.NotContains(t, got, "feature \"seats\"", name)
		if name == "honest and hasty in one table" {
			require.Contains(t, got, "feature \"hasty\" is made", name)
		}
	}
}
