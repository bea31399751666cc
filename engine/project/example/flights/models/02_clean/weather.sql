-- What each airport's instruments said, an hour a row. One anemometer once read 1,048 miles an hour:
-- no wind on Earth was ever above 254, so that such readings are missing, not strong winds.
{{ config(materialized='table') }}

SELECT origin, timezone('UTC', time_hour) AS observed_at,
  temp, dewp, humid, visib, precip,
  CASE WHEN wind_speed < 254 THEN wind_speed END AS wind_speed,
  pressure - last_value(pressure) OVER three_hours_ago AS pressure_change,
  sum(precip) OVER six_hours AS precip_6h
FROM {{ ref('raw_weather') }}
WINDOW
  three_hours_ago AS (PARTITION BY origin ORDER BY time_hour RANGE BETWEEN INTERVAL 4 HOURS PRECEDING AND INTERVAL 3 HOURS PRECEDING),
  six_hours AS (PARTITION BY origin ORDER BY time_hour RANGE BETWEEN INTERVAL 6 HOURS PRECEDING AND CURRENT ROW)
QUALIFY row_number() OVER (PARTITION BY origin, time_hour ORDER BY temp) = 1
