package tune

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

var space = []Dimension{
	{Name: "depth", Low: 2, High: 12, Whole: true}, {Name: "rate", Low: 1e-4, High: 1, Log: true},
	{Name: "share", Low: -1, High: 3}, {Name: "kind", Choices: []any{"a", "b", "c"}},
}

// all runs a search to its end.
func all(t *testing.T, space []Dimension, o Options, loss func(p map[string]any) float64) []map[string]any {
	t.Helper()
	s, err := New(space, o)
	require.NoError(t, err)
	var out []map[string]any
	for {
		total := s.Total()
		p, ok := s.Next()
		if !ok {
			require.Zero(t, total)
			return out
		}
		out = append(out, p)
		l := loss(p)
		s.Tell(l, !math.IsNaN(l))
	}
}

func zero(map[string]any) float64 { return 0 }

func TestGrid(t *testing.T) {
	got := all(t, []Dimension{{Name: "k", Choices: []any{int64(1), int64(2)}}, {Name: "n", Low: 3, High: 5, Whole: true}}, Options{Strategy: "GRID"}, zero)
	require.Equal(t, []map[string]any{
		{"k": int64(1), "n": int64(3)}, {"k": int64(1), "n": int64(4)}, {"k": int64(1), "n": int64(5)},
		{"k": int64(2), "n": int64(3)}, {"k": int64(2), "n": int64(4)}, {"k": int64(2), "n": int64(5)},
	}, got)
	steps := all(t, []Dimension{{Name: "rate", Low: 0.01, High: 100, Log: true}}, Options{Strategy: "grid"}, zero)
	require.Len(t, steps, 5)
	for i, want := range []float64{0.01, 0.1, 1, 10, 100} {
		require.InEpsilon(t, want, steps[i]["rate"], 1e-12)
	}
	require.Len(t, all(t, []Dimension{{Name: "k", Choices: []any{1.0, 2.0}}}, Options{}, zero), 2, "choices only are a grid")
	require.Len(t, all(t, []Dimension{{Name: "n", Low: 0, High: 1e9, Whole: true}}, Options{Strategy: "grid", Trials: 3}, zero), 3)
}

func TestErrors(t *testing.T) {
	big := make([]Dimension, 9)
	for i := range big {
		big[i] = Dimension{Name: "x", Low: 0, High: 1}
	}
	for name, c := range map[string]struct {
		space []Dimension
		o     Options
		code  sqlstate.Code
	}{
		"nothing":  {nil, Options{}, sqlstate.InvalidParameterValue},
		"empty":    {[]Dimension{{Name: "x", Low: 2, High: 2}}, Options{}, sqlstate.InvalidParameterValue},
		"log":      {[]Dimension{{Name: "x", Low: 0, High: 2, Log: true}}, Options{}, sqlstate.InvalidParameterValue},
		"infinite": {[]Dimension{{Name: "x", Low: 0, High: math.Inf(1)}}, Options{}, sqlstate.InvalidParameterValue},
		"half":     {[]Dimension{{Name: "x", Low: 0.5, High: 2, Whole: true}}, Options{}, sqlstate.InvalidParameterValue},
		"strategy": {space, Options{Strategy: "luck"}, sqlstate.InvalidParameterValue},
		"too many": {big, Options{Strategy: "grid"}, sqlstate.ProgramLimitExceeded},
	} {
		_, err := New(c.space, c.o)
		require.True(t, sqlstate.Is(err, c.code), "%s: %v", name, err)
	}
}

// TestWithin: every strategy stays in the space, and repeats itself for a seed.
func TestWithin(t *testing.T) {
	for _, strategy := range []string{"random", "tpe", "grid"} {
		r := rand.New(rand.NewPCG(1, 1))
		loss := func(map[string]any) float64 { return r.Float64() }
		got := all(t, space, Options{Strategy: strategy, Trials: 60, Seed: 5}, loss)
		require.Len(t, got, 60)
		for _, p := range got {
			require.Contains(t, []any{"a", "b", "c"}, p["kind"])
			depth, rate, share := p["depth"].(int64), p["rate"].(float64), p["share"].(float64)
			require.True(t, depth >= 2 && depth <= 12 && rate >= 1e-4 && rate <= 1 && share >= -1 && share <= 3, "%v", p)
		}
		r = rand.New(rand.NewPCG(1, 1))
		require.Equal(t, got, all(t, space, Options{Strategy: strategy, Trials: 60, Seed: 5}, loss))
		if strategy != "grid" {
			require.NotEqual(t, got, all(t, space, Options{Strategy: strategy, Trials: 60, Seed: 6}, loss))
		}
	}
}

// TestParzen: on a bowl, what is proposed after the start is nearer to its bottom than random points are, and the best is
// better, over many seeds.
func TestParzen(t *testing.T) {
	bowl := func(p map[string]any) float64 {
		loss := math.Pow(math.Log10(p["rate"].(float64))+1.5, 2) + math.Pow(p["share"].(float64)-2, 2) + math.Pow(float64(p["depth"].(int64)-9)/4, 2)
		if p["kind"] != "b" {
			loss += 2
		}
		return loss
	}
	wins, tpeMean, randomMean := 0, 0.0, 0.0
	const seeds = 40
	for seed := range int64(seeds) {
		best := map[string]float64{}
		for _, strategy := range []string{"random", "tpe"} {
			least, late := math.Inf(1), 0.0
			for i, p := range all(t, space, Options{Strategy: strategy, Trials: 60, Seed: seed}, bowl) {
				least = min(least, bowl(p))
				if i >= 40 {
					late += bowl(p) / 20 / seeds
				}
			}
			best[strategy] = least
			if strategy == "tpe" {
				tpeMean += late
			} else {
				randomMean += late
			}
		}
		if best["tpe"] < best["random"] {
			wins++
		}
	}
	require.GreaterOrEqual(t, wins, 30, "of %d", seeds)
	require.Less(t, tpeMean, randomMean/2)
}

func TestFailedTrials(t *testing.T) {
	// Half of the space fails: it is avoided.
	failed := 0
	n := 0
	all(t, []Dimension{{Name: "x", Low: 0, High: 1}}, Options{Strategy: "tpe", Trials: 50, Seed: 1}, func(p map[string]any) float64 {
		n++
		if p["x"].(float64) < 0.5 {
			if n > 20 {
				failed++
			}
			return math.NaN()
		}
		return math.Abs(p["x"].(float64) - 0.8)
	})
	require.Less(t, failed, 6, "of 30, where chance would give 15")
}

func TestString(t *testing.T) {
	require.Equal(t, "rate => RANGE(0.0001, 1, LOG)", space[1].String())
	require.Equal(t, "kind => CHOICE(a, b, c)", space[3].String())
}
