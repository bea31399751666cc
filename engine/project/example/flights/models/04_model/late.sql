-- Two candidates compete, with a look at how deep the trees should be. Choosing looks at the training part only;
-- the last 92 days are touched once, by the winner. Between them lie 7 days that nobody uses: their delays are
-- in the features of the first test days.
--
-- The first version is deployed. After a rebuild on new data a later one takes its place if it is surely better
-- on flights that neither has seen.
{{ config(materialized='model') }}

TRAIN MODEL {{ this }} TARGET late
  USING logistic, xgboost (rounds => 200, eta => 0.05, min_child_weight => 50, colsample_bytree => 0.4)
  TUNE (max_depth => CHOICE(4, 6)) STRATEGY GRID OPTIMIZE auc
  SPLIT BY TIME scheduled_at HOLDOUT INTERVAL 92 DAYS GAP INTERVAL 7 DAYS
  DEPLOY IF BETTER
AS SELECT * EXCLUDE (flight, tailnum, decided_at) FROM {{ ref('known') }} WHERE late IS NOT NULL
