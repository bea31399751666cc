{% macro grants() %}
  {% do run_query("grant select on " ~ ref('customers') ~ " to public") %}
{% endmacro %}
