package model

import (
	"math"
	"time"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/train"
	"github.com/eiderdb/eider/functions/model/tune"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/types"
)

// spec is the statement as training reads it. key is for messages.
func (t *trainModel) spec(key string) *train.Spec {
	s := &train.Spec{Model: quoteKey(key), TaskPos: -1, Transform: t.items, Query: t.query.Text, QueryPos: t.query.Start}
	if t.task != nil {
		s.Task, s.TaskPos = learn.Task(t.task.text), t.task.span.Start
	}
	s.Target, s.Optimize, s.Calibrate, s.PartitionBy = column(t.target), t.optimize.name(), t.calibrate.name(), column(t.partition)
	for _, c := range t.candidates {
		s.Candidates = append(s.Candidates, c.spec())
	}
	for i := range t.id {
		s.ID = append(s.ID, *column(&t.id[i]))
	}
	if t.weight != nil {
		s.Weight = &train.Expr{SQL: t.weight.Text, Pos: t.weight.Start}
	}
	if t.classes != nil {
		s.ClassWeights = &train.ClassWeights{Balanced: t.classes.balanced, Pos: t.classes.span.Start}
		for _, w := range t.classes.weights {
			s.ClassWeights.Weights = append(s.ClassWeights.Weights, train.ClassWeight{Class: w.class.literal(), Weight: w.weight})
		}
	}
	if t.split != nil {
		s.Split = &train.Split{Kind: t.split.kind, Fraction: t.split.fraction, Column: column(t.split.column), Holdout: t.split.holdout, Gap: t.split.gap, Pos: t.split.span.Start}
	}
	if t.seed != nil {
		s.Seed = *t.seed
	}
	if t.folds != nil {
		s.CrossValidate = &train.Folds{K: t.folds.k, Kind: t.folds.kind, Column: column(t.folds.column), Gap: t.folds.gap, Pos: t.folds.span.Start}
	}
	if t.tune != nil {
		s.Tune = t.tune.spec()
	}
	if t.positive != nil {
		l := t.positive.literal()
		s.Positive = &l
	}
	s.Deploy = t.deploy.spec()
	for _, o := range t.options {
		s.Options = append(s.Options, train.Option{Name: o.Name, Value: literal(o), Pos: o.Span.Start})
	}
	return s
}

func column(n *parse.Name) *train.Name {
	if n == nil {
		return nil
	}
	return &train.Name{Text: n.Text, Pos: n.Span.Start}
}

func (w *word) name() *train.Name {
	if w == nil {
		return nil
	}
	return &train.Name{Text: w.text, Pos: w.span.Start}
}

func (c constantWord) literal() train.Literal {
	return train.Literal{Value: c.value, Pos: c.span.Start}
}

func literal(o parse.Option) train.Literal {
	at := o.ValueSpan.Start
	if o.ValueSpan.End == 0 {
		at = o.Span.Start
	}
	return train.Literal{Value: o.Value, Pos: at}
}

func (c candidate) spec() train.Candidate {
	out := train.Candidate{Algorithm: c.name.text, Pos: c.name.span.Start}
	for _, o := range c.params {
		out.Params = append(out.Params, train.Parameter{Name: o.Name, Value: literal(o), Pos: o.Span.Start})
	}
	return out
}

func (u *tuning) spec() *train.Tune {
	out := &train.Tune{Strategy: u.strategy.text, StrategyPos: -1, Trials: u.trials, Pos: u.span.Start}
	if u.strategy.text != "" {
		out.StrategyPos = u.strategy.span.Start
	}
	if u.timeLimit != nil {
		out.TimeLimit = duration(*u.timeLimit)
	}
	for _, p := range u.params {
		d := tune.Dimension{Algorithm: p.algorithm, Name: p.name.text, Choices: p.choices, Log: p.log, Pos: p.name.span.Start}
		if p.isRange {
			d.Low, d.High = value(p.low), value(p.high)
		}
		out.Params = append(out.Params, d)
	}
	return out
}

// duration is an interval as a length of time, at most what time.Duration holds.
func duration(iv types.IntervalValue) time.Duration {
	s := parse.IntervalSeconds(iv)
	if s >= math.MaxInt64/float64(time.Second) {
		return math.MaxInt64
	}
	return time.Duration(s * float64(time.Second))
}

func (d *deployRule) spec() train.Deploy {
	if d == nil {
		return train.Deploy{Pos: -1}
	}
	rule := map[string]string{"never": train.DeployNever, "better": train.DeployIfBetter, "always": train.DeployAlways}[d.when]
	return train.Deploy{Rule: rule, By: d.by, Pos: d.span.Start}
}
