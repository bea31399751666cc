package parse

import (
	"math/big"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// unit is an interval's unit: so many months, days or microseconds.
type unit struct{ months, days, micros int64 }

// The units of PostgreSQL's and DuckDB's intervals, singular and short.
var units = map[string]unit{
	"microsecond": {micros: 1}, "us": {micros: 1}, "usec": {micros: 1}, "millisecond": {micros: 1e3}, "ms": {micros: 1e3}, "msec": {micros: 1e3},
	"second": {micros: 1e6}, "s": {micros: 1e6}, "sec": {micros: 1e6}, "minute": {micros: 60e6}, "m": {micros: 60e6}, "min": {micros: 60e6},
	"hour": {micros: 3600e6}, "h": {micros: 3600e6}, "hr": {micros: 3600e6}, "day": {days: 1}, "d": {days: 1}, "week": {days: 7}, "w": {days: 7},
	"month": {months: 1}, "mon": {months: 1}, "quarter": {months: 3}, "year": {months: 12}, "y": {months: 12}, "yr": {months: 12},
	"decade": {months: 120}, "century": {months: 1200}, "centuries": {months: 1200}, "millennium": {months: 12000}, "millennia": {months: 12000},
}

const (
	daysPerMonth = 30 // of a fraction of a month, as PostgreSQL spills it
	daysPerYear  = 365.25
	microsPerDay = 86400e6
)

func findUnit(word string) (unit, bool) {
	word = lex.Fold(word)
	u, ok := units[word]
	if !ok && len(word) > 1 {
		u, ok = units[strings.TrimSuffix(word, "s")]
	}
	return u, ok
}

// Interval reads a length of time: [INTERVAL] '7 days', '1 day 02:30', 'P1DT2H',
// or 7 DAYS, 1 HOUR 30 MINUTES. Fractions spill from months to days (of 30) to
// microseconds.
func (p *Parser) Interval() (types.IntervalValue, Span, error) {
	start := p.pos
	p.AcceptWord("interval")
	var sum total
	t := p.Peek()
	switch {
	case t.IsString():
		v, err := p.str()
		if err != nil {
			return types.IntervalValue{}, Span{}, err
		}
		text := v.(string)
		if u := p.Peek(); u.Kind == lex.Ident { // INTERVAL '7' DAY
			if _, ok := findUnit(p.Text(u)); ok {
				p.pos++
				text += " " + p.Text(u)
			}
		}
		iv, err := ParseInterval(text)
		if err != nil {
			return iv, Span{}, sqlstate.From(err).At(t.Start)
		}
		return iv, p.span(start), nil
	case t.Kind != lex.Number:
		return types.IntervalValue{}, Span{}, p.Unexpected("an interval")
	}
	for p.Peek().Kind == lex.Number {
		n, u := p.Peek(), p.PeekN(1)
		unit, ok := unit{}, false
		if u.Kind == lex.Ident {
			unit, ok = findUnit(p.Text(u))
		}
		if !ok {
			p.pos++
			return types.IntervalValue{}, Span{}, p.Unexpected("a unit such as MINUTES, HOURS or DAYS")
		}
		r, ok := new(big.Rat).SetString(strings.ReplaceAll(p.Text(n), "_", ""))
		if !ok {
			return types.IntervalValue{}, Span{}, p.Unexpected("an interval")
		}
		sum.add(r, unit)
		p.pos += 2
	}
	iv, ok := sum.value()
	if !ok {
		return iv, Span{}, outOfField(p.span(start).Text).At(t.Start)
	}
	return iv, p.span(start), nil
}

func outOfField(text string) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.DatetimeFieldOverflow, "interval field value out of range: %q", text)
}

// total adds up an interval without rounding until the end.
type total struct{ months, days, micros big.Rat }

func (s *total) add(n *big.Rat, u unit) {
	for _, part := range [...]struct {
		sum *big.Rat
		per int64
	}{{&s.months, u.months}, {&s.days, u.days}, {&s.micros, u.micros}} {
		if part.per != 0 {
			part.sum.Add(part.sum, new(big.Rat).Mul(n, big.NewRat(part.per, 1)))
		}
	}
}

// value spills fractions downwards and checks the ranges.
func (s *total) value() (types.IntervalValue, bool) {
	months, rest := whole(&s.months)
	days := s.days.Add(&s.days, rest.Mul(rest, big.NewRat(daysPerMonth, 1)))
	d, rest := whole(days)
	micros := s.micros.Add(&s.micros, rest.Mul(rest, big.NewRat(microsPerDay, 1)))
	us := round(micros)
	if !months.IsInt64() || !d.IsInt64() || !us.IsInt64() {
		return types.IntervalValue{}, false
	}
	m, dd := months.Int64(), d.Int64()
	if m != int64(int32(m)) || dd != int64(int32(dd)) {
		return types.IntervalValue{}, false
	}
	return types.IntervalValue{Months: int32(m), Days: int32(dd), Micros: us.Int64()}, true
}

// whole splits a number, truncating towards zero.
func whole(r *big.Rat) (*big.Int, *big.Rat) {
	n := new(big.Int).Quo(r.Num(), r.Denom())
	return n, new(big.Rat).Sub(r, new(big.Rat).SetInt(n))
}

// round rounds half away from zero.
func round(r *big.Rat) *big.Int {
	half := big.NewRat(1, 2)
	if r.Sign() < 0 {
		half.Neg(half)
	}
	n, _ := whole(new(big.Rat).Add(r, half))
	return n
}

// ParseInterval reads an interval's text: numbers with units, a clock time, an
// ISO 8601 duration, in any mixture that PostgreSQL takes with "ago" at the end.
// Errors are 22007 and 22008, without a position.
func ParseInterval(text string) (types.IntervalValue, error) {
	var sum total
	trimmed := strings.TrimSpace(text)
	ok := false
	if iso, found := strings.CutPrefix(strings.TrimPrefix(trimmed, "-"), "P"); found {
		ok = sum.iso(iso, strings.HasPrefix(trimmed, "-"))
	} else {
		ok = sum.words(trimmed)
	}
	if !ok {
		return types.IntervalValue{}, sqlstate.Newf(sqlstate.InvalidDatetimeFormat, "invalid input syntax for type interval: %q", text).
			WithHint("Write it as in '7 days', '1 hour 30 minutes', '02:30:00' or 'P1DT2H'.")
	}
	iv, ok := sum.value()
	if !ok {
		return iv, outOfField(text)
	}
	return iv, nil
}

// words reads the verbose form.
func (s *total) words(text string) bool {
	ago := false
	fields := strings.Fields(strings.TrimPrefix(text, "@"))
	if n := len(fields); n > 0 && lex.EqualFold(fields[n-1], "ago") {
		ago, fields = true, fields[:n-1]
	}
	if len(fields) == 0 {
		return false
	}
	for i := 0; i < len(fields); i++ {
		if strings.Contains(fields[i], ":") {
			if !s.clock(fields[i]) {
				return false
			}
			continue
		}
		number, rest := splitNumber(fields[i])
		n, ok := ratio(number)
		if !ok {
			return false
		}
		if rest == "" {
			if i++; i == len(fields) {
				rest = "second" // a bare number, as PostgreSQL reads it
			} else {
				rest = fields[i]
			}
		}
		u, ok := findUnit(rest)
		if !ok {
			return false
		}
		s.add(n, u)
	}
	if ago {
		s.months.Neg(&s.months)
		s.days.Neg(&s.days)
		s.micros.Neg(&s.micros)
	}
	return true
}

// splitNumber cuts the sign, digits and point off the start.
func splitNumber(s string) (number, rest string) {
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.' || i == 0 && (s[i] == '-' || s[i] == '+')) {
		i++
	}
	return s[:i], s[i:]
}

// ratio reads a decimal number of a bounded length.
func ratio(s string) (*big.Rat, bool) {
	digits := strings.TrimLeft(s, "+-")
	if digits == "" || digits == "." || len(s) > 40 || strings.Count(digits, ".") > 1 {
		return nil, false
	}
	return new(big.Rat).SetString(strings.TrimPrefix(s, "+"))
}

// clock reads [-]h:mm[:ss[.ffffff]].
func (s *total) clock(text string) bool {
	negative := strings.HasPrefix(text, "-")
	parts := strings.Split(strings.TrimLeft(text, "+-"), ":")
	if len(parts) > 3 {
		return false
	}
	for i, part := range parts {
		n, ok := ratio(part)
		if !ok || n.Sign() < 0 || i > 0 && n.Cmp(big.NewRat(60, 1)) >= 0 || i < 2 && !n.IsInt() || part[0] == '+' {
			return false
		}
		if negative {
			n.Neg(n)
		}
		s.add(n, unit{micros: [...]int64{3600e6, 60e6, 1e6}[i]})
	}
	return true
}

// iso reads an ISO 8601 duration after its P.
func (s *total) iso(text string, negative bool) bool {
	date, clock, timed := strings.Cut(text, "T")
	if date == "" && clock == "" || timed && clock == "" {
		return false
	}
	for _, part := range [...]struct {
		text  string
		units map[byte]unit
	}{
		{date, map[byte]unit{'Y': {months: 12}, 'M': {months: 1}, 'W': {days: 7}, 'D': {days: 1}}},
		{clock, map[byte]unit{'H': {micros: 3600e6}, 'M': {micros: 60e6}, 'S': {micros: 1e6}}},
	} {
		for rest := part.text; rest != ""; {
			number, tail := splitNumber(rest)
			n, ok := ratio(number)
			if !ok || tail == "" {
				return false
			}
			u, ok := part.units[tail[0]]
			if !ok {
				return false
			}
			if negative {
				n.Neg(n)
			}
			s.add(n, u)
			rest = tail[1:]
		}
	}
	return true
}

// IntervalSeconds returns the interval's length as PostgreSQL's EXTRACT(EPOCH …)
// has it: years of 365.25 days, months of 30 days, days of 24 hours.
func IntervalSeconds(v types.IntervalValue) float64 {
	years, months := v.Months/12, v.Months%12
	days := float64(years)*daysPerYear + float64(months)*daysPerMonth + float64(v.Days)
	return days*(microsPerDay/1e6) + float64(v.Micros)/1e6
}
