package train

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"sync"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// spy is an algorithm that keeps what it is shown: gradient descent on a linear or logistic model, which stops early on the
// rows for that. Its features come as they are.
type spy struct {
	mu   sync.Mutex
	jobs []model.Job
	// fail, where set, may refuse a job.
	fail func(job *model.Job) error
}

type spyModel struct {
	Task    model.Task
	Classes int
	W       [][]float64
}

func (s *spy) algorithm() *model.Algorithm {
	return &model.Algorithm{
		Name: "spy", Tasks: []model.Task{model.Classification, model.Regression}, StopsEarly: true,
		Params: []model.Param{
			{Name: "rounds", Kind: model.Int, Default: int64(20), Min: 1, Max: 1000},
			{Name: "rate", Kind: model.Float, Default: 0.1, Min: 0, Max: 10, MinOpen: true},
			{Name: "early_stopping_rounds", Kind: model.Int, Default: int64(0), Min: 0, Max: 100},
			{Name: "kind", Kind: model.Choice, Default: "a", Choices: []string{"a", "b"}},
		},
		Train: s.train,
		Load: func(blob []byte) (model.Predictor, error) {
			m := &spyModel{}
			return m, json.Unmarshal(blob, m)
		},
	}
}

func (s *spy) options() Options {
	o := options()
	o.Algorithms["spy"] = s.algorithm()
	return o
}

func (s *spy) train(ctx context.Context, job *model.Job) (*model.Fitted, error) {
	s.mu.Lock()
	s.jobs = append(s.jobs, *job)
	s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(job); err != nil {
			return nil, err
		}
	}
	outputs := 1
	if job.Train.Classes > 2 {
		outputs = job.Train.Classes
	}
	m := &spyModel{Task: job.Task, Classes: job.Train.Classes}
	for range outputs {
		m.W = append(m.W, make([]float64, len(job.Train.X.Cols)+1))
	}
	// The features are scaled by a power of two near their greatest value, so that any data can be learned from.
	scale := make([]float64, len(job.Train.X.Cols))
	for f, col := range job.Train.X.Cols {
		most := 1.0
		for _, v := range col {
			if a := math.Abs(v); a > most {
				most = a
			}
		}
		scale[f] = math.Exp2(-math.Ceil(math.Log2(most)))
	}
	best, kept, rounds := math.Inf(1), m.copy(), 0
	for round := range job.Params.Int("rounds") {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m.step(job, scale)
		if job.Progress != nil {
			job.Progress(float64(round+1) / float64(job.Params.Int("rounds")))
		}
		if job.Stop == nil {
			kept, rounds = m.W, round+1
			continue
		}
		if loss := m.loss(job.Stop); loss < best {
			best, kept, rounds = loss, m.copy(), round+1
		} else if round+1-rounds >= job.Params.Int("early_stopping_rounds") {
			break
		}
	}
	m.W = kept
	blob, err := json.Marshal(m)
	return &model.Fitted{Blob: blob, Rounds: rounds}, err
}

func (m *spyModel) copy() [][]float64 {
	out := make([][]float64, len(m.W))
	for k := range m.W {
		out[k] = slices.Clone(m.W[k])
	}
	return out
}

func outputsOf(in *model.Input, m *spyModel) [][]float64 {
	out := make([][]float64, len(m.W))
	for k := range out {
		out[k] = make([]float64, in.X.Rows)
	}
	_ = m.Predict(in.X.Cols, in.X.Rows, out)
	return out
}

func (m *spyModel) truth(y float64, output int) float64 {
	switch {
	case m.Classes > 2 && int(y) == output:
		return 1
	case m.Classes > 2:
		return 0
	}
	return y
}

func (m *spyModel) step(job *model.Job, scale []float64) {
	out := outputsOf(&job.Train, m)
	rate := job.Params.Float("rate")
	for k, w := range m.W {
		grad := make([]float64, len(w))
		total := 0.0
		for i, y := range job.Train.Y {
			wi := 1.0
			if job.Train.Weight != nil {
				wi = job.Train.Weight[i]
			}
			total += wi
			d := wi * (out[k][i] - m.truth(y, k))
			for f, col := range job.Train.X.Cols {
				if !math.IsNaN(col[i]) {
					grad[f] += d * col[i] * scale[f]
				}
			}
			grad[len(w)-1] += d
		}
		for f := range w {
			s := 1.0
			if f < len(scale) {
				s = scale[f]
			}
			w[f] -= rate * grad[f] / total * s
		}
	}
}

func (m *spyModel) loss(in *model.Input) float64 {
	out, sum := outputsOf(in, m), 0.0
	for k := range out {
		for i, y := range in.Y {
			d := out[k][i] - m.truth(y, k)
			sum += d * d
		}
	}
	return sum
}

func (m *spyModel) Features() int { return len(m.W[0]) - 1 }
func (m *spyModel) Outputs() int  { return len(m.W) }

func (m *spyModel) Margin(x [][]float64, n int, out [][]float64) error {
	if len(out) != len(m.W) {
		return sqlstate.New(sqlstate.InternalError, "wrong number of outputs")
	}
	for k, w := range m.W {
		for i := range n {
			v := w[len(w)-1]
			for f := range x {
				if !math.IsNaN(x[f][i]) {
					v += w[f] * x[f][i]
				}
			}
			out[k][i] = v
		}
	}
	return nil
}

func (m *spyModel) Predict(x [][]float64, n int, out [][]float64) error {
	if err := m.Margin(x, n, out); err != nil || m.Task == model.Regression {
		return err
	}
	for i := range n {
		if m.Classes == 2 {
			out[0][i] = 1 / (1 + math.Exp(-out[0][i]))
			continue
		}
		most, total := math.Inf(-1), 0.0
		for k := range out {
			most = max(most, out[k][i])
		}
		for k := range out {
			out[k][i] = math.Exp(out[k][i] - most)
			total += out[k][i]
		}
		for k := range out {
			out[k][i] /= total
		}
	}
	return nil
}

// ids are the values of the feature that numbers the rows, in order.
func ids(in *model.Input) []float64 {
	if in == nil {
		return nil
	}
	out := slices.Clone(in.X.Cols[slices.Index(in.Names, "rid")])
	slices.Sort(out)
	return out
}

func common(a, b []float64) int {
	n := 0
	for _, v := range a {
		if _, found := slices.BinarySearch(b, v); found {
			n++
		}
	}
	return n
}
