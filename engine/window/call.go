package window

import (
	"slices"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// call is name(args) [FILTER (WHERE …)] OVER …, of the family or of DuckDB's own.
type call struct {
	at, open, close int
	filter          span // the condition
	over, last      int
	fn              *function // nil for DuckDB's own
	level           *level
	// depth is the number of derived tables that must stand below.
	depth int
	// hoisted tells that it has become a column of a derived table.
	hoisted bool
}

func (c *call) contains(d *call) bool { return c != d && c.at <= d.at && d.last <= c.last }

// find collects the calls with OVER, inner ones before outer ones, and refuses calls of
// the family without.
func (l *lowering) find() error {
	known := map[int]bool{}
	ours := false
	for i := range l.Toks {
		if c, ok := l.windowed(i); ok {
			known[c.at] = true
			ours = ours || c.fn != nil
			l.calls = append(l.calls, c)
		}
	}
	for i := range l.Toks {
		if f := l.family[l.Name(i)]; f != nil && !known[i] && l.Is(i+1, "(") && l.expression(i) {
			return l.lonely(f, i)
		}
	}
	if !ours {
		l.calls = nil
		return nil
	}
	slices.SortFunc(l.calls, func(a, b *call) int { return a.last - b.last })
	for _, c := range l.calls {
		c.level = l.levelOf(c.at)
	}
	return nil
}

// windowed reads the call whose OVER is token i.
func (l *lowering) windowed(i int) (*call, bool) {
	if !l.Word(i, "over") || !l.Is(i-1, ")") {
		return nil, false
	}
	c := &call{over: i, close: i - 1, last: i + 1}
	switch {
	case l.Is(i+1, "("):
		c.last = l.match[i+1]
	case l.Name(i+1) == "":
		return nil, false
	}
	c.open = l.match[c.close]
	if l.Word(c.open-1, "filter") && l.Is(c.open-2, ")") {
		c.filter = span{c.open + 1, c.close}
		if l.Word(c.filter.lo, "where") {
			c.filter.lo++
		}
		c.close = c.open - 2
		c.open = l.match[c.close]
	}
	c.at = c.open - 1
	if l.Name(c.at) == "" || !l.Is(c.open, "(") {
		return nil, false
	}
	if !l.Is(c.at-1, ".") {
		c.fn = l.family[l.Name(c.at)]
	}
	return c, true
}

// lonely is the error for a call without OVER.
func (l *lowering) lonely(f *function, i int) error {
	hint := "Write " + f.decl.Name + "(…) OVER (PARTITION BY the entity"
	if f.decl.Window.Ordered {
		hint += " ORDER BY a time"
	}
	hint += "); OVER () takes all rows as one group."
	if l.wordAfter(l.match[i+1], "ignore") || l.wordAfter(l.match[i+1], "respect") {
		return sqlstate.Newf(sqlstate.FeatureNotSupported, "%s does not take IGNORE NULLS or RESPECT NULLS", f.decl.Name).At(l.Toks[l.match[i+1]+1].Start)
	}
	return sqlstate.Newf(sqlstate.WrongObjectType, "window function %s requires an OVER clause", f.decl.Name).At(l.Toks[i].Start).WithHint("%s", hint)
}

func (l *lowering) wordAfter(i int, word string) bool { return l.Word(i+1, word) }

// before are the words behind which an expression begins.
var before = map[string]bool{
	"select": true, "distinct": true, "all": true, "where": true, "and": true, "or": true, "not": true, "having": true, "qualify": true, "by": true,
	"case": true, "when": true, "then": true, "else": true, "in": true, "like": true, "ilike": true, "between": true, "any": true, "some": true,
	"limit": true, "offset": true, "returning": true, "values": true, "escape": true, "to": true, "set": true, "is": true,
}

// expression tells whether name( at token i is a function's call rather than a table with
// columns, a definition or a query's name.
func (l *lowering) expression(i int) bool {
	if i == 0 {
		return false
	}
	behind := l.match[i+1] + 1
	if l.Word(behind, "as") && (l.Is(behind+1, "(") || l.Word(behind+1, "materialized") || l.Word(behind+1, "not")) {
		return false // WITH name(columns) AS (…)
	}
	switch t := l.Toks[i-1]; t.Kind {
	case lex.Op:
		return true
	case lex.Punct:
		switch l.Src[t.Start] {
		case '(', '[', '{', ',', ':':
			return true
		}
	case lex.Ident:
		return before[lex.Fold(t.Text(l.Src))]
	}
	return false
}
