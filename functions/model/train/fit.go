package train

import (
	"context"
	"math"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/functions/model/metric"
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// fitted is a model in the making.
type fitted struct {
	transform *transform.Fitted
	art       *artifact.Artifact
	scorer    *artifact.Scorer
	// groups maps a value of PARTITION BY, by its code in the snapshot, to the scorer's last argument.
	groups map[int32]float64
	rounds int
	notes  map[string]any
	// quantile is what the model predicts where its objective is one, 0 elsewhere.
	quantile float64
	// part and rows are what it was fitted on, and x their features as it saw them, until forget.
	part *part
	rows []int32
	x    model.Matrix
}

// quantileOf is the parameter that algorithms with an objective quantile call so, or by another name.
func quantileOf(alg *model.Algorithm, params model.Params) float64 {
	objective, _ := params["objective"].(string)
	declared := alg.Lookup("quantile")
	if declared == nil || !strings.Contains(objective, "quantile") {
		return 0
	}
	v, _ := params[declared.Name].(float64)
	return v
}

// targetFolds is the number of folds of out-of-fold target encoding.
const targetFolds = 5

// fit fits transform and estimators on rows of a part. stop are other rows of it, for early stopping.
func (r *run) fit(ctx context.Context, p *part, rows, stop []int32, c *candidate, params model.Params) (*fitted, error) {
	if err := r.enoughClasses(p, rows); err != nil {
		return nil, err
	}
	tf, err := c.plan.Fit(ctx, p.frame, rows, p.y, len(r.classes), r.spec.Seed)
	if err != nil {
		return nil, err
	}
	x, err := tf.OutOfFold(ctx, p.frame, rows, p.y, len(r.classes), r.spec.Seed, targetFolds)
	if err != nil {
		return nil, err
	}
	in := model.Input{X: x, Names: tf.Names(), Y: pick(p.y, rows), Weight: r.jobWeights(p, rows), Classes: len(r.classes)}
	job := &model.Job{Task: r.task, Train: in, Params: params, Seed: r.spec.Seed, Threads: r.o.Threads, Progress: r.progress.within}
	if stop != nil {
		xs, err := tf.Apply(ctx, p.frame, stop)
		if err != nil {
			return nil, err
		}
		job.Stop = &model.Input{X: xs, Names: in.Names, Y: pick(p.y, stop), Weight: r.jobWeights(p, stop), Classes: in.Classes}
	}
	r.giveBack()
	first, err := c.alg.Train(ctx, job)
	if err != nil {
		return nil, err
	}
	out := &fitted{transform: tf, rounds: first.Rounds, notes: first.Notes, part: p, rows: rows, x: x, groups: map[int32]float64{}, quantile: quantileOf(c.alg, params)}
	out.art = &artifact.Artifact{
		Task: r.task, Algorithm: c.alg.Name, Features: in.Names, Classes: len(r.classes), Threshold: r.plan.with.threshold, Blobs: [][]byte{first.Blob},
	}
	if p.group != nil {
		if err := r.fitGroups(ctx, p, c, job, out, rows, stop); err != nil {
			return nil, err
		}
	}
	out.scorer, err = artifact.New(out.art, c.alg)
	return out, err
}

// enoughClasses refuses rows of one class, which a fold may have.
func (r *run) enoughClasses(p *part, rows []int32) error {
	if len(rows) == 0 {
		return sqlstate.New(sqlstate.InvalidParameterValue, "there are no rows left to train on")
	}
	if len(r.classes) == 0 {
		return nil
	}
	for _, i := range rows {
		if p.y[i] != p.y[rows[0]] {
			return nil
		}
	}
	return sqlstate.Newf(sqlstate.InvalidParameterValue, "of %s to train on, all have class %s", rowsText(len(rows)), r.classes[int(p.y[rows[0]])].Text).
		WithHint("Use stratified folds, fewer folds, or more rows.")
}

// fitGroups trains an estimator for each group with enough rows, and rows of every class. They are in the order of their text.
func (r *run) fitGroups(ctx context.Context, p *part, c *candidate, job *model.Job, out *fitted, rows, stop []int32) error {
	dict := p.frame.Col(r.cols.partition).Dict
	members, stopping := make([][]int32, len(dict)), make([][]int32, len(dict))
	for k, i := range rows {
		if g := p.group[i]; g >= 0 {
			members[g] = append(members[g], int32(k))
		}
	}
	for k, i := range stop {
		if g := p.group[i]; g >= 0 {
			stopping[g] = append(stopping[g], int32(k))
		}
	}
	small := 0
	for g, own := range members {
		if len(own) < r.plan.with.minGroupRows || !allClasses(job.Train.Y, own, len(r.classes)) || stop != nil && len(stopping[g]) == 0 {
			if len(own) > 0 {
				small++
			}
			continue
		}
		part := *job
		part.Train, part.Progress = job.Train.Take(own), nil
		if stop != nil {
			stops := job.Stop.Take(stopping[g])
			part.Stop = &stops
		}
		if part.Train.Weight != nil && sum(part.Train.Weight) == 0 {
			small++
			continue
		}
		model, err := c.alg.Train(ctx, &part)
		if err != nil {
			return err
		}
		out.groups[int32(g)] = float64(len(out.art.Groups))
		out.art.Groups = append(out.art.Groups, dict[g])
		out.art.Blobs = append(out.art.Blobs, model.Blob)
	}
	if out.notes == nil {
		out.notes = map[string]any{}
	}
	out.notes["groups"], out.notes["groups_without_estimator"] = len(out.art.Groups), small
	return nil
}

func sum(list []float64) float64 {
	total := 0.0
	for _, v := range list {
		total += v
	}
	return total
}

// allClasses reports whether every class occurs, or that there are two values of a regression.
func allClasses(y []float64, rows []int32, classes int) bool {
	seen := map[float64]bool{}
	for _, i := range rows {
		if seen[y[i]] = true; len(seen) >= max(classes, 2) {
			return true
		}
	}
	return false
}

// jobWeights are the training weights of rows: WEIGHT BY's, times those of CLASS WEIGHTS; nil where all are 1.
// Balanced weights are n / (classes · rows of the class), of the rows given.
func (r *run) jobWeights(p *part, rows []int32) []float64 {
	w := pick(p.weight, rows)
	cw := r.spec.ClassWeights
	if cw == nil {
		return w
	}
	by := make([]float64, len(r.classes))
	if cw.Balanced {
		count := make([]float64, len(by))
		total, present := 0.0, 0.0
		for k, i := range rows {
			one := 1.0
			if w != nil {
				one = w[k]
			}
			count[int(p.y[i])] += one
			total += one
		}
		for _, n := range count {
			if n > 0 {
				present++
			}
		}
		for k, n := range count {
			if n > 0 {
				by[k] = total / (present * n)
			}
		}
	} else {
		for k, class := range r.classes {
			by[k] = 1
			for _, given := range cw.Weights {
				if sameClass(class.Text, given.Class) {
					by[k] = given.Weight
				}
			}
		}
	}
	out := make([]float64, len(rows))
	for k, i := range rows {
		out[k] = by[int(p.y[i])]
		if w != nil {
			out[k] *= w[k]
		}
	}
	return out
}

// pick returns the rows of a column: a slice of it where they follow one another.
func pick(col []float64, rows []int32) []float64 {
	if col == nil || len(rows) == 0 {
		return nil
	}
	from, n := int(rows[0]), len(rows)
	if int(rows[n-1])-from == n-1 && ascending(rows) {
		return col[from : from+n : from+n]
	}
	return model.Take(col, rows)
}

func ascending(rows []int32) bool {
	for k := 1; k < len(rows); k++ {
		if rows[k] != rows[k-1]+1 {
			return false
		}
	}
	return true
}

// features are those of rows of a part: the ones that it was fitted on, if it saw them as they would be predicted.
func (m *fitted) features(ctx context.Context, p *part, rows []int32) (model.Matrix, error) {
	if m.part == p && m.x.Rows > 0 && !m.transform.Learned() && slices.Equal(rows, m.rows) {
		return m.x, nil
	}
	return m.transform.Apply(ctx, p.frame, rows)
}

// score predicts rows of a part.
func (r *run) score(ctx context.Context, m *fitted, p *part, rows []int32) (*metric.Sample, error) {
	x, err := m.features(ctx, p, rows)
	if err != nil {
		return nil, err
	}
	out, err := r.predict(ctx, m, x, r.groupsOf(m, p, rows), m.scorer.Value)
	if err != nil {
		return nil, err
	}
	s := r.sample(p, rows)
	s.Quantile = m.quantile
	if len(r.classes) > 2 {
		s.Proba = out
	} else {
		s.Value = out[0]
	}
	if r.task == model.Clustering {
		s.X = x
	}
	return s, nil
}

// largeBytes is the size of a snapshot from which what was let go is given back to the system at once: Go would
// else allocate as much again before it looks.
const largeBytes = 64 << 20

func (r *run) giveBack() {
	if r.snapshotBytes >= largeBytes {
		debug.FreeOSMemory()
	}
}

// sample is the truth of rows, without predictions.
func (r *run) sample(p *part, rows []int32) *metric.Sample {
	s := &metric.Sample{Task: r.task, Classes: len(r.classes), Y: pick(p.y, rows), Weight: pick(p.weight, rows), Seed: r.spec.Seed}
	if r.task == model.Classification {
		s.Threshold = r.plan.with.threshold
	}
	return s
}

// groupsOf is the scorer's last argument for rows; nil where it has none.
func (r *run) groupsOf(m *fitted, p *part, rows []int32) []float64 {
	if len(m.art.Groups) == 0 {
		return nil
	}
	out := make([]float64, len(rows))
	for k, i := range rows {
		out[k] = -1
		if g, ok := m.groups[p.group[i]]; ok {
			out[k] = g
		}
	}
	return out
}

// scoreRows is the number of rows that are scored at a time.
const scoreRows = 8192

// predict scores a matrix with all threads: one column, or one a class for more than two.
func (r *run) predict(ctx context.Context, m *fitted, x model.Matrix, groups []float64, value func(x [][]float64, n int, out []float64) error) ([][]float64, error) {
	outputs := m.art.Outputs()
	out := make([][]float64, outputs)
	for k := range out {
		out[k] = make([]float64, x.Rows)
	}
	cols := x.Cols
	if groups != nil {
		cols = append(cols[:len(cols):len(cols)], groups)
	}
	return out, r.blocks(ctx, x.Rows, func(from, to int) error {
		block, results := make([][]float64, len(cols)), make([][]float64, outputs)
		for k, c := range cols {
			block[k] = c[from:to]
		}
		for k, c := range out {
			results[k] = c[from:to]
		}
		if outputs > 1 {
			return m.scorer.Proba(block, to-from, results)
		}
		return value(block, to-from, results[0])
	})
}

// blocks runs work over ranges of rows in the threads that there are, and waits for them. Which thread gets
// which range doesn't matter: every range writes its own rows.
func (r *run) blocks(ctx context.Context, rows int, work func(from, to int) error) error {
	count := (rows + scoreRows - 1) / scoreRows
	threads := max(1, min(r.o.Threads, count))
	errs := make([]error, threads)
	var wg sync.WaitGroup
	for t := range threads {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for b := t; b < count && errs[t] == nil; b += threads {
				if errs[t] = ctx.Err(); errs[t] == nil {
					errs[t] = work(b*scoreRows, min(rows, (b+1)*scoreRows))
				}
			}
		}()
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// finite makes a pointer of a value, nil of none.
func finite(v float64, ok bool) *float64 {
	if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
