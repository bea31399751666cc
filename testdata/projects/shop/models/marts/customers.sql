{% set statuses = ['placed', 'shipped', 'completed'] %}
with orders as (
    select * from {{ ref('paid') }}
)

select
    c.customer_id,
    c.first_name,
    count(o.order_id) as orders,
    {% for s in statuses %}
    count(*) filter (where o.status = '{{ s }}') as {{ s }},
    {% endfor %}
    coalesce(sum(o.amount), 0) as amount
from {{ ref('stg_customers') }} c
left join orders o using (customer_id)
group by all
