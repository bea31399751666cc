package linear

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/functions/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const golden = "../../../testdata/models/golden/"

type dataset struct {
	X [][]float64
	Y []float64
}

// goldenCase is what testdata/models/linear_golden.py writes.
type goldenCase struct {
	Algorithm, Data string
	Weighted, Scale bool
	Params          map[string]any
	Coef            [][]float64
	Intercept       []float64
	Metrics         map[string]float64
}

func readGolden(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(golden + name)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}

// variant makes of a data set what linear_golden.py does.
func variant(sets map[string]dataset, name string, scale bool) dataset {
	base := name
	if i := strings.IndexAny(name, "+>/"); i > 0 {
		base = name[:i]
	}
	if base == "wide" {
		base = "diabetes"
	}
	x, y := slices.Clone(sets[base].X), slices.Clone(sets[base].Y)
	switch name {
	case "linnerud+copies":
		ten, seven := slices.Clone(x[1]), make([]float64, len(y))
		for i := range ten {
			ten[i] *= 10
			seven[i] = 7
		}
		x = append(x, x[0], ten, seven)
	case "wide":
		y = y[:6]
		for j := range x {
			x[j] = x[j][:6]
		}
	case "diabetes>140":
		for i, v := range y {
			y[i] = 0
			if v > 140 {
				y[i] = 1
			}
		}
	case "diabetes/3":
		for i, v := range y {
			y[i] = 0
			if v > 100 {
				y[i]++
			}
			if v > 180 {
				y[i]++
			}
		}
	}
	if scale {
		for j := range x {
			x[j] = scaled(x[j])
		}
	}
	return dataset{x, y}
}

func scaled(col []float64) []float64 {
	n, mean, sd := float64(len(col)), 0.0, 0.0
	for _, v := range col {
		mean += v / n
	}
	for _, v := range col {
		sd += (v - mean) * (v - mean) / n
	}
	if sd == 0 {
		sd = 1
	}
	out := make([]float64, len(col))
	for i, v := range col {
		out[i] = (v - mean) / math.Sqrt(sd)
	}
	return out
}

func goldenWeights(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		if w[i] = 0.5 + float64(i*7%11)/4; i%13 == 12 {
			w[i] = 0
		}
	}
	return w
}

func algorithm(t testing.TB, name string) *model.Algorithm {
	t.Helper()
	for _, a := range All() {
		if a.Name == name {
			return a
		}
	}
	t.Fatalf("no algorithm %s", name)
	return nil
}

// job makes a training job of columns; classes of 0 is a regression.
func job(t testing.TB, a *model.Algorithm, x [][]float64, y, w []float64, classes int, params map[string]any) *model.Job {
	t.Helper()
	p, err := a.Resolve(a.Tasks[0], params)
	require.NoError(t, err)
	names := make([]string, len(x))
	for j := range names {
		names[j] = fmt.Sprintf("x%d", j)
	}
	return &model.Job{
		Task: a.Tasks[0], Params: p, Threads: 2, Seed: 1,
		Train: model.Input{X: model.Matrix{Rows: len(y), Cols: x}, Names: names, Y: y, Weight: w, Classes: classes},
	}
}

func fitted(t testing.TB, a *model.Algorithm, j *model.Job) (*model.Fitted, *predictor) {
	t.Helper()
	f, err := a.Train(t.Context(), j)
	require.NoError(t, err)
	p, err := a.Load(f.Blob)
	require.NoError(t, err)
	return f, p.(*predictor)
}

func classCount(y []float64, kind string) int {
	if kind != "logistic" {
		return 0
	}
	return int(slices.Max(y)) + 1
}

func TestGolden(t *testing.T) {
	var sets map[string]dataset
	var file struct{ Models []goldenCase }
	readGolden(t, "linear_data.json", &sets)
	readGolden(t, "linear.json", &file)
	require.Greater(t, len(file.Models), 50)
	for _, c := range file.Models {
		t.Run(fmt.Sprintf("%s/%s/%v/weighted=%v", c.Algorithm, c.Data, c.Params, c.Weighted), func(t *testing.T) {
			d := variant(sets, c.Data, c.Scale)
			var w []float64
			if c.Weighted {
				w = goldenWeights(len(d.Y))
			}
			a := algorithm(t, c.Algorithm)
			f, p := fitted(t, a, job(t, a, d.X, d.Y, w, classCount(d.Y, c.Algorithm), c.Params))
			require.Equal(t, true, f.Notes["converged"], f.Notes)
			require.Len(t, p.coef, len(c.Coef))
			for o := range c.Coef {
				close6(t, c.Coef[o], p.coef[o], "coefficients")
			}
			close6(t, c.Intercept, p.intercept, "intercepts")
			for name, got := range measure(t, p, d, w) {
				require.InDelta(t, c.Metrics[name], got, 1e-6, name)
			}
		})
	}
}

// close6 asks for agreement to 1e-6 of the value or of 1.
func close6(t *testing.T, want, got []float64, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	for i := range want {
		require.InDelta(t, want[i], got[i], 1e-6*max(1, math.Abs(want[i])), "%s %d: want %v, got %v", what, i, want, got)
	}
}

// measure computes the metrics of linear_golden.py.
func measure(t *testing.T, p *predictor, d dataset, w []float64) map[string]float64 {
	t.Helper()
	out := outputs(p, len(d.Y))
	require.NoError(t, p.Predict(d.X, len(d.Y), out))
	weight := func(i int) float64 {
		if w == nil {
			return 1
		}
		return w[i]
	}
	total, mean := 0.0, 0.0
	for i, y := range d.Y {
		total += weight(i)
		mean += weight(i) * y
	}
	mean /= total
	if p.link == linkIdentity || p.link == linkLog {
		squares, around, mae := 0.0, 0.0, 0.0
		for i, y := range d.Y {
			e := y - out[0][i]
			squares += weight(i) * e * e
			around += weight(i) * (y - mean) * (y - mean)
			mae += weight(i) * math.Abs(e) / total
		}
		return map[string]float64{"r2": 1 - squares/around, "mae": mae}
	}
	loss, right := 0.0, 0.0
	for i, y := range d.Y {
		probability := func(c int) float64 {
			if p.link == linkSoftmax {
				return out[c][i]
			}
			return math.Abs(float64(1-c) - out[0][i])
		}
		best := 0
		for c := 1; c < max(2, len(out)); c++ {
			if probability(c) > probability(best) {
				best = c
			}
		}
		loss -= weight(i) * math.Log(probability(int(y))) / total
		if best == int(y) {
			right += weight(i) / total
		}
	}
	return map[string]float64{"log_loss": loss, "accuracy": right}
}

func outputs(p *predictor, n int) [][]float64 {
	out := make([][]float64, p.Outputs())
	for o := range out {
		out[o] = make([]float64, n)
	}
	return out
}
