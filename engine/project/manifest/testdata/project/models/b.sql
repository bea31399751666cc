{{ config(materialized='table', tags='x') }} select * from {{ ref('stg_a') }} join {{ source('raw','t') }} using (id)
