-- The three numbers. A model on tempting features looks better than the honest one in its own test. In service it
-- gets what is known at decided_at, which is not what it learned from, and falls far behind.
-- depends_on: {{ ref('late') }}, {{ ref('late_tempting') }}
WITH honest AS (
  SELECT late, predict_proba('late', k)['true'] AS honest, predict_proba('late_tempting', k)['true'] AS tempting
  FROM {{ ref('known') }} k WHERE late IS NOT NULL AND scheduled_at >= TIMESTAMP '2013-10-01 04:00:00'
), paper AS (
  SELECT late, predict_proba('late_tempting', t)['true'] AS tempting
  FROM {{ ref('tempting') }} t WHERE late IS NOT NULL AND scheduled_at >= TIMESTAMP '2013-10-01 04:00:00'
)
SELECT 1 AS line, 'tempting features, in its own test' AS model, round({{ auc('late', 'tempting', 'paper') }}, 3) AS auc
UNION ALL SELECT 2, 'tempting features, in service', round({{ auc('late', 'tempting', 'honest') }}, 3)
UNION ALL SELECT 3, 'honest features, in its own test and in service', round({{ auc('late', 'honest', 'honest') }}, 3)
ORDER BY line
