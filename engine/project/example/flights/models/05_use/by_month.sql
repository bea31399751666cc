-- Does the model keep? By month: how good it was, and how far what it sees has moved away from what it was trained
-- on (PSI: below 0.1 is stable, above 0.25 another world).
{{ config(materialized='table') }}
{% set watched = ['origin_dep_3h', 'carrier_arr_1d', 'temp', 'dewp', 'distance'] %}

WITH trained AS (
  SELECT {% for c in watched %}list({{ c }}) AS {{ c }}{{ ', ' if not loop.last }}{% endfor %}
  FROM {{ ref('known') }} WHERE scheduled_at < TIMESTAMP '2013-09-24' AND late IS NOT NULL
), months AS (
  SELECT date_trunc('month', scheduled_at - INTERVAL 5 HOURS)::DATE AS month,
    {% for c in watched %}list({{ c }}) AS {{ c }}{{ ', ' if not loop.last }}{% endfor %}
  FROM {{ ref('known') }} WHERE scheduled_at >= TIMESTAMP '2013-10-01 04:00:00' AND late IS NOT NULL GROUP BY 1
), quality AS (
  SELECT month, count(*) AS flights, avg(late::INTEGER) AS late, avg(risk) AS predicted,
    (sum(place) FILTER (WHERE late) - count(*) FILTER (WHERE late) * (count(*) FILTER (WHERE late) + 1) / 2)
      / (count(*) FILTER (WHERE late) * count(*) FILTER (WHERE NOT late)) AS auc
  FROM (SELECT *, rank() OVER (PARTITION BY month ORDER BY risk) + (count(*) OVER (PARTITION BY month, risk) - 1) / 2 AS place
        FROM (SELECT *, date_trunc('month', scheduled_at - INTERVAL 5 HOURS)::DATE AS month FROM {{ ref('predictions') }} WHERE late IS NOT NULL))
  GROUP BY month
)
SELECT q.month, q.flights, round(q.late, 4) AS late, round(q.predicted, 4) AS predicted, round(q.auc, 4) AS auc,
  {% for c in watched %}round(psi(t.{{ c }}, m.{{ c }}), 3) AS {{ c }}_psi{{ ', ' if not loop.last }}{% endfor %}
FROM quality q JOIN months m USING (month) CROSS JOIN trained t
ORDER BY q.month
