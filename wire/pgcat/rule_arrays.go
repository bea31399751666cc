package pgcat

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
)

// arrayRule spells array literals that a cast follows, '{1,2}'::int[] and
// CAST('{1,2}' AS int[]), as DuckDB's lists.
func arrayRule() rewrite.Rule {
	return rewrite.Rule{Name: "array literals", Triggers: []string{"cast"}, Ops: []string{"::"}, Apply: func(e *rewrite.Editor) error {
		w := &walk{Editor: e}
		for i, t := range e.Toks {
			if t.Kind != lex.String || !(e.Is(i+1, "::") || e.Word(i+1, "as") && e.Is(i-1, "(") && e.Word(i-2, "cast")) {
				continue
			}
			if _, last := w.typeName(i + 2); last < 0 || !w.isArray(last) {
				continue
			}
			if list, ok := arrayLiteral(lex.Unquote(e.Src, t)); ok {
				e.ReplaceTok(i, list)
			}
		}
		return nil
	}}
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
