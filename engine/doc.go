// Package engine is Eider as a library: Open a database, take Sessions from it,
// prepare and run statements, stream results as column chunks.
//
//	text ─▶ Session.Split ─▶ Session.Prepare ─▶ Stmt.Run ─▶ Cursor.Next … ─▶ Close
//
// Prepare classifies by leading tokens: transaction control, session settings,
// cursors and SQL-level PREPARE are the engine's own; statements of ours go
// through their stmt.Kind; COPY has its own path; everything else is rewritten
// where a trigger token stands, passed by the gate, and prepared by DuckDB.
//
// Go programs have Session.Exec, Query and QueryArrow on top of that, and package
// engine/sqldriver for database/sql.
//
// A DB is for many goroutines, a Session and what comes from it for one at a time.
// Closing goes in reverse order of opening and waits; DB.Close ends the sessions that
// are still open. The package knows no protocol and no socket. DESIGN.md has the
// invariants.
package engine
