package train

import (
	"context"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/metric"
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/functions/model/tune"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// defaults are the algorithms that a statement without USING means, the first that there is.
var defaults = map[model.Task][]string{
	model.Classification: {"logistic"},
	model.Regression:     {"ridge", "linear"},
	model.Clustering:     {"kmeans"},
}

// defaultFraction of the rows is held out.
const defaultFraction = 0.2

// variant checks what depends on the task.
func (p *Plan) variant(ctx context.Context, d Describer, task model.Task, algorithms map[string]*model.Algorithm) (*variant, error) {
	if err := p.exclusions(task); err != nil {
		return nil, err
	}
	v := &variant{split: p.defaultSplit(task)}
	if n := p.Spec.Optimize; n != nil {
		m, err := metric.Lookup(n.Text, task)
		if err != nil {
			return nil, at(err, n.Pos)
		}
		v.metric = m
	}
	given := p.Spec.Candidates
	if len(given) == 0 {
		name, err := defaultAlgorithm(task, algorithms)
		if err != nil {
			return nil, err
		}
		given = []Candidate{{Algorithm: name, Pos: -1}}
	}
	for _, c := range given {
		built, err := p.candidate(ctx, d, task, c, algorithms)
		if err != nil {
			return nil, err
		}
		v.candidates = append(v.candidates, built)
	}
	return v, p.checkTune(v)
}

func defaultAlgorithm(task model.Task, algorithms map[string]*model.Algorithm) (string, error) {
	for _, name := range defaults[task] {
		if algorithms[name] != nil {
			return name, nil
		}
	}
	var names []string
	for name, alg := range algorithms {
		if alg.Library == nil && slices.Contains(alg.Tasks, task) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "", sqlstate.Newf(sqlstate.FeatureNotSupported, "there is no algorithm for %s", task)
	}
	return slices.Min(names), nil
}

// exclusions refuses clauses that make no sense for the task or with one another.
func (p *Plan) exclusions(task model.Task) error {
	s := &p.Spec
	only := func(given bool, clause string, want model.Task, positions ...int) error {
		if !given || task == want {
			return nil
		}
		return at(sqlstate.Newf(sqlstate.SyntaxError, "%s is for %s, and this is %s", clause, want, task), positions...)
	}
	supervised := func(given bool, clause string, positions ...int) error {
		if !given || task != model.Clustering {
			return nil
		}
		return at(sqlstate.Newf(sqlstate.SyntaxError, "clustering has no %s, because there is no target", clause), positions...)
	}
	split := Split{Pos: -1}
	if s.Split != nil {
		split = *s.Split
	}
	for _, err := range []error{
		only(s.ClassWeights != nil, "CLASS WEIGHTS", model.Classification, posOf(s.ClassWeights)),
		only(s.Calibrate != nil, "CALIBRATE", model.Classification, posOf(s.Calibrate)),
		only(s.Positive != nil, "POSITIVE", model.Classification, posOf(s.Positive)),
		only(split.Kind == Stratified, "SPLIT STRATIFIED", model.Classification, split.Pos),
		only(s.CrossValidate != nil && s.CrossValidate.Kind == Stratified, "CROSS VALIDATE … STRATIFIED", model.Classification, posOf(s.CrossValidate)),
		supervised(s.Split != nil && s.Split.Kind != NoSplit, "SPLIT", split.Pos),
		supervised(s.CrossValidate != nil, "CROSS VALIDATE", posOf(s.CrossValidate)),
		supervised(s.Tune != nil, "TUNE", posOf(s.Tune)),
		supervised(s.PartitionBy != nil, "PARTITION BY", posOf(s.PartitionBy)),
		supervised(len(s.Candidates) > 1, "choice between algorithms", candidatePos(s)),
		supervised(p.with.refit, "WITH (refit = true)"),
	} {
		if err != nil {
			return err
		}
	}
	if p.with.refit && split.Kind == NoSplit {
		return at(sqlstate.New(sqlstate.SyntaxError, "WITH (refit = true) has nothing to refit after SPLIT NONE, which trains on all rows"), split.Pos)
	}
	if c := s.Calibrate; c != nil && !strings.EqualFold(c.Text, "platt") && !strings.EqualFold(c.Text, "isotonic") {
		return at(sqlstate.Newf(sqlstate.InvalidParameterValue, "CALIBRATE can't be %s", c.Text).WithHint("It is PLATT or ISOTONIC."), c.Pos)
	}
	return nil
}

func candidatePos(s *Spec) int {
	if len(s.Candidates) > 1 {
		return s.Candidates[1].Pos
	}
	return -1
}

// posOf is where a clause stands, -1 where it isn't given.
func posOf[T Name | Literal | ClassWeights | Folds | Tune](clause *T) int {
	switch c := any(clause).(type) {
	case *Name:
		if c != nil {
			return c.Pos
		}
	case *Literal:
		if c != nil {
			return c.Pos
		}
	case *ClassWeights:
		if c != nil {
			return c.Pos
		}
	case *Folds:
		if c != nil {
			return c.Pos
		}
	case *Tune:
		if c != nil {
			return c.Pos
		}
	}
	return -1
}

// defaultSplit is SPLIT, or 20 % of the rows, of each class where there are classes.
func (p *Plan) defaultSplit(task model.Task) Split {
	if p.Spec.Split != nil {
		s := *p.Spec.Split
		if s.Fraction == 0 && s.Holdout == nil {
			s.Fraction = defaultFraction
		}
		return s
	}
	switch task {
	case model.Clustering:
		return Split{Kind: NoSplit, Pos: -1}
	case model.Classification:
		return Split{Kind: Stratified, Fraction: defaultFraction, Pos: -1}
	}
	return Split{Kind: Random, Fraction: defaultFraction, Pos: -1}
}

// candidate checks an algorithm, its parameters and the transform for it.
func (p *Plan) candidate(ctx context.Context, d Describer, task model.Task, c Candidate, algorithms map[string]*model.Algorithm) (candidate, error) {
	alg, err := lookup(c, algorithms)
	if err != nil {
		return candidate{}, err
	}
	if !slices.Contains(alg.Tasks, task) {
		e := sqlstate.Newf(sqlstate.InvalidParameterValue, "algorithm %s is not for %s", alg.Name, task)
		var others []string
		for name, a := range algorithms {
			if slices.Contains(a.Tasks, task) {
				others = append(others, name)
			}
		}
		slices.Sort(others)
		return candidate{}, at(e.WithHint("Algorithms for %s are %s.", task, strings.Join(others, ", ")), c.Pos)
	}
	out := candidate{alg: alg, given: map[string]any{}, pos: c.Pos}
	for _, param := range c.Params {
		declared := alg.Lookup(param.Name)
		if declared == nil {
			return out, at(alg.Unknown(param.Name), param.Pos)
		}
		if _, twice := out.given[declared.Name]; twice {
			return out, at(sqlstate.Newf(sqlstate.SyntaxError, "parameter %s is given twice", declared.Name), param.Pos)
		}
		v, err := declared.Convert(param.Value.Value)
		if err != nil {
			return out, at(err, param.Value.Pos, param.Pos)
		}
		out.given[declared.Name] = literal(v)
	}
	if out.params, err = alg.Resolve(task, out.given); err != nil {
		return out, at(err, c.Pos)
	}
	target := ""
	if p.Target != nil {
		target = p.Target.Name
	}
	out.plan, err = transform.NewPlan(p.Spec.Transform, p.Columns, transform.PlanOptions{
		Target: target, Exclude: p.excluded(), TakesMissing: alg.TakesMissing, WantsScaled: alg.WantsScaled, Describe: p.describe(ctx, d),
	})
	if err != nil {
		return out, at(err, p.Spec.QueryPos)
	}
	return out, nil
}

// literal is a parameter's value as Param.Convert takes it.
func literal(v any) any {
	if list, ok := v.([]float64); ok {
		out := make([]any, len(list))
		for i, f := range list {
			out[i] = f
		}
		return out
	}
	return v
}

// checkTune gives each candidate its part of the search space.
func (p *Plan) checkTune(v *variant) error {
	t := p.Spec.Tune
	if t == nil {
		return nil
	}
	for _, dim := range t.Params {
		used := false
		for i := range v.candidates {
			c := &v.candidates[i]
			if dim.Algorithm != "" && !strings.EqualFold(dim.Algorithm, c.alg.Name) {
				continue
			}
			param := c.alg.Lookup(dim.Name)
			if param == nil {
				continue
			}
			used = true
			own, err := spaceOf(dim, param)
			if err != nil {
				return at(err, dim.Pos, t.Pos)
			}
			if _, fixed := c.given[param.Name]; fixed {
				return at(sqlstate.Newf(sqlstate.SyntaxError, "parameter %s is given in USING and tuned", param.Name), dim.Pos, t.Pos)
			}
			c.space = append(c.space, own)
		}
		if !used {
			return at(p.unknownDimension(dim, v), dim.Pos, t.Pos)
		}
	}
	for i := range v.candidates {
		if c := &v.candidates[i]; len(c.space) > 0 {
			if _, err := tune.New(c.space, tune.Options{Strategy: t.Strategy, Trials: t.Trials}); err != nil {
				return at(err, t.StrategyPos, t.Pos)
			}
		}
	}
	return nil
}

func (p *Plan) unknownDimension(dim tune.Dimension, v *variant) error {
	for i := range v.candidates {
		if c := &v.candidates[i]; dim.Algorithm == "" || strings.EqualFold(dim.Algorithm, c.alg.Name) {
			return c.alg.Unknown(dim.Name)
		}
	}
	names := make([]string, len(v.candidates))
	for i, c := range v.candidates {
		names[i] = c.alg.Name
	}
	err := sqlstate.Newf(sqlstate.UndefinedObject, "TUNE names algorithm %q, which USING doesn't", dim.Algorithm)
	if near := parse.Closest(dim.Algorithm, names); near != "" {
		err.WithHint("Did you mean %s?", near)
	}
	return err
}

// spaceOf checks a dimension against its parameter.
func spaceOf(dim tune.Dimension, param *model.Param) (tune.Dimension, error) {
	out := tune.Dimension{Algorithm: dim.Algorithm, Name: param.Name, Pos: dim.Pos}
	if dim.Choices != nil {
		seen := map[any]bool{}
		for _, c := range dim.Choices {
			v, err := param.Convert(c)
			if err != nil {
				return out, err
			}
			v = literal(v)
			if _, list := v.([]any); !list {
				if seen[v] {
					return out, sqlstate.Newf(sqlstate.InvalidParameterValue, "CHOICE for %s has %v twice", param.Name, v)
				}
				seen[v] = true
			}
			out.Choices = append(out.Choices, v)
		}
		return out, nil
	}
	if param.Kind != model.Float && param.Kind != model.Int {
		return out, sqlstate.Newf(sqlstate.InvalidParameterValue, "parameter %s has no RANGE", param.Name).WithHint("List its values: CHOICE(…).")
	}
	for _, end := range []float64{dim.Low, dim.High} {
		if _, err := param.Convert(end); err != nil {
			return out, err
		}
	}
	if dim.Low >= dim.High || dim.Log && dim.Low <= 0 {
		return out, sqlstate.Newf(sqlstate.InvalidParameterValue, "RANGE for %s is empty, or logarithmic and not above 0", param.Name)
	}
	out.Low, out.High, out.Log, out.Whole = dim.Low, dim.High, dim.Log, param.Kind == model.Int
	return out, nil
}

// metricFor is OPTIMIZE, or the default once the classes are known.
func (v *variant) metricFor(task model.Task, classes int) *metric.Decl {
	if v.metric != nil {
		return v.metric
	}
	return metric.Default(task, classes)
}

// quoted is a column of the relation t.
func quoted(name string) string { return "t." + lex.QuoteIdent(name) }
