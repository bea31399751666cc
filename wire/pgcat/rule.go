package pgcat

import (
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
)

// Rules returns the rewrites for sessions of PostgreSQL clients. It is one rule: its
// parts share one walk over the tokens, so that no two of them edit the same bytes.
func Rules() []rewrite.Rule {
	n := newNames()
	return []rewrite.Rule{{
		Name:     "pg_catalog",
		Triggers: n.triggers(),
		Ops:      []string{"~*", "!~*"},
		Apply: func(e *rewrite.Editor) error {
			w := &walk{Editor: e, names: n, ctes: map[string]bool{}, classes: map[string]string{}, frames: []frame{{}}}
			if c, ok := e.Env.(Catalog); ok {
				w.env = c
			}
			w.run()
			return w.err
		},
	}}
}

// Catalog is what the session offers to the rule.
type Catalog interface {
	// RefreshCatalog brings parts of the catalogs, numbers of texts of Refresh, in step with
	// the database if they aren't. The set to read: 0 is the copy, 1 what a session with
	// definitions of its own must read (Private), 2 what an ordinary role may know of (Role).
	RefreshCatalog(parts []int) (set int, err error)
}

const readRole = 2

// clause is where in a query a token stands.
type clause uint8

const (
	elsewhere clause = iota
	selectList
	fromList
)

// frame is an open parenthesis, or the statement itself at the bottom.
type frame struct {
	clause clause
	// relation: the next name is a relation's.
	relation bool
	// array: the parenthesis is that of ARRAY(SELECT …).
	array bool
	// arguments: FROM is a word of the call's syntax, as in EXTRACT(year FROM x).
	arguments bool
	// item is the index of the token that starts the select item.
	item int
}

// item is an entry of a select list: the tokens [from, to).
type item struct {
	from, to int
	outer    bool // of the outermost query
	array    bool // of ARRAY(SELECT …): object types are wanted as text
}

// walk is one pass over one statement.
type walk struct {
	*rewrite.Editor
	names  *names
	ctes   map[string]bool
	frames []frame
	items  []item
	ops    []int // operators that mean PostgreSQL's only if the statement asks the catalog
	casts  []cast
	// castCalls are those in the other spelling.
	castCalls []castCall
	// sets are set-returning calls in FROM, by the index of their closing parenthesis.
	sets []int
	// classes are the catalogs in FROM, by the names they go by; systems are mentions of tableoid.
	classes map[string]string
	systems []int
	// catalog: the statement names something of pg_catalog or information_schema.
	catalog bool
	env     Catalog
	// parts were asked for with RefreshCatalog, which said to read set.
	parts []int
	asked bool
	set   int
	err   error
}

// schema returns the schema to use for the relation or macro s.name, s being pg or info.
func (w *walk) schema(s, name string) string {
	if w.env != nil && w.err == nil && !(w.asked && w.has(s+"."+name)) {
		w.refresh(append(w.mentioned(), s+"."+name)...)
	}
	if made := s + "." + name; w.names.made[made] || w.names.macros[made] {
		return [...]string{database, nowDatabase, roleDatabase}[w.set] + "." + s
	}
	return database + "." + s
}

// macro returns the spelling of a call of a macro of pg.
func (w *walk) macro(name string) string { return w.schema("pg", name) + "." + lex.QuoteIdent(name) }

func (w *walk) top() *frame { return &w.frames[len(w.frames)-1] }

// run visits the tokens from left to right; steps return the index to go on from.
func (w *walk) run() {
	w.findCTEs()
	for i := 0; i < len(w.Toks); {
		t := w.Toks[i]
		switch {
		case t.IsIdent():
			i = w.ident(i)
		case t.Kind == lex.Punct:
			i = w.punct(i)
		case t.Kind == lex.Op:
			i = w.operator(i)
		default:
			w.top().relation = false
			i++
		}
	}
	w.closeItem(len(w.Toks))
	w.finishItems()
	w.finishCasts()
	w.finishCastCalls()
	if w.catalog {
		w.finishOperators()
		w.finishSets()
		w.finishSystemColumns()
	}
}

// findCTEs notes the names that WITH gives: they hide catalog relations.
func (w *walk) findCTEs() {
	for i := 1; i < len(w.Toks); i++ {
		if w.Name(i) == "" || !(w.Word(i-1, "with") || w.Word(i-1, "recursive") || w.Is(i-1, ",")) {
			continue
		}
		j := i + 1
		if w.Is(j, "(") {
			j = w.Close(j) + 1
		}
		if !w.Word(j, "as") {
			continue
		}
		j++
		if w.Word(j, "not") {
			j++
		}
		if w.Word(j, "materialized") {
			j++
		}
		if w.Is(j, "(") {
			w.ctes[w.Name(i)] = true
		}
	}
}

func (w *walk) punct(i int) int {
	f := w.top()
	switch w.Text(i) {
	case "(", "[", "{":
		// FROM (a JOIN b): names inside stand for relations too.
		inner := frame{relation: f.relation, arguments: fromCalls[w.Name(i-1)], array: w.Word(i-1, "array")}
		if f.relation {
			inner.clause = fromList
		}
		f.relation = false
		w.frames = append(w.frames, inner)
	case ")", "]", "}":
		w.closeItem(i)
		if len(w.frames) > 1 {
			w.frames = w.frames[:len(w.frames)-1]
		}
	case ",":
		switch f.clause {
		case selectList:
			w.closeItem(i)
			f.item = i + 1
		case fromList:
			f.relation = true
		}
	case ";":
		w.closeItem(i)
		*f = frame{}
	}
	return i + 1
}

// fromCalls are functions with FROM among their arguments.
var fromCalls = map[string]bool{"extract": true, "substring": true, "trim": true, "overlay": true, "position": true}

// closeItem ends the select item that is open in the present frame.
func (w *walk) closeItem(to int) {
	if f := w.top(); f.clause == selectList && to > f.item {
		w.items = append(w.items, item{from: f.item, to: to, outer: len(w.frames) == 1, array: f.array})
	}
}

func (w *walk) enter(c clause, i int) {
	w.closeItem(i)
	f := w.top()
	f.clause, f.item, f.relation = c, i+1, c == fromList
}

// keyword moves between clauses; it reports whether the word was one that does.
func (w *walk) keyword(i int) bool {
	switch w.Name(i) {
	case "select":
		w.enter(selectList, i)
		f := w.top()
		if w.Word(i+1, "all") || w.Word(i+1, "distinct") && !w.Word(i+2, "on") {
			f.item = i + 2
		} else if w.Word(i+1, "distinct") {
			f.item = w.Close(i+3) + 1
		}
	case "from":
		if w.top().arguments {
			return true
		}
		if w.Word(i-1, "distinct") && (w.Word(i-2, "is") || w.Word(i-3, "is")) {
			return true
		}
		w.enter(fromList, i)
	case "join":
		w.enter(fromList, i)
	case "table":
		if i == 0 || w.Is(i-1, "(") {
			w.enter(fromList, i)
		}
	case "lateral", "only":
		// The relation is still to come.
	case "on", "using", "tablesample":
		w.top().relation = false
	case "where", "group", "having", "window", "order", "limit", "offset", "fetch", "union", "intersect", "except", "returning", "values", "set", "qualify", "into":
		w.enter(elsewhere, i)
	default:
		return false
	}
	return true
}

// bareWord reports whether token i is an unquoted identifier that stands alone.
func (w *walk) bareWord(i int) bool {
	return w.Toks[i].Kind == lex.Ident && !w.Is(i-1, ".") && !w.Is(i+1, ".")
}

func (w *walk) ident(i int) int {
	if w.Is(i-1, ".") {
		return i + 1 // a field of something in parentheses
	}
	if w.bareWord(i) && !w.aliasPlace(i) {
		if w.keyword(i) {
			return i + 1
		}
		switch w.Name(i) {
		case "operator":
			if w.Is(i+1, "(") {
				return w.namedOperator(i)
			}
		case "collate":
			return w.collation(i)
		case "cast", "try_cast":
			if w.Is(i+1, "(") {
				w.callCast(i)
			}
		case "schema":
			return w.schemaName(i)
		}
	}
	return w.chain(i)
}

// aliasPlace reports whether the word follows AS and so is a name whatever it spells
// (but a query may follow AS too: CREATE TABLE t AS SELECT).
func (w *walk) aliasPlace(i int) bool {
	return w.Word(i-1, "as") && !w.Word(i, "select") && !w.Word(i, "from") && !w.Word(i, "table")
}
