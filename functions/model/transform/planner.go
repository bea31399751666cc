package transform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// maxDepth bounds fitted functions within one another.
const maxDepth = 8

// planned is an item that was resolved.
type planned struct {
	name string
	root *node
	// written marks a fitted function of the user's; anything else gets the default of its type.
	written bool
	pos     int
}

// node is a fitted function of another node, or an input (fn nil), perhaps with a default treatment.
type node struct {
	fn    *function
	args  args
	arg   *node
	input int
	treat treatment
}

// treatment is what an input gets that no function was written for.
type treatment uint8

const (
	asIs       treatment = iota
	asNumber             // missing: kept or imputed; scaled where that is wanted
	asFlag               // the same, never scaled
	asCategory           // one-hot or target encoding
)

// planner makes a Plan.
type planner struct {
	*Plan
	byName  map[string]int
	byInput map[string]int
}

func newPlan(items []ItemSpec, columns []types.Column, o PlanOptions) (*Plan, error) {
	p := &planner{Plan: &Plan{columns: columns, o: o}, byName: map[string]int{}, byInput: map[string]int{}}
	if err := p.index(); err != nil {
		return nil, err
	}
	if len(items) == 0 {
		items = []ItemSpec{{Star: true}}
	}
	if err := p.resolve(items); err != nil {
		return nil, err
	}
	if len(p.items) == 0 {
		return nil, sqlstate.New(sqlstate.InvalidParameterValue, "the training query has no column to learn from").
			WithHint("Besides the target it needs at least one feature.")
	}
	if err := p.settleNames(); err != nil {
		return nil, err
	}
	for _, in := range p.inputs {
		p.Inputs = append(p.Inputs, in.Input)
	}
	return p.Plan, nil
}

// index notes the columns by their names, of which there must not be two alike.
func (p *planner) index() error {
	for i, c := range p.columns {
		name := lex.Fold(c.Name)
		if _, twice := p.byName[name]; twice {
			return sqlstate.Newf(sqlstate.DuplicateColumn, "%s has two columns %s", p.o.rows(), lex.QuoteIdent(c.Name)).
				WithHint("Give one of them another name with AS.")
		}
		p.byName[name] = i
	}
	return nil
}

// resolve plans the items, in two rounds: the expressions' types are asked for together.
func (p *planner) resolve(items []ItemSpec) error {
	exprs := map[int]expression{} // by position in the order of walking
	var untyped []int
	n := 0
	var walk func(item *ItemSpec, depth int) error
	scan := func(sql string, pos int) error {
		e, err := p.scan(sql, pos)
		if err != nil {
			return err
		}
		if e.column != "" {
			e.typ = p.columns[p.byName[lex.Fold(e.column)]].Type
		} else {
			untyped = append(untyped, n)
		}
		exprs[n] = e
		n++
		return nil
	}
	walk = func(item *ItemSpec, depth int) error {
		switch {
		case item.Star:
			return nil
		case item.Func == "":
			return scan(item.SQL, item.Pos)
		case depth > maxDepth:
			return sqlstate.Newf(sqlstate.StatementTooComplex, "fitted functions are nested more than %d deep", maxDepth).At(item.Pos)
		case len(item.Args) == 0:
			return sqlstate.Newf(sqlstate.InvalidParameterValue, "%s needs an input", item.Func).At(item.Pos)
		case item.Args[0].Call != nil:
			return walk(item.Args[0].Call, depth+1)
		}
		return scan(item.Args[0].SQL, item.Args[0].Pos)
	}
	for i := range items {
		if err := walk(&items[i], 1); err != nil {
			return err
		}
	}
	if err := p.describe(exprs, untyped); err != nil {
		return err
	}
	n = 0
	next := func() expression { n++; return exprs[n-1] }
	for i := range items {
		if err := p.item(&items[i], next); err != nil {
			return err
		}
	}
	return nil
}

// describe asks for the types of expressions.
func (p *planner) describe(exprs map[int]expression, untyped []int) error {
	if len(untyped) == 0 {
		return nil
	}
	if p.o.Describe == nil {
		return sqlstate.New(sqlstate.FeatureNotSupported, "only columns can be items here").At(exprs[untyped[0]].pos)
	}
	sqls := make([]string, len(untyped))
	for i, k := range untyped {
		sqls[i] = exprs[k].sql
	}
	ts, err := p.o.Describe(sqls)
	if err != nil {
		for _, k := range untyped { // which of them is it?
			if _, err := p.o.Describe([]string{exprs[k].sql}); err != nil {
				failure := *sqlstate.From(err)
				failure.Position = exprs[k].pos + 1
				return failure.Because(err)
			}
		}
		return err
	}
	if len(ts) != len(untyped) { // COLUMNS('x.*')
		for _, k := range untyped {
			if one, err := p.o.Describe([]string{exprs[k].sql}); err != nil || len(one) != 1 {
				return sqlstate.New(sqlstate.FeatureNotSupported, "an item of TRANSFORM must be one value").At(exprs[k].pos).
					WithHint("Write the columns out, or use * EXCLUDE (…).")
			}
		}
		return sqlstate.Newf(sqlstate.InternalError, "%d types came for %d expressions", len(ts), len(untyped))
	}
	for i, k := range untyped {
		e := exprs[k]
		e.typ = ts[i]
		exprs[k] = e
	}
	return nil
}

// item plans one item.
func (p *planner) item(item *ItemSpec, next func() expression) error {
	switch {
	case item.Star:
		return p.star(item)
	case item.Func == "":
		e := next()
		return p.plain(e, item.Name, func(t *types.Type) error {
			return unusable(describeExpr(e), t, "Cast it to a number or to VARCHAR, or leave it out.").At(e.pos)
		})
	}
	root, _, err := p.call(item, next)
	if err != nil {
		return err
	}
	p.items = append(p.items, planned{name: item.Name, root: root, written: true, pos: item.Pos})
	return nil
}

func describeExpr(e expression) string {
	if e.column != "" {
		return "column " + lex.QuoteIdent(e.column)
	}
	return "expression " + e.sql
}

func unusable(what string, t *types.Type, hint string) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.DatatypeMismatch, "%s is of type %s, of which no feature can be made", what, t).WithHint("%s", hint)
}

// star plans every column but the target and what is excluded.
func (p *planner) star(item *ItemSpec) error {
	out := map[string]bool{lex.Fold(p.o.Target): p.o.Target != ""}
	for _, name := range p.o.Exclude {
		out[lex.Fold(name)] = true
	}
	for _, name := range item.Exclude {
		if _, ok := p.byName[lex.Fold(name)]; !ok {
			return p.unknown(name, item.Pos)
		}
		out[lex.Fold(name)] = true
	}
	for _, c := range p.columns {
		if out[lex.Fold(c.Name)] {
			continue
		}
		sql := columnSQL(c.Name)
		e := expression{sql: sql, pos: item.Pos, refs: []ref{{0, len(sql), c.Name}}, typ: c.Type, column: c.Name}
		err := p.plain(e, "", func(t *types.Type) error {
			return unusable("column "+lex.QuoteIdent(c.Name), t, fmt.Sprintf("Leave it out with TRANSFORM (* EXCLUDE (%s)), or cast it in the query.", lex.QuoteIdent(c.Name))).At(item.Pos)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// plain plans an expression with the defaults of its type.
func (p *planner) plain(e expression, name string, refuse func(*types.Type) error) error {
	if name == "" {
		if name = e.column; name == "" {
			return sqlstate.Newf(sqlstate.InvalidName, "the feature %s needs a name", e.sql).At(e.pos).WithHint("Write %s AS name.", e.sql)
		}
	}
	add := func(name string, kind frame.Kind, p2 part, t treatment) {
		p.items = append(p.items, planned{name: name, pos: e.pos, root: &node{input: p.input(e, kind, p2), treat: t}})
	}
	switch classOf(e.typ) {
	case isNumber:
		add(name, frame.Number, whole, asNumber)
	case isBool:
		add(name, frame.Number, whole, asFlag)
	case isText:
		add(name, frame.Category, whole, asCategory)
	case isSeconds:
		add(name, frame.Number, second, asNumber)
	case isDate, isTimestamp, isZoned:
		add(name, frame.Number, days, asNumber)
		add(name+"_month", frame.Number, month, asNumber)
		add(name+"_dow", frame.Number, dow, asNumber)
		if classOf(e.typ) != isDate {
			add(name+"_hour", frame.Number, hour, asNumber)
		}
	default:
		return refuse(e.typ)
	}
	return nil
}

// input returns the number of the input that an expression is, as a kind.
func (p *planner) input(e expression, kind frame.Kind, part part) int {
	if e.column != "" { // one input for t.x, x and "X"
		e.sql = columnSQL(e.column)
		e.refs = []ref{{0, len(e.sql), e.column}}
	} else if part != whole { // a line end, should it end in a comment
		e.sql += "\n"
	}
	in := newInput(kind, e.sql, e.refs, classOf(e.typ), part)
	in.Type, in.Column = e.typ, e.column
	for _, r := range e.refs {
		field := Field{r.Column, p.columns[p.byName[lex.Fold(r.Column)]].Type}
		if !slices.Contains(in.columns, field) {
			in.columns = append(in.columns, field)
		}
	}
	if k, ok := p.byInput[in.Name]; ok {
		return k
	}
	p.byInput[in.Name] = len(p.inputs)
	p.inputs = append(p.inputs, in)
	return len(p.inputs) - 1
}

// call plans a fitted function and returns what it makes.
func (p *planner) call(item *ItemSpec, next func() expression) (*node, frame.Kind, error) {
	fn := lookup(item.Func)
	if fn == nil {
		return nil, 0, unknownFunction(item)
	}
	if fn.later != "" {
		return nil, 0, sqlstate.Newf(sqlstate.FeatureNotSupported, "the fitted function %s isn't there yet", fn.Name).At(item.Pos).WithHint("%s", fn.later)
	}
	n := &node{fn: fn}
	var kind frame.Kind
	var err error
	if first := item.Args[0]; first.Call != nil {
		if n.arg, kind, err = p.call(first.Call, next); err != nil {
			return nil, 0, err
		}
		inner := n.arg.fn
		switch {
		case fn.takes == takesNumber && kind != frame.Number:
			return nil, 0, sqlstate.Newf(sqlstate.DatatypeMismatch, "%s takes a number, but %s makes a category", fn.Name, inner.Name).At(first.Pos)
		case fn.takes == takesCategory && kind == frame.Number && !inner.levels:
			return nil, 0, sqlstate.Newf(sqlstate.DatatypeMismatch, "%s takes a category, but %s makes a number", fn.Name, inner.Name).At(first.Pos).
				WithHint("Put it in buckets: %s(quantile_bucket(…, 10)).", fn.Name)
		}
	} else {
		e := next()
		var part part
		if kind, part, err = fn.accept(e); err != nil {
			return nil, 0, err
		}
		n.arg = &node{input: p.input(e, kind, part)}
	}
	if n.args, err = fn.arguments(item); err != nil {
		return nil, 0, err
	}
	if err := fn.check(n.args, kind, item); err != nil {
		return nil, 0, err
	}
	if !fn.keepsText {
		kind = frame.Number
	}
	return n, kind, nil
}

// accept says how a function takes an expression.
func (fn *function) accept(e expression) (frame.Kind, part, error) {
	c := classOf(e.typ)
	switch {
	case c == isNothing:
		return 0, whole, unusable(describeExpr(e), e.typ, "Cast it to a number or to VARCHAR.").At(e.pos)
	case fn.takes == takesCategory, fn.takes == takesBoth && c == isText:
		return frame.Category, whole, nil
	case c == isText:
		return 0, whole, sqlstate.Newf(sqlstate.DatatypeMismatch, "%s takes a number, but %s is of type %s", fn.Name, describeExpr(e), e.typ).At(e.pos).
			WithHint("Cast it, as in TRY_CAST(x AS DOUBLE), or encode it: one_hot, ordinal_encode, target_encode.")
	case c == isSeconds:
		return frame.Number, second, nil
	case c == isDate, c == isTimestamp, c == isZoned:
		return frame.Number, days, nil
	}
	return frame.Number, whole, nil
}

// check looks at the arguments of a call together.
func (fn *function) check(a args, kind frame.Kind, item *ItemSpec) error {
	switch fn.Name {
	case "winsorize":
		if a.number("low") >= a.number("high") {
			return sqlstate.New(sqlstate.InvalidParameterValue, "winsorize needs a low quantile below the high one").At(item.Pos).WithHint("Write %s.", fn.Signature)
		}
	case "impute":
		method, isText := a["method"].(string)
		known := isText && (method == "" || slices.Contains([]string{"mean", "median", "mode"}, strings.ToLower(method)))
		switch {
		case kind == frame.Number && isText && !known:
			return sqlstate.Newf(sqlstate.InvalidParameterValue, "impute can't put %s where a number is missing", show(method)).At(item.Pos).
				WithHint("Write %s.", fn.Signature)
		case kind == frame.Category && (!isText || known && method != "" && !strings.EqualFold(method, "mode")):
			return sqlstate.Newf(sqlstate.InvalidParameterValue, "impute can't put %s where a text is missing", show(a["method"])).At(item.Pos).
				WithHint("Write impute(x, 'mode') or impute(x, 'a text').")
		}
	}
	return nil
}

// settleNames gives every item a name of its own: AS, else the column's; a fitted function whose column's name is taken is
// called function_column.
func (p *planner) settleNames() error {
	taken := map[string]bool{}
	for i := range p.items {
		it := &p.items[i]
		if it.name == "" {
			continue
		}
		if taken[lex.Fold(it.name)] {
			return duplicate(it)
		}
		taken[lex.Fold(it.name)] = true
	}
	for i := range p.items {
		it := &p.items[i]
		if it.name != "" {
			continue
		}
		leaf := it.root
		for leaf.arg != nil {
			leaf = leaf.arg
		}
		column := p.inputs[leaf.input].Column
		if column == "" {
			return sqlstate.Newf(sqlstate.InvalidName, "%s of an expression needs a name", it.root.fn.Name).At(it.pos).WithHint("Write %s(…) OVER () AS name.", it.root.fn.Name)
		}
		if it.name = column; taken[lex.Fold(it.name)] {
			it.name = it.root.fn.Name + "_" + column
		}
		if taken[lex.Fold(it.name)] {
			return duplicate(it)
		}
		taken[lex.Fold(it.name)] = true
	}
	return nil
}

func duplicate(it *planned) error {
	return sqlstate.Newf(sqlstate.DuplicateColumn, "two features are called %s", lex.QuoteIdent(it.name)).At(it.pos).WithHint("Give one of them another name with AS.")
}

// Features are what the plan will make, as far as it is known before fitting.
func (p *Plan) Features() []PlannedFeature {
	out := make([]PlannedFeature, len(p.items))
	for i, it := range p.items {
		out[i] = PlannedFeature{it.name, p.show(it.root)}
	}
	return out
}

// show writes a node for people.
func (p *Plan) show(n *node) string {
	if n.fn == nil {
		in := p.inputs[n.input]
		sql := in.write(lex.QuoteIdent)
		switch n.treat {
		case asCategory:
			if p.o.Target == "" {
				return fmt.Sprintf("one_hot(%s)", sql)
			}
			return fmt.Sprintf("one_hot or, with more than %d values, target_encode(%s)", oneHotMax, sql)
		case asNumber:
			if p.o.WantsScaled {
				sql = "scale_standard(" + p.imputed(sql) + ")"
				return sql
			}
			return p.imputed(sql)
		case asFlag:
			return p.imputed(sql)
		}
		return sql
	}
	var b strings.Builder
	b.WriteString(n.fn.Name + "(" + p.show(n.arg))
	for _, a := range n.fn.args {
		if v := n.args[a.name]; fmt.Sprint(v) != fmt.Sprint(a.def) {
			fmt.Fprintf(&b, ", %s => %s", a.name, show(v))
		}
	}
	return b.String() + ")"
}

func (p *Plan) imputed(sql string) string {
	if p.o.TakesMissing {
		return sql
	}
	return "impute(" + sql + ", 'median')"
}
