package transform

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The median of a few near the middle is that of all, whatever the values look like.
func TestMedianOf(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	shapes := map[string]func(i, n int) float64{
		"normal":      func(i, n int) float64 { return r.NormFloat64() },
		"ties":        func(i, n int) float64 { return float64(r.IntN(3)) },
		"one value":   func(i, n int) float64 { return -7 },
		"ascending":   func(i, n int) float64 { return float64(i) },
		"descending":  func(i, n int) float64 { return float64(-i) },
		"two halves":  func(i, n int) float64 { return float64(2 * i / n) },
		"wide":        func(i, n int) float64 { return math.Ldexp(r.NormFloat64(), r.IntN(2000)-1000) },
		"mostly zero": func(i, n int) float64 { return float64(max(0, r.IntN(10)-8)) },
		"saw that the sample follows": func(i, n int) float64 {
			return float64(i % max(1, (n-1)/(sampled-1)))
		},
	}
	for name, value := range shapes {
		for _, n := range []int{1, 2, 3, 8 * sampled, 8*sampled + 1, 50_000, 50_001} {
			for _, missing := range []int{0, 3, 97} {
				x, present := make([]float64, 0, n), 0
				for i := range n {
					v := value(i, n)
					if missing > 0 && n > 3 && i%100 < missing {
						v = -math.NaN() // with a sign, as the processor makes it
					} else {
						present++
					}
					x = append(x, v)
				}
				if present == 0 {
					continue
				}
				before := append([]float64(nil), x...)
				require.Equal(t, quantile7(known(x), 0.5), medianOf(x, present), "%s, %d rows, %d %% missing", name, n, missing)
				for i := range x {
					require.Equal(t, math.Float64bits(before[i]), math.Float64bits(x[i]))
				}
			}
		}
	}
}
