package types

import "unsafe"

// Builder collects rows in Go memory, in the physical layout that Vector documents:
// rows on their way into the database (COPY), results made by Go code, chunks read
// back from a spill file. The caller appends one value to every column for each row.
type Builder struct {
	cols  []*ColumnBuilder
	chunk Chunk
}

// NewBuilder returns an empty builder of columns of the given types.
func NewBuilder(ts []*Type) *Builder {
	b := &Builder{cols: make([]*ColumnBuilder, len(ts))}
	for i, t := range ts {
		b.cols[i] = NewColumnBuilder(t)
	}
	return b
}

// Column returns the builder of column i.
func (b *Builder) Column(i int) *ColumnBuilder { return b.cols[i] }

// NumColumns is the number of columns.
func (b *Builder) NumColumns() int { return len(b.cols) }

// Len is the number of rows: the length of the last column, so that a row counts once complete.
func (b *Builder) Len() int {
	if len(b.cols) == 0 {
		return 0
	}
	return b.cols[len(b.cols)-1].n
}

// Truncate drops the rows from n on, also half-made ones.
func (b *Builder) Truncate(n int) {
	for _, c := range b.cols {
		c.truncate(n)
	}
}

// Reset empties the builder and keeps its memory. Chunks taken from it are no longer valid.
func (b *Builder) Reset() {
	for _, c := range b.cols {
		c.reset()
	}
}

// Chunk returns a view of the rows; it is valid until the next change of the builder.
func (b *Builder) Chunk() *Chunk {
	b.chunk.Len = b.Len()
	b.chunk.Columns = b.chunk.Columns[:0]
	for _, c := range b.cols {
		b.chunk.Columns = append(b.chunk.Columns, c.vector())
	}
	return &b.chunk
}

// ColumnBuilder collects the values of one column.
type ColumnBuilder struct {
	typ   *Type
	width int    // bytes a value in data; 0 for Struct, Union and Array
	data  []byte // the values
	// A String's last 8 bytes are a pointer or text, so Strings live in data, which the
	// garbage collector doesn't scan; blocks keeps what they point at alive. The last
	// block is the one being filled.
	blocks   [][]byte
	valid    []uint64
	nulls    bool
	n        int
	children []*ColumnBuilder
}

// NewColumnBuilder returns an empty builder of one column.
func NewColumnBuilder(t *Type) *ColumnBuilder {
	c := &ColumnBuilder{typ: t, width: PhysicalWidth(t)}
	switch t.ID {
	case List, Array:
		c.children = []*ColumnBuilder{NewColumnBuilder(t.Child)}
	case Map:
		c.children = []*ColumnBuilder{NewColumnBuilder(&Type{ID: Struct, Fields: t.Fields})}
	case Struct:
		for _, f := range t.Fields {
			c.children = append(c.children, NewColumnBuilder(f.Type))
		}
	case Union:
		c.children = append(c.children, NewColumnBuilder(Of(UTinyInt)))
		for _, f := range t.Fields {
			c.children = append(c.children, NewColumnBuilder(f.Type))
		}
	}
	return c
}

// PhysicalWidth is the number of bytes of one value in a vector of type t; 0 for what
// has no data of its own (Struct, Union, Array). Strings are 16.
func PhysicalWidth(t *Type) int {
	switch t.ID {
	case Boolean, TinyInt, UTinyInt:
		return 1
	case SmallInt, USmallInt:
		return 2
	case Integer, UInteger, Float, Date:
		return 4
	case BigInt, UBigInt, Double, Time, TimeNS, TimeTZ, Timestamp, TimestampS, TimestampMS, TimestampNS, TimestampTZ:
		return 8
	case HugeInt, UHugeInt, UUID, Interval, List, Map, Varchar, Blob, Bit, BigNum, Geometry:
		return 16
	case SQLNull, Unknown:
		return 4
	case Decimal:
		switch {
		case t.Width <= 4:
			return 2
		case t.Width <= 9:
			return 4
		case t.Width <= 18:
			return 8
		}
		return 16
	case Enum:
		switch n := len(t.Labels); {
		case n < 1<<8: // DuckDB's EnumTypeInfo::DictType
			return 1
		case n < 1<<16:
			return 2
		}
		return 4
	}
	return 0
}

// IsString reports whether vectors of t hold String references.
func IsString(t *Type) bool {
	switch t.ID {
	case Varchar, Blob, Bit, BigNum, Geometry:
		return true
	}
	return false
}

// Type is the column's type.
func (c *ColumnBuilder) Type() *Type { return c.typ }

// Len is the number of values.
func (c *ColumnBuilder) Len() int { return c.n }

// Child returns the builder of a nested type's child: elements of List and Array (0),
// the key-value struct of Map (0), fields of Struct, the tag (0) and members of Union.
func (c *ColumnBuilder) Child(i int) *ColumnBuilder { return c.children[i] }

func (c *ColumnBuilder) mark(ok bool) {
	if w := c.n >> 6; w >= len(c.valid) {
		c.valid = append(c.valid, 0)
	}
	if ok {
		c.valid[c.n>>6] |= 1 << (uint(c.n) & 63)
	} else {
		c.valid[c.n>>6] &^= 1 << (uint(c.n) & 63)
		c.nulls = true
	}
	c.n++
}

// AppendNull appends NULL, with NULLs in the children where the layout needs a value.
func (c *ColumnBuilder) AppendNull() {
	switch c.typ.ID {
	case Struct, Union:
		for _, k := range c.children {
			k.AppendNull()
		}
	case Array:
		for range c.typ.Size {
			c.children[0].AppendNull()
		}
	default:
		c.data = append(c.data, zeros[:c.width]...)
	}
	c.mark(false)
}

var zeros [16]byte

// AppendBytes appends a copy of b to a Varchar, Blob, Bit or BigNum column.
func (c *ColumnBuilder) AppendBytes(b []byte) {
	var s [2]uint64
	raw := (*[16]byte)(unsafe.Pointer(&s))
	*(*uint32)(unsafe.Pointer(&s)) = uint32(len(b))
	copy(raw[4:], b)
	if len(b) > 12 {
		s[1] = uint64(uintptr(unsafe.Pointer(c.keep(b))))
	}
	c.data = append(c.data, raw[:]...)
	c.mark(true)
}

// keep copies b into a block and returns its address.
func (c *ColumnBuilder) keep(b []byte) *byte {
	last := len(c.blocks) - 1
	if last < 0 || cap(c.blocks[last])-len(c.blocks[last]) < len(b) {
		size := 64 << 10
		if last >= 0 {
			size = min(2*cap(c.blocks[last]), 4<<20)
		}
		c.blocks = append(c.blocks, make([]byte, 0, max(len(b), size)))
		last++
	}
	at := len(c.blocks[last])
	c.blocks[last] = append(c.blocks[last], b...)
	return &c.blocks[last][at]
}

// AppendList ends a value of a List or Map column: its elements are the last n of Child(0).
func (c *ColumnBuilder) AppendList(n int) {
	AppendFixed(c, ListEntry{Offset: uint64(c.children[0].n - n), Length: uint64(n)})
}

// AppendValid ends a value of a Struct, Union or Array column after its children were appended.
func (c *ColumnBuilder) AppendValid() { c.mark(true) }

// AppendFixed appends a value in the column's physical type, which is not checked
// beyond its width.
func AppendFixed[T any](c *ColumnBuilder, v T) {
	if int(unsafe.Sizeof(v)) != c.width {
		panic("types: value of the wrong width for " + c.typ.String())
	}
	c.data = append(c.data, unsafe.Slice((*byte)(unsafe.Pointer(&v)), c.width)...)
	c.mark(true)
}

// Vector returns a view of the values, valid until the next change.
func (c *ColumnBuilder) Vector() Vector { return c.vector() }

// AppendRange appends copies of n values of v from row at on. v has the column's type.
func (c *ColumnBuilder) AppendRange(v *Vector, at, n int) {
	for i := at; i < at+n; i++ {
		if !v.Valid(i) {
			c.AppendNull()
			continue
		}
		switch c.typ.ID {
		case List, Map:
			e := Slice[ListEntry](v)[i]
			c.children[0].AppendRange(&v.Children[0], int(e.Offset), int(e.Length))
			c.AppendList(int(e.Length))
		case Array:
			c.children[0].AppendRange(&v.Children[0], i*c.typ.Size, c.typ.Size)
			c.AppendValid()
		case Struct, Union:
			for k, child := range c.children {
				child.AppendRange(&v.Children[k], i, 1)
			}
			c.AppendValid()
		case Varchar, Blob, Bit, BigNum, Geometry:
			c.AppendBytes(v.Bytes(i))
		default:
			if v.Data == nil {
				c.AppendNull()
				continue
			}
			c.data = append(c.data, unsafe.Slice((*byte)(unsafe.Add(v.Data, i*c.width)), c.width)...)
			c.mark(true)
		}
	}
}

func (c *ColumnBuilder) reset() { c.truncate(0) }

// truncate drops the values from n on, and what children hold of a half-made one.
func (c *ColumnBuilder) truncate(n int) {
	n = min(n, c.n)
	switch c.typ.ID {
	case List, Map:
		end := 0
		if n > 0 { // elements are appended in order of the rows; NULLs have none
			for _, e := range unsafe.Slice((*ListEntry)(unsafe.Pointer(unsafe.SliceData(c.data))), n) {
				end = max(end, int(e.Offset+e.Length))
			}
		}
		c.children[0].truncate(end)
	case Array:
		c.children[0].truncate(n * c.typ.Size)
	case Struct, Union:
		for _, k := range c.children {
			k.truncate(n)
		}
	}
	if n == c.n {
		return
	}
	c.data = c.data[:n*c.width]
	c.n = n
	if n == 0 {
		if last := len(c.blocks) - 1; last >= 0 {
			c.blocks = append(c.blocks[:0], c.blocks[last][:0])
		}
		c.valid, c.nulls = c.valid[:0], false
		return
	}
	c.valid = c.valid[:(n+63)>>6]
	if n&63 != 0 {
		c.valid[n>>6] &= 1<<(uint(n)&63) - 1
	}
}

func (c *ColumnBuilder) vector() Vector {
	v := Vector{Type: c.typ, Len: c.n}
	if c.nulls {
		v.Validity = c.valid
	}
	if c.width > 0 {
		v.Data = unsafe.Pointer(unsafe.SliceData(c.data))
	}
	for _, k := range c.children {
		v.Children = append(v.Children, k.vector())
	}
	return v
}

// Bytes is about the memory that the rows take.
func (b *Builder) Bytes() int {
	n := 0
	for _, c := range b.cols {
		n += c.bytes()
	}
	return n
}

func (c *ColumnBuilder) bytes() int {
	n := len(c.data) + 8*len(c.valid)
	for _, block := range c.blocks {
		n += len(block)
	}
	for _, k := range c.children {
		n += k.bytes()
	}
	return n
}
