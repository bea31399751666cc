package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/testdata/race"
)

// everyFeature has 6,000 rows of every type that features are made of. The first half is for training; infinities, huge numbers
// and texts that training doesn't see are in the other half.
const everyFeature = `create table everyfeature as
with r as (select i, (hash(i) % 100)::bigint as a, (hash(i, 1) % 1000)::bigint as b, hash(i, 2)::double / 18446744073709551615::double as u from range(6000) t(i))
select i as id,
	case when a < 10 then null when a < 12 then 'nan'::double when a < 15 then -0e0 when a < 18 then 0e0
		when i >= 3000 and a < 20 then 'inf'::double when i >= 3000 and a < 22 then '-inf'::double when i >= 3000 and a < 25 then 1.7e308
		when i >= 3000 and a < 27 then -5e-324 else (u - 0.4) * pow(10e0, b % 6) end as d,
	case when b < 50 then null else (b - 500)::integer end as "I",
	case when b % 7 > 0 then b % 3 = 0 end as flag,
	case when b % 11 > 0 then (b - 300)::decimal(12, 3) / 8 end::decimal(12, 3) as dec,
	case when b % 13 > 0 then (b::hugeint - 200) end as huge,
	case when a < 5 then 'nan'::float else (u * 100)::float end as f,
	case when a < 8 then null when i >= 3000 and a < 12 then 'unseen' || a when i >= 3000 and a < 14 then '' else
		(['a', 'A', 'o''brien', 'ä😀', 'x' || chr(0) || 'y', 'back\slash', '"q" -- $$ /*', chr(10), '%'])[1 + a % 9] end as s,
	case when a < 3 then null else 'k' || (b % (case when i < 3000 then 150 else 170 end)) end as k,
	case when a > 2 then (['lo', 'mid', 'hi'])[1 + a % 3] end::enum ('lo', 'mid', 'hi') as e,
	case when i >= 3000 and a = 1 then 'infinity'::date when a > 2 then date '1955-02-27' + (b * 31)::integer end as dt,
	case when i >= 3000 and a = 1 then '-infinity'::timestamp when a > 2 then timestamp '1969-12-31 21:59:59.123456' + to_microseconds((u * 1e17)::bigint - 50000000000000000) end as ts,
	timestamptz '2024-02-29 23:30:00+00' + to_hours((b * 7)::integer) as tz,
	time '00:00:00' + to_microseconds((u * 8e10)::bigint) as clock,
	(b % 2)::double as yes, (b % 3)::double as three, u + b / 100 as value
from r`

// described returns the types of expressions over a query, as PlanOptions.Describe wants them.
func described(s *Session, query string) func(exprs []string) ([]*types.Type, error) {
	return func(exprs []string) ([]*types.Type, error) {
		cols, err := statementSession{s}.Describe(context.Background(), "select ("+strings.Join(exprs, "\n), (")+"\n) from ("+query+") as t")
		out := make([]*types.Type, len(cols))
		for i, c := range cols {
			out[i] = c.Type
		}
		return out, err
	}
}

// parsedItems reads a TRANSFORM list.
func parsedItems(t testing.TB, text string) []transform.ItemSpec {
	t.Helper()
	st := lex.Split(text)
	require.Len(t, st, 1)
	p := parse.New(text, st[0])
	items, err := transform.ParseItems(p)
	require.NoError(t, err)
	require.NoError(t, p.ExpectEof())
	return items
}

const manyItems = `(scale_standard(d) OVER () AS standard, scale_minmax("I") OVER () AS minmax, scale_robust(f) OVER () AS robust,
	impute(d, 'mean') OVER () AS imputed, impute(d, 0.1) OVER () AS constant, impute(flag, 'mode') OVER () AS flagged,
	winsorize(d, 0.05, 0.95) OVER () AS winsor, clip_iqr(d, k => 1) OVER () AS clipped, log1p(d) OVER () AS logged, yeo_johnson(d) OVER () AS powered,
	bucketize(d, [-1, 0, 0.5]) OVER () AS bucket, quantile_bucket(d, 7) OVER () AS septile,
	one_hot(s) OVER () AS hot, one_hot(s, 3, other => true) OVER () AS few, ordinal_encode(e) OVER (), target_encode(k) OVER (), target_encode(s, smooth => 10) OVER () AS smooth,
	hash_bucket(k, 16) OVER () AS hashed, one_hot(hash_bucket(k, 3)) OVER () AS hothash, one_hot(quantile_bucket(d, 4)) OVER () AS quart,
	scale_standard(impute(d)) OVER () AS both, scale_standard(target_encode(k)) OVER () AS scaled, one_hot(impute(s, 'mode')) OVER () AS filled, ordinal_encode(impute(s, 'none')) OVER () AS none,
	one_hot(flag) OVER () AS hotflag, target_encode("I") OVER () AS whole, ordinal_encode(dec) OVER () AS decimals, ordinal_encode(dt) OVER () AS daily, scale_standard(dt) OVER () AS scaleddate,
	clip_iqr(yeo_johnson(log1p(scale_minmax(d)))) OVER () AS deep,
	d * 2 + "I" /* a comment, */ AS expr, upper(s) || k -- to the end
	AS up, dt + interval 1 month AS later, clock, t.Ts AS moment, * EXCLUDE (id, yes, three, value, clock))`

// Features computed by Go, by DuckDB and by the evaluator of single rows are the same bits, for rows that the fit saw and for others.
func TestTransformBits(t *testing.T) {
	ctx := context.Background()
	s := memory(t)
	exec(t, s, everyFeature)
	const query = "select * from everyfeature"
	columns, err := statementSession{s}.Describe(ctx, query)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		items, target  string
		classes        int
		missing, scale bool
	}{
		"items, trees":    {manyItems, "yes", 2, true, false},
		"items, linear":   {manyItems, "three", 3, false, true},
		"defaults, trees": {"(* EXCLUDE (id, three, value))", "yes", 2, true, false},
		"linear":          {"(* EXCLUDE (id, yes, three))", "value", 0, false, true},
		"classes":         {"(* EXCLUDE (id, yes, value))", "three", 3, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := transform.NewPlan(parsedItems(t, c.items), columns, transform.PlanOptions{Target: c.target, TakesMissing: c.missing, WantsScaled: c.scale, Describe: described(s, query)})
			require.NoError(t, err)
			inputs := append([]frame.Input{{Name: "id", SQL: "t.id", Kind: frame.Number}, {Name: "y", SQL: "t." + c.target, Kind: frame.Number}}, plan.Inputs...)
			f, err := frame.Load(ctx, statementSession{s}, query, inputs, frame.Options{Seed: 5})
			require.NoError(t, err)
			require.Equal(t, 6000, f.Rows)
			var rows []int32
			for i, id := range f.Col("id").Num {
				if id < 3000 {
					rows = append(rows, int32(i))
				}
			}
			fitted, err := plan.Fit(ctx, f, rows, f.Col("y").Num, c.classes, 1)
			require.NoError(t, err)
			data, err := json.Marshal(fitted)
			require.NoError(t, err)
			fitted, err = transform.Load(data)
			require.NoError(t, err)
			again, err := json.Marshal(fitted)
			require.NoError(t, err)
			require.Equal(t, string(data), string(again))
			m, err := fitted.Apply(ctx, f, f.All())
			require.NoError(t, err)
			requireSQLBits(t, s, fitted, f, m)
			requireEvaluatorBits(t, s, fitted, f, m)
			requireProgramBits(t, s, fitted, f, m)
		})
	}
}

// requireSQLBits compares a matrix with the fitted SQL, in a query and through a macro.
func requireSQLBits(t *testing.T, s *Session, fitted *transform.Fitted, f *frame.Frame, m model.Matrix) {
	t.Helper()
	var parameters, arguments []string
	for _, field := range fitted.Signature() {
		parameters = append(parameters, lex.QuoteIdent(field.Name))
		arguments = append(arguments, "src."+lex.QuoteIdent(field.Name))
	}
	sqls := fitted.SQL(func(column string) string { return "src." + lex.QuoteIdent(column) })
	names := fitted.Names()
	require.Len(t, sqls, len(names))
	exec(t, s, "create or replace macro features("+strings.Join(parameters, ", ")+") as ["+strings.Join(fitted.SQL(lex.QuoteIdent), ", ")+"]")
	place := map[float64]int{}
	for i, id := range f.Col("id").Num {
		place[id] = i
	}
	exec(t, s, "set timezone = 'America/New_York'") // where a prediction is asked for must not matter
	r, err := s.Query(context.Background(), "select id::double, features("+strings.Join(arguments, ", ")+"), "+strings.Join(sqls, ", ")+" from everyfeature as src")
	require.NoError(t, err)
	n := 0
	for c := r.Chunk(); c != nil; c = r.Chunk() {
		ids, list := types.Slice[float64](&c.Columns[0]), types.Slice[types.ListEntry](&c.Columns[1])
		for k, name := range names {
			col, member := &c.Columns[k+2], &c.Columns[1].Children[0]
			require.Equal(t, types.Double, col.Type.ID, name)
			for i := range c.Len {
				want := m.Cols[k][place[ids[i]]]
				requireBits(t, want, cell(col, i), "%s of row %v: %s", name, ids[i], sqls[k])
				requireBits(t, want, cell(member, int(list[i].Offset)+k), "%s of row %v in a macro", name, ids[i])
			}
		}
		n += c.Len
	}
	require.NoError(t, r.Err())
	require.Equal(t, f.Rows, n)
	exec(t, s, "set timezone = 'UTC'")
}

// requireProgramBits compares a matrix with what the score calls make of vectors of inputs.
func requireProgramBits(t *testing.T, s *Session, fitted *transform.Fitted, f *frame.Frame, m model.Matrix) {
	t.Helper()
	text, inputs, ok := fitted.Program(func(column string) string { return "src." + lex.QuoteIdent(column) })
	require.True(t, ok)
	p, err := transform.ParseProgram(text)
	require.NoError(t, err)
	require.Equal(t, len(inputs), p.Inputs())
	require.Equal(t, len(fitted.Names()), p.Features())
	place := map[float64]int{}
	for i, id := range f.Col("id").Num {
		place[id] = i
	}
	memory, x := p.NewMemory(), make([][]float64, p.Features())
	r, err := s.Query(context.Background(), "select id::double, "+strings.Join(inputs, ", ")+" from everyfeature as src where id % 3 <> 1")
	require.NoError(t, err)
	n := 0
	for c := r.Chunk(); c != nil; c = r.Chunk() {
		ids := types.Slice[float64](&c.Columns[0])
		for k := range inputs {
			require.Equal(t, p.Type(k).ID, c.Columns[k+1].Type.ID, inputs[k])
		}
		p.Run(memory, c.Columns[1:], c.Len, x)
		for k, name := range fitted.Names() {
			for i := range c.Len {
				requireBits(t, m.Cols[k][place[ids[i]]], x[k][i], "%s of row %v", name, ids[i])
			}
		}
		n += c.Len
		if !race.Enabled {
			require.Zero(t, testing.AllocsPerRun(1, func() { p.Run(memory, c.Columns[1:], c.Len, x) }))
		}
	}
	require.NoError(t, r.Err())
	require.Equal(t, f.Rows/3*2, n)
}

// cell is a DOUBLE with NULL as NaN.
func cell(v *types.Vector, i int) float64 {
	if !v.Valid(i) {
		return math.NaN()
	}
	return types.Slice[float64](v)[i]
}

func requireBits(t *testing.T, want, got float64, format string, args ...any) {
	if math.Float64bits(want) != math.Float64bits(got) && (want == want || got == got) {
		t.Helper()
		require.Failf(t, "other bits", "Go has %v (%x), not %v (%x): "+format, append([]any{want, math.Float64bits(want), got, math.Float64bits(got)}, args...)...)
	}
}

// requireEvaluatorBits compares a matrix with the evaluator on Go values.
func requireEvaluatorBits(t *testing.T, s *Session, fitted *transform.Fitted, f *frame.Frame, m model.Matrix) {
	t.Helper()
	e, ok := fitted.Evaluator()
	if !ok {
		require.Contains(t, fitted.Names(), "expr")
		return
	}
	var names []string
	for _, field := range fitted.Signature() {
		names = append(names, "t."+lex.QuoteIdent(field.Name))
	}
	out := make([]float64, len(fitted.Names()))
	row := make([]transform.Cell, len(names))
	place := map[int64]int{}
	for i, id := range f.Col("id").Num {
		place[int64(id)] = i
	}
	rows, err := s.conn.QueryRows(context.Background(), "select id, "+strings.Join(names, ", ")+" from everyfeature t")
	require.NoError(t, err)
	for _, values := range rows {
		for k, field := range fitted.Signature() {
			v := values[k+1]
			if text, ok := v.(string); ok && field.Type.ID == types.Decimal {
				n, ok := new(big.Int).SetString(strings.Replace(text, ".", "", 1), 10)
				require.True(t, ok)
				v = types.DecimalValue{Unscaled: n, Scale: field.Type.Scale}
			}
			row[k], err = transform.CellOf(v, field.Type)
			require.NoError(t, err, "%s: %v", field.Name, v)
		}
		e.Row(row, out)
		at := place[values[0].(int64)]
		for k, v := range out {
			requireBits(t, m.Cols[k][at], v, "%s of row %v from %v", fitted.Names()[k], values[0], values)
		}
	}
	if !race.Enabled {
		require.Zero(t, testing.AllocsPerRun(100, func() { e.Row(row, out) }))
	}
}

// Every double is written so that DuckDB reads the same bits.
func TestTransformConstants(t *testing.T) {
	ctx := context.Background()
	s := memory(t)
	f := &frame.Frame{Rows: 4, Cols: []frame.Column{{Name: `number: t."x"`, Kind: frame.Number, Num: make([]float64, 4)}}, Hash: make([]uint64, 4)}
	plan, err := transform.NewPlan([]transform.ItemSpec{{Func: "scale_minmax", Args: []transform.Expr{{SQL: "x"}}}}, []types.Column{{Name: "x", Type: types.Of(types.Double)}}, transform.PlanOptions{TakesMissing: true})
	require.NoError(t, err)
	x := uint64(0x9e3779b97f4a7c15)
	next := func() float64 {
		for {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			if v := math.Float64frombits(x); !math.IsNaN(v) && math.Abs(v) < 1e307 {
				return v
			}
		}
	}
	var sqls []string
	var want []float64
	for range 300 {
		col := f.Cols[0].Num
		for i := range col {
			col[i] = next()
		}
		fitted, err := plan.Fit(ctx, f, f.All(), nil, 0, 0)
		require.NoError(t, err)
		m, err := fitted.Apply(ctx, f, f.All())
		require.NoError(t, err)
		sqls = append(sqls, fitted.SQL(func(string) string { return fmt.Sprintf("'%v'::double", col[2]) })[0])
		want = append(want, m.Cols[0][2])
	}
	r, err := s.Query(ctx, "select "+strings.Join(sqls, ", "))
	require.NoError(t, err)
	c := r.Chunk()
	require.NotNil(t, c)
	for k := range want {
		requireBits(t, want[k], cell(&c.Columns[k], 0), "%s", sqls[k])
	}
	require.NoError(t, r.Close())
}

// An aggregate that the scanner can't know is refused by DuckDB when the frame is loaded; what is wrong in an expression has the item's position.
func TestTransformDescribe(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table d (x integer, s varchar); create macro secret_mean(v) as avg(v)")
	columns, err := statementSession{s}.Describe(context.Background(), "from d")
	require.NoError(t, err)
	text := "(x + 1 AS a, x + nothing AS b)"
	_, err = transform.NewPlan(parsedItems(t, text), columns, transform.PlanOptions{Describe: described(s, "from d")})
	failure := sqlstate.From(err)
	require.Equal(t, sqlstate.UndefinedColumn, failure.Code)
	require.Equal(t, 1+strings.Index(text, "x + nothing"), failure.Position)
	plan, err := transform.NewPlan(parsedItems(t, "(secret_mean(x) AS a, x)"), columns, transform.PlanOptions{Describe: described(s, "from d")})
	require.NoError(t, err)
	_, err = frame.Load(context.Background(), statementSession{s}, "from d", plan.Inputs, frame.Options{})
	require.Error(t, err)
}
