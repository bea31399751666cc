-- What the three airports' instruments said, an hour a row.
{{ config(materialized='source') }}

CREATE SOURCE {{ this }} (
  origin VARCHAR NOT NULL, temp DOUBLE, dewp DOUBLE, humid DOUBLE CHECK (humid BETWEEN 0 AND 100), wind_speed DOUBLE CHECK (wind_speed >= 0),
  precip DOUBLE CHECK (precip >= 0), pressure DOUBLE, visib DOUBLE, time_hour TIMESTAMPTZ NOT NULL
)
FROM FILES (path '{{ var("data") }}/weather*.parquet') FORMAT PARQUET
