-- The timetable of an airport: how many flights were due to leave.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (origin) EVENT TIME scheduled_at
  WINDOWS (
    count(*) OVER LAST 1 HOUR AS origin_due_1h,
    count(*) OVER LAST 3 HOURS AS origin_due_3h,
    count(*) OVER LAST 6 HOURS FILTER (WHERE cancelled) AS origin_cancelled_6h
  )
AS SELECT origin, scheduled_at, cancelled FROM {{ ref('flights') }}
