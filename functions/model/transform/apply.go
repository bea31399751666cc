package transform

import (
	"context"
	"errors"
	"math"
	"strconv"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// apply fills dst with what the step makes of numbers. dst may be src.
func (s *step) apply(dst, src []float64) {
	switch s.Op {
	case opScale:
		scale(dst, src, s.A, s.B)
	case opImpute:
		for i, x := range src {
			if x != x {
				x = s.A
			}
			dst[i] = x
		}
	default:
		for i, x := range src {
			dst[i] = s.number(x)
		}
	}
}

// keeps reports whether the step leaves every value as it is.
func (s *step) keeps(x []float64) bool {
	if s.Op != opImpute {
		return false
	}
	for _, v := range x {
		if v != v {
			return false
		}
	}
	return true
}

// encode makes numbers of a category: each text is looked at once.
func (s *step) encode(code []int32, dict []string) []float64 {
	out := make([]float64, len(code))
	null := s.category("", true, nil)
	if s.Op == opEquals {
		known := int32(-2)
		for i, text := range dict {
			if text == s.Keys[0] {
				known = int32(i)
				break
			}
		}
		for i, c := range code {
			if c == known {
				out[i] = 1
			}
		}
		return out
	}
	keys := s.index()
	table := make([]float64, len(dict))
	for i, text := range dict {
		table[i] = s.category(text, false, keys)
	}
	for i, c := range code {
		if out[i] = null; c >= 0 {
			out[i] = table[c]
		}
	}
	return out
}

// fill puts a text where a category is missing.
func (s *step) fill(code []int32, dict []string) ([]int32, []string) {
	with := int32(len(dict))
	for i, text := range dict {
		if text == s.Keys[0] {
			with = int32(i)
			break
		}
	}
	if int(with) == len(dict) {
		dict = append(dict[:with:with], s.Keys[0])
	}
	out := make([]int32, len(code))
	for i, c := range code {
		if out[i] = c; c < 0 {
			out[i] = with
		}
	}
	return out, dict
}

// digits makes a category of small whole numbers.
func digits(x []float64) ([]int32, []string) {
	code := make([]int32, len(x))
	most := -1
	for i, v := range x {
		if code[i] = -1; v == v {
			code[i] = int32(v)
			most = max(most, int(v))
		}
	}
	dict := make([]string, most+1)
	for i := range dict {
		dict[i] = strconv.Itoa(i)
	}
	return code, dict
}

// evaluation computes columns of a Fitted over rows of a frame.
type evaluation struct {
	inputs []input
	steps  []step
	f      *frame.Frame
	rows   []int32
}

// number is the column From; shared tells that it may be the frame's memory.
func (e *evaluation) number(from int) (out []float64, shared bool) {
	if from < 0 {
		c := e.f.Col(e.inputs[^from].Name)
		return take(c.Num, e.rows), true
	}
	s := &e.steps[from]
	if s.takesCategory() {
		code, dict := e.category(s.From)
		return s.encode(code, dict), false
	}
	src, shared := e.number(s.From)
	if s.keeps(src) {
		return src, shared
	}
	dst := src
	if shared {
		dst = make([]float64, len(src))
	}
	s.apply(dst, src)
	return dst, false
}

// category is the category From.
func (e *evaluation) category(from int) ([]int32, []string) {
	if from < 0 {
		c := e.f.Col(e.inputs[^from].Name)
		return take(c.Code, e.rows), c.Dict
	}
	s := &e.steps[from]
	if s.Op == opText {
		src, _ := e.number(s.From)
		return digits(src)
	}
	return s.fill(e.category(s.From))
}

func (t *Fitted) apply(ctx context.Context, f *frame.Frame, rows []int32) (model.Matrix, error) {
	if err := t.needs(f); err != nil {
		return model.Matrix{}, err
	}
	out := model.Matrix{Rows: len(rows), Cols: make([][]float64, len(t.features))}
	e := evaluation{t.inputs, t.steps, f, rows}
	err := each(ctx, len(t.features), func(i int) error {
		out.Cols[i], _ = e.number(t.features[i].From)
		return nil
	})
	return out, err
}

// needs checks that the frame has the inputs that features are made of.
func (t *Fitted) needs(f *frame.Frame) error {
	for _, k := range t.used() {
		in := t.inputs[k]
		if c := f.Col(in.Name); c == nil || c.Kind != in.Kind {
			return sqlstate.Newf(sqlstate.InternalError, "the frame lacks the input %q", in.Name)
		}
	}
	return nil
}

// used are the inputs that features are made of, ascending.
func (t *Fitted) used() []int {
	seen := make([]bool, len(t.inputs))
	for _, ft := range t.features {
		from := ft.From
		for from >= 0 {
			from = t.steps[from].From
		}
		seen[^from] = true
	}
	var out []int
	for k, s := range seen {
		if s {
			out = append(out, k)
		}
	}
	return out
}

func (t *Fitted) outOfFold(ctx context.Context, f *frame.Frame, rows []int32, y []float64, classes int, seed int64, folds int) (model.Matrix, error) {
	out, err := t.apply(ctx, f, rows)
	if err != nil {
		return out, err
	}
	if t.plan == nil {
		return out, sqlstate.New(sqlstate.InternalError, "out-of-fold features need the plan, which a stored transform doesn't have")
	}
	if folds < 2 {
		return out, sqlstate.Newf(sqlstate.InvalidParameterValue, "out-of-fold features take at least 2 folds, not %d", folds)
	}
	var learned []source
	for _, s := range t.sources {
		if s.learned && s.count > 0 {
			learned = append(learned, s)
		}
	}
	if len(learned) == 0 {
		return out, nil
	}
	parts := partition(f, rows, seed, folds)
	for _, s := range learned {
		for i := s.first; i < s.first+s.count; i++ {
			out.Cols[i] = make([]float64, len(rows))
		}
	}
	err = each(ctx, len(learned)*folds, func(i int) error {
		s, fold := learned[i/folds], int32(i%folds)
		return t.refit(out.Cols[s.first:s.first+s.count], s, training{f, rows, y, classes}, parts, fold)
	})
	return out, err
}

// partition gives each row's fold: the rows are dealt out in the order of their keyed hashes, so that neither the
// target nor the rows' order has a say.
func partition(f *frame.Frame, rows []int32, seed int64, folds int) []int32 {
	fold := make([]int32, len(rows))
	for i, k := range f.Rank(rows, seed) {
		fold[k] = int32(i * folds / len(rows))
	}
	return fold
}

// refit fills the rows of one fold with the item's features as fitted on the other folds.
func (t *Fitted) refit(cols [][]float64, s source, data training, parts []int32, fold int32) error {
	var own, others, at []int32
	for i, p := range parts {
		if p == fold {
			own, at = append(own, data.rows[i]), append(at, int32(i))
		} else {
			others = append(others, data.rows[i])
		}
	}
	if len(own) == 0 {
		return nil
	}
	part, err := fragment{}, errEmptyFold
	if len(others) > 0 {
		rest := data
		rest.rows = others
		part, err = t.plan.fitItem(&t.plan.items[s.item], rest, &fragment{learned: true, features: t.features[s.first : s.first+s.count]})
	}
	if err != nil && !errors.Is(err, errEmptyFold) {
		return err
	}
	if err == nil && len(part.features) != len(cols) {
		return sqlstate.Newf(sqlstate.InternalError, "a fold makes %d features where all rows made %d", len(part.features), len(cols))
	}
	e := evaluation{t.plan.inputs, part.steps, data.f, own}
	for k, col := range cols {
		var values []float64
		if err == nil {
			values, _ = e.number(part.features[k].From)
		} else {
			values = e.prior(len(own), data, others)
		}
		for i, v := range values {
			col[at[i]] = v
		}
	}
	return nil
}

// prior is what is known of rows without a fit: the target's mean among others, or 0.
func (e *evaluation) prior(n int, data training, others []int32) []float64 {
	y := make([]float64, len(others))
	for i, r := range others {
		y[i] = data.y[r]
	}
	_, mean, _ := moments(y)
	if math.IsNaN(mean) {
		mean = 0
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = mean
	}
	return out
}
