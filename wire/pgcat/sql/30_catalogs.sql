-- The catalogs that follow the database: PostgreSQL's own rows, then the session's.

CREATE VIEW eider_sys.pg.pg_namespace AS
  SELECT oid, nspname, nspowner, nspacl FROM eider_sys.rows.pg_namespace
  UNION ALL
  SELECT eider_sys.live.schema_oid(database_name, schema_name, oid)::BIGINT, eider_sys.live.schema_name(database_name, schema_name),
    CASE WHEN schema_name = 'main' THEN 6171 ELSE 10 END, CASE WHEN schema_name = 'main' THEN ['pg_database_owner=UC/pg_database_owner', '=U/pg_database_owner'] END
  FROM duckdb_schemas() WHERE database_name = current_database() AND eider_sys.live.seen(database_name, schema_name, '')
    OR database_name = 'temp' AND EXISTS (SELECT 1 FROM duckdb_tables() WHERE temporary);

CREATE VIEW eider_sys.live.foreign_key AS
  SELECT c.oid, c.relid, r.oid AS confrelid, r.name AS ref_name, c.schema_name,
    array_agg(k.column_index::SMALLINT ORDER BY u.i) AS confkeys
  FROM eider_sys.live.constraint c
  JOIN eider_sys.live.table_or_view r ON r.kind = 'r' AND r.name = c.referenced_table AND r.nsp = c.nsp AND r.database_name = c.database_name
  JOIN LATERAL (SELECT unnest(c.referenced_columns) AS name, generate_subscripts(c.referenced_columns, 1) AS i) u ON true
  JOIN duckdb_columns() k ON k.table_oid = r.oid AND k.column_name = u.name
  WHERE c.type = 'f' GROUP BY ALL;

CREATE VIEW eider_sys.pg.pg_class AS
  SELECT * FROM eider_sys.rows.pg_class
  UNION ALL
  SELECT oid, name, nsp, reltype, 0, 10, am, oid, 0, 0, rows, 0, 0, has_index, false, persistence, kind, natts::SMALLINT, checks::SMALLINT,
    kind = 'v', has_trigger, false, false, false, true, CASE WHEN kind = 'r' THEN 'd' ELSE 'n' END, false, 0, 0, 0, NULL, NULL, NULL
  FROM (
    SELECT oid, name, nsp, eider_sys.live.row_type_oid(oid) AS reltype, CASE WHEN kind = 'r' THEN 2 ELSE 0 END AS am, rows,
      kind = 'r' AND oid IN (SELECT relid FROM eider_sys.live.index) AS has_index, persistence, kind, natts, checks,
      kind = 'r' AND oid IN (SELECT relid FROM eider_sys.live.foreign_key UNION ALL SELECT confrelid FROM eider_sys.live.foreign_key) AS has_trigger
    FROM eider_sys.live.table_or_view
    UNION ALL
    SELECT oid, name, nsp, 0, 403, 0, false, 'p', 'i', len(keys), 0, false FROM eider_sys.live.index
    UNION ALL
    SELECT oid, name, nsp, 0, 0, 1, false, persistence, 'S', 3, 0, false FROM eider_sys.live.sequence);

-- Generated columns are recognised in the table's canonical text: DuckDB's lists don't tell.
CREATE VIEW eider_sys.live.generated AS
  SELECT oid AS relid, sql FROM eider_sys.live.table_or_view WHERE kind = 'r' AND contains(sql, ' GENERATED ALWAYS AS(');
CREATE MACRO eider_sys.live.is_generated(text, col, typ) AS coalesce(
  contains(text, '(' || col || ' ' || typ || ' GENERATED ALWAYS AS(') OR contains(text, ', ' || col || ' ' || typ || ' GENERATED ALWAYS AS(')
  OR contains(text, '("' || replace(col, '"', '""') || '" ' || typ || ' GENERATED ALWAYS AS(') OR contains(text, ', "' || replace(col, '"', '""') || '" ' || typ || ' GENERATED ALWAYS AS('), false);

-- The columns of the session's tables and views.
CREATE VIEW eider_sys.live.attribute AS
  SELECT c.relid, c.name, c.typid, c.num, c.dims, c.typmod, NOT c.is_nullable AS not_null, c.def IS NOT NULL AS has_def,
    eider_sys.live.is_generated(g.sql, c.name, c.data_type) AS generated
  FROM eider_sys.live.column c LEFT JOIN eider_sys.live.generated g ON g.relid = c.relid;

CREATE VIEW eider_sys.pg.pg_attribute AS
  SELECT * FROM eider_sys.rows.pg_attribute
  UNION ALL
  SELECT a.relid, a.name, a.typid, -1, coalesce(t.typlen, CASE WHEN a.typid < 268435456 THEN 4 ELSE -1 END), a.num::SMALLINT, a.dims, -1, a.typmod,
    coalesce(t.typbyval, a.typid < 268435456), coalesce(t.typalign, 'i'), coalesce(t.typstorage, CASE WHEN a.typid < 268435456 THEN 'p' ELSE 'x' END), '',
    a.not_null, a.has_def OR a.generated, false, '', CASE WHEN a.generated THEN 's' ELSE '' END, false, true, 0, coalesce(t.typcollation, 0), NULL, NULL, NULL, NULL
  FROM (
    SELECT * FROM eider_sys.live.attribute
    UNION ALL
    SELECT k.oid, coalesce(k.column_name, 'expr' || CASE WHEN k.ord = 1 THEN '' ELSE (k.ord - 1)::VARCHAR END), coalesce(c.typid, 25), k.ord,
      coalesce(c.dims, 0), coalesce(c.typmod, -1), false, false, false
    FROM eider_sys.live.index_key k LEFT JOIN eider_sys.live.column c ON c.relid = k.relid AND c.num = k.num
    UNION ALL
    SELECT s.oid, v.name, v.typ, v.num, 0, -1, true, false, false
    FROM eider_sys.live.sequence s, (VALUES ('last_value', 20, 1), ('log_cnt', 20, 2), ('is_called', 16, 3)) v(name, typ, num)) a
  LEFT JOIN eider_sys.rows.pg_type t ON t.oid = a.typid;

-- A default as PostgreSQL prints it. adbin holds the text that pg_get_expr gives.
CREATE MACRO eider_sys.live.default_text(def, typ) AS CASE
  WHEN def = 'CAST(''t'' AS BOOLEAN)' THEN 'true'
  WHEN def = 'CAST(''f'' AS BOOLEAN)' THEN 'false'
  WHEN starts_with(def, 'nextval(''') AND ends_with(def, ''')') THEN left(def, -1) || '::regclass)'
  WHEN def = 'get_current_timestamp()' THEN 'CURRENT_TIMESTAMP'
  WHEN regexp_full_match(def, '''([^'']|'''')*''') THEN def || '::' || coalesce(typ, 'text')
  ELSE def END;
CREATE VIEW eider_sys.pg.pg_attrdef AS
  SELECT eider_sys.live.default_oid(c.relid, c.num)::BIGINT AS oid, c.relid AS adrelid, c.num::SMALLINT AS adnum,
    eider_sys.live.default_text(c.def, t.name) AS adbin
  FROM eider_sys.live.column c LEFT JOIN eider_sys.rows.type_names t ON t.oid = c.typid WHERE c.def IS NOT NULL;

CREATE VIEW eider_sys.pg.pg_constraint AS
  SELECT * FROM eider_sys.rows.pg_constraint
  UNION ALL
  SELECT c.oid, c.name, c.nsp, c.type, false, false, true, c.relid, 0, coalesce(c.index_oid, f.index_oid, 0), 0, coalesce(f.confrelid, 0),
    CASE WHEN c.type = 'f' THEN 'a' ELSE ' ' END, CASE WHEN c.type = 'f' THEN 'a' ELSE ' ' END, CASE WHEN c.type = 'f' THEN 's' ELSE ' ' END,
    true, 0, c.type <> 'c', c.keys, f.confkeys, NULL, NULL, NULL, NULL, NULL, c.expression
  FROM eider_sys.live.constraint c
  LEFT JOIN (SELECT k.*, min(u.index_oid) AS index_oid FROM eider_sys.live.foreign_key k
      LEFT JOIN eider_sys.live.constraint u ON u.type IN ('p', 'u') AND u.relid = k.confrelid AND list_sort(u.keys) = list_sort(k.confkeys)
      GROUP BY ALL) f ON f.oid = c.oid;

CREATE VIEW eider_sys.pg.pg_index AS
  SELECT * FROM eider_sys.rows.pg_index
  UNION ALL
  SELECT i.oid, i.relid, len(i.keys)::SMALLINT, len(i.keys)::SMALLINT, i.is_unique, false, i.is_primary, false, true, false, true, false, true, true, false,
    k.nums, k.collations, k.classes, [0::SMALLINT FOR n IN k.nums], CASE WHEN list_contains(k.nums, 0) THEN array_to_string(k.expressions, ', ') END, NULL
  FROM eider_sys.live.index i
  JOIN (SELECT k.oid, array_agg(k.num ORDER BY k.ord) AS nums, array_agg(coalesce(t.typcollation, 0) ORDER BY k.ord) AS collations,
          array_agg(coalesce(o.oid, 0) ORDER BY k.ord) AS classes, array_agg(k.expression ORDER BY k.ord) FILTER (k.num = 0) AS expressions
        FROM eider_sys.live.index_key k
        LEFT JOIN eider_sys.live.column c ON c.relid = k.relid AND c.num = k.num
        LEFT JOIN eider_sys.rows.pg_type t ON t.oid = c.typid
        LEFT JOIN eider_sys.rows.pg_opclass o ON o.opcmethod = 403 AND o.opcdefault AND o.opcintype = c.typid
        GROUP BY k.oid) k ON k.oid = i.oid;

CREATE VIEW eider_sys.pg.pg_sequence AS
  SELECT oid AS seqrelid, 20::BIGINT AS seqtypid, start_value AS seqstart, increment_by AS seqincrement, max_value AS seqmax, min_value AS seqmin,
    1::BIGINT AS seqcache, cycle AS seqcycle FROM eider_sys.live.sequence;

CREATE VIEW eider_sys.pg.pg_rewrite AS
  SELECT eider_sys.live.rule_oid(oid)::BIGINT AS oid, '_RETURN' AS rulename, oid AS ev_class, '1' AS ev_type, 'O' AS ev_enabled, true AS is_instead,
    NULL::VARCHAR AS ev_qual, NULL::VARCHAR AS ev_action FROM eider_sys.live.table_or_view WHERE kind = 'v';

CREATE VIEW eider_sys.pg.pg_description AS
  SELECT objoid, classoid, objsubid, description FROM eider_sys.rows.pg_description
  UNION ALL SELECT oid, 1259, 0, comment FROM eider_sys.live.table_or_view WHERE comment IS NOT NULL
  UNION ALL SELECT relid, 1259, num, comment FROM eider_sys.live.column WHERE comment IS NOT NULL
  UNION ALL SELECT oid, 1259, 0, comment FROM eider_sys.live.index WHERE comment IS NOT NULL
  UNION ALL SELECT oid, 1259, 0, comment FROM eider_sys.live.sequence WHERE comment IS NOT NULL
  UNION ALL SELECT oid, 1247, 0, comment FROM eider_sys.live.user_type WHERE comment IS NOT NULL AND labels IS NOT NULL
  UNION ALL SELECT 2200, 2615, 0, 'standard public schema';

-- Functions: PostgreSQL's rows for what DuckDB or this catalog has too, and the user's macros, whose arguments have no type.
CREATE VIEW eider_sys.live.macro AS
  SELECT function_oid::BIGINT AS oid, function_name AS name, eider_sys.live.schema_oid(database_name, schema_name, s.oid)::BIGINT AS nsp,
    parameters, function_type = 'table_macro' AS is_table, macro_definition AS body, f.comment, database_name, schema_name
  FROM duckdb_functions() f JOIN (SELECT database_name AS d, schema_name AS n, oid FROM duckdb_schemas()) s ON s.d = database_name AND s.n = schema_name
  WHERE NOT internal AND function_type IN ('macro', 'table_macro') AND eider_sys.live.mine(database_name);
CREATE VIEW eider_sys.pg.pg_proc AS
  SELECT * FROM eider_sys.rows.pg_proc
  UNION ALL
  SELECT oid, name, nsp, 10, 14, 100, CASE WHEN is_table THEN 1000 ELSE 0 END, 0, 0, 'f', false, false, false, is_table, 'v', 'u', len(parameters)::SMALLINT, 0,
    CASE WHEN is_table THEN 2249 ELSE 2283 END, [2283 FOR p IN parameters], NULL, NULL, parameters, NULL, NULL, body, NULL, NULL, NULL, NULL
  FROM eider_sys.live.macro;
