{{ config(materialized='table', contract={'enforced': true}) }}
select cast(order_id as integer) as order_id, cast(amount as numeric(10,2)) as amount from {{ ref('stg_orders') }}
