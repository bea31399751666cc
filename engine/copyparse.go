package engine

import (
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// copySpec is a parsed COPY. Texts in it are DuckDB's SQL as the client wrote it.
type copySpec struct {
	plan CopyPlan
	// table is the span of the target's or source's name; query the statement between
	// parentheses instead.
	table   [2]int
	query   lex.Stmt
	columns []string
	where   string

	forceQuote, forceNotNull, forceNull *columnChoice

	src string
	// made is a text put together around the table's name, which begins at madeAt in it.
	made   string
	madeAt int
}

// columnChoice is * or a list of columns.
type columnChoice struct {
	all   bool
	names []string
	at    int
}

// synthesize makes a statement of the table's name and what stands around it.
func (c *copySpec) synthesize(head, tail string) (lex.Stmt, error) {
	c.made, c.madeAt = head+c.src[c.table[0]:c.table[1]]+tail, len(head)
	stmts := lex.Split(c.made)
	if len(stmts) != 1 {
		return lex.Stmt{}, sqlstate.New(sqlstate.SyntaxError, "syntax error in COPY").At(c.table[0])
	}
	return stmts[0], nil
}

// text is what the inner statement's tokens belong to.
func (c *copySpec) text(src string) string {
	if c.made != "" {
		return c.made
	}
	return src
}

// offset turns an offset in the inner statement's text into one in the client's; what
// was made up points at the table's name.
func (c *copySpec) offset(at int) int {
	if c.made == "" {
		return at
	}
	at += c.table[0] - c.madeAt
	if at < c.table[0] || at >= c.table[1] {
		return c.table[0]
	}
	return at
}

// parseCopy reads COPY from or to the client with the options of either syntax.
func parseCopy(src string, st lex.Stmt) (*copySpec, error) {
	w := &words{src: src, toks: st.Tokens}
	c := &copySpec{src: src}
	o := copyOptions{words: w, spec: c}
	w.skip() // COPY
	if w.accept("binary") {
		o.binary(w.offset())
	}
	if err := c.subject(w, st); err != nil {
		return nil, err
	}
	switch {
	case w.accept("from"):
		c.plan.From = true
		if c.query.Tokens != nil {
			return nil, w.unexpected()
		}
	case w.accept("to"):
	default:
		return nil, w.unexpected()
	}
	if !w.any("stdin", "stdout") {
		return nil, w.unexpected()
	}
	if err := o.read(); err != nil {
		return nil, err
	}
	if at := w.offset(); w.accept("where") {
		if !c.plan.From {
			return nil, sqlstate.New(sqlstate.SyntaxError, "WHERE clause not allowed with COPY TO").At(at)
		}
		if w.end() {
			return nil, w.unexpected()
		}
		c.where = src[w.offset():st.End]
		w.pos = len(w.toks)
	}
	if !w.end() {
		return nil, w.unexpected()
	}
	return c, o.check()
}

// subject reads table [(columns)] or (query).
func (c *copySpec) subject(w *words, st lex.Stmt) error {
	first := w.pos
	if w.parens() {
		toks := st.Tokens[first+1 : w.pos-1]
		if len(toks) == 0 {
			w.pos--
			return w.unexpected()
		}
		c.query = lex.Stmt{Start: toks[0].Start, End: toks[len(toks)-1].End, Tokens: toks}
		return nil
	}
	for {
		if _, ok := w.name(); !ok {
			return w.unexpected()
		}
		if !w.mark(".") {
			break
		}
	}
	c.table = [2]int{w.toks[first].Start, w.toks[w.pos-1].End}
	c.plan.Table = w.src[c.table[0]:c.table[1]]
	if !w.mark("(") {
		return nil
	}
	names, err := w.nameList()
	c.columns = names
	return err
}

// nameList reads names separated by commas up to the closing parenthesis.
func (w *words) nameList() ([]string, error) {
	var names []string
	for {
		at := w.offset()
		n, ok := w.name()
		if !ok {
			return nil, w.unexpected()
		}
		if slices.ContainsFunc(names, func(m string) bool { return strings.EqualFold(m, n) }) {
			return nil, sqlstate.Newf(sqlstate.DuplicateColumn, "column %q specified more than once", n).At(at)
		}
		names = append(names, n)
		if w.mark(")") {
			return names, nil
		}
		if !w.mark(",") {
			return nil, w.unexpected()
		}
	}
}

// forced turns column names of FORCE_… into one flag a column.
func (c *copySpec) forced(p *CopyPlan) error {
	flags := func(ch *columnChoice, option string) ([]bool, error) {
		if ch == nil {
			return nil, nil
		}
		out := make([]bool, len(p.Columns))
		for i := range out {
			out[i] = ch.all
		}
		for _, n := range ch.names {
			i := -1
			for k, col := range p.Columns {
				if strings.EqualFold(col.Name, n) {
					i = k
				}
			}
			if i < 0 {
				return nil, sqlstate.Newf(sqlstate.InvalidColumnReference, "%s column %q not referenced by COPY", option, n).At(ch.at)
			}
			out[i] = true
		}
		return out, nil
	}
	var err error
	if p.ForceQuote, err = flags(c.forceQuote, "FORCE_QUOTE"); err != nil {
		return err
	}
	if p.ForceNotNull, err = flags(c.forceNotNull, "FORCE_NOT_NULL"); err != nil {
		return err
	}
	p.ForceNull, err = flags(c.forceNull, "FORCE_NULL")
	return err
}

// isClientCopy tells COPY through the client from COPY of files.
func isClientCopy(c classify.Class) bool {
	return c.Verb == classify.CopyFromStdin || c.Verb == classify.CopyToStdout
}
