// Package parse reads Eider's own statements by recursive descent over lex
// tokens. DuckDB's SQL inside them (a SELECT, an expression) is kept as a Span of
// the user's text and never printed anew.
package parse

import "github.com/eiderdb/eider/sql/lex"

// Parser reads one statement.
type Parser struct {
	src  string
	toks []lex.Token
	pos  int
}

// Span is a piece of the user's text: src[Start:End].
type Span struct {
	Start, End int
	Text       string
}

// Name is an identifier after folding: unquoted words are kept as written
// (DuckDB compares case-insensitively), quoted ones are unescaped.
type Name struct {
	Text   string
	Quoted bool
	Span   Span
}

// CallArg is an argument of a CALL twin: name => literal.
type CallArg struct {
	Name  string // empty for a positional argument
	Value any    // nil, bool, int64, float64, string, []any
	Span  Span
}

// New returns a parser of one statement's tokens.
func New(src string, st lex.Stmt) *Parser { return &Parser{src: src, toks: st.Tokens} }
