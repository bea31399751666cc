-- The newest observation of an airport's weather, no older than six hours.
{{ config(materialized='feature_view') }}

CREATE FEATURE VIEW {{ this }} ENTITY (origin) EVENT TIME observed_at TTL 6 HOURS
AS SELECT * FROM {{ ref('weather') }}
