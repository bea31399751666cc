package window

import (
	"strconv"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// level is one SELECT: its tokens between brackets, UNION and the like.
type level struct {
	open, lo, hi int // the bracket around it, -1 for none, and the tokens
	// clauses has the token of each clause's word.
	clauses map[string]int
	items   []span
	windows map[string]span
	// passes are the derived tables' columns, the innermost table first.
	passes [][]rewrite.Part
	done   bool
	// first is the first call that needs a derived table.
	first int
}

// starts are the words that open a clause of a SELECT; all are reserved.
var starts = map[string]bool{"select": true, "from": true, "where": true, "group": true, "having": true, "window": true, "qualify": true,
	"order": true, "limit": true, "offset": true}

// queries are the words that a query in brackets begins with.
var queries = map[string]bool{"select": true, "with": true, "from": true, "describe": true, "summarize": true}

// levelOf returns the SELECT that token i is part of.
func (l *lowering) levelOf(i int) *level {
	open := l.parent[i]
	for open >= 0 && !(l.Is(open, "(") && queries[l.Name(open+1)]) {
		open = l.parent[open]
	}
	v := &level{open: open, lo: open + 1, hi: len(l.Toks), clauses: map[string]int{}, windows: map[string]span{}, first: -1}
	if open >= 0 {
		v.hi = l.match[open]
	}
	for j := v.lo; j < v.hi; j++ {
		if l.parent[j] == open && l.parted(j) {
			if j > i {
				v.hi = j
				break
			}
			v.lo = j + 1
		}
	}
	for _, known := range l.levels {
		if known.lo == v.lo && known.hi == v.hi {
			return known
		}
	}
	l.read(v)
	l.levels = append(l.levels, v)
	return v
}

// parted tells whether token i parts two queries.
func (l *lowering) parted(i int) bool {
	return l.Word(i, "union") || l.Word(i, "intersect") || l.Word(i, "except") && !l.Is(i-1, "*")
}

// read finds the clauses, the items and the named windows.
func (l *lowering) read(v *level) {
	for i := v.lo; i < v.hi; i++ {
		if l.parent[i] != v.open || l.Toks[i].Kind != lex.Ident {
			continue
		}
		word := lex.Fold(l.Text(i))
		if !starts[word] || l.Word(i-1, "within") || l.Is(i-1, ".") || word == "from" && l.Word(i-1, "distinct") && (l.Word(i-2, "is") || l.Word(i-2, "not")) {
			continue
		}
		if _, have := v.clauses[word]; !have {
			v.clauses[word] = i
		}
	}
	if at, ok := v.clauses["select"]; ok {
		l.readItems(v, at+1)
	}
	at, ok := v.clauses["window"]
	if !ok {
		return
	}
	for i := at + 1; i < v.hi; i++ {
		if l.parent[i] == v.open && l.Word(i, "as") && l.Is(i+1, "(") {
			v.windows[l.Name(i-1)] = span{i + 2, l.match[i+1]}
		}
	}
}

func (l *lowering) readItems(v *level, i int) {
	if l.Word(i, "all") || l.Word(i, "distinct") {
		i++
		if l.Word(i, "on") && l.Is(i+1, "(") {
			i = l.match[i+1] + 1
		}
	}
	end := v.end(i)
	for lo := i; i <= end; i++ {
		if i == end || l.parent[i] == v.open && l.Is(i, ",") {
			v.items = append(v.items, span{lo, i})
			lo = i + 1
		}
	}
}

// end returns where the clause ends that token i is in.
func (v *level) end(i int) int {
	end := v.hi
	for _, at := range v.clauses {
		if at >= i && at < end {
			end = at
		}
	}
	return end
}

// hoist makes an expression a column of the derived table at a depth and returns its name.
func (l *lowering) hoist(c *call, depth int, expr []rewrite.Part) string {
	v := c.level
	l.named++
	name := "__eider_" + strconv.Itoa(l.named)
	for len(v.passes) < depth {
		v.passes = append(v.passes, nil)
	}
	column := append([]rewrite.Part{text(", ")}, expr...)
	v.passes[depth-1] = append(append(v.passes[depth-1], column...), text(" AS "+name))
	if v.first < 0 {
		v.first = c.at
	}
	return name
}

// finish names the columns of the levels between two tokens and gives them their derived tables.
func (l *lowering) finish(from, to int) error {
	for _, v := range l.levels {
		if v.done || v.lo <= from || v.hi > to {
			continue
		}
		v.done = true
		l.name(v)
		if len(v.passes) > 0 {
			if err := l.derive(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// derive wraps FROM and WHERE into derived tables.
func (l *lowering) derive(v *level) error {
	refuse := func(why string) error {
		f := l.Name(v.first)
		return sqlstate.Newf(sqlstate.FeatureNotSupported, "%s needs a pass over the rows before, which can't be had %s", f, why).At(l.Toks[v.first].Start).
			WithHint("Compute it in a subquery of its own: WITH rows AS (SELECT …) SELECT …, %s(…) OVER (…) FROM rows.", f)
	}
	from, ok := v.clauses["from"]
	if !ok {
		return refuse("without FROM")
	}
	for _, word := range []string{"group", "having"} {
		if _, ok := v.clauses[word]; ok {
			return refuse("where rows are grouped")
		}
	}
	relation := span{from + 1, v.end(from + 1)}
	alias, ok := l.relation(relation)
	if !ok {
		return refuse("over more than one table")
	}
	end := relation.hi
	if where, ok := v.clauses["where"]; ok {
		if where != relation.hi {
			return refuse("where FROM stands first")
		}
		end = v.end(where + 1)
	}
	if i, ok := l.listed(v); ok {
		return sqlstate.New(sqlstate.FeatureNotSupported, "COLUMNS can't stand beside a window function that needs a pass over the rows before").At(l.Toks[i].Start).
			WithHint("Compute the function in a subquery, and use COLUMNS around it.")
	}
	var head, tail []rewrite.Part
	for i := len(v.passes) - 1; i >= 0; i-- {
		if v.passes[i] == nil {
			continue
		}
		head = append(append(append(head, text("(SELECT *")), v.passes[i]...), text(" FROM "))
		tail = append(tail, text(") AS "+alias))
	}
	l.insert(l.Toks[relation.lo].Start, head...)
	l.insert(l.Toks[end-1].End, tail...)
	l.exclude(v)
	return nil
}

func (l *lowering) insert(offset int, parts ...rewrite.Part) {
	l.edits = append(l.edits, edit{offset, offset, parts})
}

// relation tells what a lone relation in FROM is called.
func (l *lowering) relation(r span) (alias string, ok bool) {
	i := r.lo
	if r.empty() {
		return "", false
	}
	alias = `"__eider_rows"`
	switch {
	case l.Is(i, "("):
		if !queries[l.Name(i+1)] && !l.Word(i+1, "values") {
			return "", false // brackets around joins
		}
		i = l.match[i] + 1
	case l.Toks[i].IsString():
		i++
	case l.Name(i) != "" && !parse.Reserved(l.Text(i)) && !l.Word(i, "values"):
		for l.Is(i+1, ".") && l.Name(i+2) != "" {
			i += 2
		}
		alias = l.Text(i)
		if i++; i < r.hi && l.Is(i, "(") {
			i = l.match[i] + 1
		}
	default:
		return "", false
	}
	as := i < r.hi && l.Word(i, "as")
	if as {
		i++
	}
	if i < r.hi && l.Name(i) != "" && (as || !notAlias[l.Name(i)]) {
		alias = l.Text(i)
		if i++; i < r.hi && l.Is(i, "(") {
			i = l.match[i] + 1
		}
	}
	return alias, i == r.hi
}

// notAlias are the words behind a relation that begin something else.
var notAlias = map[string]bool{"join": true, "inner": true, "left": true, "right": true, "full": true, "cross": true, "natural": true, "asof": true,
	"positional": true, "semi": true, "anti": true, "tablesample": true, "using": true, "at": true, "pivot": true, "unpivot": true, "with": true}

// listed returns a COLUMNS expression among the items.
func (l *lowering) listed(v *level) (int, bool) {
	for _, item := range v.items {
		for i := item.lo; i < item.hi; i++ {
			if l.Word(i, "columns") && l.Is(i+1, "(") {
				return i, true
			}
		}
	}
	return 0, false
}

// exclude keeps the derived tables' own columns out of the stars.
func (l *lowering) exclude(v *level) {
	names := ""
	for i := 1; i <= l.named; i++ { // those of other levels do no harm only where they are known
		name := "__eider_" + strconv.Itoa(i)
		if v.has(name) {
			if names != "" {
				names += ", "
			}
			names += name
		}
	}
	for _, item := range v.items {
		i := item.lo
		for i < item.hi && l.Name(i) != "" && l.Is(i+1, ".") {
			i += 2
		}
		if i >= item.hi || !l.Is(i, "*") {
			continue
		}
		if !l.Word(i+1, "exclude") || i+1 >= item.hi {
			l.insert(l.Toks[i].End, text(" EXCLUDE ("+names+")"))
			continue
		}
		if l.Is(i+2, "(") {
			l.insert(l.Toks[i+2].End, text(names+", "))
			continue
		}
		l.insert(l.Toks[i+2].Start, text("("+names+", "))
		l.insert(l.Toks[i+2].End, text(")"))
	}
}

func (v *level) has(name string) bool {
	for _, pass := range v.passes {
		for _, p := range pass {
			if p.Text == " AS "+name {
				return true
			}
		}
	}
	return false
}
