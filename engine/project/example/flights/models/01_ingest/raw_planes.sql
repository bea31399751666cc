-- The aircraft, as the Federal Aviation Administration registers them.
{{ config(materialized='source') }}

CREATE SOURCE {{ this }} (tailnum VARCHAR NOT NULL, year DOUBLE, seats BIGINT CHECK (seats > 0))
FROM FILES (path '{{ var("data") }}/planes*.parquet') FORMAT PARQUET
