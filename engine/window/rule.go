package window

import (
	"errors"
	"slices"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Rules returns the rule that lowers the declarations with a Window; none if there are
// none. An error names a template that can't be read. The rule must run before others
// that edit expressions, which it may copy.
func Rules(decls []*fn.Decl) ([]rewrite.Rule, error) {
	family := map[string]*function{}
	var words []string
	var problems []error
	for _, d := range decls {
		if d.Window == nil {
			continue
		}
		f, err := compile(d)
		problems = append(problems, err)
		family[d.Name] = f
		words = append(words, d.Name)
	}
	if err := errors.Join(problems...); err != nil || len(words) == 0 {
		return nil, err
	}
	return []rewrite.Rule{{Name: "window functions", Triggers: words, Apply: func(e *rewrite.Editor) error {
		return (&lowering{Editor: e, family: family}).run()
	}}}, nil
}

// lowering is the work on one statement. Indexes are of tokens unless they are called offsets.
type lowering struct {
	*rewrite.Editor
	family map[string]*function
	// parent has for each token the bracket that it stands in, -1 for none; match a bracket's other half.
	parent, match []int
	levels        []*level
	calls         []*call
	edits         []edit
	// named counts the columns of derived tables.
	named int
}

// edit is a replacement of the source between two offsets.
type edit struct {
	start, end int
	parts      []rewrite.Part
}

func (l *lowering) run() error {
	if !l.brackets() {
		return nil // DuckDB says what is wrong
	}
	if err := l.find(); err != nil || len(l.calls) == 0 {
		return err
	}
	for _, c := range l.calls {
		if err := l.finish(c.at, c.last); err != nil {
			return err
		}
		if err := l.lower(c); err != nil {
			return err
		}
	}
	if err := l.finish(-1, len(l.Toks)); err != nil {
		return err
	}
	reach := -1
	for _, d := range l.ordered(l.Start, l.End) {
		if d.start >= reach {
			l.Compose(d.start, d.end, d.parts...)
			reach = max(reach, d.end)
		}
	}
	return nil
}

// brackets pairs them; false where they don't pair.
func (l *lowering) brackets() bool {
	l.parent, l.match = make([]int, len(l.Toks)), make([]int, len(l.Toks))
	open := -1
	for i, t := range l.Toks {
		l.parent[i] = open
		if t.Kind != lex.Punct {
			continue
		}
		switch l.Src[t.Start] {
		case '(', '[', '{':
			open = i
		case ')', ']', '}':
			if open < 0 {
				return false
			}
			l.match[i], l.match[open] = open, i
			open = l.parent[open]
			l.parent[i] = open
		}
	}
	return open < 0
}

// ordered returns the edits between two offsets, outer ones before what is in them.
func (l *lowering) ordered(start, end int) []edit {
	var in []edit
	for _, d := range l.edits {
		if d.start >= start && d.end <= end {
			in = append(in, d)
		}
	}
	slices.SortStableFunc(in, func(a, b edit) int {
		if a.start != b.start {
			return a.start - b.start
		}
		if (a.start == a.end) != (b.start == b.end) { // insertions first
			if a.start == a.end {
				return -1
			}
			return 1
		}
		if a.start == a.end {
			return 0
		}
		return b.end - a.end
	})
	return in
}

// render returns the source between two offsets with its edits.
func (l *lowering) render(start, end int) []rewrite.Part {
	var out []rewrite.Part
	at := start
	for _, d := range l.ordered(start, end) {
		if d.start < at {
			continue // within one that is done
		}
		if d.start > at {
			out = append(out, rewrite.Part{Start: at, End: d.start})
		}
		out = append(out, d.parts...)
		at = d.end
	}
	if at < end {
		out = append(out, rewrite.Part{Start: at, End: end})
	}
	return out
}

// span is a run of tokens, [lo, hi).
type span struct{ lo, hi int }

func (s span) empty() bool { return s.hi <= s.lo }

// text renders a run of tokens.
func (l *lowering) text(s span) []rewrite.Part {
	if s.empty() {
		return nil
	}
	return l.render(l.Toks[s.lo].Start, l.Toks[s.hi-1].End)
}

func text(s string) rewrite.Part { return rewrite.Part{Text: s} }

// Explain words DuckDB's refusal of what a call of the family became: err's position, in
// src, is that of the call. Other errors come back as they are.
func Explain(err error, src string, st lex.Stmt, decls []*fn.Decl) error {
	e, ok := err.(*sqlstate.Error)
	if !ok || e.Position == 0 {
		return err
	}
	switch e.Code {
	case sqlstate.UndefinedFunction, sqlstate.AmbiguousFunction, sqlstate.DatatypeMismatch:
	default:
		return err
	}
	for _, t := range st.Tokens {
		if t.Start != e.Position-1 || !t.IsIdent() {
			continue
		}
		name := lex.Fold(lex.Unquote(src, t))
		for _, d := range decls {
			if d.Window != nil && d.Name == name {
				return sqlstate.Newf(e.Code, "%s can't be computed of these types", name).At(t.Start).WithDetail("%s", e.Message).
					WithHint("It is %s(%s) OVER (…).", name, d.Signature()).Because(err)
			}
		}
	}
	return err
}
