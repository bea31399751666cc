package window

import (
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// lower turns a call into an edit.
func (l *lowering) lower(c *call) error {
	nested := l.nested(c)
	if c.fn == nil && len(nested) == 0 {
		return nil
	}
	for _, d := range nested {
		// A plain window of DuckDB's own nested in another is for DuckDB to refuse.
		if err := l.column(c, d); err != nil {
			return err
		}
	}
	if c.fn == nil {
		return nil // its text stays; what was in it has become columns
	}
	s, err := l.specOf(c)
	if err != nil {
		return err
	}
	args, err := l.arguments(c)
	if err != nil {
		return err
	}
	if s, err = l.checked(c, s, args); err != nil {
		return err
	}
	fill := &filling{lowering: l, call: c, spec: s, args: args}
	if c.fn.first != nil {
		first := l.hoist(c, c.depth+1, fill.parts(c.fn.first))
		c.depth++
		fill.first = first
	}
	parts := append([]rewrite.Part{text("(")}, fill.parts(c.fn.template)...)
	l.replace(c, append(parts, text(")")))
	return nil
}

func (l *lowering) replace(c *call, parts []rewrite.Part) {
	l.edits = append(l.edits, edit{l.Toks[c.at].Start, l.Toks[c.last].End, parts})
}

// nested returns the calls with OVER directly within a call, at least one of the two being of the family.
func (l *lowering) nested(c *call) []*call {
	var in []*call
	for _, d := range l.calls {
		if d.level != c.level || !c.contains(d) || c.fn == nil && d.fn == nil && d.depth == 0 {
			continue
		}
		direct := true
		for _, e := range l.calls {
			direct = direct && !(e.level == c.level && c.contains(e) && e.contains(d))
		}
		if direct {
			in = append(in, d)
		}
	}
	return in
}

// column moves the nested call d below c.
func (l *lowering) column(c, d *call) error {
	var expr []rewrite.Part
	if d.fn == nil {
		s, err := l.specOf(d)
		if err != nil {
			return err
		}
		expr = append(l.render(l.Toks[d.at].Start, l.Toks[d.over].Start), l.over(s, nil)...)
	} else {
		expr = l.render(l.Toks[d.at].Start, l.Toks[d.last].End)
	}
	name := l.hoist(d, d.depth+1, expr)
	d.hoisted = true
	c.depth = max(c.depth, d.depth+1)
	// The call's own edit, if any, gives way.
	for i := range l.edits {
		if l.edits[i].start == l.Toks[d.at].Start && l.edits[i].end == l.Toks[d.last].End {
			l.edits[i].parts = []rewrite.Part{text(name)}
			return nil
		}
	}
	l.replace(d, []rewrite.Part{text(name)})
	return nil
}

// argument is what a call gives for a parameter: tokens or, where they are empty, the default.
type argument struct {
	tokens span
	text   string
}

// arguments reads the call's arguments by the parameters' order and names.
func (l *lowering) arguments(c *call) ([]argument, error) {
	d := c.fn.decl
	given := make([]argument, len(d.Params))
	next, named := 0, false
	for _, s := range l.list(span{c.open + 1, c.close}) {
		at := l.Toks[s.lo].Start
		if l.Word(s.lo, "distinct") || l.ends(s, "nulls") {
			return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "%s takes neither DISTINCT nor IGNORE NULLS", d.Name).At(at)
		}
		i := next
		if l.Name(s.lo) != "" && (l.Is(s.lo+1, "=>") || l.Is(s.lo+1, ":=")) && s.lo+2 < s.hi {
			var err error
			if i, err = c.fn.param(l.Name(s.lo)); err != nil {
				return nil, l.mismatch(c, at)
			}
			s.lo, named = s.lo+2, true
		} else if named {
			return nil, sqlstate.New(sqlstate.SyntaxError, "positional argument cannot follow named argument").At(at)
		}
		if i >= len(given) || !given[i].tokens.empty() {
			return nil, l.mismatch(c, at)
		}
		given[i].tokens = s
		next++
	}
	for i, p := range d.Params {
		if given[i].tokens.empty() {
			if p.Default == "" {
				return nil, l.mismatch(c, l.Toks[c.at].Start)
			}
			given[i].text = p.Default
		}
	}
	return given, nil
}

// list parts tokens at their commas.
func (l *lowering) list(s span) []span {
	var out []span
	lo := s.lo
	for i := s.lo; i <= s.hi; i++ {
		if i < s.hi && !(l.Is(i, ",") && l.parent[i] == s.lo-1) {
			continue
		}
		if i > lo {
			out = append(out, span{lo, i})
		}
		lo = i + 1
	}
	return out
}

func (l *lowering) ends(s span, word string) bool { return s.hi-s.lo > 2 && l.Word(s.hi-1, word) }

func (l *lowering) mismatch(c *call, offset int) error {
	return sqlstate.Newf(sqlstate.UndefinedFunction, "%s does not take these arguments", c.fn.decl.Name).At(offset).WithHint("It is %s.", c.fn.signature())
}

// checked returns the specification that the function uses, or why it can't.
func (l *lowering) checked(c *call, s spec, args []argument) (spec, error) {
	w, name := c.fn.decl.Window, c.fn.decl.Name
	if !c.filter.empty() && !w.Filtered {
		return s, sqlstate.Newf(sqlstate.FeatureNotSupported, "%s does not take FILTER", name).At(l.Toks[c.filter.lo-1].Start).
			WithHint("Filter the rows in a subquery, or give CASE WHEN … THEN x END.")
	}
	if w.FixedFrame && !s.frame.empty() {
		return s, sqlstate.Newf(sqlstate.WindowingError, "%s has a frame of its own", name).At(l.Toks[s.frame.lo].Start).WithHint("Leave the frame out.")
	}
	for i := c.at; i <= c.last; i++ {
		if l.Toks[i].Kind == lex.Question {
			return s, sqlstate.Newf(sqlstate.FeatureNotSupported, "? can't stand in a call of %s, which may use it more than once", name).At(l.Toks[i].Start).
				WithHint("Number the parameters: $1.")
		}
	}
	for _, p := range w.Constants {
		i, _ := c.fn.param(p)
		if a := args[i]; !a.tokens.empty() && !l.constant(a.tokens) {
			return s, sqlstate.Newf(sqlstate.InvalidParameterValue, "%s must be a constant", p).At(l.Toks[a.tokens.lo].Start).WithHint("It is %s.", c.fn.signature())
		}
	}
	if w.Time != "" {
		i, _ := c.fn.param(w.Time)
		if s.order.empty() {
			s.order = args[i].tokens
		} else if !l.sameColumn(s.order, args[i].tokens) {
			return s, sqlstate.Newf(sqlstate.WindowingError, "%s orders its rows by %s itself", name, l.spelling(args[i].tokens)).At(l.Toks[s.order.lo].Start).
				WithHint("Leave ORDER BY out.")
		}
	}
	if w.Ordered && s.order.empty() {
		return s, sqlstate.Newf(sqlstate.WindowingError, "%s needs an order of the rows", name).At(l.Toks[c.over].Start).
			WithHint("Write OVER (PARTITION BY the entity ORDER BY a time).")
	}
	return s, nil
}

// constant tells whether an argument is a literal or a parameter.
func (l *lowering) constant(s span) bool {
	for i := s.lo; i < s.hi; i++ {
		switch t := l.Toks[i]; {
		case t.Kind == lex.Number, t.Kind == lex.Param, t.IsString(), l.Is(i, "-"), l.Is(i, "+"), l.Is(i, "."), l.Word(i, "true"), l.Word(i, "false"):
		default:
			return false
		}
	}
	return true
}

// sameColumn tells whether ORDER BY repeats the argument, ascending.
func (l *lowering) sameColumn(order, arg span) bool {
	if order.hi-2 > order.lo && l.Word(order.hi-2, "nulls") {
		order.hi -= 2
	}
	if order.hi-1 > order.lo && l.Word(order.hi-1, "asc") {
		order.hi--
	}
	order, arg = l.unqualified(order), l.unqualified(arg)
	if order.hi-order.lo != arg.hi-arg.lo {
		return false
	}
	for i := range order.hi - order.lo {
		a, b := order.lo+i, arg.lo+i
		if l.Text(a) != l.Text(b) && (l.Name(a) == "" || l.Name(a) != l.Name(b)) {
			return false
		}
	}
	return true
}

// unqualified drops the table from a column's name.
func (l *lowering) unqualified(s span) span {
	if (s.hi-s.lo)%2 == 0 || l.Name(s.hi-1) == "" {
		return s
	}
	for i := s.lo; i < s.hi-1; i += 2 {
		if l.Name(i) == "" || !l.Is(i+1, ".") {
			return s
		}
	}
	return span{s.hi - 1, s.hi}
}

// filling fills a call's templates.
type filling struct {
	*lowering
	call  *call
	spec  spec
	args  []argument
	first string
}

func (f *filling) parts(segments []segment) []rewrite.Part {
	var out []rewrite.Part
	for _, s := range segments {
		switch s.verb {
		case "":
			out = append(out, text(s.text))
		case "arg":
			out = append(out, f.arg(s.text)...)
		case "over":
			out = append(out, f.over(f.spec, f.parts(s.inner))...)
		case "keys":
			if keys := f.text(f.spec.partition); len(keys) > 0 {
				out = append(append(out, keys...), text(", "))
			}
		case "first":
			out = append(out, text(f.first))
		case "filter":
			if !f.call.filter.empty() {
				out = append(append(append(out, text("FILTER (WHERE ")), f.text(f.call.filter)...), text(")"))
			}
		case "finite":
			out = append(append(append(out, text("FILTER (WHERE isfinite(")), f.arg(s.text)...), text(")"))
			if !f.call.filter.empty() {
				out = append(append(append(out, text(" AND (")), f.text(f.call.filter)...), text(")"))
			}
			out = append(out, text(")"))
		case "unless":
			out = append(out, f.chosen(s, !f.true(s.text))...)
		case "span":
			out = append(out, f.chosen(s, f.interval(s.text))...)
		}
	}
	return out
}

func (f *filling) chosen(s segment, first bool) []rewrite.Part {
	if first {
		return f.parts(s.inner)
	}
	return f.parts(s.other)
}

// interval tells whether an argument is written as an INTERVAL; of others nothing is known before
// DuckDB plans them.
func (f *filling) interval(name string) bool {
	a := f.args[f.index(name)].tokens
	if a.empty() {
		return false
	}
	last := a.hi - 1
	return f.Word(a.lo, "interval") && last > a.lo || f.Word(last, "interval") && f.Is(last-1, "::") ||
		f.Word(a.lo, "cast") && f.Is(last, ")") && f.Word(last-1, "interval") && f.match[a.lo+1] == last
}

// arg writes an argument, in brackets unless it is one token.
func (f *filling) arg(name string) []rewrite.Part {
	a := f.args[f.index(name)]
	switch {
	case a.tokens.empty():
		return []rewrite.Part{text(a.text)}
	case a.tokens.hi == a.tokens.lo+1:
		return f.text(a.tokens)
	}
	return append(append([]rewrite.Part{text("(")}, f.text(a.tokens)...), text(")"))
}

func (f *filling) index(name string) int {
	i, _ := f.call.fn.param(name) // the templates were checked
	return i
}

// true tells whether a constant argument is true.
func (f *filling) true(name string) bool {
	a := f.args[f.index(name)]
	return !a.tokens.empty() && f.Word(a.tokens.lo, "true")
}
