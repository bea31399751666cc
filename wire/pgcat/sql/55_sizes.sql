-- Sizes. The database's is known; DuckDB has no size of a single table that is cheap to ask for, so it is NULL.
CREATE VIEW eider_sys.live.k_size AS SELECT block_size * total_blocks AS k_bytes FROM pragma_database_size() WHERE database_name = current_database();
CREATE MACRO eider_sys.pg.pg_database_size(d) AS (SELECT k_bytes FROM eider_sys.live.k_size);
CREATE MACRO eider_sys.pg.pg_relation_size(r) AS NULL::BIGINT, (r, fork) AS NULL::BIGINT;
CREATE MACRO eider_sys.pg.pg_table_size(r) AS NULL::BIGINT;
CREATE MACRO eider_sys.pg.pg_indexes_size(r) AS NULL::BIGINT;
CREATE MACRO eider_sys.pg.pg_total_relation_size(r) AS NULL::BIGINT;
CREATE MACRO eider_sys.pg.pg_tablespace_size(r) AS (SELECT k_bytes FROM eider_sys.live.k_size);
CREATE MACRO eider_sys.pg.pg_tablespace_location(o) AS '';
CREATE MACRO eider_sys.pg.pg_relation_filenode(r) AS eider_sys.pg.to_regclass(r);
CREATE MACRO eider_sys.pg.pg_relation_filepath(r) AS NULL::VARCHAR;
CREATE MACRO eider_sys.live.pretty(b) AS CASE
  WHEN b // 512 < 20479 THEN ((b // 512) + 1) // 2 || ' kB'
  WHEN b // 524288 < 20479 THEN ((b // 524288) + 1) // 2 || ' MB'
  WHEN b // 536870912 < 20479 THEN ((b // 536870912) + 1) // 2 || ' GB'
  WHEN b // 549755813888 < 20479 THEN ((b // 549755813888) + 1) // 2 || ' TB'
  ELSE ((b // 562949953421312) + 1) // 2 || ' PB' END;
-- PostgreSQL's units and rounding: up to ten of a unit's successor, halves rounded up.
CREATE MACRO eider_sys.pg.pg_size_pretty(n) AS CASE
  WHEN n IS NULL THEN NULL
  WHEN abs(n::BIGINT) < 10240 THEN n::BIGINT || ' bytes'
  WHEN n::BIGINT < 0 THEN '-' || eider_sys.live.pretty(-n::BIGINT)
  ELSE eider_sys.live.pretty(n::BIGINT) END;
