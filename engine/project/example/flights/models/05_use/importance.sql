-- What the model looks at: the gain of the trees' splits, by feature. EXPLAIN MODEL late shows the same.
-- depends_on: {{ ref('late') }}
{{ config(materialized='view') }}

SELECT label AS feature, round(x, 4) AS gain
FROM eider.curves
WHERE model = 'late' AND curve = 'importance:total gain' AND version = (SELECT max(version) FROM eider.model_versions WHERE model = 'late')
ORDER BY gain DESC, feature
