package encode

import (
	"bytes"
	"strings"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
)

type special uint8

const (
	specialNone special = iota
	specialInfinity
	specialMinusInfinity
	specialEpoch
)

type number struct{ value, digits int }

// stamp is a date and time taken apart, before the date's fields are ordered.
type stamp struct {
	text    []byte
	typ     string
	special special
	// numbers are the date's fields as written; month is one given by name.
	numbers []number
	backing [3]number
	month   int
	compact bool // yymmdd, whatever the order
	julian  int64

	clock     int64
	hasTime   bool
	half      byte // 'a' or 'p' of AM, PM
	bc        bool
	hasEra    bool
	offset    int
	hasOffset bool
	location  *time.Location
	hasJulian bool
}

func (t *stamp) hasDate() bool { return len(t.numbers) > 0 || t.month > 0 || t.hasJulian }

// parseStamp splits text into fields as PostgreSQL's ParseDateTime does and
// stores what each is. typ is named in errors.
func parseStamp(b []byte, typ string) (*stamp, error) {
	t := &stamp{text: b, typ: typ}
	t.numbers = t.backing[:0]
	p := stampParser{stamp: t, rest: trimSpace(b), timeOfDay: typ == "time" || typ == "time with time zone"}
	if len(p.rest) == 0 || len(p.rest) > maxStampLen {
		return nil, badStamp(typ, b)
	}
	for len(p.rest) > 0 {
		if err := p.field(); err != nil {
			return nil, err
		}
	}
	if err := t.finish(); err != nil {
		return nil, err
	}
	return t, nil
}

// maxStampLen is PostgreSQL's MAXDATELEN, with room.
const maxStampLen = 128

func (t *stamp) finish() error {
	if t.special != specialNone {
		if t.hasDate() || t.hasTime || t.hasOffset {
			return badStamp(t.typ, t.text)
		}
		return nil
	}
	if t.half != 0 {
		hour := t.clock / (3600 * microsPerSecond)
		if !t.hasTime {
			return badStamp(t.typ, t.text)
		}
		if hour > 12 {
			return fieldOverflow(t.text)
		}
		if t.half == 'a' && hour == 12 {
			t.clock -= 12 * 3600 * microsPerSecond
		} else if t.half == 'p' && hour < 12 {
			t.clock += 12 * 3600 * microsPerSecond
		}
	}
	if !t.hasDate() && !t.hasTime {
		return badStamp(t.typ, t.text)
	}
	return nil
}

type stampParser struct {
	*stamp
	rest []byte
	// afterT says that a T stood last, so digits are a time; timeOfDay that no
	// date is wanted, so they are one anyway.
	afterT, timeOfDay bool
}

func (p *stampParser) bad() error { return badStamp(p.typ, p.text) }

// cut takes the first n bytes off.
func (p *stampParser) cut(n int) []byte {
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

// span counts the leading bytes that ok accepts.
func (p *stampParser) span(ok func(byte) bool) int {
	n := 0
	for n < len(p.rest) && ok(p.rest[n]) {
		n++
	}
	return n
}

func isDigit(x byte) bool { return x-'0' <= 9 }
func isAlpha(x byte) bool { return x|0x20 >= 'a' && x|0x20 <= 'z' }

func (p *stampParser) field() error {
	x := p.rest[0]
	switch {
	case isSpace(x) || x == ',':
		p.cut(1)
		return nil
	case isDigit(x):
		return p.digits()
	case isAlpha(x):
		return p.word()
	case x == '+' || x == '-':
		return p.signed()
	case x == '/' || x == '.':
		p.cut(1)
		return nil
	}
	return p.bad()
}

// digits reads a number, a date with separators or a time.
func (p *stampParser) digits() error {
	n := p.span(isDigit)
	var next byte
	if n < len(p.rest) {
		next = p.rest[n]
	}
	switch {
	case next == ':' && !p.hasTime:
		return p.time()
	case (next == '-' || next == '/' || next == '.') && !p.afterT && !p.hasDateNumbers() && !p.hasTimeOnlyDigits(n):
		return p.dateWithSeparators(next)
	case p.afterT || p.hasDateNumbers() && !p.hasTime && (n == 6 || n == 4 && p.complete()):
		return p.compactTime(p.cut(n))
	case n == 8 && !p.hasDate(): // yyyymmdd
		b := p.cut(8)
		return p.addDate(b[:4], b[4:6], b[6:])
	case p.timeOfDay && !p.hasTime && (n == 6 || n == 4):
		return p.compactTime(p.cut(n))
	case n == 6 && !p.hasDate(): // yymmdd
		b := p.cut(6)
		p.compact = true
		return p.addDate(b[:2], b[2:4], b[4:])
	}
	return p.addNumber(p.cut(n))
}

func (p *stampParser) hasDateNumbers() bool { return len(p.numbers) > 0 }

// complete reports whether the date's three fields are all there.
func (p *stampParser) complete() bool {
	n := len(p.numbers)
	if p.month > 0 {
		n++
	}
	return n >= 3
}

// hasTimeOnlyDigits says that n digits before a point are hhmmss.ff.
func (p *stampParser) hasTimeOnlyDigits(n int) bool {
	return n == 6 && p.complete()
}

func (p *stampParser) addDate(fields ...[]byte) error {
	for _, f := range fields {
		if err := p.addNumber(f); err != nil {
			return err
		}
	}
	return nil
}

func (p *stampParser) addNumber(b []byte) error {
	if len(b) > 7 || len(p.numbers) == 3 || p.hasJulian {
		return p.bad()
	}
	v := 0
	for _, x := range b {
		v = v*10 + int(x-'0')
	}
	p.numbers = append(p.numbers, number{v, len(b)})
	return nil
}

// dateWithSeparators reads three fields with the same separator between; one of
// them may be a month's name.
func (p *stampParser) dateWithSeparators(separator byte) error {
	for i := range 3 {
		if i > 0 {
			if len(p.rest) == 0 || p.rest[0] != separator {
				return p.bad()
			}
			p.cut(1)
		}
		if n := p.span(isDigit); n > 0 {
			if err := p.addNumber(p.cut(n)); err != nil {
				return err
			}
			continue
		}
		n := p.span(isAlpha)
		month := monthByName(p.cut(n))
		if month == 0 || p.month != 0 {
			return p.bad()
		}
		p.month = month
	}
	return nil
}

// time reads hh:mm[:ss[.ffffff]].
func (p *stampParser) time() error {
	b := p.cut(p.span(func(x byte) bool { return isDigit(x) || x == ':' || x == '.' }))
	var field [3]int
	fraction, isFraction := int64(0), false
	n := 0
	for i, part := range bytes.FieldsFunc(b, func(r rune) bool { return r == ':' }) {
		if i > 2 {
			return p.bad()
		}
		if point := bytes.IndexByte(part, '.'); point >= 0 {
			if i == 0 {
				return p.bad()
			}
			var ok bool
			if fraction, ok = parseFraction(part[point+1:]); !ok {
				return p.bad()
			}
			part, isFraction = part[:point], true
		}
		if len(part) == 0 || len(part) > 9 {
			return p.bad()
		}
		for _, x := range part {
			field[i] = field[i]*10 + int(x-'0')
		}
		n = i
	}
	if n == 0 {
		return p.bad()
	}
	if n == 1 && isFraction { // mm:ss.ff
		field = [3]int{0, field[0], field[1]}
	}
	return p.setClock(field[0], field[1], field[2], fraction)
}

// compactTime reads hhmmss or hhmm, with a fraction after the seconds.
func (p *stampParser) compactTime(b []byte) error {
	if p.hasTime || len(b) != 6 && len(b) != 4 && len(b) != 2 {
		return p.bad()
	}
	var field [3]int
	for i := 0; i+1 < len(b); i += 2 {
		field[i/2], _ = twoDigits(b[i:])
	}
	fraction := int64(0)
	if len(b) == 6 && len(p.rest) > 1 && p.rest[0] == '.' {
		p.cut(1)
		var ok bool
		if fraction, ok = parseFraction(p.cut(p.span(isDigit))); !ok {
			return p.bad()
		}
	}
	if len(b) == 2 && len(p.rest) > 0 && p.rest[0] == ':' {
		return p.bad()
	}
	return p.setClock(field[0], field[1], field[2], fraction)
}

// setClock allows 24:00:00 and a 60th second, as PostgreSQL does.
func (p *stampParser) setClock(hour, minute, second int, fraction int64) error {
	if minute > 59 || second > 60 || hour > 24 || hour == 24 && (minute > 0 || second > 0 || fraction > 0) {
		return fieldOverflow(p.text)
	}
	p.clock = int64((hour*60+minute)*60+second)*microsPerSecond + fraction
	p.hasTime, p.afterT = true, false
	return nil
}

// signed reads a zone's offset, or -infinity.
func (p *stampParser) signed() error {
	negative := p.rest[0] == '-'
	p.cut(1)
	if n := p.span(isAlpha); n > 0 {
		word := strings.ToLower(string(p.cut(n)))
		if word != "infinity" && word != "inf" {
			return p.bad()
		}
		p.special = specialInfinity
		if negative {
			p.special = specialMinusInfinity
		}
		return nil
	}
	n := p.span(func(x byte) bool { return isDigit(x) || x == ':' })
	if n == 0 || !p.hasTime || p.hasOffset {
		return p.bad()
	}
	seconds, ok := clockOffset(p.cut(n))
	if !ok {
		return p.bad()
	}
	if seconds >= 16*3600 {
		return sqlstate.Newf("22009", `time zone displacement out of range: "%s"`, p.text)
	}
	if negative {
		seconds = -seconds
	}
	p.offset, p.hasOffset = seconds, true
	return nil
}

// word reads a month, a weekday, an era, AM or PM, T, Julian day or a zone.
func (p *stampParser) word() error {
	n := p.span(isAlpha)
	word := strings.ToLower(string(p.rest[:n]))
	if month := monthByName(p.rest[:n]); month > 0 && p.month == 0 {
		p.cut(n)
		p.month = month
		if len(p.rest) > 0 && p.rest[0] == '-' { // Jan-08-1999
			p.cut(1)
			if k := p.span(isDigit); k > 0 && k < len(p.rest) && p.rest[k] == '-' {
				if err := p.addNumber(p.cut(k)); err != nil {
					return err
				}
				p.cut(1)
			}
		}
		return nil
	}
	switch word {
	case "t":
		if !p.hasDate() && !(n < len(p.rest) && isDigit(p.rest[n])) {
			return p.bad()
		}
		p.cut(n)
		p.afterT = true
		return nil
	case "am", "pm":
		p.cut(n)
		p.half = word[0]
		return nil
	case "bc", "ad":
		p.cut(n)
		p.bc, p.hasEra = word == "bc", true
		return nil
	case "infinity", "inf":
		p.cut(n)
		p.special = specialInfinity
		return nil
	case "epoch":
		p.cut(n)
		p.special = specialEpoch
		return nil
	case "j", "jd":
		p.cut(n)
		k := p.span(isDigit)
		if k == 0 || k > 8 || p.hasDate() {
			return p.bad()
		}
		for _, x := range p.cut(k) {
			p.julian = p.julian*10 + int64(x-'0')
		}
		p.julian -= julianEpoch
		p.hasJulian = true
		return nil
	}
	if isWeekday(word) {
		p.cut(n)
		return nil
	}
	return p.zone()
}

// julianEpoch is 1970-01-01 as a Julian day.
const julianEpoch = 2_440_588

// zone reads an abbreviation or a name of the tz database.
func (p *stampParser) zone() error {
	n := p.span(isAlpha)
	if seconds, ok := abbreviation(strings.ToLower(string(p.rest[:n]))); ok && (n == len(p.rest) || p.rest[n] != '/') {
		p.cut(n)
		if !p.hasOffset { // GMT+3 would be a POSIX form: the sign that follows is an offset of its own
			p.offset, p.hasOffset = seconds, true
		}
		if len(p.rest) > 0 && (p.rest[0] == '+' || p.rest[0] == '-') {
			p.hasOffset = false
		}
		return nil
	}
	n = p.span(func(x byte) bool { return isAlpha(x) || isDigit(x) || x == '/' || x == '_' || x == '+' || x == '-' })
	name := string(p.cut(n))
	if !strings.ContainsAny(name, "/") && len(name) < 3 || p.hasOffset || p.location != nil {
		return p.bad()
	}
	location, err := LoadTimeZone(name)
	if err != nil {
		if strings.Contains(name, "/") {
			return sqlstate.Newf(sqlstate.InvalidParameterValue, `time zone "%s" not recognized`, strings.ToLower(name))
		}
		return p.bad()
	}
	p.location = location
	return nil
}

func monthByName(b []byte) int {
	if len(b) < 3 {
		return 0
	}
	word := strings.ToLower(string(b))
	for m := time.January; m <= time.December; m++ {
		name := strings.ToLower(m.String())
		if word == name || word == name[:3] || word == "sept" && m == time.September {
			return int(m)
		}
	}
	return 0
}

func isWeekday(word string) bool {
	for d := time.Sunday; d <= time.Saturday; d++ {
		name := strings.ToLower(d.String())
		if word == name || len(word) >= 3 && len(word) <= 5 && strings.HasPrefix(name, word) {
			return true
		}
	}
	return false
}
