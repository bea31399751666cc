-- A database with a superuser's tables, ordinary roles and a group. mallory has what everybody has, may
-- write a little without reading it, and create in main; ann may read and fill orders.
CREATE TABLE orders (id INTEGER, total DOUBLE, customer VARCHAR, placed TIMESTAMP);
INSERT INTO orders VALUES (1, 10, 'x', '2026-01-01'), (2, 20, 'y', '2026-01-02'), (3, 30, 'x', '2026-01-03');
CREATE TABLE customers (name VARCHAR, city VARCHAR); INSERT INTO customers VALUES ('x', 'Rome'), ('y', 'Oslo');
CREATE TABLE secret (id INTEGER, word VARCHAR); INSERT INTO secret VALUES (1, 'swordfish');
CREATE SEQUENCE secret_seq;
CREATE VIEW totals AS SELECT customer, sum(total) AS total FROM orders GROUP BY ALL;
CREATE VIEW words AS SELECT word FROM secret;
CREATE TABLE allowed (name VARCHAR);
CREATE VIEW filtered AS SELECT s.word FROM secret s WHERE s.word IN (SELECT name FROM allowed);
CREATE MACRO half(x) AS x / 2; CREATE MACRO leak() AS (SELECT max(word) FROM secret); CREATE MACRO leaks() AS TABLE FROM secret;
CREATE MACRO any_table(t) AS TABLE SELECT * FROM query_table(t);
CREATE VIEW halves AS SELECT half(total) AS h FROM orders;
CREATE SCHEMA vault; CREATE TABLE vault.gold (bars INTEGER); INSERT INTO vault.gold VALUES (7);
CREATE SCHEMA mart; CREATE TABLE mart.sales (amount DOUBLE); INSERT INTO mart.sales VALUES (1), (2);
CREATE ROLE analysts; CREATE USER ann IN ROLE analysts; CREATE USER mallory; CREATE USER reader READ ONLY; CREATE USER builder;
GRANT SELECT, INSERT ON orders TO ann; GRANT SELECT ON customers, words, filtered, halves TO analysts;
GRANT USAGE, SELECT ON SCHEMA mart TO analysts;
GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO reader;
GRANT CREATE ON SCHEMA main TO builder, mallory; GRANT SELECT ON orders TO builder;
CREATE TABLE drops (note VARCHAR); GRANT INSERT ON drops TO mallory;
CREATE TABLE changes (id INTEGER, note VARCHAR); INSERT INTO changes VALUES (1, 'a'); GRANT UPDATE, DELETE ON changes TO mallory;
ATTACH ':memory:' AS lake; CREATE TABLE lake.hidden AS SELECT 1 AS a; CREATE MACRO lake.main.peek() AS (SELECT max(a) FROM lake.hidden);
TRAIN MODEL risk TARGET y USING linear AS SELECT i::DOUBLE AS x, 2.0 * i AS y FROM range(60) t(i); CREATE VIEW risks AS SELECT id, predict('risk', o) FROM (SELECT id, total AS x FROM orders) o;
