package train

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// rowsText is "1 row", "2 rows".
func rowsText(n int) string {
	if n == 1 {
		return "1 row"
	}
	return strconv.Itoa(n) + " rows"
}

// target looks at the target: which rows have one, what the task is, which classes there are. It returns the
// rows that have one, ascending.
func (r *run) target() ([]int32, error) {
	if r.plan.Target == nil {
		r.task = model.Clustering
		return r.frame.All(), nil
	}
	c, name, pos := r.frame.Col(r.cols.target), lex.QuoteIdent(r.plan.Target.Name), r.spec.Target.Pos
	rows := make([]int32, 0, r.frame.Rows)
	for i := range r.frame.Rows {
		if !c.Missing(i) {
			rows = append(rows, int32(i))
		}
	}
	r.dropped = int64(r.frame.Rows - len(rows))
	if len(rows) == 0 {
		return nil, at(sqlstate.Newf(sqlstate.NullValueNotAllowed, "target %s is NULL in every row", name), pos)
	}
	if r.dropped > 0 {
		r.session.Notice("NOTICE", rowsText(int(r.dropped))+" without "+name+" can't be learned from and are left out")
	}
	if err := r.decideTask(c, rows); err != nil {
		return nil, err
	}
	if r.task == model.Regression {
		return rows, r.checkValues(c, rows)
	}
	return rows, r.findClasses(c, rows)
}

// decideTask settles what an integer target means.
func (r *run) decideTask(c *frame.Column, rows []int32) error {
	r.task = r.plan.Task
	name := r.plan.Target.Name
	if r.task == "" {
		r.task = model.Regression
		if distinctUpTo(c, rows, 3) == 2 {
			r.task = model.Classification
		}
		if r.plan.by[r.task] == nil {
			return at(sqlstate.Newf(sqlstate.InvalidParameterValue, "%s of %s has no algorithm here", r.task, name), r.spec.Target.Pos)
		}
	}
	if r.spec.Task == "" {
		r.session.Notice("NOTICE", fmt.Sprintf("TASK is %s, because of %s's type %s%s", r.task, lex.QuoteIdent(name), r.plan.Target.Type, map[bool]string{
			true: " and its values", false: ""}[r.plan.Task == ""]))
	}
	return nil
}

// distinctUpTo counts distinct numbers, up to a limit.
func distinctUpTo(c *frame.Column, rows []int32, limit int) int {
	seen := map[float64]bool{}
	for _, i := range rows {
		if seen[c.Num[i]] = true; len(seen) >= limit {
			break
		}
	}
	return len(seen)
}

// checkValues looks at a regression's target.
func (r *run) checkValues(c *frame.Column, rows []int32) error {
	name, pos := lex.QuoteIdent(r.plan.Target.Name), r.spec.Target.Pos
	infinite := 0
	for _, i := range rows {
		if math.IsInf(c.Num[i], 0) {
			infinite++
		}
	}
	switch {
	case infinite > 0:
		return at(sqlstate.Newf(sqlstate.InvalidParameterValue, "target %s is infinite in %s", name, rowsText(infinite)), pos)
	case len(rows) == 1:
		return at(sqlstate.New(sqlstate.InvalidParameterValue, "one row isn't enough to learn from"), r.spec.QueryPos, pos)
	case distinctUpTo(c, rows, 2) == 1:
		return at(sqlstate.Newf(sqlstate.InvalidParameterValue, "target %s has one value only", name), pos)
	}
	return nil
}

// findClasses lists the classes that occur, in the order of the type, the positive one of two last.
func (r *run) findClasses(c *frame.Column, rows []int32) error {
	name, pos := lex.QuoteIdent(r.plan.Target.Name), r.spec.Target.Pos
	text := classTexts(c)
	texts := map[string]bool{}
	for _, i := range rows {
		if texts[text(int(i))] = true; len(texts) > r.plan.with.maxClasses {
			return at(sqlstate.Newf(sqlstate.InvalidParameterValue, "target %s has more than %d classes", name, r.plan.with.maxClasses).
				WithHint("Write TASK regression, group its values in the query, or raise WITH (max_classes = …)."), pos)
		}
	}
	sorted := make([]string, 0, len(texts))
	for text := range texts {
		sorted = append(sorted, text)
	}
	sortClasses(sorted, r.plan.Target.Type)
	if len(sorted) == 1 {
		if len(rows) == 1 {
			return at(sqlstate.New(sqlstate.InvalidParameterValue, "one row isn't enough to learn from"), r.spec.QueryPos, pos)
		}
		return at(sqlstate.Newf(sqlstate.InvalidParameterValue, "target %s has one class only: %s", name, sorted[0]).
			WithHint("The query must give rows of at least two classes."), pos)
	}
	if err := r.choosePositive(sorted); err != nil {
		return err
	}
	if w := r.spec.ClassWeights; w != nil {
		for _, cw := range w.Weights {
			if !slices.ContainsFunc(sorted, func(s string) bool { return sameClass(s, cw.Class) }) {
				return at(unknownClass(cw.Class, name, sorted), cw.Class.Pos, w.Pos)
			}
		}
	}
	for _, text := range sorted {
		r.classes = append(r.classes, Class{Text: text, SQL: sqlLiteral(text, r.plan.Target.Type)})
	}
	return nil
}

// classTexts gives the text of a row's class: of an integer that was read as a number, its digits, which are written
// once for each number.
func classTexts(c *frame.Column) func(i int) string {
	if c.Kind == frame.Category {
		return func(i int) string { return c.Dict[c.Code[i]] }
	}
	known := map[float64]string{}
	return func(i int) string {
		text, ok := known[c.Num[i]]
		if !ok {
			text = strconv.FormatFloat(c.Num[i], 'f', -1, 64)
			known[c.Num[i]] = text
		}
		return text
	}
}

// sortClasses sorts numbers by value, an ENUM's labels as it lists them, other texts bytewise.
func sortClasses(list []string, t *types.Type) {
	slices.SortFunc(list, func(a, b string) int {
		switch {
		case numeric(t.ID):
			x, _ := strconv.ParseFloat(a, 64)
			y, _ := strconv.ParseFloat(b, 64)
			if c := cmp.Compare(x, y); c != 0 {
				return c
			}
		case t.ID == types.Enum:
			return cmp.Compare(slices.Index(t.Labels, a), slices.Index(t.Labels, b))
		}
		return strings.Compare(a, b)
	})
}

// choosePositive moves the positive class of two to the end.
func (r *run) choosePositive(sorted []string) error {
	want := r.spec.Positive
	if len(sorted) > 2 {
		if want != nil {
			return at(sqlstate.Newf(sqlstate.InvalidParameterValue, "POSITIVE is for two classes, and %s has %d", lex.QuoteIdent(r.plan.Target.Name), len(sorted)), want.Pos)
		}
		return nil
	}
	if want != nil {
		k := slices.IndexFunc(sorted, func(s string) bool { return sameClass(s, *want) })
		if k < 0 {
			return at(unknownClass(*want, lex.QuoteIdent(r.plan.Target.Name), sorted), want.Pos)
		}
		if k == 0 {
			slices.Reverse(sorted)
		}
		return nil
	}
	if first := strings.ToLower(sorted[0]); first == "true" || first == "1" || first == "yes" {
		slices.Reverse(sorted)
	}
	return nil
}

// sameClass compares a class with a constant of the statement, numbers by value.
func sameClass(text string, l Literal) bool {
	if text == l.Text() {
		return true
	}
	switch l.Value.(type) {
	case int64, float64:
		a, errA := strconv.ParseFloat(text, 64)
		b, errB := strconv.ParseFloat(l.Text(), 64)
		return errA == nil && errB == nil && a == b
	case bool:
		return strings.EqualFold(text, l.Text())
	}
	return false
}

func unknownClass(l Literal, target string, classes []string) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.InvalidParameterValue, "%s is no class of target %s", l.Text(), target).
		WithHint("Its classes are %s.", strings.Join(classes[:min(len(classes), 20)], ", "))
}

// labels returns the target of every row of a frame as the pipeline uses it: a value, or a class's index.
func (r *run) labels(f *frame.Frame) []float64 {
	if r.task == model.Clustering {
		return nil
	}
	c := f.Col(r.cols.target)
	if r.task == model.Regression {
		return c.Num
	}
	index := make(map[string]float64, len(r.classes))
	for k, class := range r.classes {
		index[class.Text] = float64(k)
	}
	out := make([]float64, f.Rows)
	if c.Kind == frame.Category {
		byCode := make([]float64, len(c.Dict))
		for code, text := range c.Dict {
			byCode[code] = index[text]
		}
		for i, code := range c.Code {
			out[i] = byCode[code]
		}
		return out
	}
	text := classTexts(c)
	byNumber := map[float64]float64{}
	for i, v := range c.Num {
		k, ok := byNumber[v]
		if !ok {
			k = index[text(i)]
			byNumber[v] = k
		}
		out[i] = k
	}
	return out
}
