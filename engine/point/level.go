package point

import (
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/rewrite"
)

// writer lowers the joins of one SELECT.
type writer struct {
	*rewrite.Editor
	pass *pass
	// match is the other bracket of a bracket, parent the bracket around a token; -1 for none.
	match, parent []int
	depth         []int
}

func newWriter(e *rewrite.Editor, p *pass) *writer {
	n := len(e.Toks)
	w := &writer{Editor: e, pass: p, match: make([]int, n), parent: make([]int, n), depth: make([]int, n)}
	var open []int
	for i := range e.Toks {
		w.match[i] = -1
		closing := w.Is(i, ")") || w.Is(i, "]") || w.Is(i, "}")
		if closing && len(open) > 0 {
			o := open[len(open)-1]
			open = open[:len(open)-1]
			w.match[i], w.match[o] = o, i
		}
		w.parent[i] = -1
		if len(open) > 0 {
			w.parent[i] = open[len(open)-1]
		}
		w.depth[i] = len(open)
		if w.Is(i, "(") || w.Is(i, "[") || w.Is(i, "{") {
			open = append(open, i)
		}
	}
	return w
}

// joinAt tells whether POINT IN TIME JOIN begins at token i.
func (w *writer) joinAt(i int) bool {
	return w.Word(i, "point") && w.Word(i+1, "in") && w.Word(i+2, "time") && w.Word(i+3, "join")
}

// apply lowers the joins of the SELECT that is nested most deeply.
func apply(e *rewrite.Editor, p *pass) error {
	w := newWriter(e, p)
	deepest := -1
	for i := range w.Toks {
		if w.joinAt(i) && (deepest < 0 || w.depth[i] > w.depth[deepest]) {
			deepest = i
		}
	}
	if deepest < 0 {
		return nil
	}
	l := w.levelOf(deepest)
	var joins []*join
	for i := l.lo; i < l.hi; i++ {
		if w.joinAt(i) && w.parent[i] == w.parent[deepest] {
			j, err := w.read(i)
			if err != nil {
				return err
			}
			joins = append(joins, j)
		}
	}
	for n, j := range joins {
		var err error
		if j.plan, err = planOf(j.view, n+1); err != nil {
			return w.located(err, j)
		}
	}
	for _, j := range joins {
		if err := w.lower(j, joins); err != nil {
			return err
		}
	}
	return w.hide(l, joins)
}

// level is a SELECT: its tokens between brackets, UNION and the like.
type level struct{ open, lo, hi int }

// queries are the words that a query in brackets begins with.
var queries = []string{"select", "with", "from", "values", "pivot", "unpivot", "describe", "summarize", "explain"}

func (w *writer) levelOf(i int) level {
	open := w.parent[i]
	for open >= 0 && !(w.Is(open, "(") && slices.Contains(queries, w.word(open+1))) {
		open = w.parent[open]
	}
	l := level{open, open + 1, len(w.Toks)}
	if open >= 0 && w.match[open] >= 0 {
		l.hi = w.match[open]
	}
	for k := l.lo; k < l.hi; k++ {
		if w.parent[k] != open || !(w.Word(k, "union") || w.Word(k, "intersect") || w.Word(k, "except")) {
			continue
		}
		if k > i {
			l.hi = k
			break
		}
		l.lo = k + 1
	}
	return l
}

// word is an unquoted word in lower case.
func (w *writer) word(i int) string {
	if i < 0 || i >= len(w.Toks) || w.Toks[i].Kind != lex.Ident {
		return ""
	}
	return lex.Fold(w.Text(i))
}

// clauses are the words that end what stands in FROM.
var clauses = []string{"select", "from", "where", "group", "having", "window", "qualify", "order", "limit", "offset", "union", "intersect", "except", "returning",
	"fetch", "set", "when", "tablesample", "using", "on"}

// joinWords begin another join.
var joinWords = []string{"join", "inner", "left", "right", "full", "cross", "natural", "asof", "positional", "semi", "anti"}

// ends tells whether token i is behind an operand of a join: another one, a clause, a comma, a bracket.
func (w *writer) ends(i int) bool {
	if i >= len(w.Toks) || w.Is(i, ",") || w.Is(i, ")") || w.Is(i, ";") || w.Is(i, "]") || w.Is(i, "}") || w.joinAt(i) {
		return true
	}
	word := w.word(i)
	if slices.Contains(joinWords, word) {
		return !((word == "left" || word == "right") && w.Is(i+1, "(")) && !w.Is(i-1, ".") // left('ab', 1)
	}
	if word == "from" && w.Word(i-1, "distinct") {
		return false
	}
	return slices.Contains(clauses, word) && !w.Is(i-1, ".")
}

// until returns the first token from i on that ends an operand.
func (w *writer) until(i int) int {
	for ; i < len(w.Toks) && !w.ends(i); i++ {
		if (w.Is(i, "(") || w.Is(i, "[") || w.Is(i, "{")) && w.match[i] > i {
			i = w.match[i]
		}
	}
	return i
}

// hide keeps the joins' own columns out of the stars of the query.
func (w *writer) hide(l level, joins []*join) error {
	var names []string
	for _, j := range joins {
		for _, name := range j.hiddenColumns() {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	all := strings.Join(names, ", ")
	list := -1
	for i := l.lo; i < l.hi && list < 0; i++ {
		if w.parent[i] == l.open && w.Word(i, "select") {
			list = i + 1
		}
	}
	if list < 0 {
		from := w.fromOf(l, joins[0].first)
		if from >= 0 && (from == l.lo || w.Word(from-1, "as") || w.Is(from-1, ")") || !parse.Reserved(w.Text(from-1))) && !w.changes(l) {
			w.Insert(w.Toks[from].Start, "SELECT * EXCLUDE ("+all+") ")
		}
		return nil
	}
	for i := list; i < l.hi; i++ {
		if w.parent[i] == l.open && i > list && w.word(i) != "" && slices.Contains(clauses, w.word(i)) && !(w.Word(i, "on") && w.Word(i-1, "distinct")) && !w.Is(i-1, ".") {
			break
		}
		if !w.Is(i, "*") || w.parent[i] != l.open && !(w.parent[i] == i-1 && w.Word(i-2, "columns")) {
			continue
		}
		if hidden := w.starred(i, list, all, joins); hidden != "" {
			w.exclude(i, hidden)
		}
	}
	return nil
}

// changes tells whether the statement is one of those that have FROM without SELECT.
func (w *writer) changes(l level) bool {
	return w.Word(l.lo, "update") || w.Word(l.lo, "delete") || w.Word(l.lo, "merge")
}

// fromOf is the FROM in which token i stands.
func (w *writer) fromOf(l level, i int) int {
	for ; i >= l.lo; i-- {
		if w.parent[i] == l.open && w.Word(i, "from") && !w.Word(i-1, "distinct") {
			return i
		}
	}
	return -1
}

// starred returns the columns to keep out of the star at token i, "" if it is none or not of the joins.
func (w *writer) starred(i, list int, all string, joins []*join) string {
	if w.Is(i-1, ".") {
		for _, j := range joins {
			if lex.EqualFold(j.alias, w.Name(i-2)) {
				if j.plan != nil {
					return "" // they are in a relation of their own
				}
				return strings.Join(j.hiddenColumns(), ", ")
			}
		}
		return ""
	}
	if i == list || w.Is(i-1, ",") || w.Is(i-1, "(") || w.Word(i-1, "distinct") || w.Word(i-1, "all") {
		return all
	}
	if w.Is(i-1, ")") && w.Word(w.match[i-1]-1, "on") { // DISTINCT ON (…) *
		return all
	}
	return ""
}

func (w *writer) exclude(i int, names string) {
	switch {
	case !w.Word(i+1, "exclude"):
		w.Insert(w.Toks[i].End, " EXCLUDE ("+names+")")
	case w.Is(i+2, "("):
		w.Insert(w.Toks[i+2].End, names+", ")
	default:
		w.Insert(w.Toks[i+2].Start, "("+names+", ")
		end := i + 2
		for w.Is(end+1, ".") {
			end += 2
		}
		w.Insert(w.Toks[end].End, ")")
	}
}
