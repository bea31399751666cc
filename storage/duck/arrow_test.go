package duck

import (
	"context"
	"runtime"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestArrowQuery(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	r, err := c.ArrowQuery(ctx, "select i, case when i % 2 = 1 then 'a longer string ' || i end s, [i, i + 1] l, {'d': i::decimal(9,2)} st from range($1) t(i)", 5000)
	require.NoError(t, err)
	require.Equal(t, []string{"i", "s", "l", "st"}, []string{r.Schema().Field(0).Name, r.Schema().Field(1).Name, r.Schema().Field(2).Name, r.Schema().Field(3).Name})
	var kept []arrow.RecordBatch
	rows := int64(0)
	for r.Next() {
		b := r.RecordBatch()
		b.Retain()
		kept = append(kept, b)
		rows += b.NumRows()
	}
	require.NoError(t, r.Err())
	r.Release()
	require.Equal(t, int64(5000), rows)
	i := int64(0)
	for _, b := range kept { // batches outlive their reader
		ints, strs := b.Column(0).(*array.Int64), b.Column(1).(*array.String)
		lists := b.Column(2).(*array.List)
		for k := range int(b.NumRows()) {
			require.Equal(t, i, ints.Value(k))
			require.Equal(t, i%2 == 0, strs.IsNull(k))
			if i%2 == 1 {
				require.Equal(t, "a longer string "+strconv.FormatInt(i, 10), strs.Value(k))
			}
			from, _ := lists.ValueOffsets(k)
			require.Equal(t, i, lists.ListValues().(*array.Int64).Value(int(from)))
			i++
		}
		b.Release()
	}
	_, err = c.ArrowQuery(ctx, "create table t(i int)")
	require.Equal(t, sqlstate.FeatureNotSupported, sqlstate.CodeOf(err))
	// With several threads DuckDB may say that it was interrupted instead of why (see engine's reveal).
	_, err = c.Exec(ctx, "set threads = 1")
	require.NoError(t, err)
	r, err = c.ArrowQuery(ctx, "select case when i = 900000 then error('late') else i end from range(1000000) t(i)")
	require.NoError(t, err)
	for r.Next() {
	}
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(r.Err()))
	r.Release()
	require.Equal(t, int64(1), queryOne(t, c, "select 1"))
}

// batches builds n batches of size rows: i BIGINT, s VARCHAR (NULL every third), d DOUBLE.
func batches(n, size int) (*arrow.Schema, []arrow.RecordBatch) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "i", Type: arrow.PrimitiveTypes.Int64}, {Name: "s", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "d", Type: arrow.PrimitiveTypes.Float64}}, nil)
	var out []arrow.RecordBatch
	for k := range n {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for i := k * size; i < (k+1)*size; i++ {
			b.Field(0).(*array.Int64Builder).Append(int64(i))
			if i%3 == 0 {
				b.Field(1).AppendNull()
			} else {
				b.Field(1).(*array.StringBuilder).Append("a longer string " + strconv.Itoa(i))
			}
			b.Field(2).(*array.Float64Builder).Append(float64(i) / 2)
		}
		out = append(out, b.NewRecordBatch())
		b.Release()
	}
	return schema, out
}

func TestArrowView(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	schema, data := batches(3, 5000)
	opened := 0
	open := func() (array.RecordReader, error) {
		opened++
		return array.NewRecordReader(schema, data)
	}
	drop, err := c.ArrowView(ctx, `odd "name"`, schema, open)
	require.NoError(t, err)
	require.Equal(t, int64(15000), queryOne(t, c, `select count(*) from "odd ""name"""`))
	require.Equal(t, int64(0), queryOne(t, c, `select count(*) from "odd ""name""" where s is distinct from case when i % 3 <> 0 then 'a longer string ' || i end or d <> i / 2`))
	mustExec(t, c, `create table t as select d, s, i from "odd ""name"""`)
	runtime.GC()
	require.Equal(t, int64(0), queryOne(t, c, "select count(*) from t where s is distinct from case when i % 3 <> 0 then 'a longer string ' || i end or d <> i / 2"))
	require.Equal(t, int64(15000), queryOne(t, c, `select count(*) from "odd ""name""" a join "odd ""name""" b on a.i = b.i and a.s is not distinct from b.s`))
	require.Equal(t, 5, opened)
	require.NoError(t, drop())
	require.NoError(t, drop())
	_, err = c.QueryRows(ctx, `from "odd ""name"""`)
	require.Equal(t, sqlstate.UndefinedTable, sqlstate.CodeOf(err))

	drop, err = c.ArrowView(ctx, "broken", schema, func() (array.RecordReader, error) {
		return nil, sqlstate.New(sqlstate.IOError, "no connection to the source")
	})
	require.NoError(t, err)
	_, err = c.QueryRows(ctx, "from broken")
	require.Equal(t, sqlstate.IOError, sqlstate.CodeOf(err), err)
	require.NoError(t, drop())
	wrong := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Int8}}, nil)
	drop, err = c.ArrowView(ctx, "changed", wrong, open)
	require.NoError(t, err)
	_, err = c.QueryRows(ctx, "from changed")
	require.Equal(t, sqlstate.DatatypeMismatch, sqlstate.CodeOf(err), err)
	require.NoError(t, drop())
	for _, b := range data {
		b.Release()
	}
}
