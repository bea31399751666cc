-- Every flight that left New York City's three airports in 2013, as the Bureau of Transportation Statistics has it.
-- A source is a table that remembers which files it has read: a build tomorrow reads only what is new. Rows that a
-- column can't hold, or that fail a CHECK, go to raw_flights__rejects, with the reason.
{{ config(materialized='source') }}

CREATE SOURCE {{ this }} (
  month BIGINT CHECK (month BETWEEN 1 AND 12),
  dep_time BIGINT CHECK (dep_time BETWEEN 1 AND 2400), -- HHMM: 517 is 05:17
  sched_dep_time BIGINT NOT NULL,
  dep_delay BIGINT CHECK (dep_delay BETWEEN -180 AND 2880),
  arr_time BIGINT CHECK (arr_time BETWEEN 1 AND 2400),
  arr_delay BIGINT CHECK (arr_delay BETWEEN -180 AND 2880),
  carrier VARCHAR NOT NULL,
  flight BIGINT NOT NULL,
  tailnum VARCHAR,
  origin VARCHAR NOT NULL CHECK (origin IN ('EWR', 'JFK', 'LGA')),
  dest VARCHAR NOT NULL,
  air_time BIGINT CHECK (air_time > 0),
  distance BIGINT CHECK (distance > 0),
  minute BIGINT NOT NULL,
  time_hour TIMESTAMPTZ NOT NULL -- the scheduled departure's hour
)
FROM FILES (path '{{ var("data") }}/flights*.parquet') FORMAT PARQUET
