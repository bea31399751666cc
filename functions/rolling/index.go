package rolling

import (
	"math"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// index has the facts by key. What the windows of a key are at each time is computed when the first
// label asks about the key, by the thread that looks.
type index struct {
	*facts
	keys   *keys
	blocks []*block
	// rows are the facts' rows, those of key k from starts[k] up to starts[k+1]. A row is the number of
	// its block, then the place there.
	rows, starts []uint32
	// groups are windows that facts enter and leave at the same times.
	groups [][]int
	steps  []atomic.Pointer[steps]
	locks  [64]sync.Mutex
	spare  sync.Pool // of *sweep
}

// ordered returns the index, made by the first caller.
func (f *facts) ordered() (*index, error) {
	f.once.Do(func() { f.index, f.err = f.order() })
	return f.index, f.err
}

func (f *facts) order() (*index, error) {
	x := &index{facts: f}
	x.spare.New = func() any { return &sweep{index: x} }
	done := make([]bool, len(f.spec.Windows))
	for k, w := range f.spec.Windows {
		if done[k] {
			continue
		}
		var same []int
		for j := k; j < len(f.spec.Windows); j++ {
			if o := f.spec.Windows[j]; o.Available == w.Available && o.Micros == w.Micros {
				same, done[j] = append(same, j), true
			}
		}
		x.groups = append(x.groups, same)
	}
	if len(f.all) == 0 {
		return x, nil
	}
	x.keys = f.all[0].keys
	numbers := make([][]uint32, len(f.all)) // of each buffer's keys; nil where they are the same
	for i, b := range f.all[1:] {
		numbers[i+1] = x.keys.absorb(b.keys)
	}
	count, total := x.keys.count(), 0
	for _, b := range f.all {
		for _, blk := range b.blocks {
			total += blk.n
		}
		x.blocks = append(x.blocks, b.blocks...)
	}
	if len(x.blocks) > 1<<(32-blockBits) {
		return nil, sqlstate.Newf(sqlstate.ProgramLimitExceeded, "feature view %s has more than %d facts", f.spec.View, uint32(math.MaxUint32))
	}
	if err := f.room.take(4*total + 12*count); err != nil {
		return nil, err
	}
	x.starts, x.rows, x.steps = make([]uint32, count+1), make([]uint32, total), make([]atomic.Pointer[steps], count)
	x.place(numbers)
	return x, nil
}

// place puts the rows in order of their keys, by counting.
func (x *index) place(numbers [][]uint32) {
	each := func(do func(row, id uint32)) {
		first := 0
		for i, b := range x.all {
			for k, blk := range b.blocks {
				row := uint32(first+k) << blockBits
				for p, id := range blk.ids {
					if numbers[i] != nil {
						id = numbers[i][id]
					}
					do(row+uint32(p), id)
				}
			}
			first += len(b.blocks)
		}
	}
	each(func(_, id uint32) { x.starts[id+1]++ })
	for k := 1; k < len(x.starts); k++ {
		x.starts[k] += x.starts[k-1]
	}
	each(func(row, id uint32) {
		x.rows[x.starts[id]] = row
		x.starts[id]++
	})
	copy(x.starts[1:], x.starts[:len(x.starts)-1])
	x.starts[0] = 0
	for _, blk := range x.blocks {
		x.room.take(-4 * cap(blk.ids)) //nolint:errcheck // it gives back
		blk.ids = nil
	}
	for _, b := range x.all[1:] {
		b.keys = nil
	}
}

// facts of a key: how many there are.
func (x *index) size(key uint32) int { return int(x.starts[key+1] - x.starts[key]) }

// of returns the steps of a key. With try it gives up, and returns nil, where another thread computes them.
func (x *index) of(key uint32, try bool) (*steps, error) {
	if s := x.steps[key].Load(); s != nil {
		return s, nil
	}
	lock := &x.locks[key%uint32(len(x.locks))]
	if try {
		if !lock.TryLock() {
			return nil, nil
		}
	} else {
		lock.Lock()
	}
	defer lock.Unlock()
	if s := x.steps[key].Load(); s != nil {
		return s, nil
	}
	w := x.spare.Get().(*sweep)
	defer x.spare.Put(w)
	s, err := w.run(x.rows[x.starts[key]:x.starts[key+1]])
	if err != nil {
		return nil, err
	}
	x.steps[key].Store(s)
	return s, nil
}

// gather copies a column's values of some rows into v, which it may use again.
func (x *index) gather(c int, rows []uint32, v *types.Vector, data []uint64, valid []uint64) ([]uint64, []uint64) {
	width := types.PhysicalWidth(x.shapes[c].Type)
	if need := (len(rows)*width + 7) / 8; cap(data) < need {
		data = make([]uint64, need+need/4)
	}
	data = data[:cap(data)]
	if need := (len(rows) + 63) / 64; cap(valid) < need {
		valid = make([]uint64, need+need/4)
	}
	valid = valid[:cap(valid)]
	*v = types.Vector{Type: x.shapes[c].Type, Len: len(rows), Data: unsafe.Pointer(unsafe.SliceData(data))}
	switch width {
	case 1:
		gatherWidth[uint8](x, c, rows, v)
	case 2:
		gatherWidth[uint16](x, c, rows, v)
	case 4:
		gatherWidth[uint32](x, c, rows, v)
	case 8:
		gatherWidth[uint64](x, c, rows, v)
	default:
		gatherWidth[[2]uint64](x, c, rows, v)
	}
	nulls := false
	for _, b := range x.blocks {
		nulls = nulls || b.columns[c].valid != nil
	}
	if nulls {
		for i := range valid {
			valid[i] = ^uint64(0)
		}
		for i, r := range rows {
			if !x.valid(c, r) {
				valid[i>>6] &^= 1 << (uint(i) & 63)
			}
		}
		v.Validity = valid
	}
	return data, valid
}

func gatherWidth[T any](x *index, c int, rows []uint32, v *types.Vector) {
	out := types.Slice[T](v)
	for i, r := range rows {
		out[i] = *cell[T](x, c, r)
	}
}

func (x *index) valid(c int, row uint32) bool {
	v := x.blocks[row>>blockBits].columns[c].valid
	p := row & (blockRows - 1)
	return v == nil || v[p>>6]&(1<<(p&63)) != 0
}
