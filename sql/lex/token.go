package lex

// Kind is the class of a token.
type Kind uint8

// The token kinds.
const (
	Illegal       Kind = iota // a byte that starts no token
	Space                     // white space
	LineComment               // -- to the end of the line
	BlockComment              // /* … */, nested
	Ident                     // unquoted word
	QuotedIdent               // "…"
	UnicodeIdent              // U&"…", with its UESCAPE
	String                    // '…' or N'…', with its continuation on further lines
	EscapeString              // E'…', likewise
	UnicodeString             // U&'…', likewise, with its UESCAPE
	BitString                 // B'…' or X'…', likewise
	DollarString              // $tag$…$tag$
	Number                    // 1, 1.5e3, .5, 0x1F, 0b1, 0o7, 1_000
	Param                     // $1, ?1 or $name
	Question                  // ?
	Op                        // one or more of + - * / < > = ~ ! @ % ^ & | `, and :: := .. # #> #>>
	Punct                     // one of ( ) [ ] { } , ; . :
)

var kindNames = [...]string{
	Illegal: "Illegal", Space: "Space", LineComment: "LineComment", BlockComment: "BlockComment", Ident: "Ident",
	QuotedIdent: "QuotedIdent", UnicodeIdent: "UnicodeIdent", String: "String", EscapeString: "EscapeString",
	UnicodeString: "UnicodeString", BitString: "BitString", DollarString: "DollarString", Number: "Number",
	Param: "Param", Question: "Question", Op: "Op", Punct: "Punct",
}

// String returns the constant's name.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "Kind?"
}

// Token is a span of the text. src[Start:End] is its spelling.
type Token struct {
	Start, End int
	Kind       Kind
	// Open marks a quote or comment that the text ends within. Only a text's last token can be open.
	Open bool
}

// Text returns the token's spelling.
func (t Token) Text(src string) string { return src[t.Start:t.End] }

// IsBlank reports whether the token is white space or a closed comment, which
// mean nothing to a parser. An open comment is an error, so it is not blank.
func (t Token) IsBlank() bool {
	return t.Kind == Space || t.Kind == LineComment || t.Kind == BlockComment && !t.Open
}

// IsIdent reports whether the token is an identifier, quoted or not.
func (t Token) IsIdent() bool {
	return t.Kind == Ident || t.Kind == QuotedIdent || t.Kind == UnicodeIdent
}

// IsString reports whether the token is a character string in any form of quotes
// (a BitString is not one).
func (t Token) IsString() bool {
	return t.Kind == String || t.Kind == EscapeString || t.Kind == UnicodeString || t.Kind == DollarString
}

// Word reports whether the token is the unquoted word, given in lower case. It
// does not allocate.
func (t Token) Word(src, word string) bool {
	return t.Kind == Ident && t.End-t.Start == len(word) && EqualFold(src[t.Start:t.End], word)
}

// Is reports whether the token is the operator or punctuation mark spelled s.
func (t Token) Is(src, s string) bool {
	return (t.Kind == Punct || t.Kind == Op) && src[t.Start:t.End] == s
}

// EqualFold reports whether two words are equal when the case of ASCII letters
// is ignored, which is how both engines compare names.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// Fold returns the word with its ASCII letters in lower case: PostgreSQL's rule
// for unquoted names in UTF-8. A word that is lower case is returned as it is.
func Fold(word string) string {
	for i := 0; i < len(word); i++ {
		if c := word[i]; 'A' <= c && c <= 'Z' {
			b := []byte(word)
			for ; i < len(b); i++ {
				b[i] = lower(b[i])
			}
			return string(b)
		}
	}
	return word
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
