-- As tempting_origin, of a carrier at an airport.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (origin, carrier) EVENT TIME scheduled_at
  WINDOWS (
    avg(dep_clipped) OVER LAST 3 HOURS AS desk_dep_3h,
    avg(dep_clipped) OVER LAST 6 HOURS AS desk_dep_6h
  )
AS SELECT origin, carrier, scheduled_at, dep_delay, dep_clipped, arr_delay, arr_clipped FROM {{ ref('flights') }}
