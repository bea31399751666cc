{{ config(materialized='incremental', unique_key='order_id', on_schema_change='sync_all_columns') }}
select order_id, status {% if var('wide', false) %}, amount, customer_id{% else %}, ordered_at{% endif %} from {{ ref('stg_orders') }}
