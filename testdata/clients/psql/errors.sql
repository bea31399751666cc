-- errors: code, and afterwards the session goes on
\pset tuples_only
\pset format unaligned
\set VERBOSITY sqlstate
SELECT * FROM psql_missing;
\set ON_ERROR_STOP off
SELECT nope;
SELEC 1;
SELECT 'x'::integer;
SELECT '2024-02-30'::date;
SELECT no_such_function(1);
SELECT 1 + ;
CREATE TABLE psql_e (i integer PRIMARY KEY, j integer NOT NULL CHECK (j > 0));
CREATE TABLE psql_e (i integer);
INSERT INTO psql_e VALUES (1, 1);
INSERT INTO psql_e VALUES (1, 2);
INSERT INTO psql_e VALUES (2, NULL);
INSERT INTO psql_e VALUES (3, -1);
INSERT INTO psql_e (nope) VALUES (1);
BEGIN;
INSERT INTO psql_e VALUES (4, 4);
SELECT * FROM psql_missing;
SELECT 1;
COMMIT;
SELECT count(*) FROM psql_e;
ROLLBACK;
BEGIN READ ONLY;
INSERT INTO psql_e VALUES (9, 9);
ROLLBACK;
FETCH 1 FROM no_such_cursor;
EXECUTE no_such_statement;
DEALLOCATE no_such_statement;
ROLLBACK TO SAVEPOINT nothing;
SET no_such_setting = 1;
SHOW no_such_setting;
COPY psql_e FROM STDIN;
7	7
x	8
\.
SELECT count(*) FROM psql_e;
COPY psql_missing FROM STDIN;
DROP TABLE psql_e;
DROP TABLE psql_e;
DROP TABLE IF EXISTS psql_e;
