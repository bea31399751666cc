package lineage

import (
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
)

// Operation is what a statement does with its target.
type Operation string

// The operations.
const (
	CreateTable Operation = "CREATE TABLE AS"
	CreateView  Operation = "CREATE VIEW"
	Insert      Operation = "INSERT"
	Update      Operation = "UPDATE"
	Delete      Operation = "DELETE"
	MergeInto   Operation = "MERGE"
	CopyFrom    Operation = "COPY FROM"
	CopyTo      Operation = "COPY TO"
)

// Name is the name of a relation as it is written.
type Name struct{ Catalog, Schema, Name string }

// SQL is the name, quoted.
func (n Name) SQL() string {
	var parts []string
	for _, p := range []string{n.Catalog, n.Schema, n.Name} {
		if p != "" {
			parts = append(parts, lex.QuoteIdent(p))
		}
	}
	return strings.Join(parts, ".")
}

// Statement is what a statement writes, and the queries that say from what.
type Statement struct {
	Operation Operation
	Target    Name
	// File is what COPY reads or writes.
	File string
	// Replace is OR REPLACE of a definition, IfNotExists and Temporary are its options.
	Replace, IfNotExists, Temporary bool
	// Columns are those that the statement lists; nil where it lists none.
	Columns []string
	Parts   []Part
}

// Part is a query that stands for what the statement does.
type Part struct {
	SQL string
	// Columns are the target's that the query's give, by position: nil for those of the
	// Statement, or all of the target. ByName tells that they go by the query's own names.
	Columns []string
	ByName  bool
	// Cells tells that what decides the query's rows decides which values of Columns are
	// written, and no more than that.
	Cells bool
	// Rows tells that the query has no columns that go anywhere.
	Rows bool
}

// Read reads a statement that gives its target a lineage; nil for any other, or for one whose
// values are all written in it. It is for statements that DuckDB accepted: what it can't read
// it takes for one without a lineage.
func Read(text string, st lex.Stmt) *Statement {
	c := classify.Classify(text, st)
	if c.Body >= len(st.Tokens) {
		return nil
	}
	r := &reader{Parser: parse.New(text, st), src: text, st: st, class: c}
	switch c.Verb {
	case classify.CreateAs, classify.Create:
		return r.create()
	case classify.Insert, classify.Update, classify.Delete, classify.Merge:
		if c.Verb == classify.Insert && !r.mentions("select", "from", "table", "pivot", "unpivot") {
			return nil // values, which come from no table
		}
		if c.With {
			r.with = strings.TrimSpace(text[st.Start:st.Tokens[c.Body].Start]) + " "
			for range c.Body {
				r.Next()
			}
		}
		return r.modify()
	case classify.CopyFromFile, classify.CopyToFile:
		return r.copy()
	}
	return nil
}

// reader reads one statement.
type reader struct {
	*parse.Parser
	src   string
	st    lex.Stmt
	class classify.Class
	with  string // the WITH clause, with a blank
}

func (r *reader) mentions(words ...string) bool {
	for _, t := range r.st.Tokens {
		for _, w := range words {
			if t.Word(r.src, w) {
				return true
			}
		}
	}
	return false
}

func (r *reader) name() (Name, bool) {
	q, err := r.QualifiedName("a name")
	if err != nil || len(q.Parts) > 3 {
		return Name{}, false
	}
	var n Name
	p := q.Parts
	n.Name = p[len(p)-1].Text
	if len(p) > 1 {
		n.Schema = p[len(p)-2].Text
	}
	if len(p) > 2 {
		n.Catalog = p[0].Text
	}
	return n, true
}

// columns reads a list of names in brackets, if one is here.
func (r *reader) columns() ([]string, bool) {
	var out []string
	err := r.Parens(func() error {
		n, err := r.Label("a column")
		if err == nil {
			out = append(out, n.Text)
		}
		return err
	})
	return out, err == nil
}

// rest is the text from here up to the words, outside brackets and CASE, or to the end.
func (r *reader) rest(words ...string) string {
	start := r.Peek().Start
	if r.Eof() {
		return ""
	}
	end := start
	depth, cases := 0, 0
	for !r.Eof() {
		t := r.Peek()
		switch {
		case t.Is(r.src, "("), t.Is(r.src, "["), t.Is(r.src, "{"):
			depth++
		case t.Is(r.src, ")"), t.Is(r.src, "]"), t.Is(r.src, "}"):
			depth--
		case depth > 0, t.Kind != lex.Ident, r.PeekN(-1).Is(r.src, "."):
		case t.Word(r.src, "case"):
			cases++
		case cases > 0:
			if t.Word(r.src, "end") {
				cases--
			}
		case r.stops(t, words):
			return r.src[start:end]
		}
		end = t.End
		r.Next()
	}
	return r.src[start:end]
}

func (r *reader) stops(t lex.Token, words []string) bool {
	for _, w := range words {
		if t.Word(r.src, w) && !(w == "from" && r.PeekN(-1).Word(r.src, "distinct")) {
			return true
		}
	}
	return false
}

// create reads CREATE TABLE … AS and CREATE VIEW.
func (r *reader) create() *Statement {
	s := &Statement{}
	r.Next()
	s.Replace = r.AcceptWords("or", "replace")
	for {
		w, ok := r.AcceptOneOf("local", "global", "temp", "temporary", "unlogged", "recursive", "persistent")
		if !ok {
			break
		}
		s.Temporary = s.Temporary || w == "temp" || w == "temporary"
	}
	switch {
	case r.AcceptWord("view"):
		s.Operation = CreateView
	case r.AcceptWord("table") && r.class.Verb == classify.CreateAs:
		s.Operation = CreateTable
	default:
		return nil
	}
	s.IfNotExists = r.AcceptWords("if", "not", "exists")
	ok := false
	if s.Target, ok = r.name(); !ok {
		return nil
	}
	if r.IsMark("(") {
		if s.Columns, ok = r.columns(); !ok {
			return nil
		}
	}
	r.rest("as")
	if !r.AcceptWord("as") {
		return nil
	}
	start, toks := r.Peek().Start, r.st.Tokens
	end := toks[len(toks)-1].End
	if n := len(toks); n > 2 && toks[n-1].Word(r.src, "data") && toks[n-2].Word(r.src, "with") {
		end = toks[n-3].End
	}
	sql := r.src[start:max(start, end)]
	s.Parts = []Part{{SQL: sql, ByName: s.Columns == nil}}
	return s
}

func (r *reader) modify() *Statement {
	switch r.class.Verb {
	case classify.Insert:
		return r.insert()
	case classify.Update:
		return r.update()
	case classify.Delete:
		return r.delete()
	}
	return r.merge()
}

// alias reads [AS] alias, if one stands before the words; it returns the relation as FROM takes it.
func (r *reader) alias(n Name, before ...string) string {
	as := r.AcceptWord("as")
	if !as && (!r.Peek().IsIdent() || slices.ContainsFunc(before, func(w string) bool { return r.Is(w) })) {
		return n.SQL()
	}
	a, err := r.Label("an alias")
	if err != nil {
		return n.SQL()
	}
	return n.SQL() + " AS " + lex.QuoteIdent(a.Text)
}

// insert reads INSERT [OR REPLACE|IGNORE] INTO t [AS a] [(cols)] [BY NAME|POSITION] query [ON CONFLICT …].
func (r *reader) insert() *Statement {
	s := &Statement{Operation: Insert}
	r.Next()
	if r.AcceptWord("or") {
		r.Next()
	}
	if !r.AcceptWord("into") {
		return nil
	}
	ok := false
	if s.Target, ok = r.name(); !ok {
		return nil
	}
	target := r.alias(s.Target, "by", "select", "values", "default", "with", "from", "table", "pivot", "unpivot")
	if r.IsMark("(") && !r.AtQuery() {
		if s.Columns, ok = r.columns(); !ok {
			return nil
		}
	}
	byName := r.AcceptWords("by", "name")
	if !byName {
		r.AcceptWords("by", "position")
	}
	start := r.Peek().Start
	r.rest("on", "returning")
	for r.Is("on") && !r.PeekN(1).Word(r.src, "conflict") { // JOIN … ON
		r.Next()
		r.rest("on", "returning")
	}
	query := r.src[start:max(start, r.PeekN(-1).End)]
	s.Parts = []Part{{SQL: r.with + query, ByName: byName}}
	if r.AcceptWords("on", "conflict") {
		s.Parts = append(s.Parts, r.conflict(s, target, query)...)
	}
	return s
}

// conflict reads what follows ON CONFLICT: the values that are set come from the target's rows
// and from those that were to be inserted.
func (r *reader) conflict(s *Statement, target, query string) []Part {
	r.rest("do")
	if !r.AcceptWords("do", "update", "set") {
		return nil
	}
	sets, ok := r.assignments("where", "returning")
	where := ""
	if r.AcceptWord("where") {
		where = " WHERE " + r.rest("returning")
	}
	if !ok {
		return nil
	}
	excluded := "(" + query + ") AS excluded"
	if s.Columns != nil {
		excluded += "(" + quoted(s.Columns) + ")"
	}
	return []Part{sets.part(r.with, target+", "+excluded+where)}
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = lex.QuoteIdent(n)
	}
	return strings.Join(out, ", ")
}

// assigned are the columns and expressions of SET.
type assigned struct{ columns, values []string }

// part is the query that gives the values.
func (a assigned) part(with, from string) Part {
	items := make([]string, len(a.values))
	for i, v := range a.values {
		items[i] = "(" + v + "\n) AS " + lex.QuoteIdent(a.columns[i])
	}
	return Part{SQL: with + "SELECT " + strings.Join(items, ", ") + " FROM " + from, Columns: a.columns, Cells: true}
}

// assignments reads col = expr [, …] and (a, b) = (x, y).
func (r *reader) assignments(stops ...string) (assigned, bool) {
	var out assigned
	for {
		var names []string
		ok := true
		if r.IsMark("(") {
			names, ok = r.columns()
		} else {
			n, err := r.QualifiedName("a column")
			if ok = err == nil; ok {
				names = []string{n.Last()}
			}
		}
		if !ok || !r.AcceptMark("=") {
			return out, false
		}
		value, ok := r.expression(stops)
		if !ok {
			return out, false
		}
		for _, n := range names {
			out.columns, out.values = append(out.columns, n), append(out.values, value)
		}
		if !r.AcceptMark(",") {
			return out, true
		}
	}
}

// expression reads one value; DEFAULT comes from nowhere.
func (r *reader) expression(stops []string) (string, bool) {
	if r.AcceptWord("default") {
		return "NULL", true
	}
	first := r.Peek().Start
	for {
		span, err := r.ExprUntil(append([]string{"from"}, stops...)...)
		if err != nil {
			return "", false
		}
		if !r.Is("from") || !r.PeekN(-1).Word(r.src, "distinct") {
			return r.src[first:span.End], true
		}
		r.Next() // IS DISTINCT FROM
	}
}

// update reads UPDATE t [AS a] SET … [FROM …] [WHERE …].
func (r *reader) update() *Statement {
	s := &Statement{Operation: Update}
	r.Next()
	ok := false
	if s.Target, ok = r.name(); !ok {
		return nil
	}
	from := r.alias(s.Target, "set")
	if !r.AcceptWord("set") {
		return nil
	}
	sets, ok := r.assignments("where", "returning")
	if !ok {
		return nil
	}
	if r.AcceptWord("from") {
		from += ", " + r.rest("where", "returning")
	}
	if r.AcceptWord("where") {
		from += " WHERE " + r.rest("returning")
	}
	s.Parts = []Part{sets.part(r.with, from)}
	return s
}

// delete reads DELETE FROM t [AS a] [USING …] [WHERE …]: what decides which rows go.
func (r *reader) delete() *Statement {
	s := &Statement{Operation: Delete}
	r.Next()
	r.AcceptWord("from")
	ok := false
	if s.Target, ok = r.name(); !ok {
		return nil
	}
	from := r.alias(s.Target, "using", "where", "returning")
	if r.AcceptWord("using") {
		from += ", " + r.rest("where", "returning")
	}
	if r.AcceptWord("where") {
		from += " WHERE " + r.rest("returning")
	}
	s.Parts = []Part{{SQL: r.with + "SELECT 1 FROM " + from, Rows: true}}
	return s
}
