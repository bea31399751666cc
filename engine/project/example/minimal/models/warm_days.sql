{{ config(materialized='view') }}

select day, degrees
from {{ ref('daily') }}
where degrees >= {{ var('warm', 20) }}
