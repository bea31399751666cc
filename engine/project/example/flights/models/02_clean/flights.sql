-- One row a flight, with the three instants that matter, as UTC timestamps: when it was to leave,
-- when it left, and when it landed. Everything later asks "who could know this, and when?", so the
-- landing has to be right.
--
-- The files have clock times, HHMM as integers: 517 is 05:17, and 2400 is midnight. Departures are in New
-- York's time, arrivals in the destination's, perhaps on the next day. So: a flight ends no earlier than
-- left_at + air_time, and it lands when the destination's clock next shows arr_time.
{{ config(materialized='table') }}
{% set zones = ['America/New_York', 'America/Chicago', 'America/Denver', 'America/Phoenix', 'America/Los_Angeles',
                'America/Anchorage', 'Pacific/Honolulu', 'America/Puerto_Rico'] %}

WITH timed AS (
  SELECT f.*,
    coalesce(a.tzone, 'America/Puerto_Rico') AS zone, -- of four airports the list of airports knows nothing
    timezone('UTC', f.time_hour) + to_minutes(f.minute) AS scheduled_at,
    scheduled_at + to_minutes(f.dep_delay::INTEGER) AS left_at,
    left_at + to_minutes(f.air_time::INTEGER) AS flown_at
  FROM {{ ref('raw_flights') }} f LEFT JOIN {{ ref('raw_airports') }} a ON a.faa = f.dest
), there AS (
  SELECT *,
    -- A constant zone is converted much faster than a column of zones.
    CASE zone {% for zone in zones %}
      WHEN '{{ zone }}' THEN timezone('{{ zone }}', timezone('UTC', flown_at)) {% endfor %}
    END AS clock
  FROM timed
)
SELECT carrier, flight, tailnum, origin, dest, distance, scheduled_at, left_at,
  flown_at + to_minutes((2880 + arr_time // 100 * 60 + arr_time % 100 - date_part('hour', clock) * 60 - date_part('minute', clock))::INTEGER % 1440) AS landed_at,
  dep_time IS NULL AS cancelled,
  dep_delay, arr_delay,
  -- A flight that was a day late would drown the mean of all others.
  clip_to(dep_delay, -60, 240) AS dep_clipped,
  clip_to(arr_delay, -60, 240) AS arr_clipped
FROM there
-- A flight leaves an airport once in a scheduled minute; the data has no duplicates, but tomorrow's may.
QUALIFY row_number() OVER (PARTITION BY carrier, flight, origin, scheduled_at ORDER BY dep_time NULLS LAST) = 1
