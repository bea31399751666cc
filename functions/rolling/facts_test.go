package rolling

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// fact is a row of the tests: y is NULL where it is nil, s where it is empty.
type fact struct {
	key             string
	happened, known int64
	y               *float64
	s               string
}

func value(x float64) *float64 { return &x }

func newFacts(spec *Spec, limit int64) *facts {
	f := &facts{spec: spec, stopped: func() error { return nil }}
	f.room.all, f.room.limit, f.room.view = &atomic.Int64{}, limit, "main.v"
	return f
}

// vectors are the columns of rows: key, times, y and s.
func vectors(rows []fact) (keys []types.Vector, happened, known types.Vector, columns []types.Vector) {
	b := types.NewBuilder([]*types.Type{types.Of(types.Varchar), types.Of(types.BigInt), types.Of(types.BigInt), types.Of(types.Double), types.Of(types.Varchar)})
	for _, r := range rows {
		b.Column(0).AppendBytes([]byte(r.key))
		types.AppendFixed(b.Column(1), r.happened)
		types.AppendFixed(b.Column(2), r.known)
		if r.y == nil {
			b.Column(3).AppendNull()
		} else {
			types.AppendFixed(b.Column(3), *r.y)
		}
		if r.s == "" {
			b.Column(4).AppendNull()
		} else {
			b.Column(4).AppendBytes([]byte(r.s))
		}
	}
	c := b.Chunk().Columns
	return c[:1], c[1], c[2], c[3:]
}

func add(t *testing.T, f *facts, rows []fact) {
	t.Helper()
	for len(rows) > 0 {
		n := min(len(rows), types.VectorSize)
		keys, happened, known, columns := vectors(rows[:n])
		require.NoError(t, f.add(n, keys, &happened, &known, columns))
		rows = rows[n:]
	}
}

// ask returns window n of a key at a time, null where the operator has no such key.
func ask(t *testing.T, f *facts, key string, at int64, n int) float64 {
	t.Helper()
	x, err := f.ordered()
	require.NoError(t, err)
	if x.keys == nil {
		return null
	}
	id := []uint32{0}
	keys, _, _, _ := vectors([]fact{{key: key}})
	x.keys.ids(keys, 1, false, id, make([]uint32, 1))
	if id[0] == absent {
		return null
	}
	s, err := x.of(id[0], false)
	require.NoError(t, err)
	for g, windows := range x.groups {
		if k := slices.Index(windows, n); k >= 0 {
			return s.groups[g].values[s.groups[g].at(at, 0)*len(windows)+k]
		}
	}
	t.Fatalf("there is no window %d", n)
	return 0
}

// placed is the fact at a place.
func placed(f *facts, place float64) *fact {
	if isNull(place) || place == 0 {
		return nil
	}
	row := uint32(place - 1)
	b, p := f.index.blocks[row>>blockBits], row&(blockRows-1)
	out := &fact{happened: b.happened[p], known: b.known[p]}
	if f.index.valid(0, row) {
		out.y = value(*cell[float64](f.index, 0, row))
	}
	if f.index.valid(1, row) {
		out.s = string(cell[types.String](f.index, 1, row).Bytes())
	}
	return out
}

// naive is what a window is, by looking at every fact.
func naive(rows []fact, key string, t, ttl int64, w Window) (number float64, of *fact) {
	var in []fact
	for _, r := range rows {
		by := r.happened
		if w.Available {
			by = r.known
		}
		if r.key != key || r.happened > t && !w.Available || r.known > t || w.Aggregate != Newest && by < t-w.Micros || ttl > 0 && r.happened < t-ttl && w.Aggregate != Newest {
			continue
		}
		if w.Aggregate != Newest && (w.Column == 0 && r.y == nil || w.Column == 1 && r.s == "") {
			continue
		}
		in = append(in, r)
	}
	newer := func(a, b fact) int {
		return cmp.Or(cmp.Compare(a.happened, b.happened), cmp.Compare(a.known, b.known), compareY(a.y, b.y), cmp.Compare(a.s, b.s))
	}
	switch w.Aggregate {
	case Count:
		return float64(len(in)), nil
	case Distinct:
		seen := map[string]bool{}
		for _, r := range in {
			if w.Column == 0 {
				seen[fmt.Sprint(*r.y+0)] = true
			} else {
				seen[r.s] = true
			}
		}
		return float64(len(seen)), nil
	case Newest, Last:
		if len(in) == 0 {
			return 0, nil
		}
		if w.Aggregate == Last { // what decides in the end is the value that is asked for
			newer = func(a, b fact) int {
				value := compareY(a.y, b.y)
				if w.Column == 1 {
					value = cmp.Compare(a.s, b.s)
				}
				return cmp.Or(cmp.Compare(a.happened, b.happened), cmp.Compare(a.known, b.known), value)
			}
		}
		best := slices.MaxFunc(in, newer)
		if w.Aggregate == Newest && ttl > 0 && best.happened < t-ttl {
			return 0, nil
		}
		return 1, &best
	}
	if len(in) == 0 {
		return null, nil
	}
	switch w.Aggregate {
	case Min, Max:
		compare := func(a, b fact) int {
			if w.Column == 1 {
				return cmp.Compare(a.s, b.s)
			}
			return compareY(a.y, b.y)
		}
		best := slices.MinFunc(in, compare)
		if w.Aggregate == Max {
			best = slices.MaxFunc(in, compare)
		}
		return 1, &best
	}
	sum := 0.0
	for _, r := range in {
		sum += *r.y
	}
	n := float64(len(in))
	switch w.Aggregate {
	case Sum:
		return sum, nil
	case Avg:
		return sum / n, nil
	}
	if len(in) < 2 {
		return null, nil
	}
	squares := 0.0
	for _, r := range in {
		squares += (*r.y - sum/n) * (*r.y - sum/n)
	}
	return math.Sqrt(squares / (n - 1)), nil
}

// compareY orders NULL, numbers, NaN.
func compareY(a, b *float64) int {
	rank := func(x *float64) int {
		switch {
		case x == nil:
			return 0
		case math.IsNaN(*x):
			return 2
		}
		return 1
	}
	if c := cmp.Compare(rank(a), rank(b)); c != 0 || rank(a) != 1 {
		return c
	}
	return cmp.Compare(*a, *b)
}

func same(t *testing.T, want, got float64, what string) {
	t.Helper()
	switch {
	case isNull(want) || isNull(got):
		require.Equal(t, isNull(want), isNull(got), what)
	case math.IsNaN(want), math.IsInf(want, 0):
		require.Equal(t, fmt.Sprint(want), fmt.Sprint(got), what)
	default:
		require.InDelta(t, want, got, 1e-6*max(1, math.Abs(want)), what)
	}
}

func randomFacts(r *rand.Rand, n int, late, odd bool) []fact {
	rows := make([]fact, n)
	for i := range rows {
		f := fact{key: fmt.Sprint("k", r.IntN(5)), happened: int64(r.IntN(200) - 100)}
		f.known = f.happened
		if late {
			f.known += int64(max(r.IntN(60)-30, r.IntN(10)-5))
		}
		if r.IntN(7) > 0 {
			f.y = value(float64(r.IntN(40)) / 4)
			if odd {
				f.y = value([]float64{1.1, 1e16, -1e16, math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 0}[r.IntN(8)])
			}
		}
		f.s = []string{"", "a", "a text of more than twelve bytes", "another text of more than twelve bytes"}[r.IntN(4)]
		rows[i] = f
	}
	return rows
}

func TestAgainstEveryFact(t *testing.T) {
	var windows []Window
	for _, length := range []int64{1, 20, 70} {
		for _, available := range []bool{false, true} {
			for _, a := range Aggregates() {
				windows = append(windows, Window{Aggregate: a, Column: 0, Available: available, Micros: length})
				if !Summing(a) {
					windows = append(windows, Window{Aggregate: a, Column: 1, Available: available, Micros: length})
				}
			}
		}
	}
	for _, c := range []struct {
		n         int
		late, odd bool
		ttl       int64
	}{{0, true, false, 0}, {1, true, false, 0}, {60, true, false, 0}, {400, true, false, 0}, {400, false, false, 0}, {300, true, false, 15}, {300, false, false, 15}, {150, true, true, 0}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(c.n), 7))
			rows := randomFacts(r, c.n, c.late, c.odd)
			all := windows
			if c.odd { // squares of 1e16 cancel
				all = slices.DeleteFunc(slices.Clone(windows), func(w Window) bool { return w.Aggregate == Stddev || w.Aggregate == Sum || w.Aggregate == Avg })
			}
			f := newFacts(&Spec{View: "main.v", Keys: 1, Known: true, Windows: all, TTL: c.ttl}, math.MaxInt64)
			newest := newFacts(&Spec{View: "main.v", Keys: 1, Known: true, Windows: []Window{{Aggregate: Newest}}, TTL: c.ttl, Ties: []int{0, 1}}, math.MaxInt64)
			add(t, f, rows)
			add(t, newest, rows)
			for range 60 {
				key, at := fmt.Sprint("k", r.IntN(6)), int64(r.IntN(300)-150)
				for n, w := range all {
					want, fact := naive(rows, key, at, c.ttl, w)
					got := ask(t, f, key, at, n)
					what := fmt.Sprintf("%+v of %s at %d", w, key, at)
					if !Placing(w.Aggregate) {
						if !isNull(got) || want != 0 { // a key without facts has no zeros of its own
							same(t, want, got, what)
						}
						continue
					}
					p := placed(f, got)
					require.Equal(t, fact == nil, p == nil, what)
					if p != nil && w.Column == 1 {
						require.Equal(t, fact.s, p.s, what)
					} else if p != nil {
						require.Zero(t, compareY(fact.y, p.y), what)
					}
				}
				_, want := naive(rows, key, at, c.ttl, Window{Aggregate: Newest})
				got := placed(newest, ask(t, newest, key, at, 0))
				require.Equal(t, want == nil, got == nil, "newest of %s at %d", key, at)
				if want != nil {
					require.Equal(t, [2]int64{want.happened, want.known}, [2]int64{got.happened, got.known})
					require.Zero(t, compareY(want.y, got.y))
					require.Equal(t, want.s, got.s)
				}
			}
		})
	}
}

func TestNumbersThatFloatsBarelyHold(t *testing.T) {
	sum := []Window{{Aggregate: Sum, Micros: 10}, {Aggregate: Avg, Micros: 10}, {Aggregate: Stddev, Micros: 10}, {Aggregate: Count, Micros: 10}}
	for _, c := range []struct {
		name string
		y    []float64 // one a moment, from 0 on
		at   int64
		want []float64
	}{
		{"what left leaves nothing behind, if it was huge", []float64{1.5e308, 1.5e308, 0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3}, 12, []float64{3.5, 3.5 / 11, math.Sqrt((9.25 - 12.25/11) / 10), 11}},
		{"what left leaves nothing behind", []float64{1e300, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3}, 11, []float64{6, 6.0 / 11, math.Sqrt((14 - 36.0/11) / 10), 11}},
		{"integers beyond 2^53", []float64{1 << 53, 1, 1, 1}, 3, []float64{1<<53 + 4, (1<<53 + 4) / 4.0, 4503599627370495.5, 4}},
		{"integers below", []float64{1 << 40, -1 << 40, 5}, 2, []float64{5, 5.0 / 3, math.Sqrt((2*math.Pow(2, 80) + 25 - 25.0/3) / 2), 3}},
		{"overflow", []float64{math.MaxFloat64, math.MaxFloat64}, 1, []float64{math.Inf(1), math.Inf(1), math.NaN(), 2}},
		{"infinities of both signs", []float64{math.Inf(1), math.Inf(-1)}, 1, []float64{math.NaN(), math.NaN(), math.NaN(), 2}},
		{"an infinity", []float64{math.Inf(-1), 1}, 1, []float64{math.Inf(-1), math.Inf(-1), math.NaN(), 2}},
		{"a NaN that left", []float64{math.NaN(), 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3}, 11, []float64{30, 30.0 / 11, math.Sqrt((86 - 900.0/11) / 10), 11}},
		{"one value", []float64{4}, 3, []float64{4, 4, null, 1}},
		{"nothing any more", []float64{4}, 11, []float64{null, null, null, 0}},
		{"nothing yet", []float64{4}, -1, []float64{null, null, null, 0}},
		{"the last moment of a window", []float64{4}, 10, []float64{4, 4, null, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFacts(&Spec{View: "main.v", Keys: 1, Known: true, Windows: sum}, math.MaxInt64)
			var rows []fact
			for i, y := range c.y {
				rows = append(rows, fact{key: "k", happened: int64(i), known: int64(i), y: value(y)})
			}
			add(t, f, rows)
			for n, want := range c.want {
				got := ask(t, f, "k", c.at, n)
				if isNull(want) || math.IsNaN(want) || math.IsInf(want, 0) {
					same(t, want, got, sum[n].Aggregate)
				} else {
					require.InEpsilon(t, 1+want, 1+got, 1e-13, sum[n].Aggregate)
				}
			}
		})
	}
}

// Threads add facts at the same time, and ask at the same time, and get what one gets.
func TestThreads(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	spec := &Spec{View: "main.v", Keys: 1, Known: true, Windows: []Window{{Aggregate: Sum, Micros: 30}, {Aggregate: Max, Column: 1, Micros: 70}}}
	rows := randomFacts(r, 3*blockRows, true, false)
	one, many := newFacts(spec, math.MaxInt64), newFacts(spec, math.MaxInt64)
	add(t, one, rows)
	var wg sync.WaitGroup
	for part := range slices.Chunk(rows, len(rows)/4) {
		wg.Go(func() {
			for chunk := range slices.Chunk(part, types.VectorSize) {
				keys, happened, known, columns := vectors(chunk)
				if err := many.add(len(chunk), keys, &happened, &known, columns); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	x, err := many.ordered()
	require.NoError(t, err)
	for range 4 {
		wg.Go(func() {
			for id := range uint32(x.keys.count()) {
				if x.size(id) > 0 {
					if _, err := x.of(id, false); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	for at := int64(-120); at < 180; at += 13 {
		for k := range 6 {
			key := fmt.Sprint("k", k)
			same(t, ask(t, one, key, at, 0), ask(t, many, key, at, 0), key)
			a, b := placed(one, ask(t, one, key, at, 1)), placed(many, ask(t, many, key, at, 1))
			require.Equal(t, a == nil, b == nil)
			if a != nil {
				require.Equal(t, a.s, b.s)
			}
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	spec := &Spec{View: "main.v", Keys: 1, Known: true, Windows: []Window{{Aggregate: Sum, Micros: 30}}}
	rows := randomFacts(rand.New(rand.NewPCG(1, 1)), 20_000, true, false)
	f := newFacts(spec, 100_000)
	keys, happened, known, columns := vectors(rows)
	err := f.add(len(rows), keys, &happened, &known, columns)
	require.Equal(t, sqlstate.OutOfMemory, sqlstate.CodeOf(err))
	require.NotEmpty(t, sqlstate.From(err).Hint)

	f = newFacts(spec, math.MaxInt64)
	add(t, f, rows)
	x, err := f.ordered()
	require.NoError(t, err)
	f.room.limit = f.room.mine.Load()
	_, err = x.of(0, false)
	require.Equal(t, sqlstate.OutOfMemory, sqlstate.CodeOf(err))
	require.Positive(t, f.room.all.Load())
	f.room.leave()
	require.Zero(t, f.room.all.Load())
}

func TestStops(t *testing.T) {
	f := newFacts(&Spec{View: "main.v", Keys: 1, Known: true, Windows: []Window{{Aggregate: Sum, Micros: 30}}}, math.MaxInt64)
	add(t, f, randomFacts(rand.New(rand.NewPCG(1, 1)), 1000, true, false))
	x, err := f.ordered()
	require.NoError(t, err)
	cancelled := errors.New("cancelled")
	f.stopped = func() error { return cancelled }
	_, err = x.of(0, false)
	require.ErrorIs(t, err, cancelled)
	keys, happened, known, columns := vectors([]fact{{key: "a"}})
	require.ErrorIs(t, f.add(1, keys, &happened, &known, columns), cancelled)
}

func TestLimitOf(t *testing.T) {
	for text, want := range map[string]int64{"1.0 GiB": 1 << 29, "512.0 KiB": 1 << 18, "100 bytes": 50, "953.6 MiB": 499974144, "2 TiB": 1 << 40, "": math.MaxInt64, "none": math.MaxInt64} {
		got := limitOf(text)
		require.InDelta(t, float64(want), float64(got), 1<<20, text)
	}
}

func TestAtFindsThePiece(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, n := range []int{0, 1, 2, 3, 17, 500} {
		p := &pieces{}
		for i := range n {
			p.breaks = append(p.breaks, int64(3*i))
		}
		for range 2000 {
			at, hint := int64(r.IntN(3*n+10)-5), r.IntN(n+3)
			want := 0
			for _, b := range p.breaks {
				if b <= at {
					want++
				}
			}
			require.Equal(t, want, p.at(at, hint), "%d of %d from %d", at, n, hint)
		}
		require.Equal(t, 0, p.at(math.MinInt64, n))
		require.Equal(t, n, p.at(math.MaxInt64, 0))
	}
}

func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, n := range []int{0, 1, 5, 255, 256, 1000, 70_000} {
		for _, time := range []func() int64{
			func() int64 { return r.Int64() - r.Int64() }, func() int64 { return int64(r.IntN(7)) }, func() int64 { return 60_000_000*r.Int64N(1_000_000) + 17 },
			func() int64 { return []int64{math.MinInt64, math.MaxInt64, 0, -1}[r.IntN(4)] }, func() int64 { return -1 << 62 },
		} {
			marks := make([]mark, n)
			for i := range marks {
				marks[i] = mark{time(), int32(i)}
			}
			want := slices.Clone(marks)
			slices.SortStableFunc(want, func(a, b mark) int { return cmp.Compare(a.at, b.at) })
			require.Equal(t, want, order(marks, make([]mark, n)))
		}
	}
}
