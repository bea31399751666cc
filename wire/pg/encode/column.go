package encode

import (
	"encoding/binary"
	"unsafe"

	"github.com/eiderdb/eider/sql/types"
)

// appendFunc appends the value at row, which is not NULL, without a length.
type appendFunc func(c *column, dst []byte, row int) []byte

// column is the encoder of one column, or of the elements of a nested one.
type column struct {
	op     op
	data   unsafe.Pointer
	valid  []uint64
	append appendFunc

	typ     *types.Type
	format  Format
	session *session
	kids    []column
	// elemOID is the element's OID where typ becomes an array of dims dimensions.
	elemOID uint32
	dims    int
	// keys are the members' names as JSON, with colon.
	keys [][]byte
	day  dayCache
	// variant is set for a VARIANT.
	variant *variantParts
}

// op selects the types that the row loop handles without an indirect call.
type op uint8

const (
	opGeneric op = iota
	opTextInt16
	opTextInt32
	opTextInt64
	opTextDouble
	opTextTimestamp
	opBytes
	opBinary16
	opBinary32
	opBinary64
	opBinaryTimestamp
)

func newColumn(t *types.Type, pg PGType, f Format, s *session) column {
	c := column{typ: t, format: f, session: s}
	if t == nil {
		c.typ = types.Of(types.SQLNull)
	}
	if f == Binary {
		c.chooseBinary(pg)
	} else {
		c.chooseText(pg)
	}
	return c
}

func (c *column) bind(v *types.Vector) {
	c.data, c.valid = v.Data, v.Validity
	for i := range c.kids {
		if i < len(v.Children) {
			c.kids[i].bind(&v.Children[i])
		}
	}
}

func (c *column) isValid(row int) bool {
	return c.valid == nil || c.valid[row>>6]&(1<<(uint(row)&63)) != 0
}

// at reads row of a column whose physical type is T. It skips the bounds check
// of a slice: rows come from the chunk's own length.
func at[T any](c *column, row int) T {
	return *(*T)(unsafe.Add(c.data, uintptr(row)*unsafe.Sizeof(*new(T))))
}

func stringAt(c *column, row int) []byte {
	return (*types.String)(unsafe.Add(c.data, uintptr(row)*unsafe.Sizeof(types.String{}))).Bytes()
}

// row appends length and bytes of each field.
func (e *Encoder) row(dst []byte, row int) []byte {
	for i := range e.cols {
		c := &e.cols[i]
		if c.valid != nil && c.valid[row>>6]&(1<<(uint(row)&63)) == 0 {
			dst = append(dst, 0xFF, 0xFF, 0xFF, 0xFF)
			continue
		}
		switch c.op {
		case opBinary16:
			v := at[int16](c, row)
			dst = append(dst, 0, 0, 0, 2, byte(v>>8), byte(v))
			continue
		case opBinary32:
			dst = binary.BigEndian.AppendUint32(append(dst, 0, 0, 0, 4), at[uint32](c, row))
			continue
		case opBinary64:
			dst = binary.BigEndian.AppendUint64(append(dst, 0, 0, 0, 8), at[uint64](c, row))
			continue
		case opBinaryTimestamp:
			dst = appendBinaryTimestamp(c, append(dst, 0, 0, 0, 8), row)
			continue
		case opBytes:
			b := stringAt(c, row)
			dst = append(binary.BigEndian.AppendUint32(dst, uint32(len(b))), b...)
			continue
		}
		if c.op != opGeneric {
			var p *short
			dst, p = room(dst)
			if end := c.put(p, row); end > 0 {
				binary.BigEndian.PutUint32(p[:4], uint32(end-4))
				dst = dst[:len(dst)+end]
				continue
			}
		}
		dst = append(dst, 0, 0, 0, 0)
		start := len(dst)
		dst = c.append(c, dst, row)
		binary.BigEndian.PutUint32(dst[start-4:], uint32(len(dst)-start))
	}
	return dst
}

// put writes a short value behind the four bytes of its length and returns where
// it ends, 0 when the value needs the long way.
func (c *column) put(p *short, row int) int {
	switch c.op {
	case opTextInt16:
		return putInt(p, 4, int64(at[int16](c, row)))
	case opTextInt32:
		return putInt(p, 4, int64(at[int32](c, row)))
	case opTextInt64:
		return putInt(p, 4, at[int64](c, row))
	case opTextTimestamp:
		return c.day.putTimestamp(p, 4, at[int64](c, row))
	case opTextDouble:
		if end, ok := putFloat64(p, 4, at[float64](c, row)); ok {
			return end
		}
	}
	return 0
}
