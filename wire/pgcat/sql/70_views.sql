-- PostgreSQL's convenience views, over the catalogs.
CREATE VIEW eider_sys.pg.pg_tables AS
  SELECT n.nspname AS schemaname, c.relname AS tablename, eider_sys.pg.pg_get_userbyid(c.relowner) AS tableowner, NULL::VARCHAR AS tablespace,
    c.relhasindex AS hasindexes, c.relhasrules AS hasrules, c.relhastriggers AS hastriggers, c.relrowsecurity AS rowsecurity
  FROM eider_sys.pg.pg_class c LEFT JOIN eider_sys.pg.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p');
CREATE VIEW eider_sys.pg.pg_views AS
  SELECT n.nspname AS schemaname, c.relname AS viewname, eider_sys.pg.pg_get_userbyid(c.relowner) AS viewowner, d.definition
  FROM eider_sys.pg.pg_class c LEFT JOIN eider_sys.pg.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN eider_sys.live.view_definition d ON d.oid = c.oid WHERE c.relkind = 'v';
CREATE VIEW eider_sys.pg.pg_indexes AS
  SELECT n.nspname AS schemaname, c.relname AS tablename, i.relname AS indexname, NULL::VARCHAR AS tablespace, d.definition AS indexdef
  FROM eider_sys.pg.pg_index x JOIN eider_sys.pg.pg_class c ON c.oid = x.indrelid JOIN eider_sys.pg.pg_class i ON i.oid = x.indexrelid
  LEFT JOIN eider_sys.pg.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN eider_sys.live.index_definition d ON d.oid = i.oid
  WHERE c.relkind IN ('r', 'm', 'p') AND i.relkind IN ('i', 'I');
CREATE VIEW eider_sys.pg.pg_sequences AS
  SELECT eider_sys.live.schema_name(database_name, schema_name) AS schemaname, name AS sequencename, eider_sys.pg.pg_get_userbyid(10) AS sequenceowner, 'bigint' AS data_type,
    start_value, min_value, max_value, increment_by, cycle, 1::BIGINT AS cache_size, last_value FROM eider_sys.live.sequence;
CREATE VIEW eider_sys.pg.pg_rules AS
  SELECT n.nspname AS schemaname, c.relname AS tablename, r.rulename, NULL::VARCHAR AS definition
  FROM eider_sys.pg.pg_rewrite r JOIN eider_sys.pg.pg_class c ON c.oid = r.ev_class LEFT JOIN eider_sys.pg.pg_namespace n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN';

CREATE VIEW eider_sys.pg.pg_database AS
  SELECT 16001::BIGINT AS oid, current_database() AS datname, 10::BIGINT AS datdba, 6 AS encoding, 'c' AS datlocprovider, false AS datistemplate, true AS datallowconn,
    -1 AS datconnlimit, '0' AS datfrozenxid, '0' AS datminmxid, 1663::BIGINT AS dattablespace, 'C.UTF-8' AS datcollate, 'C.UTF-8' AS datctype,
    NULL::VARCHAR AS daticulocale, NULL::VARCHAR AS datcollversion, NULL::VARCHAR[] AS datacl;

-- Settings: the session's values, described by PostgreSQL where it has the setting too.
CREATE VIEW eider_sys.pg.pg_settings AS
  SELECT s.name, s.setting, d.unit, coalesce(d.category, s.category) AS category, coalesce(d.short_desc, s.description) AS short_desc, d.extra_desc,
    coalesce(d.context, 'user') AS context, coalesce(d.vartype, 'string') AS vartype, 'default' AS source, d.min_val, d.max_val, d.enumvals,
    s.default_setting AS boot_val, s.default_setting AS reset_val, NULL::VARCHAR AS sourcefile, NULL::INTEGER AS sourceline, false AS pending_restart
  FROM eider_sys.live.settings s LEFT JOIN eider_sys.rows.settings d ON lower(d.name) = lower(s.name);

CREATE VIEW eider_sys.pg.pg_stat_activity AS
  SELECT 16001::BIGINT AS datid, current_database() AS datname, s.pid, NULL::INTEGER AS leader_pid, coalesce(r.oid, 10) AS usesysid, coalesce(nullif(s.role, ''), 'eider') AS usename,
    s.application AS application_name, nullif(s.client, '') AS client_addr, NULL::VARCHAR AS client_hostname, NULL::INTEGER AS client_port,
    s.started_at AS backend_start, s.transaction_started_at AS xact_start, s.query_started_at AS query_start, s.state_changed_at AS state_change,
    CASE WHEN s.state LIKE 'idle%' THEN 'Client' END AS wait_event_type, CASE WHEN s.state LIKE 'idle%' THEN 'ClientRead' END AS wait_event,
    s.state, NULL::VARCHAR AS backend_xid, NULL::VARCHAR AS backend_xmin, NULL::BIGINT AS query_id, s.query, 'client backend' AS backend_type
  FROM eider_sys.live.sessions s LEFT JOIN eider_sys.pg.pg_authid r ON r.rolname = s.role;
CREATE VIEW eider_sys.pg.pg_stat_user_tables AS
  SELECT oid AS relid, eider_sys.live.schema_name(database_name, schema_name) AS schemaname, name AS relname, NULL::BIGINT AS seq_scan, NULL::BIGINT AS seq_tup_read,
    NULL::BIGINT AS idx_scan, NULL::BIGINT AS idx_tup_fetch, NULL::BIGINT AS n_tup_ins, NULL::BIGINT AS n_tup_upd, NULL::BIGINT AS n_tup_del, NULL::BIGINT AS n_tup_hot_upd,
    rows::BIGINT AS n_live_tup, NULL::BIGINT AS n_dead_tup, NULL::BIGINT AS n_mod_since_analyze, NULL::BIGINT AS n_ins_since_vacuum,
    NULL::TIMESTAMPTZ AS last_vacuum, NULL::TIMESTAMPTZ AS last_autovacuum, NULL::TIMESTAMPTZ AS last_analyze, NULL::TIMESTAMPTZ AS last_autoanalyze,
    NULL::BIGINT AS vacuum_count, NULL::BIGINT AS autovacuum_count, NULL::BIGINT AS analyze_count, NULL::BIGINT AS autoanalyze_count
  FROM eider_sys.live.table_or_view WHERE kind = 'r' AND schema_name <> 'eider';
CREATE VIEW eider_sys.pg.pg_stat_all_tables AS SELECT * FROM eider_sys.pg.pg_stat_user_tables;
CREATE VIEW eider_sys.pg.pg_stat_user_indexes AS
  SELECT i.relid, i.oid AS indexrelid, eider_sys.live.schema_name(i.database_name, i.schema_name) AS schemaname, i.table_name AS relname, i.name AS indexrelname,
    NULL::BIGINT AS idx_scan, NULL::BIGINT AS idx_tup_read, NULL::BIGINT AS idx_tup_fetch FROM eider_sys.live.index i WHERE i.schema_name <> 'eider';
CREATE VIEW eider_sys.pg.pg_stat_all_indexes AS SELECT * FROM eider_sys.pg.pg_stat_user_indexes;
CREATE VIEW eider_sys.pg.pg_timezone_names AS SELECT name, abbrev, utc_offset, is_dst FROM pg_timezone_names();
CREATE VIEW eider_sys.pg.pg_depend AS SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype FROM eider_sys.rows.extension_objects;
CREATE VIEW eider_sys.pg.pg_available_extensions AS
  SELECT extname AS name, extversion AS default_version, extversion AS installed_version, 'PL/pgSQL procedural language' AS comment FROM eider_sys.rows.pg_extension;
CREATE VIEW eider_sys.pg.pg_available_extension_versions AS
  SELECT extname AS name, extversion AS version, true AS installed, true AS superuser, true AS trusted, extrelocatable AS relocatable, 'pg_catalog' AS schema,
    NULL::VARCHAR[] AS requires, 'PL/pgSQL procedural language' AS comment FROM eider_sys.rows.pg_extension;
