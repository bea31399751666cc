#!/usr/bin/env bash
# usage: rows.sh DIR   (PGHOST, PGPORT, PGUSER name a PostgreSQL 15 with an empty database)
# Writes the catalog rows that every PostgreSQL 15 has from birth, one COPY text file a catalog, all columns in
# order, regproc as OID: the input of wire/pgcat/rows.go. Rows that describe this one server (files, sizes,
# transaction ids, statistics, ICU locales of the machine) are levelled or left out, so two runs give the same bytes.
set -euo pipefail
out=${1:?directory}
mkdir -p "$out"
q() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"; }
[ "$(q "select current_setting('server_version_num')::int / 10000")" = 15 ] || { echo "rows.sh: PostgreSQL 15 is needed" >&2; exit 1; }

# The select list of a catalog: regproc as oid, what belongs to the machine as a constant.
columns() {
  q "select string_agg(case
       when atttypid = 'regproc'::regtype then format('%I::oid', attname)
       when atttypid = 'pg_node_tree'::regtype then 'null'
       when '$1' = 'pg_proc' and attname = 'prosrc' then 'case when prolang in (12, 13) then prosrc else '''' end'
       when attname in ('relfilenode', 'relpages', 'relfrozenxid', 'relminmxid', 'relallvisible') then '0'
       when attname = 'reltuples' then '-1'
       when attname = 'reltoastrelid' then '0'
       else format('%I', attname) end, ', ' order by attnum)
     from pg_attribute where attrelid = 'pg_catalog.$1'::regclass and attnum > 0 and not attisdropped"
}
dump() { # catalog, condition, order
  psql -X -q -v ON_ERROR_STOP=1 -c "copy (select $(columns "$1") from pg_catalog.$1 where $2 order by $3) to stdout" > "$out/$1.tsv"
}

user="in (11, 'information_schema'::regnamespace)"
rels="(select oid from pg_class where relnamespace $user)"
dump pg_namespace "nspname in ('pg_catalog', 'information_schema', 'pg_toast')" oid
dump pg_class "relnamespace $user" oid
dump pg_attribute "attrelid in $rels and attnum > 0" "attrelid, attnum"
dump pg_index "indrelid in $rels" indexrelid
dump pg_constraint "connamespace $user" oid
dump pg_type "typnamespace $user" oid
dump pg_range true rngtypid
dump pg_proc "pronamespace $user" oid
dump pg_aggregate true aggfnoid
dump pg_operator true oid
dump pg_am true oid
dump pg_amop true oid
dump pg_amproc true oid
dump pg_opclass true oid
dump pg_opfamily true oid
dump pg_cast true oid
dump pg_collation "collname in ('default', 'C', 'POSIX', 'ucs_basic')" oid
dump pg_conversion true oid
dump pg_language true oid
dump pg_extension true oid
dump pg_tablespace true oid
dump pg_auth_members true "roleid, member"
dump pg_ts_config true oid
dump pg_ts_config_map true "mapcfg, maptokentype, mapseqno"
dump pg_ts_dict true oid
dump pg_ts_parser true oid
dump pg_ts_template true oid
dump pg_description "classoid not in ('pg_collation'::regclass, 'pg_class'::regclass)" "classoid, objoid, objsubid"
# The settings' descriptions; the values are the session's.
psql -X -q -v ON_ERROR_STOP=1 -c "copy (select name, unit, category, short_desc, extra_desc, context, vartype, min_val, max_val, enumvals, boot_val
  from pg_settings where name not like '%.%' order by name collate \"C\") to stdout" > "$out/settings.tsv"
copy() { psql -X -q -v ON_ERROR_STOP=1 -c "copy ($1) to stdout" > "$out/$2.tsv"; }
# What PostgreSQL's own functions print for those rows.
copy "select oid, format_type(oid, null) from pg_type where typnamespace $user order by oid" type_names
copy "select oid, pg_get_function_arguments(oid), pg_get_function_identity_arguments(oid), pg_get_function_result(oid), oid::regprocedure
  from pg_proc where pronamespace $user order by pg_proc.oid" proc_signatures
copy "select oid, oid::regoperator from pg_operator order by pg_operator.oid" operator_names
copy "select indexrelid, pg_get_indexdef(indexrelid) from pg_index where indrelid in $rels order by 1" index_definitions
copy "select oid, pg_get_constraintdef(oid) from pg_constraint where connamespace $user order by oid" constraint_definitions
copy "select p.oid, t.tokid, t.alias, t.description from pg_ts_parser p, ts_token_type(p.oid) t order by 1, 2" ts_tokens
copy "select classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype, pg_describe_object(classid, objid, objsubid)
  from pg_depend where deptype = 'e' order by 1, 2" extension_objects
# Keywords of the grammar with their class.
psql -X -q -v ON_ERROR_STOP=1 -c "copy (select word, catcode, barelabel, catdesc, baredesc from pg_get_keywords() order by word collate \"C\") to stdout" > "$out/keywords.tsv"
