-- Functions that clients call on the catalogs.

-- Who and where. A setting that doesn't exist is an error unless the second argument allows it.
CREATE MACRO eider_sys.pg.version() AS 'PostgreSQL ' || coalesce(eider_sys.live.setting('server_version'), '15.0') || ' (Eider, DuckDB ' || system.main.version() || ')';
CREATE MACRO eider_sys.pg."current_schema"() AS eider_sys.live.schema_name('', system.main.current_schema());
CREATE MACRO eider_sys.pg.current_schemas(implicit) AS CASE WHEN implicit THEN ['pg_catalog'] ELSE [] END
  || [eider_sys.live.schema_name('', s) FOR s, i IN eider_sys.live.search_path() IF list_position(eider_sys.live.search_path(), s) = i];
CREATE MACRO eider_sys.pg.current_setting(n) AS eider_current_setting(n, false),
  (n, missing_ok) AS eider_current_setting(n, missing_ok);
CREATE MACRO eider_sys.pg.pg_is_in_recovery() AS false;
CREATE MACRO eider_sys.pg.pg_is_wal_replay_paused() AS false;
CREATE MACRO eider_sys.pg.inet_server_addr() AS NULL::VARCHAR;
CREATE MACRO eider_sys.pg.inet_server_port() AS NULL::INTEGER;
CREATE MACRO eider_sys.pg.inet_client_addr() AS (SELECT k_client FROM eider_sys.live.k_self);
CREATE MACRO eider_sys.pg.inet_client_port() AS NULL::INTEGER;
CREATE MACRO eider_sys.pg.pg_postmaster_start_time() AS (SELECT k_at FROM eider_sys.live.started);
CREATE MACRO eider_sys.pg.pg_conf_load_time() AS (SELECT k_at FROM eider_sys.live.started);
CREATE MACRO eider_sys.pg.pg_my_temp_schema() AS coalesce((SELECT k_oid FROM eider_sys.live.k_namespace WHERE k_name = 'pg_temp_1'), 0);
CREATE MACRO eider_sys.pg.pg_is_other_temp_schema(o) AS false;
CREATE MACRO eider_sys.pg.getdatabaseencoding() AS 'UTF8';
CREATE MACRO eider_sys.pg.pg_client_encoding() AS 'UTF8';
CREATE MACRO eider_sys.pg.pg_advisory_unlock_all() AS NULL::VARCHAR;
CREATE MACRO eider_sys.pg.pg_jit_available() AS false;
CREATE MACRO eider_sys.pg.pg_export_snapshot() AS error('cannot export a snapshot');

-- to_date reads what strptime has a like of, in either case; another pattern is an error, not another date.
CREATE MACRO eider_sys.live.date_pattern(f) AS replace(replace(replace(replace(replace(replace(replace(upper(f),
  'YYYY', '%Y'), 'YY', '%y'), 'MONTH', '%B'), 'MON', '%b'), 'MM', '%m'), 'DDD', '%j'), 'DD', '%d');
CREATE MACRO eider_sys.pg.to_date(s, pattern) AS CASE
  WHEN regexp_matches(regexp_replace(eider_sys.live.date_pattern(pattern), '%.', '', 'g'), '[[:alpha:]]') THEN error('to_date knows the patterns YYYY, YY, MONTH, MON, MM, DDD and DD; not all of ' || pattern)
  ELSE strptime(s, eider_sys.live.date_pattern(pattern))::DATE END;

-- Encodings by number. DuckDB knows UTF8 only; the others are there to be named.
CREATE TABLE eider_sys.live.encoding (k_id INTEGER, k_name VARCHAR);
INSERT INTO eider_sys.live.encoding SELECT i - 1, n FROM unnest(['SQL_ASCII', 'EUC_JP', 'EUC_CN', 'EUC_KR', 'EUC_TW', 'EUC_JIS_2004', 'UTF8', 'MULE_INTERNAL',
  'LATIN1', 'LATIN2', 'LATIN3', 'LATIN4', 'LATIN5', 'LATIN6', 'LATIN7', 'LATIN8', 'LATIN9', 'LATIN10', 'WIN1256', 'WIN1258', 'WIN866', 'WIN874', 'KOI8R',
  'WIN1251', 'WIN1252', 'ISO_8859_5', 'ISO_8859_6', 'ISO_8859_7', 'ISO_8859_8', 'WIN1250', 'WIN1253', 'WIN1254', 'WIN1255', 'WIN1257', 'KOI8U', 'SJIS',
  'BIG5', 'GBK', 'UHC', 'GB18030', 'JOHAB', 'SHIFT_JIS_2004']) WITH ORDINALITY AS e(n, i);
CREATE MACRO eider_sys.pg.pg_encoding_to_char(n) AS coalesce((SELECT k_name FROM eider_sys.live.encoding WHERE k_id = n), '');
CREATE MACRO eider_sys.pg.pg_char_to_encoding(n) AS coalesce((SELECT k_id FROM eider_sys.live.encoding WHERE k_name = upper(replace(n, '-', ''))), -1);
CREATE MACRO eider_sys.pg.pg_encoding_max_length(n) AS CASE WHEN n = 6 THEN 4 ELSE 1 END;

-- Visible without its schema?
CREATE VIEW eider_sys.live.k_type_schema AS SELECT t.oid AS k_oid, eider_sys.live.duck_schema(n.nspname) AS k_schema FROM eider_sys.pg.pg_type t JOIN eider_sys.pg.pg_namespace n ON n.oid = t.typnamespace;
CREATE VIEW eider_sys.live.k_function_schema AS SELECT p.oid AS k_oid, eider_sys.live.duck_schema(n.nspname) AS k_schema FROM eider_sys.pg.pg_proc p JOIN eider_sys.pg.pg_namespace n ON n.oid = p.pronamespace;
CREATE MACRO eider_sys.pg.pg_table_is_visible(o) AS (SELECT k_visible FROM eider_sys.live.k_relation WHERE k_oid = o);
CREATE MACRO eider_sys.pg.pg_type_is_visible(o) AS (SELECT eider_sys.live.on_path(k_schema) FROM eider_sys.live.k_type_schema WHERE k_oid = o);
CREATE MACRO eider_sys.pg.pg_function_is_visible(o) AS (SELECT eider_sys.live.on_path(k_schema) FROM eider_sys.live.k_function_schema WHERE k_oid = o);
CREATE MACRO eider_sys.pg.pg_operator_is_visible(o) AS (o IN (SELECT t.oid FROM eider_sys.rows.pg_operator t));
CREATE MACRO eider_sys.pg.pg_opclass_is_visible(o) AS (o IN (SELECT t.oid FROM eider_sys.rows.pg_opclass t));
CREATE MACRO eider_sys.pg.pg_opfamily_is_visible(o) AS (o IN (SELECT t.oid FROM eider_sys.rows.pg_opfamily t));
CREATE MACRO eider_sys.pg.pg_conversion_is_visible(o) AS (o IN (SELECT t.oid FROM eider_sys.rows.pg_conversion t));
CREATE MACRO eider_sys.pg.pg_collation_is_visible(o) AS (o IN (SELECT t.oid FROM eider_sys.rows.pg_collation t));
CREATE MACRO eider_sys.pg.pg_ts_config_is_visible(o) AS (o IN (SELECT t.oid FROM eider_sys.rows.pg_ts_config t));
CREATE MACRO eider_sys.pg.pg_ts_dict_is_visible(o) AS (o IN (SELECT t.oid FROM eider_sys.rows.pg_ts_dict t));
CREATE MACRO eider_sys.pg.pg_ts_parser_is_visible(o) AS (o IN (SELECT t.oid FROM eider_sys.rows.pg_ts_parser t));
CREATE MACRO eider_sys.pg.pg_ts_template_is_visible(o) AS (o IN (SELECT t.oid FROM eider_sys.rows.pg_ts_template t));
CREATE MACRO eider_sys.pg.pg_statistics_obj_is_visible(o) AS false;

-- Comments.
CREATE VIEW eider_sys.live.k_comment AS SELECT d.objoid AS k_oid, d.objsubid AS k_sub, c.relname AS k_catalog, d.description AS k_text
  FROM eider_sys.pg.pg_description d LEFT JOIN eider_sys.rows.pg_class c ON c.oid = d.classoid;
CREATE MACRO eider_sys.pg.obj_description(o, cat) AS (SELECT min(k_text) FROM eider_sys.live.k_comment WHERE k_oid = o AND k_sub = 0 AND k_catalog = cat),
  (o) AS (SELECT min(k_text) FROM eider_sys.live.k_comment WHERE k_oid = o AND k_sub = 0);
CREATE MACRO eider_sys.pg.col_description(o, n) AS (SELECT k_text FROM eider_sys.live.k_comment WHERE k_oid = o AND k_sub = n AND k_catalog = 'pg_class');
CREATE VIEW eider_sys.live.k_shared_comment AS SELECT d.objoid AS k_oid, c.relname AS k_catalog, d.description AS k_text
  FROM eider_sys.pg.pg_shdescription d LEFT JOIN eider_sys.rows.pg_class c ON c.oid = d.classoid;
CREATE MACRO eider_sys.pg.shobj_description(o, cat) AS (SELECT min(k_text) FROM eider_sys.live.k_shared_comment WHERE k_oid = o AND k_catalog = cat);
