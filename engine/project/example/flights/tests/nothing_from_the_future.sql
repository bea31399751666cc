-- The promise of the whole: a flight's features don't change if all that became known after decided_at is taken
-- away. A sample is computed again the slow way: one mean, by a subquery that says what it means.
SELECT k.carrier, k.flight, k.scheduled_at, k.route_arr_1d, s.slow
FROM {{ ref('known') }} k, LATERAL (
  SELECT avg(f.arr_clipped) AS slow FROM {{ ref('flights') }} f
  WHERE f.origin = k.origin AND f.dest = k.dest AND f.arr_delay IS NOT NULL
    AND f.landed_at <= k.decided_at AND f.landed_at >= k.decided_at - INTERVAL 1 DAY
) s
WHERE k.dest = 'SEA' AND k.origin = 'JFK' AND abs(k.route_arr_1d - s.slow) > 1e-9
