package encode

import (
	"github.com/eiderdb/eider/sql/sqlstate"
)

// parseArray reads array_in's form: {1,NULL,"a b"}, nested for dimensions, with
// an optional [l:u]… = in front, whose bounds are dropped.
func parseArray(elem uint32, b []byte, s *Settings) (any, error) {
	p := arrayParser{text: b, elem: elem, settings: s}
	p.skipBounds()
	p.space()
	if p.pos >= len(b) || b[p.pos] != '{' {
		return nil, p.malformed(`Array value must start with "{" or dimension information.`)
	}
	v, err := p.list(1)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(b) {
		return nil, p.malformed("Junk after closing right brace.")
	}
	if !rectangular(v) {
		return nil, p.malformed("Multidimensional arrays must have sub-arrays with matching dimensions.")
	}
	return v, nil
}

type arrayParser struct {
	text     []byte
	pos      int
	elem     uint32
	settings *Settings
	word     []byte
}

func (p *arrayParser) malformed(detail string) error {
	return sqlstate.Newf(sqlstate.InvalidTextRepresentation, `malformed array literal: "%s"`, p.text).WithDetail("%s", detail)
}

func (p *arrayParser) space() {
	for p.pos < len(p.text) && isSpace(p.text[p.pos]) {
		p.pos++
	}
}

// skipBounds passes [1:2][0:3]= if it stands in front.
func (p *arrayParser) skipBounds() {
	p.space()
	i := p.pos
	if i >= len(p.text) || p.text[i] != '[' {
		return
	}
	for i < len(p.text) && p.text[i] != '=' && p.text[i] != '{' {
		i++
	}
	if i < len(p.text) && p.text[i] == '=' {
		p.pos = i + 1
	}
}

// list reads from { to }.
func (p *arrayParser) list(depth int) ([]any, error) {
	if depth > maxDims {
		return nil, sqlstate.Newf(sqlstate.ProgramLimitExceeded, "number of array dimensions exceeds the maximum allowed (%d)", maxDims)
	}
	p.pos++
	out := []any{}
	p.space()
	if p.pos < len(p.text) && p.text[p.pos] == '}' {
		p.pos++
		return out, nil
	}
	for {
		p.space()
		if p.pos >= len(p.text) {
			return nil, p.malformed("Unexpected end of input.")
		}
		v, err := p.item(depth)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		p.space()
		if p.pos >= len(p.text) {
			return nil, p.malformed("Unexpected end of input.")
		}
		switch p.text[p.pos] {
		case ',':
			p.pos++
		case '}':
			p.pos++
			return out, nil
		default:
			return nil, p.malformed(`Unexpected array element.`)
		}
	}
}

func (p *arrayParser) item(depth int) (any, error) {
	switch p.text[p.pos] {
	case '{':
		return p.list(depth + 1)
	case '}', ',':
		return nil, p.malformed(`Unexpected "` + string(p.text[p.pos]) + `" character.`)
	case '"':
		if err := p.quoted(); err != nil {
			return nil, err
		}
		return parseText(p.elem, p.word, p.settings)
	}
	escaped, err := p.bare()
	if err != nil {
		return nil, err
	}
	if w := p.word; !escaped && len(w) == 4 && needsQuotes(w) && w[0]|0x20 == 'n' {
		return nil, nil
	}
	return parseText(p.elem, p.word, p.settings)
}

func (p *arrayParser) quoted() error {
	p.word = p.word[:0]
	for p.pos++; p.pos < len(p.text); p.pos++ {
		switch x := p.text[p.pos]; x {
		case '"':
			p.pos++
			return nil
		case '\\':
			if p.pos++; p.pos >= len(p.text) {
				return p.malformed("Unexpected end of input.")
			}
			p.word = append(p.word, p.text[p.pos])
		default:
			p.word = append(p.word, x)
		}
	}
	return p.malformed("Unexpected end of input.")
}

// bare reads an unquoted element; escaped says that it held a backslash, which
// makes even NULL a string.
func (p *arrayParser) bare() (escaped bool, err error) {
	p.word = p.word[:0]
	for ; p.pos < len(p.text); p.pos++ {
		switch x := p.text[p.pos]; x {
		case ',', '}':
			p.word = trimSpace(p.word)
			return escaped, nil
		case '{', '"':
			return false, p.malformed(`Unexpected "` + string(x) + `" character.`)
		case '\\':
			escaped = true
			if p.pos++; p.pos >= len(p.text) {
				return false, p.malformed("Unexpected end of input.")
			}
			p.word = append(p.word, p.text[p.pos])
		default:
			p.word = append(p.word, x)
		}
	}
	return false, p.malformed("Unexpected end of input.")
}

// rectangular reports whether all lists of a level have the same shape.
func rectangular(v []any) bool {
	first, nested := shape(v)
	if !nested {
		return true
	}
	for _, x := range v {
		inner, ok := x.([]any)
		if !ok || len(inner) != first || !rectangular(inner) {
			return false
		}
	}
	return true
}

// shape returns the length of the first inner list; nested says that any element is one.
func shape(v []any) (length int, nested bool) {
	for _, x := range v {
		if inner, ok := x.([]any); ok {
			return len(inner), true
		}
	}
	return 0, false
}

// maxArrayElements is PostgreSQL's MaxArraySize, which bounds what a hostile
// header may make us allocate together with the bytes that must follow.
const maxArrayElements = 1<<27 - 1

// array reads array_send's form.
func (r *reader) array(elem uint32) (any, error) {
	bad := func(what string) error {
		return sqlstate.Newf(sqlstate.InvalidBinaryRepresentation, "invalid %s", what)
	}
	dims, err := r.int32()
	if err != nil {
		return nil, err
	}
	if dims < 0 || dims > maxDims {
		return nil, bad("number of dimensions")
	}
	flags, err := r.int32()
	if err != nil {
		return nil, err
	}
	if flags != 0 && flags != 1 {
		return nil, bad("array flags")
	}
	oid, err := r.int32()
	if err != nil {
		return nil, err
	}
	if uint32(oid) != elem && !(isTextOID(uint32(oid)) && isTextOID(elem)) {
		return nil, sqlstate.Newf(sqlstate.DatatypeMismatch, "binary data has array element type %d instead of expected %d", uint32(oid), elem)
	}
	sizes := make([]int, dims)
	total := 1
	for i := range sizes {
		n, err := r.int32()
		if err != nil {
			return nil, err
		}
		if _, err = r.int32(); err != nil { // the lower bound
			return nil, err
		}
		if n < 0 || n > 0 && total > maxArrayElements/int(n) {
			return nil, sqlstate.New(sqlstate.ProgramLimitExceeded, "array size exceeds the maximum allowed")
		}
		sizes[i], total = int(n), total*int(n)
	}
	if dims == 0 || total == 0 {
		return []any{}, nil
	}
	if total > len(r.data)/4 {
		return nil, sqlstate.New(sqlstate.ProtocolViolation, "insufficient data left in message")
	}
	return r.elements(elem, sizes)
}

func (r *reader) elements(elem uint32, sizes []int) ([]any, error) {
	out := make([]any, sizes[0])
	for i := range out {
		if len(sizes) > 1 {
			inner, err := r.elements(elem, sizes[1:])
			if err != nil {
				return nil, err
			}
			out[i] = inner
			continue
		}
		n, err := r.int32()
		if err != nil {
			return nil, err
		}
		if n == -1 {
			continue
		}
		b, err := r.take(int(n))
		if err != nil {
			return nil, err
		}
		item := reader{data: b}
		if out[i], err = item.value(elem); err != nil {
			return nil, err
		}
		if len(item.data) > 0 {
			return nil, sqlstate.New(sqlstate.InvalidBinaryRepresentation, "improper binary format in array element "+string(appendInt(nil, int64(i+1))))
		}
	}
	return out, nil
}
