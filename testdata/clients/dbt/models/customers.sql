{{ config(materialized='table', indexes=[{'columns': ['customer_id'], 'unique': true}]) }}
select c.id as customer_id, c.name, count(p.order_id) as orders, coalesce(sum(p.amount), 0) as total
from {{ ref('raw_customers') }} c left join {{ ref('paid') }} p on p.customer_id = c.id
group by 1, 2
