package train

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/functions/model/tune"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// incumbentOf is a deployed version that was trained as res and predicts what f says.
func incumbentOf(res *Result, data *table, f func(row map[string]any) any) *Incumbent {
	data.exprs["old(t)"] = f
	in := &Incumbent{Name: "m@1", SQL: []string{"old(t)"}, Identity: res.Identity, Hashes: res.Hashes}
	for _, c := range res.Classes {
		in.Classes = append(in.Classes, c.Text)
	}
	return in
}

func TestIfBetter(t *testing.T) {
	sp := spec("churned")
	sp.ID = []Name{{"id", -1}}
	first := train(t, customers(1000, 1), sp)
	nothing := func(map[string]any) any { return 0.5 }
	oracle := func(r map[string]any) any {
		if r["churned"].(bool) {
			return 0.9
		}
		return 0.1
	}
	for _, c := range []struct {
		name     string
		seed     int64
		rows     int
		predict  func(map[string]any) any
		change   func(in *Incumbent, s *Spec)
		deploy   bool
		compared bool
		reason   string
	}{
		{name: "a guess is beaten", seed: 5, rows: 2000, predict: nothing, deploy: true, compared: true, reason: "is better than m@1's 0.5"},
		{name: "an oracle isn't", seed: 5, rows: 2000, predict: oracle, compared: true, reason: "isn't surely better than m@1's 1"},
		{name: "by too much", seed: 5, rows: 2000, predict: nothing, change: func(_ *Incumbent, s *Spec) { s.Deploy.By = 0.49 }, compared: true, reason: "by more than 0.49"},
		// The same rows and the same seed make the same holdout: neither saw it.
		{name: "the same holdout", rows: 1000, predict: nothing, deploy: true, compared: true, reason: "200 rows that neither saw"},
		{name: "all seen", rows: 1000, predict: nothing, change: func(in *Incumbent, _ *Spec) {
			in.Hashes = sortedHashes(slices.Concat(first.Hashes, allHashes(t, 1000)))
		}, reason: "trained on 200"},
		{name: "another identity", rows: 1000, predict: nothing, change: func(in *Incumbent, _ *Spec) { in.Identity = []string{"other"} }, reason: "name key columns with ID"},
		{name: "no predictions", rows: 1000, predict: func(map[string]any) any { return nil }, reason: "predicts nothing for 200"},
		{name: "columns missing", rows: 1000, predict: nothing, change: func(in *Incumbent, _ *Spec) { in.SQL = nil }, reason: "lacks columns"},
		{name: "other classes", rows: 1000, predict: nothing, change: func(in *Incumbent, _ *Spec) { in.Classes = []string{"a", "b"} }, reason: "doesn't know class false"},
		{name: "classes the other way", rows: 1000, predict: func(r map[string]any) any { return 1 - oracle(r).(float64) },
			change: func(in *Incumbent, _ *Spec) { in.Classes = []string{"true", "false"} }, compared: true, reason: "m@1's 1"},
		{name: "nothing held out", rows: 1000, predict: nothing, change: func(_ *Incumbent, s *Spec) { s.Split = &Split{Kind: NoSplit} }, reason: "nothing was held out"},
		{name: "always", rows: 1000, predict: oracle, change: func(_ *Incumbent, s *Spec) { s.Deploy.Rule = DeployAlways }, deploy: true, reason: "ALWAYS"},
		{name: "never", rows: 1000, predict: nothing, change: func(_ *Incumbent, s *Spec) { s.Deploy.Rule = DeployNever }, reason: "NEVER"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, s := customers(c.rows, 1), *sp
			s.Seed = c.seed
			in := incumbentOf(first, data, c.predict)
			if c.change != nil {
				c.change(in, &s)
			}
			o := options()
			o.Incumbent = in
			res, err := Run(context.Background(), data, &s, o)
			require.NoError(t, err)
			require.Equal(t, c.deploy, res.Decision.Deploy, res.Decision.Reason)
			require.Contains(t, res.Decision.Reason, c.reason)
			if !c.compared {
				require.Zero(t, res.Decision.Compared)
				return
			}
			want := 0
			for _, h := range heldOut(t, data, &s) {
				if _, seen := slices.BinarySearch(in.Hashes, h); !seen {
					want++
				}
			}
			require.EqualValues(t, want, res.Decision.Compared)
			require.Less(t, res.Decision.Low, res.Decision.High)
			// Reading the deployed version's predictions changes nothing of the model.
			require.Equal(t, train(t, customers(c.rows, 1), &s).Hash, res.Hash)
		})
	}
}

// heldOut are the hashes of the rows that a statement holds out.
func heldOut(t *testing.T, data *table, sp *Spec) []uint64 {
	r := &run{session: data, spec: sp, o: options(), notes: map[string]any{}, progress: &progress{report: data.Progress}}
	require.NoError(t, r.prepare(context.Background()))
	return r.test.sealed.frame.Hash
}

func allHashes(t *testing.T, n int) []uint64 {
	sp := spec("churned")
	sp.ID = []Name{{"id", -1}}
	return heldOut(t, customers(n, 1), sp)
}

func TestIfBetterOfThreeClassesAndValues(t *testing.T) {
	sp := spec("plan")
	sp.ID = []Name{{"id", -1}}
	first := train(t, customers(600, 1), sp)
	data := customers(600, 1)
	in := incumbentOf(first, data, nil)
	in.Classes, in.SQL = []string{"team", "free", "pro"}, []string{"p0", "p1", "p2"}
	for k, class := range in.Classes {
		data.exprs[in.SQL[k]] = func(r map[string]any) any {
			if r["plan"] == class {
				return 0.8
			}
			return 0.1
		}
	}
	o := options()
	o.Incumbent = in
	res, err := Run(context.Background(), data, sp, o)
	require.NoError(t, err)
	require.False(t, res.Decision.Deploy)
	require.InDelta(t, -math.Log(0.8), res.Decision.Old, 1e-9)
	require.EqualValues(t, 120, res.Decision.Compared)

	values := spec("price")
	before := train(t, houses(500, 1), values)
	homes := houses(500, 1)
	o.Incumbent = incumbentOf(before, homes, func(r map[string]any) any { return r["price"].(float64) + 300 })
	res, err = Run(context.Background(), homes, values, o)
	require.NoError(t, err)
	require.True(t, res.Decision.Deploy, res.Decision.Reason)
	require.InDelta(t, 300, res.Decision.Old, 1e-6)
}

func TestPartitionBy(t *testing.T) {
	// The slope is another one in each region; region d has few rows, and some have none.
	data := newTable(column("x", types.Double), column("region", types.Varchar), column("y", types.Double))
	for i := range 900 {
		x := float64(i*37%100) / 10
		k := i % 3
		data.add(x, []string{"a", "b", "c"}[k], []float64{1, -1, 5}[k]*x)
	}
	for i := range 10 {
		data.add(float64(i), "d", 2.0)
		data.add(float64(i), nil, 2.0)
	}
	sp := spec("y")
	sp.Split = &Split{Kind: Random, Fraction: 0.3, Pos: -1}
	whole := train(t, data, sp)
	sp.PartitionBy = &Name{"region", -1}
	res := train(t, data, sp)
	require.Equal(t, []string{"a", "b", "c"}, res.Groups)
	require.Equal(t, "region", res.PartitionBy)
	require.Less(t, *metricOf(t, res, "test", "rmse", "").Value, *metricOf(t, whole, "test", "rmse", "").Value/2)
	for _, g := range res.Groups {
		m := metricOf(t, res, "test", "rmse", g)
		require.Less(t, *m.Value, 0.5, g)
		require.NotNil(t, m.Baseline)
	}
	total := int64(0)
	for _, m := range res.Metrics {
		if m.Slice != "" && m.Metric == "rmse" {
			total += m.N
		}
	}
	require.Equal(t, res.RowsTest, total)
	require.Equal(t, 1, res.Notes["groups_without_estimator"], "d is too small; NULL is no group")
	names := []string{}
	for _, f := range res.Signature {
		names = append(names, f.Name)
	}
	require.Equal(t, []string{"x"}, names, "the column of groups is no feature")

	// The scorer's last argument routes: the same x, another region.
	s, err := artifact.Open(res.Artifact, algorithms())
	require.NoError(t, err)
	require.Equal(t, s.Arguments(), len(res.Transform.Names())+1)
}

func TestTune(t *testing.T) {
	sp := spec("price")
	sp.Candidates = using("spy", "ridge")
	sp.Tune = &Tune{Params: []tune.Dimension{{Name: "rate", Low: 1e-4, High: 2, Log: true, Pos: -1}, {Name: "kind", Choices: []any{"a", "b"}, Pos: -1}}, Trials: 6, Strategy: "RANDOM", Pos: -1, StrategyPos: -1}
	s := &spy{}
	res, err := Run(context.Background(), houses(300, 1), sp, s.options())
	require.NoError(t, err)
	require.Len(t, res.Trials, 7)
	winners, least := 0, math.Inf(1)
	for i, trial := range res.Trials {
		require.Equal(t, i+1, trial.Number)
		require.Len(t, trial.Folds, 1)
		least = min(least, *trial.Value)
		if trial.Winner {
			winners++
			require.Equal(t, res.Params, trial.Params)
			require.Equal(t, res.Algorithm, trial.Algorithm)
		}
	}
	require.Equal(t, 1, winners)
	for _, trial := range res.Trials {
		if trial.Winner {
			require.Equal(t, least, *trial.Value)
		}
	}

	// Whatever the limit, each candidate is tried once, and what was tried is recorded.
	sp.Tune.TimeLimit = time.Nanosecond
	res, err = Run(context.Background(), houses(300, 1), sp, s.options())
	require.NoError(t, err)
	require.Len(t, res.Trials, 2)
	require.Equal(t, true, res.Notes["time_limit_reached"])

	// A trial that fails is recorded and doesn't end the search; if all do, the error is the statement's.
	sp.Tune.TimeLimit = 0
	s.fail = func(job *model.Job) error {
		if job.Params.Text("kind") == "b" {
			return sqlstate.New(sqlstate.InvalidParameterValue, "b can't be")
		}
		return nil
	}
	sp.Candidates = using("spy")
	res, err = Run(context.Background(), houses(300, 1), sp, s.options())
	require.NoError(t, err)
	failed := 0
	for _, trial := range res.Trials {
		if trial.Error != "" {
			require.Equal(t, "b", trial.Params.Text("kind"))
			require.Nil(t, trial.Value)
			failed++
		}
	}
	require.Positive(t, failed)
	s.fail = func(*model.Job) error { return sqlstate.New(sqlstate.InvalidParameterValue, "nothing can be") }
	_, err = Run(context.Background(), houses(300, 1), sp, s.options())
	require.ErrorContains(t, err, "nothing can be")
}

// TestCancel: wherever it is cancelled, it ends as 57014 and leaves no goroutine (TestMain looks).
func TestCancel(t *testing.T) {
	phases := map[string]bool{}
	for _, at := range []float64{0.01, 0.2, 0.4, 0.6, 0.8, 0.95} {
		ctx, cancel := context.WithCancel(context.Background())
		data := numbered(400, twoClasses, types.Boolean)
		stopped := ""
		data.progressed = func(fraction float64, phase string) {
			if fraction >= at && stopped == "" {
				stopped = phase
				cancel()
			}
		}
		_, err := Run(ctx, data, everything(Random), (&spy{}).options())
		require.True(t, sqlstate.Is(err, sqlstate.QueryCanceled), "at %v in %s: %v", at, stopped, err)
		require.NotEmpty(t, stopped)
		phases[stopped] = true
		cancel()
	}
	require.GreaterOrEqual(t, len(phases), 3, "%v", phases)
}

// TestProgressIsEven: no report is more than a sixth ahead of the one before, where there are many fits.
func TestProgressIsEven(t *testing.T) {
	data := numbered(400, twoClasses, types.Boolean)
	_, err := Run(context.Background(), data, everything(Random), (&spy{}).options())
	require.NoError(t, err)
	for i := 1; i < len(data.fractions); i++ {
		require.GreaterOrEqual(t, data.fractions[i], data.fractions[i-1])
		require.Less(t, data.fractions[i]-data.fractions[i-1], 1.0/6)
	}
	require.Equal(t, 1.0, data.fractions[len(data.fractions)-1])
}

func TestRefit(t *testing.T) {
	sp := spec("churned")
	sp.ID = []Name{{"id", -1}}
	twin := train(t, customers(600, 1), sp)
	sp.Options = []Option{{"refit", Literal{true, -1}, -1}}
	res := train(t, customers(600, 1), sp)
	require.NotEqual(t, twin.Hash, res.Hash)
	require.Equal(t, *metricOf(t, twin, "test", "auc", "").Value, *metricOf(t, res, "unrefitted", "auc", "").Value)
	require.EqualValues(t, 600, res.RowsTrain)
	require.Len(t, res.Hashes, 600)
	require.Len(t, twin.Hashes, 480)
	require.True(t, slices.IsSorted(res.Hashes))
	// It is what training on all rows gives.
	all := spec("churned")
	all.ID, all.Split = sp.ID, &Split{Kind: NoSplit, Pos: -1}
	a, err := artifact.Decode(res.Artifact)
	require.NoError(t, err)
	b, err := artifact.Decode(train(t, customers(600, 1), all).Artifact)
	require.NoError(t, err)
	require.Equal(t, b.Features, a.Features)
	require.Len(t, a.Blobs[0], len(b.Blobs[0]))
	// The rows are summed in another order, so that the last bits of a coefficient may differ.
	for i := 0; i+8 <= len(a.Blobs[0]); i += 8 {
		x, y := math.Float64frombits(binary.LittleEndian.Uint64(a.Blobs[0][i:])), math.Float64frombits(binary.LittleEndian.Uint64(b.Blobs[0][i:]))
		if math.Abs(y) > 1e-3 && math.Abs(y) < 1e3 {
			require.InEpsilon(t, y, x, 1e-4)
		}
	}
}

func TestWarnings(t *testing.T) {
	data := customers(300, 1)
	data.columns = append(data.columns, column("seen", types.Timestamp), column("leak", types.Double), column("row_id", types.Integer), column("mail", types.Varchar))
	for i := range data.rows {
		leak := 0.0
		if data.rows[i][4].(bool) {
			leak = 1
		}
		data.rows[i] = append(data.rows[i], types.TimestampValue(int64(i)*1e9), leak, int64(1000+i*3), strings.Repeat("x", i%7)+string(rune('a'+i%26))+"@"+strings.Repeat("y", i/26))
	}
	res := train(t, data, spec("churned"))
	require.Equal(t, []string{"leak"}, warned(res, LeakFeature))
	require.Equal(t, []string{"id", "row_id", "mail"}, warned(res, LeakID))
	require.Equal(t, []string{"seen"}, warned(res, LeakUntimed))
	require.Empty(t, warned(res, LeakRows))
	require.Contains(t, strings.Join(data.notices, "\n"), `WARNING: feature "leak" alone predicts the target (AUC 1.0000`)

	data = customers(300, 1)
	data.rows = append(data.rows, data.rows...) // every row twice
	require.Len(t, warned(train(t, data, spec("churned")), LeakRows), 1)
	require.Empty(t, warned(train(t, customers(300, 2), spec("age")), LeakFeature))

	few := newTable(column("a", types.Varchar), column("b", types.Integer), column("y", types.Boolean))
	for i := range 600 { // rows of which a dozen differ: the same content on both sides tells nothing
		few.add([]string{"x", "y", "z"}[i*7%3], int64(i*5%2), i*11%13 < 6)
	}
	require.Empty(t, warned(train(t, few, spec("y")), LeakRows))

	timed := newTable(column("ts", types.Timestamp), column("cancelled", types.Timestamp), column("signed", types.Timestamp), column("x", types.Double), column("y", types.Double))
	for i := range 200 {
		at := int64(i) * 1e9
		timed.add(types.TimestampValue(at), types.TimestampValue(at+5e8), types.TimestampValue(at-5e8), float64(i%13), float64(i%17))
	}
	sp := spec("y")
	sp.Split = &Split{Kind: ByTime, Column: &Name{"ts", -1}, Fraction: 0.2, Pos: -1}
	res = train(t, timed, sp)
	require.Equal(t, []string{"cancelled"}, warned(res, LeakFuture))
	require.Empty(t, warned(res, LeakUntimed))
	require.Equal(t, "the last value before the holdout", res.Notes["baseline"])
}

func TestWeights(t *testing.T) {
	// A row of weight 2 is a row twice.
	one, two := newTable(column("x", types.Double), column("w", types.Double), column("y", types.Double)), newTable(column("x", types.Double), column("w", types.Double), column("y", types.Double))
	for i := range 60 {
		x, y, w := float64(i), float64(i*i%17), float64(1+i%3)
		one.add(x, w, y)
		for range int(w) {
			two.add(x, 1.0, y)
		}
	}
	sp := spec("y")
	sp.Split, sp.Weight = &Split{Kind: NoSplit, Pos: -1}, &Expr{"w", -1}
	sp.Candidates = using("linear")
	sp.Transform = items()[1:2]
	a, b := train(t, one, sp), train(t, two, sp)
	require.InDelta(t, *metricOf(t, b, "train", "rmse", "").Value, *metricOf(t, a, "train", "rmse", "").Value, 1e-9)
	require.Equal(t, "train", a.Metrics[0].Split)

	s := &spy{}
	classes := spec("churned")
	classes.Candidates = using("spy")
	classes.ClassWeights = &ClassWeights{Balanced: true, Pos: -1}
	_, err := Run(context.Background(), customers(300, 5), classes, s.options())
	require.NoError(t, err)
	sums := map[float64]float64{}
	for i, y := range s.jobs[0].Train.Y {
		sums[y] += s.jobs[0].Train.Weight[i]
	}
	require.InDelta(t, sums[0], sums[1], 1e-9, "balanced")
	require.InDelta(t, float64(len(s.jobs[0].Train.Y)), sums[0]+sums[1], 1e-9)
	classes.ClassWeights = &ClassWeights{Weights: []ClassWeight{{Literal{true, -1}, 7}}, Pos: -1}
	_, err = Run(context.Background(), customers(300, 5), classes, s.options())
	require.NoError(t, err)
	for i, y := range s.jobs[1].Train.Y {
		require.Equal(t, 1+6*y, s.jobs[1].Train.Weight[i])
	}
}

func TestValidationColumn(t *testing.T) {
	data := numbered(300, twoClasses, types.Boolean)
	data.columns = append(data.columns, column("part", types.Varchar))
	for i := range data.rows {
		data.rows[i] = append(data.rows[i], []string{"train", "train", "test", "validation", "train"}[i%5])
	}
	sp := everything("")
	sp.Split = &Split{Kind: ByColumn, Column: &Name{"part", -1}, Pos: -1}
	sp.Candidates, sp.Tune, sp.CrossValidate, sp.Calibrate = sp.Candidates[:1], nil, nil, nil
	s := &spy{}
	res, err := Run(context.Background(), data, sp, s.options())
	require.NoError(t, err)
	require.EqualValues(t, 60, res.RowsTest)
	require.EqualValues(t, 240, res.RowsTrain)
	for _, v := range ids(&s.jobs[0].Train) {
		require.Contains(t, []int{0, 1, 4}, int(v)%5)
	}
	for _, v := range ids(s.jobs[0].Stop) {
		require.Equal(t, 3, int(v)%5)
	}
	sp.Candidates = using("logistic")
	res, err = Run(context.Background(), data, sp, s.options())
	require.NoError(t, err)
	require.EqualValues(t, 180, res.RowsTrain)
	require.Contains(t, strings.Join(data.notices, "\n"), "60 rows for validation weren't trained on")
}

func TestPermutationImportance(t *testing.T) {
	sp := spec("price")
	sp.Options = []Option{{"explain_rows", Literal{int64(100), -1}, -1}, {"bootstrap", Literal{int64(0), -1}, -1}}
	res := train(t, houses(500, 1), sp)
	by := map[string]float64{}
	for _, i := range res.Importance {
		if i.Method == "permutation" {
			by[i.Feature] = i.Value
		}
	}
	require.Len(t, by, len(res.Transform.Names()))
	require.Greater(t, by["size"], by["rooms"])
	require.Nil(t, res.Metrics[0].Low, "no bootstrap, no intervals")
	require.NotNil(t, res.Metrics[0].Value)
}

func TestExplainPlan(t *testing.T) {
	data := numbered(10, twoClasses, types.Boolean)
	p, err := Check(context.Background(), data, everything(ByTime), (&spy{}).options().Algorithms)
	require.NoError(t, err)
	text := strings.Join(p.Explain(), "\n")
	for _, want := range []string{"Task: classification of y (BOOLEAN)", "Candidate: spy (early_stopping_rounds => 3)", "Candidate: logistic", "hold out the last 25 % by ts, after a gap",
		"Cross validation: 3 folds of the training part, each after the rows it is trained on", "Tuning: rate, tpe, 4 trials", "Calibration: platt", "Not a feature: rid, ts", "Deploy: if the metric is surely better"} {
		require.Contains(t, text, want)
	}
	sp := spec("visits")
	p, err = Check(context.Background(), customers(5, 1), sp, options().Algorithms)
	require.NoError(t, err)
	text = strings.Join(p.Explain(), "\n")
	require.Contains(t, text, "decided by the data")
	require.Contains(t, text, "Candidate: classification: logistic")
	require.Contains(t, text, "Candidate: regression: ridge")
}

// TestQuantile: pinball looks at the quantile that the model predicts.
func TestQuantile(t *testing.T) {
	alg := &model.Algorithm{Params: []model.Param{{Name: "alpha", Aliases: []string{"quantile"}}, {Name: "objective"}}}
	require.Equal(t, 0.9, quantileOf(alg, model.Params{"objective": "quantile", "alpha": 0.9}))
	require.Equal(t, 0.9, quantileOf(alg, model.Params{"objective": "reg:quantileerror", "alpha": 0.9}))
	require.Zero(t, quantileOf(alg, model.Params{"objective": "poisson", "alpha": 0.9}))
	require.Zero(t, quantileOf(&model.Algorithm{}, model.Params{"objective": "quantile"}))
}
