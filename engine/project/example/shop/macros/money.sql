{% macro crowns(cents, digits=2) -%}
    round({{ cents }} / 100.0, {{ digits }})
{%- endmacro %}

{% test not_negative(model, column_name) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} < 0
{% endtest %}
