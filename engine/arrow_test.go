package engine

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestArrow(t *testing.T) {
	ctx := context.Background()
	s := withTypes(t, Options{})
	var want [][]any
	rows, err := s.Query(ctx, everyType)
	require.NoError(t, err)
	for rows.Next() {
		want = append(want, rows.Values())
	}
	require.NoError(t, rows.Err())

	r, err := s.QueryArrow(ctx, everyType)
	require.NoError(t, err)
	// Columns whose text is the same in Arrow's words and in ours.
	same := map[string]bool{"id": true, "b": true, "i8": true, "i16": true, "i32": true, "u8": true, "u16": true, "u32": true, "u64": true, "u128": true, "d": true,
		"s": true, "bits": true, "u": true, "en": true, "vi": true, "js": true, "bn": true, "ttz": true}
	n := 0
	var kept []arrow.RecordBatch
	for r.Next() {
		batch := r.RecordBatch()
		batch.Retain()
		kept = append(kept, batch)
	}
	require.NoError(t, r.Err())
	r.Release()
	runtime.GC()
	for _, batch := range kept {
		for c, col := range batch.Columns() {
			name := batch.ColumnName(c)
			require.NotPanics(t, func() { _, _ = col.MarshalJSON() }, name)
			for i := range col.Len() {
				w := want[n+i][c]
				if name == "un" {
					continue // an Arrow union has no NULLs of its own
				}
				require.Equal(t, w == nil, col.IsNull(i), "%s of row %d", name, n+i)
				if w != nil && same[name] {
					require.Equal(t, fmt.Sprint(w), col.ValueStr(i), "%s of row %d", name, n+i)
				}
			}
		}
		n += int(batch.NumRows())
		batch.Release()
	}
	require.Equal(t, len(want), n)
	require.Equal(t, "1", rowsOf(t, s, "select 1"))
}

func TestArrowValues(t *testing.T) {
	s := memory(t)
	for sql, want := range map[string]string{
		"select 12.34::decimal(4,2) as x":                       `[{"x":"12.34"}]`,
		"select -12.34::decimal(38,2) as x":                     `[{"x":"-12.34"}]`,
		"select -5::hugeint as x":                               `[{"x":"-5"}]`,
		"select [1, NULL, 3] as x":                              `[{"x":[1,null,3]}]`,
		"select {'a': 1, 'b': 'z'} as x":                        `[{"x":{"a":1,"b":"z"}}]`,
		"select map {'k': 1} as x":                              `[{"x":[{"key":"k","value":1}]}]`,
		"select [1, 2]::int[2] as x":                            `[{"x":[1,2]}]`,
		"select date '2020-02-29' as x":                         `[{"x":"2020-02-29"}]`,
		"select interval '1 month 2 days 3 microseconds' as x":  `[{"x":{"months":1,"days":2,"nanoseconds":3000}}]`,
		"select NULL as x":                                      `[{"x":null}]`,
		"select true as x, false as y":                          `[{"x":true,"y":false}]`,
		"select union_value(a := 5)::union(a int, b text) as x": `[{"x":[0,5]}]`,
		"select '\\x00ab'::blob as x":                           `[{"x":"AGFi"}]`,
	} {
		r, err := s.QueryArrow(context.Background(), sql)
		require.NoError(t, err, sql)
		require.True(t, r.Next(), sql)
		got, err := r.RecordBatch().MarshalJSON()
		require.NoError(t, err)
		require.Equal(t, want, strings.ReplaceAll(string(got), "\n", ""), sql)
		require.False(t, r.Next())
		require.NoError(t, r.Err())
		r.Release()
	}
	r, err := s.QueryArrow(context.Background(), "create table t (a int)")
	require.NoError(t, err)
	require.Zero(t, r.Schema().NumFields())
	require.False(t, r.Next())
	r.Release()
	_, err = s.QueryArrow(context.Background(), "select nope")
	require.Equal(t, sqlstate.UndefinedColumn, sqlstate.CodeOf(err))
	r, err = s.QueryArrow(context.Background(), "select case when i = 2900000 then error('late') else i end from range(3000000) t(i)")
	require.NoError(t, err)
	for r.Next() {
	}
	require.ErrorContains(t, r.Err(), "late")
	r.Release()
	var _ array.RecordReader = r
}
