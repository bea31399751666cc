package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/functions/model/tune"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// TestCheckRefuses: what is wrong without looking at data, with code, position (1-based) and hint.
func TestCheckRefuses(t *testing.T) {
	name := func(s string) *Name { return &Name{s, 10} }
	for what, c := range map[string]struct {
		change func(s *Spec)
		code   sqlstate.Code
		at     int
		want   string
	}{
		"target missing":     {func(s *Spec) { s.Target = name("chuned") }, sqlstate.UndefinedColumn, 11, `Did you mean "churned"?`},
		"no target":          {func(s *Spec) { s.Target, s.QueryPos = nil, 30 }, sqlstate.SyntaxError, 31, "TASK clustering"},
		"target of clusters": {func(s *Spec) { s.Task, s.Target = model.Clustering, name("churned") }, sqlstate.SyntaxError, 11, "no TARGET"},
		"algorithm":          {func(s *Spec) { s.Candidates = []Candidate{{Algorithm: "logistik", Pos: 5}} }, sqlstate.UndefinedObject, 6, "Did you mean logistic?"},
		"algorithm of task":  {func(s *Spec) { s.Candidates = []Candidate{{Algorithm: "ridge", Pos: 5}} }, sqlstate.InvalidParameterValue, 6, "Algorithms for classification are"},
		"parameter": {func(s *Spec) {
			s.Candidates = []Candidate{{"logistic", []Parameter{{"maxiter", Literal{int64(3), 9}, 8}}, 5}}
		}, sqlstate.UndefinedParameter, 9, "Did you mean max_iter"},
		"parameter's value": {func(s *Spec) { s.Candidates = []Candidate{{"spy", []Parameter{{"rate", Literal{"fast", 9}, 8}}, 5}} }, sqlstate.InvalidParameterValue, 10, "rate must be"},
		"parameter twice": {func(s *Spec) {
			s.Candidates = []Candidate{{"spy", []Parameter{{"rate", Literal{0.1, 9}, 8}, {"rate", Literal{0.1, 9}, 18}}, 5}}
		}, sqlstate.SyntaxError, 19, "given twice"},
		"metric":          {func(s *Spec) { s.Optimize = name("acuracy") }, sqlstate.UndefinedObject, 11, "Did you mean accuracy?"},
		"metric of task":  {func(s *Spec) { s.Optimize = name("rmse") }, sqlstate.InvalidParameterValue, 11, "Metrics for classification"},
		"option":          {func(s *Spec) { s.Options = []Option{{"refitt", Literal{true, 9}, 8}} }, sqlstate.UndefinedParameter, 9, "Did you mean refit?"},
		"option's value":  {func(s *Spec) { s.Options = []Option{{"threshold", Literal{2.0, 9}, 8}} }, sqlstate.InvalidParameterValue, 10, "threshold"},
		"group column":    {func(s *Spec) { s.Split = &Split{Kind: ByGroup, Column: name("team"), Fraction: 0.2, Pos: 3} }, sqlstate.UndefinedColumn, 11, "for SPLIT"},
		"time of no type": {func(s *Spec) { s.Split = &Split{Kind: ByTime, Column: name("plan"), Fraction: 0.2, Pos: 3} }, sqlstate.DatatypeMismatch, 11, "no date or timestamp"},
		"target as group": {func(s *Spec) { s.PartitionBy = name("churned") }, sqlstate.InvalidParameterValue, 11, "PARTITION BY"},
		"target as ID":    {func(s *Spec) { s.ID = []Name{*name("churned")} }, sqlstate.InvalidParameterValue, 11, "ID"},
		"ID twice":        {func(s *Spec) { s.ID = []Name{*name("id"), *name("ID")} }, sqlstate.DuplicateColumn, 11, "twice"},
		"class weights": {func(s *Spec) {
			s.Target, s.Task, s.ClassWeights = name("age"), model.Regression, &ClassWeights{Balanced: true, Pos: 3}
		}, sqlstate.SyntaxError, 4, "CLASS WEIGHTS is for classification"},
		"calibrated value": {func(s *Spec) { s.Target, s.Calibrate = name("age"), name("platt") }, sqlstate.SyntaxError, 11, "CALIBRATE is for classification"},
		"calibration":      {func(s *Spec) { s.Calibrate = name("magic") }, sqlstate.InvalidParameterValue, 11, "PLATT or ISOTONIC"},
		"text as number":   {func(s *Spec) { s.Target, s.Task = name("plan"), model.Regression }, sqlstate.DatatypeMismatch, 11, "no number"},
		"type of target":   {func(s *Spec) { s.Target = name("list") }, sqlstate.DatatypeMismatch, 11, "can't be learned"},
		"weight's type":    {func(s *Spec) { s.Weight = &Expr{"plan", 7} }, sqlstate.DatatypeMismatch, 8, "must be a number"},
		"split of clusters": {func(s *Spec) {
			s.Target, s.Task, s.Split = nil, model.Clustering, &Split{Kind: Random, Fraction: 0.2, Pos: 3}
		}, sqlstate.SyntaxError, 4, "clustering has no SPLIT"},
		"refit of all": {func(s *Spec) {
			s.Split, s.Options = &Split{Kind: NoSplit, Pos: 3}, []Option{{"refit", Literal{true, 9}, 8}}
		}, sqlstate.SyntaxError, 4, "nothing to refit"},
		"tuned parameter":     {func(s *Spec) { tuned(s, tune.Dimension{Name: "deph", Low: 1, High: 2, Pos: 6}) }, sqlstate.UndefinedParameter, 7, "no parameter"},
		"tuned of another":    {func(s *Spec) { tuned(s, tune.Dimension{Algorithm: "spi", Name: "rate", Low: 1, High: 2, Pos: 6}) }, sqlstate.UndefinedObject, 7, "Did you mean spy?"},
		"tuned out of bounds": {func(s *Spec) { tuned(s, tune.Dimension{Name: "rate", Low: 1, High: 200, Pos: 6}) }, sqlstate.InvalidParameterValue, 7, "rate must be"},
		"tuned choice":        {func(s *Spec) { tuned(s, tune.Dimension{Name: "kind", Low: 1, High: 2, Pos: 6}) }, sqlstate.InvalidParameterValue, 7, "CHOICE"},
		"choice twice":        {func(s *Spec) { tuned(s, tune.Dimension{Name: "kind", Choices: []any{"a", "A"}, Pos: 6}) }, sqlstate.InvalidParameterValue, 7, "twice"},
		"tuned and given": {func(s *Spec) {
			tuned(s, tune.Dimension{Name: "rate", Low: 0.1, High: 1, Pos: 6})
			s.Candidates[0].Params = []Parameter{{"rate", Literal{0.5, 9}, 8}}
		}, sqlstate.SyntaxError, 7, "given in USING and tuned"},
		"strategy": {func(s *Spec) {
			tuned(s, tune.Dimension{Name: "rate", Low: 0.1, High: 1, Pos: 6})
			s.Tune.Strategy, s.Tune.StrategyPos = "luck", 40
		}, sqlstate.InvalidParameterValue, 41, "GRID, RANDOM or TPE"},
	} {
		t.Run(what, func(t *testing.T) {
			data := customers(10, 1)
			if what == "type of target" {
				data.columns = append(data.columns, types.Column{Name: "list", Type: &types.Type{ID: types.List, Child: types.Of(types.Integer)}})
			}
			sp := spec("churned")
			c.change(sp)
			o := (&spy{}).options()
			_, err := Check(context.Background(), data, sp, o.Algorithms)
			require.Error(t, err)
			e := sqlstate.From(err)
			require.Equal(t, c.code, e.Code, "%v", e)
			require.Equal(t, c.at, e.Position, "%v", e)
			require.Contains(t, e.Error(), c.want)
			require.Zero(t, data.streams, "no data is read")
		})
	}
}

func tuned(s *Spec, d tune.Dimension) {
	s.Candidates = using("spy")
	s.Tune = &Tune{Params: []tune.Dimension{d}, Pos: 2, StrategyPos: -1}
}

// TestRunRefuses: what only the data shows.
func TestRunRefuses(t *testing.T) {
	small := func(y ...any) *table {
		out := newTable(column("x", types.Double), column("y", types.Varchar))
		for i, v := range y {
			out.add(float64(i), v)
		}
		return out
	}
	numbers := func(y ...any) *table {
		out := small(y...)
		out.columns[1] = column("y", types.Double)
		return out
	}
	infinite := customers(50, 1)
	infinite.rows[30][1] = math.Inf(1)
	for what, c := range map[string]struct {
		data   *table
		change func(s *Spec)
		code   sqlstate.Code
		want   string
	}{
		"no rows":           {small(), nil, sqlstate.InvalidParameterValue, "returns no rows"},
		"one row":           {small("a"), nil, sqlstate.InvalidParameterValue, "one row isn't enough"},
		"one number":        {numbers(1.0), nil, sqlstate.InvalidParameterValue, "one row isn't enough"},
		"one class":         {small("a", "a", "a"), nil, sqlstate.InvalidParameterValue, "one class only: a"},
		"one value":         {numbers(1.0, 1.0, 1.0), nil, sqlstate.InvalidParameterValue, "one value only"},
		"NULL target":       {small(nil, nil), nil, sqlstate.NullValueNotAllowed, "NULL in every row"},
		"infinite target":   {numbers(1.0, 2.0, math.Inf(-1)), nil, sqlstate.InvalidParameterValue, `target "y" is infinite in 1 row`},
		"infinite feature":  {infinite, func(s *Spec) { s.Target = &Name{"churned", -1} }, sqlstate.InvalidParameterValue, `column "age" is infinite in 1 row`},
		"positive class":    {small("a", "b", "a", "b"), func(s *Spec) { s.Positive = &Literal{"c", 3} }, sqlstate.InvalidParameterValue, "Its classes are a, b"},
		"positive of three": {small("a", "b", "c", "b"), func(s *Spec) { s.Positive = &Literal{"c", 3} }, sqlstate.InvalidParameterValue, "POSITIVE is for two classes"},
		"weighed class": {small("a", "b", "a", "b"), func(s *Spec) {
			s.ClassWeights = &ClassWeights{Weights: []ClassWeight{{Literal{"x", 3}, 2}}, Pos: 3}
		}, sqlstate.InvalidParameterValue, "x is no class"},
		"weight below 0": {numbers(1.0, 2.0, 3.0), func(s *Spec) { s.Weight = &Expr{"x - 1", 3} }, sqlstate.InvalidParameterValue, "must not be negative"},
		"weight of NULL": {numbers(1.0, 2.0, 3.0), func(s *Spec) { s.Weight = &Expr{"nothing", 3} }, sqlstate.NullValueNotAllowed, "NULL in some rows"},
		"weights of 0":   {numbers(1.0, 2.0, 3.0), func(s *Spec) { s.Weight = &Expr{"0 * x", 3} }, sqlstate.InvalidParameterValue, "no row a weight"},
		"many classes":   {small("a", "b", "c", "d"), func(s *Spec) { s.Options = []Option{{"max_classes", Literal{int64(3), -1}, -1}} }, sqlstate.InvalidParameterValue, "more than 3 classes"},
	} {
		t.Run(what, func(t *testing.T) {
			c.data.exprs = map[string]func(map[string]any) any{
				"x - 1": func(r map[string]any) any { return r["x"].(float64) - 1 }, "nothing": func(map[string]any) any { return nil },
				"0 * x": func(map[string]any) any { return 0.0 },
			}
			sp := spec("y")
			if c.change != nil {
				c.change(sp)
			}
			e := failure(t, c.data, sp)
			require.Equal(t, c.code, e.Code, "%v", e)
			require.Contains(t, e.Error(), c.want)
		})
	}
}

func TestDroppedRows(t *testing.T) {
	data := customers(200, 1)
	for i := range 30 {
		data.rows[i][4] = nil
	}
	res := train(t, data, spec("churned"))
	require.EqualValues(t, 30, res.Dropped)
	require.EqualValues(t, 170, res.RowsTrain+res.RowsTest)
	require.Contains(t, strings.Join(data.notices, "\n"), `30 rows without "churned" can't be learned from`)
}

// TestTaskOfIntegers: two values are classes, more are numbers, and what only classes can have decides.
func TestTaskOfIntegers(t *testing.T) {
	make := func(k int) *table {
		data := newTable(column("x", types.Double), column("y", types.Integer))
		for i := range 60 {
			data.add(float64(i*7%60), int64(i%k*3-3))
		}
		return data
	}
	res := train(t, make(2), spec("y"))
	require.Equal(t, model.Classification, res.Task)
	require.Equal(t, "-3", res.Classes[0].Text)
	require.Equal(t, "CAST(0 AS INTEGER)", res.Classes[1].SQL)
	require.Equal(t, model.Regression, train(t, make(3), spec("y")).Task)
	sp := spec("y")
	sp.Candidates = using("logistic")
	res = train(t, make(3), sp)
	require.Equal(t, model.Classification, res.Task)
	require.Len(t, res.Classes, 3)
	require.Equal(t, "log_loss", res.Optimize)
	sp = spec("y")
	sp.Positive = &Literal{int64(-3), -1}
	res = train(t, make(2), sp)
	require.Equal(t, "-3", res.Classes[1].Text, "POSITIVE is the second")
}

func TestClassOrder(t *testing.T) {
	enum := &types.Type{ID: types.Enum, Labels: []string{"low", "mid", "high"}}
	for _, c := range []struct {
		typ  *types.Type
		in   []string
		want []string
	}{
		{types.Of(types.Integer), []string{"10", "9", "-1"}, []string{"-1", "9", "10"}},
		{enum, []string{"high", "low", "mid"}, []string{"low", "mid", "high"}},
		{types.Of(types.Varchar), []string{"b", "ä", "B"}, []string{"B", "b", "ä"}},
	} {
		sortClasses(c.in, c.typ)
		require.Equal(t, c.want, c.in)
	}
	for _, c := range [][3]string{{"false", "true", "true"}, {"no", "yes", "yes"}, {"Yes", "no", "Yes"}, {"1", "2", "1"}, {"0", "1", "1"}, {"a", "b", "b"}} {
		list := []string{c[0], c[1]}
		require.NoError(t, (&run{spec: &Spec{}}).choosePositive(list))
		require.Equal(t, c[2], list[1])
	}
	require.Equal(t, `'it''s'`, sqlLiteral("it's", types.Of(types.Varchar)))
	require.Equal(t, `CAST('mid' AS ENUM('low', 'mid', 'high'))`, sqlLiteral("mid", enum))
}

// TestSmallData: any few rows train or are refused with a reason; nothing panics and nothing is an internal error.
func TestSmallData(t *testing.T) {
	splits := []*Split{nil, {Kind: NoSplit}, {Kind: Random, Fraction: 0.5}, {Kind: Stratified, Fraction: 0.3}, {Kind: ByTime, Column: &Name{"ts", -1}, Fraction: 0.3}, {Kind: ByGroup, Column: &Name{"g", -1}, Fraction: 0.3}}
	trained := 0
	for _, n := range []int{1, 2, 3, 4, 6, 9, 14, 20, 24} {
		for k, split := range splits {
			for _, kind := range []types.ID{types.Varchar, types.Double} {
				for mode := range 4 {
					r := rand.New(rand.NewPCG(uint64(n), uint64(k)))
					data := newTable(column("x", types.Double), column("w", types.Varchar), column("ts", types.Timestamp), column("g", types.Integer), column("y", kind))
					for i := range n {
						var y any = math.Round(3 * r.Float64())
						if kind == types.Varchar {
							y = string(rune('a' + r.IntN(3)))
						}
						var x any
						if i%3 > 0 {
							x = r.NormFloat64()
						}
						data.add(x, fmt.Sprint(r.IntN(4)), types.TimestampValue(int64(i/2)*1e6), int64(i%5), y)
					}
					sp := spec("y")
					sp.Split = split
					if split != nil {
						split.Pos = -1
					}
					switch mode {
					case 1:
						sp.CrossValidate = &Folds{K: 3, Pos: -1}
					case 2:
						sp.Candidates = []Candidate{{"spy", []Parameter{{"early_stopping_rounds", Literal{int64(2), -1}, -1}}, -1}}
						if kind == types.Varchar {
							sp.Calibrate = &Name{"isotonic", -1}
						}
					case 3:
						sp.PartitionBy = &Name{"w", -1}
						sp.Options = []Option{{"min_group_rows", Literal{int64(2), -1}, -1}, {"explain_rows", Literal{int64(5), -1}, -1}}
					}
					if kind == types.Double && split != nil && split.Kind == Stratified {
						continue
					}
					_, err := Run(context.Background(), data, sp, (&spy{}).options())
					if err == nil {
						trained++
						continue
					}
					code := sqlstate.CodeOf(err)
					require.NotEqual(t, sqlstate.InternalError, code, "%d rows, %v, mode %d: %v", n, split, mode, err)
				}
			}
		}
	}
	require.Greater(t, trained, 200)
}

// TestStreamFails: an error's position in the SELECT around the query becomes one in the statement, where it is in the query.
func TestStreamFails(t *testing.T) {
	data := customers(10, 1)
	p, err := Check(context.Background(), data, spec("churned"), options().Algorithms)
	require.NoError(t, err)
	whole := frame.Select(query, p.loading(nil).inputs)
	sp := spec("churned")
	sp.QueryPos = 100
	for at, want := range map[int]int{strings.Index(whole, query) + 7: 107, 3: 0, len(whole): 0} {
		data.broken = sqlstate.New(sqlstate.DivisionByZero, "division by zero").At(at)
		e := failure(t, data, sp)
		require.Equal(t, sqlstate.DivisionByZero, e.Code)
		if want > 0 {
			want++ // positions count from 1
		}
		require.Equal(t, want, e.Position)
	}
	data.broken = errors.New("the cable is out")
	require.Equal(t, sqlstate.InternalError, failure(t, data, sp).Code)
}

// TestIdentityOfLargeNumbers: IDs that a double can't tell apart are rows of their own.
func TestIdentityOfLargeNumbers(t *testing.T) {
	data := customers(100, 1)
	for i := range data.rows {
		data.rows[i][0] = int64(1)<<60 + int64(i)
	}
	sp := spec("churned")
	sp.ID = []Name{{"id", -1}}
	require.Len(t, train(t, data, sp).Hashes, 80)
}
