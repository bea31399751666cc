// Package window lowers calls of the window family, f(args) OVER (…), to DuckDB's own
// windows, since DuckDB takes OVER after a macro only when its body is one aggregate.
//
//	fn.Decl.Window ─▶ Rules ─▶ rewrite.Set.Apply
//	find the calls ─▶ resolve their windows ─▶ fill the templates ─▶ name the columns
//
// It works on tokens, so that every form DuckDB understands around a call passes as it
// is. A specification is copied into each window of the result; DuckDB computes equal
// windows once. Calls within calls, and functions that need a pass before, become columns
// of a derived table in FROM, which is possible where FROM has one relation and nothing is
// grouped; elsewhere they are refused (0A000) with what to type instead.
//
// It owns no function: templates come with the declarations.
package window
