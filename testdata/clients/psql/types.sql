-- how values are printed; the names of bare expressions are DuckDB's, so only the rows are compared
\pset tuples_only
\pset format unaligned
SET TimeZone = 'UTC';
SELECT 1e20::double precision, 1e-5::double precision, 123456789.125::double precision, 0.1::real, 'NaN'::double precision, '-Infinity'::double precision, -0.0::double precision AS negzero, 1e15::double precision, 1e16::double precision;
SELECT 100000000000000000000::numeric(30,2), 0.000::numeric(5,3), -1.5::numeric(4,1), 12345.678::numeric(10,3);
SELECT true, false, 32767::smallint, (-2147483648)::integer, 9223372036854775807::bigint;
SELECT date '0001-01-01', date '9999-12-31', 'infinity'::date, '-infinity'::timestamp;
SELECT time '00:00', time '23:59:59.999999', timestamp '2024-01-01 00:00:00.1', timestamp '1582-10-04 01:02:03.000004';
SELECT timestamptz '2024-07-01 12:00:00+02', timestamptz '1970-01-01 00:00:00.5+00';
SET TimeZone = 'Asia/Kolkata';
SELECT timestamptz '2024-07-01 12:00:00+00';
SET TimeZone = 'UTC';
SELECT interval '1 year 2 months 3 days 04:05:06.789', interval '-1 day', interval '0', interval '100 hours', interval '-00:00:01.5', interval '1 month -1 day';
SELECT ARRAY[1,2,NULL], ARRAY['a', 'b,c', 'd"e', '', NULL, 'NULL', 'back\slash', '{x}'], ARRAY[1.5, 'NaN'::float8], ARRAY[]::integer[];
SELECT ARRAY[true,false], ARRAY[date '2024-01-01', NULL];
SELECT '\x00ff27'::bytea, ''::bytea, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid;
SELECT 'line1
line2' AS multi, E'tab\there' AS tab, 'ünïcödé 漢字 😀' AS uni, '' AS empty;
SELECT '{"a": [1, null]}'::json;
SELECT NULL::integer AS i, NULL::text AS t;
