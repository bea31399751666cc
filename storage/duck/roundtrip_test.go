package duck

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

func bigOfText(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic(s)
	}
	return n
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// sample is a type and values of it in SQL with what Value gives.
type sample struct {
	typ    string
	values [][2]any // SQL text, Go value
}

var samples = []sample{
	{"BOOLEAN", [][2]any{{"true", true}, {"false", false}}},
	{"TINYINT", [][2]any{{"-128", int64(-128)}, {"127", int64(127)}}},
	{"SMALLINT", [][2]any{{"-32768", int64(-32768)}, {"32767", int64(32767)}}},
	{"INTEGER", [][2]any{{"-2147483648", int64(math.MinInt32)}, {"2147483647", int64(math.MaxInt32)}}},
	{"BIGINT", [][2]any{{"-9223372036854775808", int64(math.MinInt64)}, {"9223372036854775807", int64(math.MaxInt64)}}},
	{"HUGEINT", [][2]any{{"-170141183460469231731687303715884105728", bigOfText("-170141183460469231731687303715884105728")},
		{"170141183460469231731687303715884105727", bigOfText("170141183460469231731687303715884105727")}, {"-1", big.NewInt(-1)}, {"0", new(big.Int)}}},
	{"UTINYINT", [][2]any{{"0", int64(0)}, {"255", int64(255)}}},
	{"USMALLINT", [][2]any{{"0", int64(0)}, {"65535", int64(65535)}}},
	{"UINTEGER", [][2]any{{"0", int64(0)}, {"4294967295", int64(4294967295)}}},
	{"UBIGINT", [][2]any{{"0", new(big.Int)}, {"18446744073709551615", bigOfText("18446744073709551615")}}},
	{"UHUGEINT", [][2]any{{"0", new(big.Int)}, {"340282366920938463463374607431768211455", bigOfText("340282366920938463463374607431768211455")}}},
	{"BIGNUM", [][2]any{{"'123456789012345678901234567890123456789012345678901234567890'", bigOfText("123456789012345678901234567890123456789012345678901234567890")},
		{"'-123456789012345678901234567890'", bigOfText("-123456789012345678901234567890")}, {"'0'", new(big.Int)}, {"'-255'", big.NewInt(-255)}}},
	{"FLOAT", [][2]any{{"1.5", 1.5}, {"'-inf'", math.Inf(-1)}, {"'-0'", math.Copysign(0, -1)}}},
	{"DOUBLE", [][2]any{{"1e308", 1e308}, {"'inf'", math.Inf(1)}, {"5e-324", 5e-324}, {"0.1", 0.1}}},
	{"DECIMAL(4,1)", [][2]any{{"'-999.9'", "-999.9"}, {"'0.5'", "0.5"}}},
	{"DECIMAL(9,3)", [][2]any{{"'-0.001'", "-0.001"}, {"'123456.789'", "123456.789"}}},
	{"DECIMAL(18,0)", [][2]any{{"'999999999999999999'", "999999999999999999"}}},
	{"DECIMAL(38,10)", [][2]any{{"'-9999999999999999999999999999.9999999999'", "-9999999999999999999999999999.9999999999"}, {"'0'", "0.0000000000"}}},
	{"VARCHAR", [][2]any{{"''", ""}, {"'twelve bytes'", "twelve bytes"}, {"'thirteen bytes'", "thirteen bytes"}, {"'Ünï🦆cødé ünd sehr lang'", "Ünï🦆cødé ünd sehr lang"},
		{"'it''s\na tab\t'", "it's\na tab\t"}, {"repeat('x', 1000)", strings.Repeat("x", 1000)}}},
	{"BLOB", [][2]any{{"''", []byte{}}, {`'\x00\xFF\x27'`, []byte{0, 255, 39}}, {"repeat('z', 70)", []byte(strings.Repeat("z", 70))}}},
	{"BIT", [][2]any{{"'1'", "1"}, {"'10101010'", "10101010"}, {"'000000001'", "000000001"}, {"repeat('10', 70)", strings.Repeat("10", 70)}}},
	{"UUID", [][2]any{{"'00000000-0000-0000-0000-000000000000'", "00000000-0000-0000-0000-000000000000"}, {"'ffffffff-ffff-ffff-ffff-ffffffffffff'", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
		{"'123e4567-e89b-12d3-a456-426614174000'", "123e4567-e89b-12d3-a456-426614174000"}}},
	{"DATE", [][2]any{{"'1970-01-01'", at("1970-01-01T00:00:00Z")}, {"'0001-01-01'", at("0001-01-01T00:00:00Z")}, {"'9999-12-31'", at("9999-12-31T00:00:00Z")},
		{"'infinity'", "infinity"}, {"'-infinity'", "-infinity"}}},
	{"TIME", [][2]any{{"'00:00:00'", "00:00:00"}, {"'23:59:59.999999'", "23:59:59.999999"}, {"'24:00:00'", "24:00:00"}, {"'01:02:03.5'", "01:02:03.5"}}},
	{"TIME_NS", [][2]any{{"'23:59:59.123456789'", "23:59:59.123456789"}}},
	{"TIMETZ", [][2]any{{"'00:00:00+00'", "00:00:00+00"}, {"'12:30:00-05:30'", "12:30:00-05:30"}, {"'12:30:00+15:59:59'", "12:30:00+15:59:59"}}},
	{"TIMESTAMP", [][2]any{{"'2024-02-29 12:34:56.123456'", at("2024-02-29T12:34:56.123456Z")}, {"'1900-01-01'", at("1900-01-01T00:00:00Z")}, {"'infinity'", "infinity"}, {"'-infinity'", "-infinity"}}},
	{"TIMESTAMP_S", [][2]any{{"'2024-02-29 12:34:56'", at("2024-02-29T12:34:56Z")}, {"'infinity'", "infinity"}}},
	{"TIMESTAMP_MS", [][2]any{{"'2024-02-29 12:34:56.789'", at("2024-02-29T12:34:56.789Z")}, {"'-infinity'", "-infinity"}}},
	{"TIMESTAMP_NS", [][2]any{{"'2024-02-29 12:34:56.123456789'", at("2024-02-29T12:34:56.123456789Z")}, {"'infinity'", "infinity"}}},
	{"TIMESTAMPTZ", [][2]any{{"'2024-02-29 12:34:56.123456+02'", at("2024-02-29T10:34:56.123456Z")}, {"'infinity'", "infinity"}}},
	{"INTERVAL", [][2]any{{"'1 year 2 months 3 days 04:05:06.789'", types.IntervalValue{Months: 14, Days: 3, Micros: 14706789000}}, {"'-1 day'", types.IntervalValue{Days: -1}}}},
	{"ENUM('a','','é')", [][2]any{{"'a'", "a"}, {"''", ""}, {"'é'", "é"}}},
	{"INTEGER[]", [][2]any{{"[]", []any{}}, {"[1,NULL,3]", []any{int64(1), nil, int64(3)}}}},
	{"VARCHAR[][]", [][2]any{{"[['a'],[],NULL,['longer than twelve bytes',NULL]]", []any{[]any{"a"}, []any{}, nil, []any{"longer than twelve bytes", nil}}}}},
	{"DOUBLE[3]", [][2]any{{"[1,NULL,3]", []any{1.0, nil, 3.0}}}},
	{"VARCHAR[2][]", [][2]any{{"[['a','b'],NULL,['c',NULL]]", []any{[]any{"a", "b"}, nil, []any{"c", nil}}}}},
	{`STRUCT(a INTEGER, "b c" VARCHAR[])`, [][2]any{{"{'a': 1, 'b c': ['x']}", map[string]any{"a": int64(1), "b c": []any{"x"}}}, {"{'a': NULL, 'b c': NULL}", map[string]any{"a": nil, "b c": nil}}}},
	{"STRUCT(a STRUCT(b DECIMAL(9,2), l INTEGER[]))[]", [][2]any{{"[{'a': {'b': 1.5, 'l': [1]}}, NULL, {'a': NULL}]", []any{map[string]any{"a": map[string]any{"b": "1.50", "l": []any{int64(1)}}}, nil, map[string]any{"a": nil}}}}},
	{"MAP(VARCHAR, INTEGER)", [][2]any{{"MAP {'x': 1, 'y': NULL}", map[string]any{"x": int64(1), "y": nil}}, {"MAP {}", map[string]any{}}}},
	{"MAP(INTEGER, VARCHAR[])", [][2]any{{"MAP {1: ['a']}", []any{map[string]any{"key": int64(1), "value": []any{"a"}}}}}},
	{"UNION(num INTEGER, str VARCHAR)", [][2]any{{"5::INTEGER", int64(5)}, {"'text that is longer'", "text that is longer"}}},
	{"JSON", [][2]any{{`'{"a": [1, null]}'`, `{"a": [1, null]}`}}},
}

// enumOf declares an ENUM of n labels.
func enumOf(n int) string {
	labels := make([]string, n)
	for i := range labels {
		labels[i] = fmt.Sprintf("'l%d'", i)
	}
	return "ENUM(" + strings.Join(labels, ", ") + ")"
}

// forSamples calls check for each sample with a table v(i, x) of its values, a NULL after each.
func forSamples(t *testing.T, c *Conn, check func(s sample, want []any)) {
	all := append([]sample{}, samples...)
	for _, n := range []int{255, 256, 257} {
		last := fmt.Sprintf("l%d", n-1)
		all = append(all, sample{enumOf(n), [][2]any{{"'l0'", "l0"}, {"'" + last + "'", last}}})
	}
	for _, s := range all {
		var want []any
		mustExec(t, c, "create or replace table v(i integer, x "+s.typ+")")
		for _, v := range s.values {
			mustExec(t, c, fmt.Sprintf("insert into v values (%d, %s), (%d, NULL)", len(want), v[0], len(want)+1))
			want = append(want, v[1], nil)
		}
		check(s, want)
	}
}

func column(t *testing.T, c *Conn, sql string, args ...any) (values []any) {
	t.Helper()
	rows, err := c.QueryRows(context.Background(), sql, args...)
	require.NoError(t, err, sql)
	for _, r := range rows {
		values = append(values, r[0])
	}
	return values
}

// TestTypesRead reads every type from tables, from expressions and through vectors that are not flat inside DuckDB.
func TestTypesRead(t *testing.T) {
	_, c := openTest(t, Config{})
	forSamples(t, c, func(s sample, want []any) {
		short := fmt.Sprintf("%.60s", s.typ)
		require.Equal(t, want, column(t, c, "select x from v order by i"), short)
		require.Equal(t, want, column(t, c, "select x from v"), short)
		for i, v := range s.values {
			// Constant, and the constant inside of lists and structs built row by row.
			require.Equal(t, v[1], queryOne(t, c, fmt.Sprintf("select CAST(%s AS %s)", v[0], s.typ)), short)
			got := column(t, c, fmt.Sprintf("select {'i': r, 'x': CAST(%s AS %s), 'l': [CAST(%s AS %s), NULL]} from range(3000) t(r)", v[0], s.typ, v[0], s.typ))
			require.Len(t, got, 3000)
			require.Equal(t, map[string]any{"i": int64(2999), "x": v[1], "l": []any{v[1], nil}}, got[2999], short)
			// Dictionaries: rows picked by a join and by an element of a list.
			got = column(t, c, "select v.x from range(5000) t(r) join v on v.i = r % 2 + $1 order by r", 2*i)
			require.Len(t, got, 5000)
			require.Equal(t, v[1], got[4998], short)
			require.Nil(t, got[4999], short)
			got = column(t, c, "select [v.x, v.x] from range(5000) t(r) join v on v.i = r % 2 + $1 where r % 3 = 0 order by r", 2*i)
			require.Equal(t, []any{v[1], v[1]}, got[2], short)
			require.Equal(t, []any{nil, nil}, got[1], short)
		}
	})
}

// TestWideEnums reads labels at the limits of 8, 16 and 32-bit codes.
func TestWideEnums(t *testing.T) {
	_, c := openTest(t, Config{})
	for _, n := range []int{65535, 65536} {
		last := fmt.Sprintf("l%d", n-1)
		require.Equal(t, last, queryOne(t, c, fmt.Sprintf("select '%s'::%s", last, enumOf(n))))
	}
}

// TestTypesBind binds what Value gave, with and without a type to aim at, and the text of it.
func TestTypesBind(t *testing.T) {
	_, c := openTest(t, Config{})
	forSamples(t, c, func(s sample, want []any) {
		for i, x := range want {
			require.Equal(t, x, queryOne(t, c, "select x from v where i = $1 and x is not distinct from $2::"+s.typ, i, x), "%.60s %v", s.typ, x)
			if strings.HasPrefix(s.typ, "UNION") {
				continue // text is a member of its own
			}
			text := queryOne(t, c, "select x::varchar from v where i = $1", i)
			require.Equal(t, x, queryOne(t, c, "select $1::"+s.typ, text), "%.60s from text %v", s.typ, text)
		}
	})
}

// TestTypesWrite copies every type through chunks and the appender, by view and by Set.
func TestTypesWrite(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	forSamples(t, c, func(s sample, want []any) {
		mustExec(t, c, "create or replace table w as from v limit 0")
		r, err := c.Query(ctx, "from v order by i")
		require.NoError(t, err)
		view, err := r.Next(ctx)
		require.NoError(t, err)
		chunk, err := NewChunk([]*types.Type{r.Columns()[0].Type, r.Columns()[1].Type})
		require.NoError(t, err)
		defer chunk.Close()
		for k := range view.Columns {
			require.NoError(t, chunk.Column(k).Copy(&view.Columns[k]))
		}
		chunk.SetLen(view.Len)
		again, err := chunk.View()
		require.NoError(t, err)
		for i := range want {
			require.Equal(t, want[i], Value(&again.Columns[1], i), "%.60s", s.typ)
		}
		require.NoError(t, r.Close())
		load := func() {
			a, err := c.Appender(ctx, "", "", "w")
			require.NoError(t, err)
			require.NoError(t, a.Append(ctx, chunk))
			require.NoError(t, a.Close(ctx))
			require.Equal(t, want, column(t, c, "select x from w order by i"), "%.60s", s.typ)
			require.Equal(t, int64(0), queryOne(t, c, "select count(*) from (from v except from w)"), "%.60s", s.typ)
		}
		load()
		if strings.HasPrefix(s.typ, "TIME") && !strings.HasPrefix(s.typ, "TIMESTAMP") {
			return // times of day come back as text, which Set does not parse
		}
		mustExec(t, c, "delete from w")
		chunk.Reset()
		for i, x := range want {
			if x == "infinity" || x == "-infinity" {
				x, want[i] = nil, nil
				mustExec(t, c, "update v set x = NULL where i = $1", i)
			}
			require.NoError(t, chunk.SetValue(0, i, i))
			require.NoError(t, chunk.SetValue(1, i, x), "%.60s %v", s.typ, x)
		}
		chunk.SetLen(len(want))
		load()
	})
}

func TestBindRefuses(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	mustExec(t, c, "create table t(i smallint, d date, l int[2])")
	for _, tc := range []struct {
		sql  string
		arg  any
		code sqlstate.Code
	}{
		{"select * from t where i = $1", "abc", sqlstate.InvalidTextRepresentation},
		{"insert into t(i) values ($1)", "40000", sqlstate.NumericValueOutOfRange},
		{"insert into t(i) values ($1)", 40000, sqlstate.NumericValueOutOfRange},
		{"insert into t(d) values ($1)", "2024-02-30", sqlstate.DatetimeFieldOverflow},
		{"select $1", "\xff", sqlstate.CharacterNotInRepertoire},
		{"select $1", make(chan int), sqlstate.DatatypeMismatch},
		{"insert into t(l) values ($1)", []any{1}, sqlstate.DatatypeMismatch},
	} {
		_, err := c.QueryRows(ctx, tc.sql, tc.arg)
		require.Equal(t, tc.code, sqlstate.CodeOf(err), "%s %v: %v", tc.sql, tc.arg, err)
	}
	s, err := c.Prepare(ctx, "select $1::int, $2::int")
	require.NoError(t, err)
	require.Equal(t, sqlstate.UndefinedParameter, sqlstate.CodeOf(s.Bind(3, 1)))
	require.Equal(t, sqlstate.UndefinedParameter, sqlstate.CodeOf(s.Bind(0, 1)))
	require.NoError(t, s.Bind(1, 1))
	_, err = s.Stream(ctx)
	require.Equal(t, sqlstate.UndefinedParameter, sqlstate.CodeOf(err), err)
	require.Equal(t, sqlstate.ProtocolViolation, sqlstate.CodeOf(s.BindAll(1)))
}
