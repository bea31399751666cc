select
    id as customer_id,
    name,
    town,
    joined::date as joined
from {{ ref('raw_customers') }}
