package boosttest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model/forest"
)

// Kernels are all that there are, whether or not they run here.
func Kernels() []string { return []string{forest.Portable, forest.AVX2, forest.AVX512} }

// SameBits scores n rows by every kernel that runs here and requires the library's bits, given row by row.
func SameBits[V float32 | float64](t *testing.T, f *forest.Forest, x [][]float64, n int, margins, predictions []V) {
	t.Helper()
	k := f.Outputs()
	require.Len(t, margins, n*k)
	out := make([][]float64, k)
	for o := range out {
		out[o] = make([]float64, n)
	}
	ran := 0
	for _, kernel := range Kernels() {
		g, err := f.WithKernel(kernel)
		if err != nil {
			continue // this processor doesn't have it
		}
		ran++
		same := func(want []V, what string) {
			for o := range out {
				for i, v := range out[o] {
					if w := float64(want[i*k+o]); math.Float64bits(w) != math.Float64bits(v) {
						require.Failf(t, "different", "%s %s: output %d of row %d is %v, not %v", kernel, what, o, i, v, w)
					}
				}
			}
		}
		require.NoError(t, g.Margin(x, n, out))
		same(margins, "margin")
		require.NoError(t, g.Predict(x, n, out))
		same(predictions, "prediction")
	}
	require.Positive(t, ran)
}
