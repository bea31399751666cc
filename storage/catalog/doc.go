// Package catalog owns the schema "eider" of a user's database: the tables in which
// Eider keeps its own state and the views, with documented columns, through which
// users ask about it.
//
// The schema is built by numbered migrations, one file each under migrations/: a file
// called 0007_sources.sql brings version 6 to version 7, in one transaction together
// with its row in eider.migrations. A published migration is never edited; a mistake
// is corrected by the next one. A database of an older version is brought up to date
// when it is opened; one of a newer version is refused, because its tables may mean
// what this program doesn't know.
//
// The views read table functions (eider_functions, eider_sessions, …) that the engine
// registers before it calls Migrate.
package catalog
