package forest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func contributionsOf(f *Forest, n int) [][][]float64 {
	out := make([][][]float64, f.Outputs())
	for o := range out {
		out[o] = columnsOf(f.Features()+1, n)
	}
	return out
}

// finiteForXGBoost brings rows to what the golden contributions were computed of: a DMatrix
// takes no infinite values.
func finiteForXGBoost(x [][]float64) [][]float64 {
	out := make([][]float64, len(x))
	for k, c := range x {
		out[k] = make([]float64, len(c))
		for i, v := range c {
			out[k][i] = v
			if !math.IsNaN(v) {
				out[k][i] = max(-3.4e38, min(v, 3.4e38))
			}
		}
	}
	return out
}

func TestContributionsEqualToLibraries(t *testing.T) {
	for _, g := range goldens(t) {
		t.Run(g.name, func(t *testing.T) {
			x := g.x
			if g.forest.ens.single {
				x = finiteForXGBoost(x)
			}
			out := contributionsOf(g.forest, g.n)
			require.NoError(t, g.forest.Contributions(x, g.n, out))
			margin := columnsOf(g.forest.Outputs(), g.n)
			require.NoError(t, g.forest.Margin(x, g.n, margin))
			for o := range out {
				for i := range g.n {
					sum := 0.0
					for k := range out[o] {
						sum += out[o][k][i]
						require.InDelta(t, g.contributions[o][k][i], out[o][k][i], 1e-5*max(1, math.Abs(margin[o][i])), "output %d, feature %d, row %d", o, k, i)
					}
					require.InDelta(t, margin[o][i], sum, 1e-5*max(1, math.Abs(sum)))
				}
			}
		})
	}
}
