package engine

import (
	"encoding/binary"
	"unsafe"

	"github.com/eiderdb/eider/sql/types"
)

// The form of a chunk in a spill buffer, read back by the process that wrote it. A
// section for each column, children behind their parent, each part padded to eight
// bytes so that vectors can point into it:
//
//	rows of the chunk                                             uint64
//	per vector: 1 if there is a validity mask, else 0             uint64
//	  the mask                                                    a uint64 for 64 rows
//	  values, in the physical layout of types.Vector; a String longer than 12 bytes
//	  has, in place of its pointer, an offset into the text behind the values
//	  for strings: length of the text (uint64), the text
//	  for List and Map: number of elements (uint64), then the child's section

// appendChunk appends chunk's form to buf, whose length is a multiple of eight.
func appendChunk(buf []byte, chunk *types.Chunk) []byte {
	buf = binary.NativeEndian.AppendUint64(buf, uint64(chunk.Len))
	for i := range chunk.Columns {
		buf = appendVector(buf, &chunk.Columns[i], chunk.Len)
	}
	return buf
}

func appendVector(buf []byte, v *types.Vector, n int) []byte {
	if v.Validity == nil {
		buf = binary.NativeEndian.AppendUint64(buf, 0)
	} else {
		buf = binary.NativeEndian.AppendUint64(buf, 1)
		for _, w := range v.Validity[:(n+63)/64] {
			buf = binary.NativeEndian.AppendUint64(buf, w)
		}
	}
	switch v.Type.ID {
	case types.List, types.Map:
		return appendLists(buf, v, n)
	case types.Struct, types.Union:
		for i := range v.Children {
			buf = appendVector(buf, &v.Children[i], n)
		}
		return buf
	case types.Array:
		return appendVector(buf, &v.Children[0], n*v.Type.Size)
	}
	if types.IsString(v.Type) {
		return appendStrings(buf, v, n)
	}
	size := n * types.PhysicalWidth(v.Type)
	if v.Data == nil { // a type without readable values
		buf = append(buf, make([]byte, size)...)
	} else {
		buf = append(buf, unsafe.Slice((*byte)(v.Data), size)...)
	}
	return pad(buf)
}

func pad(buf []byte) []byte {
	for len(buf)&7 != 0 {
		buf = append(buf, 0)
	}
	return buf
}

func appendStrings(buf []byte, v *types.Vector, n int) []byte {
	strs := types.Slice[types.String](v)
	offset := uint64(0)
	for i := range n {
		if !v.Valid(i) { // what stands there is undefined
			buf = append(buf, make([]byte, 16)...)
			continue
		}
		raw := (*[16]byte)(unsafe.Pointer(&strs[i]))
		if size := strs[i].Len(); size > 12 {
			buf = append(buf, raw[:8]...)
			buf = binary.NativeEndian.AppendUint64(buf, offset)
			offset += uint64(size)
		} else {
			buf = append(buf, raw[:]...)
		}
	}
	buf = binary.NativeEndian.AppendUint64(buf, offset)
	if offset == 0 {
		return buf
	}
	for i := range n {
		if v.Valid(i) && strs[i].Len() > 12 {
			buf = append(buf, strs[i].Bytes()...)
		}
	}
	return pad(buf)
}

// appendLists writes the elements of the rows one after the other, wherever they stand
// in the child: it may hold more than these rows' elements.
func appendLists(buf []byte, v *types.Vector, n int) []byte {
	entries := types.Slice[types.ListEntry](v)
	child := &v.Children[0]
	packed, end := true, uint64(0)
	for i := range n {
		if v.Valid(i) && entries[i].Length > 0 {
			packed = packed && entries[i].Offset == end
			end += entries[i].Length
		}
	}
	at := uint64(0)
	for i := range n {
		var e types.ListEntry
		if v.Valid(i) {
			e = types.ListEntry{Offset: at, Length: entries[i].Length}
			at += e.Length
		}
		buf = binary.NativeEndian.AppendUint64(buf, e.Offset)
		buf = binary.NativeEndian.AppendUint64(buf, e.Length)
	}
	buf = binary.NativeEndian.AppendUint64(buf, end)
	if packed {
		return appendVector(buf, child, int(end))
	}
	gathered := types.NewColumnBuilder(child.Type)
	for i := range n {
		if v.Valid(i) {
			gathered.AppendRange(child, int(entries[i].Offset), int(entries[i].Length))
		}
	}
	view := gathered.Vector()
	return appendVector(buf, &view, int(end))
}

// chunkReader turns forms back into a chunk, which points into them.
type chunkReader struct {
	buf   []byte
	chunk types.Chunk
}

// read makes the chunk of buf, which begins at a multiple of eight and stays unchanged
// as long as the chunk is used.
func (r *chunkReader) read(columns []types.Column, buf []byte) *types.Chunk {
	r.buf = buf
	r.chunk.Len = int(r.uint64())
	r.chunk.Columns = r.chunk.Columns[:0]
	for _, c := range columns {
		r.chunk.Columns = append(r.chunk.Columns, r.vector(c.Type, r.chunk.Len))
	}
	return &r.chunk
}

func (r *chunkReader) uint64() uint64 {
	v := binary.NativeEndian.Uint64(r.buf)
	r.buf = r.buf[8:]
	return v
}

// take returns the next size bytes and moves past their padding.
func (r *chunkReader) take(size int) []byte {
	b := r.buf[:size:size]
	r.buf = r.buf[(size+7)&^7:]
	return b
}

func (r *chunkReader) vector(t *types.Type, n int) types.Vector {
	v := types.Vector{Type: t, Len: n}
	if r.uint64() == 1 {
		words := (n + 63) / 64
		if b := r.take(8 * words); words > 0 {
			v.Validity = unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(b))), words)
		}
	}
	switch t.ID {
	case types.List, types.Map:
		v.Data = unsafe.Pointer(unsafe.SliceData(r.take(16 * n)))
		size := int(r.uint64())
		child := t.Child
		if t.ID == types.Map {
			child = &types.Type{ID: types.Struct, Fields: t.Fields}
		}
		v.Children = []types.Vector{r.vector(child, size)}
		return v
	case types.Union:
		v.Children = append(v.Children, r.vector(types.Of(types.UTinyInt), n))
		fallthrough
	case types.Struct:
		for _, f := range t.Fields {
			v.Children = append(v.Children, r.vector(f.Type, n))
		}
		return v
	case types.Array:
		v.Children = []types.Vector{r.vector(t.Child, n*t.Size)}
		return v
	}
	b := r.take(n * types.PhysicalWidth(t))
	if n > 0 {
		v.Data = unsafe.Pointer(unsafe.SliceData(b))
	}
	if types.IsString(t) {
		text := r.take(int(r.uint64()))
		for at := 0; at < len(b); at += 16 {
			if binary.NativeEndian.Uint32(b[at:]) > 12 {
				p := &text[binary.NativeEndian.Uint64(b[at+8:])]
				binary.NativeEndian.PutUint64(b[at+8:], uint64(uintptr(unsafe.Pointer(p))))
			}
		}
	}
	return v
}
