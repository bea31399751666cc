-- How flights to an airport arrived of late.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (dest) EVENT TIME left_at AVAILABLE TIME landed_at
  WINDOWS (
    avg(arr_clipped) OVER LAST 3 HOURS BY AVAILABLE TIME AS dest_arr_3h,
    avg(arr_clipped) OVER LAST 12 HOURS BY AVAILABLE TIME AS dest_arr_12h,
    avg((arr_delay > 30)::INTEGER) OVER LAST 30 DAYS BY AVAILABLE TIME AS dest_late_30d
  )
AS SELECT dest, left_at, landed_at, arr_delay, arr_clipped FROM {{ ref('flights') }} WHERE arr_delay IS NOT NULL
