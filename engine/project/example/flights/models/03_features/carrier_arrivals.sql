-- How a carrier's flights arrived of late.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (carrier) EVENT TIME left_at AVAILABLE TIME landed_at
  WINDOWS (
    avg(arr_clipped) OVER LAST 6 HOURS BY AVAILABLE TIME AS carrier_arr_6h,
    avg(arr_clipped) OVER LAST 1 DAY BY AVAILABLE TIME AS carrier_arr_1d,
    avg((arr_delay > 30)::INTEGER) OVER LAST 30 DAYS BY AVAILABLE TIME AS carrier_late_30d
  )
AS SELECT carrier, left_at, landed_at, arr_delay, arr_clipped FROM {{ ref('flights') }} WHERE arr_delay IS NOT NULL
