package rolling

import (
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// The functions that an Operator declares, which POINT IN TIME JOIN becomes.
const (
	BeginName = "eider_facts_begin"
	AddName   = "eider_facts_add"
	lookName  = "eider_facts_look_"
	valueName = "eider_facts_value_"
)

// widths are the numbers of results that a look can have.
var widths = []int{1, 2, 4, 8, 16, 32, 64}

// MaxWidth is how many windows one look can answer.
const MaxWidth = 64

// LookName is the function that looks up n windows, at most MaxWidth.
func LookName(n int) string {
	for _, w := range widths {
		if n <= w {
			return lookName + strconv.Itoa(w)
		}
	}
	panic("rolling: more windows than a look can have")
}

// Operator has the facts of the joins that run in a database.
type Operator struct {
	stopped func(connection uint64) error
	// used is the memory that all facts take.
	used atomic.Int64

	mu   sync.Mutex
	next uint64
	open map[uint64]*facts
}

// New returns an operator without facts. stopped is asked now and then whether the statement of a connection is to end.
func New(stopped func(connection uint64) error) *Operator {
	return &Operator{stopped: stopped, open: map[uint64]*facts{}}
}

// End lets the facts of a connection go, when its statement is over.
func (o *Operator) End(connection uint64) {
	o.forget(func(f *facts) bool { return f.connection == connection })
}

func (o *Operator) forget(which func(f *facts) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for n, f := range o.open {
		if which(f) {
			f.room.leave()
			delete(o.open, n)
		}
	}
}

// Used is the number of bytes that all facts take.
func (o *Operator) Used() int64 { return o.used.Load() }

// find returns the facts of a number, which must be the connection's own.
func (o *Operator) find(number, connection uint64) (*facts, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f := o.open[number]
	if f == nil || f.connection != connection {
		return nil, gone()
	}
	return f, nil
}

// Functions declares what POINT IN TIME JOIN becomes:
//
//	eider_facts_begin(spec, memory_limit)           a number for new facts
//	eider_facts_add(number, keys…, event[, available], columns…)  adds facts, gives the number
//	eider_facts_look_N([number], first, time, keys…)  N aggregates from the first on, as of a label's time: a list of one struct
//	eider_facts_value_T(number, column, place)      a column of the fact that an aggregate named
//
// Times are BIGINT microseconds. Numbers are worth something on the connection that began them, until its statement ends.
func (o *Operator) Functions() []*fn.Decl {
	number, varchar, anything := types.Of(types.UBigInt), types.Of(types.Varchar), types.Of(types.Any)
	out := []*fn.Decl{
		{
			Name: BeginName, Family: "rolling", Summary: "Begins to gather facts.", Returns: number, Volatile: true,
			Params: []fn.Param{{Name: "spec", Type: varchar}, {Name: "memory_limit", Type: varchar}}, BindOn: o.bindBegin,
		},
		{
			Name: AddName, Family: "rolling", Summary: "Adds facts.", Returns: number, Volatile: true,
			Params: []fn.Param{{Name: "number", Type: number}}, Variadic: anything,
			BindOn: func(connection uint64, _ []fn.Arg) (fn.Bound, error) {
				return fn.Bound{Call: func(in *types.Chunk, out fn.Writer) error { return o.add(connection, in, out) }}, nil
			},
		},
	}
	for _, w := range widths {
		fields := []types.Field{{Name: "n", Type: number}}
		for i := range w {
			fields = append(fields, types.Field{Name: "v" + strconv.Itoa(i), Type: types.Of(types.Double)})
		}
		out = append(out, &fn.Decl{
			Name: lookName + strconv.Itoa(w), Family: "rolling", Summary: "Aggregates as of the time of a label.",
			Params: []fn.Param{{Name: "numbers", Type: &types.Type{ID: types.List, Child: number}}, {Name: "first", Type: types.Of(types.Integer)},
				{Name: "time", Type: types.Of(types.BigInt)}},
			Variadic: anything, Returns: &types.Type{ID: types.List, Child: &types.Type{ID: types.Struct, Fields: fields}}, BindOn: o.bindLook(w),
		})
	}
	return append(out, o.values()...)
}

// bindBegin ties the facts of a plan's executions to the plan: they go when it does, if not before.
func (o *Operator) bindBegin(connection uint64, args []fn.Arg) (fn.Bound, error) {
	text, _ := args[0].Value.(string)
	limit, _ := args[1].Value.(string)
	spec, err := parseSpec(text)
	if err != nil {
		return fn.Bound{}, err
	}
	mine := &plan{}
	call := func(in *types.Chunk, out fn.Writer) error {
		res := types.Slice[uint64](out.Vector())
		for i := range in.Len {
			f := &facts{spec: spec, connection: connection, plan: mine, stopped: func() error { return o.stopped(connection) }}
			f.room.all, f.room.limit, f.room.view = &o.used, limitOf(limit), spec.View
			o.mu.Lock()
			o.next++
			o.open[o.next] = f
			res[i] = o.next
			o.mu.Unlock()
		}
		return nil
	}
	return fn.Bound{Call: call, Close: func() { o.forget(func(f *facts) bool { return f.plan == mine }) }}, nil
}

func (o *Operator) add(connection uint64, in *types.Chunk, out fn.Writer) error {
	res := types.Slice[uint64](out.Vector())
	numbers := &in.Columns[0]
	if in.Len == 0 {
		return nil
	}
	given := types.Slice[uint64](numbers)
	for i := range in.Len {
		if !numbers.Valid(i) || given[i] != given[0] {
			return badSpec("facts have one number")
		}
		res[i] = given[0]
	}
	f, err := o.find(given[0], connection)
	if err != nil {
		return err
	}
	times, rest := 1, in.Columns[1:]
	if f.spec.Known {
		times = 2
	}
	if len(rest) < f.spec.Keys+times {
		return badSpec("facts lack a key or a time")
	}
	keys, rest := rest[:f.spec.Keys], rest[f.spec.Keys:]
	for i := range times {
		if rest[i].Type.ID != types.BigInt {
			return badSpec("times are BIGINT")
		}
	}
	if f.spec.Known {
		return f.add(in.Len, keys, &rest[0], &rest[1], rest[2:])
	}
	return f.add(in.Len, keys, &rest[0], nil, rest[1:])
}

// plan is what one call of eider_facts_begin in a plan is known by.
type plan struct{ _ byte }

// look is one call of eider_facts_look_N in a plan.
type look struct {
	*Operator
	connection uint64
	width      int
	spare      sync.Pool // of *lookScratch
}

// lookScratch are a thread's buffers.
type lookScratch struct {
	ids, spare []uint32
	numbers    []uint64
	found      []*steps
	hints      []int
}

func (o *Operator) bindLook(width int) func(connection uint64, args []fn.Arg) (fn.Bound, error) {
	return func(connection uint64, _ []fn.Arg) (fn.Bound, error) {
		l := &look{Operator: o, connection: connection, width: width}
		l.spare.New = func() any { return &lookScratch{} }
		return fn.Bound{Call: l.call}, nil
	}
}

func (l *look) call(in *types.Chunk, out fn.Writer) error {
	s := l.spare.Get().(*lookScratch)
	defer l.spare.Put(s)
	rows, err := out.Elements(in.Len)
	if err != nil {
		return err
	}
	numbers, err := l.numbers(in, s)
	if err != nil {
		return err
	}
	copy(types.Slice[uint64](rows.Part(0).Vector()), numbers)
	firsts := types.Slice[int32](&in.Columns[1])
	for i := range in.Len {
		out.SetList(i, i, 1)
	}
	for i := 0; i < in.Len; { // rows ask about the same facts, but for joins that have no label
		if numbers[i] == 0 {
			for k := range l.width {
				rows.Part(1 + k).SetNull(i)
			}
			i++
			continue
		}
		end := i + 1
		for end < in.Len && numbers[end] == numbers[i] && firsts[end] == firsts[i] {
			end++
		}
		f, err := l.find(numbers[i], l.connection)
		if err != nil {
			return err
		}
		if err := l.answer(f, s, in, i, end, int(firsts[i]), rows); err != nil {
			return err
		}
		i = end
	}
	return nil
}

// numbers returns the number of each row's facts, 0 where there is none.
func (l *look) numbers(in *types.Chunk, s *lookScratch) ([]uint64, error) {
	if len(s.numbers) < in.Len {
		s.numbers = make([]uint64, in.Len)
	}
	lists, firsts := &in.Columns[0], &in.Columns[1]
	given := types.Slice[uint64](&lists.Children[0])
	for i, e := range types.Slice[types.ListEntry](lists) {
		s.numbers[i] = 0
		if !lists.Valid(i) || !firsts.Valid(i) {
			continue
		}
		if e.Length != 1 {
			return nil, gone()
		}
		if lists.Children[0].Valid(int(e.Offset)) {
			s.numbers[i] = given[e.Offset]
		}
	}
	return s.numbers[:in.Len], nil
}

// answer writes what rows from up to end ask of some facts.
func (l *look) answer(f *facts, s *lookScratch, in *types.Chunk, from, end, first int, out fn.Writer) error {
	x, err := f.ordered()
	if err != nil {
		return err
	}
	times, labels := &in.Columns[2], in.Columns[3:]
	if len(labels) != f.spec.Keys || first < 0 || first >= len(f.spec.Windows) {
		return badSpec("a label's key and the facts' differ in their columns")
	}
	if err := l.prepare(x, s, labels, in.Len, from, end); err != nil {
		return err
	}
	asked := types.Slice[int64](times)
	last := min(first+l.width, len(f.spec.Windows))
	for g, windows := range x.groups {
		var places, members []int // in the result, and in the group
		for k, n := range windows {
			if n >= first && n < last {
				places, members = append(places, n-first), append(members, k)
			}
		}
		if len(places) == 0 {
			continue
		}
		results := make([][]float64, len(places))
		for k, p := range places {
			results[k] = types.Slice[float64](out.Part(1 + p).Vector())
		}
		for i := from; i < end; i++ {
			st := s.found[i]
			if st == nil || !times.Valid(i) {
				for k := range places {
					results[k][i] = 0
					if Summing(f.spec.Windows[windows[members[k]]].Aggregate) {
						out.Part(1 + places[k]).SetNull(i)
					}
				}
				continue
			}
			p := &st.groups[g]
			hint := 0
			h := int(s.ids[i])*len(x.groups) + g
			if h < len(s.hints) {
				hint = s.hints[h]
			}
			piece := p.at(asked[i], hint)
			if h < len(s.hints) {
				s.hints[h] = piece
			}
			values := p.values[piece*len(windows):]
			for k, m := range members {
				if v := values[m]; isNull(v) {
					out.Part(1 + places[k]).SetNull(i)
				} else {
					results[k][i] = v
				}
			}
		}
	}
	return nil
}

// hinted is the number of keys, times groups of windows, up to which a thread remembers where it found a key's last label.
const hinted = 1 << 18

// prepare finds the steps of the labels' keys. Those that nobody has computed are computed now, first those that no other thread is at.
func (l *look) prepare(x *index, s *lookScratch, labels []types.Vector, n, from, end int) error {
	if len(s.ids) < n {
		s.ids, s.spare, s.found = make([]uint32, n), make([]uint32, n), make([]*steps, n)
	}
	if x.keys == nil {
		for i := from; i < end; i++ {
			s.found[i] = nil
		}
		return nil
	}
	if err := x.keys.check(x.spec.View, labels); err != nil {
		return err
	}
	if c := x.keys.count() * len(x.groups); c <= hinted && len(s.hints) < c {
		s.hints = make([]int, c)
	}
	x.keys.ids(labels, n, false, s.ids, s.spare)
	for _, try := range []bool{true, false} {
		missing := false
		last, lastSteps := absent, (*steps)(nil)
		for i := from; i < end; i++ {
			id := s.ids[i]
			switch {
			case id == absent || x.size(id) == 0:
				s.found[i] = nil
				continue
			case id == last:
				s.found[i] = lastSteps
				continue
			}
			st, err := x.of(id, try)
			if err != nil {
				return err
			}
			s.found[i], last, lastSteps = st, id, st
			missing = missing || st == nil
		}
		if !missing {
			return nil
		}
	}
	return nil
}

func badPlace() error {
	return sqlstate.New(sqlstate.InvalidParameterValue, "there is no fact of that place")
}
