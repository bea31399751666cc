package rolling

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// column is a vector of values; nil is NULL.
func vectorOf(t *testing.T, typ *types.Type, values ...any) types.Vector {
	t.Helper()
	b := types.NewBuilder([]*types.Type{typ})
	for _, v := range values {
		require.NoError(t, b.Column(0).Append(v))
	}
	return b.Chunk().Columns[0]
}

func TestKeysOfSeveralTypesCompare(t *testing.T) {
	decimal := &types.Type{ID: types.Decimal, Width: 9, Scale: 2}
	wide := &types.Type{ID: types.Decimal, Width: 38, Scale: 3}
	mood := &types.Type{ID: types.Enum, Labels: []string{"sad", "a label of more than twelve bytes"}}
	d := func(unscaled int64, scale uint8) types.DecimalValue {
		return types.DecimalValue{Unscaled: big.NewInt(unscaled), Scale: scale}
	}
	for _, c := range []struct {
		facts, label types.Vector
		found        []bool
	}{
		{vectorOf(t, types.Of(types.Integer), int64(1), int64(-2)), vectorOf(t, types.Of(types.BigInt), int64(1), int64(-2), int64(3), int64(1)<<32+1, nil), []bool{true, true, false, false, false}},
		{vectorOf(t, types.Of(types.TinyInt), int64(1), int64(-1)), vectorOf(t, types.Of(types.UBigInt), int64(1), new(big.Int).SetUint64(math.MaxUint64)), []bool{true, false}},
		{vectorOf(t, types.Of(types.HugeInt), int64(7), int64(-7)), vectorOf(t, types.Of(types.SmallInt), int64(7), int64(-7), int64(8)), []bool{true, true, false}},
		{vectorOf(t, types.Of(types.Integer), int64(0), int64(5)), vectorOf(t, types.Of(types.Double), 5.0, 5.5, math.Copysign(0, -1), math.NaN(), math.Inf(1)), []bool{true, false, true, false, false}},
		{vectorOf(t, types.Of(types.Double), 0.5, math.NaN()), vectorOf(t, types.Of(types.Float), float32(0.5), float32(math.NaN()), float32(0.1)), []bool{true, true, false}},
		{vectorOf(t, types.Of(types.Integer), int64(12), int64(0)), vectorOf(t, decimal, d(1200, 2), d(1250, 2), d(0, 2)), []bool{true, false, true}},
		{vectorOf(t, decimal, d(1250, 2), d(-10, 2)), vectorOf(t, wide, d(12500, 3), d(-100, 3), d(12501, 3)), []bool{true, true, false}},
		{vectorOf(t, types.Of(types.Varchar), "", "short", "twelve bytes", "a label of more than twelve bytes", "ä"),
			vectorOf(t, types.Of(types.Varchar), "short", "shor", "twelve bytes", "a label of more than twelve bytes", "", "ä", "a"), []bool{true, false, true, true, true, true, false}},
		{vectorOf(t, types.Of(types.Varchar), "sad", "a label of more than twelve bytes"), vectorOf(t, mood, "sad", "a label of more than twelve bytes"), []bool{true, true}},
		{vectorOf(t, types.Of(types.Boolean), true), vectorOf(t, types.Of(types.Integer), int64(1), int64(0)), []bool{true, false}},
	} {
		k, err := newKeys([]types.Vector{c.facts})
		require.NoError(t, err)
		ids, spare := make([]uint32, 8), make([]uint32, 8)
		k.ids([]types.Vector{c.facts}, c.facts.Len, true, ids, spare)
		labels := []types.Vector{c.label}
		require.NoError(t, k.check("main.v", labels))
		k.ids(labels, c.label.Len, false, ids, spare)
		for i, found := range c.found {
			require.Equal(t, found, ids[i] != absent, "%s and row %d of %s", c.facts.Type, i, c.label.Type)
		}
	}
	k, err := newKeys([]types.Vector{vectorOf(t, types.Of(types.Integer), int64(1))})
	require.NoError(t, err)
	require.Equal(t, sqlstate.DatatypeMismatch, sqlstate.CodeOf(k.check("main.v", []types.Vector{vectorOf(t, types.Of(types.Varchar), "1")})))
	require.NoError(t, k.check("main.v", []types.Vector{{Type: types.Of(types.SQLNull)}}))
	_, err = newKeys([]types.Vector{{Type: &types.Type{ID: types.List, Child: types.Of(types.Integer)}}})
	require.Equal(t, sqlstate.DatatypeMismatch, sqlstate.CodeOf(err))
}

// Keys of several columns keep their numbers apart, also when those of two threads come together.
func TestKeysComeTogether(t *testing.T) {
	columns := func(from, to int) []types.Vector {
		var a, b, c []any
		for i := from; i < to; i++ {
			a, b, c = append(a, int64(i%7)), append(b, fmt.Sprint("a name that is long: ", i%11)), append(c, fmt.Sprint(i%3))
		}
		return []types.Vector{vectorOf(t, types.Of(types.Integer), a...), vectorOf(t, types.Of(types.Varchar), b...), vectorOf(t, types.Of(types.Varchar), c...)}
	}
	one, err := newKeys(columns(0, 1))
	require.NoError(t, err)
	two, err := newKeys(columns(0, 1))
	require.NoError(t, err)
	ids, spare, others := make([]uint32, 400), make([]uint32, 400), make([]uint32, 400)
	one.ids(columns(0, 150), 150, true, ids, spare)
	two.ids(columns(100, 400), 300, true, others, spare)
	moved := one.absorb(two)
	require.Equal(t, 7*11*3, one.count())
	require.Positive(t, one.bytes())
	one.ids(columns(100, 400), 300, false, ids, spare)
	for i := range 300 {
		require.Equal(t, moved[others[i]], ids[i])
	}
	seen := map[uint32]int{}
	for i := range 231 {
		seen[ids[i]]++
	}
	require.Len(t, seen, 231)
	one.ids([]types.Vector{vectorOf(t, types.Of(types.Integer), int64(1)), vectorOf(t, types.Of(types.Varchar), "nobody"), vectorOf(t, types.Of(types.Varchar), "1")}, 1, false, ids, spare)
	require.Equal(t, absent, ids[0])
}
