package lightgbm

import (
	"context"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/boost/boosttest"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tested is this runtime as the tests that all runtimes share know it.
func tested() boosttest.Library[float64] {
	return boosttest.Library[float64]{Algorithm: Algorithm(), Open: func(blob []byte) (boosttest.Oracle[float64], error) { return NewOracle(blob) }}
}

// jobOf makes a job of one thread.
func jobOf(t testing.TB, in model.Input, given map[string]any) *model.Job {
	t.Helper()
	return boosttest.Job(t, Algorithm(), in, given)
}

func fit(t testing.TB, job *model.Job) *model.Fitted {
	t.Helper()
	return boosttest.Fit(t, Algorithm(), job)
}

func oracle(t testing.TB, blob []byte) *Oracle {
	t.Helper()
	return tested().Oracle(t, blob).(*Oracle)
}

func TestSameBytes(t *testing.T) {
	hot := boosttest.Noise(20_000, 40, 0, 4)
	for k, col := range hot.X.Cols {
		for i := range col {
			col[i] = 0 // the library bundles columns that are rarely anything else
			if i%40 == k {
				col[i] = 1
			}
		}
	}
	for i := range hot.Y {
		hot.Y[i] = math.Exp(float64(i % 40))
	}
	tested().SameBytes(t, map[string]boosttest.Case{
		"regression":      {In: boosttest.Noise(20_000, 8, 0, 1), Given: map[string]any{}},
		"heavy tails":     {In: boosttest.Heavy(), Given: map[string]any{"objective": "tweedie"}},
		"sampled":         {In: boosttest.Noise(20_000, 8, 0, 1), Given: map[string]any{"subsample": 0.5, "bagging_freq": int64(1), "colsample_bytree": 0.5, "colsample_bynode": 0.7}},
		"quantile":        {In: boosttest.Noise(5_000, 8, 0, 1), Given: map[string]any{"objective": "quantile", "alpha": 0.9}},
		"random cuts":     {In: boosttest.Noise(5_000, 8, 0, 1), Given: map[string]any{"extra_trees": true}},
		"one-hot columns": {In: hot, Given: map[string]any{}},
		"two classes":     {In: boosttest.Noise(20_000, 6, 2, 3), Given: map[string]any{"eta": 1.0}},
		"weights":         {In: boosttest.Weighted(), Given: map[string]any{}},
		"several classes": {In: boosttest.Noise(5_000, 6, 5, 4), Given: map[string]any{}},
	})
}

func TestObjectives(t *testing.T) {
	for _, o := range objectives() {
		for _, name := range []string{o.name} {
			t.Run(name, func(t *testing.T) {
				classes := map[string]int{"binary": 2, "multiclass": 3}[o.name]
				in := boosttest.Noise(500, 4, classes, 1)
				if o.task == model.Regression {
					for i, y := range in.Y {
						in.Y[i] = math.Abs(y) + 0.5
					}
				}
				f := fit(t, jobOf(t, in, map[string]any{"objective": name, "num_iterations": int64(3)}))
				p, err := oracle(t, f.Blob).Predict(in.X.Cols, in.X.Rows)
				require.NoError(t, err)
				outputs := 1
				if classes > 2 {
					outputs = classes
				}
				require.Equal(t, 500*outputs, len(p))
			})
		}
	}
}

func TestBadParams(t *testing.T) {
	for name, c := range map[string]struct {
		task  model.Task
		given map[string]any
		want  string
		code  sqlstate.Code
	}{
		"unknown":           {model.Regression, map[string]any{"max_dept": int64(3)}, "Did you mean max_depth?", sqlstate.UndefinedParameter},
		"objective of task": {model.Regression, map[string]any{"objective": "binary"}, "is not for regression", sqlstate.InvalidParameterValue},
		"idle bagging":      {model.Regression, map[string]any{"subsample": 0.5}, "Set bagging_freq = 1", sqlstate.InvalidParameterValue},
		"eta":               {model.Regression, map[string]any{"learning_rate": 0.0}, "learning_rate must be a number in (0, 1]", sqlstate.InvalidParameterValue},
		"huge rounds":       {model.Regression, map[string]any{"n_estimators": 1e12}, "num_iterations must be a whole number", sqlstate.InvalidParameterValue},
		"half a constraint": {model.Regression, map[string]any{"monotone_constraints": []any{0.5}}, "not 0.5", sqlstate.InvalidParameterValue},
		"positive weight":   {model.Regression, map[string]any{"scale_pos_weight": 2.0}, "two classes", sqlstate.InvalidParameterValue},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Algorithm().Resolve(c.task, c.given)
			require.ErrorContains(t, err, c.want)
			require.Equal(t, c.code, sqlstate.From(err).Code)
		})
	}
}

func TestOracleRefuses(t *testing.T) {
	_, err := NewOracle(nil)
	require.Error(t, err)
	_, err = NewOracle([]byte("{not a model"))
	require.Error(t, err)
	o := oracle(t, fit(t, jobOf(t, boosttest.Noise(50, 3, 0, 1), nil)).Blob)
	_, err = o.Margin([][]float64{{1}}, 1)
	require.Error(t, err)
	o.Close()
	o.Close()
	_, err = o.Margin(make([][]float64, 3), 0)
	require.Error(t, err)
}

func TestMessages(t *testing.T) {
	for text, want := range map[string]*sqlstate.Error{
		"Check failed: (num_leaves) > (1) at x.cpp, line 3 .\n": sqlstate.New(sqlstate.InvalidParameterValue, "lightgbm: Check failed: (num_leaves) > (1) at x.cpp, line 3 ."),
		"std::bad_alloc": sqlstate.New(sqlstate.OutOfMemory, "lightgbm ran out of memory").WithDetail("std::bad_alloc"),
		"what is this":   sqlstate.New(sqlstate.InternalError, "lightgbm: what is this"),
	} {
		require.Equal(t, want, translate(text))
	}
}

// TestGate lets those with the same number of threads run together and nobody starve.
func TestGate(t *testing.T) {
	ctx := context.Background()
	g := &gate{}
	require.NoError(t, g.enter(ctx, 2))
	require.NoError(t, g.enter(ctx, 2))

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, g.enter(cancelled, 1), context.Canceled)
	require.NoError(t, g.enter(ctx, 2), "whoever gave up doesn't hold the others up")

	order := make(chan int, 2)
	for _, threads := range []int{1, 2} {
		before := len(g.queue())
		go func() {
			if g.enter(ctx, threads) == nil {
				order <- threads
			}
		}()
		for len(g.queue()) == before {
			runtime.Gosched()
		}
	}
	for range 3 {
		require.Empty(t, order)
		g.leave()
	}
	require.Equal(t, 1, <-order, "two threads would do now, but one was there before")
	require.Empty(t, order)
	g.leave()
	require.Equal(t, 2, <-order)
	g.leave()
	require.Zero(t, g.running)
}

func (g *gate) queue() []*waiter {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting
}

func TestEarlyStopping(t *testing.T)       { tested().EarlyStopping(t) }
func TestEarlyStoppingByArea(t *testing.T) { tested().EarlyStoppingByArea(t) }
func TestMonotone(t *testing.T)            { tested().Monotone(t) }
func TestSmallData(t *testing.T)           { tested().SmallData(t) }
func TestBadInput(t *testing.T)            { tested().BadInput(t, "poisson") }
func TestCancel(t *testing.T)              { tested().Cancel(t) }

func TestTogether(t *testing.T) {
	tested().Together(t, map[string]any{"rounds": int64(15), "subsample": 0.7, "bagging_freq": int64(1)})
}

func TestOutOfMemory(t *testing.T) { tested().OutOfMemory(t, 500_000, 60, nil) }

func TestVersion(t *testing.T) {
	v, err := Algorithm().Library()
	require.NoError(t, err)
	require.Equal(t, "4.6.0", v)
}
