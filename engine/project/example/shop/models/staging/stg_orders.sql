select
    id as order_id,
    customer_id,
    placed::date as placed,
    state
from {{ ref('raw_orders') }}
