package train

import (
	"context"
	"maps"
	"time"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/functions/model/tune"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// selects reports whether there is anything to choose or to cross-validate.
func (r *run) selects() bool {
	return r.spec.CrossValidate != nil || r.spec.Tune != nil || len(r.variant.candidates) > 1
}

// makeFolds parts the training rows for selection: CROSS VALIDATE's folds, the rows that SPLIT BY COLUMN names
// validation, or an inner split in the way of the split.
func (r *run) makeFolds() ([]frame.Fold, error) {
	if !r.selects() {
		return nil, nil
	}
	rows := r.train.all()
	if r.validation {
		if r.spec.CrossValidate == nil {
			return []frame.Fold{{Train: rows[:r.fitRows], Valid: rows[r.fitRows:]}}, nil
		}
		rows = rows[:r.fitRows]
	}
	if cv := r.spec.CrossValidate; cv != nil {
		folds, err := frame.Folds(r.train.frame, rows, r.foldSpec(cv.K))
		return folds, at2(err, cv.Pos, r.spec.QueryPos)
	}
	parts, err := frame.SplitRows(r.train.frame, rows, r.innerSpec(r.plan.with.inner))
	if err != nil {
		return nil, r.splitError(err)
	}
	return []frame.Fold{{Train: parts.Train, Valid: parts.Test}}, nil
}

// at2 is at for an error that may be nil.
func at2(err error, positions ...int) error {
	if err == nil {
		return nil
	}
	return at(err, positions...)
}

// foldSpec is how k folds are made: as CROSS VALIDATE says, else in the way of the split.
func (r *run) foldSpec(k int) frame.FoldSpec {
	split := r.splitSpec()
	out := frame.FoldSpec{Kind: split.Kind, K: k, Column: split.Column, Gap: split.Gap, Seed: r.spec.Seed + 1}
	cv := r.spec.CrossValidate
	switch {
	case cv != nil && cv.Kind == ByTime:
		out.Kind, out.Column = frame.Time, r.cols.foldTime
		if cv.Gap != nil {
			out.Gap = *cv.Gap
		}
	case cv != nil && cv.Kind == ByGroup:
		out.Kind, out.Column = frame.Group, r.cols.foldGroup
	case cv != nil && cv.Kind == Stratified, out.Kind != frame.Time && out.Kind != frame.Group && len(r.classes) > 0:
		out.Kind, out.Column = frame.Stratified, r.cols.target
	case out.Kind == frame.None || out.Kind == frame.ByColumn:
		out.Kind, out.Column = frame.Random, ""
	}
	return out
}

// trialsOf is how often a candidate is tried at most.
func (r *run) trialsOf(c *candidate) int {
	s, err := r.search(c)
	if err != nil || s == nil {
		return 1
	}
	return s.Total()
}

func (r *run) search(c *candidate) (*tune.Search, error) {
	if len(c.space) == 0 {
		return nil, nil
	}
	t := r.spec.Tune
	return tune.New(c.space, tune.Options{Strategy: t.Strategy, Trials: t.Trials, Seed: r.spec.Seed})
}

// choose tries every candidate and returns the one with the best mean of the metric over the folds; the first of equals.
// TIME LIMIT ends the trials after the one that exceeds it; there is always one of each candidate.
func (r *run) choose(ctx context.Context) (*candidate, model.Params, error) {
	if !r.selects() {
		c := &r.variant.candidates[0]
		return c, c.params, nil
	}
	started := time.Now()
	best, winner, failure := -1, (*candidate)(nil), error(nil)
	for i := range r.variant.candidates {
		c := &r.variant.candidates[i]
		search, err := r.search(c)
		if err != nil {
			return nil, nil, err
		}
		for n := 0; ; n++ {
			given := maps.Clone(c.given)
			if search != nil {
				limit := r.spec.Tune.TimeLimit
				if n > 0 && limit > 0 && time.Since(started) >= limit {
					r.notes["time_limit_reached"] = true
					break
				}
				proposed, more := search.Next()
				if !more {
					break
				}
				maps.Copy(given, proposed)
			} else if n > 0 {
				break
			}
			trial, err := r.try(ctx, c, given)
			if err != nil {
				if cancelled(err) || ctx.Err() != nil {
					return nil, nil, err
				}
				failure = err
			}
			if search != nil {
				search.Tell(r.loss(trial), trial.Value != nil)
			}
			r.trials = append(r.trials, trial)
			if trial.Value != nil && (best < 0 || r.metric.Better(*trial.Value, *r.trials[best].Value)) {
				best, winner = len(r.trials)-1, c
			}
		}
	}
	if best < 0 {
		if failure == nil {
			failure = sqlstate.Newf(sqlstate.InvalidParameterValue, "metric %s has no value on the rows that candidates are compared on", r.metric.Name).
				WithHint("Give the query more rows, or choose another metric with OPTIMIZE.")
		}
		return nil, nil, failure
	}
	r.trials[best].Winner = true
	return winner, r.trials[best].Params, nil
}

// loss is a trial's value for tune, where less is better.
func (r *run) loss(t Trial) float64 {
	switch {
	case t.Value == nil:
		return 0
	case r.metric.GreaterIsBetter:
		return -*t.Value
	}
	return *t.Value
}

// try fits a candidate on every fold. The error of a failed trial is in it too.
func (r *run) try(ctx context.Context, c *candidate, given map[string]any) (Trial, error) {
	started := time.Now()
	trial := Trial{Number: len(r.trials) + 1, Algorithm: c.alg.Name}
	err := func() (err error) {
		if trial.Params, err = c.alg.Resolve(r.task, given); err != nil {
			return err
		}
		mean, rounds := 0.0, 0
		for k, fold := range r.folds {
			v, n, err := r.tryFold(ctx, c, trial.Params, fold)
			if err != nil {
				return err
			}
			r.progress.step()
			if v == nil {
				return sqlstate.Newf(sqlstate.InvalidParameterValue, "metric %s has no value on %s", r.metric.Name, foldName(k, len(r.folds)))
			}
			trial.Folds = append(trial.Folds, *v)
			mean += *v / float64(len(r.folds))
			rounds += n
		}
		trial.Value, trial.Rounds = &mean, rounds/len(r.folds)
		return nil
	}()
	trial.Seconds = time.Since(started).Seconds()
	if err != nil {
		trial.Error = sqlstate.From(err).Message
	}
	return trial, err
}

// tryFold fits on a fold's training rows and measures on its others.
func (r *run) tryFold(ctx context.Context, c *candidate, params model.Params, fold frame.Fold) (*float64, int, error) {
	m, err := r.fitFold(ctx, c, params, fold)
	if err != nil {
		return nil, 0, err
	}
	s, err := r.score(ctx, m, r.train, fold.Valid)
	if err != nil {
		return nil, 0, err
	}
	v, ok := r.metric.Value(s)
	return finite(v, ok), m.rounds, nil
}

// fitFold fits on a fold's training rows, of which a part is kept for early stopping where the algorithm stops early.
func (r *run) fitFold(ctx context.Context, c *candidate, params model.Params, fold frame.Fold) (*fitted, error) {
	if !stops(c.alg.StopsEarly, params) {
		return r.fit(ctx, r.train, fold.Train, nil, c, params)
	}
	if r.validation && r.spec.CrossValidate != nil {
		return r.fit(ctx, r.train, fold.Train, r.train.all()[r.fitRows:], c, params)
	}
	inner, err := frame.SplitRows(r.train.frame, fold.Train, r.innerSpec(r.plan.with.stopFraction))
	if err != nil {
		return nil, err
	}
	return r.fit(ctx, r.train, inner.Train, inner.Test, c, params)
}
