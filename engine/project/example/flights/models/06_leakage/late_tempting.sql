-- The same model on the tempting features. Its own test praises it; TRAIN warns, because lineage shows that
-- features are made of arr_clipped without regard to landed_at.
{{ config(materialized='model') }}

TRAIN MODEL {{ this }} TARGET late
  USING xgboost (rounds => 100, eta => 0.1, max_depth => 5)
  SPLIT BY TIME scheduled_at HOLDOUT INTERVAL 92 DAYS GAP INTERVAL 7 DAYS
  DEPLOY ALWAYS
AS SELECT * EXCLUDE (flight, tailnum, decided_at) FROM {{ ref('tempting') }} WHERE late IS NOT NULL
