package dialect

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
)

// arrays turns '{1,NULL}'::integer[] into a list, for DuckDB reads another text form.
// Arrays of more dimensions are left alone.
func arrays(e *rewrite.Editor) error {
	for i := range e.Toks {
		if !e.Is(i, "::") || i == 0 || !e.Toks[i-1].IsString() || !arrayType(e, i+1) {
			continue
		}
		if list, ok := arrayLiteral(lex.Unquote(e.Src, e.Toks[i-1])); ok {
			e.ReplaceTok(i-1, list)
		}
	}
	return nil
}

// arrayType reports whether the type at token i is name[], with or without schema,
// second word and modifier.
func arrayType(e *rewrite.Editor, i int) bool {
	for e.Name(i) != "" || e.Is(i, ".") {
		i++
	}
	if e.Is(i, "(") {
		i = e.Close(i) + 1
	}
	return i > 0 && e.Is(i, "[") && e.Is(i+1, "]") && !e.Is(i+2, "[")
}

// arrayLiteral turns PostgreSQL's array text, '{a,"b c",NULL}', into a list of literals;
// ok is false for nested arrays and what isn't an array.
func arrayLiteral(s string) (list string, ok bool) {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '{' || s[len(s)-1] != '}' {
		return "", false
	}
	s = s[1 : len(s)-1]
	var b strings.Builder
	b.WriteByte('[')
	for first := true; strings.TrimSpace(s) != ""; first = false {
		if !first {
			if s[0] != ',' {
				return "", false
			}
			s = s[1:]
			b.WriteString(", ")
		}
		elem, rest, quoted, good := arrayElement(strings.TrimLeft(s, " \t\n"))
		if !good {
			return "", false
		}
		s = strings.TrimLeft(rest, " \t\n")
		if !quoted && strings.EqualFold(elem, "null") {
			b.WriteString("NULL")
		} else {
			b.WriteString(lex.QuoteLiteral(elem))
		}
	}
	b.WriteByte(']')
	return b.String(), true
}

func arrayElement(s string) (elem, rest string, quoted, ok bool) {
	var b strings.Builder
	i := 0
	if quoted = strings.HasPrefix(s, `"`); quoted {
		i = 1
	}
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case quoted && c == '"':
			return b.String(), s[i+1:], true, true
		case !quoted && c == ',':
			return strings.TrimSpace(b.String()), s[i:], false, b.Len() > 0
		case !quoted && (c == '{' || c == '}' || c == '"'):
			return "", "", false, false
		default:
			b.WriteByte(c)
		}
	}
	return strings.TrimSpace(b.String()), "", quoted, !quoted && b.Len() > 0
}
