-- A schema that PostgreSQL 15 and Eider both accept, for comparing their catalogs.
CREATE SCHEMA sales;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE SEQUENCE ticket START 100 INCREMENT 5;
CREATE TABLE customer (
    id integer PRIMARY KEY,
    name text NOT NULL,
    email text UNIQUE,
    born date,
    balance numeric(12,2) DEFAULT 0,
    feeling mood,
    CHECK (id > 0)
);
CREATE TABLE kinds (
    a smallint, b integer, c bigint, d real, e double precision, f numeric(18,3),
    g text, h boolean, i date, j time, k timestamp, l timestamp with time zone,
    m interval, n uuid, o bytea, p integer[], q text[], s numeric(5,0), t json, u double precision[]
);
CREATE TABLE sales.orders (
    region text NOT NULL,
    no bigint NOT NULL,
    sold timestamp,
    PRIMARY KEY (region, no)
);
CREATE TABLE orderline (
    id bigint PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customer (id),
    backup_id integer REFERENCES customer (id),
    qty integer DEFAULT 1,
    note text DEFAULT 'none',
    UNIQUE (customer_id, qty)
);
CREATE TABLE "Odd Name" ("a b" integer, "select" text, "ümlaut" text, "quo""te" integer);
CREATE TABLE bare (x integer);
CREATE INDEX orderline_note ON orderline (note);
CREATE UNIQUE INDEX kinds_ab ON kinds (a, b);
CREATE INDEX orders_sold ON sales.orders (sold);
CREATE VIEW rich AS SELECT id, name, balance FROM customer;
CREATE VIEW sales.lately AS SELECT region, no FROM sales.orders;
COMMENT ON TABLE customer IS 'who buys';
COMMENT ON COLUMN customer.name IS 'full name';
COMMENT ON VIEW rich IS 'a view';
COMMENT ON INDEX orderline_note IS 'an index';
COMMENT ON SEQUENCE ticket IS 'numbers';
COMMENT ON TYPE mood IS 'how one feels';
INSERT INTO customer (id, name, email) VALUES (1, 'Ann', 'a@x'), (2, 'Bob', 'b@x');
