package encode

import (
	"encoding/binary"

	"github.com/eiderdb/eider/sql/types"
)

func binaryInterval(c *column, dst []byte, row int) []byte {
	v := at[types.IntervalValue](c, row)
	dst = binary.BigEndian.AppendUint64(dst, uint64(v.Micros))
	dst = binary.BigEndian.AppendUint32(dst, uint32(v.Days))
	return binary.BigEndian.AppendUint32(dst, uint32(v.Months))
}

func textInterval(c *column, dst []byte, row int) []byte {
	return appendInterval(dst, at[types.IntervalValue](c, row), c.session.IntervalStyle)
}

// parts are an interval's fields, all with the sign of what they come from.
type parts struct {
	years, months, days, hours, minutes, seconds, micros int64
}

func split(v types.IntervalValue) parts {
	p := parts{years: int64(v.Months / 12), months: int64(v.Months % 12), days: int64(v.Days)}
	seconds := v.Micros / microsPerSecond
	p.micros = v.Micros % microsPerSecond
	p.hours, p.minutes, p.seconds = seconds/3600, seconds/60%60, seconds%60
	return p
}

func (p parts) hasTime() bool {
	return p.hours != 0 || p.minutes != 0 || p.seconds != 0 || p.micros != 0
}

func (p parts) timeIsNegative() bool {
	return p.hours < 0 || p.minutes < 0 || p.seconds < 0 || p.micros < 0
}

// appendInterval follows EncodeInterval in PostgreSQL's datetime.c.
func appendInterval(dst []byte, v types.IntervalValue, style IntervalStyle) []byte {
	p := split(v)
	switch style {
	case IntervalSQLStandard:
		return appendSQLInterval(dst, p)
	case IntervalISO8601:
		return appendISOInterval(dst, p)
	case IntervalPostgresVerbose:
		return appendVerboseInterval(dst, p)
	}
	start, before := len(dst), false
	unit := func(n int64, name string) {
		if n == 0 {
			return
		}
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		if before && n > 0 {
			dst = append(dst, '+')
		}
		dst = append(append(appendInt(dst, n), ' '), name...)
		if n != 1 {
			dst = append(dst, 's')
		}
		before = n < 0
	}
	unit(p.years, "year")
	unit(p.months, "mon")
	unit(p.days, "day")
	if len(dst) > start && !p.hasTime() {
		return dst
	}
	if len(dst) > start {
		dst = append(dst, ' ')
	}
	switch {
	case p.timeIsNegative():
		dst = append(dst, '-')
	case before:
		dst = append(dst, '+')
	}
	dst = appendAtLeastTwo(dst, p.hours)
	dst = appendAtLeastTwo(append(dst, ':'), p.minutes)
	return appendSeconds(append(dst, ':'), p, true)
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func appendAtLeastTwo(dst []byte, n int64) []byte {
	u := magnitude(n)
	return appendPadded(dst, u, max(2, digitCount(u)))
}

// appendSeconds appends the magnitude of seconds and fraction.
func appendSeconds(dst []byte, p parts, twoDigits bool) []byte {
	if twoDigits {
		dst = appendAtLeastTwo(dst, p.seconds)
	} else {
		dst = appendUint(dst, magnitude(p.seconds))
	}
	if p.micros != 0 {
		dst = appendFraction(append(dst, '.'), uint32(magnitude(p.micros)))
	}
	return dst
}

func appendISOInterval(dst []byte, p parts) []byte {
	if p == (parts{}) {
		return append(dst, "PT0S"...)
	}
	unit := func(n int64, letter byte) {
		if n != 0 {
			dst = append(appendInt(dst, n), letter)
		}
	}
	dst = append(dst, 'P')
	unit(p.years, 'Y')
	unit(p.months, 'M')
	unit(p.days, 'D')
	if !p.hasTime() {
		return dst
	}
	dst = append(dst, 'T')
	unit(p.hours, 'H')
	unit(p.minutes, 'M')
	if p.seconds == 0 && p.micros == 0 {
		return dst
	}
	if p.seconds < 0 || p.micros < 0 {
		dst = append(dst, '-')
	}
	return append(appendSeconds(dst, p, false), 'S')
}

// appendVerboseInterval: the first unit's sign becomes "ago", the others show
// theirs relative to it.
func appendVerboseInterval(dst []byte, p parts) []byte {
	dst = append(dst, '@')
	first, before := true, false
	unit := func(n int64, name string) {
		if n == 0 {
			return
		}
		if first {
			before, first = n < 0, false
			n = int64(magnitude(n))
		} else if before {
			n = -n
		}
		dst = append(append(appendInt(append(dst, ' '), n), ' '), name...)
		if n != 1 {
			dst = append(dst, 's')
		}
	}
	unit(p.years, "year")
	unit(p.months, "mon")
	unit(p.days, "day")
	unit(p.hours, "hour")
	unit(p.minutes, "min")
	if p.seconds != 0 || p.micros != 0 {
		dst = append(dst, ' ')
		negative := p.seconds < 0 || p.micros < 0
		if first {
			before, first = negative, false
		} else if negative != before {
			dst = append(dst, '-')
		}
		dst = append(appendSeconds(dst, p, false), " sec"...)
		if magnitude(p.seconds) != 1 || p.micros != 0 {
			dst = append(dst, 's')
		}
	}
	if first {
		dst = append(dst, " 0"...)
	}
	if before {
		dst = append(dst, " ago"...)
	}
	return dst
}

// appendSQLInterval: SQL knows year-month and day-time intervals only; what is
// both, or of mixed sign, shows every sign.
func appendSQLInterval(dst []byte, p parts) []byte {
	negative := p.years < 0 || p.months < 0 || p.days < 0 || p.timeIsNegative()
	positive := p.years > 0 || p.months > 0 || p.days > 0 || p.hasTime() && !p.timeIsNegative()
	yearMonth := p.years != 0 || p.months != 0
	dayTime := p.days != 0 || p.hasTime()
	clock := func() {
		dst = appendUint(dst, magnitude(p.hours))
		dst = appendAtLeastTwo(append(dst, ':'), p.minutes)
		dst = appendSeconds(append(dst, ':'), p, true)
	}
	sign := func(isNegative bool) {
		if isNegative {
			dst = append(dst, '-')
		} else {
			dst = append(dst, '+')
		}
	}
	switch {
	case !negative && !positive:
		return append(dst, '0')
	case negative && positive || yearMonth && dayTime:
		sign(p.years < 0 || p.months < 0)
		dst = appendUint(dst, magnitude(p.years))
		dst = append(appendUint(append(dst, '-'), magnitude(p.months)), ' ')
		sign(p.days < 0)
		dst = append(appendUint(dst, magnitude(p.days)), ' ')
		sign(p.timeIsNegative())
		clock()
		return dst
	}
	if negative {
		dst = append(dst, '-')
	}
	if yearMonth {
		dst = appendUint(dst, magnitude(p.years))
		return appendUint(append(dst, '-'), magnitude(p.months))
	}
	if p.days != 0 {
		dst = append(appendUint(dst, magnitude(p.days)), ' ')
	}
	clock()
	return dst
}
