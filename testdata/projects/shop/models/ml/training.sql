{{ config(materialized='table') }}
select o.order_id, o.ordered_at, o.amount, o.status = 'returned' as returned, k.*
from {{ ref('stg_orders') }} o
point in time join {{ ref('orders_known') }} k as of o.ordered_at - interval 1 minute on o.customer_id = k.customer_id
