// Package settings owns the parameters that SET, RESET, SHOW and set_config act on:
// what each is called, which values it takes, how it looks, who may change it, and a
// session's values with what a transaction still has to keep or give back.
//
//	Table ─▶ Lookup(name) ─▶ Setting          postgres.tsv: every parameter of PostgreSQL 15
//	New(Table, defaults) ─▶ Values            Set, SetLocal, Reset, Show; Mark, RollbackTo, End
//	Values.Changed ─▶ the engine brings DuckDB and the client up to date
//
// A parameter of PostgreSQL that means nothing here is accepted, checked and shown,
// because clients set it; one whose other values would change results is refused with
// 0A000 rather than ignored. The package knows neither DuckDB nor a connection: DuckDB's
// own settings are not in the table.
package settings
