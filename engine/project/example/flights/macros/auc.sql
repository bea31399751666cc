{# The area under the ROC curve of scores for a truth: the chance that a late flight has a higher score than another,
   by the ranks of the scores, with ties at their mean rank. #}
{% macro auc(truth, score, relation) %}
(SELECT (sum(place) FILTER (WHERE truth) - count(*) FILTER (WHERE truth) * (count(*) FILTER (WHERE truth) + 1) / 2)
    / (count(*) FILTER (WHERE truth) * count(*) FILTER (WHERE NOT truth))
 FROM (SELECT {{ truth }} AS truth, rank() OVER (ORDER BY {{ score }}) + (count(*) OVER (PARTITION BY {{ score }}) - 1) / 2 AS place FROM {{ relation }}))
{% endmacro %}
