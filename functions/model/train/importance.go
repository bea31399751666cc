package train

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/metric"
)

// importance adds what the estimator says of its features and, with WITH (explain_rows = n), how much the metric
// loses on n rows when a feature's values are shuffled among them (Breiman 2001; Fisher, Rudin and Dominici 2019).
func (r *run) importance(ctx context.Context, out *Result, won *winner, p *part, rows []int32, s *metric.Sample) error {
	names := won.model.transform.Names()
	values, method := won.model.scorer.Importance()
	for k, v := range values {
		out.Importance = append(out.Importance, Importance{Method: method, Feature: names[k], Value: v})
	}
	want := r.plan.with.explainRows
	if want == 0 || len(rows) == 0 || s.Y == nil {
		return nil
	}
	take := make([]int32, 0, min(want, len(rows)))
	for k := range min(want, len(rows)) { // spread over the rows
		take = append(take, int32(k*len(rows)/min(want, len(rows))))
	}
	own := model.Take(rows, take)
	x, err := won.model.transform.Apply(ctx, p.frame, own)
	if err != nil {
		return err
	}
	sample, groups := takeSample(s, take), r.groupsOf(won.model, p, own)
	before, ok := r.metric.Value(sample)
	if !ok {
		return nil
	}
	for k, name := range names {
		shuffled := slices.Clone(x.Cols[k])
		random := rand.NewPCG(uint64(r.spec.Seed), uint64(k)+1)
		for i := len(shuffled) - 1; i > 0; i-- {
			j := int(random.Uint64() % uint64(i+1))
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		}
		changed := x
		changed.Cols = slices.Clone(x.Cols)
		changed.Cols[k] = shuffled
		predicted, err := r.predict(ctx, won.model, changed, groups, won.model.scorer.Value)
		if err != nil {
			return err
		}
		after := &metric.Sample{Task: sample.Task, Classes: sample.Classes, Y: sample.Y, Weight: sample.Weight, Threshold: sample.Threshold, Seed: sample.Seed}
		if len(r.classes) > 2 {
			after.Proba = predicted
		} else {
			after.Value = predicted[0]
		}
		v, ok := r.metric.Value(after)
		if !ok {
			continue
		}
		loss := v - before
		if r.metric.GreaterIsBetter {
			loss = before - v
		}
		out.Importance = append(out.Importance, Importance{Method: "permutation", Feature: name, Value: loss})
	}
	return nil
}
