-- Names to OIDs and back: what ::regclass and its like become (rules_reg.go), and the functions that take either.

-- Relations by name. twins are the schemas that have the name, where several do.
CREATE VIEW eider_sys.live.relation_name AS
  SELECT c.oid, c.relname AS name, n.nspname AS nsp, eider_sys.pg.quote_ident(c.relname) AS quoted, eider_sys.pg.quote_ident(n.nspname) || '.' AS quoted_nsp,
    eider_sys.live.duck_schema(n.nspname) AS schema_name, CASE WHEN t.schemas[2] IS NOT NULL THEN t.schemas END AS twins
  FROM eider_sys.pg.pg_class c JOIN eider_sys.pg.pg_namespace n ON n.oid = c.relnamespace
  JOIN (SELECT lower(c.relname) AS name, array_agg(eider_sys.live.duck_schema(n.nspname)) AS schemas
        FROM eider_sys.pg.pg_class c JOIN eider_sys.pg.pg_namespace n ON n.oid = c.relnamespace GROUP BY 1) t ON t.name = lower(c.relname);
CREATE VIEW eider_sys.live.k_relation AS
  SELECT oid AS k_oid, name AS k_name, nsp AS k_nsp, quoted AS k_quoted, quoted_nsp AS k_quoted_nsp, schema_name AS k_schema,
    CASE WHEN twins IS NULL THEN eider_sys.live.on_path(schema_name)
      ELSE list_filter(eider_sys.live.whole_path(), lambda s: list_contains(twins, s))[1] IS NOT DISTINCT FROM schema_name END AS k_visible
  FROM eider_sys.live.relation_name;
CREATE MACRO eider_sys.live.is_number(s) AS regexp_full_match(s, '[0-9]+');
CREATE MACRO eider_sys.live.find_relation(parts) AS (
  SELECT k_oid FROM eider_sys.live.k_relation
  WHERE lower(k_name) = lower(parts[-1]) AND CASE WHEN len(parts) > 1 THEN lower(k_nsp) = lower(parts[-2]) OR lower(k_schema) = lower(parts[-2]) ELSE k_visible END
  ORDER BY k_name <> parts[-1], k_oid LIMIT 1);
CREATE MACRO eider_sys.pg.to_regclass(ref) AS CASE WHEN eider_sys.live.is_number(ref::VARCHAR) THEN ref::VARCHAR::BIGINT
  ELSE eider_sys.live.find_relation(eider_sys.live.name_parts(ref::VARCHAR)) END;

-- Types by their SQL name, then by their catalog name, arrays, synonyms.
CREATE VIEW eider_sys.live.k_type_name AS
  SELECT oid AS k_oid, lower(name) AS k_name, NULL AS k_nsp, 1 AS k_rank FROM eider_sys.live.type_name
  UNION ALL SELECT t.oid, t.typname, n.nspname, 2 FROM eider_sys.pg.pg_type t JOIN eider_sys.pg.pg_namespace n ON n.oid = t.typnamespace
  UNION ALL SELECT t.typarray, t.typname || '[]', n.nspname, 3 FROM eider_sys.pg.pg_type t JOIN eider_sys.pg.pg_namespace n ON n.oid = t.typnamespace WHERE t.typarray <> 0
  UNION ALL SELECT oid, name, NULL, 4 FROM (VALUES ('int', 23), ('decimal', 1700), ('float', 701), ('varchar', 1043), ('char', 1042), ('string', 25), ('double', 701)) v(name, oid);
CREATE MACRO eider_sys.live.find_type(s) AS (
  SELECT k_oid FROM eider_sys.live.k_type_name
  WHERE k_name = lower(eider_sys.live.bare_type(s)) OR k_name = eider_sys.live.name_parts(eider_sys.live.bare_type(s))[-1]
    AND (len(eider_sys.live.name_parts(eider_sys.live.bare_type(s))) = 1 OR k_nsp = eider_sys.live.name_parts(eider_sys.live.bare_type(s))[-2])
  ORDER BY k_rank, k_oid LIMIT 1);
CREATE MACRO eider_sys.pg.to_regtype(ref) AS CASE WHEN eider_sys.live.is_number(ref::VARCHAR) THEN ref::VARCHAR::BIGINT ELSE eider_sys.live.find_type(ref::VARCHAR) END;

CREATE VIEW eider_sys.live.k_namespace AS SELECT oid AS k_oid, nspname AS k_name FROM eider_sys.pg.pg_namespace;
CREATE MACRO eider_sys.pg.to_regnamespace(ref) AS CASE WHEN eider_sys.live.is_number(ref::VARCHAR) THEN ref::VARCHAR::BIGINT
  ELSE (SELECT min(k_oid) FROM eider_sys.live.k_namespace WHERE lower(k_name) = lower(eider_sys.live.unquote(ref::VARCHAR))) END;
-- Functions: PostgreSQL's rows (a user's macros are found in pg_proc itself).
CREATE VIEW eider_sys.live.k_proc AS SELECT p.oid AS k_oid, p.proname AS k_name, s.signature AS k_signature, replace(s.signature, ' ', '') AS k_bare
  FROM eider_sys.rows.pg_proc p LEFT JOIN eider_sys.rows.proc_signatures s ON s.oid = p.oid;
CREATE MACRO eider_sys.pg.to_regproc(ref) AS CASE WHEN eider_sys.live.is_number(ref::VARCHAR) THEN ref::VARCHAR::BIGINT
  ELSE (SELECT min(k_oid) FROM eider_sys.live.k_proc WHERE k_name = eider_sys.live.name_parts(ref::VARCHAR)[-1]) END;
CREATE MACRO eider_sys.pg.to_regprocedure(ref) AS CASE WHEN eider_sys.live.is_number(ref::VARCHAR) THEN ref::VARCHAR::BIGINT
  ELSE (SELECT min(k_oid) FROM eider_sys.live.k_proc WHERE k_bare = replace(CASE WHEN starts_with(ref::VARCHAR, 'pg_catalog.') THEN (ref::VARCHAR)[12:] ELSE ref::VARCHAR END, ' ', '')) END;
CREATE VIEW eider_sys.live.k_operator AS SELECT o.oid AS k_oid, o.oprname AS k_name, s.signature AS k_signature
  FROM eider_sys.rows.pg_operator o JOIN eider_sys.rows.operator_names s ON s.oid = o.oid;
CREATE MACRO eider_sys.pg.to_regoperator(ref) AS CASE WHEN eider_sys.live.is_number(ref::VARCHAR) THEN ref::VARCHAR::BIGINT
  ELSE (SELECT min(k_oid) FROM eider_sys.live.k_operator WHERE k_signature = ref::VARCHAR) END;
CREATE MACRO eider_sys.pg.to_regoper(ref) AS CASE WHEN eider_sys.live.is_number(ref::VARCHAR) THEN ref::VARCHAR::BIGINT
  ELSE (SELECT min(k_oid) FROM eider_sys.live.k_operator WHERE k_name = ref::VARCHAR) END;
CREATE MACRO eider_sys.pg.to_regrole(ref) AS CASE WHEN eider_sys.live.is_number(ref::VARCHAR) THEN ref::VARCHAR::BIGINT
  ELSE (SELECT min(k_oid) FROM eider_sys.live.k_role WHERE k_name = eider_sys.live.unquote(ref::VARCHAR)) END;
CREATE VIEW eider_sys.live.k_dictionary AS SELECT oid AS k_oid, dictname AS k_name FROM eider_sys.rows.pg_ts_dict;
CREATE VIEW eider_sys.live.k_config AS SELECT oid AS k_oid, cfgname AS k_name FROM eider_sys.rows.pg_ts_config;
CREATE VIEW eider_sys.live.k_collation AS SELECT oid AS k_oid, collname AS k_name FROM eider_sys.rows.pg_collation;
CREATE MACRO eider_sys.pg.to_regdictionary(ref) AS CASE WHEN eider_sys.live.is_number(ref::VARCHAR) THEN ref::VARCHAR::BIGINT
  ELSE (SELECT min(k_oid) FROM eider_sys.live.k_dictionary WHERE k_name = eider_sys.live.name_parts(ref::VARCHAR)[-1]) END;
CREATE MACRO eider_sys.pg.to_regconfig(ref) AS CASE WHEN eider_sys.live.is_number(ref::VARCHAR) THEN ref::VARCHAR::BIGINT
  ELSE (SELECT min(k_oid) FROM eider_sys.live.k_config WHERE k_name = eider_sys.live.name_parts(ref::VARCHAR)[-1]) END;
CREATE MACRO eider_sys.pg.to_regcollation(ref) AS CASE WHEN eider_sys.live.is_number(ref::VARCHAR) THEN ref::VARCHAR::BIGINT
  ELSE (SELECT min(k_oid) FROM eider_sys.live.k_collation WHERE k_name = eider_sys.live.name_parts(ref::VARCHAR)[-1]) END;

-- Text to OID with PostgreSQL's error for what doesn't exist, and OID to text.
CREATE MACRO eider_sys.pg.regclassin(ref) AS CASE WHEN ref IS NULL THEN NULL WHEN ref::VARCHAR = '-' THEN 0
  ELSE coalesce(eider_sys.pg.to_regclass(ref), error('relation "' || ref::VARCHAR || '" does not exist')::BIGINT) END;
CREATE MACRO eider_sys.pg.regtypein(ref) AS CASE WHEN ref IS NULL THEN NULL WHEN ref::VARCHAR = '-' THEN 0
  ELSE coalesce(eider_sys.pg.to_regtype(ref), error('type "' || ref::VARCHAR || '" does not exist')::BIGINT) END;
CREATE MACRO eider_sys.pg.regnamespacein(ref) AS CASE WHEN ref IS NULL THEN NULL WHEN ref::VARCHAR = '-' THEN 0
  ELSE coalesce(eider_sys.pg.to_regnamespace(ref), error('schema "' || ref::VARCHAR || '" does not exist')::BIGINT) END;
CREATE MACRO eider_sys.pg.regprocin(ref) AS CASE WHEN ref IS NULL THEN NULL WHEN ref::VARCHAR = '-' THEN 0
  ELSE coalesce(eider_sys.pg.to_regproc(ref), error('function "' || ref::VARCHAR || '" does not exist')::BIGINT) END;
CREATE MACRO eider_sys.pg.regprocedurein(ref) AS CASE WHEN ref IS NULL THEN NULL WHEN ref::VARCHAR = '-' THEN 0
  ELSE coalesce(eider_sys.pg.to_regprocedure(ref), error('function "' || ref::VARCHAR || '" does not exist')::BIGINT) END;
CREATE MACRO eider_sys.pg.regoperatorin(ref) AS CASE WHEN ref IS NULL THEN NULL WHEN ref::VARCHAR = '-' THEN 0
  ELSE coalesce(eider_sys.pg.to_regoperator(ref), error('operator does not exist: ' || ref::VARCHAR)::BIGINT) END;
CREATE MACRO eider_sys.pg.regoperin(ref) AS CASE WHEN ref IS NULL THEN NULL WHEN ref::VARCHAR = '-' THEN 0
  ELSE coalesce(eider_sys.pg.to_regoper(ref), error('operator does not exist: ' || ref::VARCHAR)::BIGINT) END;
CREATE MACRO eider_sys.pg.regrolein(ref) AS CASE WHEN ref IS NULL THEN NULL WHEN ref::VARCHAR = '-' THEN 0
  ELSE coalesce(eider_sys.pg.to_regrole(ref), error('role "' || ref::VARCHAR || '" does not exist')::BIGINT) END;
CREATE MACRO eider_sys.pg.regdictionaryin(ref) AS CASE WHEN ref IS NULL THEN NULL WHEN ref::VARCHAR = '-' THEN 0
  ELSE coalesce(eider_sys.pg.to_regdictionary(ref), error('text search dictionary "' || ref::VARCHAR || '" does not exist')::BIGINT) END;
CREATE MACRO eider_sys.pg.regconfigin(ref) AS CASE WHEN ref IS NULL THEN NULL WHEN ref::VARCHAR = '-' THEN 0
  ELSE coalesce(eider_sys.pg.to_regconfig(ref), error('text search configuration "' || ref::VARCHAR || '" does not exist')::BIGINT) END;
CREATE MACRO eider_sys.pg.regcollationin(ref) AS CASE WHEN ref IS NULL THEN NULL WHEN ref::VARCHAR = '-' THEN 0
  ELSE coalesce(eider_sys.pg.to_regcollation(ref), error('collation "' || ref::VARCHAR || '" does not exist')::BIGINT) END;
CREATE MACRO eider_sys.pg.regclassout(ref) AS CASE WHEN ref::BIGINT = 0 THEN '-'
  ELSE coalesce((SELECT CASE WHEN k_visible THEN '' ELSE k_quoted_nsp END || k_quoted FROM eider_sys.live.k_relation WHERE k_oid = ref::BIGINT), ref::VARCHAR) END;
CREATE MACRO eider_sys.pg.regtypeout(ref) AS eider_sys.pg.format_type(ref, NULL);
CREATE MACRO eider_sys.pg.regnamespaceout(ref) AS CASE WHEN ref::BIGINT = 0 THEN '-'
  ELSE coalesce((SELECT eider_sys.pg.quote_ident(k_name) FROM eider_sys.live.k_namespace WHERE k_oid = ref::BIGINT), ref::VARCHAR) END;
CREATE MACRO eider_sys.pg.regprocout(ref) AS CASE WHEN ref::BIGINT = 0 THEN '-'
  ELSE coalesce((SELECT eider_sys.pg.quote_ident(k_name) FROM eider_sys.live.k_proc WHERE k_oid = ref::BIGINT), ref::VARCHAR) END;
CREATE MACRO eider_sys.pg.regprocedureout(ref) AS CASE WHEN ref::BIGINT = 0 THEN '-'
  ELSE coalesce((SELECT k_signature FROM eider_sys.live.k_proc WHERE k_oid = ref::BIGINT), ref::VARCHAR) END;
CREATE MACRO eider_sys.pg.regoperatorout(ref) AS CASE WHEN ref::BIGINT = 0 THEN '0'
  ELSE coalesce((SELECT k_signature FROM eider_sys.live.k_operator WHERE k_oid = ref::BIGINT), ref::VARCHAR) END;
CREATE MACRO eider_sys.pg.regoperout(ref) AS CASE WHEN ref::BIGINT = 0 THEN '0'
  ELSE coalesce((SELECT k_name FROM eider_sys.live.k_operator WHERE k_oid = ref::BIGINT), ref::VARCHAR) END;
CREATE MACRO eider_sys.pg.regroleout(ref) AS CASE WHEN ref::BIGINT = 0 THEN '-'
  ELSE coalesce((SELECT eider_sys.pg.quote_ident(k_name) FROM eider_sys.live.k_role WHERE k_oid = ref::BIGINT), ref::VARCHAR) END;
CREATE MACRO eider_sys.pg.regdictionaryout(ref) AS CASE WHEN ref::BIGINT = 0 THEN '-'
  ELSE coalesce((SELECT k_name FROM eider_sys.live.k_dictionary WHERE k_oid = ref::BIGINT), ref::VARCHAR) END;
CREATE MACRO eider_sys.pg.regconfigout(ref) AS CASE WHEN ref::BIGINT = 0 THEN '-'
  ELSE coalesce((SELECT k_name FROM eider_sys.live.k_config WHERE k_oid = ref::BIGINT), ref::VARCHAR) END;
CREATE MACRO eider_sys.pg.regcollationout(ref) AS CASE WHEN ref::BIGINT = 0 THEN '-'
  ELSE coalesce((SELECT '"' || k_name || '"' FROM eider_sys.live.k_collation WHERE k_oid = ref::BIGINT), ref::VARCHAR) END;

-- An array literal, '{a,"b c",NULL}', as a list of texts; a list stays as it is spelled by DuckDB.
CREATE MACRO eider_sys.pg.textarrayin(s) AS CASE
  WHEN s IS NULL THEN NULL
  WHEN (s::VARCHAR)[1] <> '{' THEN s::VARCHAR::VARCHAR[]
  WHEN trim(s::VARCHAR) = '{}' THEN []::VARCHAR[]
  ELSE [CASE WHEN e[1] = '"' THEN replace(replace(e[2:-2], '\"', '"'), '\\', '\') WHEN lower(e) = 'null' THEN NULL ELSE e END
    FOR e IN regexp_extract_all((s::VARCHAR)[2:-2], '"(?:[^"\\]|\\.)*"|[^,"]+')] END;
-- A pattern for DuckDB's ~, which asks for a full match, from one for PostgreSQL's, which asks for a partial one.
CREATE MACRO eider_sys.pg.pattern(p) AS '(?s).*(?:' || p || ').*';
CREATE MACRO eider_sys.pg.ipattern(p) AS '(?is).*(?:' || p || ').*';
