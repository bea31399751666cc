package metric

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

type golden struct {
	Name    string             `json:"name"`
	Task    model.Task         `json:"task"`
	Classes int                `json:"classes"`
	Y       []float64          `json:"y"`
	P       [][]float64        `json:"p"`
	W       []float64          `json:"w"`
	X       [][]float64        `json:"x"`
	Want    map[string]float64 `json:"want"`
}

func (g golden) sample() *Sample {
	s := &Sample{Task: g.Task, Classes: g.Classes, Y: g.Y, Weight: g.W}
	if g.Classes > 2 {
		s.Proba = g.P
	} else {
		s.Value = g.P[0]
	}
	if g.X != nil {
		s.Y, s.X = nil, model.Matrix{Rows: len(g.X[0]), Cols: g.X}
	}
	return s
}

// TestGolden compares with scikit-learn: testdata/models/metric_golden.py wrote the file.
func TestGolden(t *testing.T) {
	data, err := os.ReadFile("../../../testdata/models/metric_golden.json")
	require.NoError(t, err)
	var cases []golden
	require.NoError(t, json.Unmarshal(data, &cases))
	seen := map[string]bool{}
	for _, g := range cases {
		t.Run(g.Name, func(t *testing.T) {
			require.NotEmpty(t, g.Want)
			for name, want := range g.Want {
				d, err := Lookup(name, g.Task)
				require.NoError(t, err)
				got, ok := d.Value(g.sample())
				require.True(t, ok, name)
				require.InDelta(t, want, got, 1e-9*max(1, math.Abs(want)), name)
				seen[name] = true
			}
		})
	}
	for _, d := range All() {
		require.True(t, seen[d.Name], "no golden value of %s", d.Name)
	}
}

func TestDeclarations(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range All() {
		require.NotEmpty(t, d.Formula, d.Name)
		require.NotEmpty(t, d.Source, d.Name)
		require.NotEmpty(t, d.Tasks, d.Name)
		require.False(t, seen[d.Name])
		seen[d.Name] = true
	}
	require.Equal(t, "auc", Default(model.Classification, 2).Name)
	require.Equal(t, "log_loss", Default(model.Classification, 3).Name)
	require.Equal(t, "rmse", Default(model.Regression, 0).Name)
	require.Equal(t, "silhouette", Default(model.Clustering, 0).Name)
}

func TestLookup(t *testing.T) {
	d, err := Lookup("AUC", model.Classification)
	require.NoError(t, err)
	require.Equal(t, "auc", d.Name)
	for _, c := range []struct {
		name string
		task model.Task
		code sqlstate.Code
		hint string
	}{
		{"acu", model.Classification, sqlstate.UndefinedObject, "Did you mean auc?"},
		{"rmes", model.Regression, sqlstate.UndefinedObject, "Did you mean rmse?"},
		{"auc", model.Regression, sqlstate.InvalidParameterValue, "rmse, mae, r2"},
		{"nothing like it", "", sqlstate.UndefinedObject, "Metrics are auc"},
		{"", model.Clustering, sqlstate.UndefinedObject, "silhouette, inertia"},
	} {
		_, err := Lookup(c.name, c.task)
		require.True(t, sqlstate.Is(err, c.code), "%v", err)
		require.Contains(t, sqlstate.From(err).Hint, c.hint)
	}
}

// TestNoValue: where a metric isn't defined it says so, and no metric panics.
func TestNoValue(t *testing.T) {
	nan := math.NaN()
	for name, s := range map[string]*Sample{
		"no rows":     {Task: model.Classification, Classes: 2, Y: []float64{}, Value: []float64{}},
		"one class":   {Task: model.Classification, Classes: 2, Y: []float64{1, 1}, Value: []float64{0.5, 0.2}},
		"constant":    {Task: model.Regression, Y: []float64{3, 3}, Value: []float64{1, 2}},
		"zeros":       {Task: model.Regression, Y: []float64{0, 1}, Value: []float64{0, 1}},
		"NaN":         {Task: model.Regression, Y: []float64{0, 1}, Value: []float64{nan, 1}},
		"NaN class":   {Task: model.Classification, Classes: 2, Y: []float64{0, 1}, Value: []float64{nan, nan}},
		"no weight":   {Task: model.Classification, Classes: 2, Y: []float64{0, 1}, Value: []float64{0.1, 0.9}, Weight: []float64{0, 0}},
		"one cluster": {Task: model.Clustering, Value: []float64{0, 0}, X: model.Matrix{Rows: 2, Cols: [][]float64{{1, 2}}}},
	} {
		for _, d := range For(s.Task) {
			v, ok := d.Value(s)
			if ok {
				require.False(t, math.IsNaN(v), "%s of %s", d.Name, name)
			}
		}
		got, err := Intervals(context.Background(), s, For(s.Task), Bootstrap{Replicates: 30})
		require.NoError(t, err)
		require.Len(t, got, len(For(s.Task)))
		Curves(s)
	}
	none := func(name string, s *Sample) {
		d, err := Lookup(name, s.Task)
		require.NoError(t, err)
		_, ok := d.Value(s)
		require.False(t, ok, name)
	}
	none("auc", &Sample{Task: model.Classification, Classes: 2, Y: []float64{1, 1}, Value: []float64{0.5, 0.2}})
	none("r2", &Sample{Task: model.Regression, Y: []float64{3, 3}, Value: []float64{1, 2}})
	none("mape", &Sample{Task: model.Regression, Y: []float64{0, 3}, Value: []float64{1, 2}})
	none("poisson_deviance", &Sample{Task: model.Regression, Y: []float64{1}, Value: []float64{0}})
	none("silhouette", &Sample{Task: model.Clustering, Value: []float64{0, 0}, X: model.Matrix{Rows: 2, Cols: [][]float64{{1, 2}}}})
}

// TestCoverage: an interval of 95 % contains the truth about as often. The model's scores are of two normal
// distributions, whose AUC is known: Φ(d / √2).
func TestCoverage(t *testing.T) {
	const truth = 0.7602499389065233 // Φ(1/√2)
	d, err := Lookup("auc", model.Classification)
	require.NoError(t, err)
	for _, n := range []int{200, 6000} { // rows, neighbourhoods of scores
		inside, width := 0, 0.0
		const times = 60
		for k := range times {
			r := rand.New(rand.NewPCG(uint64(k), 5))
			s := &Sample{Task: model.Classification, Classes: 2}
			for i := range n {
				y := float64(i % 2)
				s.Y = append(s.Y, y)
				s.Value = append(s.Value, 1/(1+math.Exp(-(r.NormFloat64()+y))))
			}
			got, err := Intervals(context.Background(), s, []Decl{*d}, Bootstrap{Seed: int64(k), Replicates: 200})
			require.NoError(t, err)
			require.True(t, got[0].Bounded)
			width += got[0].High - got[0].Low
			if got[0].Low <= truth && truth <= got[0].High {
				inside++
			}
		}
		// The chance of less than 50 of 60 at 95 % is below 1e-3.
		require.GreaterOrEqual(t, inside, 50, "n = %d", n)
		// Hanley and McNeil's standard error of this AUC.
		se := math.Sqrt((truth*(1-truth) + (float64(n)/2-1)*(truth/(2-truth)-truth*truth+2*truth*truth/(1+truth)-truth*truth)) / (float64(n) * float64(n) / 4))
		require.InEpsilon(t, 2*1.96*se, width/times, 0.12)
	}
}

// TestSubsample: the width of an interval from chosen rows is that of all rows.
func TestSubsample(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	n := 4 * maxUnits
	s := &Sample{Task: model.Regression}
	for range n {
		y := r.NormFloat64()
		s.Y, s.Value = append(s.Y, y), append(s.Value, y+r.NormFloat64())
	}
	d, err := Lookup("mae", model.Regression)
	require.NoError(t, err)
	got, err := Intervals(context.Background(), s, []Decl{*d}, Bootstrap{Seed: 3})
	require.NoError(t, err)
	// The mean of |e| is √(2/π), its variance 1 - 2/π.
	require.InEpsilon(t, 2*1.96*math.Sqrt((1-2/math.Pi)/float64(n)), got[0].High-got[0].Low, 0.12)
	require.Less(t, got[0].Low, got[0].Value)
	require.Greater(t, got[0].High, got[0].Value)
}

func TestIntervalsRepeat(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := &Sample{Task: model.Classification, Classes: 3, Proba: make([][]float64, 3)}
	for i := range 300 {
		s.Y = append(s.Y, float64(i%3))
		p := []float64{r.Float64(), r.Float64(), r.Float64()}
		for k := range p {
			s.Proba[k] = append(s.Proba[k], p[k]/(p[0]+p[1]+p[2]))
		}
	}
	first, err := Intervals(context.Background(), s, For(s.Task), Bootstrap{Seed: 9, Replicates: 50})
	require.NoError(t, err)
	again, err := Intervals(context.Background(), s, For(s.Task), Bootstrap{Seed: 9, Replicates: 50, Threads: 3})
	require.NoError(t, err)
	require.Equal(t, first, again)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Intervals(ctx, s, For(s.Task), Bootstrap{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestDifference(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	good, bad := &Sample{Task: model.Regression}, &Sample{Task: model.Regression}
	for range 500 {
		y, shared := r.NormFloat64(), r.NormFloat64()
		good.Y, good.Value = append(good.Y, y), append(good.Value, y+shared)
		bad.Value = append(bad.Value, y+1.05*shared)
	}
	bad.Y = good.Y
	d, err := Lookup("rmse", model.Regression)
	require.NoError(t, err)
	got, err := Difference(context.Background(), good, bad, d, Bootstrap{Seed: 1})
	require.NoError(t, err)
	// The errors are in a fixed ratio, so that only a paired interval sees that one is surely better.
	require.True(t, got.Bounded)
	require.Greater(t, got.Low, 0.0)
	require.InDelta(t, 0.05, got.Value, 0.01)
	apart, err := Intervals(context.Background(), good, []Decl{*d}, Bootstrap{Seed: 1})
	require.NoError(t, err)
	require.Greater(t, apart[0].High-apart[0].Low, 2*(got.High-got.Low))
	same, err := Difference(context.Background(), good, good, d, Bootstrap{Seed: 1})
	require.NoError(t, err)
	require.Zero(t, same.Value)
	require.Zero(t, same.High)
}

func TestCurves(t *testing.T) {
	s := &Sample{Task: model.Classification, Classes: 2, Y: []float64{0, 0, 1, 1, 0, 1}, Value: []float64{0.1, 0.4, 0.4, 0.8, 0.2, 0.9}}
	by := map[string][]Point{}
	for _, c := range Curves(s) {
		by[c.Name] = c.Points
	}
	require.Equal(t, []string{"calibration", "confusion", "gains", "pr", "roc", "thresholds"}, slices.Sorted(mapKeys(by)))
	// Corners: both certain ones, then the tie of one each, then the rest; the first corner (0.9) lies on the line to 0.8.
	require.Equal(t, []Point{{Z: 1}, {X: 0, Y: 1.0 / 3, Z: 0.9}, {X: 0, Y: 2.0 / 3, Z: 0.8}, {X: 1.0 / 3, Y: 1, Z: 0.4}, {X: 1, Y: 1, Z: 0.1}}, by["roc"])
	area := 0.0
	for i := 1; i < len(by["roc"]); i++ {
		a, b := by["roc"][i-1], by["roc"][i]
		area += (b.X - a.X) * (a.Y + b.Y) / 2
	}
	auc, err := Lookup("auc", model.Classification)
	require.NoError(t, err)
	want, _ := auc.Value(s)
	require.InDelta(t, want, area, 1e-12)
	require.Equal(t, Confusion{{3, 0}, {1, 2}}, ConfusionOf(s))
	rows := 0.0
	for _, p := range by["calibration"] {
		rows += p.Z
	}
	require.Equal(t, 6.0, rows)
	last := by["gains"][len(by["gains"])-1]
	require.Equal(t, Point{X: 1, Y: 1, Z: 1}, last)
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func BenchmarkIntervals(b *testing.B) {
	r := rand.New(rand.NewPCG(4, 2))
	s := &Sample{Task: model.Classification, Classes: 2}
	for i := range 1_000_000 {
		y := float64(i % 2)
		s.Y, s.Value = append(s.Y, y), append(s.Value, 1/(1+math.Exp(-r.NormFloat64()-y)))
	}
	for b.Loop() {
		s.ranked = nil
		if _, err := Intervals(context.Background(), s, For(s.Task), Bootstrap{Threads: 2}); err != nil {
			b.Fatal(err)
		}
	}
}

// Scores are ordered by their bits as by their values: NaN first, the zeros alike, ties in the sample's order.
func TestRank(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	r := rank([]float64{0.5, nan, -2, math.Copysign(0, -1), inf, 0, -inf, 0.5, 5e-324, nan}, func(i int) bool { return i == 4 })
	require.Equal(t, []int32{1, 9, 6, 2, 3, 5, 8, 0, 7, 4}, r.row)
	require.Equal(t, []int32{2, 3, 4, 6, 7, 9, 10}, r.ends)
	require.Equal(t, []bool{false, false, false, false, false, false, false, false, false, true}, r.positive)
}

// The thresholds' points are those that a pass over the rows gives.
func TestThresholds(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	s := &Sample{Task: model.Classification, Classes: 2}
	for i := range 500 {
		s.Y, s.Value, s.Weight = append(s.Y, float64(i%2)), append(s.Value, math.Round(r.Float64()*20)/20), append(s.Weight, float64(1+i%3))
	}
	s.Value[7] = math.NaN()
	points := thresholds(s.ranksOf(1).steps(s))
	require.Len(t, points, 57)
	for _, p := range points {
		cut := &Sample{Task: s.Task, Classes: 2, Y: s.Y, Value: s.Value, Weight: s.Weight, Threshold: p.X}
		d, err := Lookup(p.Label, s.Task)
		require.NoError(t, err)
		want, ok := d.Value(cut)
		require.True(t, ok)
		require.InDelta(t, want, p.Y, 1e-12, "%s from %g on", p.Label, p.X)
		c := ConfusionOf(cut)
		require.InDelta(t, c[0][1]+c[1][1], p.Z, 1e-9)
	}
}
