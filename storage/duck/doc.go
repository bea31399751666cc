// Package duck is the only importer of DuckDB's Go packages. It opens databases,
// prepares and describes statements, streams results as raw vectors, appends
// chunks, registers vector callbacks and table functions, interrupts, and turns
// DuckDB's error texts into SQLSTATEs in one table (errors.go).
//
// Ownership: a DB owns its Conns, a Conn its Stmts and at most one streaming
// Result; closing an owner closes what it owns. A Conn is not safe for use by
// two goroutines at once, except Interrupt and Progress.
package duck
