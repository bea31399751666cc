package transform

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var background = context.Background()

// shop has numbers with holes, a flag, a text of few values and one of many, and a target.
func shop(n int) (data, []float64) {
	r := rand.New(rand.NewPCG(4, 2))
	age, income, plan, city, y := make([]float64, n), make([]float64, n), make([]string, n), make([]string, n), make([]float64, n)
	for i := range n {
		age[i], income[i] = 20+r.Float64()*50, math.Exp(r.NormFloat64())
		if r.IntN(10) == 0 {
			age[i] = nan
		}
		plan[i] = []string{"free", "pro", "NULL"}[r.IntN(3)]
		city[i] = fmt.Sprintf("c%02d", r.IntN(40))
		y[i] = float64(r.IntN(2))
	}
	return data{"age": age, "income": income, "plan": plan, "city": city}, y
}

func fit(t testing.TB, p *Plan, f *frame.Frame, rows []int32, y []float64, classes int) *Fitted {
	t.Helper()
	out, err := p.Fit(background, f, rows, y, classes, 1)
	require.NoError(t, err)
	return out
}

func TestDefaults(t *testing.T) {
	d, y := shop(400)
	p := plan(t, "", d, PlanOptions{TakesMissing: true})
	f := d.frameOf(t, p)
	trees := fit(t, p, f, f.All(), y, 2)
	require.Equal(t, []string{"age", "city", "income", "plan=free", "plan=pro"}, trees.Names())
	m, err := trees.Apply(background, f, f.All())
	require.NoError(t, err)
	require.Same(t, &f.Cols[0].Num[0], &m.Cols[0][0], "a column as it is shares the frame's memory")
	require.Empty(t, trees.Warnings())

	p = plan(t, "", d, PlanOptions{WantsScaled: true})
	linear := fit(t, p, f, f.All(), y, 2)
	require.Equal(t, []string{"age", "age_missing", "city", "income", "plan=free", "plan=pro"}, linear.Names())
	m, err = linear.Apply(background, f, f.All())
	require.NoError(t, err)
	for k, name := range linear.Names() {
		_, mean, variance := moments(m.Cols[k])
		if name == "age" || name == "city" || name == "income" {
			require.InDelta(t, 0, mean, 1e-12, name)
			require.InDelta(t, 1, variance, 1e-12, name)
		}
		require.NotContains(t, m.Cols[k], nan)
	}

	p = plan(t, "", d, PlanOptions{TakesMissing: true})
	clusters := fit(t, p, f, f.All(), nil, 0)
	require.Contains(t, clusters.Names(), "city=other", "without a target the most frequent values get a feature")
	require.Len(t, clusters.Names(), 2+13+2)
}

func TestDropped(t *testing.T) {
	n := 60
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprint("customer ", i)
	}
	holes := slices.Repeat([]float64{7}, n)
	holes[3] = nan
	d := data{"constant": slices.Repeat([]float64{5}, n), "nothing": slices.Repeat([]float64{nan}, n), "one": slices.Repeat([]string{"x"}, n),
		"none": slices.Repeat([]string{"NULL"}, n), "id": ids, "holes": holes}
	_, y := shop(n)
	p := plan(t, "", d, PlanOptions{})
	f := d.frameOf(t, p)
	got := fit(t, p, f, f.All(), y, 2)
	require.Equal(t, []string{"holes_missing", "id"}, got.Names())
	text := strings.Join(got.Warnings(), "\n")
	for _, name := range []string{"constant", "nothing", "one", "none", "holes"} {
		require.Contains(t, text, fmt.Sprintf(`Feature "%s" is left out`, name))
	}
	require.Contains(t, text, `Feature "id" looks like an identifier: 60 of 60`)
	require.Len(t, got.Warnings(), 6)

	p = plan(t, "", d, PlanOptions{TakesMissing: true})
	require.Contains(t, fit(t, p, f, f.All(), y, 2).Names(), "holes", "trees see which rows have the value")

	p = plan(t, "(scale_standard(nothing) OVER (), one_hot(none) OVER (), holes)", d, PlanOptions{TakesMissing: true})
	require.Equal(t, []string{"holes"}, fit(t, p, f, f.All(), y, 2).Names())

	p = plan(t, "(constant, nothing)", d, PlanOptions{})
	_, err := p.Fit(background, f, f.All(), y, 2, 0)
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err))
	_, err = p.Fit(background, f, nil, y, 2, 0)
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err))
}

// A fit sees its rows only: whatever stands in the others, it is the same bytes.
func TestFitSeesItsRowsOnly(t *testing.T) {
	const all = `(scale_standard(age) OVER () AS a, scale_minmax(age) OVER () AS b, scale_robust(age) OVER () AS c, impute(age, 'mean') OVER () AS d,
		impute(age, 'mode') OVER () AS e, winsorize(income, 0.1, 0.9) OVER () AS f, clip_iqr(income) OVER () AS g, yeo_johnson(income) OVER () AS h,
		quantile_bucket(income, 9) OVER () AS i, one_hot(city, 5, other => true) OVER () AS j, ordinal_encode(city) OVER () AS k,
		target_encode(city) OVER () AS l, impute(plan) OVER () AS m2, one_hot(impute(plan)) OVER () AS n, *)`
	for _, o := range []PlanOptions{{TakesMissing: true}, {WantsScaled: true}} {
		d, y := shop(600)
		text := strings.Replace(all, "impute(plan) OVER () AS m2, ", "", 1)
		p := plan(t, text, d, o)
		f := d.frameOf(t, p)
		rows := []int32{}
		for i := range int32(600) {
			if i%3 > 0 {
				rows = append(rows, i)
			}
		}
		before, err := json.Marshal(fit(t, p, f, rows, y, 2))
		require.NoError(t, err)
		for i := 0; i < 600; i += 3 { // the planted leak: other rows say it all
			y[i] = 1
			for k := range f.Cols {
				c := &f.Cols[k]
				if c.Kind == frame.Number {
					c.Num[i] = 1e6 * float64(k+1)
				} else {
					c.Code[i] = int32(len(c.Dict) - 1)
				}
			}
		}
		after, err := json.Marshal(fit(t, p, f, rows, y, 2))
		require.NoError(t, err)
		require.Equal(t, string(before), string(after))
	}
}

// A training row's own target never enters its own encoding.
func TestOutOfFold(t *testing.T) {
	d, y := shop(500)
	three := make([]float64, 500)
	for i := range three {
		three[i] = float64(i * 7 % 3)
	}
	value := slices.Clone(d["income"].([]float64))
	for name, c := range map[string]struct {
		items   string
		y       []float64
		classes int
		o       PlanOptions
	}{
		"written":    {"(target_encode(city) OVER (), scale_standard(age) OVER ())", y, 2, PlanOptions{TakesMissing: true}},
		"scaled":     {"(scale_minmax(target_encode(city, 5)) OVER ())", y, 2, PlanOptions{TakesMissing: true}},
		"default":    {"(* EXCLUDE (plan))", value, 0, PlanOptions{WantsScaled: true}},
		"three":      {"(target_encode(impute(plan, 'none')) OVER (), age)", three, 3, PlanOptions{TakesMissing: true}},
		"three many": {"(*)", three, 3, PlanOptions{}},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(t, c.items, d, c.o)
			f := d.frameOf(t, p)
			rows := f.All()[50:450]
			got := fit(t, p, f, rows, c.y, c.classes)
			before, err := got.OutOfFold(background, f, rows, c.y, c.classes, 3, 5)
			require.NoError(t, err)
			plain, err := got.Apply(background, f, rows)
			require.NoError(t, err)
			learned := 0
			for k, name := range got.Names() {
				if strings.HasPrefix(name, "city") || strings.HasPrefix(name, "plan") && strings.Contains(c.items, "target_encode(impute(plan") {
					learned++
					require.NotEqual(t, plain.Cols[k], before.Cols[k], name)
				} else {
					require.Equal(t, bits(plain.Cols[k]), bits(before.Cols[k]), name)
				}
			}
			require.Positive(t, learned)
			for _, i := range []int{0, 17, 399} { // another target in one row
				changed := slices.Clone(c.y)
				changed[rows[i]] = math.Mod(changed[rows[i]]+1, 2)
				after, err := got.OutOfFold(background, f, rows, changed, c.classes, 3, 5)
				require.NoError(t, err)
				moved := false
				for k := range after.Cols {
					require.Equal(t, math.Float64bits(before.Cols[k][i]), math.Float64bits(after.Cols[k][i]), "row %d of %s", i, got.Names()[k])
					moved = moved || !slices.Equal(bits(before.Cols[k]), bits(after.Cols[k]))
				}
				require.True(t, moved, "it enters other rows' encodings")
			}
			other, err := got.OutOfFold(background, f, rows, c.y, c.classes, 4, 5)
			require.NoError(t, err)
			require.NotEqual(t, before.Cols, other.Cols, "the seed makes the folds")
		})
	}
}

// A noise text with a value for each pair of rows looks perfect where its own target is in it, and is worth nothing out of fold.
func TestTargetEncodingDoesNotLeak(t *testing.T) {
	n := 2000
	r := rand.New(rand.NewPCG(8, 8))
	noise, y := make([]string, n), make([]float64, n)
	for i := range n {
		noise[i], y[i] = fmt.Sprint("v", r.IntN(n/2)), float64(r.IntN(2))
	}
	d := data{"noise": noise}
	p := plan(t, "(target_encode(noise, 0) OVER ())", d, PlanOptions{TakesMissing: true})
	f := d.frameOf(t, p)
	got := fit(t, p, f, f.All(), y, 2)
	correlation := func(x []float64) float64 {
		_, mx, vx := moments(x)
		_, my, vy := moments(y)
		sum := 0.0
		for i := range x {
			sum += (x[i] - mx) * (y[i] - my)
		}
		return sum / float64(n) / math.Sqrt(vx*vy)
	}
	own, err := got.Apply(background, f, f.All())
	require.NoError(t, err)
	require.Greater(t, correlation(own.Cols[0]), 0.6)
	honest, err := got.OutOfFold(background, f, f.All(), y, 2, 0, 5)
	require.NoError(t, err)
	require.InDelta(t, 0, correlation(honest.Cols[0]), 0.08)
}

func TestOutOfFoldSmall(t *testing.T) {
	d := data{"s": []string{"a", "NULL", "NULL"}, "x": []float64{1, 2, 3}}
	y := []float64{1, 0, 1}
	p := plan(t, "(target_encode(impute(s)) OVER () AS e, target_encode(s) OVER (), x)", d, PlanOptions{TakesMissing: true})
	f := d.frameOf(t, p)
	got, err := p.Fit(background, f, f.All(), y, 2, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"s", "x"}, got.Names(), "imputed, it is always a")
	for _, folds := range []int{2, 3, 10} {
		m, err := got.OutOfFold(background, f, f.All(), y, 2, 0, folds)
		require.NoError(t, err)
		for k := range m.Cols {
			for _, v := range m.Cols[k] {
				require.False(t, math.IsNaN(v))
			}
		}
	}
	_, err = got.OutOfFold(background, f, f.All(), y, 2, 0, 1)
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err))
	one := fit(t, plan(t, "(target_encode(s) OVER (), x)", d, PlanOptions{TakesMissing: true}), f, f.All(), y, 2)
	m, err := one.OutOfFold(background, f, []int32{1}, y, 2, 0, 5)
	require.NoError(t, err)
	require.Equal(t, 1, m.Rows)
}

// However many threads fit, the bytes are the same.
func TestThreads(t *testing.T) {
	d, y := shop(20_000)
	p := plan(t, "(yeo_johnson(income) OVER () AS p, *)", d, PlanOptions{WantsScaled: true})
	f := d.frameOf(t, p)
	var want string
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, threads := range []int{1, 2, 5, 8} {
		runtime.GOMAXPROCS(threads)
		got := fit(t, p, f, f.All(), y, 2)
		text, err := json.Marshal(got)
		require.NoError(t, err)
		m, err := got.OutOfFold(background, f, f.All(), y, 2, 0, 5)
		require.NoError(t, err)
		sum := uint64(0)
		for _, c := range m.Cols {
			for _, b := range bits(c) {
				sum = sum*31 + b
			}
		}
		line := fmt.Sprint(string(text), sum)
		if want == "" {
			want = line
		}
		require.Equal(t, want, line)
	}
}

func bits(x []float64) []uint64 {
	out := make([]uint64, len(x))
	for i, v := range x {
		out[i] = math.Float64bits(v)
	}
	return out
}

func TestCancel(t *testing.T) {
	d, y := shop(100)
	p := plan(t, "", d, PlanOptions{})
	f := d.frameOf(t, p)
	ctx, cancel := context.WithCancel(background)
	got, err := p.Fit(ctx, f, f.All(), y, 2, 0)
	require.NoError(t, err)
	cancel()
	_, err = p.Fit(ctx, f, f.All(), y, 2, 0)
	require.ErrorIs(t, err, context.Canceled)
	_, err = got.Apply(ctx, f, f.All())
	require.ErrorIs(t, err, context.Canceled)
	_, err = got.OutOfFold(ctx, f, f.All(), y, 2, 0, 5)
	require.ErrorIs(t, err, context.Canceled)
}

func TestInfinite(t *testing.T) {
	d := data{"x": []float64{1, 2, math.Inf(1), nan, 5, 6}}
	y := []float64{0, 1, 0, 1, 0, 1}
	for _, c := range []struct {
		items string
		ok    bool
	}{
		{"(x)", false}, {"(scale_standard(x) OVER ())", false}, {"(yeo_johnson(x) OVER ())", false}, {"(impute(x, 'mean') OVER ())", false}, {"(quantile_bucket(x, 2) OVER ())", false},
		{"(bucketize(x, [2]) OVER ())", true}, {"(winsorize(x, 0.1, 0.6) OVER ())", true}, {"(log1p(x) OVER ())", false},
	} {
		for _, o := range []PlanOptions{{TakesMissing: true}, {WantsScaled: true}} {
			p := plan(t, c.items, d, o)
			f := d.frameOf(t, p)
			_, err := p.Fit(background, f, f.All(), y, 2, 0)
			if c.ok {
				require.NoError(t, err, c.items)
				continue
			}
			require.Equal(t, sqlstate.NumericValueOutOfRange, sqlstate.CodeOf(err), c.items)
			require.Contains(t, err.Error(), `"x" is infinite in 1 row`)
			require.Equal(t, 2, sqlstate.From(err).Position)
		}
	}
	d = data{"x": []float64{-1.7e308, 1.7e308, 0}}
	p := plan(t, "(scale_minmax(x) OVER ())", d, PlanOptions{})
	f := d.frameOf(t, p)
	_, err := p.Fit(background, f, f.All(), y, 2, 0)
	require.Equal(t, sqlstate.NumericValueOutOfRange, sqlstate.CodeOf(err))
}

func TestQuantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for _, n := range []int{1, 2, 3, 10, 1001} {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(r.IntN(n)) - 3
		}
		sorted := slices.Sorted(slices.Values(x))
		for _, q := range []float64{0, 0.05, 0.25, 0.5, 1.0 / 3, 0.999, 1} {
			h := q * float64(n-1)
			k := int(h)
			want := sorted[k]
			if k+1 < n {
				want += (h - float64(k)) * (sorted[k+1] - sorted[k])
			}
			require.InDelta(t, want, quantile7(slices.Clone(x), q), 1e-12)
		}
	}
	require.InDelta(t, 0, quantile7([]float64{-1.7e308, 1.7e308}, 0.5), 1e300)
	require.Equal(t, 2.0, mode([]float64{3, 2, 3, 2, 9}))
}

func TestMonths(t *testing.T) {
	for day := int64(-800_000); day < 800_000; day += 13 {
		at := time.Unix(day*86400, 0).UTC()
		require.Equal(t, int64(at.Month()), monthOf(day), "%s", at)
		require.Equal(t, float64(at.Weekday()), datePart(day*dayMicros+5, dow, isTimestamp))
		require.Equal(t, float64(at.Month()), datePart(day*dayMicros+dayMicros-1, month, isDate))
		require.Equal(t, 23.0, datePart(day*dayMicros+dayMicros-1, hour, isTimestamp))
	}
}

func TestStored(t *testing.T) {
	d, y := shop(200)
	p := plan(t, "", d, PlanOptions{})
	f := d.frameOf(t, p)
	got := fit(t, p, f, f.All(), y, 2)
	text, err := json.Marshal(got)
	require.NoError(t, err)
	again, err := Load(text)
	require.NoError(t, err)
	require.Equal(t, got.Names(), again.Names())
	require.Equal(t, got.Signature(), again.Signature())
	require.Equal(t, got.Warnings(), again.Warnings())
	require.Equal(t, got.SQL(lex.QuoteIdent), again.SQL(lex.QuoteIdent))
	_, err = again.OutOfFold(background, f, f.All(), y, 2, 0, 5)
	require.Error(t, err)
	for name, change := range map[string][2]string{
		"format":    {`"format":1`, `"format":2`},
		"kind":      {`"kind":"number"`, `"kind":"thing"`},
		"type":      {`"id":"DOUBLE"`, `"id":"TRIPLE"`},
		"impute":    {`"op":"impute"`, `"op":"thing"`},
		"category":  {`"op":"impute","from":-1`, `"op":"equals","from":-1`},
		"input":     {`"op":"impute","from":-1`, `"op":"impute","from":-99`},
		"later":     {`"op":"impute","from":-1`, `"op":"impute","from":50`},
		"reference": {`"refs":[{"Start":0`, `"refs":[{"Start":999`},
		"cut":       {`}`, ``},
	} {
		bad := strings.Replace(string(text), change[0], change[1], 1)
		require.NotEqual(t, string(text), bad, name)
		_, err := Load([]byte(bad))
		require.Equal(t, sqlstate.DataCorrupted, sqlstate.CodeOf(err), name)
	}
	everything := &types.Type{ID: types.Struct, Fields: []types.Field{{Name: "a", Type: &types.Type{ID: types.List, Child: &types.Type{ID: types.Decimal, Width: 9, Scale: 2}}}, {Name: "b", Type: &types.Type{ID: types.Enum, Labels: []string{"x"}}}}}
	back, err := storeType(everything).load()
	require.NoError(t, err)
	require.True(t, everything.Equal(back))
}

func TestUnseen(t *testing.T) {
	d, y := shop(300)
	p := plan(t, "(one_hot(plan) OVER (), one_hot(plan, 1) OVER () AS few, target_encode(city) OVER (), age)", d, PlanOptions{TakesMissing: true})
	f := d.frameOf(t, p)
	got := fit(t, p, f, f.All(), y, 2).Unseen(lex.QuoteIdent)
	require.Len(t, got, 1, "what became of plan's other values isn't known: %v", got)
	require.Equal(t, "city", got[0].Column)
	p = plan(t, "(one_hot(plan) OVER (), age)", d, PlanOptions{TakesMissing: true})
	got = fit(t, p, d.frameOf(t, p), f.All(), y, 2).Unseen(lex.QuoteIdent)
	require.Equal(t, []Unseen{{"plan", `coalesce(eider_lookup((CAST("plan" AS VARCHAR) COLLATE "binary"), '["free","pro"]', '[0,0]', 1e0), 0e0) = 1e0`}}, got)
}

// Of too many values the most frequent are known, of equally frequent ones the first bytewise.
func TestManyValues(t *testing.T) {
	n := maxKeys + 500
	text, y := make([]string, 2*n), make([]float64, 2*n)
	for i := range 2 * n {
		text[i] = fmt.Sprintf("v%06d", i%n)
		y[i] = float64(i % 2)
	}
	for i := range 300 { // twice as frequent: the last 300
		text = append(text, fmt.Sprintf("v%06d", n-1-i))
		y = append(y, 1)
	}
	d := data{"s": text}
	p := plan(t, "(target_encode(s) OVER (), ordinal_encode(s) OVER () AS o)", d, PlanOptions{TakesMissing: true})
	f := d.frameOf(t, p)
	got := fit(t, p, f, f.All(), y, 2)
	require.Len(t, got.Warnings(), 2)
	require.Contains(t, got.Warnings()[0], "20500 values")
	for _, s := range got.steps {
		require.Len(t, s.Keys, maxKeys)
		require.True(t, slices.IsSorted(s.Keys))
		require.Equal(t, "v000000", s.Keys[0])
		require.Equal(t, fmt.Sprintf("v%06d", maxKeys-300-1), s.Keys[maxKeys-301])
		require.Equal(t, fmt.Sprintf("v%06d", n-1), s.Keys[maxKeys-1])
	}
	require.Empty(t, got.Unseen(lex.QuoteIdent), "what wasn't kept may have been seen")
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]sqlstate.Code{
		"(scale_standard(x))":                   sqlstate.SyntaxError,
		"(scale_standard(x) + 1 AS y)":          sqlstate.SyntaxError,
		"(scale_standard(x) OVER (ORDER BY x))": sqlstate.WindowingError,
		"()":                                    sqlstate.SyntaxError,
		"(x AS)":                                sqlstate.SyntaxError,
		"(* EXCLUDE ())":                        sqlstate.SyntaxError,
		"(scale_standard(impute(x) OVER (x)) OVER ())": sqlstate.WindowingError,
		"(x": sqlstate.SyntaxError,
	} {
		p := parse.New(text, lex.Split(text)[0])
		_, err := ParseItems(p)
		require.Equal(t, want, sqlstate.CodeOf(err), "%s: %v", text, err)
		require.Positive(t, sqlstate.From(err).Position, text)
	}
	got := items(t, `(a + 1 AS b, * EXCLUDE (c, "D"), one_hot(x, 5, other => true) OVER () AS h, scale_standard(Impute(y, 'mean')) OVER ())`)
	require.Len(t, got, 4)
	require.Equal(t, ItemSpec{SQL: "a + 1", Name: "b", Pos: 1}, got[0])
	require.Equal(t, []string{"c", "D"}, got[1].Exclude)
	require.Equal(t, []Param{{"other", true, 47}}, got[2].Params)
	require.Equal(t, "impute", got[3].Args[0].Call.Func)
	require.Equal(t, "mean", got[3].Args[0].Call.Args[1].Value)
}
