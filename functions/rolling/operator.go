package rolling

import (
	"math"
	"sync"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// OperatorName is the function that Operator declares.
const OperatorName = "eider_rolling"

// Operator declares eider_rolling(rows, spec): aggregates over moving windows of one key's facts.
//
// rows is a LIST of STRUCT(t BIGINT, a BIGINT, values …) in any order. A row with a is a fact:
// it happened at t and was available from a on. One without is a label: it asks about time t.
// Times are microseconds. spec is a Spec's text. The result has each distinct time of a label in
// at, in order, and in v the aggregates of the first window for each of them, then those of the
// second, and so on. min, max and last give the place in rows of the fact that has the value,
// from 1, or 0 for none.
//
// stopped is asked now and then whether the statement of a connection is to end.
func Operator(stopped func(connection uint64) error) *fn.Decl {
	list := func(t types.ID) *types.Type { return &types.Type{ID: types.List, Child: types.Of(t)} }
	return &fn.Decl{
		Name: OperatorName, Family: "rolling", Summary: "Aggregates over moving windows of one key's facts, as of the times of labels.",
		Params:  []fn.Param{{Name: "rows", Type: types.Of(types.Any)}, {Name: "spec", Type: types.Of(types.Varchar)}},
		Returns: &types.Type{ID: types.Struct, Fields: []types.Field{{Name: "at", Type: list(types.BigInt)}, {Name: "v", Type: list(types.Double)}}},
		BindOn: func(connection uint64, args []fn.Arg) (fn.Bound, error) {
			text, ok := args[1].Value.(string)
			if !ok {
				return fn.Bound{}, sqlstate.Newf(sqlstate.InvalidParameterValue, "%s takes a constant specification", OperatorName)
			}
			spec, err := parseSpec(text, args[0].Type)
			if err != nil {
				return fn.Bound{}, err
			}
			o := &operator{spec: spec, stopped: func() error { return stopped(connection) }}
			return fn.Bound{Call: o.call}, nil
		},
	}
}

// operator is one call in a plan; its spec doesn't change.
type operator struct {
	spec    *Spec
	stopped func() error
	spare   sync.Pool // of *scratch
}

// scratch are a thread's buffers.
type scratch struct {
	marks  [][]mark
	labels []int64
}

func (o *operator) call(in *types.Chunk, out fn.Writer) error {
	s, ok := o.spare.Get().(*scratch)
	if !ok {
		s = &scratch{}
	}
	defer o.spare.Put(s)
	rows := &in.Columns[0]
	elements := &rows.Children[0]
	if elements.Len > math.MaxInt32 {
		return sqlstate.Newf(sqlstate.ProgramLimitExceeded, "windows over more than %d rows at once", math.MaxInt32)
	}
	entries := types.Slice[types.ListEntry](rows)
	asked := 0
	for i, e := range entries {
		if rows.Valid(i) {
			asked += countLabels(elements, e)
		}
	}
	at, v := out.Part(0), out.Part(1)
	times, err := at.Elements(asked)
	if err != nil {
		return err
	}
	values, err := v.Elements(asked * len(o.spec.Windows))
	if err != nil {
		return err
	}
	g := &group{operator: o, scratch: s, elements: elements, times: times, values: values}
	for i, e := range entries {
		if !rows.Valid(i) {
			out.SetNull(i)
			continue
		}
		first := g.written
		if err := g.run(e); err != nil {
			return err
		}
		n := g.written - first
		at.SetList(i, first, n)
		v.SetList(i, first*len(o.spec.Windows), n*len(o.spec.Windows))
	}
	return nil
}

func countLabels(elements *types.Vector, e types.ListEntry) int {
	available, n := &elements.Children[1], 0
	for i := e.Offset; i < e.Offset+e.Length; i++ {
		if !available.Valid(int(i)) {
			n++
		}
	}
	return n
}

// group computes one list after the other.
type group struct {
	*operator
	*scratch
	elements      *types.Vector
	times, values fn.Writer
	// written is the number of label times so far.
	written int

	// entry is the list at hand; happened and available are all elements' times.
	entry               types.ListEntry
	happened, available []int64
	// labels are the distinct times that are asked about.
	// byEvent and byKnown are the facts in order of when they happened and were known to have.
	byEvent, byKnown, byAvailable []mark
	used                          int
}

func (g *group) run(e types.ListEntry) error {
	g.entry = e
	g.happened = types.Slice[int64](&g.elements.Children[0])
	g.available = types.Slice[int64](&g.elements.Children[1])
	g.byEvent, g.byKnown, g.byAvailable, g.used = nil, nil, nil, 0
	g.labels = distinctTimes(g.labels[:0], g.marked(false, func(i int32) int64 { return g.happened[i] }))
	labels := g.labels
	g.used = 0
	copy(types.Slice[int64](g.times.Vector())[g.written:], labels)
	done := make([]bool, len(g.spec.Windows))
	for k, w := range g.spec.Windows {
		if done[k] {
			continue
		}
		var same []int // windows of one length go together
		for j := k; j < len(g.spec.Windows); j++ {
			if o := g.spec.Windows[j]; o.Available == w.Available && o.Micros == w.Micros {
				same, done[j] = append(same, j), true
			}
		}
		if err := g.sweep(labels, same); err != nil {
			return err
		}
	}
	g.written += len(labels)
	return nil
}

// marked returns the facts, or the labels, in order of a time, in a buffer that lasts until the next list.
func (g *group) marked(facts bool, time func(i int32) int64) []mark {
	for len(g.marks) < g.used+2 {
		g.marks = append(g.marks, nil)
	}
	m := g.marks[g.used][:0]
	asks := &g.elements.Children[1]
	for i := g.entry.Offset; i < g.entry.Offset+g.entry.Length; i++ {
		if asks.Valid(int(i)) == facts {
			m = append(m, mark{time(int32(i)), int32(i)})
		}
	}
	spare := g.marks[g.used+1]
	if cap(spare) < len(m) {
		spare = make([]mark, len(m))
	}
	sorted := order(m, spare[:cap(spare)])
	if len(m) > 0 && &sorted[0] != &m[0] {
		m, spare = spare[:cap(spare)], m
	}
	g.marks[g.used], g.marks[g.used+1] = m, spare
	g.used++
	return sorted
}

// member is an aggregate of a sweep.
type member struct {
	accumulator
	values []float64
	out    int
	x      *types.Vector
	valid  bool // every value is
}

// stride is how many facts or labels are worked on between two looks at whether to stop.
const stride = 1 << 16

// sweep computes windows of one length for all labels. A fact is in the window of t while
// enters ≤ t ≤ leaves.
func (g *group) sweep(labels []int64, windows []int) error {
	if len(labels) == 0 {
		return nil
	}
	w := g.spec.Windows[windows[0]]
	enter, leave, leaves := g.edges(w)
	enters := func(i int32) int64 { return max(g.happened[i], g.available[i]) }
	if w.Available {
		enters = func(i int32) int64 { return g.available[i] }
	}
	members := g.members(windows, len(labels), leaves)
	in, gone := 0, 0
	for k, t := range labels {
		if k%stride == 0 {
			if err := g.stopped(); err != nil {
				return err
			}
		}
		for ; in < len(enter) && enter[in].at <= t; in++ {
			i := enter[in].i
			if enter[in].at > leaves(i) {
				continue
			}
			for _, m := range members {
				if m.valid || m.x.Valid(int(i)) {
					m.add(i)
				}
			}
		}
		for ; gone < len(leave) && leaves(leave[gone].i) < t; gone++ {
			i := leave[gone].i
			if enters(i) > leaves(i) {
				continue
			}
			for _, m := range members {
				if m.valid || m.x.Valid(int(i)) {
					m.drop(i)
				}
			}
		}
		for _, m := range members {
			v, ok := m.value(t)
			if !ok {
				g.values.SetNull(m.out + k)
			} else {
				m.values[m.out+k] = v
			}
		}
	}
	return nil
}

// edges returns the facts in the order in which they enter and leave windows, and when one leaves.
func (g *group) edges(w Window) (enter, leave []mark, leaves func(i int32) int64) {
	happened, available := g.happened, g.available
	if !w.Available {
		length := w.Micros
		if g.spec.TTL > 0 {
			length = min(length, g.spec.TTL)
		}
		if g.byEvent == nil {
			g.byEvent = g.marked(true, func(i int32) int64 { return happened[i] })
			g.byKnown = g.marked(true, func(i int32) int64 { return max(happened[i], available[i]) })
		}
		return g.byKnown, g.byEvent, func(i int32) int64 { return plus(happened[i], length) }
	}
	if g.byAvailable == nil {
		g.byAvailable = g.marked(true, func(i int32) int64 { return available[i] })
	}
	if g.spec.TTL == 0 {
		return g.byAvailable, g.byAvailable, func(i int32) int64 { return plus(available[i], w.Micros) }
	}
	leaves = func(i int32) int64 { return min(plus(available[i], w.Micros), plus(happened[i], g.spec.TTL)) }
	return g.byAvailable, g.marked(true, leaves), leaves
}

// members makes the accumulators of some windows.
func (g *group) members(windows []int, labels int, leaves func(i int32) int64) []*member {
	out := make([]*member, len(windows))
	values := types.Slice[float64](g.values.Vector())
	for k, n := range windows {
		w := g.spec.Windows[n]
		x := &g.elements.Children[w.Column+2]
		m := &member{values: values, out: g.written*len(g.spec.Windows) + n*labels, x: x, valid: x.Validity == nil && x.Type.ID != types.SQLNull}
		out[k] = m
		switch {
		case x.Type.ID == types.SQLNull && !Summing(w.Aggregate), w.Aggregate == Count:
			m.accumulator = &counter{}
		case Summing(w.Aggregate):
			m.accumulator = &total{kind: w.Aggregate, x: types.Slice[float64](x)}
		case w.Aggregate == Distinct:
			m.accumulator = distinct(x)
		default:
			m.accumulator = &best{before: g.before(w.Aggregate, comparer(x)), leave: leaves, base: int32(g.entry.Offset)}
		}
	}
	return out
}

// before is the order by which an aggregate prefers facts. Of facts that happened and became
// available at the same times, last prefers the one with the greatest value.
func (g *group) before(aggregate string, compare func(i, j int32) int) func(i, j int32) bool {
	switch aggregate {
	case Min:
		return func(i, j int32) bool { return compare(i, j) < 0 }
	case Max:
		return func(i, j int32) bool { return compare(i, j) > 0 }
	}
	happened, available := g.happened, g.available
	return func(i, j int32) bool {
		if happened[i] != happened[j] {
			return happened[i] > happened[j]
		}
		if available[i] != available[j] {
			return available[i] > available[j]
		}
		return compare(i, j) > 0
	}
}
