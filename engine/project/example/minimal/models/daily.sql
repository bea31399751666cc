select
    day,
    degrees,
    degrees - lag(degrees) over (order by day) as change
from {{ ref('days') }}
