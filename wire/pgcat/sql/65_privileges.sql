-- Privileges, as the gate gives them. The role may be named where it is the caller's own; of another role only
-- a superuser's rights are known here, so that the answer is NULL for others.
CREATE VIEW eider_sys.live.k_schema_of AS SELECT oid AS k_oid, CASE nsp WHEN 'public' THEN 'main' ELSE nsp END AS k_schema, name AS k_name FROM eider_sys.live.relation_name;
CREATE VIEW eider_sys.live.k_superuser AS SELECT oid AS k_oid, rolname AS k_name, rolsuper AS k_super FROM eider_sys.pg.pg_authid;
CREATE MACRO eider_sys.live.may_relation(rel, priv) AS (SELECT CASE WHEN k_oid < 16384 THEN upper(trim(priv)) = 'SELECT' OR eider_sys.live.is_superuser()
    ELSE system.main.eider_has_privilege(current_connection_id(), k_schema, k_name, upper(trim(priv))) END
  FROM eider_sys.live.k_schema_of WHERE k_oid = eider_sys.pg.regclassin(rel));
CREATE MACRO eider_sys.live.mine_or_null(role, answer) AS CASE WHEN role::VARCHAR = (SELECT k_user FROM eider_sys.live.k_self) OR role::VARCHAR = '10' THEN answer
  WHEN (SELECT bool_or(k_super) FROM eider_sys.live.k_superuser WHERE k_name = role::VARCHAR OR k_oid::VARCHAR = role::VARCHAR) THEN true END;
CREATE MACRO eider_sys.pg.has_table_privilege(rel, priv) AS eider_sys.live.may_relation(rel, priv),
  (role, rel, priv) AS eider_sys.live.mine_or_null(role, eider_sys.live.may_relation(rel, priv));
CREATE MACRO eider_sys.pg.has_any_column_privilege(rel, priv) AS eider_sys.live.may_relation(rel, priv),
  (role, rel, priv) AS eider_sys.live.mine_or_null(role, eider_sys.live.may_relation(rel, priv));
CREATE MACRO eider_sys.pg.has_column_privilege(rel, col, priv) AS eider_sys.live.may_relation(rel, priv),
  (role, rel, col, priv) AS eider_sys.live.mine_or_null(role, eider_sys.live.may_relation(rel, priv));
CREATE MACRO eider_sys.pg.has_sequence_privilege(rel, priv) AS eider_sys.live.may_relation(rel, priv),
  (role, rel, priv) AS eider_sys.live.mine_or_null(role, eider_sys.live.may_relation(rel, priv));
CREATE MACRO eider_sys.live.may_schema(s, priv) AS (SELECT CASE WHEN k_oid < 16384 AND k_oid <> 2200 THEN upper(trim(priv)) = 'USAGE' OR eider_sys.live.is_superuser()
    ELSE system.main.eider_has_privilege(current_connection_id(), CASE k_name WHEN 'public' THEN 'main' ELSE k_name END, '', upper(trim(priv))) END
  FROM eider_sys.live.k_namespace WHERE k_oid = eider_sys.pg.regnamespacein(s));
CREATE MACRO eider_sys.pg.has_schema_privilege(s, priv) AS eider_sys.live.may_schema(s, priv),
  (role, s, priv) AS eider_sys.live.mine_or_null(role, eider_sys.live.may_schema(s, priv));
-- Whoever is connected may connect and make temporary tables; the rest of what follows is a superuser's.
CREATE MACRO eider_sys.live.may_database(priv) AS upper(trim(priv)) IN ('CONNECT', 'TEMP', 'TEMPORARY') OR eider_sys.live.is_superuser();
CREATE MACRO eider_sys.pg.has_database_privilege(d, priv) AS eider_sys.live.may_database(priv), (role, d, priv) AS eider_sys.live.mine_or_null(role, eider_sys.live.may_database(priv));
CREATE MACRO eider_sys.live.may_use(obj, priv) AS CASE WHEN obj IS NOT NULL THEN upper(trim(priv)) IN ('USAGE', 'EXECUTE') OR eider_sys.live.is_superuser() END;
CREATE MACRO eider_sys.pg.has_function_privilege(obj, priv) AS eider_sys.live.may_use(obj, priv), (role, obj, priv) AS eider_sys.live.mine_or_null(role, eider_sys.live.may_use(obj, priv));
CREATE MACRO eider_sys.pg.has_type_privilege(obj, priv) AS eider_sys.live.may_use(obj, priv), (role, obj, priv) AS eider_sys.live.mine_or_null(role, eider_sys.live.may_use(obj, priv));
CREATE MACRO eider_sys.pg.has_language_privilege(obj, priv) AS eider_sys.live.may_use(obj, priv), (role, obj, priv) AS eider_sys.live.mine_or_null(role, eider_sys.live.may_use(obj, priv));
CREATE MACRO eider_sys.pg.has_tablespace_privilege(obj, priv) AS CASE WHEN obj IS NOT NULL AND priv IS NOT NULL THEN eider_sys.live.is_superuser() END,
  (role, obj, priv) AS eider_sys.live.mine_or_null(role, CASE WHEN obj IS NOT NULL AND priv IS NOT NULL THEN eider_sys.live.is_superuser() END);
CREATE MACRO eider_sys.pg.has_foreign_data_wrapper_privilege(obj, priv) AS CASE WHEN obj IS NOT NULL AND priv IS NOT NULL THEN eider_sys.live.is_superuser() END,
  (role, obj, priv) AS eider_sys.live.mine_or_null(role, CASE WHEN obj IS NOT NULL AND priv IS NOT NULL THEN eider_sys.live.is_superuser() END);
CREATE MACRO eider_sys.pg.has_server_privilege(obj, priv) AS CASE WHEN obj IS NOT NULL AND priv IS NOT NULL THEN eider_sys.live.is_superuser() END,
  (role, obj, priv) AS eider_sys.live.mine_or_null(role, CASE WHEN obj IS NOT NULL AND priv IS NOT NULL THEN eider_sys.live.is_superuser() END);
CREATE MACRO eider_sys.pg.has_parameter_privilege(obj, priv) AS CASE WHEN obj IS NOT NULL AND priv IS NOT NULL THEN eider_sys.live.is_superuser() END,
  (role, obj, priv) AS eider_sys.live.mine_or_null(role, CASE WHEN obj IS NOT NULL AND priv IS NOT NULL THEN eider_sys.live.is_superuser() END);
CREATE MACRO eider_sys.live.in_role(r) AS (SELECT system.main.eider_has_role(current_connection_id(), k_name) FROM eider_sys.live.k_role WHERE k_oid = eider_sys.pg.regrolein(r));
CREATE MACRO eider_sys.pg.pg_has_role(r, priv) AS eider_sys.live.in_role(r), (role, r, priv) AS eider_sys.live.mine_or_null(role, eider_sys.live.in_role(r));
CREATE MACRO eider_sys.pg.row_security_active(r) AS false;
