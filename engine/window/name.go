package window

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
)

// name gives the items of a SELECT that have calls of the family the name that DuckDB
// would have given them: their own text.
func (l *lowering) name(v *level) {
	for _, item := range v.items {
		ours := false
		for _, c := range l.calls {
			ours = ours || c.level == v && c.at >= item.lo && c.last < item.hi && (c.fn != nil || c.hoisted)
		}
		if ours && !l.aliased(item) {
			l.insert(l.Toks[item.hi-1].End, text(" AS "+lex.QuoteIdent(l.spelling(item))))
		}
	}
}

// spelling is the source of some tokens in one line.
func (l *lowering) spelling(s span) string {
	return strings.Join(strings.Fields(l.Src[l.Toks[s.lo].Start:l.Toks[s.hi-1].End]), " ")
}

// aliased tells whether an item ends in a name for it, or begins with one (name: expression).
func (l *lowering) aliased(item span) bool {
	last := item.hi - 1
	if l.Name(item.lo) != "" && l.Is(item.lo+1, ":") {
		return true
	}
	for _, c := range l.calls {
		if c.last == last && c.over+1 == last {
			return false // the name of its window
		}
	}
	if l.Name(last) == "" || last-1 < item.lo {
		return false
	}
	t := l.Toks[last-1]
	if t.Word(l.Src, "as") {
		return true
	}
	if l.Toks[last].Kind == lex.Ident && parse.Reserved(l.Text(last)) {
		return false
	}
	switch t.Kind {
	case lex.Number, lex.String, lex.EscapeString, lex.UnicodeString, lex.DollarString, lex.BitString, lex.Param, lex.QuotedIdent, lex.UnicodeIdent:
		return true
	case lex.Punct:
		return t.Is(l.Src, ")") || t.Is(l.Src, "]") || t.Is(l.Src, "}")
	case lex.Ident:
		word := lex.Fold(t.Text(l.Src))
		return word == "end" || word == "null" || word == "true" || word == "false" || !parse.Reserved(word) && !infix[word]
	}
	return false
}

// infix are the words between two operands that are not reserved.
var infix = map[string]bool{"is": true, "isnull": true, "like": true, "ilike": true, "glob": true, "similar": true, "between": true,
	"interval": true, "over": true, "double": true, "time": true, "timestamp": true, "escape": true, "at": true, "zone": true}
