-- information_schema: the standard's views, over the catalogs, as PostgreSQL fills them.
CREATE MACRO eider_sys.live.yes_no(b) AS CASE WHEN b THEN 'YES' ELSE 'NO' END;
CREATE VIEW eider_sys.info.information_schema_catalog_name AS SELECT current_database() AS catalog_name;
CREATE VIEW eider_sys.info.schemata AS
  SELECT current_database() AS catalog_name, n.nspname AS schema_name, eider_sys.pg.pg_get_userbyid(n.nspowner) AS schema_owner, NULL::VARCHAR AS default_character_set_catalog,
    NULL::VARCHAR AS default_character_set_schema, NULL::VARCHAR AS default_character_set_name, NULL::VARCHAR AS sql_path FROM eider_sys.pg.pg_namespace n;
CREATE VIEW eider_sys.info.tables AS
  SELECT current_database() AS table_catalog, n.nspname AS table_schema, c.relname AS table_name,
    CASE WHEN c.relpersistence = 't' THEN 'LOCAL TEMPORARY' WHEN c.relkind = 'v' THEN 'VIEW' ELSE 'BASE TABLE' END AS table_type,
    NULL::VARCHAR AS self_referencing_column_name, NULL::VARCHAR AS reference_generation, NULL::VARCHAR AS user_defined_type_catalog,
    NULL::VARCHAR AS user_defined_type_schema, NULL::VARCHAR AS user_defined_type_name, eider_sys.live.yes_no(c.relkind = 'r') AS is_insertable_into,
    'NO' AS is_typed, NULL::VARCHAR AS commit_action
  FROM eider_sys.pg.pg_class c JOIN eider_sys.pg.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v');
CREATE VIEW eider_sys.live.info_type AS
  SELECT t.oid, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END AS base, n.nspname AS udt_schema, t.typname AS udt_name, t.typtype,
    CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' WHEN n.nspname = 'pg_catalog' THEN f.name WHEN t.typtype = 'd' THEN b.name ELSE 'USER-DEFINED' END AS data_type
  FROM eider_sys.pg.pg_type t JOIN eider_sys.pg.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN eider_sys.rows.type_names f ON f.oid = t.oid LEFT JOIN eider_sys.rows.type_names b ON b.oid = t.typbasetype;
-- Tables and views, and their columns: asked for most, so without what only the whole of pg_class and pg_attribute needs.
CREATE VIEW eider_sys.live.info_relation AS
  SELECT oid, relname, relnamespace, relkind FROM eider_sys.rows.pg_class WHERE relkind IN ('r', 'v')
  UNION ALL
  SELECT oid, name, nsp, kind FROM eider_sys.live.table_or_view;
CREATE VIEW eider_sys.live.info_attribute AS
  SELECT attrelid, attname, attnum, atttypid, atttypmod, attnotnull, attgenerated FROM eider_sys.rows.pg_attribute WHERE attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT relid, name, num::SMALLINT, typid, typmod, not_null, CASE WHEN generated THEN 's' ELSE '' END FROM eider_sys.live.attribute;
CREATE VIEW eider_sys.info.columns AS
  SELECT current_database() AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name, a.attnum::INTEGER AS ordinal_position,
    CASE WHEN a.attgenerated = '' THEN d.adbin END AS column_default, eider_sys.live.yes_no(NOT a.attnotnull) AS is_nullable, t.data_type,
    eider_sys.info._pg_char_max_length(t.base, a.atttypmod) AS character_maximum_length,
    eider_sys.info._pg_char_octet_length(t.base, a.atttypmod) AS character_octet_length,
    eider_sys.info._pg_numeric_precision(t.base, a.atttypmod)::INTEGER AS numeric_precision,
    eider_sys.info._pg_numeric_precision_radix(t.base, a.atttypmod)::INTEGER AS numeric_precision_radix,
    eider_sys.info._pg_numeric_scale(t.base, a.atttypmod)::INTEGER AS numeric_scale,
    eider_sys.info._pg_datetime_precision(t.base, a.atttypmod)::INTEGER AS datetime_precision,
    NULL::VARCHAR AS interval_type, NULL::INTEGER AS interval_precision, NULL::VARCHAR AS character_set_catalog, NULL::VARCHAR AS character_set_schema,
    NULL::VARCHAR AS character_set_name, NULL::VARCHAR AS collation_catalog, NULL::VARCHAR AS collation_schema, NULL::VARCHAR AS collation_name,
    CASE WHEN t.typtype = 'd' THEN current_database() END AS domain_catalog, CASE WHEN t.typtype = 'd' THEN t.udt_schema END AS domain_schema,
    CASE WHEN t.typtype = 'd' THEN t.udt_name END AS domain_name, current_database() AS udt_catalog,
    CASE WHEN t.typtype = 'd' THEN 'pg_catalog' ELSE t.udt_schema END AS udt_schema, coalesce(b.typname, t.udt_name) AS udt_name,
    NULL::VARCHAR AS scope_catalog, NULL::VARCHAR AS scope_schema, NULL::VARCHAR AS scope_name, NULL::INTEGER AS maximum_cardinality,
    a.attnum::VARCHAR AS dtd_identifier, 'NO' AS is_self_referencing, 'NO' AS is_identity, NULL::VARCHAR AS identity_generation,
    NULL::VARCHAR AS identity_start, NULL::VARCHAR AS identity_increment, NULL::VARCHAR AS identity_maximum, NULL::VARCHAR AS identity_minimum,
    'NO' AS identity_cycle, CASE WHEN a.attgenerated = '' THEN 'NEVER' ELSE 'ALWAYS' END AS is_generated,
    CASE WHEN a.attgenerated <> '' THEN d.adbin END AS generation_expression, eider_sys.live.yes_no(c.relkind = 'r') AS is_updatable
  FROM eider_sys.live.info_attribute a
  JOIN eider_sys.live.info_relation c ON c.oid = a.attrelid
  JOIN eider_sys.pg.pg_namespace n ON n.oid = c.relnamespace
  JOIN eider_sys.live.info_type t ON t.oid = a.atttypid
  LEFT JOIN eider_sys.rows.pg_type b ON t.typtype = 'd' AND b.oid = t.base
  LEFT JOIN eider_sys.pg.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum;
CREATE VIEW eider_sys.info.views AS
  SELECT current_database() AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, d.definition AS view_definition, 'NONE' AS check_option,
    'NO' AS is_updatable, 'NO' AS is_insertable_into, 'NO' AS is_trigger_updatable, 'NO' AS is_trigger_deletable, 'NO' AS is_trigger_insertable_into
  FROM eider_sys.pg.pg_class c JOIN eider_sys.pg.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN eider_sys.live.view_definition d ON d.oid = c.oid WHERE c.relkind = 'v';

CREATE VIEW eider_sys.live.info_constraint AS
  SELECT current_database() AS db, n.nspname AS schema, c.oid, c.conname, c.contype, c.conkey, c.confkey, c.confrelid, c.conrelid, c.conindid, c.conbin, r.relname AS table_name, rn.nspname AS table_schema
  FROM eider_sys.pg.pg_constraint c JOIN eider_sys.pg.pg_namespace n ON n.oid = c.connamespace JOIN eider_sys.pg.pg_class r ON r.oid = c.conrelid JOIN eider_sys.pg.pg_namespace rn ON rn.oid = r.relnamespace;
CREATE VIEW eider_sys.live.not_null AS
  SELECT n.oid || '_' || r.oid || '_' || a.attnum || '_not_null' AS conname, n.nspname AS schema, r.relname AS table_name, a.attname
  FROM eider_sys.pg.pg_attribute a JOIN eider_sys.pg.pg_class r ON r.oid = a.attrelid JOIN eider_sys.pg.pg_namespace n ON n.oid = r.relnamespace
  WHERE a.attnotnull AND a.attnum > 0 AND r.relkind = 'r';
CREATE VIEW eider_sys.info.table_constraints AS
  SELECT db AS constraint_catalog, schema AS constraint_schema, conname AS constraint_name, db AS table_catalog, table_schema, table_name,
    CASE contype WHEN 'c' THEN 'CHECK' WHEN 'f' THEN 'FOREIGN KEY' WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' END AS constraint_type,
    'NO' AS is_deferrable, 'NO' AS initially_deferred, 'YES' AS enforced, CASE WHEN contype = 'u' THEN 'YES' END AS nulls_distinct FROM eider_sys.live.info_constraint
  UNION ALL
  SELECT current_database(), schema, conname, current_database(), schema, table_name, 'CHECK', 'NO', 'NO', 'YES', NULL FROM eider_sys.live.not_null;
CREATE VIEW eider_sys.live.info_key AS
  SELECT k.*, a.attname FROM (SELECT *, unnest(conkey) AS num, unnest(confkey) AS ref_num, generate_subscripts(conkey, 1) AS ord FROM eider_sys.live.info_constraint) k
  JOIN eider_sys.pg.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.num;
CREATE VIEW eider_sys.info.key_column_usage AS
  SELECT k.db AS constraint_catalog, k.schema AS constraint_schema, k.conname AS constraint_name, k.db AS table_catalog, k.table_schema, k.table_name, k.attname AS column_name,
    k.ord::INTEGER AS ordinal_position, CASE WHEN k.contype = 'f' THEN list_position(u.conkey, k.ref_num)::INTEGER END AS position_in_unique_constraint
  FROM eider_sys.live.info_key k LEFT JOIN eider_sys.pg.pg_constraint u ON k.contype = 'f' AND u.contype IN ('p', 'u') AND u.conindid = k.conindid
  WHERE k.contype IN ('p', 'u', 'f');
CREATE VIEW eider_sys.info.constraint_column_usage AS
  SELECT db AS table_catalog, table_schema, table_name, attname AS column_name, db AS constraint_catalog, schema AS constraint_schema, conname AS constraint_name
  FROM eider_sys.live.info_key WHERE contype IN ('p', 'u', 'c')
  UNION ALL
  SELECT k.db, n.nspname, r.relname, a.attname, k.db, k.schema, k.conname
  FROM eider_sys.live.info_key k JOIN eider_sys.pg.pg_class r ON r.oid = k.confrelid JOIN eider_sys.pg.pg_namespace n ON n.oid = r.relnamespace
  JOIN eider_sys.pg.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = k.ref_num WHERE k.contype = 'f';
CREATE VIEW eider_sys.info.constraint_table_usage AS
  SELECT DISTINCT table_catalog, table_schema, table_name, constraint_catalog, constraint_schema, constraint_name FROM eider_sys.info.constraint_column_usage;
CREATE VIEW eider_sys.info.referential_constraints AS
  SELECT c.db AS constraint_catalog, c.schema AS constraint_schema, c.conname AS constraint_name, CASE WHEN u.oid IS NOT NULL THEN c.db END AS unique_constraint_catalog,
    n.nspname AS unique_constraint_schema, u.conname AS unique_constraint_name, 'NONE' AS match_option, 'NO ACTION' AS update_rule, 'NO ACTION' AS delete_rule
  FROM eider_sys.live.info_constraint c LEFT JOIN eider_sys.pg.pg_constraint u ON u.contype IN ('p', 'u') AND u.conindid = c.conindid AND u.conrelid = c.confrelid
  LEFT JOIN eider_sys.pg.pg_namespace n ON n.oid = u.connamespace WHERE c.contype = 'f';
CREATE VIEW eider_sys.info.check_constraints AS
  SELECT db AS constraint_catalog, schema AS constraint_schema, conname AS constraint_name, '(' || conbin || ')' AS check_clause FROM eider_sys.live.info_constraint WHERE contype = 'c'
  UNION ALL SELECT current_database(), schema, conname, attname || ' IS NOT NULL' FROM eider_sys.live.not_null;
CREATE VIEW eider_sys.info.sequences AS
  SELECT current_database() AS sequence_catalog, eider_sys.live.schema_name(database_name, schema_name) AS sequence_schema, name AS sequence_name, 'bigint' AS data_type,
    64 AS numeric_precision, 2 AS numeric_precision_radix, 0 AS numeric_scale, start_value::VARCHAR AS start_value, min_value::VARCHAR AS minimum_value,
    max_value::VARCHAR AS maximum_value, increment_by::VARCHAR AS increment, eider_sys.live.yes_no(cycle) AS cycle_option FROM eider_sys.live.sequence;
CREATE VIEW eider_sys.info.character_sets AS
  SELECT NULL::VARCHAR AS character_set_catalog, NULL::VARCHAR AS character_set_schema, 'UTF8' AS character_set_name, 'UCS' AS character_repertoire, 'UTF8' AS form_of_use,
    current_database() AS default_collate_catalog, 'pg_catalog' AS default_collate_schema, 'C.UTF-8' AS default_collate_name;
CREATE VIEW eider_sys.info.enabled_roles AS SELECT rolname AS role_name FROM eider_sys.pg.pg_authid;
CREATE VIEW eider_sys.info.applicable_roles AS SELECT ''::VARCHAR AS grantee, ''::VARCHAR AS role_name, 'NO' AS is_grantable WHERE false;
CREATE VIEW eider_sys.info.table_privileges AS
  SELECT eider_sys.pg.pg_get_userbyid(c.relowner) AS grantor, eider_sys.pg.pg_get_userbyid(c.relowner) AS grantee, current_database() AS table_catalog, n.nspname AS table_schema,
    c.relname AS table_name, p.privilege AS privilege_type, 'YES' AS is_grantable, eider_sys.live.yes_no(p.privilege = 'SELECT') AS with_hierarchy
  FROM eider_sys.pg.pg_class c JOIN eider_sys.pg.pg_namespace n ON n.oid = c.relnamespace,
    (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')) p(privilege) WHERE c.relkind IN ('r', 'v')
  UNION ALL
  SELECT g.grantor, g.grantee, current_database(), n.nspname, c.relname, g.privilege, eider_sys.live.yes_no(g.grantable), eider_sys.live.yes_no(g.privilege = 'SELECT')
  FROM eider_sys.live.table_grant g JOIN eider_sys.pg.pg_namespace n ON eider_sys.live.duck_schema(n.nspname) = g.schema_name
    JOIN eider_sys.pg.pg_class c ON c.relnamespace = n.oid AND lower(c.relname) = lower(g.name)
  WHERE c.relkind IN ('r', 'v') AND (eider_sys.live.is_superuser() OR g.grantee = 'PUBLIC'
    OR system.main.eider_has_role(current_connection_id(), g.grantee) OR system.main.eider_has_role(current_connection_id(), g.grantor));
CREATE VIEW eider_sys.info.role_table_grants AS SELECT * FROM eider_sys.info.table_privileges;
CREATE VIEW eider_sys.info.column_privileges AS
  SELECT p.grantor, p.grantee, p.table_catalog, p.table_schema, p.table_name, a.attname AS column_name, p.privilege_type, p.is_grantable
  FROM eider_sys.info.table_privileges p JOIN eider_sys.pg.pg_namespace n ON n.nspname = p.table_schema
  JOIN eider_sys.pg.pg_class c ON c.relnamespace = n.oid AND c.relname = p.table_name JOIN eider_sys.pg.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  WHERE p.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES');
CREATE VIEW eider_sys.info.role_column_grants AS SELECT * FROM eider_sys.info.column_privileges;
CREATE VIEW eider_sys.info.routines AS
  SELECT current_database() AS specific_catalog, n.nspname AS specific_schema, p.proname || '_' || p.oid AS specific_name, current_database() AS routine_catalog,
    n.nspname AS routine_schema, p.proname AS routine_name, CASE p.prokind WHEN 'f' THEN 'FUNCTION' WHEN 'p' THEN 'PROCEDURE' END AS routine_type,
    NULL::VARCHAR AS module_catalog, NULL::VARCHAR AS module_schema, NULL::VARCHAR AS module_name, NULL::VARCHAR AS udt_catalog, NULL::VARCHAR AS udt_schema, NULL::VARCHAR AS udt_name,
    CASE WHEN p.prokind <> 'p' THEN t.data_type END AS data_type, NULL::INTEGER AS character_maximum_length, NULL::INTEGER AS character_octet_length,
    NULL::VARCHAR AS character_set_catalog, NULL::VARCHAR AS character_set_schema, NULL::VARCHAR AS character_set_name, NULL::VARCHAR AS collation_catalog,
    NULL::VARCHAR AS collation_schema, NULL::VARCHAR AS collation_name, NULL::INTEGER AS numeric_precision, NULL::INTEGER AS numeric_precision_radix, NULL::INTEGER AS numeric_scale,
    NULL::INTEGER AS datetime_precision, NULL::VARCHAR AS interval_type, NULL::INTEGER AS interval_precision, current_database() AS type_udt_catalog,
    t.udt_schema AS type_udt_schema, t.udt_name AS type_udt_name, NULL::VARCHAR AS scope_catalog, NULL::VARCHAR AS scope_schema, NULL::VARCHAR AS scope_name,
    NULL::INTEGER AS maximum_cardinality, '0' AS dtd_identifier, CASE WHEN l.lanname = 'sql' THEN 'SQL' ELSE 'EXTERNAL' END AS routine_body, p.prosrc AS routine_definition,
    NULL::VARCHAR AS external_name, upper(l.lanname) AS external_language, 'GENERAL' AS parameter_style, eider_sys.live.yes_no(p.provolatile = 'i') AS is_deterministic,
    'MODIFIES' AS sql_data_access, eider_sys.live.yes_no(p.proisstrict) AS is_null_call, NULL::VARCHAR AS sql_path, 'YES' AS schema_level_routine, 0 AS max_dynamic_result_sets,
    NULL::VARCHAR AS is_user_defined_cast, NULL::VARCHAR AS is_implicitly_invocable, 'INVOKER' AS security_type, NULL::VARCHAR AS to_sql_specific_catalog,
    NULL::VARCHAR AS to_sql_specific_schema, NULL::VARCHAR AS to_sql_specific_name, 'NO' AS as_locator, NULL::TIMESTAMPTZ AS created, NULL::TIMESTAMPTZ AS last_altered,
    NULL::VARCHAR AS new_savepoint_level, 'NO' AS is_udt_dependent, NULL::VARCHAR AS result_cast_from_data_type, NULL::VARCHAR AS result_cast_as_locator,
    NULL::INTEGER AS result_cast_char_max_length, NULL::INTEGER AS result_cast_char_octet_length, NULL::VARCHAR AS result_cast_char_set_catalog, NULL::VARCHAR AS result_cast_char_set_schema,
    NULL::VARCHAR AS result_cast_char_set_name, NULL::VARCHAR AS result_cast_collation_catalog, NULL::VARCHAR AS result_cast_collation_schema, NULL::VARCHAR AS result_cast_collation_name,
    NULL::INTEGER AS result_cast_numeric_precision, NULL::INTEGER AS result_cast_numeric_precision_radix, NULL::INTEGER AS result_cast_numeric_scale, NULL::INTEGER AS result_cast_datetime_precision,
    NULL::VARCHAR AS result_cast_interval_type, NULL::INTEGER AS result_cast_interval_precision, NULL::VARCHAR AS result_cast_type_udt_catalog, NULL::VARCHAR AS result_cast_type_udt_schema,
    NULL::VARCHAR AS result_cast_type_udt_name, NULL::VARCHAR AS result_cast_scope_catalog, NULL::VARCHAR AS result_cast_scope_schema, NULL::VARCHAR AS result_cast_scope_name,
    NULL::INTEGER AS result_cast_maximum_cardinality, NULL::VARCHAR AS result_cast_dtd_identifier
  FROM eider_sys.pg.pg_proc p JOIN eider_sys.pg.pg_namespace n ON n.oid = p.pronamespace JOIN eider_sys.rows.pg_language l ON l.oid = p.prolang
  LEFT JOIN eider_sys.live.info_type t ON t.oid = p.prorettype;
CREATE VIEW eider_sys.info.parameters AS
  SELECT current_database() AS specific_catalog, n.nspname AS specific_schema, p.proname || '_' || p.oid AS specific_name, p.ord::INTEGER AS ordinal_position,
    CASE p.mode WHEN 'o' THEN 'OUT' WHEN 'b' THEN 'INOUT' WHEN 't' THEN 'OUT' ELSE 'IN' END AS parameter_mode, 'NO' AS is_result, 'NO' AS as_locator, nullif(p.name, '') AS parameter_name,
    t.data_type, NULL::INTEGER AS character_maximum_length, NULL::INTEGER AS character_octet_length, NULL::VARCHAR AS character_set_catalog, NULL::VARCHAR AS character_set_schema,
    NULL::VARCHAR AS character_set_name, NULL::VARCHAR AS collation_catalog, NULL::VARCHAR AS collation_schema, NULL::VARCHAR AS collation_name, NULL::INTEGER AS numeric_precision,
    NULL::INTEGER AS numeric_precision_radix, NULL::INTEGER AS numeric_scale, NULL::INTEGER AS datetime_precision, NULL::VARCHAR AS interval_type, NULL::INTEGER AS interval_precision,
    current_database() AS udt_catalog, t.udt_schema, t.udt_name, NULL::VARCHAR AS scope_catalog, NULL::VARCHAR AS scope_schema, NULL::VARCHAR AS scope_name,
    NULL::INTEGER AS maximum_cardinality, p.ord::VARCHAR AS dtd_identifier, NULL::VARCHAR AS parameter_default
  FROM (SELECT oid, proname, pronamespace, unnest(coalesce(proallargtypes, proargtypes)) AS typ, generate_subscripts(coalesce(proallargtypes, proargtypes), 1) AS ord,
      unnest(proargnames) AS name, unnest(proargmodes) AS mode FROM eider_sys.pg.pg_proc) p
  JOIN eider_sys.pg.pg_namespace n ON n.oid = p.pronamespace LEFT JOIN eider_sys.live.info_type t ON t.oid = p.typ;
CREATE VIEW eider_sys.info.element_types AS
  SELECT current_database() AS object_catalog, n.nspname AS object_schema, c.relname AS object_name, 'TABLE' AS object_type, a.attnum::VARCHAR AS collection_type_identifier,
    e.data_type, NULL::INTEGER AS character_maximum_length, NULL::INTEGER AS character_octet_length, NULL::VARCHAR AS character_set_catalog, NULL::VARCHAR AS character_set_schema,
    NULL::VARCHAR AS character_set_name, NULL::VARCHAR AS collation_catalog, NULL::VARCHAR AS collation_schema, NULL::VARCHAR AS collation_name, NULL::INTEGER AS numeric_precision,
    NULL::INTEGER AS numeric_precision_radix, NULL::INTEGER AS numeric_scale, NULL::INTEGER AS datetime_precision, NULL::VARCHAR AS interval_type, NULL::INTEGER AS interval_precision,
    NULL::VARCHAR AS domain_default, current_database() AS udt_catalog, e.udt_schema, e.udt_name, NULL::VARCHAR AS scope_catalog, NULL::VARCHAR AS scope_schema, NULL::VARCHAR AS scope_name,
    NULL::INTEGER AS maximum_cardinality, 'a' || a.attnum AS dtd_identifier
  FROM eider_sys.pg.pg_attribute a JOIN eider_sys.pg.pg_class c ON c.oid = a.attrelid JOIN eider_sys.pg.pg_namespace n ON n.oid = c.relnamespace
  JOIN eider_sys.pg.pg_type t ON t.oid = a.atttypid JOIN eider_sys.live.info_type e ON e.oid = t.typelem
  WHERE c.relkind IN ('r', 'v') AND t.typelem <> 0 AND t.typlen = -1 AND a.attnum > 0;
