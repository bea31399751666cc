// Package run owns the running of a project's nodes against a warehouse: which may go
// when, on how many threads, what is skipped after a failure, what is shown of it, and
// what is left in target.
//
//	Plan (nodes and edges) ─▶ workers, each with a session ─▶ compile ─▶ materialize or test ─▶ Result ─▶ printer, run_results.json
//
// It knows Jinja only as a Compiler and a database only as a warehouse.Warehouse, so it
// links no engine. It refuses to choose nodes (engine/project/selection) and to read files.
package run
