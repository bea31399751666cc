package train

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model/artifact"
)

// TestCalibrationGolden compares with scikit-learn: testdata/models/calibration_golden.py wrote the file.
func TestCalibrationGolden(t *testing.T) {
	data, err := os.ReadFile("../../../testdata/models/calibration_golden.json")
	require.NoError(t, err)
	var cases []struct {
		Name         string
		F, W         []float64
		Y            []int
		A, B         float64
		At, Isotonic []float64
	}
	require.NoError(t, json.Unmarshal(data, &cases))
	require.Len(t, cases, 2)
	for _, c := range cases {
		truth := make([]bool, len(c.Y))
		for i, y := range c.Y {
			truth[i] = y == 1
		}
		s := fitSigmoid(c.F, truth, c.W)
		// scikit-learn stops its L-BFGS at a gradient of 1e-5 or so; ours is Newton's.
		require.InDelta(t, c.A, s.A, 1e-4, c.Name)
		require.InDelta(t, c.B, s.B, 1e-4, c.Name)
		steps := fitSteps(c.F, truth, c.W)
		for k, x := range c.At {
			require.InDelta(t, c.Isotonic[k], steps.At(x), 1e-12, "%s at %v", c.Name, x)
		}
	}
}

// TestSigmoidTargets: with everything separated Platt's targets keep the probabilities from 0 and 1.
func TestSigmoidTargets(t *testing.T) {
	s := fitSigmoid([]float64{-2, -1, 1, 2}, []bool{false, false, true, true}, nil)
	for x, want := range map[float64]float64{-1000: 0, 1000: 1} {
		require.InDelta(t, want, s.At(x), 1e-3)
	}
	// At the optimum Σ (p - target) and Σ f (p - target) are 0; the targets of two rows a class are 1/4 and 3/4.
	ga, gb := 0.0, 0.0
	for i, f := range []float64{-2, -1, 1, 2} {
		d := s.At(f) - []float64{0.25, 0.25, 0.75, 0.75}[i]
		ga, gb = ga+f*d, gb+d
	}
	require.InDelta(t, 0, ga, 1e-6)
	require.InDelta(t, 0, gb, 1e-6)
	same := fitSigmoid([]float64{1, 1, 1}, []bool{true, false, true}, nil)
	require.InDelta(t, (0.75*2+1.0/3)/3, same.At(1), 1e-6)
	require.False(t, math.IsNaN(same.A+same.B))
}

func TestStepsEdges(t *testing.T) {
	require.Empty(t, fitSteps([]float64{math.NaN(), math.Inf(1)}, []bool{true, false}, nil).X)
	one := fitSteps([]float64{0.3}, []bool{true}, nil)
	require.Equal(t, 1.0, one.At(0))
	require.Equal(t, 1.0, one.At(9))
	down := fitSteps([]float64{1, 2, 3, 4}, []bool{true, true, false, false}, nil)
	require.Equal(t, artifact.Steps{X: []float64{1, 4}, Y: []float64{0.5, 0.5}}, down)
}

func TestCalibrate(t *testing.T) {
	for _, method := range []string{"PLATT", "isotonic"} {
		sp := spec("churned")
		sp.ID = []Name{{"id", -1}}
		sp.Candidates = using("logistic")
		sp.Transform = nil
		plain := train(t, customers(2000, 4), sp)
		sp.Calibrate = &Name{method, -1}
		res := train(t, customers(2000, 4), sp)
		require.NotEqual(t, plain.Hash, res.Hash)
		a, err := artifact.Decode(res.Artifact)
		require.NoError(t, err)
		require.NotNil(t, a.Calibration)
		b, err := artifact.Decode(plain.Artifact)
		require.NoError(t, err)
		require.Equal(t, b.Blobs, a.Blobs, "the estimator is that of the whole training part")
		require.EqualValues(t, 1600, res.Notes["calibration_rows"])
		require.Less(t, *metricOf(t, res, "test", "ece", "").Value, 0.08)
		// The order of rows by score is kept, up to ties of isotonic.
		require.InDelta(t, *metricOf(t, plain, "test", "auc", "").Value, *metricOf(t, res, "test", "auc", "").Value, 0.01)
	}
}
