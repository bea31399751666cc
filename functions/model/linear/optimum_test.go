package linear

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// hard is data that is correlated, unevenly scaled and off centre.
func hard(rows, features, classes int, seed uint64) (x [][]float64, y, w []float64) {
	r := rand.New(rand.NewPCG(seed, 77))
	x, y, w = make([][]float64, features), make([]float64, rows), make([]float64, rows)
	factor := make([]float64, rows)
	eta := make([][]float64, max(classes, 1))
	for c := range eta {
		eta[c] = make([]float64, rows)
	}
	for i := range factor {
		factor[i] = r.NormFloat64()
		w[i] = r.ExpFloat64()
	}
	for j := range x {
		x[j] = make([]float64, rows)
		scale, offset, own := math.Pow(10, float64(r.IntN(7)-3)), 10*r.NormFloat64(), math.Pow(10, -2*r.Float64())
		for i := range factor {
			v := (factor[i] + own*r.NormFloat64()) / math.Hypot(1, own)
			x[j][i] = scale * (offset + v)
			for c := range eta {
				eta[c][i] += v * math.Sin(float64(3*j+c)) / math.Sqrt(float64(features))
			}
		}
	}
	for i := range y {
		switch classes {
		case 0:
			y[i] = math.Floor(5*math.Exp(eta[0][i]/2)*r.Float64()) + float64(i%2)
		default:
			best := math.Inf(-1)
			for c := range eta {
				if g := eta[c][i] - math.Log(r.ExpFloat64()); g > best {
					best, y[i] = g, float64(c)
				}
			}
		}
	}
	return x, y, w
}

// Whatever the way there, at the end the subgradient of the documented objective is 0: computed from the
// predictions, in the features' own units, for each coefficient in relation to what its terms add up to.
func TestTheSubgradientVanishes(t *testing.T) {
	forms := []struct {
		name    string
		classes int
		params  map[string]any
	}{
		{"linear", 0, nil}, {"ridge", 0, map[string]any{"alpha": 0.3}}, {"lasso", 0, map[string]any{"alpha": 0.3}},
		{"elastic_net", 0, map[string]any{"alpha": 0.1, "l1_ratio": 0.2}}, {"elastic_net", 0, map[string]any{"alpha": 0.1, "l1_ratio": 0.0}},
		{"logistic", 2, map[string]any{"C": 0.3}}, {"logistic", 2, map[string]any{"penalty": "l1", "C": 0.1}}, {"logistic", 2, map[string]any{"penalty": "none"}},
		{"logistic", 4, map[string]any{"C": 5.0}}, {"logistic", 4, map[string]any{"penalty": "elasticnet", "C": 0.2, "l1_ratio": 0.9}}, {"logistic", 4, map[string]any{"penalty": "none"}},
		{"poisson", 0, map[string]any{"alpha": 0.1}}, {"poisson", 0, map[string]any{"alpha": 0.0}},
	}
	for _, f := range forms {
		for _, intercept := range []bool{true, false} {
			for _, size := range [][2]int{{300, 3}, {400, 12}, {2000, 40}, {30, 60}, {70_000, 5}} {
				unbounded := f.params["penalty"] == "none" || f.params["alpha"] == 0.0
				if size[0] < size[1] && unbounded {
					continue // no minimum, or many
				}
				t.Run(fmt.Sprintf("%s/%v/%v/%v", f.name, f.params, intercept, size), func(t *testing.T) {
					x, y, w := hard(size[0], size[1], f.classes, uint64(size[1]))
					params := map[string]any{"fit_intercept": intercept}
					for k, v := range f.params {
						params[k] = v
					}
					a := algorithm(t, f.name)
					j := job(t, a, x, y, w, f.classes, params)
					fit, p := fitted(t, a, j)
					require.Equal(t, true, fit.Notes["converged"], fit.Notes)
					l1, l2, data := documented(a.Name, j.Params, w)
					subgradient(t, p, x, y, w, l1, l2, data, intercept)
				})
			}
		}
	}
}

// documented are the factors of ‖β‖₁, ½‖β‖₂² and Σ w·loss in an objective.
func documented(name string, p map[string]any, w []float64) (l1, l2, data float64) {
	total := 0.0
	for _, v := range w {
		total += v
	}
	switch name {
	case "linear":
		return 0, 0, 2
	case "ridge":
		return 0, 2 * p["alpha"].(float64), 2
	case "lasso":
		return p["alpha"].(float64), 0, 1 / total
	case "elastic_net":
		a, r := p["alpha"].(float64), p["l1_ratio"].(float64)
		return a * r, a * (1 - r), 1 / total
	case "poisson":
		return 0, p["alpha"].(float64), 1 / total
	}
	data = p["C"].(float64)
	switch p["penalty"] {
	case "l2":
		return 0, 1, data
	case "l1":
		return 1, 0, data
	case "elasticnet":
		r := p["l1_ratio"].(float64)
		return r, 1 - r, data
	}
	return 0, 0, data
}

func subgradient(t *testing.T, p *predictor, x [][]float64, y, w []float64, l1, l2, data float64, intercept bool) {
	t.Helper()
	out := outputs(p, len(y))
	require.NoError(t, p.Predict(x, len(y), out))
	for o, coef := range p.coef {
		residual := make([]float64, len(y))
		sum, size := 0.0, 0.0
		for i := range y {
			target := y[i]
			if p.link == linkSoftmax {
				target = 0
				if int(y[i]) == o {
					target = 1
				}
			}
			residual[i] = data * w[i] * (out[o][i] - target)
			sum += residual[i]
			size += data * w[i] * (math.Abs(out[o][i]) + math.Abs(target))
		}
		if intercept {
			require.InDelta(t, 0, sum, 1e-7*size, "intercept of output %d", o)
		}
		for j, b := range coef {
			// By centred features where there is an intercept: the difference is the intercept's own condition.
			mean, g, size := 0.0, l2*b, math.Abs(l2*b)+l1
			if intercept {
				mean = p.mean[j]
			}
			for i, v := range x[j] {
				g += residual[i] * (v - mean)
				size += (math.Abs(residual[i]) + 1e-6*data*w[i]*math.Abs(out[o][i])) * math.Abs(v-mean)
			}
			switch {
			case b > 0:
				g += l1
			case b < 0:
				g -= l1
			default:
				g = shrink(g, l1)
			}
			require.InDelta(t, 0, g, 1e-6*size, "coefficient %d of output %d, %v", j, o, b)
		}
	}
}
