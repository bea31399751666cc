package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/cluster"
	"github.com/eiderdb/eider/functions/model/linear"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// table is the result of the training query, and a Session that answers the SELECTs that training runs over it: lists of
// CAST((expression\n) AS type) and (expression\n). The engine's tests run the same pipeline over DuckDB.
type table struct {
	columns []types.Column
	rows    [][]any
	// exprs compute what isn't t."column".
	exprs map[string]func(row map[string]any) any
	// order, where set, is the order in which rows are given.
	order []int

	notices   []string
	fractions []float64
	streams   int
	// broken, where set, is the error of the stream.
	broken error
	// progressed, where set, is called with each report.
	progressed func(fraction float64, phase string)
}

func newTable(columns ...types.Column) *table {
	return &table{columns: columns, exprs: map[string]func(map[string]any) any{}}
}

func column(name string, id types.ID) types.Column {
	return types.Column{Name: name, Type: types.Of(id)}
}

func (t *table) add(row ...any) { t.rows = append(t.rows, row) }

func (t *table) Describe(_ context.Context, sql string) ([]types.Column, error) {
	if sql == query {
		return t.columns, nil
	}
	var out []types.Column
	for _, e := range selected(sql) {
		c := types.Column{Name: e.expr, Type: types.Of(types.Double)}
		for _, have := range t.columns {
			if e.expr == have.Name || e.expr == `t."`+have.Name+`"` {
				c.Type = have.Type
			}
		}
		out = append(out, c)
	}
	return out, nil
}

const query = "SELECT * FROM data"

type expression struct{ expr, cast string }

var selectList = regexp.MustCompile(`(?s)^SELECT (.*) FROM \(\n` + regexp.QuoteMeta(query) + `\n\) AS t$`)
var selectItem = regexp.MustCompile(`(?s)^(?:CAST\()?\((.*)$`)

func selected(sql string) []expression {
	m := selectList.FindStringSubmatch(sql)
	if m == nil {
		panic("what is this: " + sql)
	}
	var out []expression
	for rest := m[1]; rest != ""; {
		text, tail, found := strings.Cut(rest, "\n)")
		if !found {
			panic("no end: " + rest)
		}
		item := expression{expr: selectItem.FindStringSubmatch(text)[1]}
		if cast, after, ok := strings.Cut(tail, ")"); ok && strings.HasPrefix(cast, " AS ") && strings.HasPrefix(text, "CAST") {
			item.cast, tail = strings.TrimPrefix(cast, " AS "), after
		}
		out = append(out, item)
		rest = strings.TrimPrefix(tail, ", ")
	}
	return out
}

func (t *table) Stream(ctx context.Context, sql string, each func(*types.Chunk) error) error {
	t.streams++
	if t.broken != nil {
		return t.broken
	}
	items := selected(sql)
	kinds := make([]*types.Type, len(items))
	for k, item := range items {
		switch item.cast {
		case "DOUBLE":
			kinds[k] = types.Of(types.Double)
		case "VARCHAR":
			kinds[k] = types.Of(types.Varchar)
		default:
			kinds[k] = types.Of(types.Timestamp)
		}
	}
	b := types.NewBuilder(kinds)
	for i := range t.rows {
		row := t.rows[i]
		if t.order != nil {
			row = t.rows[t.order[i]]
		}
		by := map[string]any{}
		for k, c := range t.columns {
			by[c.Name] = row[k]
		}
		for k, item := range items {
			if err := b.Column(k).Append(cast(t.eval(item.expr, by), kinds[k])); err != nil {
				return err
			}
		}
		if b.Len() == types.VectorSize || i == len(t.rows)-1 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := each(b.Chunk()); err != nil {
				return err
			}
			b.Reset()
		}
	}
	return nil
}

func (t *table) eval(expr string, row map[string]any) any {
	if f := t.exprs[expr]; f != nil {
		return f(row)
	}
	for name, v := range row {
		switch expr {
		case name, `t."` + name + `"`:
			return v
		case `t."` + name + `" // 4294967296`:
			return v.(int64) / 4294967296
		case `t."` + name + `" % 4294967296`:
			return v.(int64) % 4294967296
		case `epoch_us(t."` + name + `") / 86400e6`:
			return float64(v.(types.TimestampValue)) / 86400e6
		case `month(t."` + name + `")`, `dayofweek(t."` + name + `")`, `hour(t."` + name + `")`:
			return 1.0
		}
	}
	panic("the test's table can't compute " + expr)
}

func cast(v any, to *types.Type) any {
	switch v := v.(type) {
	case nil:
		return nil
	case bool:
		if to.ID == types.Double {
			if v {
				return 1.0
			}
			return 0.0
		}
		return strconv.FormatBool(v)
	case int64:
		if to.ID == types.Double {
			return float64(v)
		}
		return strconv.FormatInt(v, 10)
	case float64:
		if to.ID == types.Varchar {
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	return v
}

func (t *table) Notice(severity, message string) {
	t.notices = append(t.notices, severity+": "+message)
}

func (t *table) Progress(fraction float64, phase string) {
	t.fractions = append(t.fractions, fraction)
	if t.progressed != nil {
		t.progressed(fraction, phase)
	}
}

// algorithms are the real ones that need no library.
func algorithms() map[string]*model.Algorithm {
	out := map[string]*model.Algorithm{}
	for _, a := range append(linear.All(), cluster.All()...) {
		out[a.Name] = a
	}
	return out
}

func spec(target string) *Spec {
	s := &Spec{Model: "m", TaskPos: -1, Query: query, QueryPos: -1, Deploy: Deploy{Pos: -1}}
	if target != "" {
		s.Target = &Name{target, -1}
	}
	return s
}

func using(names ...string) []Candidate {
	var out []Candidate
	for _, n := range names {
		out = append(out, Candidate{Algorithm: n, Pos: -1})
	}
	return out
}

func options() Options { return Options{Algorithms: algorithms(), Threads: 2} }

func train(t testing.TB, s Session, sp *Spec) *Result {
	t.Helper()
	out, err := Run(context.Background(), s, sp, options())
	require.NoError(t, err)
	return out
}

// customers are rows whose churn follows from age and plan, with noise.
func customers(n int, seed uint64) *table {
	r := rand.New(rand.NewPCG(seed, 1))
	t := newTable(column("id", types.BigInt), column("age", types.Double), column("plan", types.Varchar), column("visits", types.Integer), column("churned", types.Boolean))
	for i := range n {
		age, plan, visits := math.Round(20+50*r.Float64()), []string{"free", "pro", "team"}[r.IntN(3)], int64(r.IntN(30))
		z := (age-45)/8 - float64(visits)/10
		if plan == "free" {
			z += 2
		}
		var a any = age
		if i%17 == 0 {
			a = nil
		}
		t.add(int64(i), a, plan, visits, r.Float64() < 1/(1+math.Exp(-z)))
	}
	return t
}

// houses are rows with a price.
func houses(n int, seed uint64) *table {
	r := rand.New(rand.NewPCG(seed, 2))
	t := newTable(column("size", types.Double), column("rooms", types.Integer), column("town", types.Varchar), column("price", types.Double))
	for range n {
		size, rooms, town := 20+100*r.Float64(), int64(1+r.IntN(6)), r.IntN(4)
		t.add(size, rooms, fmt.Sprintf("town %d", town), 10*size+500*float64(town)+100*float64(rooms)+50*r.NormFloat64())
	}
	return t
}

func metricOf(t testing.TB, res *Result, split, name, slice string) Metric {
	t.Helper()
	for _, m := range res.Metrics {
		if m.Split == split && m.Metric == name && m.Slice == slice {
			return m
		}
	}
	require.Fail(t, "no metric", "%s %s %s of %v", split, name, slice, res.Metrics)
	return Metric{}
}

func failure(t testing.TB, s Session, sp *Spec) *sqlstate.Error {
	t.Helper()
	_, err := Run(context.Background(), s, sp, options())
	require.Error(t, err)
	return sqlstate.From(err)
}
