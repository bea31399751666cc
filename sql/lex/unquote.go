package lex

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Unquote returns the value of an identifier or string token: the word as it is
// written, the name between double quotes, the text between single or dollar quotes
// with its escapes resolved and its parts joined, the digits of a BitString. Other
// tokens give their spelling. What is malformed stays as it is written; Value tells.
func Unquote(src string, t Token) string {
	v, _ := Value(src, t)
	return v
}

// Value is Unquote and reports whether the token is well-formed: closed, with valid
// escapes, without NUL, and UTF-8.
func Value(src string, t Token) (string, bool) {
	text := t.Text(src)
	switch t.Kind {
	case QuotedIdent:
		return undouble(body(text, 1, t.Open, 1), '"'), !t.Open && len(text) > 2
	case DollarString:
		tag := strings.IndexByte(text[1:], '$') + 2
		return body(text, tag, t.Open, tag), !t.Open
	case UnicodeIdent:
		quotes, escape := splitUescape(text, t.Open)
		v, ok := unicodeEscapes(undouble(body(quotes, 3, t.Open, 1), '"'), escape)
		return v, ok && !t.Open && v != ""
	case String, BitString:
		parts, closed := stringParts(text, t.Kind)
		return parts.join(nil), closed
	case EscapeString:
		ok := true
		parts, closed := stringParts(text, EscapeString)
		v := parts.join(func(s string) string {
			s, valid := backslashEscapes(s)
			ok = ok && valid
			return s
		})
		return v, ok && closed
	case UnicodeString:
		quotes, escape := splitUescape(text, t.Open)
		parts, closed := stringParts(quotes, UnicodeString)
		v, ok := unicodeEscapes(parts.join(nil), escape)
		return v, ok && closed
	}
	return text, !t.Open
}

// body cuts n bytes off the start and, of a closed token, m off the end.
func body(text string, n int, open bool, m int) string {
	if open {
		m = 0
	}
	return text[n : len(text)-m]
}

func undouble(s string, quote byte) string {
	if strings.IndexByte(s, quote) < 0 {
		return s
	}
	q := string(quote)
	return strings.ReplaceAll(s, q+q, q)
}

// splitUescape separates a U& token from its UESCAPE clause, whose character it returns.
func splitUescape(text string, open bool) (quotes string, escape byte) {
	if open || len(text) < 3 {
		return text, '\\'
	}
	quote := text[2]
	i := 3
	if quote == '"' {
		i = identifier(text, 0, 2, UnicodeIdent).End
	} else {
		i = quoted(text, 0, 2, UnicodeString).End
	}
	if i == len(text) {
		return text, '\\'
	}
	return text[:i], text[len(text)-2]
}

type parts []string

// stringParts returns the bodies of a string token and of its continuations, and
// whether the last one is closed.
func stringParts(text string, kind Kind) (parts, bool) {
	var out parts
	i := strings.IndexByte(text, '\'')
	for i >= 0 {
		end, closed := quoteEnd(text, i+1, kind)
		if !closed {
			return append(out, text[i+1:]), false
		}
		out = append(out, text[i+1:end-1])
		i = continuation(text, end)
	}
	return out, true
}

func (p parts) join(decode func(string) string) string {
	one := func(s string) string {
		if decode != nil {
			return decode(s)
		}
		return undouble(s, '\'')
	}
	if len(p) == 1 {
		return one(p[0])
	}
	var b strings.Builder
	for _, s := range p {
		b.WriteString(one(s))
	}
	return b.String()
}

// backslashEscapes resolves the escapes of an E string and its doubled quotes.
func backslashEscapes(s string) (string, bool) {
	if !strings.ContainsAny(s, `\'`) {
		return s, true
	}
	b, ok := make([]byte, 0, len(s)), true
	for i := 0; i < len(s); {
		c := s[i]
		if c == '\'' && at(s, i+1) == '\'' {
			b = append(b, c)
			i += 2
			continue
		}
		if c != '\\' || i+1 == len(s) {
			b = append(b, c)
			i++
			continue
		}
		c = s[i+1]
		switch i += 2; c {
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'x':
			v, n := hex(s[i:], 2)
			if n == 0 {
				b = append(b, c)
				break
			}
			b, ok = append(b, byte(v)), ok && v != 0
			i += n
		case 'u', 'U':
			r, n, valid := unicodeEscape(s[i:], map[byte]int{'u': 4, 'U': 8}[c], `\`)
			if !valid {
				b, ok = append(b, '\\', c), false
				break
			}
			b = utf8.AppendRune(b, r)
			i += n
		case '0', '1', '2', '3', '4', '5', '6', '7':
			v := c - '0'
			for n := 1; n < 3 && '0' <= at(s, i) && at(s, i) <= '7'; n++ {
				v = v<<3 | s[i] - '0'
				i++
			}
			b, ok = append(b, v), ok && v != 0
		default:
			b = append(b, c)
		}
	}
	return string(b), ok && utf8.Valid(b)
}

// unicodeEscapes resolves the escapes of a U& token.
func unicodeEscapes(s string, escape byte) (string, bool) {
	if strings.IndexByte(s, escape) < 0 {
		return s, true
	}
	if class[escape]&(cHex|cSpace) != 0 || escape == '+' || escape == '"' || escape == '\'' {
		return s, false
	}
	b, ok := make([]byte, 0, len(s)), true
	for i := 0; i < len(s); {
		if s[i] != escape {
			b = append(b, s[i])
			i++
			continue
		}
		if at(s, i+1) == escape {
			b = append(b, escape)
			i += 2
			continue
		}
		digits, skip := 4, 1
		if at(s, i+1) == '+' {
			digits, skip = 6, 2
		}
		r, n, valid := unicodeEscape(s[min(i+skip, len(s)):], digits, string(escape))
		if !valid {
			b, ok = append(b, s[i]), false
			i++
			continue
		}
		b = utf8.AppendRune(b, r)
		i += skip + n
	}
	return string(b), ok
}

// unicodeEscape reads a code point of so many digits, and the second half of a
// surrogate pair, which starts with the escape again (\u, \U or \+ are all fine there).
func unicodeEscape(s string, digits int, escape string) (r rune, n int, ok bool) {
	v, n := hex(s, digits)
	if n != digits || v == 0 || v > utf8.MaxRune {
		return 0, 0, false
	}
	r = rune(v)
	if !utf16.IsSurrogate(r) {
		return r, n, true
	}
	rest, found := strings.CutPrefix(s[n:], escape)
	if !found {
		return 0, 0, false
	}
	low := 4
	skip := 0
	switch at(rest, 0) {
	case 'u':
		skip = 1
	case 'U':
		low, skip = 8, 1
	case '+':
		low, skip = 6, 1
	}
	v2, n2 := hex(rest[skip:], low)
	if n2 != low {
		return 0, 0, false
	}
	if r = utf16.DecodeRune(r, rune(v2)); r == utf8.RuneError {
		return 0, 0, false
	}
	return r, n + len(escape) + skip + n2, true
}

// hex reads up to limit hexadecimal digits.
func hex(s string, limit int) (v uint32, n int) {
	for n < limit && n < len(s) && class[s[n]]&cHex != 0 {
		c := lower(s[n])
		if c >= 'a' {
			c -= 'a' - 10
		} else {
			c -= '0'
		}
		v = v<<4 | uint32(c)
		n++
	}
	return v, n
}

// QuoteIdent returns name as a quoted identifier. It always quotes: a name that is
// no keyword today may be one tomorrow.
func QuoteIdent(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// QuoteLiteral returns s as a string literal.
func QuoteLiteral(s string) string {
	return `'` + strings.ReplaceAll(s, `'`, `''`) + `'`
}
