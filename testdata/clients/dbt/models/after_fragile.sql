{{ config(materialized='table', unlogged=true, alias='after_it', schema='extra') }}
select count(*) as n from {{ ref('fragile') }}
