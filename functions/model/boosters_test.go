package model_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/lightgbm"
	"github.com/eiderdb/eider/functions/model/metric"
	"github.com/eiderdb/eider/functions/model/xgboost"
)

const golden = "../../testdata/models/golden/"

// boosterCase is what testdata/models/boosters_golden.py writes.
type boosterCase struct {
	Algorithm, Data, Metric string
	Seed                    int64
	Classes, Rounds         int
	Missing, Weighted       bool
	Value                   float64
	// Predictions are of the rows held out, row by row.
	Predictions []float64
	Params      map[string]any
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(golden + name)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}

// job makes of a case what the script makes of it: a job and the rows held out.
func (c boosterCase) job(t *testing.T, a *model.Algorithm, x [][]float64, y []float64) (*model.Job, model.Input) {
	t.Helper()
	in := model.Input{X: model.Matrix{Rows: len(y)}, Y: y, Classes: c.Classes}
	for j, col := range x {
		col = append([]float64(nil), col...)
		for i := range col {
			if c.Missing && (i*31+j*17)%10 == 0 {
				col[i] = math.NaN()
			}
		}
		in.X.Cols = append(in.X.Cols, col)
	}
	task := model.Regression
	if c.Classes > 0 {
		task = model.Classification
	}
	given := map[string]any{}
	stops := false
	for name, v := range c.Params {
		given[name] = v
		stops = stops || name == "early_stopping_rounds"
	}
	var train, stop, held []int32
	for i := range y {
		if c.Weighted {
			in.Weight = append(in.Weight, 0.5+float64(i*7%11)/4)
		}
		switch order := len(train) + len(stop); {
		case i%4 == 0:
			held = append(held, int32(i))
		case stops && order%5 == 0:
			stop = append(stop, int32(i))
		default:
			train = append(train, int32(i))
		}
	}
	p, err := a.Resolve(task, given)
	require.NoError(t, err)
	job := &model.Job{Task: task, Train: in.Take(train), Params: p, Seed: c.Seed, Threads: 1}
	if stops {
		rest := in.Take(stop)
		job.Stop = &rest
	}
	return job, in.Take(held)
}

// TestBoosters trains what Python trained, with one thread, and wants the same bits: the
// number of rounds, every prediction of a row held out, the metric.
func TestBoosters(t *testing.T) {
	var cases []boosterCase
	readJSON(t, "boosters.json", &cases)
	require.Greater(t, len(cases), 30)
	sets := map[string]struct {
		X [][]float64
		Y []float64
	}{}
	readJSON(t, "linear_data.json", &sets)
	for i, c := range cases {
		t.Run(fmt.Sprintf("%d %s %s", i, c.Algorithm, c.Data), func(t *testing.T) {
			a := map[string]*model.Algorithm{"xgboost": xgboost.Algorithm(), "lightgbm": lightgbm.Algorithm()}[c.Algorithm]
			job, held := c.job(t, a, sets[c.Data].X, sets[c.Data].Y)
			fitted, err := a.Train(context.Background(), job)
			require.NoError(t, err)
			require.Equal(t, c.Rounds, fitted.Rounds)
			p, err := a.Load(fitted.Blob)
			require.NoError(t, err)

			out := make([][]float64, p.Outputs())
			for o := range out {
				out[o] = make([]float64, held.X.Rows)
			}
			require.NoError(t, p.Predict(held.X.Cols, held.X.Rows, out))
			require.Len(t, c.Predictions, held.X.Rows*len(out))
			for k, want := range c.Predictions {
				if c.Algorithm == "xgboost" {
					want = float64(float32(want)) // written with the digits that a float32 needs
				}
				require.Equal(t, want, out[k%len(out)][k/len(out)], "prediction %d", k)
			}

			d, err := metric.Lookup(c.Metric, job.Task)
			require.NoError(t, err)
			s := &metric.Sample{Task: job.Task, Classes: c.Classes, Y: held.Y, Value: out[0]}
			if c.Classes > 2 {
				s.Value, s.Proba = nil, out
			}
			v, ok := d.Value(s)
			require.True(t, ok)
			require.InEpsilon(t, c.Value, v, 1e-6)
		})
	}
}
