{% macro convert_datetime(date_str, date_fmt) -%}
    {{ return(modules.datetime.datetime.strptime(date_str | string, date_fmt)) }}
{%- endmacro %}

{% macro dates_in_range(start_date_str, end_date_str=none, in_fmt="%Y%m%d", out_fmt="%Y%m%d") -%}
    {%- set last = start_date_str if end_date_str is none else end_date_str -%}
    {%- set first_day = convert_datetime(start_date_str, in_fmt) -%}
    {%- set days = (convert_datetime(last, in_fmt) - first_day).days -%}
    {%- if days < 0 -%}
        {{ exceptions.raise_compiler_error("the end " ~ last ~ " lies before the start " ~ start_date_str) }}
    {%- endif -%}
    {%- set dates = [] -%}
    {%- for i in range(0, days + 1) -%}
        {%- do dates.append((first_day + modules.datetime.timedelta(days=i)).strftime(out_fmt)) -%}
    {%- endfor -%}
    {{ return(dates) }}
{%- endmacro %}

{% macro partition_range(raw_partition_date, date_fmt='%Y%m%d') -%}
    {%- set parts = (raw_partition_date | string).split(",") -%}
    {{ return(dates_in_range(parts[0], parts[1] if parts | length > 1 else none, date_fmt)) }}
{%- endmacro %}

{% macro py_current_timestring() -%}
    {{ return(modules.datetime.datetime.now().strftime("%Y%m%d%H%M%S%f")) }}
{%- endmacro %}
