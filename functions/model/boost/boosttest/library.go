package boosttest

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Oracle is a model in the hands of the library itself. Results are row by row, one value an output.
type Oracle[V float32 | float64] interface {
	Predict(x [][]float64, n int) ([]V, error)
	Margin(x [][]float64, n int) ([]V, error)
	Close()
}

// Library is a runtime under test. Parameters are given by names that all runtimes know.
type Library[V float32 | float64] struct {
	Algorithm *model.Algorithm
	Open      func(blob []byte) (Oracle[V], error)
}

// Job makes a job of one thread.
func Job(t testing.TB, a *model.Algorithm, in model.Input, given map[string]any) *model.Job {
	t.Helper()
	p, err := a.Resolve(TaskOf(in), given)
	require.NoError(t, err)
	return &model.Job{Task: TaskOf(in), Train: in, Params: p, Seed: 7, Threads: 1}
}

// Fit trains.
func Fit(t testing.TB, a *model.Algorithm, job *model.Job) *model.Fitted {
	t.Helper()
	f, err := a.Train(context.Background(), job)
	require.NoError(t, err)
	return f
}

func (l Library[V]) job(t testing.TB, in model.Input, given map[string]any) *model.Job {
	t.Helper()
	return Job(t, l.Algorithm, in, given)
}

func (l Library[V]) fit(t testing.TB, job *model.Job) *model.Fitted {
	t.Helper()
	return Fit(t, l.Algorithm, job)
}

// Oracle opens a model until the test ends.
func (l Library[V]) Oracle(t testing.TB, blob []byte) Oracle[V] {
	t.Helper()
	o, err := l.Open(blob)
	require.NoError(t, err)
	t.Cleanup(o.Close)
	return o
}

// Case is a training.
type Case struct {
	In    model.Input
	Given map[string]any
}

// SameBytes trains the same jobs again and again with other numbers of threads.
func (l Library[V]) SameBytes(t *testing.T, cases map[string]Case) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.Given["rounds"] = int64(12)
			job := l.job(t, c.In, c.Given)
			stop := Noise(500, len(c.In.X.Cols), c.In.Classes, 9)
			if c.Given["objective"] != "tweedie" {
				job.Stop = &stop
				job.Params["early_stopping_rounds"] = int64(3)
			}
			want := l.fit(t, job)
			for _, threads := range []int{1, 2, 3, 4, 8} {
				job.Threads = threads
				got := l.fit(t, job)
				require.True(t, string(want.Blob) == string(got.Blob), "%d threads give another model", threads)
				require.Equal(t, want.Rounds, got.Rounds)
			}
			job.Seed++
			if c.Given["subsample"] != nil {
				require.False(t, string(want.Blob) == string(l.fit(t, job).Blob), "the seed changes nothing")
			}
		})
	}
}

// EarlyStopping keeps the best round.
func (l Library[V]) EarlyStopping(t *testing.T) {
	job := l.job(t, Noise(2_000, 6, 2, 1), map[string]any{"rounds": int64(200), "early_stopping_rounds": int64(5)})
	stop := Noise(1_000, 6, 2, 2)
	job.Stop = &stop
	f := l.fit(t, job)
	require.Less(t, f.Rounds, 200)
	require.Equal(t, f.Rounds+5, f.Notes["stopped_after"])
	// The kept rounds are what as many rounds alone give.
	alone := l.job(t, job.Train, map[string]any{"rounds": int64(f.Rounds)})
	x := job.Train.X
	want, err := l.Oracle(t, l.fit(t, alone).Blob).Margin(x.Cols, x.Rows)
	require.NoError(t, err)
	got, err := l.Oracle(t, f.Blob).Margin(x.Cols, x.Rows)
	require.NoError(t, err)
	require.Equal(t, want, got)

	job.Stop = nil
	require.Equal(t, 200, l.fit(t, job).Rounds)
}

// EarlyStoppingByArea wants the metric to rise.
func (l Library[V]) EarlyStoppingByArea(t *testing.T) {
	job := l.job(t, Noise(2_000, 6, 2, 1), map[string]any{"rounds": int64(100), "early_stopping_rounds": int64(4), "eval_metric": "auc"})
	stop := Noise(1_000, 6, 2, 2)
	job.Stop = &stop
	f := l.fit(t, job)
	require.Greater(t, f.Notes["best_score"], 0.9)
	require.Greater(t, f.Rounds, 1)
}

// Monotone wants a prediction that only rises.
func (l Library[V]) Monotone(t *testing.T) {
	in := Noise(3_000, 2, 0, 1)
	for i := range in.Y {
		in.Y[i] = math.Sin(3*in.X.Cols[0][i]) + 0.1*in.Y[i]
		if math.IsNaN(in.Y[i]) {
			in.Y[i] = 0
		}
	}
	f := l.fit(t, l.job(t, in, map[string]any{"monotone_constraints": []any{int64(1), int64(0)}, "rounds": int64(20)}))
	n := 200
	x := [][]float64{make([]float64, n), make([]float64, n)}
	for i := range n {
		x[0][i] = -3 + 6*float64(i)/float64(n)
	}
	p, err := l.Oracle(t, f.Blob).Predict(x, n)
	require.NoError(t, err)
	require.IsNonDecreasing(t, p)
	require.Greater(t, p[n-1], p[0])
}

// SmallData learns from hardly anything.
func (l Library[V]) SmallData(t *testing.T) {
	for name, in := range map[string]model.Input{
		"one row":          {X: model.Matrix{Rows: 1, Cols: [][]float64{{1}}}, Y: []float64{3}},
		"constant feature": {X: model.Matrix{Rows: 4, Cols: [][]float64{{1, 1, 1, 1}}}, Y: []float64{3, 3, 3, 3}},
		"nothing known":    {X: model.Matrix{Rows: 3, Cols: [][]float64{{math.NaN(), math.NaN(), math.NaN()}}}, Y: []float64{3, 3, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			f := l.fit(t, l.job(t, in, nil))
			p, err := l.Oracle(t, f.Blob).Predict(in.X.Cols, in.X.Rows)
			require.NoError(t, err)
			for _, v := range p {
				require.InDelta(t, 3, v, 1e-6)
			}
		})
	}
}

// BadInput refuses what both runtimes refuse; poisson is what the library calls that objective.
func (l Library[V]) BadInput(t *testing.T, poisson string) {
	good := func() *model.Job { return l.job(t, Noise(50, 3, 0, 1), nil) }
	for name, c := range map[string]struct {
		change func(*model.Job)
		want   string
	}{
		"infinite":         {func(j *model.Job) { j.Train.X.Cols[1][7] = math.Inf(-1) }, `feature "x1" has infinite values`},
		"infinite to stop": {func(j *model.Job) { s := Noise(9, 3, 0, 2); s.X.Cols[0][0] = math.Inf(1); j.Stop = &s }, `feature "x0" has infinite`},
		"no rows":          {func(j *model.Job) { j.Train = j.Train.Slice(0, 0) }, "no rows"},
		"no features":      {func(j *model.Job) { j.Train.X.Cols = nil }, "no features"},
		"weights":          {func(j *model.Job) { j.Train.Weight = make([]float64, 50) }, "all weights are zero"},
		"negative counts":  {func(j *model.Job) { j.Params["objective"] = "poisson" }, "which objective " + poisson + " doesn't allow"},
		"huge target":      {func(j *model.Job) { j.Train.Y[3] = 1e60 }, "the target has the value 1e+60"},
		"constraints":      {func(j *model.Job) { j.Params["monotone_constraints"] = []float64{1} }, "1 entries for 3 features"},
		"three classes":    {func(j *model.Job) { *j = *l.job(t, Noise(50, 3, 3, 1), map[string]any{"objective": "binary"}) }, "for two classes"},
	} {
		t.Run(name, func(t *testing.T) {
			job := good()
			c.change(job)
			_, err := l.Algorithm.Train(context.Background(), job)
			require.ErrorContains(t, err, c.want)
			require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.From(err).Code)
		})
	}
}

// Cancel ends training after the round that runs.
func (l Library[V]) Cancel(t *testing.T) {
	job := l.job(t, Noise(20_000, 10, 0, 1), map[string]any{"rounds": int64(100_000)})
	ctx, cancel := context.WithCancel(context.Background())
	rounds := 0
	job.Progress = func(fraction float64) {
		if rounds++; rounds == 3 {
			cancel()
		}
	}
	_, err := l.Algorithm.Train(ctx, job)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 3, rounds, "no further round after the cancel")

	_, err = l.Algorithm.Train(ctx, job)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 3, rounds)
}

// Together trains and predicts at the same time, with different numbers of threads.
func (l Library[V]) Together(t *testing.T, given map[string]any) {
	in := Noise(3_000, 6, 2, 1)
	want := l.fit(t, l.job(t, in, given))
	p, err := l.Algorithm.Load(want.Blob)
	require.NoError(t, err)
	one := [][]float64{make([]float64, in.X.Rows)}
	require.NoError(t, p.Predict(in.X.Cols, in.X.Rows, one))
	o := l.Oracle(t, want.Blob)
	var wg sync.WaitGroup
	for i := range 6 {
		job := l.job(t, in, given)
		job.Threads = 1 + i%3
		wg.Go(func() {
			f, err := l.Algorithm.Train(context.Background(), job)
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

// OutOfMemory trains rows × features in a process of its own, the test again, whose memory may not grow any more
// once the library is open. What it gets is the error, and the job to go on with.
func (l Library[V]) OutOfMemory(t *testing.T, rows, features int, then func(*model.Job, error)) {
	const child = "EIDER_TEST_OUT_OF_MEMORY"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1", "GOGC=off")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.NotContains(t, string(out), "no tests to run")
		return
	}
	in := model.Input{X: model.Matrix{Rows: rows}, Y: make([]float64, rows)}
	for f := range features {
		col := make([]float64, rows)
		for i := range col {
			col[i] = float64(i * (f + 3) % 1009)
		}
		in.X.Cols = append(in.X.Cols, col)
	}
	job := l.job(t, in, map[string]any{"rounds": int64(2)})
	_, err := l.Algorithm.Library()
	require.NoError(t, err)
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
	_, err = l.Algorithm.Train(context.Background(), job)
	require.Equal(t, sqlstate.OutOfMemory, sqlstate.From(err).Code, "%v", err)
	if then != nil {
		then(job, err)
	}
}
