package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/predict"
	modelstmt "github.com/eiderdb/eider/sql/stmt/model"
)

// wide puts a linear model of n numeric columns c0, c1, … that are imputed and scaled, as TRAIN's
// default transform does it.
func wide(t testing.TB, p putter, n int) {
	data := fit(t, "ridge", model.Regression, n, 0, func(x []float64) float64 { return x[0] + 2*x[n-1] })
	v := predict.Version{}
	var inputs, steps, features []string
	for k := range n {
		name := fmt.Sprintf("c%d", k)
		v.Signature = append(v.Signature, predict.Field{Name: name, Type: "DOUBLE"})
		v.Inputs = append(v.Inputs, fmt.Sprintf(`CAST("%s" AS DOUBLE)`, name))
		inputs = append(inputs, "false")
		steps = append(steps, fmt.Sprintf(`{"op":"impute","from":%d,"a":1.5},{"op":"scale","from":%d,"a":0.25,"b":1.2500000000000002}`, ^k, 2*k))
		features = append(features, fmt.Sprint(2*k+1))
	}
	v.Program = `{"inputs":[` + strings.Join(inputs, ",") + `],"steps":[` + strings.Join(steps, ",") + `],"features":[` + strings.Join(features, ",") + `]}`
	v = version("wide", 1, data, v)
	p["wide"] = func(ctx context.Context, s modelstmt.Session) error { return store(ctx, s, v, data, "default") }
}

// columnsSQL is a list of n expressions named c0, c1, ….
func columnsSQL(n int, expr string) string {
	items := make([]string, n)
	for k := range items {
		items[k] = fmt.Sprintf("%s AS c%d", expr, k)
	}
	return strings.Join(items, ", ")
}

// TestPredictPlansQuickly bounds planning where models and tables are wide. The best of some
// runs counts, of more where the machine is busy with other things.
func TestPredictPlansQuickly(t *testing.T) {
	db, p := modelDB(t)
	wide(t, p, 200)
	s := newSession(t, db, SessionOptions{})
	exec(t, s, "put wide; create table w as select "+columnsSQL(500, "random()")+" from range(10)")
	for _, sql := range []string{
		"select predict('wide', w) from w",
		"select prediction, version from predict(model wide, table w)",
		"create or replace view vw as select predict('wide', w) from w",
	} {
		const bound = 100 * time.Millisecond
		best := time.Hour
		for n := 0; n < 5 || n < 100 && best >= bound; n++ {
			began := time.Now()
			st, err := s.Prepare(context.Background(), sql, s.Split(sql)[0], nil)
			require.NoError(t, err)
			best = min(best, time.Since(began))
			require.NoError(t, st.Close())
		}
		t.Logf("%v: %s", best, sql)
		require.Less(t, best, bound, sql)
	}
	require.Equal(t, "10", rowsOf(t, s, "select count(predict('wide', w)) from w"))
}

// BenchmarkPredictRows scores a table as SQL does.
func BenchmarkPredictRows(b *testing.B) {
	db, p := modelDB(b)
	wide(b, p, 20)
	s := newSession(b, db, SessionOptions{})
	const rows = 2_000_000
	exec(b, s, fmt.Sprintf("put wide; create table w as select %s from range(%d)", columnsSQL(20, "random()"), rows))
	for _, c := range []struct{ name, sql string }{
		{"predict", "select sum(predict('wide', w)) from w"},
		{"features alone", "select sum(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11 + c12 + c13 + c14 + c15 + c16 + c17 + c18 + c19) from w"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rowsOf(b, s, c.sql)
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}

// BenchmarkPredictOne is a single row through a prepared statement.
func BenchmarkPredictOne(b *testing.B) {
	db, p := modelDB(b)
	wide(b, p, 20)
	s := newSession(b, db, SessionOptions{})
	exec(b, s, "put wide")
	items, args := make([]string, 20), make([]any, 20)
	for k := range items {
		items[k], args[k] = fmt.Sprintf("'c%d': $%d", k, k+1), 0.5
	}
	st := prepare(b, s, "select predict('wide', {"+strings.Join(items, ", ")+"})")
	ctx := context.Background()
	for b.Loop() {
		c, err := st.Run(ctx, args)
		require.NoError(b, err)
		for chunk, err := c.Next(ctx); chunk != nil; chunk, err = c.Next(ctx) {
			require.NoError(b, err)
		}
		require.NoError(b, c.Close())
	}
}
