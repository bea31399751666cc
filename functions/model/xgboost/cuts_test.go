package xgboost

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/boost/boosttest"
)

// While the library's sketches forget nothing, its cuts are ours: the models are the same bytes.
func TestExactCuts(t *testing.T) {
	for _, n := range []int{1, 2, 3, 50, 255, 256, 257, 258, 1000, 2000} {
		for _, bins := range []int64{2, 3, 16, 255, 256, 300} {
			if int64(n) > 8*bins { // its sketches hold eight values a bin
				continue
			}
			t.Run(fmt.Sprintf("%d rows, %d bins", n, bins), func(t *testing.T) {
				in := boosttest.Noise(n, 7, 0, uint64(n))
				r := rand.New(rand.NewPCG(uint64(n), uint64(bins)))
				for i := range n { // shapes of features beside the normal distribution
					in.X.Cols[1][i] = float64(r.IntN(5))
					in.X.Cols[2][i] = math.Round(in.X.Cols[2][i]*20) + 0 // no negative zero, which the library keeps
					in.X.Cols[3][i] = math.Exp(6 * r.NormFloat64())
					in.X.Cols[4][i] = math.NaN()
					in.X.Cols[5][i] = -2 * float64(1+r.IntN(2))
					in.X.Cols[6][i] = 1 + float64(r.IntN(2))*1e-12 // one value in single precision
				}
				job := jobOf(t, in, map[string]any{"rounds": int64(4), "max_bin": bins, "min_child_weight": 0.0})
				ours, err := trainIn(context.Background(), job, batchRows, 0)
				require.NoError(t, err)
				theirs, err := trainIn(context.Background(), job, batchRows, math.MaxInt)
				require.NoError(t, err)
				require.True(t, string(ours.Blob) == string(theirs.Blob))
			})
		}
	}
}

// Of many rows the cuts are the quantiles themselves: between two of them are as many rows as between any.
func TestCutsAreQuantiles(t *testing.T) {
	const n, bins = 300_000, 256
	r := rand.New(rand.NewPCG(7, 7))
	col := make([]float64, n)
	for i := range col {
		col[i] = r.NormFloat64()
	}
	cols, err := cutsOf(context.Background(), [][]float64{col, make([]float64, n)}, n, bins, 2)
	require.NoError(t, err)
	require.Len(t, cols[0], bins+1)
	require.True(t, slices.IsSorted(cols[0]))
	require.Equal(t, 0.0, cols[1][0])
	require.True(t, math.IsNaN(cols[1][1]))
	slices.Sort(col)
	for k, cut := range cols[0] {
		rank, _ := slices.BinarySearchFunc(col, cut, func(v, cut float64) int {
			if float32(v) < float32(cut) {
				return -1
			}
			return 1
		})
		require.InDelta(t, float64(k)*n/bins, float64(rank), 3, "cut %d", k)
	}
}

// The result doesn't depend on threads, rows' order or how they are read.
func TestManyRowsSameBytes(t *testing.T) {
	in := boosttest.Noise(exactRows+500, 3, 2, 5)
	job := jobOf(t, in, map[string]any{"rounds": int64(3)})
	want := fit(t, job).Blob
	job.Threads = 3
	got, err := trainIn(context.Background(), job, 999, exactRows)
	require.NoError(t, err)
	require.True(t, string(want) == string(got.Blob))
}

// Weights count in the library's sketches only.
func TestWeightedRowsKeepSketches(t *testing.T) {
	job := jobOf(t, boosttest.Weighted(), map[string]any{"rounds": int64(3)})
	a, err := trainIn(context.Background(), job, batchRows, 0)
	require.NoError(t, err)
	b, err := trainIn(context.Background(), job, batchRows, math.MaxInt)
	require.NoError(t, err)
	require.True(t, string(a.Blob) == string(b.Blob))
}

func TestCutsCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := cutsOf(ctx, [][]float64{{1}}, 1, 256, 1)
	require.ErrorIs(t, err, context.Canceled)
}

func BenchmarkCuts(b *testing.B) {
	in := boosttest.Noise(1_000_000, 4, 0, 1)
	job := &model.Job{Threads: 2}
	for b.Loop() {
		_, err := cutsOf(context.Background(), in.X.Cols, in.X.Rows, 256, job.Threads)
		require.NoError(b, err)
	}
}
