{{ config(materialized='model') }}

TRAIN MODEL {{ this }} TARGET late
  USING logistic, xgboost (rounds => 100, eta => 0.1, max_depth => 5)
  SPLIT BY TIME scheduled_at HOLDOUT INTERVAL 92 DAYS GAP INTERVAL 7 DAYS
AS SELECT * EXCLUDE (flight, tailnum, decided_at) FROM {{ ref('known') }} WHERE late IS NOT NULL
