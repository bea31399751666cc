package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/functions/model/tune"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// numbered are rows with a number (rid), a time in its order, a group, a word of many values and a target.
func numbered(n int, target func(r *rand.Rand, i int) any, id types.ID) *table {
	r := rand.New(rand.NewPCG(11, 3))
	t := newTable(column("rid", types.Double), column("x", types.Double), column("word", types.Varchar), column("team", types.Varchar),
		column("ts", types.Timestamp), column("y", id))
	for i := range n {
		t.add(float64(i), r.NormFloat64(), fmt.Sprintf("word %d", r.IntN(n/4+1)), fmt.Sprintf("team %d", i%23), types.TimestampValue(int64(i)*86_400_000_000), target(r, i))
	}
	return t
}

func twoClasses(r *rand.Rand, _ int) any { return r.IntN(2) == 1 }

// items are rid and x as they are, word encoded by the target.
func items() []transform.ItemSpec {
	return []transform.ItemSpec{
		{SQL: "rid", Name: "rid", Pos: -1}, {SQL: "x", Name: "x", Pos: -1},
		{Func: "target_encode", Args: []transform.Expr{{SQL: "word", Pos: -1}}, Name: "word", Pos: -1},
	}
}

// everything is a statement that uses every way in which rows could be seen.
func everything(kind string) *Spec {
	sp := spec("y")
	sp.ID = []Name{{"rid", -1}}
	sp.Transform = items()
	sp.Candidates = []Candidate{
		{Algorithm: "spy", Pos: -1, Params: []Parameter{{"early_stopping_rounds", Literal{int64(3), -1}, -1}}},
		{Algorithm: "logistic", Pos: -1},
	}
	sp.CrossValidate = &Folds{K: 3, Pos: -1}
	sp.Tune = &Tune{Params: []tune.Dimension{{Algorithm: "spy", Name: "rate", Low: 0.01, High: 1, Log: true, Pos: -1}}, Strategy: "tpe", Trials: 4, Pos: -1, StrategyPos: -1}
	sp.Calibrate = &Name{"platt", -1}
	switch kind {
	case ByTime:
		sp.Split = &Split{Kind: ByTime, Column: &Name{"ts", -1}, Fraction: 0.25, Gap: &types.IntervalValue{Days: 5}, Pos: -1}
	case ByGroup:
		sp.Split = &Split{Kind: ByGroup, Column: &Name{"team", -1}, Fraction: 0.25, Pos: -1}
	case Stratified, Random:
		sp.Split = &Split{Kind: kind, Fraction: 0.25, Pos: -1}
	}
	return sp
}

// TestPoisonedHoldout: whatever the held-out rows hold, the artifact is the same to the byte. They are poisoned where the
// pipeline has sealed them.
func TestPoisonedHoldout(t *testing.T) {
	for _, kind := range []string{Stratified, Random, ByTime, ByGroup} {
		for _, method := range []string{"platt", "isotonic"} {
			t.Run(kind+" "+method, func(t *testing.T) {
				learn := func(poison func(p *part)) []byte {
					sp, s := everything(kind), &spy{}
					sp.Calibrate.Text = method
					o := s.options()
					data := numbered(400, twoClasses, types.Boolean)
					r := &run{session: data, spec: sp, o: o, notes: map[string]any{}, progress: &progress{report: data.Progress}}
					require.NoError(t, r.prepare(context.Background()))
					require.Greater(t, r.test.sealed.rows, 50)
					if poison != nil {
						poison(r.test.sealed)
					}
					won, err := r.learn(context.Background())
					require.NoError(t, err)
					return won.bytes
				}
				clean := learn(nil)
				require.Equal(t, clean, learn(nil))
				require.Equal(t, clean, learn(func(p *part) {
					for k := range p.frame.Cols {
						c := &p.frame.Cols[k]
						for i := range c.Num {
							c.Num[i] = []float64{math.NaN(), math.Inf(1), 1e300}[i%3]
						}
						for i := range c.Code {
							c.Code[i] = int32(i % max(len(c.Dict), 1))
						}
						for i := range c.At {
							c.At[i] = math.MaxInt64
						}
					}
					for i := range p.y {
						p.y[i] = math.NaN()
					}
				}))
				// The same poison in the training part does change it: the comparison can fail.
				sp, s := everything(kind), &spy{}
				data := numbered(400, twoClasses, types.Boolean)
				r := &run{session: data, spec: sp, o: s.options(), notes: map[string]any{}, progress: &progress{report: data.Progress}}
				require.NoError(t, r.prepare(context.Background()))
				x := r.train.frame.Col("number: t.\"x\"")
				x.Num[3] += 1
				won, err := r.learn(context.Background())
				require.NoError(t, err)
				require.NotEqual(t, clean, won.bytes)
			})
		}
	}
}

// TestHoldoutOpensOnce: a second evaluation is an internal error.
func TestHoldoutOpensOnce(t *testing.T) {
	h := &holdout{sealed: &part{}, whole: &part{}}
	_, _, err := h.open()
	require.NoError(t, err)
	_, _, err = h.open()
	require.True(t, sqlstate.Is(err, sqlstate.InternalError))
}

// TestPartsEnd: a part's slices can't be grown into the rows behind it.
func TestPartsEnd(t *testing.T) {
	data := numbered(100, twoClasses, types.Boolean)
	sp, s := everything(Random), &spy{}
	r := &run{session: data, spec: sp, o: s.options(), notes: map[string]any{}, progress: &progress{report: data.Progress}}
	require.NoError(t, r.prepare(context.Background()))
	require.Nil(t, r.frame)
	for _, c := range r.train.frame.Cols {
		require.Equal(t, len(c.Num), cap(c.Num))
		require.Equal(t, len(c.Code), cap(c.Code))
		require.Equal(t, len(c.At), cap(c.At))
	}
	require.Equal(t, len(r.train.frame.Hash), cap(r.train.frame.Hash))
}

// TestWhoSeesWhat follows each row through candidates, folds, early stopping and calibration.
func TestWhoSeesWhat(t *testing.T) {
	for _, kind := range []string{Stratified, Random, ByTime, ByGroup} {
		t.Run(kind, func(t *testing.T) {
			s := &spy{}
			data := numbered(400, twoClasses, types.Boolean)
			res, err := Run(context.Background(), data, everything(kind), s.options())
			require.NoError(t, err)
			require.Equal(t, "spy", res.Trials[0].Algorithm)
			// 3 folds of 4 trials, the last fit if it is spy's, calibration's folds if they are.
			require.GreaterOrEqual(t, len(s.jobs), 12)
			test := map[float64]bool{}
			seen := map[float64]bool{}
			for _, job := range s.jobs {
				fit, stop := ids(&job.Train), ids(job.Stop)
				require.NotEmpty(t, stop)
				require.Zero(t, common(fit, stop), "a row is trained on and stopped on")
				for _, v := range slices.Concat(fit, stop) {
					seen[v] = true
				}
				if kind == ByTime {
					require.LessOrEqual(t, fit[len(fit)-1]+5, stop[0], "early stopping looks at later rows, after the gap")
				}
				if kind == ByGroup {
					for _, a := range stop {
						for _, b := range fit {
							require.NotEqual(t, int(a)%23, int(b)%23, "a group is on both sides")
						}
					}
				}
			}
			for i := range 400 {
				if !seen[float64(i)] {
					test[float64(i)] = true
				}
			}
			require.GreaterOrEqual(t, int64(len(test)), res.RowsTest)
			require.EqualValues(t, 400, res.RowsTrain+res.RowsTest+res.RowsGap+unusedRows(res, s))
			switch kind {
			case ByTime:
				for v := range seen {
					require.Less(t, v, 400-float64(res.RowsTest)-4, "the future, or the gap, was seen")
				}
			case ByGroup:
				for a := range seen {
					for b := range test {
						if int(a)%23 == int(b)%23 {
							require.Fail(t, "a group is on both sides", "%v %v", a, b)
						}
					}
				}
			}
		})
	}
}

// unusedRows are those of the training part that the winner doesn't train on because a gap before the rows for early
// stopping dropped them.
func unusedRows(res *Result, s *spy) int64 { return int64(len(res.Hashes)) - res.RowsTrain }

// TestFoldsInTime: each fold is validated on rows after those that it was trained on.
func TestFoldsInTime(t *testing.T) {
	s := &spy{}
	sp := everything(ByTime)
	sp.Candidates, sp.Tune, sp.Calibrate = using("spy"), nil, nil
	data := numbered(400, twoClasses, types.Boolean)
	r := &run{session: data, spec: sp, o: s.options(), notes: map[string]any{}, progress: &progress{report: data.Progress}}
	require.NoError(t, r.prepare(context.Background()))
	folds, err := r.makeFolds()
	require.NoError(t, err)
	require.Len(t, folds, 3)
	at := r.train.frame.Col("ts").At
	for _, f := range folds {
		last, first := int64(math.MinInt64), int64(math.MaxInt64)
		for _, i := range f.Train {
			last = max(last, at[i])
		}
		for _, i := range f.Valid {
			first = min(first, at[i])
		}
		require.Greater(t, first, last+5*86_400_000_000-1)
	}
}

// TestFoldStatistics: scaling is fitted in each fold, on its training rows alone: their mean is 0 and their deviation 1 to
// rounding, which it wouldn't be with statistics of all rows.
func TestFoldStatistics(t *testing.T) {
	s := &spy{}
	sp := spec("y")
	sp.Transform = []transform.ItemSpec{{Func: "scale_standard", Args: []transform.Expr{{SQL: "x", Pos: -1}}, Name: "x", Pos: -1}}
	sp.Candidates, sp.CrossValidate = using("spy"), &Folds{K: 4, Pos: -1}
	data := numbered(200, twoClasses, types.Boolean)
	data.rows[7][1] = 1e6 // in one fold only it is not a training row
	_, err := Run(context.Background(), data, sp, s.options())
	require.NoError(t, err)
	require.Len(t, s.jobs, 5)
	for _, job := range s.jobs {
		mean, square := 0.0, 0.0
		for _, v := range job.Train.X.Cols[0] {
			mean += v / float64(job.Train.X.Rows)
			square += v * v / float64(job.Train.X.Rows)
		}
		require.InDelta(t, 0, mean, 1e-9)
		require.InDelta(t, 1, square-mean*mean, 0.02)
	}
}

// TestTargetEncodingLeak: a word of many values says nothing of a random target. Encoded on the rows themselves it would
// seem to; out of fold and on held-out rows it doesn't.
func TestTargetEncodingLeak(t *testing.T) {
	sp := spec("y")
	sp.Transform = items()[2:]
	sp.Candidates, sp.CrossValidate = using("logistic"), &Folds{K: 5, Pos: -1}
	data := numbered(3000, twoClasses, types.Boolean) // about four rows a word
	res := train(t, data, sp)
	require.InDelta(t, 0.5, *metricOf(t, res, "cv", "auc", "").Value, 0.05)
	require.InDelta(t, 0.5, *metricOf(t, res, "test", "auc", "").Value, 0.07)
	// The naive encoding, by hand: mean of the target by word over all rows.
	sum, n := map[any]float64{}, map[any]float64{}
	for _, row := range data.rows {
		n[row[2]]++
		if row[5].(bool) {
			sum[row[2]]++
		}
	}
	higher, pairs := 0.0, 0.0
	for i := range 300 {
		for j := range 300 {
			a, b := data.rows[i], data.rows[j]
			if a[5].(bool) && !b[5].(bool) {
				pairs++
				if sum[a[2]]/n[a[2]] > sum[b[2]]/n[b[2]] {
					higher++
				}
			}
		}
	}
	require.Greater(t, higher/pairs, 0.7, "the leak that is planted")
}

// TestGroupLeak: the target is a secret of each group. Split by group it can't be learned; at random it can, and is.
func TestGroupLeak(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	secret := map[int]float64{}
	data := newTable(column("who", types.Varchar), column("mark", types.Double), column("y", types.Double))
	for i := range 1200 {
		g := i % 60
		if _, ok := secret[g]; !ok {
			secret[g] = r.NormFloat64()
		}
		data.add(fmt.Sprint(g), float64(g), secret[g]+0.1*r.NormFloat64())
	}
	sp := spec("y")
	sp.Transform = []transform.ItemSpec{{Func: "one_hot", Args: []transform.Expr{{SQL: "who", Pos: -1}}, Params: []transform.Param{}, Name: "who", Pos: -1}}
	random := train(t, data, sp)
	require.Greater(t, *metricOf(t, random, "test", "r2", "").Value, 0.5)
	sp.Split = &Split{Kind: ByGroup, Column: &Name{"who", -1}, Fraction: 0.2, Pos: -1}
	grouped := train(t, data, sp)
	require.Less(t, *metricOf(t, grouped, "test", "r2", "").Value, 0.1)
	require.Empty(t, warned(grouped, LeakRows))
}

// warned are the columns of warnings with a code.
func warned(res *Result, code string) []string {
	var out []string
	for _, w := range res.Warnings {
		if w.Code == code {
			out = append(out, w.Column)
		}
	}
	return out
}
