-- What the aircraft itself did: it can't leave before it is here. What happens here is the landing itself,
-- so the event is known at once.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (tailnum) EVENT TIME landed_at
  WINDOWS (
    last(arr_clipped) OVER LAST 30 DAYS AS tail_last,
    last(epoch(landed_at)) OVER LAST 30 DAYS AS tail_landed,
    avg((arr_delay > 30)::INTEGER) OVER LAST 30 DAYS AS tail_late_30d
  )
AS SELECT tailnum, landed_at, arr_delay, arr_clipped FROM {{ ref('flights') }} WHERE arr_delay IS NOT NULL AND tailnum IS NOT NULL
