with source as (
    select * from {{ ref('raw_orders') }}
)

select
    id as order_id,
    customer_id,
    ordered_at,
    status,
    {{ cents_to_dollars('cents') }} as amount
from source
where ordered_at >= '{{ var("since") }}'
