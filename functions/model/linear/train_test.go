package linear

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// everything is each algorithm in each of its forms.
var everything = []struct {
	name    string
	classes int
	params  map[string]any
}{
	{"linear", 0, nil}, {"linear", 0, map[string]any{"fit_intercept": false}},
	{"ridge", 0, nil}, {"lasso", 0, map[string]any{"alpha": 0.01}}, {"elastic_net", 0, map[string]any{"alpha": 0.01}},
	{"logistic", 2, nil}, {"logistic", 2, map[string]any{"penalty": "l1"}}, {"logistic", 2, map[string]any{"penalty": "none"}},
	{"logistic", 3, nil}, {"logistic", 3, map[string]any{"penalty": "elasticnet"}}, {"logistic", 3, map[string]any{"penalty": "none"}},
	{"poisson", 0, nil}, {"poisson", 0, map[string]any{"alpha": 0.0, "fit_intercept": false}},
}

// noise is random data in which nothing is separable; y suits the classes, or is a count.
func noise(rows, features, classes int, seed uint64) (x [][]float64, y, w []float64) {
	r := rand.New(rand.NewPCG(seed, 1))
	x, y, w = make([][]float64, features), make([]float64, rows), make([]float64, rows)
	for j := range x {
		x[j] = make([]float64, rows)
		for i := range x[j] {
			x[j][i] = r.NormFloat64()*float64(j+1) + float64(j)
		}
	}
	for i := range y {
		w[i] = r.Float64() * 2
		y[i] = float64(r.IntN(5))
		if classes > 0 {
			y[i] = float64(r.IntN(classes))
		}
		if features > 0 && r.Float64() < 0.3 {
			y[i] = 0
			if x[0][i] > 0 {
				y[i] = 1
			}
		}
	}
	return x, y, w
}

// The same bytes for any number of threads, from few rows to more than the sample needs; weights of
// 2 are rows given twice.
func TestThreadsDoNotShow(t *testing.T) {
	for _, c := range everything {
		for _, rows := range []int{50, 5000, 70_000} {
			t.Run(fmt.Sprintf("%s/%v/%d", c.name, c.params, rows), func(t *testing.T) {
				a := algorithm(t, c.name)
				x, y, w := noise(rows, 4, c.classes, 7)
				if rows == 5000 {
					w = nil
				}
				var first []byte
				for _, threads := range []int{1, 5} {
					j := job(t, a, x, y, w, c.classes, c.params)
					j.Threads = threads
					f, _ := fitted(t, a, j)
					require.Equal(t, true, f.Notes["converged"], f.Notes)
					if first == nil {
						first = f.Blob
					}
					require.Equal(t, first, f.Blob, "%d threads", threads)
				}
			})
		}
	}
}

func TestAWeightOfTwoIsARowTwice(t *testing.T) {
	for _, c := range everything {
		t.Run(fmt.Sprintf("%s/%v", c.name, c.params), func(t *testing.T) {
			a := algorithm(t, c.name)
			x, y, _ := noise(400, 3, c.classes, 9)
			w := make([]float64, len(y))
			var rows []int32
			for i := range w {
				w[i] = float64(i % 3)
				for range i % 3 {
					rows = append(rows, int32(i))
				}
			}
			weighted := job(t, a, x, y, w, c.classes, c.params)
			repeated := *weighted
			repeated.Train = weighted.Train.Take(rows)
			repeated.Train.Weight = nil
			_, p := fitted(t, a, weighted)
			_, q := fitted(t, a, &repeated)
			for o := range q.coef {
				close6(t, q.coef[o], p.coef[o], "coefficients")
			}
			close6(t, q.intercept, p.intercept, "intercepts")
			close6(t, q.mean, p.mean, "means")
			close6(t, q.spread, p.spread, "deviations")
		})
	}
}

func TestBadInput(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	x := func(values ...float64) [][]float64 {
		return [][]float64{{1, 2, 4, 3}, append([]float64{5, 6, 9}, values...)}
	}
	good := x(1)
	for _, c := range []struct {
		name    string
		x       [][]float64
		y, w    []float64
		classes int
		code    sqlstate.Code
		message string
	}{
		{"linear", [][]float64{{}, {}}, []float64{}, nil, 0, sqlstate.InvalidParameterValue, "no rows"},
		{"logistic", [][]float64{{}, {}}, []float64{}, nil, 2, sqlstate.InvalidParameterValue, "no rows"},
		{"logistic", [][]float64{{1}, {2}}, []float64{1}, nil, 2, sqlstate.InvalidParameterValue, "same class (class 1)"},
		{"logistic", good, []float64{0, 0, 0, 0}, nil, 2, sqlstate.InvalidParameterValue, "same class"},
		{"logistic", good, []float64{2, 2, 2, 2}, nil, 3, sqlstate.InvalidParameterValue, "same class"},
		{"logistic", good, []float64{0, 1, 1, 0}, []float64{1, 0, 0, 1}, 2, sqlstate.InvalidParameterValue, "same class"},
		{"logistic", good, []float64{0, 1, 2, 0}, nil, 2, sqlstate.InternalError, "class 2 is not one of 2"},
		{"logistic", good, []float64{0, 1, 0.5, 0}, nil, 2, sqlstate.InternalError, "class 0.5"},
		{"logistic", good, []float64{0, 1, nan, 0}, nil, 2, sqlstate.InvalidParameterValue, "target has missing"},
		{"linear", x(nan), []float64{1, 2, 3, 4}, nil, 0, sqlstate.InvalidParameterValue, `"x1" has missing`},
		{"ridge", x(inf), []float64{1, 2, 3, 4}, nil, 0, sqlstate.InvalidParameterValue, `"x1" has infinite`},
		{"lasso", x(-inf), []float64{1, 2, 3, 4}, nil, 0, sqlstate.InvalidParameterValue, `"x1" has infinite`},
		{"poisson", x(1.7e308), []float64{1, 2, 3, 4}, nil, 0, sqlstate.InvalidParameterValue, `"x1" has the value 1.7e+308`},
		{"linear", good, []float64{1, 2, nan, 4}, nil, 0, sqlstate.InvalidParameterValue, "target"},
		{"linear", good, []float64{1, 2, 1.7e308, 4}, nil, 0, sqlstate.InvalidParameterValue, "target has the value 1.7e+308"},
		{"linear", good, []float64{1, 2, inf, 4}, nil, 0, sqlstate.InvalidParameterValue, "target"},
		{"poisson", good, []float64{1, 2, -1, 4}, nil, 0, sqlstate.InvalidParameterValue, "negative"},
		{"poisson", good, []float64{0, 0, 0, 0}, nil, 0, sqlstate.InvalidParameterValue, "0 in every row"},
		{"linear", good, []float64{1, 2, 3, 4}, []float64{0, 0, 0, 0}, 0, sqlstate.InvalidParameterValue, "all weights are zero"},
		{"linear", good, []float64{1, 2, 3, 4}, []float64{1, -1, 1, 1}, 0, sqlstate.InvalidParameterValue, "weight -1"},
		{"linear", good, []float64{1, 2, 3, 4}, []float64{1, nan, 1, 1}, 0, sqlstate.InvalidParameterValue, "weight NaN"},
		{"linear", good, []float64{1, 2, 3, 4}, []float64{1, inf, 1, 1}, 0, sqlstate.InvalidParameterValue, "weight +Inf"},
		{"linear", good, []float64{1, 2, 3, 4}, []float64{1e308, 1e308, 1, 1}, 0, sqlstate.InvalidParameterValue, "sum of the weights is infinite"},
		{"linear", [][]float64{{0, 1e-300, 0, 0}}, []float64{1, 1e300, 3, 4}, nil, 0, sqlstate.NumericValueOutOfRange, "too large"},
	} {
		t.Run(c.name+"/"+c.message, func(t *testing.T) {
			a := algorithm(t, c.name)
			_, err := a.Train(t.Context(), job(t, a, c.x, c.y, c.w, c.classes, nil))
			var e *sqlstate.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.code, e.Code)
			require.ErrorContains(t, err, c.message)
		})
	}
}

func TestParameters(t *testing.T) {
	for _, c := range []struct {
		algorithm, name string
		value           any
		message         string
	}{
		{"ridge", "alpha", -1.0, "alpha must be a number in [0"},
		{"ridge", "lambda", "much", "alpha must be"},
		{"ridge", "alhpa", 1.0, "Did you mean alpha?"},
		{"logistic", "C", 0.0, "C must be"},
		{"logistic", "penalty", "l3", "It is one of l2, l1, elasticnet, none"},
		{"elastic_net", "l1_ratio", 1.5, "l1_ratio must be"},
		{"lasso", "max_iter", int64(0), "max_iter must be"},
		{"linear", "fit_intercept", 1.0, "true or false"},
	} {
		_, err := algorithm(t, c.algorithm).Resolve(model.Regression, map[string]any{c.name: c.value})
		require.ErrorContains(t, err, c.message)
	}
	for _, a := range All() {
		for _, p := range a.Params {
			v, err := p.Convert(p.Default)
			require.NoError(t, err, "%s.%s", a.Name, p.Name)
			require.Equal(t, p.Default, v)
		}
	}
	p, err := algorithm(t, "logistic").Resolve(model.Classification, map[string]any{"c": math.Inf(1)})
	require.NoError(t, err)
	require.Equal(t, 0.0, logisticSettings(p).l2, "C = ∞ is no penalty")
}

// Data that other solvers stumble over.
func TestOddInput(t *testing.T) {
	y4, classes4 := []float64{1, 3, 2, 5}, []float64{0, 1, 0, 1}
	overlap := []float64{1, 2, 3, 4}
	for _, c := range []struct {
		what string
		x    [][]float64
		n    int
		// linear's coefficients and intercept, exactly the shortest solution
		coef      []float64
		intercept float64
	}{
		{"no features", nil, 4, []float64{}, 2.75},
		{"constant", [][]float64{{7, 7, 7, 7}}, 4, []float64{0}, 2.75},
		{"constant beside another", [][]float64{{0.1, 0.1, 0.1, 0.1}, overlap}, 4, []float64{0, 1.1}, 0},
		{"twice the same", [][]float64{overlap, overlap}, 4, []float64{0.55, 0.55}, 0},
		{"once more, tenfold", [][]float64{overlap, {10, 20, 30, 40}}, 4, []float64{1.1 / 101, 11.0 / 101}, 0},
		{"huge", [][]float64{{1e300, 2e300, 3e300, 4e300}}, 4, []float64{1.1e-300}, 0},
		{"tiny", [][]float64{{1e-300, 2e-300, 3e-300, 4e-300}}, 4, []float64{1.1e300}, 0},
		{"huge beside tiny", [][]float64{{1e300, 2e300, 3e300, 4e300}, {0, 1e-300, 0, 1e-300}}, 4, []float64{0.75e-300, 1.75e300}, 0},
		{"far from zero", [][]float64{{1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4}}, 4, []float64{1.1}, -1.1e9},
		{"one row", [][]float64{{3}, {4}}, 1, []float64{0, 0}, 1},
		{"fewer rows than features", [][]float64{{1, 2}, {0, 0}, {5, 7}}, 2, []float64{0.4, 0, 0.8}, -3.4},
	} {
		t.Run(c.what, func(t *testing.T) {
			a := algorithm(t, "linear")
			_, p := fitted(t, a, job(t, a, c.x, y4[:c.n], nil, 0, nil))
			for j, want := range c.coef {
				require.InDelta(t, want, p.coef[0][j], 1e-9*max(math.Abs(want), 1e-300), "coefficient %d", j)
			}
			require.InDelta(t, c.intercept, p.intercept[0], 1e-6*max(1, math.Abs(c.intercept)))
			for _, e := range everything {
				y := y4[:c.n]
				if e.classes > 0 {
					y = classes4[:c.n]
				}
				if e.classes > 0 && c.n == 1 {
					continue // one class
				}
				a := algorithm(t, e.name)
				_, p := fitted(t, a, job(t, a, c.x, y, nil, e.classes, e.params))
				out := outputs(p, c.n)
				require.NoError(t, p.Predict(c.x, c.n, out))
				for _, col := range out {
					for _, v := range col {
						require.False(t, math.IsNaN(v) || math.IsInf(v, 0), "%s %v predicts %v", e.name, e.params, col)
					}
				}
			}
		})
	}
}

func TestSeparatedClassesSayThatTheyDoNotConverge(t *testing.T) {
	a := algorithm(t, "logistic")
	whole := []float64{1, 2, 3, 4, 5, 6}
	for _, c := range []struct {
		what    string
		x       [][]float64
		y       []float64
		classes int
	}{
		{"perfectly", [][]float64{whole}, []float64{0, 0, 0, 1, 1, 1}, 2},
		{"but for a tie", [][]float64{{1, 2, 3, 3, 5, 6}}, []float64{0, 0, 0, 1, 1, 1}, 2},
		{"three classes", [][]float64{whole}, []float64{0, 0, 1, 1, 2, 2}, 3},
		{"a level without ones", [][]float64{{0, 0, 0, 1, 1, 0}}, []float64{0, 1, 0, 0, 0, 1}, 2},
	} {
		t.Run(c.what, func(t *testing.T) {
			f, p := fitted(t, a, job(t, a, c.x, c.y, nil, c.classes, map[string]any{"penalty": "none"}))
			require.Equal(t, false, f.Notes["converged"], "%v %v", f.Notes, p.coef)
			require.NotEmpty(t, f.Notes["reason"])
			out := outputs(p, len(c.y))
			require.NoError(t, p.Predict(c.x, len(c.y), out))
			for _, col := range out {
				for _, v := range col {
					require.True(t, v >= 0 && v <= 1, "%v", col)
				}
			}
		})
	}
	f, _ := fitted(t, a, job(t, a, [][]float64{whole}, []float64{0, 0, 0, 1, 1, 1}, nil, 2, nil))
	require.Equal(t, true, f.Notes["converged"], "a penalty bounds the coefficients")
}

func TestAClassWithoutRows(t *testing.T) {
	a := algorithm(t, "logistic")
	x, y, _ := noise(200, 3, 3, 3)
	for i := range y {
		y[i] = []float64{0, 2, 3}[int(y[i])]
	}
	_, p := fitted(t, a, job(t, a, x, y, nil, 5, nil))
	require.Equal(t, 5, p.Outputs())
	out := outputs(p, len(y))
	require.NoError(t, p.Predict(x, len(y), out))
	for i := range y {
		require.Zero(t, out[1][i])
		require.Zero(t, out[4][i])
		require.InDelta(t, 1, out[0][i]+out[2][i]+out[3][i], 1e-15)
	}
	text, err := p.SQL([]string{"a", "b", "c"})
	require.NoError(t, err)
	require.Equal(t, "0e0", text[1])
	for i := range y {
		y[i] = math.Min(y[i], 2)
	}
	_, p = fitted(t, a, job(t, a, x, y, nil, 3, nil)) // two classes of three
	require.NoError(t, p.Predict(x, len(y), out[:3]))
	require.InDelta(t, 1, out[0][0]+out[2][0], 1e-15)
}

func TestCancelAndProgress(t *testing.T) {
	for _, c := range everything {
		t.Run(fmt.Sprintf("%s/%v", c.name, c.params), func(t *testing.T) {
			a := algorithm(t, c.name)
			x, y, w := noise(70_000, 3, c.classes, 5)
			j := job(t, a, x, y, w, c.classes, c.params)
			var told []float64
			j.Progress = func(f float64) { told = append(told, f) }
			fitted(t, a, j)
			require.NotEmpty(t, told)
			require.True(t, slices.IsSorted(told), "%v", told)
			require.Equal(t, 1.0, told[len(told)-1])
			for stop := 0; stop < len(told)-1; stop += 1 + len(told)/5 {
				ctx, cancel := context.WithCancel(t.Context())
				n := 0
				j.Progress = func(float64) {
					if n++; n == stop+1 {
						cancel()
					}
				}
				_, err := a.Train(ctx, j)
				require.ErrorIs(t, err, context.Canceled, "cancelled at %v", told[stop])
				cancel()
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errors.New("enough"))
			_, err := a.Train(ctx, j)
			require.ErrorIs(t, err, context.Canceled)
		})
	}
}
