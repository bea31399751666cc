{{ config(materialized='transformation', items=['* exclude (order_id)', "scale_standard(amount) over () as amount"]) }}
select order_id, amount, returned from {{ ref('training') }}
