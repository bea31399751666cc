{{ config(materialized='ephemeral') }}

select
    l.order_id,
    l.line,
    l.sku,
    p.kind,
    l.quantity,
    l.quantity * p.price as amount
from {{ ref('raw_lines') }} as l
join {{ ref('stg_products') }} as p using (sku)
