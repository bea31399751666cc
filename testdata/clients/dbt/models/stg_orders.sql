-- a view over the seed
select id as order_id, customer_id, cast(ordered_at as date) as ordered_at, coalesce(amount, 0) as amount, status
from {{ ref('raw_orders') }}
