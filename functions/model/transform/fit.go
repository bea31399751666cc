package transform

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// oneHotMax is the most values of a text that get a feature each by default.
const oneHotMax = 12

// source is where features came from: item of the plan, first and number of the features.
type source struct {
	item, first, count int
	// learned marks what looked at the target.
	learned bool
}

// training is what a fit may see.
type training struct {
	f       *frame.Frame
	rows    []int32
	y       []float64
	classes int
}

// fragment is one fitted item; its steps are numbered from 0.
type fragment struct {
	steps    []step
	features []feature
	warnings []string
	learned  bool
}

func (p *Plan) fit(ctx context.Context, f *frame.Frame, rows []int32, y []float64, classes int, seed int64) (*Fitted, error) {
	if len(rows) == 0 {
		return nil, sqlstate.New(sqlstate.InvalidParameterValue, "there are no rows to fit the features on")
	}
	if err := p.holds(f); err != nil {
		return nil, err
	}
	data := training{f, rows, y, classes}
	parts := make([]fragment, len(p.items))
	err := each(ctx, len(p.items), func(i int) (err error) {
		parts[i], err = p.fitItem(&p.items[i], data, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	t := &Fitted{inputs: p.inputs, plan: p}
	for i, part := range parts {
		base := len(t.steps)
		for _, s := range part.steps {
			s.From = shift(s.From, base)
			t.steps = append(t.steps, s)
		}
		t.sources = append(t.sources, source{i, len(t.features), len(part.features), part.learned})
		for _, ft := range part.features {
			ft.From = shift(ft.From, base)
			t.features = append(t.features, ft)
		}
		t.warnings = append(t.warnings, part.warnings...)
	}
	if len(t.features) == 0 {
		err := sqlstate.New(sqlstate.InvalidParameterValue, "no feature is left to learn from: all are constant or NULL")
		if len(t.warnings) > 0 {
			return nil, err.WithDetail("%s", t.warnings[0])
		}
		return nil, err
	}
	t.fields = p.signature(t.used())
	return t, nil
}

// signature are the columns that inputs are made of, in the query's order.
func (p *Plan) signature(inputs []int) []Field {
	var out []Field
	for _, c := range p.columns {
		f := Field{c.Name, c.Type}
		if slices.ContainsFunc(inputs, func(k int) bool { return slices.Contains(p.inputs[k].columns, f) }) {
			out = append(out, f)
		}
	}
	return out
}

func shift(from, base int) int {
	if from < 0 {
		return from
	}
	return from + base
}

// holds checks that the frame has the plan's inputs.
func (p *Plan) holds(f *frame.Frame) error {
	for _, in := range p.inputs {
		if c := f.Col(in.Name); c == nil || c.Kind != in.Kind {
			return sqlstate.Newf(sqlstate.InternalError, "the frame lacks the input %q", in.Name)
		}
	}
	return nil
}

// each calls do for 0 … n-1 on as many goroutines as Go runs at once, and waits for them. The error is that of the
// lowest i that failed, so that it doesn't depend on timing where all are tried; after an error or ctx's end no more are begun.
func each(ctx context.Context, n int, do func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Bool
	errs := make([]error, n)
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for !failed.Load() && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if errs[i] = do(i); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// errEmptyFold tells that a fold has no value to fit on, although all rows together have.
var errEmptyFold = errors.New("a fold has no value to fit on")

// builder fits one item.
type builder struct {
	training
	plan *Plan
	item *planned
	fragment
	// twin, where set, is what the same item became on all rows: its choices are taken over.
	twin *fragment
}

// vector is a column on the way: an input or what a step makes of it, on the training rows. num is set for an input, for
// others values computes it; code and dict are a category's.
type vector struct {
	from   int
	kind   frame.Kind
	num    []float64
	of     *vector // what step is applied to
	step   *step
	code   []int32
	dict   []string
	suffix string // of the feature's name
	// complete is set where it can't be missing, whatever the input.
	complete bool
	// varies is set where it is known not to be constant.
	varies bool
}

// output is what a fitted function makes.
type output = vector

func (p *Plan) fitItem(it *planned, data training, twin *fragment) (fragment, error) {
	b := &builder{training: data, plan: p, item: it, twin: twin}
	outs, err := b.eval(it.root)
	if err != nil {
		return fragment{}, err
	}
	for _, v := range outs {
		if v.kind != frame.Number && p.o.Texts {
			b.features = append(b.features, feature{it.name + v.suffix, v.from})
			continue
		}
		if v.kind != frame.Number {
			return fragment{}, sqlstate.Newf(sqlstate.DatatypeMismatch, "feature %s is a text, not a number", lex.QuoteIdent(it.name)).At(it.pos).
				WithHint("Encode it: one_hot, ordinal_encode or target_encode.")
		}
		keep := twin.has(it.name + v.suffix)
		if twin == nil {
			if keep, err = b.worth(&v); err != nil {
				return fragment{}, err
			}
		}
		if !keep {
			continue
		}
		if it.written && !p.o.TakesMissing && !v.complete {
			if v, err = b.impute(v, b.median(&v)); err != nil {
				return fragment{}, err
			}
		}
		b.features = append(b.features, feature{it.name + v.suffix, v.from})
	}
	return b.fragment, nil
}

// has reports whether the fit on all rows kept a feature.
func (p *fragment) has(name string) bool {
	return p != nil && slices.ContainsFunc(p.features, func(f feature) bool { return f.Name == name })
}

// worth reports whether a feature can be learned from, and warns if it can't: it must have a value, not always the same. An
// infinite one is an error.
func (b *builder) worth(v *vector) (bool, error) {
	if v.varies || b.twoValues(v) {
		return true, nil
	}
	seen, missing, infinite, constant := false, false, 0, true
	var first float64
	for _, x := range v.values() {
		switch {
		case x != x:
			missing = true
		case math.IsInf(x, 0):
			infinite++
		case !seen:
			seen, first = true, x
		case x != first:
			constant = false
		}
	}
	name := lex.QuoteIdent(b.item.name + v.suffix)
	switch {
	case infinite > 0:
		return false, b.infinite(infinite)
	case !seen:
		b.warn("Feature %s is left out, because it is NULL in every training row.", name)
	case constant && !b.plan.o.KeepConstant && (!missing || !b.plan.o.TakesMissing):
		b.warn("Feature %s is left out, because it has the same value in every training row.", name)
	default:
		return true, nil
	}
	return false, nil
}

// twoValues reports whether a scale of finite values makes finite values of them, and not always the same. It grows with
// what it scales, so that the least and the greatest value tell, and it needn't be computed for all.
func (b *builder) twoValues(v *vector) bool {
	if v.num != nil || v.of == nil || v.step.Op != opScale || len(v.of.num) == 0 || !allFinite(v.of.num) {
		return false
	}
	lo, hi := v.of.num[0], v.of.num[0]
	for _, x := range v.of.num {
		lo, hi = min(lo, x), max(hi, x)
	}
	ends := []float64{v.step.number(lo), v.step.number(hi)}
	return ends[0] != ends[1] && allFinite(ends)
}

func (b *builder) infinite(n int) error {
	return sqlstate.Newf(sqlstate.NumericValueOutOfRange, "feature %s is infinite in %s", lex.QuoteIdent(b.item.name), counted(n, "row")).At(b.item.pos).
		WithHint("Leave those rows out of the query (WHERE isfinite(x)), or make them missing: TRANSFORM (CASE WHEN isfinite(x) THEN x END AS x).")
}

func (b *builder) warn(format string, args ...any) {
	b.warnings = append(b.warnings, fmt.Sprintf(format, args...))
}

// eval fits a node and what it is made of.
func (b *builder) eval(n *node) ([]vector, error) {
	if n.fn == nil {
		return b.treat(n)
	}
	ins, err := b.eval(n.arg)
	if err != nil {
		return nil, err
	}
	var outs []vector
	for _, x := range ins {
		if n.fn.takes == takesCategory && x.kind == frame.Number {
			if x, err = b.add(x, step{Op: opText}); err != nil {
				return nil, err
			}
		}
		if !n.fn.learns && b.empty(&x) {
			if b.twin != nil {
				return nil, errEmptyFold
			}
			return []vector{{from: x.from, kind: frame.Number, num: nans(len(b.rows)), suffix: x.suffix}}, nil
		}
		more, err := n.fn.fit(b, x, n.args)
		if err != nil {
			return nil, err
		}
		for _, v := range more {
			v.suffix = x.suffix + v.suffix
			outs = append(outs, v)
		}
	}
	return outs, nil
}

// empty reports whether there is no value at all, so that nothing can be fitted.
func (b *builder) empty(x *vector) bool {
	if x.kind == frame.Category {
		_, nulls := b.counts(x)
		return nulls == len(b.rows)
	}
	for _, v := range x.values() {
		if v == v {
			return false
		}
	}
	return true
}

func nans(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}

// leaf is an input's values on the training rows.
func (b *builder) leaf(k int) vector {
	c := b.f.Col(b.plan.inputs[k].Name)
	v := vector{from: ^k, kind: c.Kind}
	if c.Kind == frame.Number {
		v.num = take(c.Num, b.rows)
	} else {
		v.code, v.dict = take(c.Code, b.rows), c.Dict
	}
	return v
}

// take is the rows of a column: a part of it where they are a range.
func take[T any](col []T, rows []int32) []T {
	n := len(rows)
	if n == 0 {
		return nil
	}
	if from := int(rows[0]); isRange(rows) {
		return col[from : from+n : from+n]
	}
	out := make([]T, n)
	for i, r := range rows {
		out[i] = col[r]
	}
	return out
}

// isRange reports whether ascending rows are without gaps.
func isRange(rows []int32) bool {
	n := len(rows)
	return n > 0 && int(rows[n-1])-int(rows[0]) == n-1
}

// add appends a step to x and returns what it makes.
func (b *builder) add(x vector, s step) (vector, error) {
	for _, c := range append([]float64{s.A, s.B}, s.Values...) {
		if math.IsInf(c, 0) || c != c {
			return vector{}, sqlstate.Newf(sqlstate.NumericValueOutOfRange, "feature %s has numbers too large to be transformed", lex.QuoteIdent(b.item.name)).At(b.item.pos)
		}
	}
	s.A, s.B = s.A+0, s.B+0 // no negative zeros
	s.From = x.from
	b.steps = append(b.steps, s)
	out := vector{from: len(b.steps) - 1, kind: s.kind()}
	switch s.Op {
	case opImpute, opMissing, opEquals, opOther, opFill:
		out.complete = true
	case opLookup:
		out.complete = !s.NoA && !s.NoB
	case opScale, opClip, opYeoJohnson, opBucket, opHash, opText:
		out.complete = x.complete
	}
	switch s.Op {
	case opText:
		out.code, out.dict = digits(x.values())
	case opFill:
		out.code, out.dict = s.fill(x.code, x.dict)
	default:
		out.of, out.step = &x, &s
	}
	return out, nil
}

// treat makes an input's default features.
func (b *builder) treat(n *node) ([]vector, error) {
	x := b.leaf(n.input)
	switch n.treat {
	case asCategory:
		return b.treatCategory(x)
	case asNumber, asFlag:
		if !b.plan.o.TakesMissing {
			return b.treatNumber(x, n.treat == asNumber && b.plan.o.WantsScaled)
		}
	}
	return []vector{x}, nil
}

// treatNumber imputes the median, scales, and marks what was missing if training has such rows.
func (b *builder) treatNumber(x vector, scaled bool) ([]vector, error) {
	if n := infinities(x.values()); n > 0 {
		return nil, b.infinite(n)
	}
	nulls := 0
	for _, v := range x.values() {
		if v != v {
			nulls++
		}
	}
	if nulls == len(x.values()) {
		return []vector{x}, nil
	}
	v, err := b.impute(x, medianOf(x.values(), len(x.values())-nulls))
	if err == nil && scaled {
		v, err = b.standard(v)
	}
	if err != nil || nulls == 0 {
		return []vector{v}, err
	}
	flag, err := b.add(x, step{Op: opMissing})
	flag.suffix, flag.varies = "_missing", true
	return []vector{v, flag}, err
}

// impute puts a number where x is missing.
func (b *builder) impute(x vector, with float64) (vector, error) {
	v, err := b.add(x, step{Op: opImpute, A: with})
	v.suffix, v.varies = x.suffix, x.varies
	return v, err
}

// treatCategory encodes a text by its number of values.
func (b *builder) treatCategory(x vector) ([]vector, error) {
	counts, nulls := b.counts(&x)
	distinct := 0
	for _, c := range counts {
		if c > 0 {
			distinct++
		}
	}
	if distinct == 0 && b.twin == nil {
		return []vector{{from: x.from, kind: frame.Number, num: nans(len(b.rows))}}, nil
	}
	if encode := distinct > oneHotMax && b.y != nil; !encode && b.twin == nil { // only what learns has a twin
		b.idLike(distinct, nulls)
		return fitOneHot(b, x, args{"max_categories": float64(oneHotMax), "min_frequency": 0.0, "other": distinct > oneHotMax})
	}
	outs, err := fitTarget(b, x, args{"smooth": "auto"})
	for i := range outs {
		if err == nil && b.plan.o.WantsScaled {
			suffix := outs[i].suffix
			outs[i], err = b.standard(outs[i])
			outs[i].suffix = suffix
		}
	}
	return outs, err
}

// idLike warns of a text that has another value in nearly every row.
func (b *builder) idLike(distinct, nulls int) {
	n := len(b.rows) - nulls
	if n < 20 || float64(distinct) <= 0.95*float64(n) {
		return
	}
	b.warn("Feature %s looks like an identifier: %d of %d training rows have a value of their own. Leave it out with TRANSFORM (* EXCLUDE (…)) or name it in ID (…).",
		lex.QuoteIdent(b.item.name), distinct, n)
}
