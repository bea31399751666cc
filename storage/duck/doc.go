// Package duck is the only importer of DuckDB's Go packages. It opens databases,
// prepares and describes statements, streams results as raw vectors, appends
// chunks, reads and writes Arrow batches, registers vector callbacks and table
// functions, interrupts, and turns DuckDB's errors into SQLSTATEs in one table
// (errors.go). It knows nothing of Eider's own statements, of sessions or of
// rights, and rewrites no SQL.
//
//	Open ─▶ DB.Connect ─▶ Conn.Prepare ─▶ Stmt.Bind ─▶ Stmt.Stream ─▶ Result.Next … ─▶ Close
//
// Ownership: a DB owns its Conns, a Conn its Stmts, Results and Appenders and at
// most one streaming Result; closing an owner closes what it owns. A Conn serves
// one goroutine at a time, except Interrupt, Progress and Close.
//
// # DuckDB's ways that show through
//
// A streaming Result ends when anything else is prepared or run on its Conn: DuckDB
// keeps one active query for each connection. Here that is deterministic: the
// Result's next Next is 24000. Statements that write are never streamed.
//
// An interrupt that comes before DuckDB has begun to plan is forgotten by DuckDB;
// operation.cancel and eider_execute close that gap with a flag, so that the end of
// a context always ends its statement and never another one. A plan's tasks run in
// DuckDB's threads as soon as it is made: whoever gives a plan up has to interrupt it.
//
// Preparing `select 1` costs about as much as running it by duckdb_query does (both
// parse and plan); executing what is prepared adds a third of that. Statements with
// parameters that read tables are planned again by every execution.
//
// The C library is reached through the driver's mapping package where nothing
// depends on speed, and through our own prototypes (native.h) where it does: one
// cgo call prepares, one executes, one fetches a chunk with the pointers of all
// its vectors, one enters a callback.
package duck
