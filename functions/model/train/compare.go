package train

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/metric"
)

// leastCompared is the number of rows from which two versions are compared.
const leastCompared = 20

// compare decides on DEPLOY. IF BETTER looks at the held-out rows on which the deployed version wasn't trained, and
// deploys where the whole 95 % interval of the improvement lies above BY.
func (r *run) compare(ctx context.Context, test *part, s *metric.Sample) (Decision, error) {
	switch r.spec.Deploy.Rule {
	case DeployNever:
		return Decision{Reason: "DEPLOY NEVER"}, nil
	case DeployAlways:
		return Decision{Deploy: true, Reason: "DEPLOY ALWAYS"}, nil
	}
	if r.incumbent == nil {
		return Decision{Deploy: true, Reason: "there is no deployed version"}, nil
	}
	old := r.incumbent
	declined := func(format string, args ...any) (Decision, error) {
		return Decision{Reason: fmt.Sprintf("not compared with %s: ", old.Name) + fmt.Sprintf(format, args...)}, nil
	}
	switch {
	case r.task == model.Clustering:
		return declined("clusterings have no truth to compare with")
	case test.rows == 0:
		return declined("nothing was held out")
	case len(old.SQL) == 0:
		return declined("the query lacks columns that it needs")
	case !slices.Equal(old.Identity, r.identity):
		return declined("its rows are identified in another way, so that it can't be said which it has seen; name key columns with ID (…) in both")
	}
	order, why := r.classOrder(old)
	if why != "" {
		return declined("%s", why)
	}
	rows := make([]int32, 0, test.rows)
	seen, silent := 0, 0
	for i := range test.rows {
		if _, found := slices.BinarySearch(old.Hashes, test.frame.Hash[i]); found {
			seen++
			continue
		}
		if !r.answered(test, i) {
			silent++
			continue
		}
		rows = append(rows, int32(i))
	}
	if len(rows) < leastCompared {
		return declined("of %s held out, it was trained on %d and predicts nothing for %d, which leaves %d; %d are needed", rowsText(test.rows), seen, silent, len(rows), leastCompared)
	}
	fresh := takeSample(s, rows)
	before := takeSample(s, rows)
	before.Value, before.Proba = r.oldPredictions(test, rows, order)
	return r.decide(ctx, fresh, before, old.Name, len(rows))
}

// decide compares the new and the old version's predictions for the same rows.
func (r *run) decide(ctx context.Context, fresh, before *metric.Sample, name string, rows int) (Decision, error) {
	d := Decision{Compared: int64(rows)}
	replicates := max(r.plan.with.bootstrap, leastReplicates)
	got, err := metric.Difference(ctx, fresh, before, r.metric, metric.Bootstrap{Seed: r.spec.Seed, Replicates: replicates, Threads: r.o.Threads})
	if err != nil {
		return d, err
	}
	if !got.OK || !got.Bounded {
		d.Reason = fmt.Sprintf("not compared with %s: %s has no value on the %s that neither saw", name, r.metric.Name, rowsText(rows))
		return d, nil
	}
	d.New, _ = r.metric.Value(fresh)
	d.Old, _ = r.metric.Value(before)
	d.Low, d.High = got.Low, got.High
	d.Deploy = got.Low > r.spec.Deploy.By
	verdict := "isn't surely better than"
	if d.Deploy {
		verdict = "is better than"
	}
	by := ""
	if r.spec.Deploy.By > 0 {
		by = fmt.Sprintf(" by more than %g", r.spec.Deploy.By)
	}
	d.Reason = fmt.Sprintf("%s %.6g %s %s's %.6g%s on %s that neither saw (improvement %.3g to %.3g)",
		r.metric.Name, d.New, verdict, name, d.Old, by, rowsText(rows), d.Low, d.High)
	return d, nil
}

// leastReplicates are drawn for a decision, even where the metrics' intervals aren't wanted.
const leastReplicates = 200

// answered reports whether the deployed version predicts something for a row.
func (r *run) answered(p *part, i int) bool {
	for _, name := range r.cols.incumbent {
		if math.IsNaN(p.frame.Col(name).Num[i]) {
			return false
		}
	}
	return true
}

// classOrder says where each of our classes is among the deployed version's, or why the two can't be compared.
func (r *run) classOrder(old *Incumbent) ([]int, string) {
	want := 1
	if len(r.classes) > 2 {
		want = len(r.classes)
	}
	if len(old.Classes) != len(r.classes) {
		return nil, fmt.Sprintf("it knows %d classes and this version %d", len(old.Classes), len(r.classes))
	}
	if len(old.SQL) != want {
		return nil, "its predictions are of another shape"
	}
	order := make([]int, len(r.classes))
	for k, c := range r.classes {
		if order[k] = slices.Index(old.Classes, c.Text); order[k] < 0 {
			return nil, fmt.Sprintf("it doesn't know class %s, only %s", c.Text, strings.Join(old.Classes, ", "))
		}
	}
	return order, ""
}

// oldPredictions are the deployed version's, in the order of our classes.
func (r *run) oldPredictions(p *part, rows []int32, order []int) (value []float64, proba [][]float64) {
	if len(r.classes) <= 2 {
		value = model.Take(p.frame.Col(r.cols.incumbent[0]).Num, rows)
		if len(order) == 2 && order[1] == 0 { // its positive class is our other one
			for i, v := range value {
				value[i] = 1 - v
			}
		}
		return value, nil
	}
	for _, k := range order {
		proba = append(proba, model.Take(p.frame.Col(r.cols.incumbent[k]).Num, rows))
	}
	return nil, proba
}
