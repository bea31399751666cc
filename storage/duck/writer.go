package duck

// #include "native.h"
import "C"

import (
	"math"
	"unicode/utf8"
	"unsafe"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Writer fills a vector of DuckDB's: a scalar function's result, a column of a
// table function's output or of an OwnedChunk. Write fixed-width values through
// types.Slice(w.Vector()); rows start as valid and must all be written or set
// NULL. It is an fn.Writer.
type Writer struct {
	vec      types.Vector
	raw      C.duckdb_vector
	mask     []uint64 // writable validity, nil until SetNull
	bytes    []byte   // strings that wait for flush
	strings  []C.eider_string
	children []*Writer
	err      error
}

// newWriter makes a writer with no vector yet.
func newWriter(t *types.Type) *Writer { return &Writer{vec: types.Vector{Type: t}} }

// attach points w at a fresh vector of rows rows.
func (w *Writer) attach(raw C.duckdb_vector, data unsafe.Pointer, rows int) {
	w.raw, w.mask, w.err = raw, nil, nil
	w.vec.Data, w.vec.Validity, w.vec.Len = data, nil, rows
	w.bytes, w.strings = w.bytes[:0], w.strings[:0]
	for _, c := range w.children {
		c.raw = nil
	}
}

// Type is the vector's type.
func (w *Writer) Type() *types.Type { return w.vec.Type }

// Len is the number of rows that may be written.
func (w *Writer) Len() int { return w.vec.Len }

// Vector is the raw vector, for types.Slice.
func (w *Writer) Vector() *types.Vector { return &w.vec }

// SetNull marks row i NULL; an ARRAY's or STRUCT's parts become NULL with it.
func (w *Writer) SetNull(i int) {
	if w.mask == nil {
		w.mask = unsafe.Slice((*uint64)(unsafe.Pointer(C.eider_vector_validity(w.raw))), (max(w.vec.Len, 1)+63)/64)
		w.vec.Validity = w.mask
	}
	w.mask[i>>6] &^= 1 << (uint(i) & 63)
	switch w.vec.Type.ID {
	case types.Struct:
		for k := range w.vec.Type.Fields {
			w.Child(k).SetNull(i)
		}
	case types.Array:
		for k := range w.vec.Type.Size {
			w.Child(0).SetNull(i*w.vec.Type.Size + k)
		}
	case types.Union:
		for k := range len(w.vec.Type.Fields) + 1 { // the tag is one of the parts
			w.Child(k).SetNull(i)
		}
	case types.List, types.Map:
		types.Slice[types.ListEntry](&w.vec)[i] = types.ListEntry{}
	}
}

// SetBytes copies b into row i of a Varchar, Blob, Bit, BigNum or Geometry vector.
// Text that is no UTF-8 fails the call with 22021.
func (w *Writer) SetBytes(i int, b []byte) {
	if w.vec.Type.ID == types.Varchar && !utf8.Valid(b) {
		w.fail(sqlstate.New(sqlstate.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8"`))
		w.SetNull(i)
		return
	}
	if len(b) <= inlineBytes {
		w.inline(i, string(b))
		return
	}
	w.strings = append(w.strings, C.eider_string{row: C.idx_t(i), offset: C.uint64_t(len(w.bytes)), length: C.uint64_t(len(b))})
	w.bytes = append(w.bytes, b...)
	if len(w.bytes) > maxWaiting {
		w.flushStrings()
	}
}

// SetString is SetBytes for a string.
func (w *Writer) SetString(i int, s string) {
	w.SetBytes(i, unsafe.Slice(unsafe.StringData(s), len(s)))
}

const (
	inlineBytes = 12
	// maxWaiting bounds the bytes that wait to be copied into DuckDB in one call.
	maxWaiting = 1 << 20
)

// inline writes a short string in place, as types.String lays it out.
func (w *Writer) inline(i int, s string) {
	slot := (*[16]byte)(unsafe.Add(w.vec.Data, uintptr(i)*16))
	*slot = [16]byte{}
	*(*uint32)(unsafe.Pointer(slot)) = uint32(len(s))
	copy(slot[4:], s)
}

// Child is the writer of a part: member i of a STRUCT, the tag (0) or member i-1 of
// a UNION, the elements (0) of an ARRAY. A LIST's or MAP's elements come from Grow.
func (w *Writer) Child(i int) *Writer {
	c := w.child(i)
	if c.raw == nil {
		kind, n := C.uint32_t(C.EIDER_STRUCT), w.vec.Len
		if w.vec.Type.ID == types.Array {
			kind, n = C.EIDER_ARRAY, n*w.vec.Type.Size
		}
		var slot C.eider_slot
		C.eider_child(w.raw, kind, C.idx_t(i), &slot)
		c.attach(slot.vector, slot.data, n)
	}
	return c
}

// Part is Child for functions that are declared.
func (w *Writer) Part(i int) fn.Writer { return w.Child(i) }

// Elements is Grow for functions that are declared.
func (w *Writer) Elements(n int) (fn.Writer, error) {
	c, err := w.Grow(n)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// child is the writer for part i, attached or not.
func (w *Writer) child(i int) *Writer {
	if w.children == nil {
		v := newVector(w.vec.Type)
		w.children = make([]*Writer, len(v.Children))
		for k := range v.Children {
			w.children[k] = newWriter(v.Children[k].Type)
		}
	}
	return w.children[i]
}

// Grow gives a LIST or MAP vector n elements in total and returns their writer,
// which keeps what was written before. Point at elements with SetList.
func (w *Writer) Grow(n int) (*Writer, error) {
	c := w.child(0)
	c.flush()
	raw := C.eider_list_resize(w.raw, C.idx_t(n))
	if raw == nil {
		return nil, sqlstate.Newf(sqlstate.OutOfMemory, "could not make room for %d elements", n)
	}
	err := c.err
	c.attach(raw, C.duckdb_vector_get_data(raw), n)
	c.err = err
	return c, nil
}

// SetList makes row i of a LIST or MAP the elements from offset on.
func (w *Writer) SetList(i, offset, length int) {
	types.Slice[types.ListEntry](&w.vec)[i] = types.ListEntry{Offset: uint64(offset), Length: uint64(length)}
}

// copyRows is Copy for n rows of v from row from on.
func (w *Writer) copyRows(v *types.Vector, from, n int) error {
	if from == 0 && n == v.Len {
		return w.Copy(v)
	}
	return w.Copy(sliceVector(v, from, n))
}

// sliceVector is a view of n rows of v. from is a multiple of 64, so that the
// validity mask can be cut.
func sliceVector(v *types.Vector, from, n int) *types.Vector {
	s := *v
	s.Len = n
	if v.Validity != nil {
		s.Validity = v.Validity[from/64:]
	}
	if v.Data != nil {
		s.Data = unsafe.Add(v.Data, from*types.PhysicalWidth(v.Type))
	}
	switch v.Type.ID {
	case types.Struct, types.Union:
		s.Children = make([]types.Vector, len(v.Children))
		for k := range v.Children {
			s.Children[k] = *sliceVector(&v.Children[k], from, n)
		}
	case types.Array:
		s.Children = []types.Vector{*sliceVector(&v.Children[0], from*v.Type.Size, n*v.Type.Size)}
	}
	return &s
}

// Copy writes all rows of v, which has the writer's type and lies anywhere (a
// types.Builder's memory, or another result's). w.Len must be at least v.Len.
func (w *Writer) Copy(v *types.Vector) error {
	if v.Len > w.vec.Len {
		return sqlstate.Newf(sqlstate.InternalError, "%d rows do not fit a vector of %d", v.Len, w.vec.Len)
	}
	for i := range v.Len {
		if !v.Valid(i) {
			w.SetNull(i)
		}
	}
	switch t := w.vec.Type; {
	case t.ID == types.Struct || t.ID == types.Union || t.ID == types.Array:
		for k := range v.Children {
			if err := w.Child(k).Copy(&v.Children[k]); err != nil {
				return err
			}
		}
		return nil
	case t.ID == types.List || t.ID == types.Map:
		return w.copyLists(v)
	case types.IsString(t):
		return w.copyStrings(v)
	default:
		copyFixed(w, v, types.PhysicalWidth(t))
	}
	return nil
}

// copyLists copies the range of elements that v's rows point at.
func (w *Writer) copyLists(v *types.Vector) error {
	entries := types.Slice[types.ListEntry](v)
	first, end := uint64(math.MaxUint64), uint64(0)
	for i, e := range entries {
		if v.Valid(i) && e.Length > 0 {
			first, end = min(first, e.Offset), max(end, e.Offset+e.Length)
		}
	}
	first = min(first, end) &^ 63
	c, err := w.Grow(int(end - first))
	if err != nil {
		return err
	}
	to := types.Slice[types.ListEntry](&w.vec)
	for i, e := range entries {
		to[i] = types.ListEntry{}
		if v.Valid(i) && e.Length > 0 {
			to[i] = types.ListEntry{Offset: e.Offset - first, Length: e.Length}
		}
	}
	if end == first {
		return nil
	}
	return c.Copy(sliceVector(&v.Children[0], int(first), int(end-first)))
}

func copyFixed(w *Writer, v *types.Vector, width int) {
	n := v.Len * width
	if n > 0 {
		copy(unsafe.Slice((*byte)(w.vec.Data), n), unsafe.Slice((*byte)(v.Data), n))
	}
}

func (w *Writer) copyStrings(v *types.Vector) error {
	if v.Len == 0 {
		return nil
	}
	if w.vec.Type.ID == types.Varchar {
		for i := range v.Len {
			if v.Valid(i) && !utf8.Valid(v.Bytes(i)) {
				return sqlstate.New(sqlstate.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8"`)
			}
		}
	}
	var mask *C.uint64_t
	if len(v.Validity) > 0 {
		mask = (*C.uint64_t)(unsafe.Pointer(&v.Validity[0]))
	}
	C.eider_copy_strings(w.raw, v.Data, mask, C.idx_t(v.Len))
	return nil
}

// fail keeps the first error for flush.
func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// flush hands waiting strings to DuckDB, here and in the parts, and returns the
// first error of all writes.
func (w *Writer) flush() error {
	w.flushStrings()
	for _, c := range w.children {
		if c.raw != nil {
			if err := c.flush(); err != nil {
				w.fail(err)
			}
		}
	}
	return w.err
}

func (w *Writer) flushStrings() {
	if len(w.strings) == 0 {
		return
	}
	C.eider_assign_strings(w.raw, (*C.char)(unsafe.Pointer(&w.bytes[0])), &w.strings[0], C.idx_t(len(w.strings)))
	w.bytes, w.strings = w.bytes[:0], w.strings[:0]
	if cap(w.bytes) > 2*maxWaiting {
		w.bytes = nil
	}
}
