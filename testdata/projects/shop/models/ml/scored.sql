{{ config(materialized='table') }}
select t.order_id, round(predict_proba('{{ ref("returns") }}', t)['true'], 6) as p
from {{ ref('training') }} t
