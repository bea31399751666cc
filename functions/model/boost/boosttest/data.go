// Package boosttest are the tests that every runtime of boosted trees must pass, and their data.
package boosttest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/eiderdb/eider/functions/model"
)

// Noise makes n rows of k features, 2 % of them missing, with a target that depends on
// the first five: a number, or one of classes that are about as frequent.
func Noise(n, k, classes int, seed uint64) model.Input {
	r := rand.New(rand.NewPCG(seed, 1))
	in := model.Input{X: model.Matrix{Rows: n, Cols: make([][]float64, k)}, Y: make([]float64, n), Classes: classes}
	for f := range k {
		in.Names = append(in.Names, fmt.Sprintf("x%d", f))
		in.X.Cols[f] = make([]float64, n)
		for i := range n {
			in.X.Cols[f][i] = r.NormFloat64()
			if r.IntN(50) == 0 {
				in.X.Cols[f][i] = math.NaN()
			}
		}
	}
	for i := range n {
		score := r.NormFloat64()
		for f := range min(k, 5) {
			if v := in.X.Cols[f][i]; !math.IsNaN(v) {
				score += v * float64(f+1)
			}
		}
		in.Y[i] = score
		if classes > 0 {
			in.Y[i] = math.Floor(float64(classes) * 0.5 * (1 + math.Erf(score/7.5/math.Sqrt2)))
		}
	}
	return in
}

// Heavy has gradients of many magnitudes, whose sums depend on their order.
func Heavy() model.Input {
	in := Noise(20_000, 6, 0, 2)
	for i, y := range in.Y {
		in.Y[i] = math.Exp(y)
	}
	return in
}

// Weighted has rows of very different weights.
func Weighted() model.Input {
	in := Noise(5_000, 6, 2, 3)
	for i := range in.Y {
		in.Weight = append(in.Weight, 1/float64(i+1))
	}
	return in
}

// TaskOf is what an input is for.
func TaskOf(in model.Input) model.Task {
	if in.Classes > 0 {
		return model.Classification
	}
	return model.Regression
}
