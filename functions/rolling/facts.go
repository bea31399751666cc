package rolling

import (
	"sync"
	"unsafe"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// facts are those of one join in one execution: gathered by DuckDB's threads, then ordered by key
// when the first label asks.
type facts struct {
	spec       *Spec
	connection uint64
	plan       *plan
	room       room
	stopped    func() error

	mu sync.Mutex // guards what follows until the facts are ordered
	// idle are buffers that no thread writes to, all are all.
	idle, all []*buffer
	// shapes are the types of the columns behind the times.
	shapes []types.Vector

	once  sync.Once
	index *index
	err   error
}

const (
	blockBits = 16
	// blockRows is the number of rows of a full block.
	blockRows = 1 << blockBits
)

// block is some facts as columns.
type block struct {
	n               int
	ids             []uint32 // numbers of keys, those of the block's buffer
	happened, known []int64
	columns         []column
}

// column is a column of a block: values as DuckDB lays them out. Long strings point into texts,
// which keeps them alive.
type column struct {
	typ   *types.Type
	width int
	data  []uint64
	valid []uint64 // nil as long as there are no NULLs
	texts [][]byte
}

// buffer is what one thread gathers; a fact's row in it is block<<blockBits | place.
type buffer struct {
	keys   *keys
	blocks []*block
	ids    []uint32
	spare  []uint32
	booked int // bytes of keys
}

// take returns a buffer for the calling thread, with which it must come back.
func (f *facts) take(keys, columns []types.Vector) (*buffer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.shapes == nil {
		if err := f.spec.fits(columns); err != nil {
			return nil, err
		}
		f.shapes = make([]types.Vector, len(columns))
		for i := range columns {
			f.shapes[i].Type = columns[i].Type
		}
	}
	if n := len(f.idle); n > 0 {
		b := f.idle[n-1]
		f.idle = f.idle[:n-1]
		return b, nil
	}
	k, err := newKeys(keys)
	if err != nil {
		return nil, err
	}
	b := &buffer{keys: k}
	f.all = append(f.all, b)
	return b, nil
}

func (f *facts) give(b *buffer) {
	f.mu.Lock()
	f.idle = append(f.idle, b)
	f.mu.Unlock()
}

// add copies facts: their keys, when they happened, when they became known (nil for then) and further columns.
func (f *facts) add(n int, keys []types.Vector, happened, known *types.Vector, columns []types.Vector) error {
	if err := f.stopped(); err != nil {
		return err
	}
	b, err := f.take(keys, columns)
	if err != nil {
		return err
	}
	defer f.give(b)
	if len(keys) != len(b.keys.columns) || len(columns) != len(f.shapes) {
		return badSpec("facts differ in the number of columns")
	}
	if len(b.ids) < n {
		b.ids, b.spare = make([]uint32, n), make([]uint32, n)
	}
	b.keys.ids(keys, n, true, b.ids, b.spare)
	if bytes := b.keys.bytes(); bytes > b.booked {
		if err := f.room.take(bytes - b.booked); err != nil {
			return err
		}
		b.booked = bytes
	}
	for at := 0; at < n; {
		last := len(b.blocks) - 1
		if last < 0 || b.blocks[last].n == blockRows {
			b.blocks = append(b.blocks, f.newBlock())
			last++
		}
		m := min(n-at, blockRows-b.blocks[last].n)
		if err := b.blocks[last].add(&f.room, at, m, b.ids, happened, known, columns); err != nil {
			return err
		}
		at += m
	}
	return nil
}

func (f *facts) newBlock() *block {
	b := &block{columns: make([]column, len(f.shapes))}
	for i := range b.columns {
		t := f.shapes[i].Type
		b.columns[i].typ, b.columns[i].width = t, types.PhysicalWidth(t)
	}
	return b
}

// more is the capacity of a block that is to have n rows: it doubles up to a full one.
func more(n int) int {
	for size := 256; ; size *= 2 {
		if size >= n {
			return min(size, blockRows)
		}
	}
}

func (b *block) add(r *room, at, n int, ids []uint32, happened, known *types.Vector, columns []types.Vector) error {
	if b.n+n > cap(b.ids) {
		size := more(b.n + n)
		bytes := (size - cap(b.ids)) * 12
		if known != nil {
			bytes += (size - cap(b.ids)) * 8
		}
		for c := range b.columns {
			bytes += (size - cap(b.ids)) * b.columns[c].width
		}
		if err := r.take(bytes); err != nil {
			return err
		}
		b.ids = append(make([]uint32, 0, size), b.ids...)
		b.happened = append(make([]int64, 0, size), b.happened...)
		if known != nil {
			b.known = append(make([]int64, 0, size), b.known...)
		}
		for c := range b.columns {
			b.columns[c].data = append(make([]uint64, 0, (size*b.columns[c].width+7)/8), b.columns[c].data...)
		}
	}
	b.ids = append(b.ids, ids[at:at+n]...)
	b.happened = append(b.happened, types.Slice[int64](happened)[at:at+n]...)
	if known != nil {
		b.known = append(b.known, types.Slice[int64](known)[at:at+n]...)
	}
	for c := range b.columns {
		if err := b.columns[c].add(r, &columns[c], at, b.n, n); err != nil {
			return err
		}
	}
	b.n += n
	return nil
}

// add copies n rows of v from row at on behind the rows that the column has.
func (c *column) add(r *room, v *types.Vector, at, rows, n int) error {
	c.data = c.data[:((rows+n)*c.width+7)/8]
	to := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(c.data))), (rows+n)*c.width)[rows*c.width:]
	if v.Data != nil {
		copy(to, unsafe.Slice((*byte)(unsafe.Add(v.Data, at*c.width)), n*c.width))
	}
	if v.Validity != nil || v.Data == nil || c.valid != nil {
		c.mark(v, at, rows, n)
	}
	if !types.IsString(c.typ) {
		return nil
	}
	strings := unsafe.Slice((*types.String)(unsafe.Pointer(unsafe.SliceData(c.data))), rows+n)[rows:]
	for i := range strings {
		if v.Valid(at+i) && strings[i].Len() > inlined {
			if err := c.keep(r, &strings[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// mark notes which of n rows are NULL; those before are valid if nobody said otherwise.
func (c *column) mark(v *types.Vector, at, rows, n int) {
	if c.valid == nil {
		c.valid = make([]uint64, blockRows/64)
		for i := range c.valid {
			c.valid[i] = ^uint64(0)
		}
	}
	for i := range n {
		if v.Data == nil || !v.Valid(at+i) {
			c.valid[(rows+i)>>6] &^= 1 << (uint(rows+i) & 63)
		}
	}
}

// inlined is the length of the longest string that has no pointer.
const inlined = 12

// keep copies a long string's bytes to where they last as long as the facts.
func (c *column) keep(r *room, s *types.String) error {
	b := s.Bytes()
	last := len(c.texts) - 1
	if last < 0 || cap(c.texts[last])-len(c.texts[last]) < len(b) {
		size := 4 << 10
		if last >= 0 {
			size = min(2*cap(c.texts[last]), 1<<20)
		}
		size = max(size, len(b))
		if err := r.take(size); err != nil {
			return err
		}
		c.texts = append(c.texts, make([]byte, 0, size))
		last++
	}
	at := len(c.texts[last])
	c.texts[last] = append(c.texts[last], b...)
	types.PointString(s, c.texts[last][at:])
	return nil
}

// gone is what a label meets whose facts are those of another connection or of a statement that is over.
func gone() error {
	return sqlstate.New(sqlstate.InvalidParameterValue, "there are no facts of that number").WithHint("These functions are what POINT IN TIME JOIN becomes; write that.")
}
