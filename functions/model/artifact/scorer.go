package artifact

import (
	"math"
	"sync"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Scorer scores with an artifact. It is used by several goroutines at the same time and
// doesn't change. x has Arguments() columns of at least n values each: the features, NaN
// for missing, then with groups the group's index, -1 (or NaN) for none.
type Scorer struct {
	artifact   Artifact
	predictors []model.Predictor
	pool       sync.Pool // *scratch
}

// scratch is what a call needs beside its arguments; sized on first use, then kept.
type scratch struct {
	one  [1][]float64
	cols [][]float64 // gathered features
	outs [][]float64 // outputs of a group's rows
	rows []int32
	work [][]float64 // probabilities that Class looks at
}

// Open decodes an artifact and loads its estimators. An algorithm that isn't there is
// 0A000, bytes that aren't a model XX001.
func Open(data []byte, algorithms map[string]*model.Algorithm) (*Scorer, error) {
	a, err := Decode(data)
	if err != nil {
		return nil, err
	}
	alg := algorithms[a.Algorithm]
	if alg == nil {
		return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "the model's algorithm %s is not part of this program", a.Algorithm)
	}
	return New(a, alg)
}

// New makes a scorer of an artifact that isn't encoded yet.
func New(a *Artifact, alg *model.Algorithm) (*Scorer, error) {
	if err := a.validate(); err != nil {
		return nil, err
	}
	s := &Scorer{artifact: *a}
	s.pool.New = func() any { return new(scratch) }
	for _, blob := range a.Blobs {
		p, err := alg.Load(blob)
		if err != nil {
			return nil, err
		}
		if p.Features() != len(a.Features) || p.Outputs() != a.Outputs() {
			return nil, corrupt("an estimator of another shape")
		}
		s.predictors = append(s.predictors, p)
	}
	return s, nil
}

// Artifact returns what the scorer was opened from; it is not to be written.
func (s *Scorer) Artifact() *Artifact { return &s.artifact }

// Arguments is the number of columns that x has.
func (s *Scorer) Arguments() int {
	if len(s.artifact.Groups) > 0 {
		return len(s.artifact.Features) + 1
	}
	return len(s.artifact.Features)
}

// Outputs is the number of columns of Margin.
func (s *Scorer) Outputs() int { return s.artifact.Outputs() }

// Predictor returns the global estimator, which knows nothing of calibration and groups.
func (s *Scorer) Predictor() model.Predictor { return s.predictors[0] }

// Value fills out with the value of a regression, the calibrated probability of class 1 of
// two, the class of more, or the cluster.
func (s *Scorer) Value(x [][]float64, n int, out []float64) error {
	if s.artifact.Classes > 2 {
		w := s.get()
		defer s.pool.Put(w)
		w.work = columns(w.work, s.artifact.Classes, n)
		if err := s.probabilities(w, x, n, w.work); err != nil {
			return err
		}
		for i := range n {
			out[i] = float64(greatest(w.work, i))
		}
		return nil
	}
	w := s.get()
	defer s.pool.Put(w)
	return s.single(w, x, n, out)
}

// Class fills out with the index of the class: 1 where its probability reaches the threshold, or the
// most likely of more (the first of equals). For clustering it is the cluster.
func (s *Scorer) Class(x [][]float64, n int, out []int32) error {
	if s.artifact.Task == model.Regression {
		return sqlstate.New(sqlstate.WrongObjectType, "a regression has no classes")
	}
	w := s.get()
	defer s.pool.Put(w)
	if s.artifact.Classes > 2 {
		w.work = columns(w.work, s.artifact.Classes, n)
		if err := s.probabilities(w, x, n, w.work); err != nil {
			return err
		}
		for i := range n {
			out[i] = greatest(w.work, i)
		}
		return nil
	}
	w.work = columns(w.work, 1, n)
	values := w.work[0]
	if err := s.single(w, x, n, values); err != nil {
		return err
	}
	for i, v := range values[:n] {
		switch {
		case s.artifact.Task == model.Clustering:
			out[i] = int32(v)
		case v >= s.artifact.Threshold:
			out[i] = 1
		default:
			out[i] = 0
		}
	}
	return nil
}

// Choose is what Class says of a row whose Proba is p.
func (s *Scorer) Choose(p []float64) int32 {
	if len(p) == 2 {
		if p[1] >= s.artifact.Threshold {
			return 1
		}
		return 0
	}
	best := 0
	for k, v := range p {
		if v > p[best] {
			best = k
		}
	}
	return int32(best)
}

func greatest(cols [][]float64, i int) int32 {
	best := 0
	for k := 1; k < len(cols); k++ {
		if cols[k][i] > cols[best][i] {
			best = k
		}
	}
	return int32(best)
}

// Proba fills out, one column a class, with calibrated probabilities.
func (s *Scorer) Proba(x [][]float64, n int, out [][]float64) error {
	if s.artifact.Classes == 0 {
		return sqlstate.Newf(sqlstate.WrongObjectType, "a model for %s has no probabilities", s.artifact.Task)
	}
	w := s.get()
	defer s.pool.Put(w)
	if s.artifact.Classes > 2 {
		return s.probabilities(w, x, n, out)
	}
	if err := s.single(w, x, n, out[1]); err != nil {
		return err
	}
	for i, p := range out[1][:n] {
		out[0][i] = 1 - p
	}
	return nil
}

// Margin fills out with the estimator's scores before link and calibration.
func (s *Scorer) Margin(x [][]float64, n int, out [][]float64) error {
	w := s.get()
	defer s.pool.Put(w)
	return s.route(w, x, n, out, model.Predictor.Margin)
}

// Uncalibrated fills out with what the estimators say: Outputs() columns.
func (s *Scorer) Uncalibrated(x [][]float64, n int, out [][]float64) error {
	w := s.get()
	defer s.pool.Put(w)
	return s.route(w, x, n, out, model.Predictor.Predict)
}

func (s *Scorer) get() *scratch { return s.pool.Get().(*scratch) }

// single scores models of one output.
func (s *Scorer) single(w *scratch, x [][]float64, n int, out []float64) error {
	w.one[0] = out
	err := s.scores(w, x, n, w.one[:])
	w.one[0] = nil
	return err
}

// probabilities scores models of more than two classes.
func (s *Scorer) probabilities(w *scratch, x [][]float64, n int, out [][]float64) error {
	if err := s.scores(w, x, n, out); err != nil {
		return err
	}
	if s.artifact.Calibration != nil {
		normalise(out, n)
	}
	return nil
}

// scores predicts and calibrates, column by column.
func (s *Scorer) scores(w *scratch, x [][]float64, n int, out [][]float64) error {
	c := s.artifact.Calibration
	predict := model.Predictor.Predict
	if c != nil && c.Method == Platt {
		predict = model.Predictor.Margin
	}
	if err := s.route(w, x, n, out, predict); err != nil || c == nil {
		return err
	}
	for k, col := range out {
		col = col[:n]
		if c.Method == Platt {
			for i, m := range col {
				col[i] = c.Sigmoids[k].At(m)
			}
		} else {
			for i, p := range col {
				col[i] = c.Steps[k].At(p)
			}
		}
	}
	return nil
}

// group is the estimator for a value of the last argument.
func (s *Scorer) group(v float64) int32 {
	if v >= 0 && v < float64(len(s.artifact.Groups)) && v == math.Trunc(v) {
		return int32(v) + 1
	}
	return 0
}

type predict func(p model.Predictor, x [][]float64, n int, out [][]float64) error

// route gives each row to its group's estimator. Rows of one group, which is what a sorted
// or filtered table gives, go straight through.
func (s *Scorer) route(w *scratch, x [][]float64, n int, out [][]float64, call predict) error {
	if len(x) != s.Arguments() {
		return sqlstate.Newf(sqlstate.InternalError, "a model of %d arguments got %d", s.Arguments(), len(x))
	}
	if len(s.predictors) == 1 {
		return call(s.predictors[0], x, n, out)
	}
	if n == 0 {
		return nil
	}
	features, last := x[:len(x)-1], x[len(x)-1][:n]
	first, same := s.group(last[0]), true
	for _, v := range last[1:] {
		if s.group(v) != first {
			same = false
			break
		}
	}
	if same {
		return call(s.predictors[first], features, n, out)
	}
	w.cols, w.outs = columns(w.cols, len(features), n), columns(w.outs, len(out), n)
	for g, p := range s.predictors {
		w.rows = w.rows[:0]
		for i, v := range last {
			if s.group(v) == int32(g) {
				w.rows = append(w.rows, int32(i))
			}
		}
		if len(w.rows) == 0 {
			continue
		}
		for k, col := range features {
			for j, i := range w.rows {
				w.cols[k][j] = col[i]
			}
		}
		if err := call(p, w.cols, len(w.rows), w.outs); err != nil {
			return err
		}
		for k, col := range w.outs {
			for j, i := range w.rows {
				out[k][i] = col[j]
			}
		}
	}
	return nil
}

// columns returns k columns of at least n values, from what there is where it is enough.
func columns(have [][]float64, k, n int) [][]float64 {
	if len(have) == k && (k == 0 || len(have[0]) >= n) {
		return have
	}
	n = max(n, 64)
	have = make([][]float64, k)
	flat := make([]float64, k*n)
	for i := range have {
		have[i] = flat[i*n : (i+1)*n : (i+1)*n]
	}
	return have
}
