{% set kinds = ['tool', 'plant', 'supply'] %}

with lines as (
    select
        order_id,
        {% for kind in kinds -%}
        coalesce(sum(amount) filter (where kind = '{{ kind }}'), 0) as {{ kind }}_amount,
        {% endfor -%}
        sum(amount) as amount
    from {{ ref('stg_lines') }}
    group by order_id
)

select
    o.order_id,
    o.customer_id,
    o.placed,
    o.state,
    {% for kind in kinds -%}
    l.{{ kind }}_amount,
    {% endfor -%}
    l.amount,
    o.state = 'open' and o.placed < date '2026-03-31' - {{ var('lost_after_days') }} as lost
from {{ ref('stg_orders') }} as o
join lines as l using (order_id)
