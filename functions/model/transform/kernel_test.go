package transform

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// Many rows at once are scaled to the same bits as one after the other.
func TestScaleKernels(t *testing.T) {
	values := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e300, -1e300, math.SmallestNonzeroFloat64, 1e-310, math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN(), 3.3, 1e17, -7}
	var src []float64
	for range 5 {
		src = append(src, values...)
		src = append(src, math.Pi)
	}
	for _, c := range [][3]float64{{0.5, 0.25, 3}, {-2, 1e308, 1e-300}, {math.Copysign(0, -1), 0, 7}, {1, -0.1, 0.3}} {
		impute, affine := step{Op: opImpute, A: c[0]}, step{Op: opScale, A: c[1], B: c[2]}
		for n := range len(src) {
			for _, from := range []int{0, 1, 3} {
				x := src[min(from, n):n]
				both, one, place := make([]float64, len(x)), make([]float64, len(x)), append([]float64(nil), x...)
				imputeScale(both, x, c[0], c[1], c[2])
				scale(one, x, c[1], c[2])
				scale(place, place, c[1], c[2])
				for i, v := range x {
					require.Equal(t, math.Float64bits(affine.number(impute.number(v))), math.Float64bits(both[i]))
					if want := affine.number(v); want == want {
						require.Equal(t, math.Float64bits(want), math.Float64bits(one[i]))
					} else {
						require.True(t, math.IsNaN(one[i]))
					}
					require.True(t, one[i] == place[i] || one[i] != one[i] && place[i] != place[i])
				}
			}
		}
	}
}

func BenchmarkImputeScale(b *testing.B) {
	src, dst := make([]float64, 2048), make([]float64, 2048)
	for i := range src {
		src[i] = float64(i)
	}
	b.SetBytes(8 * 2048)
	for b.Loop() {
		imputeScale(dst, src, 1, 2, 3)
	}
}
