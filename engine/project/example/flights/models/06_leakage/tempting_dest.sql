-- As tempting_origin, of a destination.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (dest) EVENT TIME scheduled_at
  WINDOWS (
    avg(arr_clipped) OVER LAST 3 HOURS AS dest_arr_3h,
    avg(arr_clipped) OVER LAST 12 HOURS AS dest_arr_12h
  )
AS SELECT dest, scheduled_at, dep_delay, dep_clipped, arr_delay, arr_clipped FROM {{ ref('flights') }}
