package forest

import (
	"bytes"
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

// numbers reads what most of a model is: one number after the other, without a call for each where it is an ordinary one.
func (s *jsonSource) numbers(to []float64, single bool) []float64 {
	if !s.expect('[') {
		return to
	}
	if s.depth++; s.depth > maxNesting {
		s.fail("values nest more than %d deep", maxNesting)
	}
	defer func() { s.depth-- }()
	if s.peek() == ']' {
		s.at++
		return to
	}
	for s.error == nil {
		v, n := quickNumber(s.in[s.at:], single)
		if n > 0 {
			s.at += n
		} else {
			v = s.number(single)
		}
		to = append(to, v)
		if s.at < len(s.in) && s.in[s.at] == ',' {
			s.at++
			continue
		}
		if s.peek() == ']' {
			s.at++
			return to
		}
		s.expect(',')
	}
	return to
}

// powers are the powers of ten that a float64 has exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// quickNumber reads a number at the start of text and returns how long it is: 0 where it isn't one, or where more is needed than
// one rounding of exact values (Clinger 1990) to get the bits of strconv.ParseFloat.
func quickNumber(text []byte, single bool) (v float64, n int) {
	i, negative := 0, false
	if i < len(text) && text[i] == '-' {
		i, negative = 1, true
	}
	mantissa, digits, exponent := uint64(0), 0, 0
	for ; i < len(text) && text[i]-'0' <= 9; i++ {
		mantissa = mantissa*10 + uint64(text[i]-'0')
		digits++
	}
	if digits == 0 {
		return 0, 0
	}
	if i < len(text) && text[i] == '.' {
		from := i + 1
		for i = from; i < len(text) && text[i]-'0' <= 9; i++ {
			mantissa = mantissa*10 + uint64(text[i]-'0')
		}
		if i == from {
			return 0, 0
		}
		exponent, digits = from-i, digits+i-from
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		below := false
		if i < len(text) && (text[i] == '-' || text[i] == '+') {
			below = text[i] == '-'
			i++
		}
		e, from := 0, i
		for ; i < len(text) && i < from+4 && text[i]-'0' <= 9; i++ {
			e = e*10 + int(text[i]-'0')
		}
		if i == from {
			return 0, 0
		}
		if below {
			e = -e
		}
		exponent += e
	}
	if digits > 19 || mantissa >= 1<<53 || exponent < -22 || exponent > 22 || i < len(text) && text[i] != ',' && text[i] != ']' {
		return 0, 0
	}
	if v = float64(mantissa); exponent < 0 {
		v /= powers[-exponent]
	} else {
		v *= powers[exponent]
	}
	if single {
		// A float64 half-way between two float32 may have been rounded to there; small ones have fewer bits.
		if b := math.Float64bits(v); b&(1<<29-1) == 1<<28 || v != 0 && v < 1e-37 || v > 1e38 {
			return 0, 0
		}
		v = float64(float32(v))
	}
	if negative {
		v = -v
	}
	return v, i
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
		if end := bytes.IndexByte(s.in[s.at:], ']'); end > 0 && !bytes.ContainsAny(s.in[s.at+1:s.at+end], "[{\"") {
			s.at += end + 1 // numbers and words that nobody asks for
			return
		}
		s.array(s.skip)
	case '"':
		s.quoted()
	default:
		s.token()
	}
}
