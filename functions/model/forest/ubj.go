package forest

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
)

// ubjSource reads UBJSON (draft 12), the binary form that XGBoost saves by default.
// Numbers are big-endian. Counts are checked against the bytes that are left before
// anything is allocated.
type ubjSource struct {
	in    []byte
	at    int
	depth int
	error error
	// pending is the type of the next value where a container gave it for all of them, else 0.
	pending byte
}

func (s *ubjSource) err() error { return s.error }

func (s *ubjSource) stop(err error) {
	if s.error == nil {
		s.error, s.at = err, len(s.in)
	}
}

func (s *ubjSource) fail(format string, args ...any) {
	if s.error == nil {
		s.error = malformed("XGBoost model: "+format, args...).WithDetail("At byte %d of the UBJSON.", s.at)
		s.at = len(s.in)
	}
}

// take returns the next n bytes; zeros after an error.
func (s *ubjSource) take(n int) []byte {
	if s.error == nil && n <= len(s.in)-s.at {
		s.at += n
		return s.in[s.at-n : s.at]
	}
	s.fail("the bytes end too early")
	var none [8]byte
	if n <= len(none) {
		return none[:n]
	}
	return nil
}

// peek returns the next byte that is not a no-op, 0 at the end.
func (s *ubjSource) peek() byte {
	for s.at < len(s.in) && s.in[s.at] == 'N' {
		s.at++
	}
	if s.at >= len(s.in) {
		return 0
	}
	return s.in[s.at]
}

// marker returns the type of the next value.
func (s *ubjSource) marker() byte {
	if m := s.pending; m != 0 {
		s.pending = 0
		return m
	}
	s.peek()
	return s.take(1)[0]
}

// width is the number of bytes of a value of a fixed size, -1 for others.
func width(marker byte) int {
	switch marker {
	case 'Z', 'T', 'F':
		return 0
	case 'i', 'U', 'C', 'B':
		return 1
	case 'I':
		return 2
	case 'l', 'd':
		return 4
	case 'L', 'D':
		return 8
	}
	return -1
}

func (s *ubjSource) scalar(marker byte) float64 {
	switch marker {
	case 'Z':
		return math.NaN()
	case 'T':
		return 1
	case 'F':
		return 0
	case 'i':
		return float64(int8(s.take(1)[0]))
	case 'U', 'C', 'B':
		return float64(s.take(1)[0])
	case 'I':
		return float64(int16(binary.BigEndian.Uint16(s.take(2))))
	case 'l':
		return float64(int32(binary.BigEndian.Uint32(s.take(4))))
	case 'L':
		return float64(int64(binary.BigEndian.Uint64(s.take(8))))
	case 'd':
		return float64(math.Float32frombits(binary.BigEndian.Uint32(s.take(4))))
	case 'D':
		return math.Float64frombits(binary.BigEndian.Uint64(s.take(8)))
	}
	s.fail("a number was expected")
	return 0
}

// length reads a count that is not negative.
func (s *ubjSource) length() int {
	s.peek()
	m := s.take(1)[0]
	if m == 'd' || m == 'D' || width(m) < 1 {
		s.fail("a length was expected")
		return 0
	}
	n := s.scalar(m)
	if n < 0 || n > float64(len(s.in)) {
		s.fail("a length is out of bounds")
		return 0
	}
	return int(n)
}

// header reads the optional type and count after an opening bracket; count is -1 where none is given.
func (s *ubjSource) header() (kind byte, count int) {
	count = -1
	if s.peek() == '$' {
		s.at++
		kind = s.take(1)[0]
		if s.peek() != '#' {
			s.fail("a typed container has no count")
		}
	}
	if s.peek() == '#' {
		s.at++
		count = s.length()
	}
	// A value of no bytes could be counted for ever.
	if w := width(kind); kind != 0 && (w == 0 || w > 0 && count > (len(s.in)-s.at)/w) {
		s.fail("a typed container is longer than the bytes that are left")
	}
	return kind, count
}

// sequence reads a container's elements.
func (s *ubjSource) sequence(open, end byte, each func()) {
	if m := s.marker(); m != open {
		s.fail("%q was expected, not %q", open, m)
		return
	}
	if s.depth++; s.depth > maxNesting {
		s.fail("values nest more than %d deep", maxNesting)
	}
	defer func() { s.depth-- }()
	kind, count := s.header()
	for i := 0; s.error == nil && i != count; i++ {
		if count < 0 && s.peek() == end {
			s.at++
			return
		}
		s.pending = kind
		each()
	}
}

func (s *ubjSource) object(each func(key string)) {
	s.sequence('{', '}', func() {
		kind := s.pending
		s.pending = 0
		key := string(s.take(s.length()))
		s.pending = kind
		if s.error == nil {
			each(key)
		}
	})
}

func (s *ubjSource) array(each func()) { s.sequence('[', ']', each) }

func (s *ubjSource) number(single bool) float64 {
	v := s.scalar(s.marker())
	if single {
		return float64(float32(v))
	}
	return v
}

func (s *ubjSource) numbers(to []float64, single bool) []float64 {
	if s.pending == 0 && s.peek() == '[' {
		start := s.at
		s.at++
		kind, count := s.header()
		w := width(kind)
		if s.error == nil && count >= 0 && w > 0 {
			return s.typed(slices.Grow(to, count), kind, count, single)
		}
		if s.error != nil {
			return to
		}
		s.at = start
	}
	s.array(func() { to = append(to, s.number(single)) })
	return to
}

// typed reads count numbers of a type; header saw that they are there.
func (s *ubjSource) typed(to []float64, kind byte, count int, single bool) []float64 {
	switch kind {
	case 'd':
		for raw := s.take(4 * count); len(raw) >= 4; raw = raw[4:] {
			to = append(to, float64(math.Float32frombits(binary.BigEndian.Uint32(raw))))
		}
		return to
	case 'l':
		if single {
			break
		}
		for raw := s.take(4 * count); len(raw) >= 4; raw = raw[4:] {
			to = append(to, float64(int32(binary.BigEndian.Uint32(raw))))
		}
		return to
	}
	for range count {
		v := s.scalar(kind)
		if single {
			v = float64(float32(v))
		}
		to = append(to, v)
	}
	return to
}

func (s *ubjSource) text() string {
	m := s.marker()
	if m == 'S' || m == 'H' {
		return string(s.take(s.length()))
	}
	v := s.scalar(m)
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func (s *ubjSource) skip() {
	m := s.marker()
	switch m {
	case '{':
		s.pending = m
		s.object(func(string) { s.skip() })
	case '[':
		s.pending = m
		s.array(s.skip)
	case 'S', 'H':
		s.take(s.length())
	default:
		if w := width(m); w >= 0 {
			s.take(w)
		} else {
			s.fail("a value of the unknown type %q", m)
		}
	}
}
