select id as customer_id, first_name, coalesce(last_name, '?') as last_name, joined
from {{ ref('raw_customers') }}
