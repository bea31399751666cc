package encode

import (
	"math"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// ParseInterval reads the styles postgres, postgres_verbose, sql_standard and
// iso_8601. Text that is none of them is 22007; too large a field is 22015.
func ParseInterval(b []byte) (types.IntervalValue, error) {
	t := trimSpace(b)
	s := &spanSum{}
	ok := false
	if len(t) > 1 && t[0]|0x20 == 'p' && (!isAlpha(t[1]) || t[1]|0x20 == 't') {
		ok = s.iso(t[1:])
	} else {
		ok = s.fields(t)
	}
	if !ok {
		return types.IntervalValue{}, badStamp("interval", b)
	}
	switch {
	case s.overflow || s.days != int64(int32(s.days)):
		return types.IntervalValue{}, sqlstate.Newf(intervalFieldOverflow, `interval field value out of range: "%s"`, b)
	case s.months != int64(int32(s.months)):
		return types.IntervalValue{}, sqlstate.New(sqlstate.DatetimeFieldOverflow, "interval out of range")
	}
	return types.IntervalValue{Months: int32(s.months), Days: int32(s.days), Micros: s.micros}, nil
}

const intervalFieldOverflow sqlstate.Code = "22015"

// spanSum adds up fields; floats would lose microseconds, so whole parts and
// fractions go separate ways.
type spanSum struct {
	months, days, micros int64
	overflow             bool
}

func (s *spanSum) negate() { s.months, s.days, s.micros = -s.months, -s.days, -s.micros }

func (s *spanSum) add(to *int64, n, factor int64) {
	product := n * factor
	if n != 0 && (product/n != factor || n == -1 && factor == math.MinInt64) {
		s.overflow = true
	}
	sum := *to + product
	if (sum > *to) != (product > 0) && product != 0 {
		s.overflow = true
	}
	*to = sum
}

// unit is a field of an interval.
type unit struct {
	months, days, micros int64 // exactly one is not zero
}

// unitSet refuses a unit that comes twice.
type unitSet [16]unit

func (s *unitSet) add(units ...unit) bool {
	for _, u := range units {
		i := 0
		for ; s[i] != (unit{}); i++ {
			if s[i] == u || i == len(s)-1 {
				return false
			}
		}
		s[i] = u
	}
	return true
}

func unitByName(word string) (unit, bool) {
	switch strings.ToLower(word) {
	case "microsecond", "microseconds", "us", "usec", "usecs", "usecond", "useconds", "microsecon":
		return unit{micros: 1}, true
	case "millisecond", "milliseconds", "ms", "msec", "msecs", "msecond", "mseconds", "millisecon":
		return unit{micros: 1000}, true
	case "second", "seconds", "sec", "secs", "s":
		return unit{micros: microsPerSecond}, true
	case "minute", "minutes", "min", "mins", "m":
		return unit{micros: 60 * microsPerSecond}, true
	case "hour", "hours", "hr", "hrs", "h":
		return unit{micros: 3600 * microsPerSecond}, true
	case "day", "days", "d":
		return unit{days: 1}, true
	case "week", "weeks", "w":
		return unit{days: 7}, true
	case "month", "months", "mon", "mons":
		return unit{months: 1}, true
	case "quarter", "quarters", "qtr":
		return unit{months: 3}, true
	case "year", "years", "yr", "yrs", "y":
		return unit{months: 12}, true
	case "decade", "decades", "dec", "decs":
		return unit{months: 120}, true
	case "century", "centuries", "cent", "c":
		return unit{months: 1200}, true
	case "millennium", "millennia", "mil", "mils":
		return unit{months: 12000}, true
	}
	return unit{}, false
}

// addUnit adds a whole number and a fraction of a unit. A fraction of a year is
// rounded to months; one of a month spills into days of thirty a month, and one
// of a day into time.
func (s *spanSum) addUnit(whole int64, fraction float64, u unit) {
	s.add(&s.months, whole, u.months)
	s.add(&s.days, whole, u.days)
	s.add(&s.micros, whole, u.micros)
	switch {
	case fraction == 0:
	case u.months > 1:
		s.months += int64(math.RoundToEven(fraction * float64(u.months)))
	case u.months == 1:
		s.addDays(fraction * 30)
	case u.days > 0:
		s.addDays(fraction * float64(u.days))
	default:
		s.add(&s.micros, int64(math.RoundToEven(fraction*float64(u.micros))), 1)
	}
}

func (s *spanSum) addDays(days float64) {
	whole := math.Trunc(days)
	s.days += int64(whole)
	s.micros += int64(math.RoundToEven((days - whole) * microsPerDay))
}

// parseNumber reads [±]digits[.digits] at the beginning of b.
func parseNumber(b []byte) (whole int64, fraction float64, rest []byte, ok bool) {
	i := 0
	negative := false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		negative = b[i] == '-'
		i++
	}
	from := i
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	digits := b[from:i]
	if len(digits) > 0 {
		v, err := strconv.ParseInt(string(digits), 10, 64)
		if err != nil {
			return 0, 0, b, false
		}
		whole = v
	}
	if i < len(b) && b[i] == '.' {
		from = i
		for i++; i < len(b) && isDigit(b[i]); i++ {
		}
		if len(digits) == 0 && i == from+1 {
			return 0, 0, b, false
		}
		fraction, _ = strconv.ParseFloat("0"+string(b[from:i]), 64)
	} else if len(digits) == 0 {
		return 0, 0, b, false
	}
	if negative {
		whole, fraction = -whole, -fraction
	}
	return whole, fraction, b[i:], true
}

// iso reads what follows the P: units with designators, or yyyy-mm-ddThh:mm:ss.
func (s *spanSum) iso(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	inTime := false
	for len(b) > 0 {
		if b[0] == 'T' || b[0] == 't' {
			if inTime {
				return false
			}
			inTime, b = true, b[1:]
			continue
		}
		whole, fraction, rest, ok := parseNumber(b)
		if !ok {
			return false
		}
		if len(rest) == 0 || rest[0] == '-' || rest[0] == ':' || !inTime && rest[0] == 'T' {
			return s.isoAlternative(b, inTime)
		}
		u, ok := isoUnit(rest[0]|0x20, inTime)
		if !ok {
			return false
		}
		s.addUnit(whole, fraction, u)
		b = rest[1:]
	}
	return true
}

func isoUnit(letter byte, inTime bool) (unit, bool) {
	switch {
	case inTime && letter == 'h':
		return unit{micros: 3600 * microsPerSecond}, true
	case inTime && letter == 'm':
		return unit{micros: 60 * microsPerSecond}, true
	case inTime && letter == 's':
		return unit{micros: microsPerSecond}, true
	case inTime:
		return unit{}, false
	case letter == 'y':
		return unit{months: 12}, true
	case letter == 'm':
		return unit{months: 1}, true
	case letter == 'w':
		return unit{days: 7}, true
	case letter == 'd':
		return unit{days: 1}, true
	}
	return unit{}, false
}

// isoAlternative reads yyyy-mm-dd and hh:mm:ss.
func (s *spanSum) isoAlternative(b []byte, inTime bool) bool {
	dateUnits := []unit{{months: 12}, {months: 1}, {days: 1}}
	timeUnits := []unit{{micros: 3600 * microsPerSecond}, {micros: 60 * microsPerSecond}, {micros: microsPerSecond}}
	for !inTime {
		for i, u := range dateUnits {
			whole, fraction, rest, ok := parseNumber(b)
			if !ok {
				return false
			}
			s.addUnit(whole, fraction, u)
			if b = rest; len(b) == 0 {
				return true
			}
			if b[0] == 'T' || b[0] == 't' {
				break
			}
			if b[0] != '-' || i == 2 {
				return false
			}
			b = b[1:]
		}
		b, inTime = b[1:], true
	}
	for i, u := range timeUnits {
		whole, fraction, rest, ok := parseNumber(b)
		if !ok {
			return false
		}
		s.addUnit(whole, fraction, u)
		if b = rest; len(b) == 0 {
			return true
		}
		if b[0] != ':' || i == 2 {
			return false
		}
		b = b[1:]
	}
	return false
}

// fields reads numbers with units, clock times and year-month pairs, and the
// words @ and ago. PostgreSQL decodes them from the end: a number takes the unit
// behind it; without one it is days before a time and seconds at the end.
func (s *spanSum) fields(b []byte) bool {
	words := splitInterval(b)
	if len(words) == 0 {
		return false
	}
	seconds := unit{micros: microsPerSecond}
	var seen unitSet
	u, haveUnit, ago, hasNumber := seconds, false, false, false
	for i := len(words) - 1; i >= 0; i-- {
		w := words[i]
		if isAlpha(w[0]) {
			if strings.EqualFold(string(w), "ago") {
				if ago || i != len(words)-1 {
					return false
				}
				ago = true
				continue
			}
			named, ok := unitByName(string(w))
			if !ok || haveUnit || i == 0 {
				return false
			}
			u, haveUnit = named, true
			continue
		}
		hasNumber = true
		if strings.IndexByte(string(w), ':') >= 0 {
			if haveUnit || !seen.add(unit{micros: 3600 * microsPerSecond}, unit{micros: 60 * microsPerSecond}, seconds) || !s.clockField(w) {
				return false
			}
			u, haveUnit = unit{days: 1}, false
			continue
		}
		whole, fraction, rest, ok := parseNumber(w)
		if !ok {
			return false
		}
		if len(rest) > 0 {
			if fraction != 0 || !seen.add(unit{months: 12}, unit{months: 1}) || !s.yearMonth(w, whole, rest) {
				return false
			}
		} else {
			if !seen.add(u) {
				return false
			}
			s.addUnit(whole, fraction, u)
		}
		u, haveUnit = seconds, false
	}
	if haveUnit || !hasNumber {
		return false
	}
	if ago {
		s.negate()
	}
	return true
}

// yearMonth reads y-m, whose sign holds for both.
func (s *spanSum) yearMonth(w []byte, years int64, rest []byte) bool {
	if rest[0] != '-' {
		return false
	}
	months, fraction, tail, ok := parseNumber(rest[1:])
	if !ok || fraction != 0 || len(tail) > 0 || months < 0 || months > 11 {
		return false
	}
	if w[0] == '-' {
		months = -months
	}
	s.add(&s.months, years, 12)
	s.months += months
	return true
}

// clockField reads [±]h:m[:s[.f]]; hours may be any number.
func (s *spanSum) clockField(w []byte) bool {
	negative := w[0] == '-'
	if negative || w[0] == '+' {
		w = w[1:]
	}
	parts := strings.Split(string(w), ":")
	if len(parts) > 3 {
		return false
	}
	var field [3]int64
	fraction := int64(0)
	for i, part := range parts {
		if i == len(parts)-1 {
			if point := strings.IndexByte(part, '.'); point >= 0 {
				var ok bool
				if fraction, ok = parseFraction([]byte(part[point+1:])); !ok {
					return false
				}
				part = part[:point]
				if len(parts) == 2 { // mm:ss.ff
					field[1], field[2] = field[0], 0
					v, err := strconv.ParseInt(part, 10, 64)
					if err != nil || v > 60 {
						return false
					}
					field[0], field[2] = 0, v
					break
				}
			}
		}
		v, err := strconv.ParseInt(part, 10, 64)
		if err != nil || i > 0 && v > 60 {
			return false
		}
		field[i] = v
	}
	var micros int64
	sum := spanSum{}
	sum.add(&micros, field[0], 3600*microsPerSecond)
	sum.add(&micros, field[1], 60*microsPerSecond)
	sum.add(&micros, field[2], microsPerSecond)
	sum.add(&micros, fraction, 1)
	if negative {
		micros = -micros
	}
	s.add(&s.micros, micros, 1)
	s.overflow = s.overflow || sum.overflow
	return true
}

// splitInterval cuts text into numbers (with their sign) and words; 1day is two.
func splitInterval(b []byte) [][]byte {
	var out [][]byte
	for i := 0; i < len(b); {
		x := b[i]
		switch {
		case isSpace(x) || x == '@' || x == ',':
			i++
			continue
		case isAlpha(x):
			from := i
			for i < len(b) && isAlpha(b[i]) {
				i++
			}
			out = append(out, b[from:i])
			continue
		case isDigit(x) || x == '-' || x == '+' || x == '.':
		default:
			return nil
		}
		from := i
		for i++; i < len(b) && (isDigit(b[i]) || b[i] == ':' || b[i] == '.' || b[i] == '-'); i++ {
		}
		if (x == '-' || x == '+') && i == from+1 { // the sign stands apart
			for i < len(b) && isSpace(b[i]) {
				i++
			}
			start := i
			for i < len(b) && (isDigit(b[i]) || b[i] == ':' || b[i] == '.' || b[i] == '-') {
				i++
			}
			if start == i {
				return nil
			}
			out = append(out, append([]byte{x}, b[start:i]...))
			continue
		}
		out = append(out, b[from:i])
	}
	return out
}
