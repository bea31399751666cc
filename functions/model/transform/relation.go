package transform

import (
	"context"
	"encoding/hex"
	"slices"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Relation is a plan of the columns of a relation. Its plain items stay what they are, with their types; its fitted
// functions compute what they do among a model's features, by the same code.
type Relation struct {
	// Star tells that other columns are kept, but those of Exclude.
	Star    bool
	Exclude []string
	// Inputs are what a frame must hold to fit the items; there are none where no item is fitted.
	Inputs []frame.Input

	columns []types.Column
	items   []relationItem
	fitted  *Plan
}

// relationItem is an item: an expression, or the item of that number of the fitted plan.
type relationItem struct {
	name   string
	plain  *input
	fitted int
	pos    int
}

// Output is a column that a fitted Relation makes.
type Output struct {
	Name string
	Type *types.Type
	// SQL is its expression over the columns as FittedRelation.SQL's arg wrote them.
	SQL string
	// From is the item as people read it: upper("plan"), scale_standard("age").
	From string
	// Fitted tells that it depends on what was learned.
	Fitted bool
	// Columns are those of the signature that a plain item is made of.
	Columns []string
}

// FittedRelation is a Relation that has seen its rows.
type FittedRelation struct {
	*Relation
	fit *Fitted
}

// NewRelation plans items over columns. Errors are those of NewPlan; besides, 0A000 for a function that looks at a target,
// which would leak it into the rows.
func NewRelation(items []ItemSpec, columns []types.Column, describe func(exprs []string) ([]*types.Type, error)) (*Relation, error) {
	r := &Relation{columns: columns}
	o := PlanOptions{TakesMissing: true, KeepConstant: true, Texts: true, Rows: "the query that it is fitted on", Describe: describe}
	p := &planner{Plan: &Plan{columns: columns, o: o}, byName: map[string]int{}, byInput: map[string]int{}}
	if err := p.index(); err != nil {
		return nil, err
	}
	var fitted []ItemSpec
	exprs, untyped := map[int]expression{}, []int{}
	for i := range items {
		item := &items[i]
		switch {
		case item.Star:
			if err := r.star(p, item); err != nil {
				return nil, err
			}
		case item.Func != "":
			if err := blind(item); err != nil {
				return nil, err
			}
			r.items = append(r.items, relationItem{fitted: len(fitted), pos: item.Pos})
			fitted = append(fitted, *item)
		default:
			e, err := p.scan(item.SQL, item.Pos)
			if err != nil {
				return nil, err
			}
			name := item.Name
			if name == "" {
				name = e.column
			}
			if name == "" {
				return nil, sqlstate.Newf(sqlstate.InvalidName, "the column %s needs a name", e.sql).At(e.pos).WithHint("Write %s AS name.", e.sql)
			}
			if e.column != "" {
				e.typ = p.columns[p.byName[lex.Fold(e.column)]].Type
			} else {
				untyped = append(untyped, len(r.items))
			}
			exprs[len(r.items)] = e
			r.items = append(r.items, relationItem{name: name, fitted: -1, pos: item.Pos})
		}
	}
	if err := p.describe(exprs, untyped); err != nil {
		return nil, err
	}
	for k, e := range exprs {
		r.items[k].plain = p.asItIs(e)
	}
	if len(fitted) > 0 {
		var err error
		if r.fitted, err = newPlan(fitted, columns, o); err != nil {
			return nil, err
		}
		r.Inputs = r.fitted.Inputs
		for k := range r.items {
			if it := &r.items[k]; it.plain == nil {
				it.name = r.fitted.items[it.fitted].name
			}
		}
	}
	return r, r.distinct()
}

// blind refuses what looks at a target.
func blind(item *ItemSpec) error {
	for it := item; it != nil; {
		if fn := lookup(it.Func); fn != nil && fn.learns {
			return sqlstate.Newf(sqlstate.FeatureNotSupported, "%s looks at a target, which would leak into the rows that a model is trained on", fn.Name).At(it.Pos).
				WithHint("Use it in TRAIN MODEL … TRANSFORM, which encodes each fold by the others; or use one_hot, ordinal_encode or hash_bucket here.")
		}
		if len(it.Args) == 0 {
			return nil
		}
		it = it.Args[0].Call
	}
	return nil
}

func (r *Relation) star(p *planner, item *ItemSpec) error {
	if r.Star {
		return sqlstate.New(sqlstate.SyntaxError, "* is given twice").At(item.Pos)
	}
	r.Star = true
	for _, name := range item.Exclude {
		k, ok := p.byName[lex.Fold(name)]
		if !ok {
			return p.unknown(name, item.Pos)
		}
		r.Exclude = append(r.Exclude, p.columns[k].Name)
	}
	return nil
}

// asItIs is an input that is an expression with its own type.
func (p *planner) asItIs(e expression) *input {
	in := input{Refs: e.refs, Type: e.typ, Column: e.column}
	in.SQL = e.sql
	for _, ref := range e.refs {
		field := Field{ref.Column, p.columns[p.byName[lex.Fold(ref.Column)]].Type}
		if !slices.Contains(in.columns, field) {
			in.columns = append(in.columns, field)
		}
	}
	return &in
}

// distinct is 42701 where two items have one name.
func (r *Relation) distinct() error {
	taken := map[string]bool{}
	for _, it := range r.items {
		if name := lex.Fold(it.name); taken[name] {
			return sqlstate.Newf(sqlstate.DuplicateColumn, "two columns are called %s", lex.QuoteIdent(it.name)).At(it.pos).WithHint("Give one of them another name with AS.")
		}
		taken[lex.Fold(it.name)] = true
	}
	return nil
}

// Columns are what the plan will make, as far as it is known before fitting.
func (r *Relation) Columns() []PlannedFeature {
	out := make([]PlannedFeature, len(r.items))
	for i, it := range r.items {
		if it.plain != nil {
			out[i] = PlannedFeature{it.name, it.plain.write(lex.QuoteIdent)}
		} else {
			out[i] = PlannedFeature{it.name, r.fitted.show(r.fitted.items[it.fitted].root)}
		}
	}
	return out
}

// Fit fits the items on all rows of a frame that holds Inputs; f is nil where there are none. Errors are those of Plan.Fit.
func (r *Relation) Fit(ctx context.Context, f *frame.Frame) (*FittedRelation, error) {
	if r.fitted == nil {
		return &FittedRelation{Relation: r}, nil
	}
	rows := make([]int32, f.Rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	fit, err := r.fitted.fit(ctx, f, rows, nil, 0, 0)
	if err != nil {
		return nil, err
	}
	out := &FittedRelation{r, fit}
	taken := map[string]bool{}
	for _, o := range out.Outputs(lex.QuoteIdent) {
		if taken[lex.Fold(o.Name)] {
			return nil, sqlstate.Newf(sqlstate.DuplicateColumn, "two columns are called %s", lex.QuoteIdent(o.Name)).WithHint("Give an item another name with AS.")
		}
		taken[lex.Fold(o.Name)] = true
	}
	return out, nil
}

// Warnings tell what the fit left out and what looks wrong.
func (t *FittedRelation) Warnings() []string {
	if t.fit == nil {
		return nil
	}
	return t.fit.warnings
}

// Outputs are the columns in the items' order, without those that the star keeps. arg writes a column of the signature.
func (t *FittedRelation) Outputs(arg func(column string) string) []Output {
	var features []string
	if t.fit != nil {
		features = t.fit.sql(arg)
	}
	var out []Output
	for _, it := range t.items {
		if it.plain != nil {
			o := Output{Name: it.name, Type: it.plain.Type, SQL: bracketed(it.plain.write(arg)), From: it.plain.write(lex.QuoteIdent)}
			for _, f := range it.plain.columns {
				o.Columns = append(o.Columns, f.Name)
			}
			out = append(out, o)
			continue
		}
		for _, s := range t.fit.sources {
			if s.item != it.fitted {
				continue
			}
			from := t.fitted.show(t.fitted.items[s.item].root)
			for k := s.first; k < s.first+s.count; k++ {
				o := Output{Name: t.fit.features[k].Name, Type: types.Of(types.Double), SQL: features[k], From: from, Fitted: true}
				if t.fit.textual(t.fit.features[k].From) {
					o.Type, o.SQL = types.Of(types.Varchar), "CAST("+o.SQL+" AS VARCHAR)"
				}
				out = append(out, o)
			}
		}
	}
	return out
}

// textual reports whether a column is a category.
func (t *Fitted) textual(from int) bool {
	if from < 0 {
		return t.inputs[^from].Kind == frame.Category
	}
	return t.steps[from].kind() == frame.Category
}

// Signature are the columns that the outputs need, in the query's order.
func (t *FittedRelation) Signature() []Field {
	var out []Field
	for _, c := range t.columns {
		f := Field{c.Name, c.Type}
		needs := t.fit != nil && slices.Contains(t.fit.fields, f)
		for _, it := range t.items {
			needs = needs || it.plain != nil && slices.Contains(it.plain.columns, f)
		}
		if needs {
			out = append(out, f)
		}
	}
	return out
}

// Fingerprint names what was learned from, whatever its order: the frame's; "" where nothing was.
func (t *FittedRelation) Fingerprint(f *frame.Frame) string {
	if t.fit == nil || f == nil {
		return ""
	}
	return hex.EncodeToString(f.Fingerprint[:])
}

// MarshalJSON writes what was learned; null where nothing was.
func (t *FittedRelation) MarshalJSON() ([]byte, error) {
	if t.fit == nil {
		return []byte("null"), nil
	}
	return t.fit.MarshalJSON()
}
