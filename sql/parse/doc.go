// Package parse reads Eider's own statements by recursive descent over lex
// tokens. DuckDB's SQL inside them (a SELECT, an expression) is kept as a Span of
// the user's text and never printed anew.
//
// A Parser is a cursor over one statement's tokens. Accept… moves on if what it
// asks for stands there, Expect… fails otherwise; every failure is 42601 with the
// position, and its hint names the words that the statement could have had there,
// with the closest one first asked ("did you mean"). The package knows no
// statement and no option; it resolves no names.
package parse
