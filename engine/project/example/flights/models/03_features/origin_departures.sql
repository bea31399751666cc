-- How an airport's departures go. A departure is known when it happens, so it needs no AVAILABLE TIME.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (origin) EVENT TIME left_at
  WINDOWS (
    count(*) OVER LAST 1 HOUR AS origin_left_1h,
    count(*) OVER LAST 3 HOURS AS origin_left_3h,
    avg(dep_clipped) OVER LAST 1 HOUR AS origin_dep_1h,
    avg(dep_clipped) OVER LAST 3 HOURS AS origin_dep_3h,
    avg((dep_delay > 15)::INTEGER) OVER LAST 3 HOURS AS origin_dep_late_3h
  )
AS SELECT origin, left_at, dep_delay, dep_clipped FROM {{ ref('flights') }} WHERE NOT cancelled
