package lightgbm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noise makes n rows of k features, 2 % of them missing, with a target that depends on
// the first five: a number, or one of classes that are about as frequent.
func noise(n, k, classes int, seed uint64) model.Input {
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

func taskOf(in model.Input) model.Task {
	if in.Classes > 0 {
		return model.Classification
	}
	return model.Regression
}

// jobOf makes a job of one thread.
func jobOf(t testing.TB, in model.Input, given map[string]any) *model.Job {
	t.Helper()
	p, err := Algorithm().Resolve(taskOf(in), given)
	require.NoError(t, err)
	return &model.Job{Task: taskOf(in), Train: in, Params: p, Seed: 7, Threads: 1}
}

func fit(t testing.TB, job *model.Job) *model.Fitted {
	t.Helper()
	f, err := Algorithm().Train(context.Background(), job)
	require.NoError(t, err)
	return f
}

func oracle(t testing.TB, blob []byte) *Oracle {
	t.Helper()
	o, err := NewOracle(blob)
	require.NoError(t, err)
	t.Cleanup(o.Close)
	return o
}

// TestSameBytes trains the same job again and again with other numbers of threads.
func TestSameBytes(t *testing.T) {
	heavy := noise(20_000, 6, 0, 2)
	for i, y := range heavy.Y {
		heavy.Y[i] = math.Exp(y) // gradients of many magnitudes, whose sums depend on their order
	}
	hot := noise(20_000, 40, 0, 4)
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
	weighted := noise(5_000, 6, 2, 3)
	for i := range weighted.Y {
		weighted.Weight = append(weighted.Weight, 1/float64(i+1))
	}
	for name, c := range map[string]struct {
		in    model.Input
		given map[string]any
	}{
		"regression":      {noise(20_000, 8, 0, 1), map[string]any{}},
		"heavy tails":     {heavy, map[string]any{"objective": "tweedie"}},
		"sampled":         {noise(20_000, 8, 0, 1), map[string]any{"bagging_fraction": 0.5, "bagging_freq": int64(1), "colsample_bytree": 0.5, "colsample_bynode": 0.7}},
		"quantile":        {noise(5_000, 8, 0, 1), map[string]any{"objective": "quantile", "alpha": 0.9}},
		"random cuts":     {noise(5_000, 8, 0, 1), map[string]any{"extra_trees": true}},
		"one-hot columns": {hot, map[string]any{}},
		"two classes":     {noise(20_000, 6, 2, 3), map[string]any{"eta": 1.0}},
		"weights":         {weighted, map[string]any{}},
		"several classes": {noise(5_000, 6, 5, 4), map[string]any{}},
	} {
		t.Run(name, func(t *testing.T) {
			c.given["num_iterations"] = int64(12)
			job := jobOf(t, c.in, c.given)
			stop := noise(500, len(c.in.X.Cols), c.in.Classes, 9)
			if c.given["objective"] != "tweedie" {
				job.Stop = &stop
				job.Params["early_stopping_rounds"] = int64(3)
			}
			want := fit(t, job)
			for _, threads := range []int{1, 2, 3, 4, 8} {
				job.Threads = threads
				got := fit(t, job)
				require.True(t, string(want.Blob) == string(got.Blob), "%d threads give another model", threads)
				require.Equal(t, want.Rounds, got.Rounds)
			}
			job.Seed++
			if c.given["bagging_fraction"] != nil {
				require.False(t, string(want.Blob) == string(fit(t, job).Blob), "the seed changes nothing")
			}
		})
	}
}

func TestEarlyStopping(t *testing.T) {
	job := jobOf(t, noise(2_000, 6, 2, 1), map[string]any{"num_iterations": int64(200), "early_stopping_rounds": int64(5)})
	stop := noise(1_000, 6, 2, 2)
	job.Stop = &stop
	f := fit(t, job)
	require.Less(t, f.Rounds, 200)
	require.Equal(t, f.Rounds+5, f.Notes["stopped_after"])
	// The kept rounds are what as many rounds alone give.
	alone := jobOf(t, job.Train, map[string]any{"num_iterations": int64(f.Rounds)})
	x := job.Train.X
	want, err := oracle(t, fit(t, alone).Blob).Margin(x.Cols, x.Rows)
	require.NoError(t, err)
	got, err := oracle(t, f.Blob).Margin(x.Cols, x.Rows)
	require.NoError(t, err)
	require.Equal(t, want, got)

	job.Stop = nil
	require.Equal(t, 200, fit(t, job).Rounds)
}

// TestEarlyStoppingByArea wants the metric to rise.
func TestEarlyStoppingByArea(t *testing.T) {
	job := jobOf(t, noise(2_000, 6, 2, 1), map[string]any{"num_iterations": int64(100), "early_stopping_rounds": int64(4), "metric": "auc"})
	stop := noise(1_000, 6, 2, 2)
	job.Stop = &stop
	f := fit(t, job)
	require.Greater(t, f.Notes["best_score"], 0.9)
	require.Greater(t, f.Rounds, 1)
}

func TestObjectives(t *testing.T) {
	for _, o := range objectives() {
		for _, name := range []string{o.name} {
			t.Run(name, func(t *testing.T) {
				classes := map[string]int{"binary": 2, "multiclass": 3}[o.name]
				in := noise(500, 4, classes, 1)
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

func TestMonotone(t *testing.T) {
	in := noise(3_000, 2, 0, 1)
	for i := range in.Y {
		in.Y[i] = math.Sin(3*in.X.Cols[0][i]) + 0.1*in.Y[i]
		if math.IsNaN(in.Y[i]) {
			in.Y[i] = 0
		}
	}
	f := fit(t, jobOf(t, in, map[string]any{"monotone_constraints": []any{int64(1), int64(0)}, "num_iterations": int64(20)}))
	n := 200
	x := [][]float64{make([]float64, n), make([]float64, n)}
	for i := range n {
		x[0][i] = -3 + 6*float64(i)/float64(n)
	}
	p, err := oracle(t, f.Blob).Predict(x, n)
	require.NoError(t, err)
	require.IsNonDecreasing(t, p)
	require.Greater(t, p[n-1], p[0])
}

func TestSmallData(t *testing.T) {
	for name, in := range map[string]model.Input{
		"one row":          {X: model.Matrix{Rows: 1, Cols: [][]float64{{1}}}, Y: []float64{3}},
		"constant feature": {X: model.Matrix{Rows: 4, Cols: [][]float64{{1, 1, 1, 1}}}, Y: []float64{3, 3, 3, 3}},
		"nothing known":    {X: model.Matrix{Rows: 3, Cols: [][]float64{{math.NaN(), math.NaN(), math.NaN()}}}, Y: []float64{3, 3, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			f := fit(t, jobOf(t, in, nil))
			p, err := oracle(t, f.Blob).Predict(in.X.Cols, in.X.Rows)
			require.NoError(t, err)
			for _, v := range p {
				require.InDelta(t, 3, v, 1e-6)
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	good := func() *model.Job { return jobOf(t, noise(50, 3, 0, 1), nil) }
	for name, c := range map[string]struct {
		change func(*model.Job)
		want   string
	}{
		"infinite":         {func(j *model.Job) { j.Train.X.Cols[1][7] = math.Inf(-1) }, `feature "x1" has infinite values`},
		"infinite to stop": {func(j *model.Job) { s := noise(9, 3, 0, 2); s.X.Cols[0][0] = math.Inf(1); j.Stop = &s }, `feature "x0" has infinite`},
		"no rows":          {func(j *model.Job) { j.Train = j.Train.Slice(0, 0) }, "no rows"},
		"no features":      {func(j *model.Job) { j.Train.X.Cols = nil }, "no features"},
		"weights":          {func(j *model.Job) { j.Train.Weight = make([]float64, 50) }, "all weights are zero"},
		"negative counts":  {func(j *model.Job) { j.Params["objective"] = "poisson" }, "which objective poisson doesn't allow"},
		"huge target":      {func(j *model.Job) { j.Train.Y[3] = 1e60 }, "the target has the value 1e+60"},
		"constraints":      {func(j *model.Job) { j.Params["monotone_constraints"] = []float64{1} }, "1 entries for 3 features"},
		"three classes":    {func(j *model.Job) { *j = *jobOf(t, noise(50, 3, 3, 1), map[string]any{"objective": "binary"}) }, "for two classes"},
	} {
		t.Run(name, func(t *testing.T) {
			job := good()
			c.change(job)
			_, err := Algorithm().Train(context.Background(), job)
			require.ErrorContains(t, err, c.want)
			require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.From(err).Code)
		})
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

func TestCancel(t *testing.T) {
	job := jobOf(t, noise(20_000, 10, 0, 1), map[string]any{"num_iterations": int64(maxRounds)})
	ctx, cancel := context.WithCancel(context.Background())
	rounds := 0
	job.Progress = func(fraction float64) {
		if rounds++; rounds == 3 {
			cancel()
		}
	}
	_, err := Algorithm().Train(ctx, job)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 3, rounds, "no further round after the cancel")

	_, err = Algorithm().Train(ctx, job)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 3, rounds)
}

// TestOutOfMemory trains in a process of its own, whose memory may not grow any more.
func TestOutOfMemory(t *testing.T) {
	const child = "EIDER_TEST_OUT_OF_MEMORY"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestOutOfMemory$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1", "GOGC=off")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.NotContains(t, string(out), "no tests to run")
		return
	}
	const rows, features = 500_000, 60
	in := model.Input{X: model.Matrix{Rows: rows}, Y: make([]float64, rows)}
	for f := range features {
		col := make([]float64, rows)
		for i := range col {
			col[i] = float64(i * (f + 3) % 1009)
		}
		in.X.Cols = append(in.X.Cols, col)
	}
	job := jobOf(t, in, map[string]any{"num_iterations": int64(2)})
	require.NoError(t, library.Open())
	status, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("this system doesn't tell the size of a process in /proc")
	}
	var pages uint64
	_, err = fmt.Sscan(string(status), &pages)
	require.NoError(t, err)
	// A little for the thread's stack; the matrix alone needs more than the rest.
	limit := pages*uint64(os.Getpagesize()) + 20<<20
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit}))
	_, err = Algorithm().Train(context.Background(), job)
	require.Equal(t, sqlstate.OutOfMemory, sqlstate.From(err).Code, "%v", err)
}

func TestOracleRefuses(t *testing.T) {
	_, err := NewOracle(nil)
	require.Error(t, err)
	_, err = NewOracle([]byte("{not a model"))
	require.Error(t, err)
	o := oracle(t, fit(t, jobOf(t, noise(50, 3, 0, 1), nil)).Blob)
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

// TestTogether trains and predicts at the same time, with different numbers of threads.
func TestTogether(t *testing.T) {
	in := noise(3_000, 6, 2, 1)
	given := map[string]any{"num_iterations": int64(15), "bagging_fraction": 0.7, "bagging_freq": int64(1)}
	want := fit(t, jobOf(t, in, given))
	p, err := Algorithm().Load(want.Blob)
	require.NoError(t, err)
	one := [][]float64{make([]float64, in.X.Rows)}
	require.NoError(t, p.Predict(in.X.Cols, in.X.Rows, one))
	o := oracle(t, want.Blob)
	var wg sync.WaitGroup
	for i := range 6 {
		job := jobOf(t, in, given)
		job.Threads = 1 + i%3
		wg.Go(func() {
			f, err := Algorithm().Train(context.Background(), job)
			if assert.NoError(t, err) {
				assert.True(t, string(want.Blob) == string(f.Blob), "%d threads", job.Threads)
			}
		})
		wg.Go(func() {
			out := [][]float64{make([]float64, in.X.Rows)}
			assert.NoError(t, p.Predict(in.X.Cols, in.X.Rows, out))
			assert.Equal(t, one, out)
			theirs, err := o.Predict(in.X.Cols, in.X.Rows)
			assert.NoError(t, err)
			for k, v := range theirs {
				if float64(v) != one[0][k] {
					assert.Equal(t, one[0][k], float64(v))
					break
				}
			}
		})
	}
	wg.Wait()
}

func TestVersion(t *testing.T) {
	v, err := Algorithm().Library()
	require.NoError(t, err)
	require.Equal(t, "4.6.0", v)
}
