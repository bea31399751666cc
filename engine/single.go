package engine

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/types"
)

// single answers a prepared prediction of one row whose values are all parameters,
//
//	SELECT predict('churn', {'age': $1, …})
//	SELECT predict_proba('churn', {'age': $1, …})['yes']
//
// by the evaluator of DB.Predictor, whose bits are those of SQL: DuckDB would plan the statement at each execution, and
// that takes far longer than the model does. The statement is planned, described and checked as ever; what isn't certain to
// be the same is left to DuckDB.
type single struct {
	model *compiledModel
	// params are the places of the cells' parameters, given their types.
	params []int
	given  []types.ID
	// class is the one whose probability is asked for, -1 for one that the model doesn't have; predict asks for the label.
	class  int
	chance bool
	labels []types.Vector // of the classes
}

// singleShape is what such a statement says.
type singleShape struct {
	form, label string
	items       []singleItem
}

type singleItem struct {
	name  string
	param int
	// cast is the type of $1::type, "" without.
	cast string
}

// singleOf reads a statement, nil if it is of another kind.
func singleOf(src string, st lex.Stmt) *singleShape {
	toks := st.Tokens
	at := func(i int, mark string) bool { return i < len(toks) && toks[i].Is(src, mark) }
	if len(toks) < 9 || !toks[0].Word(src, "select") || !toks[1].IsIdent() || !at(2, "(") || !toks[3].IsString() || !at(4, ",") || !at(5, "{") {
		return nil
	}
	form, ok := predictForms[lex.Fold(lex.Unquote(src, toks[1]))]
	if !ok || form != predict.Label && form != predict.Proba {
		return nil
	}
	shape := &singleShape{form: form}
	i, questions := 6, 0
	for {
		item := singleItem{}
		switch {
		case i >= len(toks):
			return nil
		case toks[i].IsIdent():
			item.name = lex.Unquote(src, toks[i])
		case toks[i].IsString():
			item.name, _ = lex.Value(src, toks[i])
		}
		if item.name == "" || !at(i+1, ":") || i+2 >= len(toks) {
			return nil
		}
		switch t := toks[i+2]; t.Kind {
		case lex.Param:
			item.param, _ = strconv.Atoi(t.Text(src)[1:])
		case lex.Question:
			questions++
			item.param = questions
		}
		if item.param < 1 {
			return nil
		}
		if i += 3; at(i, "::") && i+1 < len(toks) && toks[i+1].Kind == lex.Ident {
			item.cast = strings.ToUpper(toks[i+1].Text(src))
			i += 2
		}
		shape.items = append(shape.items, item)
		if at(i, ",") {
			i++
			continue
		}
		break
	}
	if !at(i, "}") || !at(i+1, ")") {
		return nil
	}
	i += 2
	if form == predict.Proba {
		if !at(i, "[") || i+1 >= len(toks) || !toks[i+1].IsString() || !at(i+2, "]") {
			return nil
		}
		shape.label, _ = lex.Value(src, toks[i+1])
		i += 3
	}
	if i+2 == len(toks) && toks[i].Word(src, "as") && toks[i+1].IsIdent() {
		i += 2 // its name is in the columns
	}
	if i != len(toks) {
		return nil
	}
	return shape
}

// answer predicts without DuckDB where that is possible; done is false where it isn't.
func (p *plain) answer(ctx context.Context, args []any) (out *output, done bool) {
	s, made := p.s, p.prepared
	switch {
	case p.model == nil, ctx.Err() != nil, p.q.class.Group != classify.Query, len(p.columns) != 1:
		return nil, false
	case !made.used: // what is executed once isn't worth compiling
		return nil, false
	case s.apart(made.global): // the transaction sees other versions than those that are committed
		return nil, false
	}
	if !made.tried {
		made.tried = true
		made.single = p.compileSingle(ctx, made)
	}
	if made.single == nil {
		return nil, false
	}
	rows := &oneRow{}
	if rows.column, done = made.single.predict(args, p.columns[0].Type); !done {
		return nil, false
	}
	return &output{columns: p.columns, rows: rows, tag: p.q.class.Tag(), counted: p.q.class.TagCounts()}, true
}

// compileSingle compiles the statement's model, nil where the statement or the model needs DuckDB.
func (p *plain) compileSingle(ctx context.Context, made *prepared) *single {
	shape := singleOf(p.q.text, p.q.st)
	db := p.s.db
	if shape == nil || len(shape.items) != len(p.model.signature) {
		return nil
	}
	stored, err := db.storedModel(ctx, p.model)
	if err != nil {
		return nil
	}
	c, err := db.compile(ctx, p.model, stored)
	if err != nil {
		return nil
	}
	one := &single{model: c, params: make([]int, len(c.fields)), given: make([]types.ID, len(c.fields)), chance: shape.form == predict.Proba, class: slices.Index(c.classes, shape.label)}
	if c.evaluator == nil || db.planned.Load() != made.global || !one.place(shape, p.params) || !one.fits(p.columns[0].Type) {
		c.handle.Release()
		return nil
	}
	return one
}

// place finds each cell's parameter; false where one doesn't become the column's type without loss.
func (one *single) place(shape *singleShape, params []*types.Type) bool {
	for i, f := range one.model.fields {
		k := slices.IndexFunc(shape.items, func(it singleItem) bool { return lex.EqualFold(it.name, f.Name) })
		if k < 0 || shape.items[k].param > len(params) {
			return false
		}
		it, want := shape.items[k], f.Type.ID
		if want == types.Enum {
			want = types.Varchar
		}
		given := params[it.param-1].ID
		cast := given
		if it.cast != "" {
			if cast = castNamed(it.cast); cast == types.Unknown {
				return false
			}
		}
		if !widens(given, cast) || !widens(cast, want) {
			return false
		}
		one.params[i], one.given[i] = it.param-1, given
	}
	return true
}

// castNamed is the type behind ::, Unknown for one that isn't among those of widens.
func castNamed(name string) types.ID {
	switch name {
	case "FLOAT8":
		return types.Double
	case "INT", "INT4":
		return types.Integer
	case "INT8":
		return types.BigInt
	case "INT2":
		return types.SmallInt
	case "TEXT":
		return types.Varchar
	case "BOOL":
		return types.Boolean
	}
	if t := types.Named(name); t != nil {
		return t.ID
	}
	return types.Unknown
}

// widens tells whether a cast gives each value of a type what Go gives it: to itself, to a wider whole number, to DOUBLE.
func widens(from, to types.ID) bool {
	whole := []types.ID{types.SmallInt, types.Integer, types.BigInt}
	f, t := slices.Index(whole, from), slices.Index(whole, to)
	switch {
	case f >= 0:
		return t >= f || to == types.Double
	case from == types.Double, from == types.Boolean, from == types.Varchar:
		return from == to
	}
	return false
}

// fits tells whether the result is of the type that was described, and makes the classes' labels.
func (one *single) fits(t *types.Type) bool {
	switch {
	case one.chance, one.model.version.task == model.Regression:
		return t.ID == types.Double
	case one.model.version.task == model.Clustering:
		return t.ID == types.BigInt
	}
	for _, v := range one.model.stored.values {
		b := types.NewColumnBuilder(t)
		if v == nil || b.Append(v) != nil {
			return false
		}
		one.labels = append(one.labels, b.Vector())
	}
	return len(one.labels) == len(one.model.classes)
}

// predict computes the result from the parameters' values; false where one isn't of its type.
func (one *single) predict(args []any, t *types.Type) (types.Vector, bool) {
	c := one.model
	r := c.rows.Get().(*Row)
	defer c.rows.Put(r)
	null := true
	for i, k := range one.params {
		cell, ok := argCell(args[k], one.given[i])
		if !ok {
			return types.Vector{}, false
		}
		r.cells[i] = cell
		null = null && cell.Null
	}
	defer clear(r.cells) // keep nothing of the row
	b := types.NewColumnBuilder(t)
	if null || one.chance && one.class < 0 {
		b.AppendNull()
		return b.Vector(), true
	}
	s := c.scratch.Get().(*rowScratch)
	defer c.scratch.Put(s)
	c.evaluator.Row(r.cells, s.features)
	scorer := c.handle.Scorer
	var err error
	switch {
	case one.chance:
		err = scorer.Proba(s.x, 1, s.proba)
		types.AppendFixed(b, s.proba[one.class][0])
	case c.version.task == model.Regression:
		err = scorer.Value(s.x, 1, s.value[:])
		types.AppendFixed(b, s.value[0])
	default:
		err = scorer.Class(s.x, 1, s.class[:])
		if one.labels != nil && err == nil {
			return one.labels[s.class[0]], true
		}
		types.AppendFixed(b, int64(s.class[0]))
	}
	return b.Vector(), err == nil
}

// argCell is a parameter's value as a column's; false where it isn't of the parameter's type.
func argCell(v any, id types.ID) (transform.Cell, bool) {
	whole := func(n, least, most int64) (transform.Cell, bool) {
		return transform.Cell{Num: float64(n), Int: n}, n >= least && n <= most
	}
	number := func(n int64) (transform.Cell, bool) {
		switch id {
		case types.SmallInt:
			return whole(n, math.MinInt16, math.MaxInt16)
		case types.Integer:
			return whole(n, math.MinInt32, math.MaxInt32)
		case types.BigInt:
			return whole(n, math.MinInt64, math.MaxInt64)
		}
		return transform.Cell{}, false
	}
	switch x := v.(type) {
	case nil:
		return transform.Cell{Null: true}, true
	case float64:
		return transform.Cell{Num: x}, id == types.Double
	case bool:
		cell := transform.Cell{}
		if x {
			cell.Num, cell.Int = 1, 1
		}
		return cell, id == types.Boolean
	case string:
		return transform.Cell{Text: x}, id == types.Varchar && utf8.ValidString(x) && !strings.Contains(x, "\x00")
	case int:
		return number(int64(x))
	case int16:
		return number(int64(x))
	case int32:
		return number(int64(x))
	case int64:
		return number(x)
	}
	return transform.Cell{}, false
}

// oneRow is a result of one row and column.
type oneRow struct {
	column types.Vector
	given  bool
}

func (o *oneRow) next(ctx context.Context) (*types.Chunk, error) {
	if o.given {
		return nil, nil
	}
	if ctx.Err() != nil {
		return nil, errUserCancel().Because(context.Cause(ctx))
	}
	o.given = true
	return &types.Chunk{Len: 1, Columns: []types.Vector{o.column}}, nil
}

func (o *oneRow) close() {}
