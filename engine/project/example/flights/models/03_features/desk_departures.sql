-- The same of one carrier at one airport: its own crews, gates and aircraft.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (origin, carrier) EVENT TIME left_at
  WINDOWS (
    avg(dep_clipped) OVER LAST 3 HOURS AS desk_dep_3h,
    avg(dep_clipped) OVER LAST 6 HOURS AS desk_dep_6h
  )
AS SELECT origin, carrier, left_at, dep_clipped FROM {{ ref('flights') }} WHERE NOT cancelled
