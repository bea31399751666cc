package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	stock "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/types"
)

// The benchmarks compare with the stock database/sql driver on the same DuckDB, in
// the same run. "x" metrics are the stock driver's time over ours.

const bigTable = "create table big as select i::bigint a, random() b, 'str' || (i % 100) c, (i % 1000)::int d, timestamp '2024-01-01' + to_seconds(i) e from range(10000000) t(i)"

// stockConn opens a database by the stock driver.
func stockConn(b *testing.B) *sql.Conn {
	db, err := sql.Open("duckdb", "")
	require.NoError(b, err)
	b.Cleanup(func() { db.Close() })
	c, err := db.Conn(context.Background())
	require.NoError(b, err)
	b.Cleanup(func() { c.Close() })
	return c
}

func stockExec(b *testing.B, c *sql.Conn, text string) {
	_, err := c.ExecContext(context.Background(), text)
	require.NoError(b, err)
}

// compare runs ours b.N times and theirs once, on so many rows each, and reports both.
func compare(b *testing.B, rows, theirRows int, ours, theirs func()) {
	ours() // warm
	b.ReportAllocs()
	n := 0
	b.ResetTimer()
	for b.Loop() {
		ours()
		n++
	}
	b.StopTimer()
	mine := b.Elapsed().Seconds() / float64(n)
	start := time.Now()
	theirs()
	other := time.Since(start).Seconds()
	b.ReportMetric(float64(rows)/mine/1e6, "Mrows/s")
	b.ReportMetric(float64(theirRows)/other/1e6, "stock-Mrows/s")
	b.ReportMetric(other/float64(theirRows)*float64(rows)/mine, "x")
}

// stockSum is the stock driver's row function over 20 doubles.
type stockSum struct{}

func (stockSum) Config() stock.ScalarFuncConfig {
	t, _ := stock.NewTypeInfo(stock.TYPE_DOUBLE)
	cfg := stock.ScalarFuncConfig{ResultTypeInfo: t}
	for range 20 {
		cfg.InputTypeInfos = append(cfg.InputTypeInfos, t)
	}
	return cfg
}

func (stockSum) Executor() stock.ScalarFuncExecutor {
	return stock.ScalarFuncExecutor{RowExecutor: func(v []driver.Value) (any, error) {
		sum := 0.0
		for _, x := range v {
			sum += x.(float64)
		}
		return sum, nil
	}}
}

func BenchmarkScalar20(b *testing.B) {
	ctx := context.Background()
	var cols, args []string
	for i := range 20 {
		cols, args = append(cols, fmt.Sprintf("random() c%d", i)), append(args, fmt.Sprintf("c%d", i))
	}
	create := "create table t as select " + strings.Join(cols, ", ") + " from range(1000000)"
	query := "select sum(f(" + strings.Join(args, ", ") + ")) from t"
	_, c := openTest(b, Config{Threads: 1})
	double := types.Of(types.Double)
	require.NoError(b, c.RegisterScalar(ctx, Scalar{Name: "f", Variadic: double, Returns: double, Func: sumDoubles}))
	mustExec(b, c, create)
	s := stockConn(b)
	stockExec(b, s, "set threads = 1")
	stockExec(b, s, create)
	require.NoError(b, stock.RegisterScalarUDF(s, "f", stockSum{}))
	compare(b, 1000000, 1000000, func() { queryOne(b, c, query) }, func() {
		var v float64
		require.NoError(b, s.QueryRowContext(ctx, query).Scan(&v))
	})
}

func BenchmarkStream(b *testing.B) {
	ctx := context.Background()
	_, c := openTest(b, Config{})
	mustExec(b, c, bigTable)
	s := stockConn(b)
	stockExec(b, s, bigTable)
	const stockRows = 1000000 // a tenth is slow enough
	var first time.Duration
	compare(b, 10000000, stockRows, func() {
		start := time.Now()
		r, err := c.Query(ctx, "from big")
		require.NoError(b, err)
		rows, sum, bytes := 0, 0.0, 0
		for {
			chunk, err := r.Next(ctx)
			require.NoError(b, err)
			if rows == 0 {
				first = time.Since(start)
			}
			if chunk == nil {
				break
			}
			rows += chunk.Len
			for _, x := range types.Slice[float64](&chunk.Columns[1]) {
				sum += x
			}
			strs := types.Slice[types.String](&chunk.Columns[2])
			for i := range strs {
				bytes += strs[i].Len()
			}
		}
		require.Equal(b, 10000000, rows)
	}, func() {
		rows, err := s.QueryContext(ctx, "from big limit 1000000")
		require.NoError(b, err)
		var (
			n, i int64
			f    float64
			t    string
			d    int32
			at   time.Time
		)
		for rows.Next() {
			require.NoError(b, rows.Scan(&i, &f, &t, &d, &at))
			n++
		}
		require.NoError(b, rows.Close())
		require.Equal(b, int64(stockRows), n)
	})
	b.ReportMetric(float64(first.Microseconds())/1000, "first-row-ms")
}

func BenchmarkArrowQuery(b *testing.B) {
	ctx := context.Background()
	_, c := openTest(b, Config{})
	mustExec(b, c, bigTable)
	n := 0
	for b.Loop() {
		r, err := c.ArrowQuery(ctx, "from big")
		require.NoError(b, err)
		rows := int64(0)
		for r.Next() {
			rows += r.RecordBatch().NumRows()
		}
		require.NoError(b, r.Err())
		r.Release()
		require.Equal(b, int64(10000000), rows)
		n++
	}
	b.ReportMetric(1e7*float64(n)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

const tenDoubles = "create or replace table t(c0 double, c1 double, c2 double, c3 double, c4 double, c5 double, c6 double, c7 double, c8 double, c9 double)"

func BenchmarkAppender(b *testing.B) {
	ctx := context.Background()
	_, c := openTest(b, Config{})
	s := stockConn(b)
	const rows = 1000000
	compare(b, rows, rows, func() {
		mustExec(b, c, tenDoubles)
		a, err := c.Appender(ctx, "", "", "t")
		require.NoError(b, err)
		chunk, err := NewChunk(a.Types())
		require.NoError(b, err)
		defer chunk.Close()
		for from := 0; from < rows; from += types.VectorSize {
			chunk.Reset()
			n := min(rows-from, types.VectorSize)
			for k := range 10 {
				d := types.Slice[float64](chunk.Column(k).Vector())[:n]
				for i := range d {
					d[i] = float64(from + i)
				}
			}
			chunk.SetLen(n)
			require.NoError(b, a.Append(ctx, chunk))
		}
		require.NoError(b, a.Close(ctx))
	}, func() {
		stockExec(b, s, tenDoubles)
		require.NoError(b, s.Raw(func(dc any) error {
			a, err := stock.NewAppenderFromConn(dc.(driver.Conn), "", "t")
			if err != nil {
				return err
			}
			row := make([]driver.Value, 10)
			for i := range rows {
				for k := range row {
					row[k] = float64(i)
				}
				if err := a.AppendRow(row...); err != nil {
					return err
				}
			}
			return a.Close()
		}))
	})
}

func BenchmarkArrowView(b *testing.B) {
	ctx := context.Background()
	_, c := openTest(b, Config{})
	var fields []arrow.Field
	for i := range 10 {
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("c%d", i), Type: arrow.PrimitiveTypes.Float64, Nullable: true})
	}
	schema := arrow.NewSchema(fields, nil)
	var data []arrow.RecordBatch
	values := make([]float64, 100000)
	for range 10 {
		rb := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for k := range 10 {
			rb.Field(k).(*array.Float64Builder).AppendValues(values, nil)
		}
		data = append(data, rb.NewRecordBatch())
	}
	drop, err := c.ArrowView(ctx, "v", schema, func() (array.RecordReader, error) { return array.NewRecordReader(schema, data) })
	require.NoError(b, err)
	n := 0
	for b.Loop() {
		mustExec(b, c, tenDoubles)
		mustExec(b, c, "insert into t from v")
		n++
	}
	b.StopTimer()
	require.NoError(b, drop())
	b.ReportMetric(1e6*float64(n)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

// doubles is a table function of 10 columns and a million rows.
type doubles struct{}

func (doubles) Columns() (cols []types.Column) {
	for k := range 10 {
		cols = append(cols, types.Column{Name: fmt.Sprintf("c%d", k), Type: types.Of(types.Double)})
	}
	return cols
}
func (doubles) Cardinality() (uint64, bool)        { return 1000000, true }
func (doubles) Scan(cols []int) (TableScan, error) { return &doublesScan{n: len(cols)}, nil }

type doublesScan struct{ n, at int }

func (s *doublesScan) MaxThreads() int { return 1 }
func (s *doublesScan) Close()          {}
func (s *doublesScan) Fill(out *TableWriter) (int, error) {
	n := min(1000000-s.at, out.Len())
	for k := range s.n {
		d := types.Slice[float64](out.Column(k).Vector())[:n]
		for i := range d {
			d[i] = float64(s.at + i)
		}
	}
	s.at += n
	return n, nil
}

// stockDoubles is the same through the stock driver.
type stockDoubles struct{ at int }

func (s *stockDoubles) ColumnInfos() (cols []stock.ColumnInfo) {
	t, _ := stock.NewTypeInfo(stock.TYPE_DOUBLE)
	for k := range 10 {
		cols = append(cols, stock.ColumnInfo{Name: fmt.Sprintf("c%d", k), T: t})
	}
	return cols
}
func (s *stockDoubles) Cardinality() *stock.CardinalityInfo { return nil }
func (s *stockDoubles) Init()                               {}
func (s *stockDoubles) FillChunk(c stock.DataChunk) error {
	n := min(1000000-s.at, 2048)
	for k := range 10 {
		for i := range n {
			if err := stock.SetChunkValue(c, k, i, float64(s.at+i)); err != nil {
				return err
			}
		}
	}
	s.at += n
	return c.SetSize(n)
}

func BenchmarkTable(b *testing.B) {
	ctx := context.Background()
	_, c := openTest(b, Config{Threads: 1})
	require.NoError(b, c.RegisterTable(ctx, Table{Name: "f", Bind: func([]any, map[string]any) (TableSource, error) { return doubles{}, nil }}))
	s := stockConn(b)
	stockExec(b, s, "set threads = 1")
	require.NoError(b, stock.RegisterTableUDF(s, "f", stock.ChunkTableFunction{
		BindArguments: func(map[string]any, ...any) (stock.ChunkTableSource, error) { return &stockDoubles{}, nil }}))
	const query = "select sum(c0) + sum(c1) + sum(c2) + sum(c3) + sum(c4) + sum(c5) + sum(c6) + sum(c7) + sum(c8) + sum(c9) from f()"
	compare(b, 1000000, 1000000, func() { queryOne(b, c, query) }, func() {
		var v float64
		require.NoError(b, s.QueryRowContext(ctx, query).Scan(&v))
	})
}

// BenchmarkSelect1 is the cost of the smallest statement: prepared, described, streamed and
// closed by us, against duckdb_query alone and the stock driver.
func BenchmarkSelect1(b *testing.B) {
	ctx := context.Background()
	_, c := openTest(b, Config{})
	s := stockConn(b)
	// The fastest of several rounds, taken in turn, so that a busy machine slows all alike.
	fastest := func(fs ...func()) []float64 {
		const rounds, n = 15, 100
		best := make([]float64, len(fs))
		for range rounds {
			for i, f := range fs {
				start := time.Now()
				for range n {
					f()
				}
				if t := float64(time.Since(start).Nanoseconds()) / n / 1000; best[i] == 0 || t < best[i] {
					best[i] = t
				}
			}
		}
		return best
	}
	ours := func() {
		st, err := c.Prepare(ctx, "select 1")
		require.NoError(b, err)
		if len(st.Columns()) != 1 {
			b.Fatal("not described")
		}
		r, err := st.Stream(ctx)
		require.NoError(b, err)
		chunk, err := r.Next(ctx)
		require.NoError(b, err)
		if types.Slice[int32](&chunk.Columns[0])[0] != 1 {
			b.Fatal("wrong")
		}
		_, err = r.Next(ctx)
		require.NoError(b, err)
		st.Close()
	}
	raw := func() {
		var r mapping.Result
		mapping.Query(c.conn, "select 1", &r)
		mapping.DestroyResult(&r)
	}
	database := func() {
		var v int
		require.NoError(b, s.QueryRowContext(ctx, "select 1").Scan(&v))
	}
	prepare := func() {
		st, err := c.Prepare(ctx, "select 1")
		require.NoError(b, err)
		st.Close()
	}
	bound, err := c.Prepare(ctx, "select $1::int")
	require.NoError(b, err)
	defer bound.Close()
	execute := func() {
		require.NoError(b, bound.Bind(1, 7))
		r, err := bound.Stream(ctx)
		require.NoError(b, err)
		_, err = r.Next(ctx)
		require.NoError(b, err)
		r.Close()
	}
	b.ReportAllocs()
	for b.Loop() {
		ours()
	}
	b.StopTimer()
	best := fastest(ours, raw, database, prepare, execute)
	for i, unit := range []string{"µs", "raw-µs", "database/sql-µs", "prepare-µs", "bind+stream-µs"} {
		b.ReportMetric(best[i], unit)
	}
}
