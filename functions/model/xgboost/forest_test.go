package xgboost

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model/boost/boosttest"
	"github.com/eiderdb/eider/functions/model/forest"
	"github.com/eiderdb/eider/functions/model/forest/foresttest"
)

// compare scores a model by every kernel that runs here and requires the library's bits.
func compare(t *testing.T, blob []byte, x [][]float64, n int) {
	t.Helper()
	f, err := forest.FromXGBoost(blob)
	require.NoError(t, err)
	oracle, err := NewOracle(blob)
	require.NoError(t, err)
	defer oracle.Close()
	margins, err := oracle.Margin(x, n)
	require.NoError(t, err)
	predictions, err := oracle.Predict(x, n)
	require.NoError(t, err)
	boosttest.SameBits(t, f, x, n, margins, predictions)
}

// Hundreds of random models: the library is the oracle.
func TestForestEqualsLibrary(t *testing.T) {
	count := 300
	if testing.Short() {
		count = 60
	}
	objectives := []string{"reg:squarederror", "binary:logistic", "count:poisson", "binary:logitraw", "multi:softprob", "reg:squarederror"}
	for seed := range count {
		rng := rand.New(rand.NewPCG(uint64(seed), 11))
		s := foresttest.Shape{
			Features: 1 + rng.IntN(24), Trees: 1 + rng.IntN(30), Leaves: []int{1, 2, 5, 31, 64, 70, 300, 2000}[rng.IntN(8)],
			Cuts: []int{0, 1, 40, 255, 256, 600}[rng.IntN(6)], Extreme: rng.IntN(2) == 0, Objective: objectives[rng.IntN(len(objectives))],
			Base: float32(0.01 + 0.98*rng.Float64()),
		}
		if rng.IntN(3) == 0 {
			s.Depth = 1 + rng.IntN(8)
			s.Complete = s.Depth < 8
		}
		if rng.IntN(4) == 0 {
			s.Categories = 1 + rng.IntN(90)
		}
		if s.Objective == "multi:softprob" {
			s.Outputs = 3 + rng.IntN(4)
		}
		t.Run(fmt.Sprintf("%d", seed), func(t *testing.T) {
			m := foresttest.New(rng, s)
			n := 1 + rng.IntN(700)
			compare(t, m.XGBoost(), m.Rows(rng, n), n)
		})
	}
}

// Models that the library trained itself.
func TestForestEqualsTrained(t *testing.T) {
	for name, given := range map[string]map[string]any{
		"plain": {}, "deep": {"max_depth": int64(12), "n_estimators": int64(20)}, "stumps": {"max_depth": int64(1)},
	} {
		for _, classes := range []int{0, 2, 4} {
			t.Run(fmt.Sprint(name, classes), func(t *testing.T) {
				in := boosttest.Noise(3000, 8, classes, 5)
				fitted, err := Algorithm().Train(t.Context(), jobOf(t, in, given))
				require.NoError(t, err)
				compare(t, fitted.Blob, in.X.Cols, in.X.Rows)
			})
		}
	}
}

// One thread each, in turn: the library's in-place prediction of a ready float32 matrix, in one
// call and in DuckDB's vectors, against each kernel over float64 columns.
func BenchmarkForest(b *testing.B) {
	const rows, vector, features = 100_000, 2048, 20
	in := boosttest.Noise(rows, features, 2, 9)
	p, err := Algorithm().Resolve(boosttest.TaskOf(in), map[string]any{"n_estimators": int64(100), "max_depth": int64(6), "learning_rate": 0.1})
	require.NoError(b, err)
	job := jobOf(b, in, nil)
	job.Params = p
	fitted, err := Algorithm().Train(b.Context(), job)
	require.NoError(b, err)
	oracle, err := NewOracle(fitted.Blob)
	require.NoError(b, err)
	defer oracle.Close()
	dense, single := make([]float32, rows*features), make([]float32, rows)
	for f, c := range in.X.Cols {
		for i, v := range c {
			dense[i*features+f] = float32(v)
		}
	}
	whole := func() { require.NoError(b, oracle.PredictDense(dense, false, single)) }
	ways := map[string]func(){"library/whole": whole, "library/vectors": func() {
		for r := 0; r < rows; r += vector {
			n := min(vector, rows-r)
			require.NoError(b, oracle.PredictDense(dense[r*features:(r+n)*features], false, single[r:r+n]))
		}
	}}
	f, err := forest.FromXGBoost(fitted.Blob)
	require.NoError(b, err)
	out, x := [][]float64{make([]float64, rows)}, make([][]float64, features)
	for _, kernel := range boosttest.Kernels() {
		g, err := f.WithKernel(kernel)
		if err != nil {
			continue
		}
		ways["forest/"+kernel] = func() {
			for r := 0; r < rows; r += vector {
				n := min(vector, rows-r)
				for k := range x {
					x[k] = in.X.Cols[k][r : r+n]
				}
				require.NoError(b, g.Predict(x, n, [][]float64{out[0][r : r+n]}))
			}
		}
	}
	for _, name := range []string{"library/whole", "library/vectors", "forest/portable", "forest/avx2", "forest/avx512"} {
		if way := ways[name]; way != nil {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					way()
				}
				b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
				b.ReportMetric(timesFaster(whole, way), "×library")
			})
		}
	}
}

// timesFaster compares the least times of two ways that take turns, which a busy machine disturbs least.
func timesFaster(than, way func()) float64 {
	slow, fast := time.Hour, time.Hour
	for range 7 {
		start := time.Now()
		than()
		middle := time.Now()
		way()
		slow, fast = min(slow, middle.Sub(start)), min(fast, time.Since(middle))
	}
	return slow.Seconds() / fast.Seconds()
}
