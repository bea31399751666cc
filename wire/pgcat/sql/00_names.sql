-- Helpers that the views and functions share. Everything is spelled with its database and schema,
-- because a view's names are looked up from whichever session uses it.

-- A schema's PostgreSQL name and OID: DuckDB's main is public.
CREATE MACRO eider_sys.live.schema_name(db, s) AS CASE WHEN db = 'temp' THEN 'pg_temp_1' WHEN s = 'main' THEN 'public' ELSE s END;
CREATE MACRO eider_sys.live.schema_oid(db, s, o) AS CASE WHEN s = 'main' AND db <> 'temp' THEN 2200 WHEN s = 'eider' THEN 16000 ELSE o END;
-- The schemas of search_path: DuckDB puts temp's main before them, system's main and pg_catalog behind.
CREATE MACRO eider_sys.live.search_path() AS system.main.current_schemas(true)[2:-3];
CREATE MACRO eider_sys.live.duck_schema(nsp) AS CASE nsp WHEN 'public' THEN 'main' WHEN 'pg_temp_1' THEN 'temp' ELSE nsp END;
-- A schema as the search path names it; temporary objects and the catalog are always on it, before the rest.
CREATE MACRO eider_sys.live.path_name(db, s) AS CASE WHEN db = 'temp' THEN 'temp' ELSE s END;
CREATE MACRO eider_sys.live.whole_path() AS ['temp', 'pg_catalog'] || eider_sys.live.search_path();
CREATE MACRO eider_sys.live.on_path(s) AS (s = 'pg_catalog' OR s = 'temp' OR list_contains(eider_sys.live.search_path(), s));
-- Objects of the session: its database and its temporary ones.
CREATE MACRO eider_sys.live.mine(db) AS (db = current_database() OR db = 'temp');
-- What the session's role may know of: everything here, because the copy is everybody's; Private has another body.
CREATE MACRO eider_sys.live.seen(db, s, n) AS true;

-- OIDs. DuckDB numbers tables, views, indexes, sequences, types and macros from one counter that starts at
-- 20000; what has no number of its own gets one from its owner's, each kind in a range of its own.
CREATE MACRO eider_sys.live.row_type_oid(o) AS o + 134217728;
CREATE MACRO eider_sys.live.array_type_oid(o) AS o + 268435456;
CREATE MACRO eider_sys.live.rule_oid(o) AS o + 536870912;
CREATE MACRO eider_sys.live.constraint_oid(tab, i) AS 1073741824 + (tab * 256 + i) % 1073741824;
CREATE MACRO eider_sys.live.constraint_index_oid(tab, i) AS 2147483648 + (tab * 256 + i) % 1073741824;
CREATE MACRO eider_sys.live.default_oid(tab, i) AS 3221225472 + (tab * 2048 + i) % 1073741824;

-- Identifiers: a word that needs no quotes is lower case and no keyword that PostgreSQL reserves.
CREATE MACRO eider_sys.pg.quote_ident(s) AS CASE
  WHEN regexp_full_match(s, '[a-z_][a-z0-9_$]*') AND NOT eider_sys.live.is_keyword(s) THEN s
  ELSE '"' || replace(s, '"', '""') || '"' END;
-- An identifier as DuckDB's lists spell it in expressions: quoted always parses back.
CREATE MACRO eider_sys.live.duck_ident(s) AS '"' || replace(s, '"', '""') || '"';
-- An identifier's value: unquoted ones fold to lower case.
CREATE MACRO eider_sys.live.unquote(s) AS CASE WHEN s[1] = '"' THEN replace(s[2:-2], '""', '"') ELSE lower(trim(s)) END;
CREATE MACRO eider_sys.live.name_parts(s) AS [eider_sys.live.unquote(part) FOR part IN regexp_extract_all(s, '"(?:[^"]|"")*"|[^."]+')];
-- An argument list's end, so that integer, "a, b" and "integer" compare alike.
CREATE MACRO eider_sys.live.bare_type(s) AS trim(CASE WHEN contains(s, '(') AND NOT starts_with(s, '"') THEN regexp_replace(s, '\s*\([^)]*\)', '') ELSE s END);
