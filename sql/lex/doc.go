// Package lex turns SQL text into tokens with byte offsets, by the lexical
// rules that PostgreSQL 15 and DuckDB share, and splits a text into statements.
//
//	text ─▶ Lex ─▶ tokens, blanks and comments included: their spans rebuild the text
//	text ─▶ Split ─▶ statements, each with the tokens that mean something
//
// It never fails. A byte that starts no token is Illegal; a quote or comment that
// the text ends within keeps its kind and has Open set. It knows no keywords: a
// word is an Ident and the parser decides. It refuses to interpret numbers and
// operators; Unquote gives the value of quoted tokens only.
//
// Where PostgreSQL and DuckDB differ, DuckDB's rule holds, because DuckDB is what
// reads the text in the end: `?` is a parameter, `//` and `**` are operators, `#1`
// is not glued to the operator before it, and white space of Unicode separates words.
package lex
