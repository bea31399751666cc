-- An arrival's delay belongs to a flight that left hours ago, and is known only since it landed. BY AVAILABLE
-- TIME makes the window one of news: what was learned in the last three hours, whenever it happened.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (origin) EVENT TIME left_at AVAILABLE TIME landed_at
  WINDOWS (
    avg(arr_clipped) OVER LAST 3 HOURS BY AVAILABLE TIME AS origin_arr_3h,
    avg((arr_delay > 30)::INTEGER) OVER LAST 6 HOURS BY AVAILABLE TIME AS origin_late_6h
  )
AS SELECT origin, left_at, landed_at, arr_delay, arr_clipped FROM {{ ref('flights') }} WHERE arr_delay IS NOT NULL
