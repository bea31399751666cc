package rolling

import (
	"math"

	"github.com/eiderdb/eider/sql/types"
)

// sweep computes the steps of one key after the other; a thread's buffers.
type sweep struct {
	*index
	rows []uint32
	// happened and known are the times of the key's facts, by their number among these.
	happened, known []int64
	columns         []gathered
	marks           [][]mark
	used            int
	// byEvent and byKnown are the facts in order of when they happened and were known to have.
	byEvent, byKnown, byAvailable []mark
}

// gathered is a column of the key's facts, nil until somebody asks.
type gathered struct {
	types.Vector
	ready       bool
	data, valid []uint64
}

// stride is how many facts are worked on between two looks at whether to stop.
const stride = 1 << 14

func (w *sweep) run(rows []uint32) (*steps, error) {
	w.rows, w.used = rows, 0
	w.byEvent, w.byKnown, w.byAvailable = nil, nil, nil
	if w.columns == nil {
		w.columns = make([]gathered, len(w.shapes))
	}
	for c := range w.columns {
		w.columns[c].ready = false
	}
	if cap(w.happened) < len(rows) {
		w.happened, w.known = make([]int64, len(rows)+len(rows)/4), make([]int64, len(rows)+len(rows)/4)
	}
	w.happened, w.known = w.happened[:len(rows)], w.known[:len(rows)]
	for i, r := range rows {
		b, p := w.blocks[r>>blockBits], r&(blockRows-1)
		w.happened[i] = b.happened[p]
		if b.known == nil {
			w.known[i] = b.happened[p]
		} else {
			w.known[i] = b.known[p]
		}
	}
	s := &steps{groups: make([]pieces, len(w.groups))}
	for g, windows := range w.groups {
		p, err := w.pieces(windows)
		if err != nil {
			return nil, err
		}
		s.groups[g] = p
	}
	return s, nil
}

// column returns a column of the key's facts.
func (w *sweep) column(c int) *types.Vector {
	g := &w.columns[c]
	if !g.ready {
		g.data, g.valid = w.gather(c, w.rows, &g.Vector, g.data, g.valid)
		g.ready = true
	}
	return &g.Vector
}

// marked returns the key's facts in order of a time, in a buffer that lasts until the next key.
func (w *sweep) marked(time func(i int32) int64) []mark {
	for len(w.marks) < w.used+2 {
		w.marks = append(w.marks, nil)
	}
	m := w.marks[w.used][:0]
	for i := range w.rows {
		m = append(m, mark{time(int32(i)), int32(i)})
	}
	spare := w.marks[w.used+1]
	if cap(spare) < len(m) {
		spare = make([]mark, len(m))
	}
	sorted := order(m, spare[:cap(spare)])
	if len(m) > 0 && &sorted[0] != &m[0] {
		m, spare = spare[:cap(spare)], m
	}
	w.marks[w.used], w.marks[w.used+1] = m, spare
	w.used++
	return sorted
}

// member is an aggregate of a sweep.
type member struct {
	accumulator
	x     *types.Vector
	valid bool // every value is
}

// pieces computes windows of one length. A fact is in the window of t while enters ≤ t ≤ leaves.
func (w *sweep) pieces(windows []int) (pieces, error) {
	enter, leave, enters, leaves := w.edges(w.spec.Windows[windows[0]])
	members := w.members(windows, leaves)
	var p pieces
	values := func(t int64) {
		for k := range members {
			v, ok := members[k].value(t)
			if !ok {
				v = null
			}
			p.values = append(p.values, v)
		}
	}
	room := 2 * len(enter)
	if w.spec.Windows[windows[0]].Aggregate == Newest && w.spec.TTL == 0 {
		room = len(enter)
	}
	bytes := 8 * (room + (room+1)*len(windows))
	if err := w.room.take(bytes); err != nil {
		return p, err
	}
	p.breaks, p.values = make([]int64, 0, room), make([]float64, 0, (room+1)*len(windows))
	values(math.MinInt64)
	in, gone := 0, 0
	for n := 0; in < len(enter) || gone < len(leave); n++ {
		if n%stride == stride-1 {
			if err := w.stopped(); err != nil {
				return p, err
			}
		}
		t := int64(math.MaxInt64)
		if in < len(enter) {
			t = enter[in].at
		}
		if gone < len(leave) {
			if end := leaves(leave[gone].i); end < t { // it is gone the moment after
				t = end + 1
			} else if end == math.MaxInt64 {
				gone = len(leave) // this and those behind it never leave
			}
		}
		changed := false
		for ; in < len(enter) && enter[in].at <= t; in++ {
			if i := enter[in].i; t <= leaves(i) {
				w.each(members, i, true)
				changed = true
			}
		}
		for ; gone < len(leave) && leaves(leave[gone].i) < t; gone++ {
			if i := leave[gone].i; enters(i) <= leaves(i) {
				w.each(members, i, false)
				changed = true
			}
		}
		if changed {
			p.breaks = append(p.breaks, t)
			values(t)
		}
	}
	return p, nil
}

// each tells the members of a fact that enters or leaves.
func (w *sweep) each(members []member, i int32, enters bool) {
	for k := range members {
		m := &members[k]
		switch {
		case !m.valid && !m.x.Valid(int(i)):
		case enters:
			m.add(i)
		default:
			m.drop(i)
		}
	}
}

// edges returns the facts in the order in which they enter and leave windows, and when one does.
func (w *sweep) edges(win Window) (enter, leave []mark, enters, leaves func(i int32) int64) {
	happened, known := w.happened, w.known
	if win.Available {
		if w.byAvailable == nil {
			w.byAvailable = w.marked(func(i int32) int64 { return known[i] })
		}
		enters = func(i int32) int64 { return known[i] }
		if w.spec.TTL == 0 {
			return w.byAvailable, w.byAvailable, enters, func(i int32) int64 { return plus(known[i], win.Micros) }
		}
		leaves = func(i int32) int64 { return min(plus(known[i], win.Micros), plus(happened[i], w.spec.TTL)) }
		return w.byAvailable, w.marked(leaves), enters, leaves
	}
	length := win.Micros
	if w.spec.TTL > 0 && (length > w.spec.TTL || win.Aggregate == Newest) {
		length = w.spec.TTL
	}
	if w.byEvent == nil {
		w.byEvent = w.marked(func(i int32) int64 { return happened[i] })
		w.byKnown = w.byEvent
		if w.spec.Known {
			w.byKnown = w.marked(func(i int32) int64 { return max(happened[i], known[i]) })
		}
	}
	enters = func(i int32) int64 { return max(happened[i], known[i]) }
	if win.Aggregate == Newest && w.spec.TTL == 0 {
		return w.byKnown, nil, enters, func(int32) int64 { return math.MaxInt64 }
	}
	return w.byKnown, w.byEvent, enters, func(i int32) int64 { return plus(happened[i], length) }
}

// members makes the accumulators of some windows.
func (w *sweep) members(windows []int, leaves func(i int32) int64) []member {
	out := make([]member, len(windows))
	for k, n := range windows {
		win := w.spec.Windows[n]
		m := &out[k]
		if win.Aggregate == Newest {
			m.valid, m.accumulator = true, &newest{before: w.newer(nil), rows: w.rows}
			continue
		}
		x := w.column(win.Column)
		m.x, m.valid = x, x.Validity == nil && x.Type.ID != types.SQLNull
		switch {
		case x.Type.ID == types.SQLNull && !Summing(win.Aggregate), win.Aggregate == Count:
			m.accumulator = &counter{}
		case Summing(win.Aggregate):
			m.accumulator = &total{kind: win.Aggregate, x: types.Slice[float64](x)}
		case win.Aggregate == Distinct:
			m.accumulator = distinct(x)
		default:
			m.accumulator = &best{before: w.before(win.Aggregate, comparer(x)), leave: leaves, rows: w.rows}
		}
	}
	return out
}

// before is the order by which an aggregate prefers facts. Of facts that happened and became
// available at the same times, last prefers the one with the greatest value.
func (w *sweep) before(aggregate string, compare func(i, j int32) int) func(i, j int32) bool {
	switch aggregate {
	case Min:
		return func(i, j int32) bool { return compare(i, j) < 0 }
	case Max:
		return func(i, j int32) bool { return compare(i, j) > 0 }
	}
	return w.newer(compare)
}

// newer tells whether fact i is newer than j, by a comparison where the times are the same; without one
// by the columns that the specification names for that, NULL being smallest.
func (w *sweep) newer(compare func(i, j int32) int) func(i, j int32) bool {
	happened, known := w.happened, w.known
	if compare == nil {
		compare = w.tied
	}
	return func(i, j int32) bool {
		if happened[i] != happened[j] {
			return happened[i] > happened[j]
		}
		if known[i] != known[j] {
			return known[i] > known[j]
		}
		return compare(i, j) > 0
	}
}

func (w *sweep) tied(i, j int32) int {
	for _, c := range w.spec.Ties {
		v := w.column(c)
		switch a, b := v.Valid(int(i)), v.Valid(int(j)); {
		case a && b:
			if order := comparer(v)(i, j); order != 0 {
				return order
			}
		case a || b:
			return boolInt(a) - boolInt(b)
		}
	}
	return 0
}
