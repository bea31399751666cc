package frame

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// table is rows in memory that stream as chunks of the given sizes, over and over.
type table struct {
	types []*types.Type
	rows  [][]any
	sizes []int
}

func (t table) Stream(ctx context.Context, _ string, each func(*types.Chunk) error) error {
	b := types.NewBuilder(t.types)
	flush := func() error {
		defer b.Reset()
		return each(b.Chunk())
	}
	k := 0
	for _, row := range t.rows {
		for i, v := range row {
			if ns, ok := v.(types.TimestampNSValue); ok {
				types.AppendFixed(b.Column(i), int64(ns))
				continue
			}
			if err := b.Column(i).Append(v); err != nil {
				return err
			}
		}
		if b.Len() >= t.sizes[k%len(t.sizes)] {
			k++
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// dealt is the order of rows that k producers make which take turns with parts of their own.
func dealt(rows [][]any, k int) [][]any {
	var out [][]any
	n := (len(rows) + k - 1) / k
	for i := range n {
		for p := range k {
			if at := p*n + i; at < len(rows) {
				out = append(out, rows[at])
			}
		}
	}
	return out
}

var mixedTypes = []*types.Type{types.Of(types.Double), types.Of(types.Varchar), types.Of(types.Timestamp), types.Of(types.Double)}

var mixedInputs = []Input{{"x", "t.x", Number}, {"c", "t.c", Category}, {"at", "t.at", Instant}, {"y", "t.y", Number}}

// mixed has NULLs, NaN, both zeros, infinities, texts with bytes of every kind, and many rows twice.
func mixed(n int) table {
	r := rand.New(rand.NewPCG(1, 2))
	numbers := []any{nil, math.NaN(), 0.0, math.Copysign(0, -1), math.Inf(1), -1.5, math.MaxFloat64}
	texts := []any{nil, "", "a", "ä😀", "a\x00b", "exactly8", "longer than eight bytes", strings.Repeat("z", 3000)}
	t := table{types: mixedTypes, sizes: []int{2048}}
	for range n {
		row := []any{numbers[r.IntN(len(numbers))], texts[r.IntN(len(texts))], nil, float64(r.IntN(5))}
		if r.IntN(3) > 0 {
			row[2] = types.TimestampValue(r.IntN(4))
		}
		if r.IntN(2) == 0 {
			row[3] = r.NormFloat64()
		}
		t.rows = append(t.rows, row)
		if r.IntN(3) == 0 {
			t.rows = append(t.rows, row)
		}
	}
	return t
}

func load(t testing.TB, src Source, inputs []Input, o Options) *Frame {
	t.Helper()
	f, err := Load(context.Background(), src, "SELECT 1", inputs, o)
	require.NoError(t, err)
	return f
}

// requireSame compares frames by their bits.
func requireSame(t testing.TB, want, got *Frame) {
	t.Helper()
	require.Equal(t, want.Rows, got.Rows)
	require.Equal(t, want.Hash, got.Hash)
	require.Equal(t, want.Fingerprint, got.Fingerprint)
	require.Len(t, got.Cols, len(want.Cols))
	for k := range want.Cols {
		a, b := want.Cols[k], got.Cols[k]
		require.Equal(t, a.Code, b.Code)
		require.Equal(t, a.Dict, b.Dict)
		require.Equal(t, a.At, b.At)
		require.Len(t, b.Num, len(a.Num))
		for i := range a.Num {
			require.Equal(t, math.Float64bits(a.Num[i]), math.Float64bits(b.Num[i]), "column %d, row %d", k, i)
		}
	}
}

func TestLoadIgnoresPhysicalOrder(t *testing.T) {
	src := mixed(4000)
	want := load(t, src, mixedInputs, Options{Seed: 7})
	require.Equal(t, len(src.rows), want.Rows)
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 6 {
		again := table{mixedTypes, slices.Clone(src.rows), [][]int{{2048}, {1}, {7, 300, 1}, {5000}, {64, 65}, {1000}}[round]}
		r.Shuffle(len(again.rows), func(i, j int) { again.rows[i], again.rows[j] = again.rows[j], again.rows[i] })
		requireSame(t, want, load(t, again, mixedInputs, Options{Seed: 7}))
	}
	for producers := 1; producers <= 8; producers++ {
		requireSame(t, want, load(t, table{mixedTypes, dealt(src.rows, producers), []int{2048}}, mixedInputs, Options{Seed: 7}))
	}
	other := load(t, src, mixedInputs, Options{Seed: 8})
	require.NotEqual(t, want.Hash, other.Hash, "another seed is another order")
	require.Equal(t, want.Fingerprint, other.Fingerprint)
	require.Equal(t, slices.Sorted(slices.Values(want.Hash)), slices.Sorted(slices.Values(other.Hash)), "a row's identity doesn't depend on the seed")
}

func TestLoadKeepsRowsTogether(t *testing.T) {
	src := table{types: []*types.Type{types.Of(types.Double), types.Of(types.Varchar), types.Of(types.Date)}, sizes: []int{2048}}
	n := 3*blockRows + 5
	for i := range n {
		src.rows = append(src.rows, []any{float64(i), fmt.Sprint(i % 1000), types.DateValue(i)})
	}
	f := load(t, src, []Input{{"i", "i", Number}, {"c", "c", Category}, {"d", "d", Instant}}, Options{})
	require.True(t, slices.IsSorted(f.Col("c").Dict))
	seen := make([]bool, n)
	for i := range n {
		v := int(f.Col("i").Num[i])
		require.False(t, seen[v])
		seen[v] = true
		require.Equal(t, fmt.Sprint(v%1000), f.Col("c").Dict[f.Col("c").Code[i]])
		require.Equal(t, int64(v)*86_400_000_000, f.Col("d").At[i])
	}
}

func TestFingerprint(t *testing.T) {
	src := mixed(50)
	of := func(rows [][]any) [32]byte {
		return load(t, table{mixedTypes, rows, []int{8}}, mixedInputs, Options{}).Fingerprint
	}
	base := of(src.rows)
	seen := map[[32]byte]bool{base: true}
	for _, change := range []func(rows [][]any) [][]any{
		func(rows [][]any) [][]any { return rows[1:] },
		func(rows [][]any) [][]any { return append(rows, rows[0]) },
		func(rows [][]any) [][]any { return append(rows, rows[0], rows[0]) },
		func(rows [][]any) [][]any { rows[0] = []any{1.0, "a", nil, 2.0}; return rows },
		func(rows [][]any) [][]any { rows[0] = []any{2.0, "a", nil, 1.0}; return rows },
		func(rows [][]any) [][]any { return nil },
	} {
		got := of(change(slices.Clone(src.rows)))
		require.False(t, seen[got])
		seen[got] = true
	}
}

// The hash decides the order of every model's rows and is part of fitted models: these values stay for good. They come from
// another implementation of what hash.go's comment says, in Python.
func TestHashStays(t *testing.T) {
	for text, want := range map[string]uint64{
		"": 0x28aed06b79bc90e0, "a": 0x28665654f6d9d0ce, "exactly8": 0xc842687e11271eb6, "longer than eight bytes": 0x88bc938616be9b46,
		"ä😀": 0x9df953e2510081ab, "a\x00": 0xa1e5b4883daf5574,
	} {
		require.Equal(t, fmt.Sprintf("%#x", want), fmt.Sprintf("%#x", HashText(text)), "%q", text)
		require.Equal(t, HashText(text), HashText([]byte(text)))
	}
	require.NotEqual(t, HashText("a"), HashText("a\x00"))
	f := load(t, table{mixedTypes, [][]any{{1.5, "a", types.TimestampValue(9), nil}}, []int{1}}, mixedInputs, Options{})
	require.Equal(t, "0x275e642454894446", fmt.Sprintf("%#x", f.Hash[0]))
	require.Equal(t, "0x1470c57490c576c0", fmt.Sprintf("%#x", Keyed(f.Hash[0], 42)))
	require.Equal(t, "2f038a1ce7b70273431a85a977325f86b4078e5c88874c9401124cc8fa624cd4", fmt.Sprintf("%x", f.Fingerprint))
}

func TestZerosAndNaN(t *testing.T) {
	num := []*types.Type{types.Of(types.Double)}
	in := []Input{{"x", "x", Number}}
	zero, negative := 0.0, math.Copysign(0, -1)
	a := load(t, table{num, [][]any{{zero}, {negative}, {zero}, {negative}, {negative}}, []int{2}}, in, Options{})
	b := load(t, table{num, [][]any{{negative}, {negative}, {zero}, {negative}, {zero}}, []int{3}}, in, Options{})
	requireSame(t, a, b)
	require.Equal(t, a.Hash[0], a.Hash[4], "the zeros are one identity")
	odd := math.Float64frombits(0xfff8000000000123)
	a = load(t, table{num, [][]any{{math.NaN()}, {nil}}, []int{2}}, in, Options{})
	b = load(t, table{num, [][]any{{odd}, {odd}}, []int{2}}, in, Options{})
	requireSame(t, a, b)
	require.True(t, a.Col("x").Missing(0))
}

func TestSmallFrames(t *testing.T) {
	empty := load(t, table{mixedTypes, nil, []int{1}}, mixedInputs, Options{})
	require.Zero(t, empty.Rows)
	require.Empty(t, empty.Hash)
	require.Empty(t, empty.Col("c").Dict)
	empty.Arrange(nil)
	one := load(t, table{mixedTypes, [][]any{{nil, nil, nil, nil}}, []int{1}}, mixedInputs, Options{})
	require.Equal(t, 1, one.Rows)
	for k := range one.Cols {
		require.True(t, one.Cols[k].Missing(0))
	}
	require.Nil(t, one.Col("nothing"))
}

func TestInstants(t *testing.T) {
	in := []Input{{"at", "at", Instant}}
	for _, c := range []struct {
		typ  types.ID
		v    any
		want int64
	}{
		{types.Date, types.DateValue(-1), -86_400_000_000},
		{types.Date, types.InfiniteDate, math.MaxInt64},
		{types.Date, -types.InfiniteDate, -math.MaxInt64},
		{types.Date, types.DateValue(200_000_000), math.MaxInt64},
		{types.Timestamp, types.TimestampValue(-5), -5},
		{types.TimestampTZ, types.TimestampTZValue(types.InfiniteTimestamp), math.MaxInt64},
		{types.TimestampNS, types.TimestampNSValue(1999), 1},
		{types.TimestampNS, types.TimestampNSValue(-1), -1},
		{types.TimestampNS, types.TimestampNSValue(-2000), -2},
		{types.TimestampNS, types.TimestampNSValue(-types.InfiniteTimestamp), -math.MaxInt64},
		{types.Timestamp, nil, NullInstant},
	} {
		f := load(t, table{[]*types.Type{types.Of(c.typ)}, [][]any{{c.v}}, []int{1}}, in, Options{})
		require.Equal(t, c.want, f.Col("at").At[0], "%v %v", c.typ, c.v)
	}
	require.Equal(t, int64(1_000_000), scaled(1, 1_000_000))
}

func TestIdentity(t *testing.T) {
	src := mixed(300)
	a := load(t, src, mixedInputs, Options{Identity: []string{"c", "at"}, Seed: 1})
	b := load(t, src, []Input{mixedInputs[0], mixedInputs[1], mixedInputs[2], {"z", "t.z", Number}}, Options{Identity: []string{"c", "at"}, Seed: 2})
	byKey := map[string]uint64{}
	for _, f := range []*Frame{a, b} {
		for i, h := range f.Hash {
			key := fmt.Sprint(f.Col("c").Code[i], f.Col("at").At[i])
			if want, ok := byKey[key]; ok {
				require.Equal(t, want, h)
			}
			byKey[key] = h
		}
	}
	distinct := map[uint64]bool{}
	for _, h := range byKey {
		distinct[h] = true
	}
	require.Len(t, distinct, len(byKey))
	_, err := Load(context.Background(), src, "SELECT 1", mixedInputs, Options{Identity: []string{"no"}})
	require.Equal(t, sqlstate.UndefinedColumn, sqlstate.CodeOf(err))
}

type failing struct {
	table
	after int
	err   error
}

func (s failing) Stream(ctx context.Context, sql string, each func(*types.Chunk) error) error {
	n := 0
	return s.table.Stream(ctx, sql, func(c *types.Chunk) error {
		if n++; n > s.after {
			return s.err
		}
		return each(c)
	})
}

func TestLoadErrors(t *testing.T) {
	src := mixed(5000)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Load(ctx, src, "q", nil, Options{})
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err))
	_, err = Load(ctx, src, "q", mixedInputs, Options{MaxBytes: 100_000})
	require.Equal(t, sqlstate.OutOfMemory, sqlstate.CodeOf(err))
	_, err = Load(ctx, src, "q", mixedInputs[:3], Options{})
	require.Equal(t, sqlstate.InternalError, sqlstate.CodeOf(err))
	_, err = Load(ctx, table{[]*types.Type{types.Of(types.Varchar)}, [][]any{{"2020"}}, []int{1}}, "q", []Input{{"at", "at", Instant}}, Options{})
	require.Equal(t, sqlstate.DatatypeMismatch, sqlstate.CodeOf(err))
	broken := errors.New("the disk is gone")
	_, err = Load(ctx, failing{src, 1, broken}, "q", mixedInputs, Options{})
	require.ErrorIs(t, err, broken)
	seen := int64(0)
	_, err = Load(ctx, src, "q", mixedInputs, Options{Progress: func(rows int64) {
		if seen = rows; rows > 2048 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.Greater(t, seen, int64(2048))
	require.Less(t, seen, int64(5000))
}

func TestSelect(t *testing.T) {
	require.Equal(t, "SELECT CAST((t.x -- why\n) AS DOUBLE), CAST((c\n) AS VARCHAR), (at\n) FROM (\nSELECT 1 -- one\n) AS t",
		Select("SELECT 1 -- one", []Input{{"x", "t.x -- why", Number}, {"c", "c", Category}, {"at", "at", Instant}}))
}

func TestArrange(t *testing.T) {
	f := load(t, mixed(500), mixedInputs, Options{})
	want := load(t, mixed(500), mixedInputs, Options{})
	r := rand.New(rand.NewPCG(5, 6))
	perm := f.All()
	r.Shuffle(len(perm), func(i, j int) { perm[i], perm[j] = perm[j], perm[i] })
	perm = perm[:400] // the rest is dropped
	f.Arrange(perm)
	require.Equal(t, 400, f.Rows)
	for i, p := range perm {
		require.Equal(t, want.Hash[p], f.Hash[i])
		require.Equal(t, math.Float64bits(want.Col("x").Num[p]), math.Float64bits(f.Col("x").Num[i]))
		require.Equal(t, want.Col("c").Code[p], f.Col("c").Code[i])
		require.Equal(t, want.Col("at").At[p], f.Col("at").At[i])
		require.Equal(t, math.Float64bits(want.Col("y").Num[p]), math.Float64bits(f.Col("y").Num[i]))
	}
	require.Len(t, f.Col("y").Num, 400)
}

func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{0, 1, 2, 1000, 70_000} {
		for _, bits := range []int{0, 1, 11, 33, 64} {
			keys := make([]uint64, n)
			for i := range keys {
				if bits > 0 {
					keys[i] = r.Uint64() >> (64 - bits)
				}
			}
			before := slices.Clone(keys)
			idx := model.Order(keys)
			require.True(t, slices.IsSorted(keys))
			for i, p := range idx {
				require.Equal(t, before[p], keys[i])
				if i > 0 && keys[i] == keys[i-1] {
					require.Less(t, idx[i-1], p, "stable")
				}
			}
		}
	}
}

// stream gives the same chunk of 20 random columns over and over.
type stream struct {
	chunk *types.Chunk
	n     int
}

func (s stream) Stream(_ context.Context, _ string, each func(*types.Chunk) error) error {
	for range s.n {
		x := types.Slice[float64](&s.chunk.Columns[0])
		for i := range x {
			x[i]++ // so that rows differ
		}
		if err := each(s.chunk); err != nil {
			return err
		}
	}
	return nil
}

func BenchmarkLoad(b *testing.B) {
	r := rand.New(rand.NewPCG(9, 10))
	const columns = 20
	var ts []*types.Type
	var inputs []Input
	for k := range columns {
		ts = append(ts, types.Of(types.Double))
		inputs = append(inputs, Input{fmt.Sprint(k), fmt.Sprint(k), Number})
	}
	build := types.NewBuilder(ts)
	for range types.VectorSize {
		for k := range columns {
			types.AppendFixed(build.Column(k), r.NormFloat64())
		}
	}
	src := stream{build.Chunk(), 1000}
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		f, err := Load(context.Background(), src, "q", inputs, Options{})
		require.NoError(b, err)
		rows += f.Rows
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
