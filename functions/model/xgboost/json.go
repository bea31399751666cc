package xgboost

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// jsonReader reads JSON as XGBoost writes it: with NaN and Infinity, and with numbers that
// are floats where they have a point or an exponent.
type jsonReader struct {
	in    []byte
	depth int
}

func readJSON(in []byte) (object, error) {
	r := &jsonReader{in: in}
	v, err := r.value("")
	if err != nil {
		return nil, err
	}
	doc, ok := v.(object)
	if !ok || r.peek() != 0 {
		return nil, malformed("it isn't one object")
	}
	return doc, nil
}

// peek skips blanks and returns the next byte, 0 at the end.
func (r *jsonReader) peek() byte {
	r.in = bytes.TrimLeft(r.in, " \t\r\n")
	if len(r.in) == 0 {
		return 0
	}
	return r.in[0]
}

// value reads a value; key is what it belongs to.
func (r *jsonReader) value(key string) (any, error) {
	switch c := r.peek(); c {
	case 0:
		return nil, malformed("it ends too early")
	case '"':
		return r.text()
	case '{', '[':
		if r.depth++; r.depth > maxNesting {
			return nil, malformed("it is nested too deeply")
		}
		defer func() { r.depth-- }()
		if c == '{' {
			return r.object()
		}
		return r.list(key)
	}
	return r.word()
}

// separated reads what stands between brackets, with commas between the parts.
func (r *jsonReader) separated(end byte, each func() error) error {
	r.in = r.in[1:]
	if r.peek() == end {
		r.in = r.in[1:]
		return nil
	}
	for {
		if err := each(); err != nil {
			return err
		}
		switch r.peek() {
		case ',':
			r.in = r.in[1:]
		case end:
			r.in = r.in[1:]
			return nil
		default:
			return malformed("a comma or %q is missing", end)
		}
	}
}

func (r *jsonReader) object() (any, error) {
	out := object{}
	err := r.separated('}', func() error {
		if r.peek() != '"' {
			return malformed("a key is missing")
		}
		key, err := r.text()
		if err != nil {
			return err
		}
		if r.peek() != ':' {
			return malformed("a colon is missing behind %q", key)
		}
		r.in = r.in[1:]
		v, err := r.value(key)
		out = append(out, member{key, v})
		return err
	})
	slices.SortStableFunc(out, func(a, b member) int { return strings.Compare(a.key, b.key) })
	return out, err
}

func (r *jsonReader) list(key string) (any, error) {
	kind := typed(key)
	out, numbers := list{}, array{kind: kind}
	err := r.separated(']', func() error {
		v, err := r.value(key)
		if err != nil {
			return err
		}
		if kind == 0 {
			out = append(out, v)
			return nil
		}
		switch n := v.(type) {
		case int64:
			numbers.ints, numbers.floats = append(numbers.ints, n), append(numbers.floats, float32(n))
		case float32:
			if kind != 'd' {
				return malformed("%s has a number that isn't whole", key)
			}
			numbers.floats = append(numbers.floats, n)
		default:
			return malformed("%s has a value that isn't a number", key)
		}
		return nil
	})
	if kind == 0 {
		return out, err
	}
	if kind == 'd' {
		numbers.ints = nil
	} else {
		numbers.floats = nil
	}
	return numbers, err
}

// text reads a string in quotes.
func (r *jsonReader) text() (string, error) {
	for i := 1; i < len(r.in); i++ {
		switch r.in[i] {
		case '\\':
			i++
		case '"':
			var s string
			if err := json.Unmarshal(r.in[:i+1], &s); err != nil {
				return "", malformed("%.40s is no text", r.in)
			}
			r.in = r.in[i+1:]
			return s, nil
		}
	}
	return "", malformed("it ends too early")
}

// word reads a number, true, false or null.
func (r *jsonReader) word() (any, error) {
	n := bytes.IndexAny(r.in, ",]} \t\r\n")
	if n < 0 {
		n = len(r.in)
	}
	word := string(r.in[:n])
	r.in = r.in[n:]
	switch word {
	case "true", "false":
		return word == "true", nil
	case "null":
		return nil, nil
	case "NaN":
		return float32(math.NaN()), nil
	case "Infinity", "-Infinity":
		return float32(math.Inf(len("Infinity") - len(word))), nil
	}
	if i, err := strconv.ParseInt(word, 10, 64); err == nil {
		return i, nil
	}
	f, err := strconv.ParseFloat(word, 32)
	if err != nil || !strings.ContainsAny(word, ".eE") {
		return nil, malformed("%.40q is no value", word)
	}
	return float32(f), nil
}

// appendJSON writes a value as the library would, byte for byte.
func appendJSON(to []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(to, "null"...)
	case bool:
		return strconv.AppendBool(to, v)
	case string:
		return appendJSONText(to, v)
	case float32:
		return appendFloat(to, v)
	case int64:
		return strconv.AppendInt(to, v, 10)
	case list:
		return appendEach(to, '[', ']', len(v), func(to []byte, i int) []byte { return appendJSON(to, v[i]) })
	case array:
		if v.kind == 'd' {
			return appendEach(to, '[', ']', len(v.floats), func(to []byte, i int) []byte { return appendFloat(to, v.floats[i]) })
		}
		return appendEach(to, '[', ']', len(v.ints), func(to []byte, i int) []byte { return strconv.AppendInt(to, v.ints[i], 10) })
	case object:
		return appendEach(to, '{', '}', len(v), func(to []byte, i int) []byte {
			return appendJSON(append(appendJSONText(to, v[i].key), ':'), v[i].value)
		})
	}
	return to
}

func appendEach(to []byte, start, end byte, n int, each func([]byte, int) []byte) []byte {
	to = append(to, start)
	for i := range n {
		if i > 0 {
			to = append(to, ',')
		}
		to = each(to, i)
	}
	return append(to, end)
}

// appendFloat writes the fewest digits that read back as the same float, always with an
// exponent, by which the library knows a float.
func appendFloat(to []byte, f float32) []byte {
	switch v := float64(f); {
	case math.IsNaN(v):
		return append(to, "NaN"...)
	case math.IsInf(v, 1):
		return append(to, "Infinity"...)
	case math.IsInf(v, -1):
		return append(to, "-Infinity"...)
	}
	start := len(to)
	to = strconv.AppendFloat(to, float64(f), 'E', -1, 32)
	at := start + bytes.IndexByte(to[start:], 'E') + 1
	exponent := bytes.TrimLeft(to[at+1:], "0")
	if len(exponent) == 0 {
		return append(to[:at], '0')
	}
	if to[at] == '-' {
		at++
	}
	return append(to[:at], exponent...)
}

// appendJSONText escapes nothing that JSON doesn't ask for: the library reads no more.
func appendJSONText(to []byte, s string) []byte {
	const hex = "0123456789abcdef"
	to = append(to, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			to = append(to, '\\', c)
		case c == '\n':
			to = append(to, '\\', 'n')
		case c == '\r':
			to = append(to, '\\', 'r')
		case c == '\t':
			to = append(to, '\\', 't')
		case c < 0x20:
			to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			to = append(to, c)
		}
	}
	return append(to, '"')
}
