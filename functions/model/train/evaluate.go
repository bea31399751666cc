package train

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/functions/model/metric"
)

// maxSlices is the number of groups up to which every metric is measured for each; for more it is the one that chose.
const maxSlices = 50

// evaluate opens the holdout, once, and measures: metrics, curves, importance, the comparison with the deployed version.
// Then it refits where that is wanted. Nothing is chosen any more.
func (r *run) evaluate(ctx context.Context, won *winner, out *Result) error {
	split, p := "test", (*part)(nil)
	test, whole, err := r.test.open()
	if err != nil {
		return err
	}
	rows := []int32(nil)
	if test.rows > 0 {
		p, rows = test, test.all()
	} else { // nothing was held out: what is measured is how well the model knows its own rows
		split, p, rows = "train", r.train, r.train.all()
	}
	if r.plan.with.refit {
		split = "unrefitted"
	}
	s, err := r.score(ctx, won.model, p, rows)
	if err != nil {
		return err
	}
	look := r.leakSample(won.model)
	won.model.x = model.Matrix{} // its memory is better used for what follows
	r.giveBack()
	r.progress.within(0.3)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		out.Hashes = sortedHashes(r.train.frame.Hash)
		r.leaks(won, look)
	})
	base := r.baseline(p, rows)
	if base != nil {
		base.Quantile = won.model.quantile
	}
	if err := r.measure(ctx, out, split, "", s, base, metric.For(r.task)); err != nil {
		return err
	}
	r.progress.within(0.6)
	r.giveBack()
	if err := r.slices(ctx, out, split, p, rows, s, base); err != nil {
		return err
	}
	r.crossValidated(out)
	out.Curves = metric.Curves(s)
	if err := r.importance(ctx, out, won, p, rows, s); err != nil {
		return err
	}
	if out.Decision, err = r.compare(ctx, test, s); err != nil {
		return err
	}
	wg.Wait()
	r.giveBack()
	r.progress.within(0.9)
	out.RowsTrain = int64(len(won.model.rows) + r.stoppedOn(won))
	if r.plan.with.refit {
		return r.refit(ctx, won, whole, out)
	}
	return nil
}

// stoppedOn is the number of rows that early stopping looked at.
func (r *run) stoppedOn(won *winner) int {
	if stops(won.candidate.alg.StopsEarly, won.params) {
		return r.stopRows
	}
	return 0
}

// refit fits the winner on all rows; calibration stays.
func (r *run) refit(ctx context.Context, won *winner, whole *part, out *Result) error {
	calibration := won.model.art.Calibration
	m, err := r.fitWhole(ctx, whole, won)
	if err != nil {
		return err
	}
	r.progress.step()
	m.art.Calibration = calibration
	if won.bytes, err = m.art.Encode(); err != nil {
		return err
	}
	won.model = m
	out.RowsTrain, out.Hashes = int64(len(m.rows)+r.stoppedOn(won)), sortedHashes(whole.frame.Hash)
	r.notes["refit"] = "the metrics are those of the model before it was fitted on all rows"
	return nil
}

// measure adds metrics of a sample, with intervals.
func (r *run) measure(ctx context.Context, out *Result, split, slice string, s, base *metric.Sample, decls []metric.Decl) error {
	own := *r.metric // the one that chose comes first
	decls = slices.Concat([]metric.Decl{own}, slices.DeleteFunc(slices.Clone(decls), func(d metric.Decl) bool { return d.Name == own.Name }))
	var got []metric.Interval
	var err error
	if n := r.plan.with.bootstrap; n > 0 {
		got, err = metric.Intervals(ctx, s, decls, metric.Bootstrap{Seed: r.spec.Seed, Replicates: n, Threads: r.o.Threads})
		if err != nil {
			return err
		}
		if s.Y != nil {
			r.notes["intervals"] = fmt.Sprintf("95 %%, percentiles of a Poisson bootstrap of %d replicates", n)
		}
	}
	for k, d := range decls {
		m := Metric{Split: split, Metric: d.Name, Slice: slice, N: int64(s.Rows())}
		if d.Name == "silhouette" {
			m.N = int64(metric.SilhouetteRows(s.Rows()))
		}
		if got != nil {
			m.Value = finite(got[k].Value, got[k].OK)
			m.Low, m.High = finite(got[k].Low, got[k].Bounded), finite(got[k].High, got[k].Bounded)
		} else {
			m.Value = finite(d.Value(s))
		}
		if base != nil {
			m.Baseline = finite(d.Value(base))
		}
		out.Metrics = append(out.Metrics, m)
	}
	return nil
}

// slices measures each group of PARTITION BY.
func (r *run) slices(ctx context.Context, out *Result, split string, p *part, rows []int32, s, base *metric.Sample) error {
	if p.group == nil {
		return nil
	}
	dict := p.frame.Col(r.cols.partition).Dict
	by := map[int32][]int32{}
	for k, i := range rows {
		by[p.group[i]] = append(by[p.group[i]], int32(k))
	}
	decls := metric.For(r.task)
	if len(by) > maxSlices {
		decls = nil
	}
	for _, g := range slices.Sorted(maps.Keys(by)) {
		name := "NULL"
		if g >= 0 {
			name = dict[g]
		}
		if err := r.measure(ctx, out, split, name, takeSample(s, by[g]), takeSample(base, by[g]), decls); err != nil {
			return err
		}
	}
	return nil
}

// takeSample is some rows of a sample; nil of nil.
func takeSample(s *metric.Sample, rows []int32) *metric.Sample {
	if s == nil {
		return nil
	}
	out := &metric.Sample{Task: s.Task, Classes: s.Classes, Threshold: s.Threshold, Quantile: s.Quantile, Seed: s.Seed,
		Y: model.Take(s.Y, rows), Weight: model.Take(s.Weight, rows), Value: model.Take(s.Value, rows)}
	for _, p := range s.Proba {
		out.Proba = append(out.Proba, model.Take(p, rows))
	}
	return out
}

// crossValidated adds the winner's mean over the folds.
func (r *run) crossValidated(out *Result) {
	if r.spec.CrossValidate == nil {
		return
	}
	n := 0
	for _, f := range r.folds {
		n += len(f.Valid)
	}
	for _, t := range r.trials {
		if t.Winner {
			out.Metrics = append(out.Metrics, Metric{Split: "cv", Metric: r.metric.Name, Value: t.Value, N: int64(n)})
		}
	}
}

// baseline is what one would say of rows without features: the classes' shares of the training rows, their mean, and
// with a split by time the last value before the holdout. nil for clustering.
func (r *run) baseline(p *part, rows []int32) *metric.Sample {
	if r.task == model.Clustering {
		return nil
	}
	s := r.sample(p, rows)
	if r.task == model.Regression {
		value := r.meanTarget()
		if r.plan.time != "" {
			value = r.lastTarget()
			r.notes["baseline"] = "the last value before the holdout"
		} else {
			r.notes["baseline"] = "the mean of the training rows"
		}
		s.Value = constant(value, len(rows))
		return s
	}
	r.notes["baseline"] = "the shares of the classes in the training rows"
	share, total := make([]float64, len(r.classes)), 0.0
	for i, y := range r.train.y {
		w := 1.0
		if r.train.weight != nil {
			w = r.train.weight[i]
		}
		share[int(y)] += w
		total += w
	}
	if p.group == nil {
		s = oneRowAClass(s, len(r.classes))
	}
	if len(r.classes) == 2 {
		s.Value = constant(share[1]/total, len(s.Y))
		return s
	}
	for _, n := range share {
		s.Proba = append(s.Proba, constant(n/total, len(s.Y)))
	}
	return s
}

// oneRowAClass is a sample in which a class's rows, of which nothing differs, are one row of their weight.
func oneRowAClass(s *metric.Sample, classes int) *metric.Sample {
	weight := make([]float64, classes)
	for i, y := range s.Y {
		w := 1.0
		if s.Weight != nil {
			w = s.Weight[i]
		}
		weight[int(y)] += w
	}
	out := *s
	out.Y, out.Weight = nil, nil
	for k, w := range weight {
		if w > 0 {
			out.Y, out.Weight = append(out.Y, float64(k)), append(out.Weight, w)
		}
	}
	return &out
}

func constant(v float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// meanTarget is the weighted mean of the training rows' target, added up in their order.
func (r *run) meanTarget() float64 {
	total, weight := 0.0, 0.0
	for i, y := range r.train.y {
		w := 1.0
		if r.train.weight != nil {
			w = r.train.weight[i]
		}
		total += w * y
		weight += w
	}
	return total / weight
}

// lastTarget is the mean target of the training rows at the latest time.
func (r *run) lastTarget() float64 {
	c := r.train.frame.Col(r.cols.time)
	last, total, n := int64(frame.NullInstant), 0.0, 0.0
	for i, at := range c.At {
		switch {
		case at > last:
			last, total, n = at, r.train.y[i], 1
		case at == last:
			total += r.train.y[i]
			n++
		}
	}
	return total / n
}
