-- How flights from here to there arrived of late.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (origin, dest) EVENT TIME left_at AVAILABLE TIME landed_at
  WINDOWS (
    avg(arr_clipped) OVER LAST 1 DAY BY AVAILABLE TIME AS route_arr_1d,
    avg((arr_delay > 30)::INTEGER) OVER LAST 7 DAYS BY AVAILABLE TIME AS route_late_7d
  )
AS SELECT origin, dest, left_at, landed_at, arr_delay, arr_clipped FROM {{ ref('flights') }} WHERE arr_delay IS NOT NULL
