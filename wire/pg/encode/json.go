package encode

import (
	"unicode/utf8"

	"github.com/eiderdb/eider/sql/types"
)

// chooseJSON sets c up to write a nested value as JSON, without blanks.
func (c *column) chooseJSON() {
	c.format = Text
	switch c.typ.ID {
	case types.Struct:
		c.append = jsonStruct
		c.addMembers()
	case types.Union:
		c.append = jsonUnion
		c.kids = append(c.kids, column{typ: types.Of(types.UTinyInt), session: c.session})
		c.addMembers()
	case types.Map:
		c.append = jsonMap
		if len(c.typ.Fields) == 2 {
			entry := column{typ: types.Of(types.Struct), session: c.session}
			entry.kids = []column{c.jsonChild(c.typ.Fields[0].Type), c.jsonChild(c.typ.Fields[1].Type)}
			c.kids = []column{entry}
		}
	case types.List, types.Array:
		c.append = jsonList
		c.kids = []column{c.jsonChild(c.typ.Child)}
	case types.Variant:
		c.chooseVariant()
	default:
		c.append = jsonScalar(c.typ, c.scalarText())
	}
}

func (c *column) jsonChild(t *types.Type) column {
	kid := column{typ: t, session: c.session}
	if t == nil {
		kid.typ = types.Of(types.SQLNull)
	}
	kid.chooseJSON()
	return kid
}

func (c *column) addMembers() {
	for _, f := range c.typ.Fields {
		c.kids = append(c.kids, c.jsonChild(f.Type))
		c.keys = append(c.keys, append(appendJSONString(nil, []byte(f.Name)), ':'))
	}
}

// jsonScalar leaves numbers, booleans and JSON bare and quotes all else. Floats
// that JSON has no number for are quoted, as PostgreSQL's to_json does.
func jsonScalar(t *types.Type, text appendFunc) appendFunc {
	switch t.ID {
	case types.Boolean:
		return func(c *column, dst []byte, row int) []byte { return appendJSONBool(dst, at[bool](c, row)) }
	case types.TinyInt, types.SmallInt, types.Integer, types.BigInt, types.HugeInt,
		types.UTinyInt, types.USmallInt, types.UInteger, types.UBigInt, types.UHugeInt, types.BigNum, types.Decimal:
		return text
	case types.Float, types.Double:
		return func(c *column, dst []byte, row int) []byte {
			start := len(dst)
			dst = text(c, dst, row)
			if x := dst[len(dst)-1]; x == 'N' || x == 'y' { // NaN, Infinity
				return quoteJSON(c.session, dst, start)
			}
			return dst
		}
	case types.Varchar:
		if isJSON(t) {
			return text
		}
		return func(c *column, dst []byte, row int) []byte { return appendJSONString(dst, stringAt(c, row)) }
	}
	return func(c *column, dst []byte, row int) []byte {
		start := len(dst)
		return quoteJSON(c.session, text(c, dst, row), start)
	}
}

func appendJSONBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}

// quoteJSON turns what stands from start on into a JSON string.
func quoteJSON(s *session, dst []byte, start int) []byte {
	s.scratch = append(s.scratch[:0], dst[start:]...)
	return appendJSONString(dst[:start], s.scratch)
}

// appendJSONString escapes quotes, backslashes and control characters (RFC 8259,
// 7). Bytes that are no UTF-8 become U+FFFD: JSON has no way to say them.
func appendJSONString(dst, b []byte) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(b); {
		x := b[i]
		if x >= 0x20 && x != '"' && x != '\\' && x < utf8.RuneSelf {
			i++
			continue
		}
		size := 1
		if x >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRune(b[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, b[from:i]...)
		dst = appendJSONEscape(dst, x)
		i += size
		from = i
	}
	return append(append(dst, b[from:]...), '"')
}

func appendJSONEscape(dst []byte, x byte) []byte {
	switch x {
	case '"', '\\':
		return append(dst, '\\', x)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	if x >= utf8.RuneSelf {
		return append(dst, "\uFFFD"...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[x>>4], hexDigits[x&15])
}

// appendJSON appends a value that may be NULL.
func (c *column) appendJSON(dst []byte, row int) []byte {
	if !c.isValid(row) {
		return append(dst, "null"...)
	}
	return c.append(c, dst, row)
}

func jsonStruct(c *column, dst []byte, row int) []byte {
	dst = append(dst, '{')
	for i := range c.kids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = c.kids[i].appendJSON(append(dst, c.keys[i]...), row)
	}
	return append(dst, '}')
}

// jsonUnion writes the member that is set as an object of one key.
func jsonUnion(c *column, dst []byte, row int) []byte {
	tag := int(at[uint8](&c.kids[0], row))
	if tag >= len(c.keys) {
		return append(dst, "null"...)
	}
	dst = append(append(dst, '{'), c.keys[tag]...)
	return append(c.kids[tag+1].appendJSON(dst, row), '}')
}

// jsonMap writes keys as strings whatever their type.
func jsonMap(c *column, dst []byte, row int) []byte {
	dst = append(dst, '{')
	if len(c.kids) == 1 {
		key, value := &c.kids[0].kids[0], &c.kids[0].kids[1]
		from, to := c.extent(row)
		for i := from; i < to; i++ {
			if i > from {
				dst = append(dst, ',')
			}
			start := len(dst)
			if dst = key.appendJSON(dst, i); dst[start] != '"' {
				dst = quoteJSON(c.session, dst, start)
			}
			dst = value.appendJSON(append(dst, ':'), i)
		}
	}
	return append(dst, '}')
}

func jsonList(c *column, dst []byte, row int) []byte {
	dst = append(dst, '[')
	from, to := c.extent(row)
	for i := from; i < to; i++ {
		if i > from {
			dst = append(dst, ',')
		}
		dst = c.kids[0].appendJSON(dst, i)
	}
	return append(dst, ']')
}
