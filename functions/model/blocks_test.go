package model

import (
	"context"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSumBlocksIsTheSameForAnyThreads(t *testing.T) {
	for _, rows := range []int{0, 1, 255, 256, 257, 4096, 4097, 100_003, 300_000} {
		x := make([]float64, rows)
		r := rand.New(rand.NewPCG(1, 2))
		for i := range x {
			x[i] = r.NormFloat64() * math.Pow(10, float64(r.IntN(12)))
		}
		var want []float64
		for _, threads := range []int{1, 2, 3, 7, 100} {
			var seen atomic.Int64
			got, err := SumBlocks(t.Context(), rows, 2, threads, func(worker int, sum []float64, from, to int) {
				if worker < 0 || worker >= threads || to-from > BlockRows || to <= from {
					panic("a block outside its bounds")
				}
				for _, v := range x[from:to] {
					sum[0] += v
					sum[1]++
				}
				seen.Add(int64(to - from))
			})
			require.NoError(t, err)
			require.EqualValues(t, rows, seen.Load())
			require.Equal(t, float64(rows), got[1])
			if want == nil {
				want = got
			}
			require.Equal(t, want, got, "%d threads, %d rows", threads, rows)
		}
	}
}

func TestSumBlocksEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var visits atomic.Int64
	_, err := SumBlocks(ctx, 1<<22, 1, 3, func(int, []float64, int, int) {
		if visits.Add(1) == 10 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, visits.Load(), int64(100))
	_, err = SumBlocks(ctx, 0, 1, 1, nil)
	require.ErrorIs(t, err, context.Canceled)
}
