package xgboost

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/boost/boosttest"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tested is this runtime as the tests that all runtimes share know it.
func tested() boosttest.Library[float32] {
	return boosttest.Library[float32]{Algorithm: Algorithm(), Open: func(blob []byte) (boosttest.Oracle[float32], error) { return NewOracle(blob) }}
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
	tested().SameBytes(t, map[string]boosttest.Case{
		"regression":      {In: boosttest.Noise(20_000, 8, 0, 1), Given: map[string]any{}},
		"heavy tails":     {In: boosttest.Heavy(), Given: map[string]any{"objective": "tweedie"}},
		"sampled":         {In: boosttest.Noise(20_000, 8, 0, 1), Given: map[string]any{"subsample": 0.5, "colsample_bytree": 0.5, "colsample_bynode": 0.7}},
		"quantile":        {In: boosttest.Noise(5_000, 8, 0, 1), Given: map[string]any{"objective": "quantile", "quantile_alpha": 0.9}},
		"by loss":         {In: boosttest.Noise(5_000, 8, 0, 1), Given: map[string]any{"grow_policy": "lossguide", "max_leaves": int64(31), "max_depth": int64(0)}},
		"two classes":     {In: boosttest.Noise(20_000, 6, 2, 3), Given: map[string]any{"eta": 1.0}},
		"weights":         {In: boosttest.Weighted(), Given: map[string]any{}},
		"several classes": {In: boosttest.Noise(5_000, 6, 5, 4), Given: map[string]any{}},
	})
}

// TestBatches shows that reading the rows in batches gives the model of one batch.
func TestBatches(t *testing.T) {
	in := boosttest.Noise(batchRows+1000, 3, 0, 5)
	job := jobOf(t, in, map[string]any{"rounds": int64(5)})
	blob := fit(t, job).Blob
	one, err := trainIn(context.Background(), job, in.X.Rows, exactRows)
	require.NoError(t, err)
	require.True(t, string(blob) == string(one.Blob))
	many, err := trainIn(context.Background(), job, 999, exactRows)
	require.NoError(t, err)
	require.True(t, string(blob) == string(many.Blob))
}

func TestObjectives(t *testing.T) {
	for _, o := range objectives() {
		for _, name := range []string{o.name, o.short} {
			t.Run(name, func(t *testing.T) {
				classes := map[string]int{"binary": 2, "multiclass": 3}[o.short]
				in := boosttest.Noise(500, 4, classes, 1)
				if o.task == model.Regression {
					for i, y := range in.Y {
						in.Y[i] = math.Abs(y) + 0.5
					}
				}
				f := fit(t, jobOf(t, in, map[string]any{"objective": name, "rounds": int64(3)}))
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
		"endless trees":     {model.Regression, map[string]any{"max_depth": int64(0)}, "without a limit", sqlstate.InvalidParameterValue},
		"eta":               {model.Regression, map[string]any{"learning_rate": 0.0}, "eta must be a number in (0, 1]", sqlstate.InvalidParameterValue},
		"huge rounds":       {model.Regression, map[string]any{"n_estimators": 1e12}, "rounds must be a whole number", sqlstate.InvalidParameterValue},
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

// TestCancelWhileReading ends the library's passes over the data between two batches.
func TestCancelWhileReading(t *testing.T) {
	job := jobOf(t, boosttest.Noise(1_000, 3, 0, 1), nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := matrix(ctx, job, job.Train, 100, nil)
	require.Error(t, err)
}

func TestOracleRefuses(t *testing.T) {
	_, err := NewOracle(nil)
	require.Equal(t, sqlstate.DataCorrupted, sqlstate.From(err).Code)
	_, err = NewOracle([]byte("{not a model"))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "Stack trace")
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
		"[10:01:02] /ws/src/c_api.cc:12: Invalid Parameter format for eta\nStack trace:\n  [bt] (0) x": sqlstate.New(sqlstate.InvalidParameterValue, "xgboost: Invalid Parameter format for eta"),
		"std::bad_alloc":                 sqlstate.New(sqlstate.OutOfMemory, "xgboost ran out of memory").WithDetail("std::bad_alloc"),
		"Check failed: a == b (1 vs. 2)": sqlstate.New(sqlstate.InternalError, "xgboost: Check failed: a == b (1 vs. 2)"),
	} {
		require.Equal(t, want, translate(text))
	}
}

func TestEarlyStopping(t *testing.T)       { tested().EarlyStopping(t) }
func TestEarlyStoppingByArea(t *testing.T) { tested().EarlyStoppingByArea(t) }
func TestMonotone(t *testing.T)            { tested().Monotone(t) }
func TestSmallData(t *testing.T)           { tested().SmallData(t) }
func TestBadInput(t *testing.T)            { tested().BadInput(t, "count:poisson") }
func TestCancel(t *testing.T)              { tested().Cancel(t) }

func TestTogether(t *testing.T) {
	tested().Together(t, map[string]any{"rounds": int64(15), "subsample": 0.7})
}

func TestOutOfMemory(t *testing.T) {
	tested().OutOfMemory(t, 1_000_000, 30, func(job *model.Job, err error) {
		require.ErrorContains(t, err, "xgboost needs about", "refused before the library is called")
		_, err = learn(context.Background(), job, batchRows, exactRows)
		require.Equal(t, sqlstate.OutOfMemory, sqlstate.From(err).Code, "told by the library: %v", err)
	})
}

func TestBeyondFloat32(t *testing.T) {
	job := jobOf(t, boosttest.Noise(50, 3, 0, 1), nil)
	job.Train.X.Cols[2][7] = 1e300
	_, err := Algorithm().Train(context.Background(), job)
	require.ErrorContains(t, err, `feature "x2" has the value 1e+300`)
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.From(err).Code)
}

func TestVersion(t *testing.T) {
	v, err := Algorithm().Library()
	require.NoError(t, err)
	require.Equal(t, "3.2.0", v)
}
