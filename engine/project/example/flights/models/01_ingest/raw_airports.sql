-- Airports and the zones of their clocks.
{{ config(materialized='source') }}

CREATE SOURCE {{ this }} (faa VARCHAR NOT NULL, name VARCHAR NOT NULL, lat DOUBLE, lon DOUBLE, tzone VARCHAR)
FROM FILES (path '{{ var("data") }}/airports*.parquet') FORMAT PARQUET
