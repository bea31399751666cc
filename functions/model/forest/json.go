package forest

import (
	"math"
	"strconv"
	"unicode/utf8"
	"unsafe"
)

// jsonSource reads JSON, with the NaN and Infinity that XGBoost writes for floats. It is
// our own because encoding/json takes a second for a model of 2,000 trees.
type jsonSource struct {
	in    []byte
	at    int
	depth int
	error error
}

func (s *jsonSource) err() error { return s.error }

func (s *jsonSource) stop(err error) {
	if s.error == nil {
		s.error, s.at = err, len(s.in)
	}
}

func (s *jsonSource) fail(format string, args ...any) {
	if s.error == nil {
		s.error = malformed("XGBoost model: "+format, args...).WithDetail("At byte %d of the JSON.", s.at)
		s.at = len(s.in)
	}
}

// peek skips blanks and returns the next byte, 0 at the end.
func (s *jsonSource) peek() byte {
	for s.at < len(s.in) {
		switch c := s.in[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

func (s *jsonSource) expect(c byte) bool {
	if s.peek() != c {
		if s.at >= len(s.in) {
			s.fail("the text ends too early")
		} else {
			s.fail("%q was expected, not %q", c, s.in[s.at])
		}
		return false
	}
	s.at++
	return true
}

// sequence reads what stands between two brackets, with commas between.
func (s *jsonSource) sequence(open, end byte, each func()) {
	if !s.expect(open) {
		return
	}
	if s.depth++; s.depth > maxNesting {
		s.fail("values nest more than %d deep", maxNesting)
	}
	defer func() { s.depth-- }()
	if s.peek() == end {
		s.at++
		return
	}
	for s.error == nil {
		each()
		if s.error != nil {
			return
		}
		if s.peek() == end {
			s.at++
			return
		}
		s.expect(',')
	}
}

func (s *jsonSource) object(each func(key string)) {
	s.sequence('{', '}', func() {
		key := s.quoted()
		if s.expect(':') {
			each(key)
		}
	})
}

func (s *jsonSource) array(each func()) { s.sequence('[', ']', each) }

// quoted reads a string.
func (s *jsonSource) quoted() string {
	if !s.expect('"') {
		return ""
	}
	from := s.at
	for i := from; i < len(s.in); i++ {
		switch c := s.in[i]; {
		case c == '"':
			s.at = i + 1
			return string(s.in[from:i])
		case c == '\\':
			return s.escaped(from)
		case c < 0x20 && c != '\t' && c != '\n' && c != '\r': // XGBoost writes names as they are
			s.at = i
			s.fail("a string holds a control character")
			return ""
		}
	}
	s.fail("a string doesn't end")
	return ""
}

// escaped reads a string that has escapes.
func (s *jsonSource) escaped(from int) string {
	var out []byte
	for i := from; i < len(s.in); i++ {
		c := s.in[i]
		if c == '"' {
			s.at = i + 1
			return string(out)
		}
		if c != '\\' {
			out = append(out, c)
			continue
		}
		i++
		if i >= len(s.in) {
			break
		}
		switch c = s.in[i]; c {
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case '"', '\\', '/':
			out = append(out, c)
		case 'u':
			if i+4 >= len(s.in) {
				s.fail("a string doesn't end")
				return ""
			}
			code, err := strconv.ParseUint(string(s.in[i+1:i+5]), 16, 32)
			if err != nil {
				s.fail("a string holds a wrong escape")
				return ""
			}
			out = utf8.AppendRune(out, rune(code))
			i += 4
		default:
			s.at = i
			s.fail("a string holds a wrong escape")
			return ""
		}
	}
	s.fail("a string doesn't end")
	return ""
}

// token returns the bytes of a number or a word.
func (s *jsonSource) token() []byte {
	s.peek()
	from := s.at
	for s.at < len(s.in) {
		c := s.in[s.at]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.' {
			s.at++
			continue
		}
		break
	}
	if s.at == from {
		s.fail("a value was expected")
	}
	return s.in[from:s.at]
}

func (s *jsonSource) number(single bool) float64 {
	if s.error != nil {
		return 0
	}
	word := s.token()
	if n := len(word); n > 0 && n < 16 { // whole numbers, which most arrays hold
		v, i, sign := int64(0), 0, int64(1)
		if word[0] == '-' && n > 1 {
			i, sign = 1, -1
		}
		for ; i < n && word[i] >= '0' && word[i] <= '9'; i++ {
			v = v*10 + int64(word[i]-'0')
		}
		if i == n && word[0] != '-' || i == n && v != 0 {
			if single {
				return float64(float32(sign * v))
			}
			return float64(sign * v)
		}
	}
	return s.float(word, single)
}

func (s *jsonSource) float(word []byte, single bool) float64 {
	switch string(word) {
	case "":
		return 0
	case "true":
		return 1
	case "false":
		return 0
	case "NaN":
		return math.NaN()
	case "Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	if c := word[0]; c != '-' && (c < '0' || c > '9') || len(word) > 64 {
		s.fail("%.20q is not a number", word)
		return 0
	}
	bits := 64
	if single {
		bits = 32
	}
	v, err := strconv.ParseFloat(unsafe.String(&word[0], len(word)), bits)
	if err != nil && !math.IsInf(v, 0) {
		s.fail("%.20q is not a number", word)
		return 0
	}
	return v
}

func (s *jsonSource) numbers(to []float64, single bool) []float64 {
	s.array(func() { to = append(to, s.number(single)) })
	return to
}

func (s *jsonSource) text() string {
	if s.peek() == '"' {
		return s.quoted()
	}
	return string(s.token())
}

func (s *jsonSource) skip() {
	switch s.peek() {
	case '{':
		s.object(func(string) { s.skip() })
	case '[':
		s.array(s.skip)
	case '"':
		s.quoted()
	default:
		s.token()
	}
}
