-- Does a risk of 30 % mean that three flights of ten are late? The flights by predicted risk, in tenths.
{{ config(materialized='view') }}

SELECT tenth, count(*) AS flights, round(avg(risk), 3) AS predicted, round(avg(late::INTEGER), 3) AS observed
FROM (SELECT risk, late, ntile(10) OVER (ORDER BY risk) AS tenth FROM {{ ref('predictions') }} WHERE late IS NOT NULL)
GROUP BY tenth ORDER BY tenth
