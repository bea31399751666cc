package gate

import (
	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
)

// modify reads INSERT, UPDATE, DELETE, MERGE and TRUNCATE.
func (r *reader) modify() (*statement, error) {
	r.out.writes = true
	if body := r.class.Body; body > 0 {
		if !r.toks[0].Word(r.src, "with") {
			return nil, errUnread("a statement in parentheses")
		}
		r.with = r.src[r.toks[0].Start:r.toks[body].Start]
		for range body {
			r.Next()
		}
		r.piece("SELECT 1") // reads the WITH clause even if nothing follows that is made a piece of
	}
	var err error
	switch r.class.Verb {
	case classify.Insert:
		r.out.verb, r.out.kinds = "insert", []string{"INSERT"}
		err = r.insert()
	case classify.Update:
		r.out.verb, r.out.kinds = "update", []string{"UPDATE"}
		err = r.update()
	case classify.Delete:
		r.out.verb, r.out.kinds = "delete", []string{"DELETE"}
		err = r.delete()
	case classify.Merge:
		r.out.verb, r.out.kinds = "merge", []string{"MERGE"}
		err = r.merge()
	case classify.Truncate:
		r.out.verb, r.out.kinds = "truncate", []string{"DELETE"}
		err = r.truncate()
	default:
		err = refused(r.class)
	}
	if err == nil {
		err = r.ExpectEof()
	}
	if err != nil {
		return nil, err
	}
	return &r.out, nil
}

// use adds the statement's target.
func (r *reader) use(need Privilege) error {
	ref, err := r.name()
	if err != nil {
		return err
	}
	r.out.targets = append(r.out.targets, target{ref: ref, kind: kindTable, op: opUse, need: need})
	return nil
}

// need adds a privilege on the statement's target.
func (r *reader) need(p Privilege) { r.out.targets[0].need |= p }

// alias moves past [AS] alias unless one of the words stands there.
func (r *reader) alias(unless ...string) error {
	if r.AcceptWord("as") {
		_, err := r.Label("an alias")
		return err
	}
	if r.Peek().IsIdent() && !r.stops(r.Peek(), unless) {
		_, err := r.Label("an alias")
		return err
	}
	return nil
}

func (r *reader) insert() error {
	if err := r.ExpectWord("insert"); err != nil {
		return err
	}
	replaces := false
	if r.AcceptWord("or") {
		w, err := r.ExpectOneOf("replace", "ignore")
		if err != nil {
			return err
		}
		replaces = w == "replace"
	}
	if err := r.ExpectWord("into"); err != nil {
		return err
	}
	if err := r.use(Insert); err != nil {
		return err
	}
	if replaces {
		r.need(Update)
	}
	if r.AcceptWord("as") {
		if _, err := r.Label("an alias"); err != nil {
			return err
		}
	}
	if r.IsMark("(") && !r.AtQuery() {
		if err := r.Parens(func() error { _, err := r.Label("a column"); return err }); err != nil {
			return err
		}
	}
	if r.AcceptWord("by") {
		if _, err := r.ExpectOneOf("name", "position"); err != nil {
			return err
		}
	}
	if !r.AcceptWords("default", "values") {
		r.source()
	}
	if err := r.onConflict(); err != nil {
		return err
	}
	return r.returning()
}

// source adds the rows of an INSERT. DEFAULT may stand for a value there, which a SELECT doesn't
// have, and long lists of literals read nothing.
func (r *reader) source() {
	first := r.Mark()
	sql := r.until("on", "returning")
	toks := r.toks[int(first):int(r.Mark())]
	if r.literals(toks) {
		return
	}
	sql = r.withoutDefault(sql, toks)
	if r.with != "" {
		sql = "FROM (" + sql + ")" // it may have a WITH of its own
	}
	r.piece(sql)
}

// literals tells whether the tokens are VALUES with lists of literals and parameters.
func (r *reader) literals(toks []lex.Token) bool {
	if len(toks) == 0 || !toks[0].Word(r.src, "values") {
		return false
	}
	for _, t := range toks[1:] {
		switch t.Kind {
		case lex.Number, lex.String, lex.EscapeString, lex.DollarString, lex.BitString, lex.Param, lex.Question:
		case lex.Punct:
		case lex.Op:
			if !t.Is(r.src, "-") && !t.Is(r.src, "+") {
				return false
			}
		case lex.Ident:
			if !t.Word(r.src, "null") && !t.Word(r.src, "true") && !t.Word(r.src, "false") && !t.Word(r.src, "default") {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// withoutDefault replaces the word DEFAULT by NULL where it is a whole value of a VALUES list.
func (r *reader) withoutDefault(sql string, toks []lex.Token) string {
	if len(toks) == 0 || !toks[0].Word(r.src, "values") {
		return sql
	}
	b, from := []byte(nil), toks[0].Start
	for i, t := range toks {
		if i+1 < len(toks) && t.Word(r.src, "default") && (toks[i-1].Is(r.src, "(") || toks[i-1].Is(r.src, ",")) &&
			(toks[i+1].Is(r.src, ")") || toks[i+1].Is(r.src, ",")) {
			b = append(append(b, r.src[from:t.Start]...), "NULL"...)
			from = t.End
		}
	}
	return string(append(b, r.src[from:toks[len(toks)-1].End]...))
}

func (r *reader) onConflict() error {
	if !r.AcceptWords("on", "conflict") {
		return nil
	}
	if r.IsMark("(") {
		r.piece("SELECT " + r.brackets())
		if r.AcceptWord("where") {
			r.expression(r.until("do"))
		}
	}
	if err := r.ExpectWord("do"); err != nil {
		return err
	}
	if r.AcceptWord("nothing") {
		return nil
	}
	if err := r.ExpectWords("update", "set"); err != nil {
		return err
	}
	r.need(Update)
	if err := r.assignments("where", "returning"); err != nil {
		return err
	}
	if r.AcceptWord("where") {
		r.need(Select)
		r.expression(r.until("returning"))
	}
	return nil
}

// brackets returns the bracket that opens here, with all that it holds.
func (r *reader) brackets() string {
	start, depth, end := r.Peek().Start, 0, r.Peek().End
	for !r.Eof() {
		t := r.Next()
		end = t.End
		switch {
		case t.Is(r.src, "("), t.Is(r.src, "["), t.Is(r.src, "{"):
			depth++
		case t.Is(r.src, ")"), t.Is(r.src, "]"), t.Is(r.src, "}"):
			depth--
		}
		if depth == 0 {
			break
		}
	}
	return r.src[start:end]
}

func (r *reader) returning() error {
	if !r.AcceptWord("returning") {
		return nil
	}
	r.need(Select)
	r.piece("SELECT " + r.until() + " FROM (SELECT 1)")
	return nil
}

// assignments reads col = expr [, …], (a, b) = expr up to one of the words.
func (r *reader) assignments(stops ...string) error {
	if r.AcceptMark("*") { // every column, by name
		return nil
	}
	for {
		if r.IsMark("(") {
			r.piece("SELECT " + r.brackets()) // names
		} else if _, err := r.QualifiedName("a column"); err != nil {
			return err
		}
		if err := r.ExpectMark("="); err != nil {
			return err
		}
		if !r.AcceptWord("default") {
			span, err := r.ExprUntil(append([]string{"from"}, stops...)...)
			if err != nil {
				return err
			}
			sql := span.Text
			// ExprUntil stops at the FROM of IS DISTINCT FROM too.
			for r.Is("from") && r.PeekN(-1).Word(r.src, "distinct") {
				r.Next()
				more, err := r.ExprUntil(append([]string{"from"}, stops...)...)
				if err != nil {
					return err
				}
				sql = r.src[span.Start:more.End]
			}
			r.expression(sql)
		}
		if !r.AcceptMark(",") {
			return nil
		}
	}
}

func (r *reader) update() error {
	if err := r.ExpectWord("update"); err != nil {
		return err
	}
	if err := r.use(Update); err != nil {
		return err
	}
	if err := r.alias("set"); err != nil {
		return err
	}
	if err := r.ExpectWord("set"); err != nil {
		return err
	}
	if err := r.assignments("where", "returning"); err != nil {
		return err
	}
	if r.AcceptWord("from") {
		r.need(Select)
		r.piece("SELECT 1 FROM " + r.until("where", "returning"))
	}
	return r.whereReturning()
}

func (r *reader) whereReturning() error {
	if r.AcceptWord("where") {
		r.need(Select)
		r.expression(r.until("returning"))
	}
	return r.returning()
}

func (r *reader) delete() error {
	if err := r.ExpectWords("delete", "from"); err != nil {
		return err
	}
	if err := r.use(Delete); err != nil {
		return err
	}
	if err := r.alias("using", "where", "returning"); err != nil {
		return err
	}
	if r.AcceptWord("using") {
		r.need(Select)
		r.piece("SELECT 1 FROM " + r.until("where", "returning"))
	}
	return r.whereReturning()
}

func (r *reader) truncate() error {
	if err := r.ExpectWord("truncate"); err != nil {
		return err
	}
	r.AcceptWord("table")
	return r.use(Truncate)
}

// merge reads MERGE INTO t [AS a] USING source {ON cond | USING (cols)} WHEN … [RETURNING …].
func (r *reader) merge() error {
	if err := r.ExpectWords("merge", "into"); err != nil {
		return err
	}
	if err := r.use(Select); err != nil {
		return err
	}
	if err := r.alias("using"); err != nil {
		return err
	}
	if err := r.ExpectWord("using"); err != nil {
		return err
	}
	r.piece("SELECT 1 FROM " + r.until("on", "using", "when"))
	switch {
	case r.AcceptWord("on"):
		r.expression(r.until("when"))
	case r.AcceptWord("using"):
		r.piece("SELECT " + r.brackets())
	}
	for r.AcceptWord("when") {
		r.AcceptWord("not")
		if err := r.ExpectWord("matched"); err != nil {
			return err
		}
		if r.AcceptWord("by") {
			if _, err := r.ExpectOneOf("source", "target"); err != nil {
				return err
			}
		}
		if r.AcceptWord("and") {
			r.expression(r.until("then"))
		}
		if err := r.ExpectWord("then"); err != nil {
			return err
		}
		if err := r.action(); err != nil {
			return err
		}
	}
	return r.returning()
}

// action reads what MERGE does with a row.
func (r *reader) action() error {
	w, err := r.ExpectOneOf("update", "delete", "insert", "do", "error")
	if err != nil {
		return err
	}
	switch w {
	case "update":
		r.need(Update)
		if r.AcceptWord("set") {
			return r.assignments("when", "returning")
		}
		r.byName()
	case "delete":
		r.need(Delete)
	case "do":
		return r.ExpectWord("nothing")
	case "error":
		r.expression(r.until("when", "returning"))
	case "insert":
		r.need(Insert)
		if r.AcceptMark("*") {
			return nil
		}
		if r.IsMark("(") {
			if err := r.Parens(func() error { _, err := r.Label("a column"); return err }); err != nil {
				return err
			}
		}
		r.byName()
		if r.AcceptWords("default", "values") || !r.Is("values") {
			return nil
		}
		first := r.Mark()
		sql := r.until("when", "returning")
		r.piece(r.withoutDefault(sql, r.toks[int(first):int(r.Mark())]))
	}
	return nil
}

func (r *reader) byName() {
	if r.AcceptWord("by") {
		r.AcceptOneOf("name", "position")
	}
}
