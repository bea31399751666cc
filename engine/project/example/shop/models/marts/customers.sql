select
    c.customer_id,
    c.name,
    c.town,
    min(o.placed) as first_order,
    count(o.order_id) as orders,
    coalesce(sum(o.amount) filter (where o.state = 'paid'), 0) as spent
from {{ ref('stg_customers') }} as c
left join {{ ref('orders') }} as o using (customer_id)
group by all
