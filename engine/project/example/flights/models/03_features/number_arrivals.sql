-- How this very flight, by its number, arrived of late.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (carrier, flight, origin) EVENT TIME left_at AVAILABLE TIME landed_at
  WINDOWS (
    avg((arr_delay > 30)::INTEGER) OVER LAST 30 DAYS BY AVAILABLE TIME AS flight_late_30d
  )
AS SELECT carrier, flight, origin, left_at, landed_at, arr_delay, arr_clipped FROM {{ ref('flights') }} WHERE arr_delay IS NOT NULL
