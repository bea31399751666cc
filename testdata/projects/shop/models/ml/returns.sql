{{ config(materialized='model', target='returned', algorithm='logistic', split='BY TIME ordered_at HOLDOUT 0.25', id='order_id', seed=7) }}
select * from {{ ref('training') }}
