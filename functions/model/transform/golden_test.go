package transform

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/types"
)

// data are columns in memory: []float64 or []string, where "NULL" is NULL.
type data map[string]any

var nan = math.NaN()

// frameOf is a frame with the inputs of a plan, of columns only. Rows keep their order.
func (d data) frameOf(t testing.TB, p *Plan) *frame.Frame {
	t.Helper()
	f := &frame.Frame{}
	for _, in := range p.inputs {
		c := frame.Column{Name: in.Name, Kind: in.Kind}
		switch x := d[in.Column].(type) {
		case []float64:
			require.Equal(t, frame.Number, in.Kind)
			c.Num, f.Rows = slices.Clone(x), len(x)
		case []string:
			require.Equal(t, frame.Category, in.Kind)
			c.Dict = slices.Compact(slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(x), func(s string) bool { return s == "NULL" }))))
			for _, s := range x {
				code, ok := slices.BinarySearch(c.Dict, s)
				if !ok {
					code = -1
				}
				c.Code = append(c.Code, int32(code))
			}
			f.Rows = len(x)
		default:
			require.Failf(t, "no data", "for %s", in.Name)
		}
		f.Cols = append(f.Cols, c)
	}
	f.Hash = make([]uint64, f.Rows)
	for i := range f.Hash {
		f.Hash[i] = frame.Keyed(uint64(i), 99)
	}
	return f
}

// columns describes the data.
func (d data) columns() []types.Column {
	var out []types.Column
	for name, x := range d {
		typ := types.Of(types.Double)
		if _, ok := x.([]string); ok {
			typ = types.Of(types.Varchar)
		}
		out = append(out, types.Column{Name: name, Type: typ})
	}
	slices.SortFunc(out, func(a, b types.Column) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// items reads a TRANSFORM list.
func items(t testing.TB, text string) []ItemSpec {
	t.Helper()
	st := lex.Split(text)
	require.Len(t, st, 1)
	p := parse.New(text, st[0])
	out, err := ParseItems(p)
	require.NoError(t, err)
	require.NoError(t, p.ExpectEof())
	return out
}

func plan(t testing.TB, text string, d data, o PlanOptions) *Plan {
	t.Helper()
	var list []ItemSpec
	if text != "" {
		list = items(t, text)
	}
	p, err := NewPlan(list, d.columns(), o)
	require.NoError(t, err)
	return p
}

func rowsTo(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

// The oracle is scikit-learn; testdata/models/transform_golden.py writes its answers.
func TestGolden(t *testing.T) {
	raw, err := os.ReadFile("../../../testdata/models/transform_golden.json")
	require.NoError(t, err)
	var g struct {
		Fit                            int
		Area, Error, Yes, Three, Value []float64
		Holes                          []*float64
		City                           []string
		Lambda                         map[string]float64
		Want                           map[string][][]*float64
	}
	require.NoError(t, json.Unmarshal(raw, &g))
	d := data{"area": g.Area, "error": g.Error, "holes": values(g.Holes), "city": g.City}
	targets := map[string]struct {
		y       []float64
		classes int
	}{"": {g.Yes, 2}, "yes": {g.Yes, 2}, "three": {g.Three, 3}, "value": {g.Value, 0}}
	require.Len(t, g.Want, 22)
	for call, want := range g.Want {
		t.Run(call, func(t *testing.T) {
			call, target, _ := strings.Cut(call, " of ")
			p := plan(t, "("+call+" OVER () AS x)", d, PlanOptions{TakesMissing: true})
			f := d.frameOf(t, p)
			y := targets[target]
			fit, err := p.Fit(context.Background(), f, rowsTo(g.Fit), y.y, y.classes, 0)
			require.NoError(t, err)
			m, err := fit.Apply(context.Background(), f, f.All())
			require.NoError(t, err)
			require.Len(t, m.Cols, len(want), "%v", fit.Names())
			tolerance := 1e-12
			if strings.Contains(call, "yeo_johnson") {
				tolerance = 2e-6 // both search for λ, and stop about 1e-8 from it
			}
			for k := range want {
				for i, v := range values(want[k]) {
					if v != v {
						require.True(t, math.IsNaN(m.Cols[k][i]), "column %d, row %d", k, i)
						continue
					}
					require.InDelta(t, v, m.Cols[k][i], tolerance*(1+math.Abs(v)), "column %d, row %d", k, i)
				}
			}
		})
	}
	require.InDelta(t, g.Lambda["error"], bestLambda(g.Error[:g.Fit]), 1e-6)
	require.InDelta(t, g.Lambda["area"], bestLambda(g.Area[:g.Fit]), 1e-6)
}

// values are numbers with nil as NaN.
func values(x []*float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		if out[i] = nan; v != nil {
			out[i] = *v
		}
	}
	return out
}
