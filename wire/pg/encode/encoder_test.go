package encode_test

import (
	"encoding/hex"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/testdata/vector"
	"github.com/eiderdb/eider/wire/pg/encode"
)

var (
	intType    = types.Of(types.Integer)
	textType   = types.Of(types.Varchar)
	doubleType = types.Of(types.Double)
	jsonType   = &types.Type{ID: types.Varchar, Alias: "JSON"}
)

func listOf(t *types.Type) *types.Type { return &types.Type{ID: types.List, Child: t} }

func arrayOf(n int, t *types.Type) *types.Type {
	return &types.Type{ID: types.Array, Child: t, Size: n}
}

func decimal(w, s uint8) *types.Type { return &types.Type{ID: types.Decimal, Width: w, Scale: s} }

func fields(id types.ID, pairs ...any) *types.Type {
	t := &types.Type{ID: id}
	for i := 0; i < len(pairs); i += 2 {
		t.Fields = append(t.Fields, types.Field{Name: pairs[i].(string), Type: pairs[i+1].(*types.Type)})
	}
	return t
}

func integer(s string) *big.Int {
	v, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic(s)
	}
	return v
}

// cell writes one value of type t in a format.
func cell(t *testing.T, typ *types.Type, v any, f encode.Format, s encode.Settings) (string, error) {
	t.Helper()
	var b vector.Builder
	e, err := encode.New([]types.Column{{Name: "v", Type: typ}}, []int16{int16(f)}, s, nil)
	require.NoError(t, err)
	require.NoError(t, e.Use(b.Chunk(b.Vector(typ, v))))
	out, null := e.Cell(nil, 0, 0)
	require.Equal(t, v == nil, null)
	return string(out), e.Err()
}

func TestTextOfTypesThatPostgresLacks(t *testing.T) {
	point := fields(types.Struct, "x", intType, `a"b`, textType)
	for _, c := range []struct {
		typ  *types.Type
		v    any
		want string
	}{
		{types.Of(types.TinyInt), int8(-128), "-128"},
		{types.Of(types.UTinyInt), uint8(255), "255"},
		{types.Of(types.USmallInt), uint16(65535), "65535"},
		{types.Of(types.UInteger), uint32(math.MaxUint32), "4294967295"},
		{types.Of(types.UBigInt), uint64(math.MaxUint64), "18446744073709551615"},
		{types.Of(types.HugeInt), integer("-170141183460469231731687303715884105728"), "-170141183460469231731687303715884105728"},
		{types.Of(types.HugeInt), integer("10000000000000000000"), "10000000000000000000"},
		{types.Of(types.HugeInt), integer("100000000000000000000000000000000000000"), "100000000000000000000000000000000000000"},
		{types.Of(types.UHugeInt), integer("340282366920938463463374607431768211455"), "340282366920938463463374607431768211455"},
		{types.Of(types.BigNum), integer("-123456789012345678901234567890123456789012345678901234567890"), "-123456789012345678901234567890123456789012345678901234567890"},
		{types.Of(types.BigNum), integer("0"), "0"},
		{decimal(4, 2), types.DecimalValue{Unscaled: big.NewInt(-5), Width: 4, Scale: 2}, "-0.05"},
		{decimal(38, 37), types.DecimalValue{Unscaled: big.NewInt(-1), Width: 38, Scale: 37}, "-0." + strings.Repeat("0", 36) + "1"},
		{&types.Type{ID: types.Enum, Labels: []string{"sad", "ok", "happy"}}, 2, "happy"},
		{types.Of(types.TimestampS), int64(-1), "1969-12-31 23:59:59"},
		{types.Of(types.TimestampMS), int64(1), "1970-01-01 00:00:00.001"},
		{types.Of(types.TimestampNS), int64(1999), "1970-01-01 00:00:00.000001"},
		{types.Of(types.TimestampNS), int64(-1), "1970-01-01 00:00:00"}, // as DuckDB's cast
		{types.Of(types.TimestampS), types.InfiniteTimestamp, "infinity"},
		{types.Of(types.TimeNS), int64(36_000_123_456_789), "10:00:00.123457"}, // as DuckDB's cast
		{types.Of(types.Geometry), []byte{1, 2}, `\x0102`},
		{point, []any{int32(1), "é\n"}, `{"x":1,"a\"b":"é\n"}`},
		{point, []any{nil, nil}, `{"x":null,"a\"b":null}`},
		{fields(types.Map, "key", intType, "value", doubleType), [][2]any{{int32(1), 0.5}, {int32(2), nil}}, `{"1":0.5,"2":null}`},
		{fields(types.Map, "key", textType, "value", jsonType), [][2]any{{"k", "[1]"}}, `{"k":[1]}`},
		{fields(types.Map, "key", textType, "value", intType), [][2]any{}, `{}`},
		{fields(types.Union, "num", intType, "str", textType), vector.Member{Tag: 1, Value: "x"}, `{"str":"x"}`},
		{listOf(listOf(intType)), []any{[]any{int32(1)}, []any{}, nil}, `[[1],[],null]`},
		{listOf(point), []any{[]any{int32(1), "x"}}, `[{"x":1,"a\"b":"x"}]`},
		{listOf(fields(types.Struct, "f", doubleType, "d", types.Of(types.Date), "b", types.Of(types.Boolean))), []any{[]any{math.NaN(), int32(0), true}}, `[{"f":"NaN","d":"1970-01-01","b":true}]`},
		{listOf(jsonType), []any{`{"a":1}`, "1"}, `{"{\"a\":1}",1}`},
		{arrayOf(2, arrayOf(2, intType)), []any{[]any{int32(1), int32(2)}, nil}, `{{1,2},{NULL,NULL}}`},
		{listOf(&types.Type{ID: types.Enum, Labels: []string{"a b"}}), []any{0}, `{"a b"}`},
	} {
		have, err := cell(t, c.typ, c.v, encode.Text, encode.Settings{})
		require.NoError(t, err)
		require.Equal(t, c.want, have, c.typ.String())
	}
}

func TestBinaryOfTypesThatPostgresLacks(t *testing.T) {
	for _, c := range []struct {
		typ  *types.Type
		v    any
		want string
	}{
		{types.Of(types.TinyInt), int8(-2), "fffe"},
		{types.Of(types.UTinyInt), uint8(255), "00ff"},
		{types.Of(types.USmallInt), uint16(65535), "0000ffff"},
		{types.Of(types.UInteger), uint32(math.MaxUint32), "00000000ffffffff"},
		{types.Of(types.UBigInt), uint64(math.MaxUint64), "0005000400000000" + "07341a5802e103bb064f"}, // 1844 6744 0737 0955 1615
		{types.Of(types.TimestampS), int64(946684801), "00000000000f4240"},
		{types.Of(types.TimestampNS), int64(946684800000001999), "0000000000000001"},
		{fields(types.Struct, "x", intType), []any{int32(1)}, hex.EncodeToString([]byte(`{"x":1}`))},
		{listOf(intType), []any{}, "000000000000000000000017"},
	} {
		have, err := cell(t, c.typ, c.v, encode.Binary, encode.Settings{})
		require.NoError(t, err)
		require.Equal(t, c.want, hex.EncodeToString([]byte(have)), c.typ.String())
	}
}

// Numbers of every magnitude must read back from the binary form as themselves.
func TestBinaryNumericReadsBack(t *testing.T) {
	digits := "12345678901234567890123456789012345678"
	for width := uint8(1); width <= 38; width++ {
		for scale := uint8(0); scale <= width; scale++ {
			for _, unscaled := range []*big.Int{integer(digits[:width]), integer("-" + digits[:width]), big.NewInt(0), big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(width-1)), nil)} {
				typ := decimal(width, scale)
				in := types.DecimalValue{Unscaled: unscaled, Width: width, Scale: scale}
				raw, err := cell(t, typ, in, encode.Binary, encode.Settings{})
				require.NoError(t, err)
				text, err := cell(t, typ, in, encode.Text, encode.Settings{})
				require.NoError(t, err)
				fromBinary, err := encode.DecodeParam(1, encode.OIDNumeric, encode.Binary, []byte(raw), encode.Settings{})
				require.NoError(t, err)
				fromText, err := encode.DecodeParam(1, encode.OIDNumeric, encode.Text, []byte(text), encode.Settings{})
				require.NoError(t, err)
				require.Equal(t, fromText, fromBinary, text)
				require.Zero(t, unscaled.Cmp(fromBinary.(types.DecimalValue).Unscaled), text)
			}
		}
	}
}

func TestSettingsChangeTheLook(t *testing.T) {
	iv := types.IntervalValue{Months: 14, Days: 3, Micros: 14706789000}
	mixed := types.IntervalValue{Months: -1, Days: 1, Micros: -1}
	for _, c := range []struct {
		typ  *types.Type
		v    any
		s    encode.Settings
		want string
	}{ // the answers are PostgreSQL 15's
		{types.Of(types.Interval), iv, encode.Settings{IntervalStyle: encode.IntervalPostgresVerbose}, "@ 1 year 2 mons 3 days 4 hours 5 mins 6.789 secs"},
		{types.Of(types.Interval), iv, encode.Settings{IntervalStyle: encode.IntervalISO8601}, "P1Y2M3DT4H5M6.789S"},
		{types.Of(types.Interval), iv, encode.Settings{IntervalStyle: encode.IntervalSQLStandard}, "+1-2 +3 +4:05:06.789"},
		{types.Of(types.Interval), mixed, encode.Settings{}, "-1 mons +1 day -00:00:00.000001"},
		{types.Of(types.Interval), mixed, encode.Settings{IntervalStyle: encode.IntervalPostgresVerbose}, "@ 1 mon -1 days 0.000001 secs ago"},
		{types.Of(types.Interval), mixed, encode.Settings{IntervalStyle: encode.IntervalISO8601}, "P-1M1DT-0.000001S"},
		{types.Of(types.Interval), mixed, encode.Settings{IntervalStyle: encode.IntervalSQLStandard}, "-0-1 +1 -0:00:00.000001"},
		{types.Of(types.Interval), types.IntervalValue{}, encode.Settings{IntervalStyle: encode.IntervalPostgresVerbose}, "@ 0"},
		{types.Of(types.Interval), types.IntervalValue{}, encode.Settings{IntervalStyle: encode.IntervalISO8601}, "PT0S"},
		{types.Of(types.Interval), types.IntervalValue{}, encode.Settings{IntervalStyle: encode.IntervalSQLStandard}, "0"},
		{types.Of(types.Interval), types.IntervalValue{Months: -14}, encode.Settings{IntervalStyle: encode.IntervalSQLStandard}, "-1-2"},
		{types.Of(types.Interval), types.IntervalValue{Days: 1, Micros: 1e6}, encode.Settings{IntervalStyle: encode.IntervalSQLStandard}, "1 0:00:01"},
		{types.Of(types.Blob), []byte("a\\\x00\xff"), encode.Settings{ByteaEscape: true}, `a\\\000\377`},
		{doubleType, 0.30000000000000004, encode.Settings{}, "0.30000000000000004"},
		{doubleType, 0.30000000000000004, encode.Settings{LegacyFloats: true}, "0.3"},
		{doubleType, 1234567.891, encode.Settings{LegacyFloats: true, ExtraFloatDigits: -10}, "1.2346e+06"},
		{types.Of(types.Float), float32(0.1), encode.Settings{LegacyFloats: true}, "0.1"},
		{doubleType, math.Copysign(0, -1), encode.Settings{LegacyFloats: true}, "-0"},
	} {
		have, err := cell(t, c.typ, c.v, encode.Text, c.s)
		require.NoError(t, err)
		require.Equal(t, c.want, have)
	}
}

func TestValuesBeyondPostgresRangeFail(t *testing.T) {
	for _, c := range []struct {
		typ    *types.Type
		v      any
		format encode.Format
	}{
		{types.Of(types.Timestamp), int64(math.MinInt64 + 2), encode.Binary},
		{types.Of(types.TimestampS), int64(math.MaxInt64 / 10), encode.Text},
		{types.Of(types.Date), int32(math.MinInt32 + 2), encode.Binary},
	} {
		_, err := cell(t, c.typ, c.v, c.format, encode.Settings{})
		require.True(t, sqlstate.Is(err, sqlstate.DatetimeFieldOverflow), "%v", err)
	}
}

type enums map[string][2]uint32

func (m enums) EnumOIDs(t *types.Type) (oid, array uint32, ok bool) {
	o, ok := m[t.Alias]
	return o[0], o[1], ok
}

func TestMap(t *testing.T) {
	mood := &types.Type{ID: types.Enum, Alias: "mood", Labels: []string{"a"}}
	catalog := enums{"mood": {16400, 16401}}
	for _, c := range []struct {
		typ  *types.Type
		want encode.PGType
	}{
		{nil, encode.PGType{OID: 25, Len: -1, Mod: -1}},
		{types.Of(types.SQLNull), encode.PGType{OID: 25, Len: -1, Mod: -1}},
		{types.Of(types.UTinyInt), encode.PGType{OID: 21, Len: 2, Mod: -1}},
		{types.Of(types.UInteger), encode.PGType{OID: 20, Len: 8, Mod: -1}},
		{decimal(18, 3), encode.PGType{OID: 1700, Len: -1, Mod: 18<<16 + 3 + 4}},
		{listOf(decimal(18, 3)), encode.PGType{OID: 1231, Len: -1, Mod: 18<<16 + 3 + 4}},
		{mood, encode.PGType{OID: 16400, Len: 4, Mod: -1}},
		{listOf(mood), encode.PGType{OID: 16401, Len: -1, Mod: -1}},
		{listOf(types.Of(types.HugeInt)), encode.PGType{OID: 1231, Len: -1, Mod: -1}},
		{listOf(listOf(intType)), encode.PGType{OID: 114, Len: -1, Mod: -1}},
		{arrayOf(2, arrayOf(3, intType)), encode.PGType{OID: 1007, Len: -1, Mod: -1}},
		{jsonType, encode.PGType{OID: 114, Len: -1, Mod: -1}},
		{types.Of(types.TimestampMS), encode.PGType{OID: 1114, Len: 8, Mod: 3}},
	} {
		require.Equal(t, c.want, encode.Map(c.typ, catalog), c.typ.String())
	}
	require.Equal(t, uint32(25), encode.Map(mood, nil).OID)
	for _, oid := range []uint32{0, 705, 869, 16400} {
		_, ok := encode.TypeOf(oid)
		require.False(t, ok, oid)
	}
}

func TestDataRowsAreMessagesThatPgproto3Reads(t *testing.T) {
	cols := []types.Column{{Name: "i", Type: intType}, {Name: "s", Type: textType}, {Name: "l", Type: listOf(intType)}, {Name: "d", Type: doubleType}}
	var b vector.Builder
	chunk := b.Chunk(b.Vector(intType, int32(1), nil, int32(-3)), b.Vector(textType, "short", "longer than twelve bytes", nil),
		b.Vector(listOf(intType), []any{int32(1)}, []any{}, nil), b.Vector(doubleType, 0.5, 1e20, nil))
	e, err := encode.New(cols, []int16{0, 0, 0, 1}, encode.Settings{}, nil)
	require.NoError(t, err)
	out, next, err := e.DataRows(nil, chunk, 0, 3, math.MaxInt)
	require.NoError(t, err)
	require.Equal(t, 3, next)
	f := pgproto3.NewFrontend(strings.NewReader(string(out)), nil)
	want := [][]string{
		{"1", "short", "{1}", "\x3f\xe0\x00\x00\x00\x00\x00\x00"},
		{"", "longer than twelve bytes", "{}", "\x44\x15\xaf\x1d\x78\xb5\x8c\x40"},
		{"-3", "", "", ""},
	}
	for _, row := range want {
		m, err := f.Receive()
		require.NoError(t, err)
		for i, v := range m.(*pgproto3.DataRow).Values {
			require.Equal(t, row[i], string(v))
			require.Equal(t, row[i] == "", v == nil)
		}
	}
	_, err = f.Receive()
	require.Error(t, err)
}

func TestDataRowsStopAtTheLimit(t *testing.T) {
	cols := []types.Column{{Name: "s", Type: textType}}
	var b vector.Builder
	chunk := b.Chunk(b.Vector(textType, "aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc"))
	e, err := encode.New(cols, nil, encode.Settings{}, nil)
	require.NoError(t, err)
	out, next, err := e.DataRows(nil, chunk, 0, 3, 30)
	require.NoError(t, err)
	require.Equal(t, 2, next)
	out, next, err = e.DataRows(out[:0], chunk, next, 3, 30)
	require.NoError(t, err)
	require.Equal(t, 3, next)
	require.Contains(t, string(out), "cccccccccc")
}

func TestNewChecksFormats(t *testing.T) {
	cols := []types.Column{{Name: "a", Type: intType}, {Name: "b", Type: intType}, {Name: "c", Type: intType}}
	_, err := encode.New(cols, []int16{0, 1}, encode.Settings{}, nil)
	require.True(t, sqlstate.Is(err, sqlstate.ProtocolViolation), "%v", err)
	_, err = encode.New(cols, []int16{2}, encode.Settings{}, nil)
	require.True(t, sqlstate.Is(err, sqlstate.InvalidParameterValue), "%v", err)
	e, err := encode.New(cols, []int16{1}, encode.Settings{}, nil)
	require.NoError(t, err)
	require.Equal(t, encode.Binary, e.Fields()[2].Format)
	var b vector.Builder
	_, _, err = e.DataRows(nil, b.Chunk(b.Vector(intType, int32(1))), 0, 1, 1)
	require.True(t, sqlstate.Is(err, sqlstate.InternalError), "%v", err)
}

// fiveColumns is the chunk of the project's speed aims.
func fiveColumns(b *vector.Builder) (*types.Chunk, []types.Column) {
	ids := []types.ID{types.BigInt, types.Double, types.Varchar, types.Integer, types.Timestamp}
	values := make([][]any, len(ids))
	for i := range int64(types.VectorSize) {
		row := []any{i * 7919, float64(i) * 0.5, "name-" + string(rune('a'+i%26)), int32(i % 100000), 1704067200000000 + i*1_000_000}
		for c := range row {
			values[c] = append(values[c], row[c])
		}
	}
	var vectors []types.Vector
	var cols []types.Column
	for i, id := range ids {
		vectors = append(vectors, b.Vector(types.Of(id), values[i]...))
		cols = append(cols, types.Column{Name: id.String(), Type: types.Of(id)})
	}
	return b.Chunk(vectors...), cols
}

func TestChunksAllocateNothing(t *testing.T) {
	var b vector.Builder
	chunk, cols := fiveColumns(&b)
	for _, format := range []int16{0, 1} {
		e, err := encode.New(cols, []int16{format}, encode.Settings{}, nil)
		require.NoError(t, err)
		buf := make([]byte, 0, 1<<20)
		require.Zero(t, testing.AllocsPerRun(10, func() {
			_, _, err = e.DataRows(buf[:0], chunk, 0, chunk.Len, math.MaxInt)
		}))
		require.NoError(t, err)
	}
}

func BenchmarkDataRows(b *testing.B) {
	var v vector.Builder
	chunk, cols := fiveColumns(&v)
	for format, name := range []string{"text", "binary"} {
		b.Run(name, func(b *testing.B) {
			e, err := encode.New(cols, []int16{int16(format)}, encode.Settings{}, nil)
			require.NoError(b, err)
			buf := make([]byte, 0, 1<<20)
			b.ReportAllocs()
			for b.Loop() {
				buf, _, err = e.DataRows(buf[:0], chunk, 0, chunk.Len, math.MaxInt)
			}
			require.NoError(b, err)
			b.ReportMetric(float64(b.N*chunk.Len)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
