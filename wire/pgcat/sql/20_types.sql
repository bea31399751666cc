-- DuckDB's type names and what the wire calls them (wire/pg/encode › Map is the other half of this agreement).
CREATE TABLE eider_sys.live.type_map (duck VARCHAR, oid BIGINT, typmod INTEGER);
INSERT INTO eider_sys.live.type_map VALUES
  ('BOOLEAN', 16, -1), ('TINYINT', 21, -1), ('UTINYINT', 21, -1), ('SMALLINT', 21, -1), ('USMALLINT', 23, -1), ('INTEGER', 23, -1),
  ('UINTEGER', 20, -1), ('BIGINT', 20, -1), ('UBIGINT', 1700, 1310724), ('HUGEINT', 1700, -1), ('UHUGEINT', 1700, -1),
  ('BIGNUM', 1700, -1), ('FLOAT', 700, -1), ('DOUBLE', 701, -1), ('VARCHAR', 25, -1), ('JSON', 114, -1), ('BLOB', 17, -1),
  ('GEOMETRY', 17, -1), ('BIT', 1562, -1), ('UUID', 2950, -1), ('DATE', 1082, -1), ('TIME', 1083, -1), ('TIME_NS', 1083, -1),
  ('TIME WITH TIME ZONE', 1266, -1), ('TIMESTAMP', 1114, -1), ('TIMESTAMP_NS', 1114, -1), ('TIMESTAMP_S', 1114, 0),
  ('TIMESTAMP_MS', 1114, 3), ('TIMESTAMP WITH TIME ZONE', 1184, -1), ('INTERVAL', 1186, -1), ('DECIMAL', 1700, -1),
  ('STRUCT', 114, -1), ('MAP', 114, -1), ('UNION', 114, -1), ('VARIANT', 114, -1), ('"NULL"', 25, -1);

-- Types that users create. DuckDB expands them in a column's type, so an enum column is recognised by its labels.
CREATE VIEW eider_sys.live.user_type AS
  SELECT type_oid::BIGINT AS oid, type_name AS name, eider_sys.live.schema_oid(database_name, schema_name, schema_oid)::BIGINT AS nsp,
    logical_type, labels, comment, database_name, schema_name,
    CASE WHEN labels IS NOT NULL THEN 'ENUM(' || array_to_string(['''' || replace(l, '''', '''''') || '''' FOR l IN labels], ', ') || ')' END AS spelling
  FROM duckdb_types() WHERE NOT internal AND eider_sys.live.mine(database_name);

-- A DuckDB type's element when it is a list, and how many list levels it has.
CREATE MACRO eider_sys.live.list_element(t) AS regexp_replace(t, '(\[[0-9]*\])+$', '');
CREATE MACRO eider_sys.live.list_dims(t) AS length(regexp_extract(t, '(\[[0-9]*\])+$')) - length(replace(regexp_extract(t, '(\[[0-9]*\])+$'), '[', ''));
CREATE MACRO eider_sys.live.type_head(t) AS CASE WHEN contains(t, '(') THEN left(t, position('(' IN t) - 1) ELSE t END;
CREATE MACRO eider_sys.live.decimal_typmod(t) AS
  CASE WHEN starts_with(t, 'DECIMAL(') THEN regexp_extract(t, '\((\d+),', 1)::INTEGER * 65536 + regexp_extract(t, ',(\d+)\)', 1)::INTEGER + 4 END;

-- Columns of tables and views with their PostgreSQL types. Lists of lists, structs and maps travel as json.
CREATE VIEW eider_sys.live.column AS
  SELECT c.*, coalesce(CASE WHEN dims = 0 THEN coalesce(u.oid, m.oid)
                            WHEN dims = 1 OR NOT contains(data_type, '[]') THEN CASE WHEN m.oid = 114 THEN 199 ELSE coalesce(eider_sys.live.array_type_oid(u.oid), a.typarray) END
                            ELSE 114 END, 25) AS typid,
    coalesce(eider_sys.live.decimal_typmod(element), m.typmod, -1) AS typmod
  FROM (SELECT table_oid::BIGINT AS relid, column_index AS num, column_name AS name, data_type, is_nullable, column_default AS def, comment,
          database_name, schema_name, table_name,
          eider_sys.live.list_element(data_type) AS element, eider_sys.live.list_dims(data_type) AS dims
        FROM duckdb_columns() WHERE NOT internal AND eider_sys.live.mine(database_name) AND eider_sys.live.seen(database_name, schema_name, table_name)) c
  LEFT JOIN eider_sys.live.type_map m ON m.duck = eider_sys.live.type_head(element)
  LEFT JOIN eider_sys.rows.pg_type a ON a.oid = m.oid
  LEFT JOIN (SELECT spelling, min(oid) AS oid FROM eider_sys.live.user_type GROUP BY spelling) u ON u.spelling = element;

-- pg_type: PostgreSQL's own, then enums with their arrays, then row types of tables and views with theirs.
CREATE VIEW eider_sys.pg.pg_type AS
  WITH made AS (
    SELECT oid, name AS typname, nsp AS typnamespace, 4::SMALLINT AS typlen, true AS typbyval, 'e' AS typtype, 'E' AS typcategory,
      0 AS typrelid, 0 AS typelem, eider_sys.live.array_type_oid(oid) AS typarray, 'i' AS typalign, 'p' AS typstorage,
      3506 AS input, 3507 AS output, 3532 AS receive, 3533 AS send, 0 AS analyzer, 0 AS subscript
    FROM eider_sys.live.user_type WHERE labels IS NOT NULL
    UNION ALL
    SELECT eider_sys.live.array_type_oid(oid), '_' || name, nsp, -1, false, 'b', 'A', 0, oid, 0, 'i', 'x', 750, 751, 2400, 2401, 3816, 6179
    FROM eider_sys.live.user_type WHERE labels IS NOT NULL
    UNION ALL
    SELECT eider_sys.live.row_type_oid(oid), name, nsp, -1, false, 'c', 'C', oid, 0, eider_sys.live.array_type_oid(eider_sys.live.row_type_oid(oid)), 'd', 'x', 2290, 2291, 2402, 2403, 0, 0
    FROM eider_sys.live.table_or_view
    UNION ALL
    SELECT eider_sys.live.array_type_oid(eider_sys.live.row_type_oid(oid)), '_' || name, nsp, -1, false, 'b', 'A', 0, eider_sys.live.row_type_oid(oid), 0, 'd', 'x', 750, 751, 2400, 2401, 3816, 6179
    FROM eider_sys.live.table_or_view)
  SELECT * FROM eider_sys.rows.pg_type
  UNION ALL
  SELECT oid, typname, typnamespace, 10, typlen, typbyval, typtype, typcategory, false, true, ',', typrelid, subscript, typelem, typarray,
    input, output, receive, send, 0, 0, analyzer, typalign, typstorage, false, 0, -1, 0, 0, NULL, NULL, NULL
  FROM made;

CREATE VIEW eider_sys.pg.pg_enum AS
  SELECT oid * 4096 % 1073741824 + 1073741824 + ord AS oid, oid AS enumtypid, ord::FLOAT AS enumsortorder, label AS enumlabel
  FROM (SELECT oid, unnest(labels) AS label, generate_subscripts(labels, 1) AS ord FROM eider_sys.live.user_type WHERE labels IS NOT NULL);

-- Types' names in SQL. style tells where a modifier goes and how it is read: n numeric, c characters, t a precision.
CREATE VIEW eider_sys.live.type_name AS
  SELECT oid, name, quoted, schema_name, CASE
      WHEN oid IN (1700, 1231) THEN 'n' WHEN oid IN (1042, 1043, 1014, 1015) THEN 'c' WHEN oid IN (1083, 1114, 1184, 1266, 1560, 1562, 1115, 1185, 1183, 1270, 1561, 1563) THEN 't' END AS style,
    CASE WHEN oid = 1042 THEN 'bpchar' ELSE name END AS unmodified,
    CASE WHEN oid IN (1083, 1114, 1184, 1266, 1115, 1185, 1183, 1270) THEN split_part(name, ' ', 1) ELSE replace(name, '[]', '') END || '(' AS before,
    CASE WHEN oid IN (1083, 1114, 1184, 1266, 1115, 1185, 1183, 1270) THEN ')' || name[position(' ' IN name):] WHEN ends_with(name, '[]') THEN ')[]' ELSE ')' END AS after
  FROM (
    SELECT 0 AS oid, '-' AS name, '' AS quoted, 'pg_catalog' AS schema_name
    UNION ALL SELECT oid, name, '', 'pg_catalog' FROM eider_sys.rows.type_names
    UNION ALL SELECT u.oid, eider_sys.pg.quote_ident(name) || array_suffix, eider_sys.pg.quote_ident(eider_sys.live.schema_name(database_name, schema_name)) || '.', eider_sys.live.path_name(database_name, schema_name)
    FROM (
      SELECT oid, name, '' AS array_suffix, database_name, schema_name FROM eider_sys.live.user_type WHERE labels IS NOT NULL
      UNION ALL SELECT eider_sys.live.array_type_oid(oid), name, '[]', database_name, schema_name FROM eider_sys.live.user_type WHERE labels IS NOT NULL
      UNION ALL SELECT eider_sys.live.row_type_oid(oid), name, '', database_name, schema_name FROM eider_sys.live.table_or_view
      UNION ALL SELECT eider_sys.live.array_type_oid(eider_sys.live.row_type_oid(oid)), name, '[]', database_name, schema_name FROM eider_sys.live.table_or_view) u);
CREATE VIEW eider_sys.live.k_type AS
  SELECT oid AS k_oid, name AS k_name, style AS k_style, unmodified AS k_unmodified, before AS k_before, after AS k_after,
    CASE WHEN quoted = '' OR eider_sys.live.on_path(schema_name) THEN '' ELSE quoted END AS k_prefix, schema_name AS k_schema FROM eider_sys.live.type_name;
CREATE MACRO eider_sys.pg.format_type(type_id, type_mod) AS CASE WHEN type_id IS NOT NULL THEN coalesce((
  SELECT k_prefix || CASE WHEN type_mod IS NULL THEN k_name WHEN type_mod < 0 OR k_style IS NULL THEN k_unmodified
    ELSE k_before || CASE k_style WHEN 'n' THEN ((type_mod - 4) >> 16) || ',' || ((type_mod - 4) & 65535) WHEN 'c' THEN (type_mod - 4)::VARCHAR ELSE type_mod::VARCHAR END || k_after END
  FROM eider_sys.live.k_type WHERE k_oid = type_id::BIGINT), '???') END;
