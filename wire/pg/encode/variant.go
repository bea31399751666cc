package encode

import (
	"encoding/binary"
	"unsafe"

	"github.com/eiderdb/eider/sql/types"
)

// The kinds of a VARIANT's nodes, DuckDB's VariantLogicalType.
const (
	variantNull    = 0
	variantTrue    = 1
	variantFalse   = 2
	variantDecimal = 15
	variantVarchar = 16
	variantBlob    = 17
	variantObject  = 29
	variantArray   = 30
	variantBigNum  = 31
	variantBit     = 32
	variantShape   = 33 // a geometry
)

// variantFixed are the types of the kinds whose bytes are laid out as in a vector.
var variantFixed = map[uint8]types.ID{
	3: types.TinyInt, 4: types.SmallInt, 5: types.Integer, 6: types.BigInt, 7: types.HugeInt,
	8: types.UTinyInt, 9: types.USmallInt, 10: types.UInteger, 11: types.UBigInt, 12: types.UHugeInt,
	13: types.Float, 14: types.Double, 18: types.UUID, 19: types.Date, 20: types.Time, 21: types.TimeNS,
	22: types.TimestampS, 23: types.TimestampMS, 24: types.Timestamp, 25: types.TimestampNS,
	26: types.TimeTZ, 27: types.TimestampTZ, 28: types.Interval,
}

// variantParts are the scalar encoders of a VARIANT column.
type variantParts struct {
	fixed map[uint8]*column
	// cell is where a value is put to be read by an encoder, aligned.
	cell [2]uint64
}

// chooseVariant sets c up over the layout that types.VariantFields describes.
func (c *column) chooseVariant() {
	c.append = jsonVariant
	leaf := func() column { return column{typ: types.Of(types.SQLNull), session: c.session} }
	pair := func() column {
		return column{typ: types.Of(types.Struct), session: c.session, kids: []column{leaf(), leaf()}}
	}
	list := func(kid column) column {
		return column{typ: types.Of(types.List), session: c.session, kids: []column{kid}}
	}
	c.kids = []column{list(leaf()), list(pair()), list(pair()), leaf()}
	c.variant = &variantParts{fixed: make(map[uint8]*column, len(variantFixed))}
	for kind, id := range variantFixed {
		scalar := c.jsonChild(types.Of(id))
		scalar.data = unsafe.Pointer(&c.variant.cell)
		c.variant.fixed[kind] = &scalar
	}
}

// variantRow is one value: where its lists begin, and its bytes.
type variantRow struct {
	c                      *column
	keys, children, values int
	data                   []byte
}

func jsonVariant(c *column, dst []byte, row int) []byte {
	start := func(kid int) int {
		from, _ := c.kids[kid].extent(row)
		return from
	}
	r := variantRow{c: c, keys: start(0), children: start(1), values: start(2), data: stringAt(&c.kids[3], row)}
	return r.node(dst, 0)
}

// node appends the node of that number as JSON.
func (r *variantRow) node(dst []byte, number int) []byte {
	nodes := &r.c.kids[2].kids[0]
	kind := at[uint8](&nodes.kids[0], r.values+number)
	b := r.data[at[uint32](&nodes.kids[1], r.values+number):]
	switch kind {
	case variantNull:
		return append(dst, "null"...)
	case variantTrue, variantFalse:
		return appendJSONBool(dst, kind == variantTrue)
	case variantDecimal:
		return r.decimal(dst, b)
	case variantObject, variantArray:
		return r.members(dst, b, kind == variantObject)
	case variantVarchar, variantBlob, variantBigNum, variantBit, variantShape:
		n, size := binary.Uvarint(b)
		return r.bytes(dst, kind, b[size:size+int(n)])
	}
	scalar, ok := r.c.variant.fixed[kind]
	if !ok {
		return append(dst, "null"...)
	}
	cell := (*[16]byte)(unsafe.Pointer(&r.c.variant.cell))
	copy(cell[:], b)
	return scalar.append(scalar, dst, 0)
}

func (r *variantRow) bytes(dst []byte, kind uint8, b []byte) []byte {
	start := len(dst)
	switch kind {
	case variantVarchar:
		return appendJSONString(dst, b)
	case variantBigNum:
		return parseBigNum(b).Append(dst, 10)
	case variantBit:
		return quoteJSON(r.c.session, appendBits(dst, b), start)
	}
	return quoteJSON(r.c.session, appendHex(append(dst, '\\', 'x'), b), start)
}

// decimal: width, scale, then the integer that a vector of that width holds.
func (r *variantRow) decimal(dst, b []byte) []byte {
	width, n := binary.Uvarint(b)
	scale, m := binary.Uvarint(b[n:])
	b = b[n+m:]
	switch {
	case width <= 4:
		return appendDecimal(dst, int64(int16(binary.LittleEndian.Uint16(b))), int(scale))
	case width <= 9:
		return appendDecimal(dst, int64(int32(binary.LittleEndian.Uint32(b))), int(scale))
	case width <= 18:
		return appendDecimal(dst, int64(binary.LittleEndian.Uint64(b)), int(scale))
	}
	return appendDecimal128(dst, types.Huge{Lo: binary.LittleEndian.Uint64(b), Hi: int64(binary.LittleEndian.Uint64(b[8:]))}, int(scale))
}

// members: their number and, unless there are none, the first one's index.
func (r *variantRow) members(dst, b []byte, isObject bool) []byte {
	open, end := byte('['), byte(']')
	if isObject {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	n, size := binary.Uvarint(b)
	if n > 0 {
		first, _ := binary.Uvarint(b[size:])
		members := &r.c.kids[1].kids[0]
		for i := range int(n) {
			if i > 0 {
				dst = append(dst, ',')
			}
			member := r.children + int(first) + i
			if isObject {
				key := r.keys + int(at[uint32](&members.kids[0], member))
				dst = append(appendJSONString(dst, stringAt(&r.c.kids[0].kids[0], key)), ':')
			}
			dst = r.node(dst, int(at[uint32](&members.kids[1], member)))
		}
	}
	return append(dst, end)
}
