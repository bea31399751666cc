select
    sku,
    title,
    kind,
    {{ crowns('coalesce(cents, 0)') }} as price
from {{ ref('raw_products') }}
