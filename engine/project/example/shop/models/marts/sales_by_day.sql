{{ config(materialized='incremental', unique_key='placed', incremental_strategy='delete+insert') }}

select
    placed,
    count(*) as orders,
    sum(amount) as amount
from {{ ref('orders') }}
where state <> 'cancelled'
{% if is_incremental() %}
    and placed >= (select max(placed) from {{ this }})
{% endif %}
group by placed
