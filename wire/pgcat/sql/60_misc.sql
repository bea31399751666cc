-- Arrays, quoting, formatting: PostgreSQL's functions that DuckDB lacks or means otherwise.
CREATE MACRO eider_sys.pg.array_upper(a, d) AS CASE WHEN d = 1 AND len(a) > 0 THEN len(a)::INTEGER END;
CREATE MACRO eider_sys.pg.array_lower(a, d) AS CASE WHEN d = 1 AND len(a) > 0 THEN 1 END;
CREATE MACRO eider_sys.pg.array_ndims(a) AS CASE WHEN len(a) > 0 THEN 1 END;
CREATE MACRO eider_sys.pg.array_remove(a, v) AS [x FOR x IN a IF x IS DISTINCT FROM v];
CREATE MACRO eider_sys.pg.arrayout(a) AS '{' || array_to_string(a, ',') || '}';
CREATE MACRO eider_sys.pg.quote_literal(s) AS '''' || replace(s::VARCHAR, '''', '''''') || '''';
CREATE MACRO eider_sys.pg.quote_nullable(s) AS coalesce('''' || replace(s::VARCHAR, '''', '''''') || '''', 'NULL');
CREATE MACRO eider_sys.pg.btrim(s) AS trim(s), (s, c) AS trim(s, c);
CREATE MACRO eider_sys.pg._pg_expandarray(a) AS unnest([{'x': e, 'n': i} FOR e, i IN a]);
CREATE MACRO eider_sys.info._pg_expandarray(a) AS unnest([{'x': e, 'n': i} FOR e, i IN a]);
CREATE MACRO eider_sys.info._pg_expandarray(a) AS TABLE SELECT unnest(a) AS x, generate_subscripts(a, 1) AS n;
CREATE MACRO eider_sys.info._pg_char_max_length(t, m) AS CASE WHEN m >= 0 AND t IN (1042, 1043) THEN m - 4 END;
CREATE MACRO eider_sys.info._pg_char_octet_length(t, m) AS CASE WHEN t IN (25, 1042, 1043) THEN CASE WHEN m < 0 THEN 1073741824 ELSE (m - 4) * 4 END END;
CREATE MACRO eider_sys.info._pg_numeric_precision(t, m) AS CASE WHEN t = 21 THEN 16 WHEN t = 23 THEN 32 WHEN t = 20 THEN 64 WHEN t = 700 THEN 24 WHEN t = 701 THEN 53 WHEN t = 1700 AND m >= 0 THEN (m - 4) >> 16 END;
CREATE MACRO eider_sys.info._pg_numeric_precision_radix(t, m) AS CASE WHEN t IN (21, 23, 20, 700, 701) THEN 2 WHEN t = 1700 THEN 10 END;
CREATE MACRO eider_sys.info._pg_numeric_scale(t, m) AS CASE WHEN t IN (21, 23, 20) THEN 0 WHEN t = 1700 AND m >= 0 THEN (m - 4) & 65535 END;
CREATE MACRO eider_sys.info._pg_datetime_precision(t, m) AS CASE WHEN t = 1082 THEN 0 WHEN t IN (1083, 1114, 1184, 1266, 1186) THEN CASE WHEN m < 0 OR m > 6 THEN 6 ELSE m END END;
CREATE VIEW eider_sys.live.k_duck_type AS SELECT m.duck AS k_duck, n.name AS k_name FROM eider_sys.live.type_map m JOIN eider_sys.rows.type_names n ON n.oid = m.oid;
CREATE MACRO eider_sys.pg.pg_typeof(v) AS coalesce(
  (SELECT min(k_name) FROM eider_sys.live.k_duck_type WHERE k_duck = eider_sys.live.type_head(eider_sys.live.list_element(typeof(v))))
    || repeat('[]', (eider_sys.live.list_dims(typeof(v)) > 0)::INTEGER), lower(typeof(v)));

-- format(): %s, %I, %L in order. DuckDB's own format() has another language, so only pg_catalog.format is this one.
CREATE MACRO eider_sys.live.format_list(f, a) AS array_to_string([
    z[1] || CASE z[2] WHEN '%s' THEN coalesce(z[3], '') WHEN '%L' THEN coalesce('''' || replace(z[3], '''', '''''') || '''', 'NULL')
      WHEN '%I' THEN eider_sys.pg.quote_ident(z[3]) ELSE '' END
    FOR z IN list_zip(regexp_split_to_array(f, '%[sIL]'), regexp_extract_all(f, '%[sIL]'), a)], '').replace('%%', '%');
CREATE MACRO eider_sys.pg.format(f) AS replace(f, '%%', '%'),
  (f, a) AS eider_sys.live.format_list(f, [a::VARCHAR]),
  (f, a, b) AS eider_sys.live.format_list(f, [a::VARCHAR, b::VARCHAR]),
  (f, a, b, c) AS eider_sys.live.format_list(f, [a::VARCHAR, b::VARCHAR, c::VARCHAR]),
  (f, a, b, c, d) AS eider_sys.live.format_list(f, [a::VARCHAR, b::VARCHAR, c::VARCHAR, d::VARCHAR]),
  (f, a, b, c, d, e) AS eider_sys.live.format_list(f, [a::VARCHAR, b::VARCHAR, c::VARCHAR, d::VARCHAR, e::VARCHAR]);

-- Sets. What doesn't exist here (options, partitions) has the right columns and no rows.
CREATE MACRO eider_sys.pg.pg_get_keywords() AS TABLE SELECT word, catcode, barelabel, catdesc, baredesc FROM eider_sys.rows.keywords;
CREATE MACRO eider_sys.pg.pg_options_to_table(o) AS TABLE SELECT split_part(x, '=', 1) AS option_name, x[position('=' IN x) + 1:] AS option_value FROM (SELECT unnest(o) AS x);
CREATE MACRO eider_sys.pg.pg_partition_tree(o) AS TABLE SELECT 0::BIGINT AS relid, 0::BIGINT AS parentrelid, true AS isleaf, 0 AS level WHERE o IS NULL AND false;
CREATE MACRO eider_sys.pg.pg_partition_ancestors(o) AS CASE WHEN o IS NULL THEN NULL ELSE []::BIGINT[] END;
CREATE MACRO eider_sys.pg.ts_token_type(p) AS TABLE SELECT tokid, alias, description FROM eider_sys.rows.ts_tokens WHERE parser = p;
CREATE MACRO eider_sys.pg.aclexplode(a) AS unnest([]::STRUCT(grantor BIGINT, grantee BIGINT, privilege_type VARCHAR, is_grantable BOOLEAN)[]);
CREATE MACRO eider_sys.pg.aclexplode(a) AS TABLE SELECT 0::BIGINT AS grantor, 0::BIGINT AS grantee, '' AS privilege_type, false AS is_grantable WHERE a IS NULL AND false;
CREATE MACRO eider_sys.pg.pg_relation_is_publishable(r) AS (eider_sys.pg.to_regclass(r) IN (SELECT oid FROM eider_sys.live.table_or_view WHERE kind = 'r' AND persistence = 'p'));
CREATE VIEW eider_sys.live.k_object AS SELECT classid AS k_class, objid AS k_oid, objsubid AS k_sub, description AS k_text FROM eider_sys.rows.extension_objects;
CREATE MACRO eider_sys.pg.pg_describe_object(c, o, n) AS (SELECT min(k_text) FROM eider_sys.live.k_object WHERE k_class = c AND k_oid = o AND k_sub = n);
CREATE MACRO eider_sys.pg.pg_stat_get_numscans(o) AS 0::BIGINT;
CREATE MACRO eider_sys.pg.pg_stat_get_backend_pid(n) AS n;
CREATE MACRO eider_sys.pg.pg_notification_queue_usage() AS 0.0::DOUBLE;
CREATE MACRO eider_sys.pg.pg_blocking_pids(p) AS []::INTEGER[];
