package lightgbm

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model/boost/boosttest"
	"github.com/eiderdb/eider/functions/model/forest"
	"github.com/eiderdb/eider/functions/model/forest/foresttest"
)

// compare scores a model by every kernel that runs here and requires the library's bits.
func compare(t *testing.T, blob []byte, x [][]float64, n int) {
	t.Helper()
	f, err := forest.FromLightGBM(blob)
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
	objectives := []string{"regression", "binary sigmoid:1", "binary sigmoid:0.7", "poisson", "multiclass", "multiclassova"}
	for seed := range count {
		rng := rand.New(rand.NewPCG(uint64(seed), 13))
		s := foresttest.Shape{
			Double: true, Features: 1 + rng.IntN(24), Trees: 1 + rng.IntN(30), Leaves: []int{1, 2, 5, 31, 64, 70, 300, 2000}[rng.IntN(8)],
			Cuts: []int{0, 1, 40, 255, 256, 600}[rng.IntN(6)], Extreme: rng.IntN(2) == 0, Objective: objectives[rng.IntN(len(objectives))],
		}
		if rng.IntN(3) == 0 {
			s.Depth = 1 + rng.IntN(8)
			s.Complete = s.Depth < 8
		}
		if rng.IntN(4) == 0 {
			s.Categories = 1 + rng.IntN(90)
		}
		if s.Objective == "multiclass" || s.Objective == "multiclassova" {
			s.Outputs = 3 + rng.IntN(4)
			s.Objective += fmt.Sprintf(" num_class:%d", s.Outputs)
			if strings.HasPrefix(s.Objective, "multiclassova") {
				s.Objective += []string{" sigmoid:1", " sigmoid:1.3"}[rng.IntN(2)]
			}
		}
		t.Run(fmt.Sprintf("%d", seed), func(t *testing.T) {
			m := foresttest.New(rng, s)
			n := 1 + rng.IntN(700)
			compare(t, m.LightGBM(), m.Rows(rng, n), n)
		})
	}
}
