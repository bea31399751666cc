-- What the engine tells about the session that asks, by the connection (see doc.go).
CREATE VIEW eider_sys.live.settings AS SELECT name, setting, default_setting, category, description FROM system.main.eider_settings(current_connection_id());
CREATE VIEW eider_sys.live.sessions AS
  SELECT pid, role, application, client, state, query, started_at, state_changed_at, query_started_at, transaction_started_at FROM system.main.eider_sessions(current_connection_id());
-- Macros look things up in views whose columns start with k_: a macro's arguments are put into its subquery as
-- they are written, and a caller's column called oid must not be taken for one of the subquery's.
CREATE VIEW eider_sys.live.k_setting AS SELECT name AS k_name, setting AS k_setting FROM eider_sys.live.settings;
-- An embedded session has no role; it is called as the owner of everything is.
CREATE VIEW eider_sys.live.k_self AS SELECT pid AS k_pid, coalesce(nullif(session_role, ''), 'eider') AS k_session_user, coalesce(nullif(self_role, ''), 'eider') AS k_user,
    nullif(client, '') AS k_client, superuser = 'true' AS k_superuser FROM system.main.eider_self(current_connection_id()) AS s(pid, session_role, self_role, client, superuser);
CREATE MACRO eider_sys.pg.pg_backend_pid() AS (SELECT k_pid FROM eider_sys.live.k_self);
CREATE MACRO eider_sys.live.setting(n) AS (SELECT k_setting FROM eider_sys.live.k_setting WHERE lower(k_name) = lower(n));
CREATE MACRO eider_sys.pg."session_user"() AS (SELECT k_session_user FROM eider_sys.live.k_self);
CREATE MACRO eider_sys.pg."current_user"() AS (SELECT k_user FROM eider_sys.live.k_self);
CREATE MACRO eider_sys.pg.pg_cancel_backend(pid) AS system.main.eider_cancel_backend(current_connection_id(), pid);
CREATE MACRO eider_sys.pg.pg_terminate_backend(pid) AS system.main.eider_terminate_backend(current_connection_id(), pid),
  (pid, timeout) AS system.main.eider_terminate_backend(current_connection_id(), pid);
CREATE MACRO eider_sys.live.is_superuser() AS (SELECT k_superuser FROM eider_sys.live.k_self);
CREATE TABLE eider_sys.live.started AS SELECT now() AS k_at;
