// Package gate decides what a role may do: it keeps roles, memberships, owners
// and grants in memory, and refuses every statement of an ordinary role that it
// can't prove to be allowed.
//
//	rewritten text ─▶ Session.Check ─▶ Verdict ─▶ DuckDB prepare ─▶ Verdict.Prepared
//	            each execution ─▶ Session.Recheck ─▶ run ─▶ Session.Applied
//
// A superuser passes unseen. For everybody else the statement's kind and every
// function must stand on a list, and every relation read or written must be
// granted. What a SELECT reads is found in DuckDB's own syntax tree; views run
// with the rights of their owner, macros with those of the caller. Other
// statements are read by their tokens, and the queries and expressions inside
// them by that same tree. What can't be analysed is refused.
//
// The package refuses to know about SQL text edits (sql/rewrite), passwords on
// the wire (it hands out verifiers) and the statements that change roles
// (sql/stmt/role): those write the tables that it reads.
package gate
