package encode

import (
	"encoding/binary"

	"github.com/eiderdb/eider/sql/types"
)

// chooseArray sets c up as a PostgreSQL array, or as json where it can't be one.
func (c *column) chooseArray(pg PGType, form appendFunc) {
	elem, dims, ok := element(c.typ)
	if !ok {
		c.chooseJSON()
		return
	}
	c.append, c.dims = form, dims
	if oid, builtin := ElementOf(pg.OID); builtin {
		c.elemOID = oid
	}
	// Each level of a fixed-size array has a column for its child's validity.
	level := c
	for range dims - 1 {
		level.kids = []column{{typ: level.typ.Child, session: c.session}}
		level = &level.kids[0]
	}
	level.kids = []column{newColumn(elem, PGType{OID: c.elemOID}, c.format, c.session)}
}

// extent returns the rows of the child that belong to row.
func (c *column) extent(row int) (from, to int) {
	if c.typ.ID == types.Array {
		return row * c.typ.Size, (row + 1) * c.typ.Size
	}
	e := at[types.ListEntry](c, row)
	return int(e.Offset), int(e.Offset + e.Length)
}

func textArray(c *column, dst []byte, row int) []byte { return appendArrayText(c, dst, row, false) }

// appendArrayText follows array_out. null says that an outer level is NULL, which
// makes every element NULL.
func appendArrayText(c *column, dst []byte, row int, null bool) []byte {
	dst = append(dst, '{')
	kid := &c.kids[0]
	from, to := c.extent(row)
	for i := from; i < to; i++ {
		if i > from {
			dst = append(dst, ',')
		}
		isNull := null || !kid.isValid(i)
		switch {
		case kid.dimension():
			dst = appendArrayText(kid, dst, i, isNull)
		case isNull:
			dst = append(dst, "NULL"...)
		default:
			start := len(dst)
			dst = quoteElement(c.session, kid.append(kid, dst, i), start)
		}
	}
	return append(dst, '}')
}

// dimension reports whether c is an inner level of an array rather than an element.
func (c *column) dimension() bool { return c.append == nil }

// quoteElement puts what stands from start on in quotes if array_in needs them.
func quoteElement(s *session, dst []byte, start int) []byte {
	elem := dst[start:]
	if !needsQuotes(elem) {
		return dst
	}
	s.scratch = append(s.scratch[:0], elem...)
	dst = append(dst[:start], '"')
	for _, x := range s.scratch {
		if x == '"' || x == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, x)
	}
	return append(dst, '"')
}

func needsQuotes(b []byte) bool {
	if len(b) == 0 || len(b) == 4 && b[0]|0x20 == 'n' && b[1]|0x20 == 'u' && b[2]|0x20 == 'l' && b[3]|0x20 == 'l' {
		return true
	}
	for _, x := range b {
		switch x {
		case '"', '\\', '{', '}', ',', ' ', '\t', '\n', '\r', '\v', '\f':
			return true
		}
	}
	return false
}

// binaryArray follows array_send: dimensions, a flag for NULLs, the element's
// OID, length and lower bound of each dimension, then the elements.
func binaryArray(c *column, dst []byte, row int) []byte {
	start := len(dst)
	from, to := c.extent(row)
	if from == to {
		dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
		return binary.BigEndian.AppendUint32(dst, c.elemOID)
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(c.dims))
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, c.elemOID)
	dst = binary.BigEndian.AppendUint32(dst, uint32(to-from))
	dst = binary.BigEndian.AppendUint32(dst, 1)
	for level := &c.kids[0]; level.dimension(); level = &level.kids[0] {
		dst = binary.BigEndian.AppendUint32(dst, uint32(level.typ.Size))
		dst = binary.BigEndian.AppendUint32(dst, 1)
	}
	dst, hasNull := appendElements(c, dst, row, false)
	if hasNull {
		dst[start+7] = 1
	}
	return dst
}

func appendElements(c *column, dst []byte, row int, null bool) (out []byte, hasNull bool) {
	kid := &c.kids[0]
	from, to := c.extent(row)
	for i := from; i < to; i++ {
		isNull := null || !kid.isValid(i)
		switch {
		case kid.dimension():
			var inner bool
			dst, inner = appendElements(kid, dst, i, isNull)
			hasNull = hasNull || inner
		case isNull:
			dst, hasNull = append(dst, 0xFF, 0xFF, 0xFF, 0xFF), true
		default:
			dst = append(dst, 0, 0, 0, 0)
			start := len(dst)
			dst = kid.append(kid, dst, i)
			binary.BigEndian.PutUint32(dst[start-4:], uint32(len(dst)-start))
		}
	}
	return dst, hasNull
}
