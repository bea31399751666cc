select order_id, {% if var('broken', false) %}no_such_column{% else %}amount{% endif %} as value from {{ ref('stg_orders') }}
