-- everyday psql: what it prints must equal what it prints against PostgreSQL 15
\set ON_ERROR_STOP off
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\pset null '(null)'
SELECT 1 AS one, 'text' AS t, NULL AS n, true AS b, 1.50::numeric(6,2) AS num, date '2024-02-29' AS d;
CREATE TABLE psql_t (i integer PRIMARY KEY, t text NOT NULL, d double precision, ts timestamp, n numeric(8,3));
INSERT INTO psql_t VALUES (1, 'one', 1.5, '2024-01-01 10:00', 1.25), (2, 'zwei ü', -0.1, NULL, NULL), (3, '', 1e20, '1999-12-31 23:59:59.123', -3);
SELECT * FROM psql_t ORDER BY i;
UPDATE psql_t SET d = 2 WHERE i < 3;
DELETE FROM psql_t WHERE i = 3 RETURNING i, t;
\echo :ROW_COUNT :SQLSTATE
SELECT count(*) AS c, sum(i) AS s, avg(d) AS a, min(ts) AS lo, max(t) AS hi FROM psql_t;
\x on
SELECT * FROM psql_t WHERE i = 1;
\x off
\pset format csv
SELECT * FROM psql_t ORDER BY i;
\pset format unaligned
SELECT i, t FROM psql_t ORDER BY i;
\pset format aligned
SELECT i AS key, t AS value FROM psql_t ORDER BY i LIMIT 1 \gset got_
\echo :got_key :got_value
SELECT 'SELECT ' || i || ' AS v' FROM psql_t ORDER BY i \gexec
SELECT 1 AS a \; SELECT 2 AS b;
SELECT a.i, b.i FROM psql_t a, psql_t b ORDER BY 1, 2 \crosstabview a.i b.i
\set FETCH_COUNT 3
SELECT g AS n FROM generate_series(1, 10) AS t(g);
\unset FETCH_COUNT
BEGIN;
DECLARE c CURSOR FOR SELECT g AS n FROM generate_series(1, 5) AS t(g);
FETCH 2 FROM c;
FETCH ALL FROM c;
MOVE 0 FROM c;
CLOSE c;
SAVEPOINT s;
RELEASE SAVEPOINT s;
COMMIT;
PREPARE p(int, text) AS SELECT $1 * 2 AS d, $2 || '!' AS e;
EXECUTE p(21, 'hey');
DEALLOCATE p;
SHOW standard_conforming_strings;
SET TimeZone = 'America/New_York';
SELECT timestamptz '2024-07-01 12:00:00+00' AS t;
RESET TimeZone;
SET application_name = 'journey';
SHOW application_name;
SELECT current_database() = :'DBNAME' AS same_db, current_user = :'USER' AS same_user;
DROP TABLE psql_t;
