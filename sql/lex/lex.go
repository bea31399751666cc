// Package lex turns SQL text into tokens with byte offsets, by the lexical
// rules that PostgreSQL and DuckDB share, and splits a text into statements.
//
// It never fails: bytes that fit no rule become an Illegal token, and the
// tokens' spans always rebuild the input byte for byte. It knows no keywords;
// a word is an Ident and the parser decides.
package lex

// Kind is the class of a token.
type Kind uint8

// The token kinds.
const (
	Illegal       Kind = iota // a byte that starts no token, or an unterminated quote or comment (Token.Open)
	Space                     // white space
	LineComment               // -- to the end of the line
	BlockComment              // /* … */, nested
	Ident                     // unquoted word
	QuotedIdent               // "…"
	UnicodeIdent              // U&"…"
	String                    // '…'
	EscapeString              // E'…'
	UnicodeString             // U&'…'
	BitString                 // B'…' or X'…'
	DollarString              // $tag$…$tag$
	Number                    // 1, 1.5e3, .5, 0x1F, 0b1, 0o7, 1_000
	Param                     // $1 or $name
	Question                  // ?
	Op                        // an operator of one or more of + - * / < > = ~ ! @ # % ^ & | ` :: := => -> ->> …
	Punct                     // one of ( ) [ ] { } , ; . :
)

// Token is a span of the text. src[Start:End] is its spelling.
type Token struct {
	Kind       Kind
	Start, End int
	// Open marks a quote or comment that the text ends within.
	Open bool
}

// Stmt is one statement of a longer text: src[Start:End] without the closing
// semicolon and without surrounding blanks and comments; Tokens are only those
// that mean something (no Space, no comments), with offsets into the whole text.
type Stmt struct {
	Start, End int
	Tokens     []Token
}
