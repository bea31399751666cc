package model

import (
	"context"
	"maps"
	"slices"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/functions/model/metric"
	"github.com/eiderdb/eider/functions/model/train"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// measure reads the rows and measures them, all together and by slice.
func (e *evaluateStatement) measure(ctx context.Context, s Session) ([]train.Metric, error) {
	_, v, err := e.check(ctx, s)
	if err != nil {
		return nil, err
	}
	art, err := v.decode(ctx, s)
	if err != nil {
		return nil, err
	}
	c := &evaluated{classes: len(v.classes), pred: make([][]float64, v.outputs()), slices: map[string][]int32{}}
	s.Progress(-1, "predict")
	if err := s.Stream(ctx, e.query(v), c.add); err != nil {
		return nil, positioned(nowhere(err), e.on.Span)
	}
	c.tell(s)
	if len(c.y) == 0 {
		return nil, parse.Errorf(e.on.Span, sqlstate.InvalidParameterValue, "there are no rows to evaluate %s on", refText(v.model, v.number))
	}
	quantile, err := v.quantile(ctx, s)
	if err != nil {
		return nil, err
	}
	all := &metric.Sample{Task: v.task, Classes: len(v.classes), Y: c.y, Threshold: art.Threshold, Quantile: quantile, Seed: v.seed}
	if len(v.classes) > 2 {
		all.Proba = c.pred
	} else {
		all.Value = c.pred[0]
	}
	s.Progress(-1, "measure")
	out, err := e.metricsOf(ctx, v, all, "")
	if err != nil || e.by == nil {
		return out, err
	}
	for _, name := range slices.Sorted(maps.Keys(c.slices)) {
		more, err := e.metricsOf(ctx, v, part(all, c.slices[name]), name)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// nowhere takes the position off an error in text that the user didn't write.
func nowhere(err error) error {
	e := *sqlstate.From(err)
	e.Position = 0
	return &e
}

// tell says which rows were left out.
func (c *evaluated) tell(s Session) {
	if c.untold > 0 {
		s.Notice("NOTICE", plural(int(c.untold), "row")+" without a target left out")
	}
	if c.silent > 0 {
		s.Notice("NOTICE", plural(int(c.silent), "row")+" without a prediction left out")
	}
	if c.strange > 0 {
		s.Notice("WARNING", plural(int(c.strange), "row")+" left out whose target the model can't predict")
	}
}

// decode reads the version's artifact.
func (v *version) decode(ctx context.Context, s Session) (*artifact.Artifact, error) {
	data, err := v.bytes(ctx, s)
	if err != nil {
		return nil, err
	}
	return artifact.Decode(data)
}

// bytes are the version's artifact.
func (v *version) bytes(ctx context.Context, s Session) ([]byte, error) {
	rows, err := s.Query(ctx, `SELECT data FROM eider.artifact_store WHERE hash = $1`, v.artifact)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, sqlstate.Newf(sqlstate.DataCorrupted, "the artifact of %s is missing", refText(v.model, v.number))
	}
	data, _ := rows[0][0].([]byte)
	return data, nil
}

// quantile is what pinball looks at: the parameter of a quantile regression, else 0.
func (v *version) quantile(ctx context.Context, s Session) (float64, error) {
	rows, err := s.Query(ctx, `SELECT try_cast(value AS DOUBLE) FROM eider.param_store
		WHERE run_id = $1 AND model = $2 AND trial IS NULL AND name IN ('quantile', 'quantile_alpha') AND try_cast(value AS DOUBLE) BETWEEN 0 AND 1 LIMIT 1`, v.runID, v.model)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	q, _ := rows[0][0].(float64)
	return q, nil
}

// part is a sample of some rows.
func part(s *metric.Sample, rows []int32) *metric.Sample {
	out := &metric.Sample{Task: s.Task, Classes: s.Classes, Y: learn.Take(s.Y, rows), Value: learn.Take(s.Value, rows), Threshold: s.Threshold, Quantile: s.Quantile, Seed: s.Seed}
	for _, p := range s.Proba {
		out.Proba = append(out.Proba, learn.Take(p, rows))
	}
	return out
}

// metricsOf measures a sample, with intervals.
func (e *evaluateStatement) metricsOf(ctx context.Context, v *version, s *metric.Sample, slice string) ([]train.Metric, error) {
	decls := metric.For(v.task)
	if e.metrics != nil {
		decls = nil
		for _, w := range e.metrics {
			d, err := metric.Lookup(w.text, v.task)
			if err != nil {
				return nil, sqlstate.From(err).At(w.span.Start)
			}
			decls = append(decls, *d)
		}
	}
	got, err := metric.Intervals(ctx, s, decls, metric.Bootstrap{Seed: v.seed})
	if err != nil {
		return nil, err
	}
	var base *metric.Sample
	if e.baseline {
		base = ignorant(s)
	}
	out := make([]train.Metric, 0, len(decls))
	for k, d := range decls {
		m := train.Metric{Split: "on", Metric: d.Name, Slice: slice, N: int64(s.Rows())}
		if got[k].OK {
			m.Value = &got[k].Value
		}
		if got[k].Bounded {
			m.Low, m.High = &got[k].Low, &got[k].High
		}
		if base != nil {
			if b, ok := d.Value(base); ok {
				m.Baseline = &b
			}
		}
		out = append(out, m)
	}
	return out, nil
}

// ignorant is what a model would say that knows only the mean, or the share of each class.
func ignorant(s *metric.Sample) *metric.Sample {
	out := *s
	fill := func(p float64) []float64 { return slices.Repeat([]float64{p}, len(s.Y)) }
	if s.Classes > 2 {
		share := make([]float64, s.Classes)
		for _, y := range s.Y {
			share[int(y)] += 1 / float64(len(s.Y))
		}
		out.Proba = nil
		for _, p := range share {
			out.Proba = append(out.Proba, fill(p))
		}
	} else {
		sum := 0.0
		for _, y := range s.Y {
			sum += y
		}
		out.Value = fill(sum / float64(len(s.Y)))
	}
	return fresh(&out)
}

// fresh is a sample without what another one has ranked already.
func fresh(s *metric.Sample) *metric.Sample {
	return &metric.Sample{Task: s.Task, Classes: s.Classes, Y: s.Y, Weight: s.Weight, Value: s.Value, Proba: s.Proba, Threshold: s.Threshold, Quantile: s.Quantile, Seed: s.Seed}
}
