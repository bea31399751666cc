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
	// breaks, ends and moves are the moments of the windows at hand.
	breaks []int64
	ends   []int32
	moves  []int32
	// sums are the totals of the windows at hand, spare those of others.
	sums, spareSums []*totals
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

// pieces computes windows of one length: first when facts enter and leave, then column after column what that gives.
func (w *sweep) pieces(windows []int) (pieces, error) {
	var p pieces
	leaves, err := w.moments(w.spec.Windows[windows[0]])
	if err != nil {
		return p, err
	}
	n, width := len(w.breaks)+1, len(windows)
	if err := w.room.take(8*len(w.breaks) + 8*n*width); err != nil {
		return p, err
	}
	p.breaks, p.values = append(make([]int64, 0, len(w.breaks)), w.breaks...), make([]float64, n*width)
	w.spareSums, w.sums = append(w.spareSums, w.sums...), w.sums[:0]
	for k, window := range windows {
		if err := w.stopped(); err != nil {
			return p, err
		}
		w.fill(p.values[k:], width, w.spec.Windows[window], leaves)
	}
	return p, nil
}

// moments finds at which times facts enter and leave the windows of one length, and which they are:
// breaks are the times, moves up to ends[k] the facts that have moved by breaks[k]; those that leave are
// complements. It returns when a fact leaves. A fact is in the window of t while enters ≤ t ≤ leaves.
func (w *sweep) moments(win Window) (leaves func(i int32) int64, err error) {
	e := w.edges(win)
	w.breaks, w.ends, w.moves = w.breaks[:0], w.ends[:0], w.moves[:0]
	enter, leave := e.enter, e.leave
	for in, gone, n := 0, 0, 0; in < len(enter) || gone < len(leave); n++ {
		if n%stride == stride-1 {
			if err := w.stopped(); err != nil {
				return nil, err
			}
		}
		t := int64(math.MaxInt64)
		if in < len(enter) {
			t = enter[in].at
		}
		if gone < len(leave) {
			if end := plus(leave[gone].at, e.length); end < t { // it is gone the moment after
				t = end + 1
			} else if end == math.MaxInt64 {
				gone = len(leave) // this and those behind it never leave
			}
		}
		before := len(w.moves)
		for ; in < len(enter) && enter[in].at <= t; in++ {
			if i := enter[in].i; e.same || t <= e.leaves(i) {
				w.moves = append(w.moves, i)
			}
		}
		for ; gone < len(leave) && plus(leave[gone].at, e.length) < t; gone++ {
			if i := leave[gone].i; e.same || e.enters(i) <= e.leaves(i) {
				w.moves = append(w.moves, ^i)
			}
		}
		if len(w.moves) > before {
			w.breaks, w.ends = append(w.breaks, t), append(w.ends, int32(len(w.moves)))
		}
	}
	return e.leaves, nil
}

// edge says how facts enter and leave windows.
type edge struct {
	// enter are the facts in order of when they enter; those of leave do length after their mark.
	enter, leave []mark
	length       int64
	// same tells that every fact enters before it leaves.
	same           bool
	enters, leaves func(i int32) int64
}

func (w *sweep) edges(win Window) edge {
	happened, known := w.happened, w.known
	if win.Available {
		if w.byAvailable == nil {
			w.byAvailable = w.marked(func(i int32) int64 { return known[i] })
		}
		e := edge{enter: w.byAvailable, enters: func(i int32) int64 { return known[i] }}
		if w.spec.TTL == 0 {
			e.leave, e.length, e.same, e.leaves = e.enter, win.Micros, true, func(i int32) int64 { return plus(known[i], win.Micros) }
			return e
		}
		e.leaves = func(i int32) int64 { return min(plus(known[i], win.Micros), plus(happened[i], w.spec.TTL)) }
		e.leave = w.marked(e.leaves)
		return e
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
	e := edge{enter: w.byKnown, leave: w.byEvent, length: length, same: !w.spec.Known, enters: func(i int32) int64 { return max(happened[i], known[i]) }}
	e.leaves = func(i int32) int64 { return plus(happened[i], length) }
	if win.Aggregate == Newest && w.spec.TTL == 0 {
		e.leave, e.leaves = nil, func(int32) int64 { return math.MaxInt64 }
	}
	return e
}

// fill writes the values of a window to every width-th place of out.
func (w *sweep) fill(out []float64, width int, win Window, leaves func(i int32) int64) {
	if win.Aggregate == Newest {
		w.walk(out, width, nil, &newest{before: w.newer(nil), rows: w.rows})
		return
	}
	x := w.column(win.Column)
	null := x.Type.ID == types.SQLNull
	switch {
	case Summing(win.Aggregate), win.Aggregate == Count && x.Type.ID == types.Double:
		w.total(win.Column).write(out, width, win.Aggregate)
	case null || win.Aggregate == Count:
		w.walk(out, width, x, &counter{})
	case win.Aggregate == Distinct:
		w.walk(out, width, x, distinct(x))
	default:
		w.walk(out, width, x, &best{before: w.before(win.Aggregate, comparer(x)), leave: leaves, rows: w.rows})
	}
}

// walk tells an accumulator of the facts that move, those with a value in x, and writes what it says to each break.
func (w *sweep) walk(out []float64, width int, x *types.Vector, a accumulator) {
	set := func(k int, t int64) {
		v, ok := a.value(t)
		if !ok {
			v = null
		}
		out[k*width] = v
	}
	set(0, math.MinInt64)
	from := int32(0)
	for k, end := range w.ends {
		for _, i := range w.moves[from:end] {
			switch {
			case i < 0 && (x == nil || x.Valid(int(^i))):
				a.drop(^i)
			case i >= 0 && (x == nil || x.Valid(int(i))):
				a.add(i)
			}
		}
		from = end
		set(k+1, w.breaks[k])
	}
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
