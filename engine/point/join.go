package point

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt/feature"
)

// span is tokens lo up to hi.
type span struct{ lo, hi int }

// join is a POINT IN TIME JOIN as it was written.
type join struct {
	// first and last are its tokens.
	first, last int
	view        *feature.View
	// alias is the name that the features go by, quoted how it is written.
	alias, quoted string
	// time is the label's, keys are what the entity's columns are compared with, in their order.
	time span
	keys [][]rewrite.Part
	// on is the condition of ON, using the columns of USING; both are empty where neither was written.
	on    span
	using []string
	// plan is how the operator computes the join, nil where DuckDB's ASOF JOIN does.
	plan *plan
}

const example = "For example FROM labels l POINT IN TIME JOIN %s f AS OF l.ts ON l.%s = f.%s."

// read reads the join at token i.
func (w *writer) read(i int) (*join, error) {
	j := &join{first: i}
	p := parse.New(w.Src, lex.Stmt{Start: w.Toks[i].Start, End: w.Toks[len(w.Toks)-1].End, Tokens: w.Toks[i+4:]})
	name, err := p.QualifiedName("a feature view")
	if err != nil {
		return nil, err
	}
	if j.view, err = w.pass.FeatureView(name); err != nil {
		return nil, err
	}
	k := i + 4 + int(p.Mark())
	j.alias, j.quoted = name.Last(), lex.QuoteIdent(name.Last())
	if as := w.Word(k, "as"); !as && w.Name(k) != "" || as && !w.Word(k+1, "of") {
		if as {
			k++
		}
		if w.Name(k) == "" || w.Toks[k].Kind == lex.Ident && parse.Reserved(w.Text(k)) {
			return nil, w.at(k, sqlstate.SyntaxError, "an alias or AS OF must follow the feature view").WithHint(example, name.Span.Text, j.view.Entity[0], j.view.Entity[0])
		}
		j.alias, j.quoted = lex.Unquote(w.Src, w.Toks[k]), w.Text(k)
		k++
	}
	if w.Is(k, "(") {
		return nil, w.at(k, sqlstate.FeatureNotSupported, "a feature view's columns can't be renamed in a join").WithHint("Rename them in the SELECT list.")
	}
	if !w.Word(k, "as") || !w.Word(k+1, "of") {
		return nil, w.at(k, sqlstate.SyntaxError, "POINT IN TIME JOIN needs AS OF, the label's time").WithHint(example, name.Span.Text, j.view.Entity[0], j.view.Entity[0])
	}
	j.time = span{k + 2, w.until(k + 2)}
	if j.time.lo == j.time.hi {
		return nil, w.at(k+2, sqlstate.SyntaxError, "AS OF needs an expression: the label's time")
	}
	k = j.time.hi
	switch {
	case w.Word(k, "on") && !w.Word(k+1, "conflict"):
		j.on = span{k + 1, w.until(k + 1)}
		k = j.on.hi
	case w.Word(k, "using") && w.Is(k+1, "(") && w.match[k+1] > 0:
		for n := k + 2; n < w.match[k+1]; n += 2 {
			j.using = append(j.using, w.Name(n))
		}
		j.on = span{k, k}
		k = w.match[k+1] + 1
	}
	j.last = k - 1
	return j, nil
}

// at is an error at a token, or at the statement's end.
func (w *writer) at(i int, code sqlstate.Code, format string, args ...any) *sqlstate.Error {
	at := w.End
	if i < len(w.Toks) {
		at = w.Toks[i].Start
	}
	return sqlstate.Newf(code, format, args...).At(at)
}

func text(s string) rewrite.Part { return rewrite.Part{Text: s} }

// copied is the text of tokens.
func (w *writer) copied(s span) rewrite.Part {
	return rewrite.Part{Start: w.Toks[s.lo].Start, End: w.Toks[s.hi-1].End}
}

// left is what stands left of a join: its tokens without the other joins of ours.
func (w *writer) left(j *join, joins []*join) []span {
	lo := j.first
	for lo > 0 && w.parent[lo-1] == w.parent[j.first] {
		if w.Is(lo-1, ",") || w.Word(lo-1, "from") && !w.Word(lo-2, "distinct") || w.Word(lo-1, "update") {
			break
		}
		if m := w.match[lo-1]; m >= 0 && m < lo-1 {
			lo = m
			continue
		}
		lo--
	}
	var out []span
	for _, o := range joins {
		if o.first >= lo && o.first < j.first {
			if o.first > lo {
				out = append(out, span{lo, o.first})
			}
			lo = o.last + 1
		}
	}
	if lo < j.first {
		out = append(out, span{lo, j.first})
	}
	return out
}

// lonely is the name of a left side that is one relation.
func (w *writer) lonely(left []span) (string, bool) {
	if len(left) != 1 || left[0].lo >= left[0].hi {
		return "", false
	}
	i, hi := left[0].lo, left[0].hi
	name := ""
	switch {
	case w.Is(i, "("):
		i = w.match[i] + 1
		if i <= 0 {
			return "", false
		}
	case w.Name(i) != "" && !w.Word(i, "lateral"):
		for w.Is(i+1, ".") && w.Name(i+2) != "" {
			i += 2
		}
		name = lex.QuoteIdent(lex.Unquote(w.Src, w.Toks[i]))
		if i++; i < hi && w.Is(i, "(") {
			i = w.match[i] + 1
		}
	default:
		return "", false
	}
	if i < hi && w.Word(i, "as") {
		i++
	}
	if i < hi && w.Name(i) != "" {
		name = w.Text(i)
		if i++; i < hi && w.Is(i, "(") {
			i = w.match[i] + 1
		}
	}
	return name, i == hi && name != ""
}

// compared finds what each column of the entity is compared with.
func (w *writer) compared(j *join, left []span) error {
	relation, lonely := w.lonely(left)
	v := j.view
	if j.on.lo == 0 {
		if !lonely {
			return w.at(j.first, sqlstate.AmbiguousColumn, "POINT IN TIME JOIN without ON needs one relation on its left, with columns of the entity's names").
				WithHint("Say which columns they are: ON l.%s = %s.%s.", v.Entity[0], j.alias, v.Entity[0])
		}
		for _, k := range v.Entity {
			j.keys = append(j.keys, []rewrite.Part{text(relation + "." + lex.QuoteIdent(k))})
			w.pass.notes = append(w.pass.notes, Note{At: w.Toks[j.first].Start, View: v.Key(), Relation: relation, Column: k})
		}
		return nil
	}
	j.keys = make([][]rewrite.Part, len(v.Entity))
	if j.using != nil {
		for _, u := range j.using {
			k := entityIndex(v, u)
			if k < 0 {
				return w.at(j.time.hi, sqlstate.UndefinedColumn, "%s is no column of the entity of feature view %s", u, v.Key()).WithHint("Its entity is %s.", strings.Join(v.Entity, ", "))
			}
			of := lex.QuoteIdent(u)
			if lonely {
				of = relation + "." + of
			}
			j.keys[k] = []rewrite.Part{text(of)}
		}
	} else if err := w.conditions(j, j.on); err != nil {
		return err
	}
	for k, have := range j.keys {
		if have == nil {
			return w.at(j.time.hi, sqlstate.InvalidColumnReference, "ON leaves out column %s of the entity of feature view %s", v.Entity[k], v.Key()).
				WithHint("Add AND l.%s = %s.%s: a label must say which entity it is about.", v.Entity[k], j.alias, v.Entity[k])
		}
	}
	return nil
}

func entityIndex(v *feature.View, name string) int {
	for i, k := range v.Entity {
		if lex.EqualFold(k, name) {
			return i
		}
	}
	return -1
}

// conditions reads a = b AND …
func (w *writer) conditions(j *join, s span) error {
	for s.lo < s.hi && w.Is(s.lo, "(") && w.match[s.lo] == s.hi-1 {
		s = span{s.lo + 1, s.hi - 1}
	}
	from := s.lo
	var parts []span
	for i := s.lo; i < s.hi; i++ {
		if m := w.match[i]; m > i {
			i = m
		} else if w.Word(i, "and") {
			parts = append(parts, span{from, i})
			from = i + 1
		}
	}
	parts = append(parts, span{from, s.hi})
	if len(parts) > 1 {
		for _, p := range parts {
			if err := w.conditions(j, p); err != nil {
				return err
			}
		}
		return nil
	}
	return w.condition(j, parts[0])
}

func (w *writer) condition(j *join, s span) error {
	if s.lo >= s.hi {
		return w.at(s.lo, sqlstate.SyntaxError, "ON needs a condition")
	}
	equals := -1
	for i := s.lo; i < s.hi; i++ {
		if m := w.match[i]; m > i {
			i = m
		} else if w.Is(i, "=") || w.Is(i, "==") {
			equals = i
			break
		}
	}
	bad := func() error {
		return w.at(s.lo, sqlstate.FeatureNotSupported, "ON of POINT IN TIME JOIN compares the columns of the entity, with = and AND").
			WithHint("Write ON l.%s = %s.%s, and other conditions in WHERE.", j.view.Entity[0], j.alias, j.view.Entity[0])
	}
	if equals < 0 || equals == s.lo || equals == s.hi-1 {
		return bad()
	}
	one, other := span{s.lo, equals}, span{equals + 1, s.hi}
	k, err := w.entity(j, other)
	if k < 0 && err == nil {
		one, other = other, one
		k, err = w.entity(j, other)
	}
	switch {
	case err != nil:
		return err
	case k < 0:
		return bad()
	case j.keys[k] != nil:
		return w.at(s.lo, sqlstate.InvalidColumnReference, "ON compares column %s of the entity twice", j.view.Entity[k])
	}
	j.keys[k] = []rewrite.Part{text("("), w.copied(one), text(")")}
	return nil
}

// entity tells which column of the entity f.k is, -1 if it is something else.
func (w *writer) entity(j *join, s span) (int, error) {
	for s.hi-s.lo > 2 && w.Is(s.lo, "(") && w.match[s.lo] == s.hi-1 {
		s = span{s.lo + 1, s.hi - 1}
	}
	if s.hi-s.lo < 3 || !w.Is(s.hi-2, ".") || !lex.EqualFold(w.Name(s.hi-3), j.alias) {
		return -1, nil
	}
	for i := s.lo; i < s.hi; i++ {
		if (i-s.lo)%2 == 0 && w.Name(i) == "" || (i-s.lo)%2 == 1 && !w.Is(i, ".") {
			return -1, nil
		}
	}
	name := w.Name(s.hi - 1)
	k := entityIndex(j.view, name)
	if k < 0 {
		return -1, w.at(s.hi-1, sqlstate.UndefinedColumn, "%s is no column of the entity of feature view %s", name, j.view.Key()).
			WithHint("Its entity is %s. Conditions on features belong into WHERE.", strings.Join(j.view.Entity, ", "))
	}
	return k, nil
}
