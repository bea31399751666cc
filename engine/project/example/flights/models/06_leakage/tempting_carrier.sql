-- As tempting_origin, of a carrier.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (carrier) EVENT TIME scheduled_at
  WINDOWS (
    avg(arr_clipped) OVER LAST 6 HOURS AS carrier_arr_6h,
    avg(arr_clipped) OVER LAST 1 DAY AS carrier_arr_1d
  )
AS SELECT carrier, scheduled_at, dep_delay, dep_clipped, arr_delay, arr_clipped FROM {{ ref('flights') }}
