-- What the deployed model says of the flights of the last months, none of which it was trained on. `predict_proba` is
-- an expression: here in a table, as well in a view, a dashboard, or a prepared statement of a service.
-- depends_on: {{ ref('late') }}
SELECT carrier, flight, origin, dest, scheduled_at, late, predict_proba('late', k)['true'] AS risk
FROM {{ ref('known') }} k
WHERE scheduled_at >= TIMESTAMP '2013-10-01 04:00:00'
