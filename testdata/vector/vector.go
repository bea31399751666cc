// Package vector builds types.Vector values from Go values, laid out as DuckDB
// lays them out, for tests of packages that must not link DuckDB.
package vector

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"unsafe"

	"github.com/eiderdb/eider/sql/types"
)

// Builder owns the memory of the vectors it makes: they are valid while it lives.
type Builder struct{ keep [][]byte }

// Chunk builds a chunk of the columns; all must have the same number of values.
func (b *Builder) Chunk(cols ...types.Vector) *types.Chunk {
	c := &types.Chunk{Columns: cols}
	if len(cols) > 0 {
		c.Len = cols[0].Len
	}
	return c
}

// Vector lays values out as type t. nil is NULL. The Go values are those of
// sql/types/value.go and Go's own; []any is a LIST, ARRAY or STRUCT, [][2]any a
// MAP, int an ENUM's index, Member a UNION.
func (b *Builder) Vector(t *types.Type, values ...any) types.Vector {
	v := types.Vector{Type: t, Len: len(values)}
	for i, x := range values {
		if x == nil {
			if v.Validity == nil {
				v.Validity = make([]uint64, (len(values)+63)/64)
				for j := range v.Validity {
					v.Validity[j] = ^uint64(0)
				}
			}
			v.Validity[i/64] &^= 1 << (i % 64)
		}
	}
	switch t.ID {
	case types.List, types.Map, types.Array, types.Struct, types.Union:
		b.nested(&v, values)
		return v
	}
	var data []byte
	for _, x := range values {
		data = append(data, b.cell(t, x)...)
	}
	v.Data = b.memory(data)
	return v
}

// memory copies data to where it is aligned to eight bytes and stays.
func (b *Builder) memory(data []byte) unsafe.Pointer {
	words := make([]uint64, len(data)/8+1)
	mem := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)
	copy(mem, data)
	b.keep = append(b.keep, mem)
	return unsafe.Pointer(&words[0])
}

// Member is a UNION's value: the tag and what it holds.
type Member struct {
	Tag   int
	Value any
}

func (b *Builder) nested(v *types.Vector, values []any) {
	t := v.Type
	switch t.ID {
	case types.List, types.Map:
		var entries []byte
		var elems []any
		for _, x := range values {
			from := len(elems)
			switch x := x.(type) {
			case []any:
				elems = append(elems, x...)
			case [][2]any:
				for _, kv := range x {
					elems = append(elems, []any{kv[0], kv[1]})
				}
			}
			entries = binary.LittleEndian.AppendUint64(entries, uint64(from))
			entries = binary.LittleEndian.AppendUint64(entries, uint64(len(elems)-from))
		}
		child := t.Child
		if t.ID == types.Map {
			child = &types.Type{ID: types.Struct, Fields: t.Fields}
		}
		v.Data = b.memory(entries)
		v.Children = []types.Vector{b.Vector(child, elems...)}
	case types.Array:
		var elems []any
		for _, x := range values {
			row, _ := x.([]any)
			for i := range t.Size {
				if i < len(row) {
					elems = append(elems, row[i])
				} else {
					elems = append(elems, nil)
				}
			}
		}
		v.Children = []types.Vector{b.Vector(t.Child, elems...)}
	case types.Struct:
		for f := range t.Fields {
			column := make([]any, len(values))
			for i, x := range values {
				if row, ok := x.([]any); ok {
					column[i] = row[f]
				}
			}
			v.Children = append(v.Children, b.Vector(t.Fields[f].Type, column...))
		}
	case types.Union:
		tags := make([]any, len(values))
		members := make([][]any, len(t.Fields))
		for f := range members {
			members[f] = make([]any, len(values))
		}
		for i, x := range values {
			if m, ok := x.(Member); ok {
				tags[i] = uint8(m.Tag)
				members[m.Tag][i] = m.Value
			}
		}
		v.Children = []types.Vector{b.Vector(types.Of(types.UTinyInt), tags...)}
		for f := range members {
			v.Children = append(v.Children, b.Vector(t.Fields[f].Type, members[f]...))
		}
	}
}

// cell returns the bytes of one value in little endian.
func (b *Builder) cell(t *types.Type, x any) []byte {
	if x == nil {
		return make([]byte, width(t))
	}
	switch x := x.(type) {
	case string:
		return b.text([]byte(x))
	case []byte:
		return b.text(x)
	case types.BitValue:
		return b.text(bits(string(x)))
	case types.UUIDValue:
		return huge(x.Huge())
	case types.Huge:
		return huge(x)
	case *big.Int:
		if t.ID == types.BigNum {
			return b.text(bigNum(x))
		}
		return integer(x, width(t))
	case types.DecimalValue:
		v := new(big.Int).Mul(x.Unscaled, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Scale-x.Scale)), nil))
		return integer(v, width(t))
	case types.IntervalValue:
		out := binary.LittleEndian.AppendUint32(nil, uint32(x.Months))
		out = binary.LittleEndian.AppendUint32(out, uint32(x.Days))
		return binary.LittleEndian.AppendUint64(out, uint64(x.Micros))
	case int:
		return integer(big.NewInt(int64(x)), width(t))
	}
	out, err := binary.Append(nil, binary.LittleEndian, x)
	if err != nil || len(out) != width(t) {
		panic(fmt.Sprintf("vector: %T is no value of %s", x, t))
	}
	return out
}

// text lays out DuckDB's string reference.
func (b *Builder) text(s []byte) []byte {
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(s)))
	if len(s) <= 12 {
		return append(append(out, s...), make([]byte, 12-len(s))...)
	}
	mem := append([]byte{}, s...)
	b.keep = append(b.keep, mem)
	return binary.LittleEndian.AppendUint64(append(out, s[:4]...), uint64(uintptr(unsafe.Pointer(&mem[0]))))
}

func bits(s string) []byte {
	padding := (8 - len(s)%8) % 8
	out := []byte{byte(padding)}
	var x byte
	for i := range padding {
		x |= 1 << (7 - i)
	}
	for i := range len(s) {
		at := padding + i
		if s[i] == '1' {
			x |= 1 << (7 - at%8)
		}
		if at%8 == 7 {
			out, x = append(out, x), 0
		}
	}
	return out
}

func bigNum(v *big.Int) []byte {
	data := v.Bytes()
	if len(data) == 0 {
		data = []byte{0}
	}
	n := len(data)
	out := append([]byte{byte(n>>16) | 0x80, byte(n >> 8), byte(n)}, data...)
	if v.Sign() < 0 {
		for i := range out {
			out[i] = ^out[i]
		}
	}
	return out
}

func huge(h types.Huge) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, h.Lo), uint64(h.Hi))
}

// integer returns v in two's complement of n bytes.
func integer(v *big.Int, n int) []byte {
	m := new(big.Int).And(v, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(8*n)), big.NewInt(1)))
	out := m.FillBytes(make([]byte, n))
	for i, j := 0, n-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// width is the number of bytes of a value in its vector.
func width(t *types.Type) int {
	switch t.ID {
	case types.Boolean, types.TinyInt, types.UTinyInt:
		return 1
	case types.SmallInt, types.USmallInt:
		return 2
	case types.Integer, types.UInteger, types.Float, types.Date:
		return 4
	case types.Decimal:
		switch {
		case t.Width <= 4:
			return 2
		case t.Width <= 9:
			return 4
		case t.Width <= 18:
			return 8
		}
		return 16
	case types.Enum:
		switch n := len(t.Labels); {
		case n < 1<<8:
			return 1
		case n < 1<<16:
			return 2
		}
		return 4
	case types.HugeInt, types.UHugeInt, types.UUID, types.Interval, types.Varchar, types.Blob, types.Bit, types.BigNum, types.Geometry:
		return 16
	}
	return 8
}
