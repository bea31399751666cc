-- As tempting_origin, of a route.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (origin, dest) EVENT TIME scheduled_at
  WINDOWS (
    avg(arr_clipped) OVER LAST 1 DAY AS route_arr_1d
  )
AS SELECT origin, dest, scheduled_at, dep_delay, dep_clipped, arr_delay, arr_clipped FROM {{ ref('flights') }}
