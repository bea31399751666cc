{{ config(materialized='table', pre_hook="delete from {{ target.schema }}.hook_log where step = 'sourced'",
          post_hook="insert into {{ target.schema }}.hook_log values ('sourced')", indexes=[{'columns': ['id']}],
          grants={'select': ['dbt_journey_reader']}) }}
select * from {{ source('raw', 'raw_orders') }}
