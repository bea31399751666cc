-- Objects as SQL, in PostgreSQL's words.
CREATE MACRO eider_sys.live.ident_list(l) AS array_to_string([eider_sys.pg.quote_ident(x) FOR x IN l], ', ');

CREATE VIEW eider_sys.live.constraint_definition AS
  SELECT oid, definition FROM eider_sys.rows.constraint_definitions
  UNION ALL
  SELECT c.oid, CASE c.type
    WHEN 'p' THEN 'PRIMARY KEY (' || eider_sys.live.ident_list(c.columns) || ')'
    WHEN 'u' THEN 'UNIQUE (' || eider_sys.live.ident_list(c.columns) || ')'
    WHEN 'c' THEN 'CHECK (' || c.expression || ')'
    ELSE 'FOREIGN KEY (' || eider_sys.live.ident_list(c.columns) || ') REFERENCES '
      || CASE WHEN c.schema_name = 'main' THEN '' ELSE eider_sys.live.ident_list([eider_sys.live.schema_name(c.database_name, c.schema_name)]) || '.' END
      || eider_sys.live.ident_list([c.referenced_table]) || '(' || eider_sys.live.ident_list(c.referenced_columns) || ')' END
  FROM eider_sys.live.constraint c;
CREATE VIEW eider_sys.live.k_constraint AS SELECT oid AS k_oid, definition AS k_definition,
    CASE WHEN starts_with(definition, 'CHECK ((') THEN 'CHECK ' || definition[8:-2] ELSE definition END AS k_pretty FROM eider_sys.live.constraint_definition;
CREATE MACRO eider_sys.pg.pg_get_constraintdef(o) AS (SELECT k_definition FROM eider_sys.live.k_constraint WHERE k_oid = o),
  (o, pretty) AS (SELECT CASE WHEN pretty THEN k_pretty ELSE k_definition END FROM eider_sys.live.k_constraint WHERE k_oid = o);

-- Keys keep DuckDB's text for expressions and lose needless quotes for columns.
CREATE VIEW eider_sys.live.index_key_text AS
  SELECT k.oid, k.ord, CASE WHEN k.column_name IS NULL THEN k.expression ELSE eider_sys.live.ident_list([k.column_name]) END AS text FROM eider_sys.live.index_key k;
CREATE VIEW eider_sys.live.index_definition AS
  SELECT oid, definition FROM eider_sys.rows.index_definitions
  UNION ALL
  SELECT i.oid, 'CREATE ' || CASE WHEN i.is_unique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || eider_sys.live.ident_list([i.name]) || ' ON '
    || eider_sys.live.ident_list([eider_sys.live.schema_name(i.database_name, i.schema_name)]) || '.' || eider_sys.live.ident_list([i.table_name])
    || ' USING btree (' || k.keys || ')'
  FROM eider_sys.live.index i JOIN (SELECT oid, string_agg(text, ', ' ORDER BY ord) AS keys FROM eider_sys.live.index_key_text GROUP BY oid) k ON k.oid = i.oid;
CREATE VIEW eider_sys.live.index_text AS
  SELECT d.oid, 0 AS num, d.definition, replace(d.definition, ' ON ' || n.quoted_nsp, ' ON ') AS short, n.schema_name
  FROM eider_sys.live.index_definition d JOIN eider_sys.live.relation_name n ON n.oid = d.oid
  UNION ALL SELECT oid, ord, text, text, NULL FROM eider_sys.live.index_key_text;
CREATE VIEW eider_sys.live.k_index AS
  SELECT oid AS k_oid, num AS k_num, definition AS k_definition, CASE WHEN eider_sys.live.on_path(schema_name) THEN short ELSE definition END AS k_short FROM eider_sys.live.index_text;
CREATE MACRO eider_sys.pg.pg_get_indexdef(o) AS (SELECT k_definition FROM eider_sys.live.k_index WHERE k_oid = o AND k_num = 0),
  (o, n, pretty) AS (SELECT CASE WHEN pretty THEN k_short ELSE k_definition END FROM eider_sys.live.k_index WHERE k_oid = o AND k_num = n);

-- A view's SELECT: what follows the first AS of DuckDB's text, whose names are quoted where they could mislead.
CREATE VIEW eider_sys.live.view_definition AS
  SELECT oid, ' ' || sql[position(' AS ' IN sql) + 4:] AS definition FROM eider_sys.live.table_or_view WHERE kind = 'v';
CREATE VIEW eider_sys.live.k_view AS SELECT oid AS k_oid, definition AS k_definition FROM eider_sys.live.view_definition;
CREATE MACRO eider_sys.pg.pg_get_viewdef(v) AS (SELECT k_definition FROM eider_sys.live.k_view WHERE k_oid = eider_sys.pg.to_regclass(v)),
  (v, pretty) AS (SELECT k_definition FROM eider_sys.live.k_view WHERE k_oid = eider_sys.pg.to_regclass(v));
CREATE VIEW eider_sys.live.k_rule AS SELECT r.oid AS k_oid, 'CREATE RULE "_RETURN" AS ON SELECT TO ' || eider_sys.pg.quote_ident(c.relname) || ' DO INSTEAD ' || d.definition AS k_definition
  FROM eider_sys.pg.pg_rewrite r JOIN eider_sys.live.view_definition d ON d.oid = r.ev_class JOIN eider_sys.pg.pg_class c ON c.oid = r.ev_class;
CREATE MACRO eider_sys.pg.pg_get_ruledef(o) AS (SELECT k_definition FROM eider_sys.live.k_rule WHERE k_oid = o),
  (o, pretty) AS (SELECT k_definition FROM eider_sys.live.k_rule WHERE k_oid = o);
CREATE MACRO eider_sys.pg.pg_get_expr(e, o) AS e::VARCHAR, (e, o, pretty) AS e::VARCHAR;

-- Functions: what PostgreSQL prints for its own; a macro's arguments by name.
CREATE VIEW eider_sys.live.signature AS
  SELECT oid, arguments, identity, result FROM eider_sys.rows.proc_signatures
  UNION ALL
  SELECT oid, array_to_string([p || ' anyelement' FOR p IN parameters], ', '), array_to_string([p || ' anyelement' FOR p IN parameters], ', '),
    CASE WHEN is_table THEN 'SETOF record' ELSE 'anyelement' END FROM eider_sys.live.macro;
CREATE VIEW eider_sys.live.k_signature AS SELECT oid AS k_oid, arguments AS k_arguments, identity AS k_identity, result AS k_result FROM eider_sys.live.signature;
CREATE MACRO eider_sys.pg.pg_get_function_arguments(o) AS (SELECT k_arguments FROM eider_sys.live.k_signature WHERE k_oid = o);
CREATE MACRO eider_sys.pg.pg_get_function_identity_arguments(o) AS (SELECT k_identity FROM eider_sys.live.k_signature WHERE k_oid = o);
CREATE MACRO eider_sys.pg.pg_get_function_result(o) AS (SELECT k_result FROM eider_sys.live.k_signature WHERE k_oid = o);
CREATE VIEW eider_sys.live.k_macro AS SELECT oid AS k_oid, 'CREATE MACRO ' || eider_sys.pg.quote_ident(eider_sys.live.schema_name(database_name, schema_name)) || '.' || eider_sys.pg.quote_ident(name)
  || '(' || array_to_string(parameters, ', ') || ') AS ' || CASE WHEN is_table THEN 'TABLE ' ELSE '' END || body || chr(10) AS k_definition FROM eider_sys.live.macro;
CREATE MACRO eider_sys.pg.pg_get_functiondef(o) AS (SELECT k_definition FROM eider_sys.live.k_macro WHERE k_oid = o);
CREATE MACRO eider_sys.pg.pg_get_function_sqlbody(o) AS NULL::VARCHAR;
CREATE MACRO eider_sys.pg.pg_get_function_arg_default(o, n) AS NULL::VARCHAR;
CREATE MACRO eider_sys.pg.pg_get_triggerdef(o) AS NULL::VARCHAR, (o, pretty) AS NULL::VARCHAR;
CREATE MACRO eider_sys.pg.pg_get_partkeydef(o) AS NULL::VARCHAR;
CREATE MACRO eider_sys.pg.pg_get_partition_constraintdef(o) AS NULL::VARCHAR;
CREATE MACRO eider_sys.pg.pg_get_statisticsobjdef(o) AS NULL::VARCHAR;
CREATE MACRO eider_sys.pg.pg_get_statisticsobjdef_columns(o) AS NULL::VARCHAR;
CREATE MACRO eider_sys.pg.pg_get_statisticsobjdef_expressions(o) AS NULL::VARCHAR[];
CREATE VIEW eider_sys.live.k_serial AS SELECT relid AS k_oid, name AS k_name,
    CASE WHEN contains(def, '.') THEN '' ELSE eider_sys.live.schema_name(database_name, schema_name) || '.' END || def[10:-3] AS k_sequence
  FROM eider_sys.live.column WHERE starts_with(def, 'nextval(''');
CREATE MACRO eider_sys.pg.pg_get_serial_sequence(tab, col) AS (SELECT min(k_sequence) FROM eider_sys.live.k_serial WHERE k_oid = eider_sys.pg.regclassin(tab) AND k_name = col);
