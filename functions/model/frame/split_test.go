package frame

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// people has an id, a class with shares 70, 29 and 1 %, a group of about 20, a day and a part.
func people(t testing.TB, n int) *Frame {
	r := rand.New(rand.NewPCG(1, 9))
	src := table{types: []*types.Type{types.Of(types.Double), types.Of(types.Varchar), types.Of(types.Varchar), types.Of(types.Timestamp), types.Of(types.Varchar)}, sizes: []int{500}}
	for i := range n {
		class := "a"
		if u := r.IntN(100); u == 0 {
			class = "c"
		} else if u < 30 {
			class = "b"
		}
		day := time.Date(2024, 1, 1+r.IntN(100), 0, 0, 0, 0, time.UTC)
		part := [...]string{"train", "Training", " TEST", "holdout", "val"}[r.IntN(5)]
		var group any = fmt.Sprint(r.IntN(n/20 + 1))
		if r.IntN(20) == 0 {
			group = nil
		}
		src.rows = append(src.rows, []any{float64(i), class, group, types.TimestampValue(day.UnixMicro()), part})
	}
	return load(t, src, []Input{{"id", "id", Number}, {"class", "class", Category}, {"grp", "grp", Category}, {"day", "day", Instant}, {"part", "part", Category}}, Options{Identity: []string{"id"}})
}

// requireParts checks that parts are ascending and hold every row once.
func requireParts(t testing.TB, rows []int32, parts ...[]int32) {
	t.Helper()
	var all []int32
	for _, p := range parts {
		require.True(t, slices.IsSorted(p))
		all = append(all, p...)
	}
	slices.Sort(all)
	require.Equal(t, rows, all)
}

func days(n int32) types.IntervalValue { return types.IntervalValue{Days: n} }

func TestSplitRandom(t *testing.T) {
	f := people(t, 1000)
	p, err := Split(f, SplitSpec{Kind: Random, Fraction: 0.25, Seed: 3})
	require.NoError(t, err)
	requireParts(t, f.All(), p.Train, p.Test)
	require.Len(t, p.Test, 250)
	again, err := Split(f, SplitSpec{Kind: Random, Fraction: 0.25, Seed: 4})
	require.NoError(t, err)
	require.NotEqual(t, p.Test, again.Test)
	// Halves of half: drawn independently of the rows' order.
	low := 0
	for _, r := range p.Test {
		if int(r) < f.Rows/2 {
			low++
		}
	}
	require.InDelta(t, 125, low, 30)
	// The same ids are held out when the frame is in another order.
	ids := func(f *Frame, rows []int32) (out []float64) {
		for _, r := range rows {
			out = append(out, f.Col("id").Num[r])
		}
		slices.Sort(out)
		return out
	}
	want := ids(f, p.Test)
	order := f.All()
	slices.Reverse(order)
	f.Arrange(order)
	p, err = Split(f, SplitSpec{Kind: Random, Fraction: 0.25, Seed: 3})
	require.NoError(t, err)
	require.Equal(t, want, ids(f, p.Test))
	none, err := Split(f, SplitSpec{})
	require.NoError(t, err)
	require.Equal(t, f.All(), none.Train)
	require.Empty(t, none.Test)
	two, err := SplitRows(f, []int32{5, 900}, SplitSpec{Kind: Random, Fraction: 0.01})
	require.NoError(t, err)
	require.Len(t, two.Test, 1)
	require.Len(t, two.Train, 1)
}

func TestSplitStratified(t *testing.T) {
	f := people(t, 1003)
	p, err := Split(f, SplitSpec{Kind: Stratified, Column: "class", Fraction: 0.2})
	require.NoError(t, err)
	requireParts(t, f.All(), p.Train, p.Test)
	require.InDelta(t, 200.6, len(p.Test), 1)
	count := func(rows []int32) (n [3]int) {
		for _, r := range rows {
			n[f.Col("class").Code[r]]++
		}
		return n
	}
	all, held := count(f.All()), count(p.Test)
	require.Greater(t, all[2], 0)
	for k := range all {
		require.InDelta(t, 0.2*float64(all[k]), held[k], 1, "class %d", k)
	}
	// A class of one row trains; of two, one is held out.
	tiny := load(t, table{[]*types.Type{types.Of(types.Double), types.Of(types.Varchar)}, [][]any{{1.0, "x"}, {2.0, "y"}, {3.0, "y"}, {4.0, "z"}, {5.0, "z"}, {6.0, "z"}, {7.0, nil}}, []int{9}},
		[]Input{{"id", "id", Number}, {"class", "class", Category}}, Options{})
	p, err = Split(tiny, SplitSpec{Kind: Stratified, Column: "class", Fraction: 0.2})
	require.NoError(t, err)
	held = [3]int{}
	for _, r := range p.Test {
		held[tiny.Col("class").Code[r]]++
	}
	require.Equal(t, [3]int{0, 1, 1}, held)
}

func TestSplitTime(t *testing.T) {
	f := people(t, 1000)
	at := f.Col("day").At
	edges := func(rows []int32) (lo, hi int64) {
		lo, hi = math.MaxInt64, math.MinInt64
		for _, r := range rows {
			lo, hi = min(lo, at[r]), max(hi, at[r])
		}
		return lo, hi
	}
	const day = int64(86_400_000_000)
	p, err := Split(f, SplitSpec{Kind: Time, Column: "day", Fraction: 0.3})
	require.NoError(t, err)
	requireParts(t, f.All(), p.Train, p.Test)
	_, last := edges(p.Train)
	first, end := edges(p.Test)
	require.Less(t, last, first, "rows of one time stay together")
	require.InDelta(t, 300, len(p.Test), 10)

	p, err = Split(f, SplitSpec{Kind: Time, Column: "day", Fraction: 0.3, Gap: days(7)})
	require.NoError(t, err)
	requireParts(t, f.All(), p.Train, p.Test, p.Gap)
	_, last = edges(p.Train)
	require.Equal(t, first-7*day, last, "a row exactly as far off as the gap trains")
	lo, hi := edges(p.Gap)
	require.Equal(t, first-6*day, lo)
	require.Equal(t, first-day, hi)

	p, err = Split(f, SplitSpec{Kind: Time, Column: "day", Holdout: &types.IntervalValue{Days: 10}})
	require.NoError(t, err)
	first, _ = edges(p.Test)
	require.Equal(t, end-9*day, first)
	p, err = Split(f, SplitSpec{Kind: Time, Column: "day", Holdout: &types.IntervalValue{Months: 1}})
	require.NoError(t, err)
	first, end = edges(p.Test)
	require.Equal(t, time.UnixMicro(end).UTC().AddDate(0, -1, 1).UnixMicro(), first)
}

func TestBefore(t *testing.T) {
	at := func(s string) int64 {
		v, err := time.Parse("2006-01-02 15:04", s)
		require.NoError(t, err)
		return v.UnixMicro()
	}
	for _, c := range []struct {
		from string
		by   types.IntervalValue
		want string
	}{
		{"2024-03-31 10:00", types.IntervalValue{Months: 1}, "2024-02-29 10:00"},
		{"2023-03-31 10:00", types.IntervalValue{Months: 1}, "2023-02-28 10:00"},
		{"2024-02-29 00:00", types.IntervalValue{Months: 12}, "2023-02-28 00:00"},
		{"2024-01-15 00:00", types.IntervalValue{Months: 2, Days: 1, Micros: 3_600_000_000}, "2023-11-13 23:00"},
		{"1970-01-01 00:00", types.IntervalValue{Months: 1}, "1969-12-01 00:00"},
	} {
		require.Equal(t, at(c.want), before(at(c.from), c.by), "%s", c.from)
	}
	require.Equal(t, int64(-math.MaxInt64), before(0, types.IntervalValue{Micros: math.MaxInt64}))
}

func TestSplitGroups(t *testing.T) {
	f := people(t, 2000)
	p, err := Split(f, SplitSpec{Kind: Group, Column: "grp", Fraction: 0.2, Seed: 1})
	require.NoError(t, err)
	requireParts(t, f.All(), p.Train, p.Test)
	side := map[int32]int{}
	for k, rows := range [][]int32{p.Train, p.Test} {
		for _, r := range rows {
			code := f.Col("grp").Code[r]
			if was, ok := side[code]; ok {
				require.Equal(t, was, k, "group %d is on both sides", code)
			}
			side[code] = k
		}
	}
	require.InDelta(t, 400, len(p.Test), 15)
	// Two groups, one of them nearly everything.
	rows := [][]any{{1.0, "small"}}
	for i := range 99 {
		rows = append(rows, []any{float64(i), "large"})
	}
	g := load(t, table{[]*types.Type{types.Of(types.Double), types.Of(types.Varchar)}, rows, []int{9}}, []Input{{"id", "id", Number}, {"g", "g", Category}}, Options{})
	for seed := range int64(5) {
		p, err = Split(g, SplitSpec{Kind: Group, Column: "g", Fraction: 0.2, Seed: seed})
		require.NoError(t, err)
		require.Len(t, p.Test, 1)
	}
}

func TestSplitColumn(t *testing.T) {
	f := people(t, 300)
	p, err := Split(f, SplitSpec{Kind: ByColumn, Column: "part"})
	require.NoError(t, err)
	requireParts(t, f.All(), p.Train, p.Test, p.Valid)
	for k, rows := range [][]int32{p.Train, p.Test, p.Valid} {
		require.NotEmpty(t, rows)
		for _, r := range rows {
			require.Contains(t, [][]string{{"train", "Training"}, {" TEST", "holdout"}, {"val"}}[k], f.Col("part").Dict[f.Col("part").Code[r]])
		}
	}
	flags := load(t, table{[]*types.Type{types.Of(types.Double)}, [][]any{{0.0}, {1.0}, {0.0}}, []int{9}}, []Input{{"is_test", "is_test", Number}}, Options{})
	p, err = Split(flags, SplitSpec{Kind: ByColumn, Column: "is_test"})
	require.NoError(t, err)
	require.Len(t, p.Train, 2)
	require.Len(t, p.Test, 1)
	require.Equal(t, SplitSpec{Kind: Random, Fraction: 0.1, Seed: SplitSpec{}.Inner(0.1).Seed}, SplitSpec{Kind: ByColumn, Column: "part"}.Inner(0.1))
	inner := SplitSpec{Kind: Time, Column: "day", Holdout: &types.IntervalValue{Days: 1}, Gap: days(2)}.Inner(0.1)
	require.Equal(t, SplitSpec{Kind: Time, Column: "day", Fraction: 0.1, Gap: days(2), Seed: inner.Seed}, inner)
}

func TestSplitErrors(t *testing.T) {
	f := people(t, 100)
	one := load(t, table{[]*types.Type{types.Of(types.Varchar), types.Of(types.Timestamp), types.Of(types.Timestamp)},
		[][]any{{"a", types.TimestampValue(0), nil}, {"a", types.TimestampValue(0), types.TimestampValue(types.InfiniteTimestamp)}, {"a", types.TimestampValue(0), types.TimestampValue(1)}}, []int{9}},
		[]Input{{"c", "c", Category}, {"at", "at", Instant}, {"gaps", "gaps", Instant}}, Options{})
	long := types.IntervalValue{Days: 1000}
	for name, c := range map[string]struct {
		f    *Frame
		s    SplitSpec
		code sqlstate.Code
	}{
		"fraction 0":      {f, SplitSpec{Kind: Random}, sqlstate.InvalidParameterValue},
		"fraction 1":      {f, SplitSpec{Kind: Stratified, Column: "class", Fraction: 1}, sqlstate.InvalidParameterValue},
		"fraction NaN":    {f, SplitSpec{Kind: Random, Fraction: math.NaN()}, sqlstate.InvalidParameterValue},
		"no column":       {f, SplitSpec{Kind: Group, Column: "no", Fraction: 0.2}, sqlstate.UndefinedColumn},
		"wrong kind":      {f, SplitSpec{Kind: Time, Column: "class", Fraction: 0.2}, sqlstate.DatatypeMismatch},
		"one class":       {one, SplitSpec{Kind: Stratified, Column: "c", Fraction: 0.2}, sqlstate.InvalidParameterValue},
		"one group":       {one, SplitSpec{Kind: Group, Column: "c", Fraction: 0.2}, sqlstate.InvalidParameterValue},
		"one time":        {one, SplitSpec{Kind: Time, Column: "at", Fraction: 0.2}, sqlstate.InvalidParameterValue},
		"no time":         {one, SplitSpec{Kind: Time, Column: "gaps", Fraction: 0.2}, sqlstate.NullValueNotAllowed},
		"long holdout":    {f, SplitSpec{Kind: Time, Column: "day", Holdout: &long}, sqlstate.InvalidParameterValue},
		"long gap":        {f, SplitSpec{Kind: Time, Column: "day", Fraction: 0.2, Gap: long}, sqlstate.InvalidParameterValue},
		"backward gap":    {f, SplitSpec{Kind: Time, Column: "day", Fraction: 0.2, Gap: days(-1)}, sqlstate.InvalidParameterValue},
		"no part":         {f, SplitSpec{Kind: ByColumn, Column: "class"}, sqlstate.InvalidParameterValue},
		"NULL as a part":  {f, SplitSpec{Kind: ByColumn, Column: "grp"}, sqlstate.NullValueNotAllowed},
		"number no part":  {f, SplitSpec{Kind: ByColumn, Column: "id"}, sqlstate.InvalidParameterValue},
		"no row to split": {load(t, table{mixedTypes, nil, []int{1}}, mixedInputs, Options{}), SplitSpec{Kind: Random, Fraction: 0.2}, sqlstate.InvalidParameterValue},
	} {
		_, err := Split(c.f, c.s)
		require.Equal(t, c.code, sqlstate.CodeOf(err), "%s: %v", name, err)
	}
	_, err := SplitRows(f, []int32{0}, SplitSpec{Kind: Random, Fraction: 0.5})
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err))
	infinite := load(t, table{[]*types.Type{types.Of(types.Timestamp)}, [][]any{{types.TimestampValue(types.InfiniteTimestamp)}, {types.TimestampValue(1)}}, []int{9}}, []Input{{"at", "at", Instant}}, Options{})
	_, err = Split(infinite, SplitSpec{Kind: Time, Column: "at", Fraction: 0.5})
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err))
}

func TestFolds(t *testing.T) {
	f := people(t, 1000)
	split, err := Split(f, SplitSpec{Kind: Random, Fraction: 0.2})
	require.NoError(t, err)
	rows := split.Train
	for _, kind := range []SplitKind{Random, Stratified, Group} {
		column := map[SplitKind]string{Stratified: "class", Group: "grp"}[kind]
		folds, err := Folds(f, rows, FoldSpec{Kind: kind, K: 5, Column: column, Seed: 2})
		require.NoError(t, err)
		require.Len(t, folds, 5)
		var valid [][]int32
		for _, fold := range folds {
			requireParts(t, rows, fold.Train, fold.Valid)
			require.InDelta(t, 160, len(fold.Valid), 5)
			valid = append(valid, fold.Valid)
			if kind == Group {
				for _, r := range fold.Valid {
					for _, q := range fold.Train {
						require.NotEqual(t, f.Col("grp").Code[r], f.Col("grp").Code[q])
					}
				}
			}
			if kind == Stratified {
				n := 0
				for _, r := range fold.Valid {
					if f.Col("class").Code[r] == 1 {
						n++
					}
				}
				require.InDelta(t, 160*0.29, n, 12)
			}
		}
		requireParts(t, rows, valid...)
	}
	folds, err := Folds(f, rows, FoldSpec{Kind: Time, K: 4, Column: "day", Gap: days(3)})
	require.NoError(t, err)
	at := f.Col("day").At
	before := int64(math.MinInt64)
	for _, fold := range folds {
		require.NotEmpty(t, fold.Train)
		require.InDelta(t, 160, len(fold.Valid), 15)
		lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
		for _, r := range fold.Valid {
			lo, hi = min(lo, at[r]), max(hi, at[r])
		}
		require.Greater(t, lo, before, "spans follow one another")
		before = hi
		for _, r := range fold.Train {
			require.LessOrEqual(t, at[r], lo-3*86_400_000_000)
		}
	}
}

func TestFoldErrors(t *testing.T) {
	f := people(t, 60)
	same := load(t, table{[]*types.Type{types.Of(types.Timestamp), types.Of(types.Double)}, [][]any{{types.TimestampValue(0), 1.0}, {types.TimestampValue(0), 2.0}, {types.TimestampValue(1), 3.0}, {types.TimestampValue(1), 4.0}}, []int{9}},
		[]Input{{"at", "at", Instant}, {"x", "x", Number}}, Options{})
	for name, s := range map[string]FoldSpec{
		"one fold":       {Kind: Random, K: 1},
		"too few rows":   {Kind: Random, K: 61},
		"too few groups": {Kind: Group, K: 50, Column: "grp"},
		"no kind":        {Kind: ByColumn, K: 2, Column: "part"},
		"gap over all":   {Kind: Time, K: 2, Column: "day", Gap: days(99)},
	} {
		_, err := Folds(f, f.All(), s)
		require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err), name)
	}
	_, err := Folds(same, same.All(), FoldSpec{Kind: Time, K: 2, Column: "at"})
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err))
	_, err = Folds(f, f.All(), FoldSpec{Kind: Stratified, K: 2, Column: "no"})
	require.Equal(t, sqlstate.UndefinedColumn, sqlstate.CodeOf(err))
}
