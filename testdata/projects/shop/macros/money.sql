{% macro cents_to_dollars(column, digits=2) -%}
    round({{ column }} / 100, {{ digits }})
{%- endmacro %}

{% test at_least(model, column_name, least) %}
    select {{ column_name }} from {{ model }} where {{ column_name }} < {{ least }}
{% endtest %}

{% macro count_orders(since) %}
    {% set answer = run_query("select count(*) as n from " ~ ref('stg_orders') ~ " where ordered_at >= '" ~ since ~ "'") %}
    {{ print("orders since " ~ since ~ ": " ~ answer.columns[0].values()[0]) }}
{% endmacro %}
