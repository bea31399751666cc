// Package pgcat makes DuckDB answer what PostgreSQL's clients ask of pg_catalog and
// information_schema.
//
//	Setup()  ─▶ SQL that builds the catalogs, once at start, in a database in memory: the user's file stays clean
//	Rules()  ─▶ rewrites that point a client's names, casts and operators at them
//
// The database is called eider_sys. Its schemas: rows (PostgreSQL 15's own catalog rows, from rows/*.tsv, which
// testdata/pgcat/rows.sh writes), live (helpers over duckdb_tables() and its like), pg and info (what clients see
// as pg_catalog and information_schema; those names themselves are DuckDB's and nothing can be created there).
// DuckDB's schema main is public to clients, in both directions.
//
// OIDs: what PostgreSQL has from birth keeps PostgreSQL's; a user's object has DuckDB's own number (from 20000),
// which stays the same as long as the file is open. See sql/00_names.sql for those that DuckDB doesn't number.
//
// It refuses to guess: a rewrite happens only where a relation, a function, a type or an operator can stand, never
// by matching a query's text, and a statement without a trigger word passes byte-identical. What DuckDB has no like
// of (triggers, publications, text search) are empty tables with PostgreSQL's columns.
//
// What the engine provides, as functions of the connection that asks (current_connection_id()):
//
//	eider_self        pid, session_role, active_role, client, superuser: one row
//	eider_settings    name, setting, default_setting, category, description: current_setting, pg_settings
//	eider_sessions    pid, role, application, client, state, query, started_at, …: pg_stat_activity
//	eider_has_privilege, eider_has_role, eider_cancel_backend, eider_terminate_backend
//
// Speed: DuckDB computes its lists of definitions anew each time, and views over them take long to plan. So what all
// sessions see is kept in tables, which Refresh brings in step before a catalog query when definitions have changed
// since. A session that sees more than others (its temporary tables, what it hasn't committed) is pointed to a second
// set of the same names that are views all the way (Private).
package pgcat
