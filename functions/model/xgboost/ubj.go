package xgboost

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
)

// ubjReader reads the part of UBJSON that XGBoost writes: https://ubjson.org
type ubjReader struct {
	in    []byte
	depth int
}

func readUBJ(in []byte) (object, error) {
	r := &ubjReader{in: in}
	v, err := r.value()
	if err != nil {
		return nil, err
	}
	doc, ok := v.(object)
	if !ok || len(r.in) > 0 {
		return nil, malformed("it isn't one object")
	}
	return doc, nil
}

func (r *ubjReader) take(n int) ([]byte, error) {
	if n < 0 || n > len(r.in) {
		return nil, malformed("it ends too early")
	}
	out := r.in[:n]
	r.in = r.in[n:]
	return out, nil
}

func (r *ubjReader) marker() (byte, error) {
	b, err := r.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// width is the number of bytes of a number's type, 0 for what isn't a number.
func width(kind byte) int {
	switch kind {
	case 'i', 'U':
		return 1
	case 'I':
		return 2
	case 'l', 'd':
		return 4
	case 'L', 'D':
		return 8
	}
	return 0
}

// whole reads a whole number of a type.
func (r *ubjReader) whole(kind byte) (int64, error) {
	b, err := r.take(width(kind))
	if err != nil {
		return 0, err
	}
	switch kind {
	case 'i':
		return int64(int8(b[0])), nil
	case 'U':
		return int64(b[0]), nil
	case 'I':
		return int64(int16(binary.BigEndian.Uint16(b))), nil
	case 'l':
		return int64(int32(binary.BigEndian.Uint32(b))), nil
	case 'L':
		return int64(binary.BigEndian.Uint64(b)), nil
	}
	return 0, malformed("%q is no type of whole numbers", kind)
}

func (r *ubjReader) float(kind byte) (float32, error) {
	b, err := r.take(width(kind))
	if err != nil {
		return 0, err
	}
	if kind == 'D' {
		return float32(math.Float64frombits(binary.BigEndian.Uint64(b))), nil
	}
	return math.Float32frombits(binary.BigEndian.Uint32(b)), nil
}

// count reads a length with its type and bounds it by what is left.
func (r *ubjReader) count(size int) (int, error) {
	kind, err := r.marker()
	if err != nil {
		return 0, err
	}
	n, err := r.whole(kind)
	if err != nil {
		return 0, err
	}
	if n < 0 || n > int64(len(r.in)/max(size, 1)) {
		return 0, malformed("a list of %d is longer than the file", n)
	}
	return int(n), nil
}

func (r *ubjReader) text() (string, error) {
	n, err := r.count(1)
	if err != nil {
		return "", err
	}
	b, err := r.take(n)
	return string(b), err
}

func (r *ubjReader) value() (any, error) {
	kind, err := r.marker()
	if err != nil {
		return nil, err
	}
	switch kind {
	case 'Z':
		return nil, nil
	case 'T', 'F':
		return kind == 'T', nil
	case 'S':
		return r.text()
	case 'd', 'D':
		return r.float(kind)
	case 'i', 'U', 'I', 'l', 'L':
		return r.whole(kind)
	case '[', '{':
		if r.depth++; r.depth > maxNesting {
			return nil, malformed("it is nested too deeply")
		}
		defer func() { r.depth-- }()
		if kind == '[' {
			return r.list()
		}
		return r.object()
	}
	return nil, malformed("%q is no type of values", kind)
}

func (r *ubjReader) object() (any, error) {
	out := object{}
	for {
		if len(r.in) > 0 && r.in[0] == '}' {
			r.in = r.in[1:]
			// The library keeps keys in order.
			slices.SortStableFunc(out, func(a, b member) int { return strings.Compare(a.key, b.key) })
			return out, nil
		}
		key, err := r.text()
		if err != nil {
			return nil, err
		}
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		out = append(out, member{key, v})
	}
}

func (r *ubjReader) list() (any, error) {
	if len(r.in) > 0 && r.in[0] == '$' {
		return r.array()
	}
	out := list{}
	counted := len(r.in) > 0 && r.in[0] == '#'
	n := 0
	if counted {
		r.in = r.in[1:]
		var err error
		if n, err = r.count(1); err != nil {
			return nil, err
		}
	}
	for !counted || len(out) < n {
		if !counted && len(r.in) > 0 && r.in[0] == ']' {
			r.in = r.in[1:]
			return out, nil
		}
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (r *ubjReader) array() (any, error) {
	head, err := r.take(3) // $ type #
	if err != nil {
		return nil, err
	}
	kind := head[1]
	size := width(kind)
	if size == 0 || head[2] != '#' {
		return nil, malformed("%q is no type of numbers", kind)
	}
	n, err := r.count(size)
	if err != nil {
		return nil, err
	}
	out := array{kind: kind}
	if kind == 'd' || kind == 'D' {
		out.kind, out.floats = 'd', make([]float32, n)
		for i := range out.floats {
			if out.floats[i], err = r.float(kind); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	out.ints = make([]int64, n)
	for i := range out.ints {
		if out.ints[i], err = r.whole(kind); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// appendUBJ writes a value as the library would, byte for byte.
func appendUBJ(to []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(to, 'Z')
	case bool:
		if v {
			return append(to, 'T')
		}
		return append(to, 'F')
	case string:
		return appendUBJText(append(to, 'S'), v)
	case float32:
		return binary.BigEndian.AppendUint32(append(to, 'd'), math.Float32bits(v))
	case int64:
		kind := smallest(v)
		return appendUBJWhole(append(to, kind), kind, v)
	case list:
		to = appendUBJCount(append(to, '[', '#'), len(v))
		for _, e := range v {
			to = appendUBJ(to, e)
		}
		return to
	case array:
		to = append(to, '[', '$', v.kind, '#')
		if v.kind == 'd' {
			to = appendUBJCount(to, len(v.floats))
			for _, f := range v.floats {
				to = binary.BigEndian.AppendUint32(to, math.Float32bits(f))
			}
			return to
		}
		to = appendUBJCount(to, len(v.ints))
		for _, n := range v.ints {
			to = appendUBJWhole(to, v.kind, n)
		}
		return to
	case object:
		to = append(to, '{')
		for _, m := range v {
			to = appendUBJ(appendUBJText(to, m.key), m.value)
		}
		return append(to, '}')
	}
	return to
}

// smallest is the type that the library chooses for a whole number; it leaves the ends of
// each range to the next type.
func smallest(n int64) byte {
	switch {
	case n > math.MinInt8 && n < math.MaxInt8:
		return 'i'
	case n > math.MinInt16 && n < math.MaxInt16:
		return 'I'
	case n > math.MinInt32 && n < math.MaxInt32:
		return 'l'
	}
	return 'L'
}

func appendUBJWhole(to []byte, kind byte, n int64) []byte {
	switch width(kind) {
	case 1:
		return append(to, byte(n))
	case 2:
		return binary.BigEndian.AppendUint16(to, uint16(n))
	case 4:
		return binary.BigEndian.AppendUint32(to, uint32(n))
	}
	return binary.BigEndian.AppendUint64(to, uint64(n))
}

func appendUBJCount(to []byte, n int) []byte {
	return binary.BigEndian.AppendUint64(append(to, 'L'), uint64(n))
}

func appendUBJText(to []byte, s string) []byte { return append(appendUBJCount(to, len(s)), s...) }
