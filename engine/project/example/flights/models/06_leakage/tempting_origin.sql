-- The same windows as most people would write them: by the one time that every row has, the scheduled departure.
-- It looks careful, for no flight looks at one that was due after decided_at. But a flight that was due an hour before
-- is in the air or still at its gate: its delays stand in the table today, and stood nowhere at decided_at.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (origin) EVENT TIME scheduled_at
  WINDOWS (
    avg(dep_clipped) OVER LAST 1 HOUR AS origin_dep_1h,
    avg(dep_clipped) OVER LAST 3 HOURS AS origin_dep_3h,
    avg((dep_delay > 15)::INTEGER) OVER LAST 3 HOURS AS origin_dep_late_3h,
    avg(arr_clipped) OVER LAST 3 HOURS AS origin_arr_3h,
    avg((arr_delay > 30)::INTEGER) OVER LAST 6 HOURS AS origin_late_6h
  )
AS SELECT origin, scheduled_at, dep_delay, dep_clipped, arr_delay, arr_clipped FROM {{ ref('flights') }}
