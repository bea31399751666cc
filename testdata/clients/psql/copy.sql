-- COPY through psql: \copy both ways, every text format
CREATE TABLE psql_c (i integer, t text, d double precision, b boolean, ts timestamptz);
\copy psql_c FROM STDIN
1	tab\tin it	1.5	t	2024-01-01 00:00:00+00
2	\N	\N	f	\N
3	back\\slash	-1e-5	t	2024-06-01 12:30:00+02
\.
\copy psql_c FROM STDIN WITH (FORMAT csv, HEADER, NULL 'none')
i,t,d,b,ts
4,"quoted, ""text""",2,true,none
5,"two
lines",none,no,2024-01-01
\.
SET TimeZone = 'UTC';
SELECT * FROM psql_c ORDER BY i;
COPY (SELECT * FROM psql_c ORDER BY i) TO STDOUT;
COPY (SELECT * FROM psql_c ORDER BY i) TO STDOUT WITH (FORMAT csv, HEADER);
COPY (SELECT i, t FROM psql_c ORDER BY i) TO STDOUT WITH (FORMAT csv, DELIMITER ';', FORCE_QUOTE *, NULL '-');
COPY psql_c (i, t) TO STDOUT WITH CSV HEADER QUOTE '"';
COPY psql_c (t, i) FROM STDIN WITH DELIMITER '|' NULL '';
six|6
|7
\.
SELECT i, t FROM psql_c WHERE i > 5 ORDER BY i;
DROP TABLE psql_c;
