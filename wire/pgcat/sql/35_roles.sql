-- Roles: those that were created, and PostgreSQL's predefined ones. The first superuser, or whoever is connected while
-- there are no roles, owns what nobody else does: OID 10, as in PostgreSQL.
CREATE VIEW eider_sys.live.role AS
  SELECT CASE WHEN superuser AND row_number() OVER (PARTITION BY superuser ORDER BY created_at, role) = 1 THEN 10 ELSE 67108864 + (hash(role) % 67108864)::BIGINT END AS oid,
    role AS name, superuser, can_login, connection_limit, valid_until FROM eider.role_store;
CREATE VIEW eider_sys.live.predefined_role AS SELECT oid::BIGINT AS oid, name FROM (VALUES
    (6171, 'pg_database_owner'), (6181, 'pg_read_all_data'), (6182, 'pg_write_all_data'), (3373, 'pg_monitor'), (3374, 'pg_read_all_settings'),
    (3375, 'pg_read_all_stats'), (3377, 'pg_stat_scan_tables'), (4569, 'pg_read_server_files'), (4570, 'pg_write_server_files'),
    (4571, 'pg_execute_server_program'), (4200, 'pg_signal_backend'), (4544, 'pg_checkpoint')) v(oid, name);
CREATE VIEW eider_sys.pg.pg_authid AS
  SELECT oid, name AS rolname, superuser AS rolsuper, true AS rolinherit, superuser AS rolcreaterole, superuser AS rolcreatedb, can_login AS rolcanlogin,
    superuser AS rolreplication, superuser AS rolbypassrls, connection_limit AS rolconnlimit, NULL::VARCHAR AS rolpassword, valid_until AS rolvaliduntil
  FROM eider_sys.live.role
  UNION ALL
  SELECT 10, eider_sys.pg."session_user"(), true, true, true, true, true, true, true, -1, NULL, NULL WHERE NOT EXISTS (SELECT 1 FROM eider_sys.live.role WHERE superuser)
  UNION ALL
  SELECT oid, name, false, true, false, false, false, false, false, -1, NULL, NULL FROM eider_sys.live.predefined_role;
CREATE VIEW eider_sys.live.member AS SELECT role, member, admin FROM eider.role_member_store;
-- What was granted on tables and views, as the grant's statement named them.
CREATE VIEW eider_sys.live.table_grant AS
  SELECT CASE grantee WHEN 'public' THEN 'PUBLIC' ELSE grantee END AS grantee, schema_name, object AS name, privilege, grantor, grantable FROM eider.grant_store
  WHERE kind = 'table' AND default_for = '';
CREATE VIEW eider_sys.pg.pg_auth_members AS
  SELECT * FROM eider_sys.rows.pg_auth_members
  UNION ALL
  SELECT r.oid, m.oid, 10, a.admin FROM eider_sys.live.member a JOIN eider_sys.live.role r ON r.name = a.role JOIN eider_sys.live.role m ON m.name = a.member;
CREATE VIEW eider_sys.pg.pg_roles AS
  SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolconnlimit, '********' AS rolpassword,
    rolvaliduntil, rolbypassrls, NULL::VARCHAR[] AS rolconfig, oid FROM eider_sys.pg.pg_authid;
CREATE VIEW eider_sys.pg.pg_user AS
  SELECT rolname AS usename, oid AS usesysid, rolcreatedb AS usecreatedb, rolsuper AS usesuper, rolreplication AS userepl, rolbypassrls AS usebypassrls,
    '********' AS passwd, rolvaliduntil AS valuntil, NULL::VARCHAR[] AS useconfig FROM eider_sys.pg.pg_authid WHERE rolcanlogin;
CREATE VIEW eider_sys.pg.pg_shadow AS
  SELECT rolname AS usename, oid AS usesysid, rolcreatedb AS usecreatedb, rolsuper AS usesuper, rolreplication AS userepl, rolbypassrls AS usebypassrls,
    rolpassword AS passwd, rolvaliduntil AS valuntil, NULL::VARCHAR[] AS useconfig FROM eider_sys.pg.pg_authid WHERE rolcanlogin;
CREATE VIEW eider_sys.pg.pg_group AS
  SELECT rolname AS groname, oid AS grosysid, []::BIGINT[] AS grolist FROM eider_sys.pg.pg_authid WHERE NOT rolcanlogin;
CREATE VIEW eider_sys.live.k_role AS SELECT oid AS k_oid, rolname AS k_name FROM eider_sys.pg.pg_authid;
CREATE VIEW eider_sys.live.k_known_role AS SELECT oid AS k_oid, name AS k_name FROM eider_sys.live.role UNION ALL SELECT oid, name FROM eider_sys.live.predefined_role;
CREATE MACRO eider_sys.pg.pg_get_userbyid(o) AS coalesce((SELECT k_name FROM eider_sys.live.k_known_role WHERE k_oid = o), CASE WHEN o = 10 THEN eider_sys.pg."session_user"() END, 'unknown (OID=' || o || ')');
