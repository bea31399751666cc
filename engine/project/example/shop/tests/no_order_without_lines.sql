-- Every order that came in has at least one line.
select o.order_id
from {{ ref('stg_orders') }} as o
left join {{ ref('orders') }} as m using (order_id)
where m.order_id is null
