// Package engine is Eider as a library: Open a database, take Sessions from it,
// prepare and run statements, stream results as column chunks.
//
//	text ─▶ Session.Split ─▶ Session.Prepare ─▶ Stmt.Run ─▶ Cursor.Next … ─▶ Close
//
// Prepare classifies by leading tokens: transaction control, session settings,
// cursors and SQL-level PREPARE are the engine's own; statements of ours go
// through their stmt.Kind; COPY has its own path; everything else is rewritten
// where a trigger token stands, passed by the gate, and prepared by DuckDB.
package engine
