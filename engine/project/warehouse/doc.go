// Package warehouse owns what the runner of a project knows of a database: a
// connection that runs statements and returns typed rows, transactions, and
// look-ups of relations and columns, which are SQL and so the same everywhere.
//
// Two packages below implement it: embedded opens a file with the engine in this
// process, server speaks the Postgres protocol. This one imports neither, so what
// only plans and prints doesn't link DuckDB.
//
// It refuses to know anything of projects, Jinja or materialisations.
package warehouse
