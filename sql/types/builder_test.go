package types

import (
	"bytes"
	"math"
	"math/big"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBuilderStrings(t *testing.T) {
	b := NewBuilder([]*Type{Of(Varchar), Of(Integer)})
	want := []string{"", "a", "twelve bytes", "thirteen byte", strings.Repeat("x", 100_000), "é😀", strings.Repeat("y", 70_000)}
	for round := range 3 {
		for i, s := range want {
			b.Column(0).AppendBytes([]byte(s))
			AppendFixed(b.Column(1), int32(i))
		}
		b.Column(0).AppendNull()
		b.Column(1).AppendNull()
		runtime.GC() // what the strings point at must be alive
		chunk := b.Chunk()
		require.Equal(t, len(want)+1, chunk.Len, "round %d", round)
		for i, s := range want {
			require.True(t, chunk.Columns[0].Valid(i))
			require.Equal(t, s, string(chunk.Columns[0].Bytes(i)))
			require.Equal(t, int32(i), Slice[int32](&chunk.Columns[1])[i])
		}
		require.False(t, chunk.Columns[0].Valid(len(want)))
		b.Reset()
		require.Zero(t, b.Len())
	}
}

func TestBuilderTruncate(t *testing.T) {
	list := &Type{ID: List, Child: Of(Varchar)}
	b := NewBuilder([]*Type{list, Of(BigInt)})
	for i := range 130 {
		if i%7 == 0 {
			b.Column(0).AppendNull()
		} else {
			require.NoError(t, b.Column(0).Append([]any{"a", nil, "a longer string than twelve bytes"}))
		}
		AppendFixed(b.Column(1), int64(i))
	}
	// A row that breaks off in its first column, inside the list.
	b.Column(0).Child(0).AppendBytes([]byte("half"))
	require.Equal(t, 130, b.Len())
	b.Truncate(65)
	require.Equal(t, 65, b.Len())
	require.Equal(t, 3*(65-10), b.Column(0).Child(0).Len())
	require.NoError(t, b.Column(0).Append([]any{"z"}))
	AppendFixed(b.Column(1), int64(1))
	chunk := b.Chunk()
	require.True(t, chunk.Columns[0].Valid(65))
	e := Slice[ListEntry](&chunk.Columns[0])[65]
	require.Equal(t, "z", string(chunk.Columns[0].Children[0].Bytes(int(e.Offset))))
	require.False(t, chunk.Columns[0].Valid(63))
}

func TestAppend(t *testing.T) {
	when := time.Date(1969, 12, 31, 23, 59, 59, 1000, time.UTC)
	enum := &Type{ID: Enum, Labels: []string{"lo", "hi"}}
	object := &Type{ID: Struct, Fields: []Field{{"a", Of(Integer)}, {"b", Of(Varchar)}}}
	dict := &Type{ID: Map, Fields: []Field{{"key", Of(Varchar)}, {"value", Of(Integer)}}}
	for _, c := range []struct {
		typ  *Type
		v    any
		want any
	}{
		{Of(Boolean), true, true}, {Of(TinyInt), int64(-128), int8(-128)}, {Of(UTinyInt), 255, uint8(255)}, {Of(SmallInt), int8(3), int16(3)},
		{Of(Integer), uint32(7), int32(7)}, {Of(BigInt), int64(math.MinInt64), int64(math.MinInt64)}, {Of(UBigInt), uint64(math.MaxUint64), uint64(math.MaxUint64)},
		{Of(HugeInt), int64(-1), Huge{math.MaxUint64, -1}}, {Of(HugeInt), new(big.Int).Lsh(big.NewInt(1), 100), Huge{0, 1 << 36}},
		{Of(Float), 1.5, float32(1.5)}, {Of(Double), 3, 3.0}, {Of(Double), math.Inf(1), math.Inf(1)},
		{&Type{ID: Decimal, Width: 9, Scale: 2}, DecimalValue{Unscaled: big.NewInt(-15), Scale: 1}, int32(-150)},
		{&Type{ID: Decimal, Width: 38, Scale: 0}, 5, Huge{5, 0}},
		{Of(Date), when, int32(-1)}, {Of(Date), InfiniteDate, int32(math.MaxInt32)}, {Of(Timestamp), when, int64(-999_999)}, {Of(TimestampS), when, int64(-1)},
		{Of(TimestampNS), when, int64(-999_999_000)}, {Of(TimestampTZ), TimestampTZValue(5), int64(5)}, {Of(Time), TimeValue(9), int64(9)},
		{Of(Interval), IntervalValue{1, 2, 3}, IntervalValue{1, 2, 3}}, {Of(Interval), time.Second, IntervalValue{0, 0, 1_000_000}},
		{enum, "hi", uint8(1)}, {Of(UUID), UUIDValue{15: 9}, Huge{9, math.MinInt64}},
	} {
		b := NewColumnBuilder(c.typ)
		b.AppendNull()
		require.NoError(t, b.Append(c.v), "%s %v", c.typ, c.v)
		v := b.vector()
		require.False(t, v.Valid(0))
		require.True(t, v.Valid(1))
		switch want := c.want.(type) {
		case bool:
			require.Equal(t, want, Slice[bool](&v)[1])
		case int8:
			require.Equal(t, want, Slice[int8](&v)[1])
		case uint8:
			require.Equal(t, want, Slice[uint8](&v)[1])
		case int16:
			require.Equal(t, want, Slice[int16](&v)[1])
		case int32:
			require.Equal(t, want, Slice[int32](&v)[1])
		case int64:
			require.Equal(t, want, Slice[int64](&v)[1])
		case uint64:
			require.Equal(t, want, Slice[uint64](&v)[1])
		case float32:
			require.Equal(t, want, Slice[float32](&v)[1])
		case float64:
			require.Equal(t, want, Slice[float64](&v)[1])
		case Huge:
			require.Equal(t, want, Slice[Huge](&v)[1])
		case IntervalValue:
			require.Equal(t, want, Slice[IntervalValue](&v)[1])
		default:
			t.Fatalf("no check for %T", want)
		}
	}
	c := NewColumnBuilder(object)
	require.NoError(t, c.Append(map[string]any{"a": 1, "b": "x"}))
	require.Error(t, c.Append(map[string]any{"a": "no", "b": "x"}))
	require.NoError(t, c.Append(map[string]any{"a": 2}))
	v := c.vector()
	require.Equal(t, []int32{1, 2}, Slice[int32](&v.Children[0]))
	require.False(t, v.Children[1].Valid(1))
	c = NewColumnBuilder(dict)
	require.NoError(t, c.Append(map[string]any{"k": 5}))
	require.Equal(t, 1, c.Child(0).Len())
	require.True(t, bytes.Equal([]byte("k"), c.vector().Children[0].Children[0].Bytes(0)))
}

func TestAppendRefuses(t *testing.T) {
	for _, c := range []struct {
		typ *Type
		v   any
	}{
		{Of(TinyInt), 128}, {Of(TinyInt), -129}, {Of(UTinyInt), -1}, {Of(UBigInt), new(big.Int).Lsh(big.NewInt(1), 64)}, {Of(HugeInt), new(big.Int).Lsh(big.NewInt(1), 127)},
		{Of(Integer), "1"}, {Of(Integer), 1.5}, {Of(Boolean), 1}, {Of(Varchar), 5}, {Of(Date), "2020-01-01"}, {Of(Timestamp), TimestampTZValue(1)},
		{&Type{ID: Decimal, Width: 4, Scale: 2}, 100}, {&Type{ID: Decimal, Width: 4, Scale: 0}, DecimalValue{Unscaled: big.NewInt(15), Scale: 1}},
		{&Type{ID: Enum, Labels: []string{"a"}}, "b"}, {&Type{ID: List, Child: Of(Integer)}, []any{1, "x"}}, {&Type{ID: Array, Child: Of(Integer), Size: 2}, []any{1}},
		{Of(Interval), 5}, {Of(Float), "x"}, {&Type{ID: Struct}, 5},
	} {
		b := NewColumnBuilder(c.typ)
		require.Error(t, b.Append(c.v), "%s %v", c.typ, c.v)
		require.Zero(t, b.Len())
		if len(b.children) > 0 {
			require.Zero(t, b.Child(0).Len())
		}
	}
	require.Panics(t, func() { AppendFixed(NewColumnBuilder(Of(Integer)), int64(1)) })
}
