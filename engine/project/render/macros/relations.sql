{# What macros of projects and packages call of dbt's own for relations, over the adapter. #}

{% macro load_relation(relation) -%}
    {{ return(adapter.get_relation(relation.database, relation.schema, relation.identifier)) }}
{%- endmacro %}

{% macro load_cached_relation(relation) -%}
    {{ return(load_relation(relation)) }}
{%- endmacro %}

{% macro get_columns_in_query(select_sql) -%}
    {%- set answer = run_query("select * from (" ~ select_sql ~ ") as q where false limit 0") -%}
    {{ return(answer.column_names if execute else []) }}
{%- endmacro %}

{% macro get_quoted_csv(column_names) -%}
    {%- set quoted = [] -%}
    {%- for name in column_names -%}
        {%- do quoted.append(adapter.quote(name)) -%}
    {%- endfor -%}
    {{ return(quoted | join(', ')) }}
{%- endmacro %}

{% macro create_schema(relation) -%}
    {%- do adapter.create_schema(relation) -%}
{%- endmacro %}

{% macro drop_relation_if_exists(relation) -%}
    {%- if relation is not none -%}
        {%- do adapter.drop_relation(relation) -%}
    {%- endif -%}
{%- endmacro %}

{% macro noop_statement(name=None, message=None, code=None, rows_affected=None, res=None) -%}
    {{ return('') }}
{%- endmacro %}

{% macro in_transaction(sql) -%}
    {{ return({"sql": sql, "transaction": true}) }}
{%- endmacro %}

{% macro before_begin(sql) -%}
    {{ return({"sql": sql, "transaction": false}) }}
{%- endmacro %}

{% macro after_commit(sql) -%}
    {{ return({"sql": sql, "transaction": false}) }}
{%- endmacro %}
