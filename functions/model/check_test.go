package model_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestCheck(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	in := func(x ...float64) model.Input {
		return model.Input{X: model.Matrix{Rows: len(x), Cols: [][]float64{x}}, Names: []string{"größe"}, Y: make([]float64, len(x)), Classes: 2}
	}
	with := func(in model.Input, change func(*model.Input)) model.Input {
		change(&in)
		return in
	}
	for name, c := range map[string]struct {
		in   model.Input
		task model.Task
		l    model.Limits
		want string
		code sqlstate.Code
	}{
		"fine":                 {in(1, 2), model.Classification, model.Limits{}, "", ""},
		"no rows":              {in(), model.Regression, model.Limits{}, "no rows", sqlstate.InvalidParameterValue},
		"no features":          {model.Input{X: model.Matrix{Rows: 2}}, model.Regression, model.Limits{}, "no features", sqlstate.InvalidParameterValue},
		"no features is ok":    {model.Input{X: model.Matrix{Rows: 2}, Y: make([]float64, 2)}, model.Regression, model.Limits{NoFeatures: true}, "", ""},
		"infinite":             {in(1, -inf), model.Regression, model.Limits{TakesMissing: true}, `"größe" has infinite`, sqlstate.InvalidParameterValue},
		"beyond float32":       {in(1, 1e39), model.Regression, model.Limits{Largest: math.MaxFloat32}, `"größe" has the value 1e+39`, sqlstate.InvalidParameterValue},
		"missing":              {in(1, nan), model.Regression, model.Limits{}, `"größe" has missing`, sqlstate.InvalidParameterValue},
		"missing is ok":        {in(1, nan), model.Regression, model.Limits{TakesMissing: true}, "", ""},
		"short column":         {with(in(1, 2), func(in *model.Input) { in.X.Rows = 3 }), model.Regression, model.Limits{}, "2 rows instead of 3", sqlstate.InternalError},
		"NaN target":           {with(in(1), func(in *model.Input) { in.Y = []float64{nan} }), model.Regression, model.Limits{}, "target has missing", sqlstate.InvalidParameterValue},
		"foreign class":        {with(in(1), func(in *model.Input) { in.Y = []float64{2} }), model.Classification, model.Limits{}, "class 2", sqlstate.InternalError},
		"one class":            {with(in(1), func(in *model.Input) { in.Classes = 1 }), model.Classification, model.Limits{}, "one class", sqlstate.InvalidParameterValue},
		"no target to cluster": {with(in(1), func(in *model.Input) { in.Y = nil }), model.Clustering, model.Limits{}, "", ""},
		"zero weights":         {with(in(1, 2), func(in *model.Input) { in.Weight = []float64{0, 0} }), model.Regression, model.Limits{}, "all weights are zero", sqlstate.InvalidParameterValue},
		"negative weight":      {with(in(1, 2), func(in *model.Input) { in.Weight = []float64{1, -1} }), model.Regression, model.Limits{}, "weight -1", sqlstate.InvalidParameterValue},
		"NaN weight":           {with(in(1, 2), func(in *model.Input) { in.Weight = []float64{1, nan} }), model.Regression, model.Limits{}, "weight NaN", sqlstate.InvalidParameterValue},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.in.Check(c.task, c.l)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.Equal(t, c.code, sqlstate.From(err).Code)
		})
	}
}

func TestCounted(t *testing.T) {
	in := model.Input{X: model.Matrix{Rows: 3, Cols: [][]float64{{1, 2, 3}}}, Y: []float64{4, 5, 6}}
	same, err := in.Counted()
	require.NoError(t, err)
	require.Equal(t, in, same)
	in.Weight = []float64{1, 0, 2}
	fewer, err := in.Counted()
	require.NoError(t, err)
	require.Equal(t, model.Input{X: model.Matrix{Rows: 2, Cols: [][]float64{{1, 3}}}, Y: []float64{4, 6}, Weight: []float64{1, 2}}, fewer)
	in.Weight = []float64{1e308, 1e308, 0}
	_, err = in.Counted()
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.From(err).Code)
}

func TestSteady(t *testing.T) {
	require.Equal(t, model.Steady(0.1+0.2), model.Steady(0.3))
	require.NotEqual(t, model.Steady(0.3), model.Steady(0.30000000001))
	require.True(t, math.IsNaN(model.Steady(math.NaN())))
	require.Equal(t, math.Inf(1), model.Steady(math.Inf(1)))
}
