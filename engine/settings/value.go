package settings

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// errInvalid is what a check says of a value that it doesn't take; the caller words it.
var errInvalid = errors.New("invalid value")

// invalidDetail is errInvalid with a detail.
type invalidDetail string

func (e invalidDetail) Error() string { return string(e) }

func invalid(detail string) error { return invalidDetail(detail) }

// Canonical returns the value as it is stored: numbers in base units, words of an
// enum as listed. current is the value so far. Errors are 22023, or 0A000 for a value
// that can't be honoured here.
func (s *Setting) Canonical(value, current string) (string, error) {
	var err error
	out := value
	switch s.Kind {
	case Bool:
		b, ok := parseBool(value)
		if !ok {
			return "", sqlstate.Newf(sqlstate.InvalidParameterValue, "parameter %q requires a Boolean value", s.Name)
		}
		out = onOff(b)
	case Integer, Real:
		out, err = s.number(value)
	case Enum:
		out, err = s.word(value)
	case String:
		if strings.IndexByte(value, 0) >= 0 {
			err = errInvalid
		}
	}
	if err == nil && s.check != nil {
		out, err = s.check(out, current)
	}
	if err == nil {
		return out, nil
	}
	var detail invalidDetail
	switch {
	case err == errInvalid:
		return "", s.invalid(value)
	case errors.As(err, &detail):
		return "", s.invalid(value).WithDetail("%s", string(detail))
	}
	return "", err
}

func (s *Setting) invalid(value string) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.InvalidParameterValue, "invalid value for parameter %q: %q", s.Name, value)
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// parseBool reads on, off, 1, 0 and any beginning of true, false, yes, no.
func parseBool(v string) (value, ok bool) {
	v = strings.ToLower(strings.TrimSpace(v))
	switch {
	case v == "":
		return false, false
	case strings.HasPrefix("true", v), strings.HasPrefix("yes", v), v == "on", v == "1":
		return true, true
	case strings.HasPrefix("false", v), strings.HasPrefix("no", v), v == "off", v == "of", v == "0":
		return false, true
	}
	return false, false
}

// word finds the value of an enum; where on and off are among them, other words for these do.
func (s *Setting) word(value string) (string, error) {
	for _, w := range s.Values {
		if strings.EqualFold(w, value) {
			return w, nil
		}
	}
	if b, ok := parseBool(value); ok && slices.Contains(s.Values, onOff(b)) {
		return onOff(b), nil
	}
	return "", s.invalid(value).WithHint("Available values: %s.", strings.Join(s.Values, ", "))
}

// scale is a unit with its size in the smallest one of its family.
type scale struct {
	name string
	size float64
}

var (
	times    = []scale{{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"min", 60e6}, {"h", 3600e6}, {"d", 86400e6}}
	memories = []scale{{"B", 1}, {"kB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}, {"TB", 1 << 40}}
)

// family returns the units that a setting takes, and the size of its own; nil for none.
func (s *Setting) family() ([]scale, float64) {
	if s.Unit == "8kB" {
		return memories, 8 << 10
	}
	for _, f := range [][]scale{times, memories} {
		for _, u := range f {
			if u.name == s.Unit {
				return f, u.size
			}
		}
	}
	return nil, 0
}

// number reads a number with an optional unit and returns it in base units.
func (s *Setting) number(value string) (string, error) {
	text := strings.TrimSpace(value)
	end := numberEnd(text)
	n, err := parseNumber(text[:end])
	unit := strings.TrimSpace(text[end:])
	if err != nil {
		return "", errInvalid
	}
	units, base := s.family()
	if unit != "" {
		i := slices.IndexFunc(units, func(u scale) bool { return u.name == unit })
		if i < 0 {
			return "", s.badUnit(value, units)
		}
		n = n * units[i].size / base
	}
	if s.Kind == Integer {
		n = math.RoundToEven(n)
		if n > math.MaxInt32 || n < math.MinInt32 {
			return "", s.invalid(value).WithHint("Value exceeds integer range.")
		}
	}
	if n < s.Min || n > s.Max {
		unit := ""
		if s.Unit != "" {
			unit = " " + s.Unit
		}
		return "", sqlstate.Newf(sqlstate.InvalidParameterValue, "%s%s is outside the valid range for parameter %q (%s .. %s)",
			plain(n), unit, s.Name, plain(s.Min), plain(s.Max))
	}
	return plain(n), nil
}

func (s *Setting) badUnit(value string, units []scale) error {
	if units == nil {
		return errInvalid
	}
	names := make([]string, len(units))
	for i, u := range units {
		names[i] = strconv.Quote(u.name)
	}
	last := len(names) - 1
	return s.invalid(value).WithHint("Valid units for this parameter are %s, and %s.", strings.Join(names[:last], ", "), names[last])
}

// numberEnd returns where the number at the start of s ends.
func numberEnd(s string) int {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	if strings.HasPrefix(s[i:], "0x") || strings.HasPrefix(s[i:], "0X") {
		for i += 2; i < len(s) && strings.IndexByte("0123456789abcdefABCDEF", s[i]) >= 0; i++ {
		}
		return i
	}
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.') {
		i++
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		digits := j
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		if j > digits {
			i = j
		}
	}
	return i
}

func parseNumber(s string) (float64, error) {
	unsigned := strings.TrimLeft(s, "+-")
	if strings.HasPrefix(unsigned, "0x") || strings.HasPrefix(unsigned, "0X") {
		n, err := strconv.ParseInt(s, 0, 64)
		return float64(n), err
	}
	return strconv.ParseFloat(s, 64)
}

// plain writes a number with all digits that matter, whole ones without an exponent.
func plain(n float64) string {
	if math.Abs(n) < 1e15 && n == math.Trunc(n) {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return strconv.FormatFloat(n, 'g', -1, 64)
}

// Show returns a stored value as SHOW does: numbers in the largest unit that keeps them whole.
func (s *Setting) Show(value string) string {
	units, base := s.family()
	if units == nil || s.Kind != Integer && s.Kind != Real {
		return value
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || n <= 0 {
		return value
	}
	n *= base
	for i := len(units) - 1; i >= 0; i-- {
		if u := units[i]; math.Mod(n, u.size) == 0 {
			return strconv.FormatFloat(n/u.size, 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatFloat(n, 'g', -1, 64) + units[0].name
}
