package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func job(t testing.TB, x [][]float64, w []float64, params map[string]any) *model.Job {
	t.Helper()
	p, err := All()[0].Resolve(model.Clustering, params)
	require.NoError(t, err)
	rows, names := 0, []string{}
	for j := range x {
		rows = len(x[j])
		names = append(names, fmt.Sprintf("x%d", j))
	}
	return &model.Job{Task: model.Clustering, Params: p, Threads: 2, Seed: 1, Train: model.Input{X: model.Matrix{Rows: rows, Cols: x}, Names: names, Weight: w}}
}

func fitted(t testing.TB, j *model.Job) (*model.Fitted, *predictor) {
	t.Helper()
	f, err := All()[0].Train(t.Context(), j)
	require.NoError(t, err)
	p, err := Load(f.Blob)
	require.NoError(t, err)
	return f, p.(*predictor)
}

func read(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("../../../testdata/models/golden/" + name)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}

func scaled(col []float64) []float64 {
	n, mean, sd := float64(len(col)), 0.0, 0.0
	for _, v := range col {
		mean += v / n
	}
	for _, v := range col {
		sd += (v - mean) * (v - mean) / n
	}
	out := make([]float64, len(col))
	for i, v := range col {
		out[i] = (v - mean) / math.Sqrt(sd)
	}
	return out
}

// From the same start Lloyd's steps end where scikit-learn's do; ten tries of our own are as good
// as its ten to 1 %.
func TestGolden(t *testing.T) {
	var sets map[string]struct{ X [][]float64 }
	var file struct {
		Clusters []struct {
			Data            string
			K               int
			Weighted, Scale bool
			Start, Centres  [][]float64
			Labels          []int32
			Inertia         float64
			BestOf10        float64 `json:"best_of_10"`
		}
	}
	read(t, "linear_data.json", &sets)
	read(t, "linear.json", &file)
	require.Len(t, file.Clusters, 6)
	for _, c := range file.Clusters {
		t.Run(fmt.Sprintf("%s/weighted=%v", c.Data, c.Weighted), func(t *testing.T) {
			x := slices.Clone(sets[c.Data].X)
			if c.Scale {
				for j := range x {
					x[j] = scaled(x[j])
				}
			}
			var w []float64
			if c.Weighted {
				w = make([]float64, len(x[0]))
				for i := range w {
					if w[i] = 0.5 + float64(i*7%11)/4; i%13 == 12 {
						w[i] = 0
					}
				}
			}
			// Rows of weight 0 stay in, as in scikit-learn, whose labels are compared.
			p := newPoints(model.Input{X: model.Matrix{Rows: len(x[0]), Cols: x}, Weight: w}, 2)
			got, err := p.cluster(t.Context(), settings{k: c.K, maxIter: 1000, start: c.Start})
			require.NoError(t, err)
			require.True(t, got.converged)
			require.Equal(t, c.Labels, got.labels)
			require.InEpsilon(t, c.Inertia, got.inertia, 1e-9)
			for i := range c.Centres {
				for j, want := range c.Centres[i] {
					require.InDelta(t, want, got.centres[i][j], 1e-9*max(1, math.Abs(want)))
				}
			}
			f, _ := fitted(t, job(t, x, w, map[string]any{"k": int64(c.K), "n_init": int64(10)}))
			require.LessOrEqual(t, f.Notes["inertia"], c.BestOf10*1.01)
		})
	}
}

// blobs are rows around k centres.
func blobs(rows, features, k int, seed uint64) (x [][]float64, w []float64) {
	r := rand.New(rand.NewPCG(seed, 2))
	centres := make([][]float64, k)
	for c := range centres {
		centres[c] = make([]float64, features)
		for j := range centres[c] {
			centres[c][j] = r.NormFloat64() * 3
		}
	}
	x, w = make([][]float64, features), make([]float64, rows)
	for j := range x {
		x[j] = make([]float64, rows)
	}
	for i := range rows {
		c := centres[r.IntN(k)]
		w[i] = r.Float64()
		for j := range x {
			x[j][i] = c[j] + r.NormFloat64()
		}
	}
	return x, w
}

// plain is Lloyd's algorithm without bounds, sums of differences or threads.
func plain(p *points, centres [][]float64, maxIter int) (labels []int32, inertia float64) {
	centres = slices.Clone(centres)
	labels = slices.Repeat([]int32{-1}, p.rows)
	for range maxIter {
		inertia = 0
		changed := false
		for i := range p.rows {
			best, at := math.Inf(1), int32(0)
			for c, centre := range centres {
				d := 0.0
				for j, v := range centre {
					d += (p.x[j][i] - v) * (p.x[j][i] - v)
				}
				if d < best {
					best, at = d, int32(c)
				}
			}
			changed = changed || labels[i] != at
			labels[i] = at
			inertia += best * p.weight(i)
		}
		if !changed {
			break
		}
		for c := range centres {
			mean, total := make([]float64, len(p.x)), 0.0
			for i, l := range labels {
				if int(l) == c {
					total += p.weight(i)
					for j := range mean {
						mean[j] += p.weight(i) * p.x[j][i]
					}
				}
			}
			for j := range mean {
				mean[j] /= total
			}
			centres[c] = mean
		}
	}
	return labels, inertia
}

func TestBoundsChangeNothing(t *testing.T) {
	for _, c := range []struct{ rows, features, k int }{{3000, 1, 7}, {3000, 2, 12}, {2000, 5, 3}, {1500, 9, 30}, {500, 21, 1}} {
		for seed := range uint64(3) {
			x, w := blobs(c.rows, c.features, 4, seed)
			p := newPoints(model.Input{X: model.Matrix{Rows: c.rows, Cols: x}, Weight: w}, 2)
			start := make([][]float64, c.k)
			for i := range start {
				start[i] = p.row(i)
			}
			got, err := p.cluster(t.Context(), settings{k: c.k, maxIter: 1000, start: start})
			require.NoError(t, err)
			labels, inertia := plain(p, start, 1000)
			require.Equal(t, labels, got.labels, "%v", c)
			require.InEpsilon(t, inertia, got.inertia, 1e-9)
		}
	}
}

func TestThreadsDoNotShow(t *testing.T) {
	for _, rows := range []int{100, 10_000, 200_000} {
		x, w := blobs(rows, 5, 6, 3)
		if rows == 10_000 {
			w = nil
		}
		var first []byte
		for _, threads := range []int{1, 2, 5} {
			j := job(t, x, w, map[string]any{"k": int64(6), "n_init": int64(2)})
			j.Threads = threads
			f, _ := fitted(t, j)
			if first == nil {
				first = f.Blob
			}
			require.Equal(t, first, f.Blob, "%d rows, %d threads", rows, threads)
		}
		j := job(t, x, w, map[string]any{"k": int64(6)})
		j.Seed = 99
		_, p := fitted(t, j)
		require.Len(t, p.centres, 6)
	}
}

func TestFindsBlobs(t *testing.T) {
	for _, rows := range []int{40, 600, 150_000} {
		x, _ := blobs(rows, 8, 4, 5)
		f, p := fitted(t, job(t, x, nil, map[string]any{"k": int64(4), "n_init": int64(5)}))
		require.Equal(t, true, f.Notes["converged"])
		require.InDelta(t, float64(rows*8), f.Notes["inertia"], 0.2*float64(rows*8), "a row is one standard deviation a feature from its centre")
		// What Predict and Margin say of the training rows is what training measured.
		label, margin := [][]float64{make([]float64, rows)}, [][]float64{make([]float64, rows)}
		require.NoError(t, p.Predict(x, rows, label))
		require.NoError(t, p.Margin(x, rows, margin))
		sum := 0.0
		for i, d := range margin[0] {
			sum += d
			own := 0.0
			for j, v := range p.centres[int(label[0][i])] {
				own += (x[j][i] - v) * (x[j][i] - v)
			}
			require.InDelta(t, own, d, 1e-9)
		}
		require.InEpsilon(t, f.Notes["inertia"], sum, 1e-9)
		require.Zero(t, testing.AllocsPerRun(3, func() { _ = p.Predict(x, rows, label) }))
	}
}

func TestEmptyClusters(t *testing.T) {
	x := [][]float64{{0, 1, 2, 3, 100, 101}, {0, 0, 0, 0, 0, 0}}
	p := newPoints(model.Input{X: model.Matrix{Rows: 6, Cols: x}}, 1)
	// The last two centres are so far away that no row comes to them.
	got, err := p.cluster(t.Context(), settings{k: 4, maxIter: 100, start: [][]float64{{0, 0}, {100, 0}, {1e6, 0}, {-1e6, 0}}})
	require.NoError(t, err)
	require.True(t, got.converged)
	seen := map[int32]int{}
	for _, l := range got.labels {
		seen[l]++
	}
	require.Len(t, seen, 4)
	require.InDelta(t, 1.0, got.inertia, 0.01, "%v", got.labels)
}

func TestBadInput(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		x       [][]float64
		w       []float64
		params  map[string]any
		message string
	}{
		{[][]float64{{}, {}}, nil, nil, "no rows"},
		{nil, nil, nil, "no rows"},
		{[][]float64{{1}}, nil, map[string]any{"k": int64(2)}, "k is 2, but there are only 1 distinct rows"},
		{[][]float64{{1, 2, 2, 1, 1}, {1, 1, 1, 1, 1}}, nil, map[string]any{"k": int64(3)}, "k is 3, but there are only 2 distinct rows"},
		{[][]float64{{1, 2, 3}}, []float64{0, 1, 0}, map[string]any{"k": int64(2)}, "only 1 distinct"},
		{[][]float64{{1, nan, 3}}, nil, nil, `"x0" has missing`},
		{[][]float64{{1, 2, 3}, {1, inf, 3}}, nil, nil, `"x1" has infinite`},
		{[][]float64{{1, 2, 3}, {1, 1.7e308, 3}}, nil, nil, `"x1" has the value 1.7e+308`},
		{[][]float64{{1, 2, 3}}, []float64{1, -2, 1}, nil, "weight -2"},
		{[][]float64{{1, 2, 3}}, []float64{0, 0, 0}, nil, "all weights are zero"},
	} {
		t.Run(c.message, func(t *testing.T) {
			_, err := All()[0].Train(t.Context(), job(t, c.x, c.w, c.params))
			require.ErrorContains(t, err, c.message)
			require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.From(err).Code)
		})
	}
	_, err := All()[0].Resolve(model.Clustering, map[string]any{"n_cluster": int64(3)})
	require.ErrorContains(t, err, "n_cluster")
	_, err = All()[0].Resolve(model.Clustering, map[string]any{"n_clusters": 2.5})
	require.ErrorContains(t, err, "k must be a whole number")
}

func TestExtremeScales(t *testing.T) {
	for _, s := range []float64{1, 1e300, 1e-300, 0x1p-1060} {
		x := [][]float64{{1 * s, 2 * s, 101 * s, 102 * s}, {0, 0, 0, 0}}
		f, p := fitted(t, job(t, x, nil, map[string]any{"k": int64(2)}))
		out := [][]float64{make([]float64, 4)}
		require.NoError(t, p.Predict(x, 4, out))
		require.Equal(t, out[0][0], out[0][1])
		require.Equal(t, out[0][2], out[0][3])
		require.NotEqual(t, out[0][0], out[0][2])
		require.False(t, math.IsInf(f.Notes["inertia"].(float64), 0))
	}
	constant := [][]float64{{7, 7, 7}}
	_, p := fitted(t, job(t, constant, nil, map[string]any{"k": int64(1)}))
	require.Equal(t, [][]float64{{7}}, p.centres)
	out := [][]float64{make([]float64, 3)}
	require.NoError(t, p.Predict([][]float64{{math.NaN(), 1, math.Inf(1)}}, 3, out))
	require.True(t, math.IsNaN(out[0][0]))
	require.Equal(t, []float64{0, 0}, out[0][1:])
	require.Error(t, p.Predict(nil, 0, out))
}

func TestCancelAndProgress(t *testing.T) {
	x, w := blobs(160_000, 3, 5, 8)
	j := job(t, x, w, map[string]any{"k": int64(7), "n_init": int64(2)})
	var told []float64
	j.Progress = func(f float64) { told = append(told, f) }
	fitted(t, j)
	require.True(t, slices.IsSorted(told), "%v", told)
	require.Equal(t, 1.0, told[len(told)-1])
	for stop := 0; stop < len(told)-1; stop += 1 + len(told)/8 {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		j.Progress = func(float64) {
			if n++; n == stop+1 {
				cancel()
			}
		}
		_, err := All()[0].Train(ctx, j)
		require.ErrorIs(t, err, context.Canceled)
		cancel()
	}
}

func TestBlobComesBack(t *testing.T) {
	x, _ := blobs(50, 3, 3, 1)
	f, p := fitted(t, job(t, x, nil, map[string]any{"k": int64(3)}))
	require.Equal(t, f.Blob, p.encode())
	for cut := range f.Blob {
		_, err := Load(f.Blob[:cut])
		require.Error(t, err)
		require.Equal(t, sqlstate.DataCorrupted, sqlstate.From(err).Code)
	}
	_, err := Load(append(slices.Clone(f.Blob), 0))
	require.Error(t, err)
}

func FuzzLoad(f *testing.F) {
	x, _ := blobs(50, 3, 3, 1)
	fit, _ := fitted(f, job(f, x, nil, map[string]any{"k": int64(3)}))
	f.Add(fit.Blob)
	f.Add([]byte(magic + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x03"))
	rows := [][]float64{{1, math.NaN(), math.Inf(1)}, {1e300, 2, 3}, {-1e300, 0, 1}}
	f.Fuzz(func(t *testing.T, blob []byte) {
		p, err := Load(blob)
		if err != nil {
			return
		}
		got := p.(*predictor)
		require.Equal(t, blob, got.encode(), "a blob has one spelling")
		if p.Features() <= len(rows) {
			require.NoError(t, p.Predict(rows[:p.Features()], 3, [][]float64{make([]float64, 3)}))
		}
	})
}
