package rolling

import (
	"bytes"
	"cmp"
	"math"

	"github.com/eiderdb/eider/sql/types"
)

// accumulator keeps an aggregate of the facts in a window.
type accumulator interface {
	add(i int32)
	drop(i int32)
	// value is the aggregate at time t, false for NULL.
	value(t int64) (float64, bool)
}

// counter counts.
type counter struct{ n int }

func (c *counter) add(int32)                   { c.n++ }
func (c *counter) drop(int32)                  { c.n-- }
func (c *counter) value(int64) (float64, bool) { return float64(c.n), true }

// different counts distinct values.
type different[K comparable] struct {
	key   func(i int32) K
	times map[K]int
}

func (d *different[K]) add(i int32) { d.times[d.key(i)]++ }

func (d *different[K]) drop(i int32) {
	k := d.key(i)
	if d.times[k]--; d.times[k] == 0 {
		delete(d.times, k)
	}
}

func (d *different[K]) value(int64) (float64, bool) { return float64(len(d.times)), true }

// best finds the fact that is first by an order: a heap from whose top those are taken that
// have left the window. Its value is the fact's place, see placeOf.
type best struct {
	before func(i, j int32) bool
	leave  func(i int32) int64
	rows   []uint32
	heap   []int32
}

// placeOf is how a fact's row is told to the outside: from 1 on, 0 is no fact.
func placeOf(row uint32) float64 { return float64(row) + 1 }

func (b *best) add(i int32) {
	b.heap = append(b.heap, i)
	for k := len(b.heap) - 1; k > 0; {
		up := (k - 1) / 2
		if !b.before(b.heap[k], b.heap[up]) {
			break
		}
		b.heap[k], b.heap[up] = b.heap[up], b.heap[k]
		k = up
	}
}

func (b *best) drop(int32) {}

func (b *best) value(t int64) (float64, bool) {
	for len(b.heap) > 0 && b.leave(b.heap[0]) < t {
		b.pop()
	}
	if len(b.heap) == 0 {
		return 0, true
	}
	return placeOf(b.rows[b.heap[0]]), true
}

// newest keeps the newest of all facts that ever entered. When it leaves, being too old, no older one takes its place.
type newest struct {
	before func(i, j int32) bool
	rows   []uint32
	any    bool
	gone   bool
	i      int32
}

func (n *newest) add(i int32) {
	if !n.any || n.before(i, n.i) {
		n.any, n.gone, n.i = true, false, i
	}
}

func (n *newest) drop(i int32) { n.gone = n.gone || i == n.i }

func (n *newest) value(int64) (float64, bool) {
	if !n.any || n.gone {
		return 0, true
	}
	return placeOf(n.rows[n.i]), true
}

func (b *best) pop() {
	n := len(b.heap) - 1
	b.heap[0] = b.heap[n]
	b.heap = b.heap[:n]
	for k := 0; ; {
		down := 2*k + 1
		if down+1 < n && b.before(b.heap[down+1], b.heap[down]) {
			down++
		}
		if down >= n || !b.before(b.heap[down], b.heap[k]) {
			return
		}
		b.heap[k], b.heap[down] = b.heap[down], b.heap[k]
		k = down
	}
}

// comparer returns how two elements of a list's column compare, as DuckDB orders them: NaN is
// greatest. It is nil for types that have no order here.
func comparer(v *types.Vector) func(i, j int32) int {
	switch physical(v.Type) {
	case pBool, pUint8:
		return ordered[uint8](v)
	case pInt8:
		return ordered[int8](v)
	case pInt16:
		return ordered[int16](v)
	case pInt32:
		return ordered[int32](v)
	case pInt64:
		return ordered[int64](v)
	case pUint16:
		return ordered[uint16](v)
	case pUint32:
		return ordered[uint32](v)
	case pUint64:
		return ordered[uint64](v)
	case pFloat:
		return floats[float32](v)
	case pDouble:
		return floats[float64](v)
	case pHuge, pUHuge:
		x := types.Slice[types.Huge](v)
		unsigned := physical(v.Type) == pUHuge
		return func(i, j int32) int {
			c := cmp.Compare(x[i].Hi, x[j].Hi)
			if unsigned {
				c = cmp.Compare(uint64(x[i].Hi), uint64(x[j].Hi))
			}
			if c == 0 {
				c = cmp.Compare(x[i].Lo, x[j].Lo)
			}
			return c
		}
	case pString:
		x := types.Slice[types.String](v)
		return func(i, j int32) int { return bytes.Compare(x[i].Bytes(), x[j].Bytes()) }
	}
	return nil
}

func ordered[T cmp.Ordered](v *types.Vector) func(i, j int32) int {
	x := types.Slice[T](v)
	return func(i, j int32) int { return cmp.Compare(x[i], x[j]) }
}

func floats[T float32 | float64](v *types.Vector) func(i, j int32) int {
	x := types.Slice[T](v)
	return func(i, j int32) int {
		a, b := x[i], x[j]
		switch {
		case a == b:
			return 0
		case a != a || b != b:
			return cmp.Compare(boolInt(a != a), boolInt(b != b))
		case a < b:
			return -1
		}
		return 1
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// distinct returns what counts the distinct values of a list's column, nil for types
// whose equality isn't that of their bytes.
func distinct(v *types.Vector) accumulator {
	switch physical(v.Type) {
	case pBool, pInt8, pUint8:
		return differing[uint8](v)
	case pInt16, pUint16:
		return differing[uint16](v)
	case pInt32, pUint32:
		return differing[uint32](v)
	case pInt64, pUint64:
		return differing[uint64](v)
	case pHuge, pUHuge:
		return differing[types.Huge](v)
	case pFloat:
		x := types.Slice[float32](v)
		return &different[uint64]{key: func(i int32) uint64 { return plainBits(float64(x[i])) }, times: map[uint64]int{}}
	case pDouble:
		x := types.Slice[float64](v)
		return &different[uint64]{key: func(i int32) uint64 { return plainBits(x[i]) }, times: map[uint64]int{}}
	case pString:
		x := types.Slice[types.String](v)
		return &different[string]{key: func(i int32) string { return string(x[i].Bytes()) }, times: map[string]int{}}
	}
	return nil
}

func differing[T comparable](v *types.Vector) accumulator {
	x := types.Slice[T](v)
	return &different[T]{key: func(i int32) T { return x[i] }, times: map[T]int{}}
}

// plainBits makes zeros equal, and NaNs.
func plainBits(x float64) uint64 {
	switch {
	case x == 0:
		return 0
	case math.IsNaN(x):
		return math.Float64bits(math.NaN())
	}
	return math.Float64bits(x)
}

type layout int

const (
	pNone layout = iota
	pBool
	pInt8
	pInt16
	pInt32
	pInt64
	pUint8
	pUint16
	pUint32
	pUint64
	pFloat
	pDouble
	pHuge
	pUHuge
	pString
)

// layouts are the types that a value can have, with how they are laid out.
var layouts = map[types.ID]layout{
	types.Boolean: pBool, types.TinyInt: pInt8, types.SmallInt: pInt16, types.Integer: pInt32, types.BigInt: pInt64,
	types.UTinyInt: pUint8, types.USmallInt: pUint16, types.UInteger: pUint32, types.UBigInt: pUint64, types.Float: pFloat, types.Double: pDouble,
	types.HugeInt: pHuge, types.UHugeInt: pUHuge, types.UUID: pHuge, types.Varchar: pString, types.Blob: pString,
	types.Date: pInt32, types.Time: pInt64, types.Timestamp: pInt64, types.TimestampS: pInt64, types.TimestampMS: pInt64, types.TimestampNS: pInt64,
	types.TimestampTZ: pInt64,
}

func physical(t *types.Type) layout {
	switch {
	case t.ID == types.Decimal && t.Width <= 4:
		return pInt16
	case t.ID == types.Decimal && t.Width <= 9:
		return pInt32
	case t.ID == types.Decimal && t.Width <= 18:
		return pInt64
	case t.ID == types.Decimal:
		return pHuge
	case t.ID == types.Enum && len(t.Labels) <= 1<<8:
		return pUint8
	case t.ID == types.Enum && len(t.Labels) <= 1<<16:
		return pUint16
	case t.ID == types.Enum:
		return pUint32
	}
	return layouts[t.ID]
}
