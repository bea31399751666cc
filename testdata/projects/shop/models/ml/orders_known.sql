{{ config(materialized='feature_view', entity='customer_id', event_time='ordered_at', windows=[
  'count(*) OVER LAST 14 DAYS AS orders_14d',
  'sum(amount) OVER LAST 30 DAYS AS amount_30d'
]) }}
select customer_id, ordered_at, amount from {{ ref('stg_orders') }}
