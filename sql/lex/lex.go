package lex

import (
	"slices"
	"strings"
)

// Character classes, one bit each.
const (
	cSpace  = 1 << iota // space, tab, newline, carriage return, form feed
	cStart              // may start an identifier (all bytes of a multi-byte character may)
	cDigit              // 0-9
	cOp                 // may stand in an operator
	cNotSQL             // an operator that has one of these may end in + or -
	cPunct              // a token by itself
	cHex                // a hexadecimal digit
)

var class = func() (t [256]uint8) {
	set := func(chars string, bit uint8) {
		for i := 0; i < len(chars); i++ {
			t[chars[i]] |= bit
		}
	}
	set(" \t\n\r\f", cSpace)
	set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", cStart)
	set("0123456789", cDigit|cHex)
	set("abcdefABCDEF", cHex)
	set("~!@^&|`+-*/%<>=", cOp)
	set("~!@^&|`%", cNotSQL)
	set("()[]{},;", cPunct)
	for c := 0x80; c < 0x100; c++ {
		t[c] |= cStart
	}
	return t
}()

// Lex returns all tokens of src, blanks and comments included: joining their
// spellings gives src.
func Lex(src string) []Token {
	if src == "" {
		return nil
	}
	toks := make([]Token, 0, capacity(len(src), 2))
	for i := 0; i < len(src); {
		t := scan(src, i)
		if len(toks) == cap(toks) {
			toks = grow(toks, i, len(src))
		}
		toks = append(toks, t)
		i = t.End
	}
	return toks
}

// grow makes room for the tokens to come in a text of n bytes, of which i held those
// so far; at most four times as much, because the rest may be one literal.
func grow(toks []Token, i, n int) []Token {
	have := len(toks)
	return slices.Grow(toks, min(max(have*(n-i)/max(i, 1)+16, have/4), 3*have))
}

// capacity guesses the number of tokens in n bytes. The guess is bounded, so that
// a statement with a huge literal doesn't cost a multiple of it.
func capacity(n, bytesPerToken int) int {
	return min(n/bytesPerToken+4, 4096)
}

// scan returns the token that starts at src[i]; i is less than len(src).
func scan(src string, i int) Token {
	c := src[i]
	switch bits := class[c]; {
	case bits&cSpace != 0:
		return Token{Kind: Space, Start: i, End: spaces(src, i+1)}
	case bits&cStart != 0:
		return word(src, i)
	case bits&cDigit != 0:
		return Token{Kind: Number, Start: i, End: number(src, i)}
	case bits&cPunct != 0:
		return Token{Kind: Punct, Start: i, End: i + 1}
	case bits&cOp != 0:
		return operator(src, i)
	}
	switch c {
	case '\'':
		return quoted(src, i, i, String)
	case '"':
		return identifier(src, i, i, QuotedIdent)
	case '.':
		if at(src, i+1) == '.' {
			return Token{Kind: Op, Start: i, End: i + 2}
		}
		if class[at(src, i+1)]&cDigit != 0 {
			return Token{Kind: Number, Start: i, End: number(src, i)}
		}
		return Token{Kind: Punct, Start: i, End: i + 1}
	case ':':
		if n := at(src, i+1); n == ':' || n == '=' {
			return Token{Kind: Op, Start: i, End: i + 2}
		}
		return Token{Kind: Punct, Start: i, End: i + 1}
	case '$':
		return dollar(src, i)
	case '?':
		if class[at(src, i+1)]&cDigit != 0 {
			return Token{Kind: Param, Start: i, End: digits(src, i+1, cDigit)}
		}
		return Token{Kind: Question, Start: i, End: i + 1}
	case '#':
		// #1 is a column by position; #> and #>> are PostgreSQL's JSON paths, which a rule may translate.
		end := i + 1
		for end < len(src) && end < i+3 && src[end] == '>' {
			end++
		}
		return Token{Kind: Op, Start: i, End: end}
	}
	return Token{Kind: Illegal, Start: i, End: i + 1}
}

// at returns src[i], or 0 beyond the end.
func at(src string, i int) byte {
	if i < len(src) {
		return src[i]
	}
	return 0
}

func spaces(src string, i int) int {
	for i < len(src) {
		if class[src[i]]&cSpace != 0 {
			i++
			continue
		}
		n := unicodeSpace(src, i)
		if n == 0 {
			break
		}
		i += n
	}
	return i
}

// unicodeSpace returns the length of a white space character beyond ASCII at
// src[i], 0 if there is none. DuckDB replaces these by blanks before it lexes.
func unicodeSpace(src string, i int) int {
	if src[i] < 0xC2 {
		return 0
	}
	b1, b2 := at(src, i+1), at(src, i+2)
	switch src[i] {
	case 0xC2: // U+00A0
		if b1 == 0xA0 {
			return 2
		}
	case 0xE2: // U+2000–200B, 202F, 205F, 2060
		if b1 == 0x80 && (0x80 <= b2 && b2 <= 0x8B || b2 == 0xAF) || b1 == 0x81 && (b2 == 0x9F || b2 == 0xA0) {
			return 3
		}
	case 0xE3: // U+3000
		if b1 == 0x80 && b2 == 0x80 {
			return 3
		}
	case 0xEF: // U+FEFF
		if b1 == 0xBB && b2 == 0xBF {
			return 3
		}
	}
	return 0
}

// word scans what starts with a letter: an identifier, or a string with a prefix.
func word(src string, i int) Token {
	switch src[i] {
	case 'e', 'E':
		if at(src, i+1) == '\'' {
			return quoted(src, i, i+1, EscapeString)
		}
	case 'b', 'B', 'x', 'X':
		if at(src, i+1) == '\'' {
			return quoted(src, i, i+1, BitString)
		}
	case 'n', 'N':
		if at(src, i+1) == '\'' {
			return quoted(src, i, i+1, String)
		}
	case 'u', 'U':
		if at(src, i+1) == '&' {
			switch at(src, i+2) {
			case '\'':
				return uescape(src, quoted(src, i, i+2, UnicodeString))
			case '"':
				return uescape(src, identifier(src, i, i+2, UnicodeIdent))
			}
		}
	}
	if n := unicodeSpace(src, i); n > 0 {
		return Token{Kind: Space, Start: i, End: spaces(src, i+n)}
	}
	return Token{Kind: Ident, Start: i, End: wordEnd(src, i+1)}
}

// wordEnd returns the end of the identifier whose first byte stands before i.
func wordEnd(src string, i int) int {
	for i < len(src) {
		c := src[i]
		if class[c]&(cStart|cDigit) == 0 && c != '$' || c >= 0xC2 && unicodeSpace(src, i) > 0 {
			break
		}
		i++
	}
	return i
}

// digits returns the end of a run of digits of the class at src[i:], single
// underscores between them included.
func digits(src string, i int, bit uint8) int {
	for i < len(src) {
		if class[src[i]]&bit != 0 {
			i++
		} else if src[i] == '_' && class[at(src, i+1)]&bit != 0 {
			i += 2
		} else {
			break
		}
	}
	return i
}

// number returns the end of the number at src[i:], which starts with a digit or
// with a point and a digit.
func number(src string, i int) int {
	if src[i] == '0' {
		if end := prefixed(src, i+1); end > 0 {
			return end
		}
	}
	i = digits(src, i, cDigit)
	// 1..2 is a number, two points and a number.
	if at(src, i) == '.' && at(src, i+1) != '.' {
		i++
		if class[at(src, i)]&cDigit != 0 {
			i = digits(src, i, cDigit)
		}
	}
	if c := at(src, i); c == 'e' || c == 'E' {
		j := i + 1
		if s := at(src, j); s == '+' || s == '-' {
			j++
		}
		if class[at(src, j)]&cDigit != 0 {
			i = digits(src, j, cDigit)
		}
	}
	return i
}

// prefixed returns the end of a number in base 16, 8 or 2 whose letter stands at
// src[i], 0 if there is none.
func prefixed(src string, i int) int {
	switch at(src, i) {
	case 'x', 'X':
		if end := digits(src, i+1, cHex); end > i+1 {
			return end
		}
	case 'o', 'O', 'b', 'B':
		highest := byte('7')
		if lower(src[i]) == 'b' {
			highest = '1'
		}
		j := i + 1
		for d := at(src, j); ; d = at(src, j) {
			if d == '_' {
				d = at(src, j+1)
				j++
			}
			if d < '0' || d > highest {
				break
			}
			j++
		}
		if src[j-1] == '_' {
			j--
		}
		if j > i+1 {
			return j
		}
	}
	return 0
}

// operator scans a comment or an operator. An operator ends before a comment, and
// doesn't end in + or - unless it has a character that standard SQL's don't have:
// a<-1 compares with minus one, a@-1 applies the operator @-.
func operator(src string, i int) Token {
	switch {
	case src[i] == '-' && at(src, i+1) == '-':
		return Token{Kind: LineComment, Start: i, End: lineEnd(src, i+2)}
	case src[i] == '/' && at(src, i+1) == '*':
		return blockComment(src, i)
	}
	end, keep := i, false
	for end < len(src) && class[src[end]]&cOp != 0 {
		c, next := src[end], at(src, end+1)
		if end > i && (c == '/' && next == '*' || c == '-' && next == '-') {
			break
		}
		end++
	}
	for j := i; j < end-1; j++ {
		keep = keep || class[src[j]]&cNotSQL != 0
	}
	for !keep && end > i+1 && (src[end-1] == '+' || src[end-1] == '-') {
		end--
	}
	return Token{Kind: Op, Start: i, End: end}
}

func lineEnd(src string, i int) int {
	if n := strings.IndexAny(src[i:], "\n\r"); n >= 0 {
		return i + n
	}
	return len(src)
}

func blockComment(src string, i int) Token {
	depth, j := 1, i+2
	for j < len(src) {
		switch {
		case src[j] == '/' && at(src, j+1) == '*':
			depth++
			j += 2
		case src[j] == '*' && at(src, j+1) == '/':
			j += 2
			if depth--; depth == 0 {
				return Token{Kind: BlockComment, Start: i, End: j}
			}
		default:
			j++
		}
	}
	return Token{Kind: BlockComment, Start: i, End: len(src), Open: true}
}
