package encode

import (
	"math"
	"strconv"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// ParseDate reads a date, or the date of a timestamp, in ISO, SQL, German and
// spelled forms, in any era, and infinity, -infinity and epoch. Text that is no
// date is 22007, a date that doesn't exist is 22008.
func ParseDate(b []byte, s *Settings) (types.DateValue, error) {
	if day, ok := isoDay(b); ok && len(b) == isoDateLen {
		return types.DateValue(day), nil
	}
	t, err := parseStamp(b, "date")
	if err != nil {
		return 0, err
	}
	switch t.special {
	case specialInfinity:
		return types.InfiniteDate, nil
	case specialMinusInfinity:
		return -types.InfiniteDate, nil
	}
	day, err := t.day(s.DateOrder)
	if err == nil && (day >= int64(types.InfiniteDate) || day <= -int64(types.InfiniteDate)) {
		err = sqlstate.Newf(sqlstate.DatetimeFieldOverflow, `date out of range: "%s"`, b)
	}
	return types.DateValue(day), err
}

// ParseTimestamp reads a timestamp without zone; a zone in the text is ignored, as
// PostgreSQL does.
func ParseTimestamp(b []byte, s *Settings) (types.TimestampValue, error) {
	if micros, rest, ok := isoTimestamp(b); ok && len(rest) == 0 {
		return types.TimestampValue(micros), nil
	}
	t, err := parseStamp(b, "timestamp")
	if err != nil {
		return 0, err
	}
	micros, err := t.micros(s.DateOrder, "timestamp")
	return types.TimestampValue(micros), err
}

// ParseTimestampTZ reads an instant; without a zone in the text the session's holds.
func ParseTimestampTZ(b []byte, s *Settings) (types.TimestampTZValue, error) {
	if micros, rest, ok := isoTimestamp(b); ok {
		if offset, ok := isoOffset(rest); ok {
			return types.TimestampTZValue(micros - int64(offset)*microsPerSecond), nil
		}
	}
	t, err := parseStamp(b, "timestamp with time zone")
	if err != nil {
		return 0, err
	}
	micros, err := t.micros(s.DateOrder, "timestamp")
	if err != nil || t.special != specialNone {
		return types.TimestampTZValue(micros), err
	}
	offset := t.offset
	if !t.hasOffset {
		location := t.location
		if location == nil {
			location = s.TimeZone
		}
		offset = localOffset(location, micros)
	}
	shift := int64(offset) * microsPerSecond
	if shift > 0 && micros < math.MinInt64+1+shift || shift < 0 && micros > math.MaxInt64-1+shift {
		return 0, sqlstate.Newf(sqlstate.DatetimeFieldOverflow, `timestamp out of range: "%s"`, b)
	}
	return types.TimestampTZValue(micros - shift), nil
}

// ParseTime reads a time of day; a date or a zone beside it is ignored.
func ParseTime(b []byte, _ *Settings) (types.TimeValue, error) {
	t, err := parseStamp(b, "time")
	if err != nil {
		return 0, err
	}
	if !t.hasTime || t.special != specialNone {
		return 0, badStamp("time", b)
	}
	return types.TimeValue(t.clock), nil
}

// ParseTimeTZ reads a time of day with its zone; without one it takes the offset
// that the session's zone has today, as PostgreSQL does.
func ParseTimeTZ(b []byte, s *Settings) (types.TimeTZValue, error) {
	t, err := parseStamp(b, "time with time zone")
	if err != nil {
		return 0, err
	}
	if !t.hasTime || t.special != specialNone {
		return 0, badStamp("time with time zone", b)
	}
	offset := t.offset
	if !t.hasOffset {
		location := t.location
		if location == nil {
			location = s.TimeZone
		}
		day := time.Now().Unix() / 86400 * microsPerDay
		if t.hasDate() {
			if d, err := t.day(s.DateOrder); err == nil {
				day = d * microsPerDay
			}
		}
		offset = localOffset(location, day+t.clock)
	}
	return types.MakeTimeTZ(t.clock, offset), nil
}

// localOffset returns the offset of a zone at a local time. A time that a change
// skips is read with the offset before it, one that comes twice with the offset
// after it (PostgreSQL's DetermineTimeZoneOffset).
func localOffset(location *time.Location, localMicros int64) int {
	if location == nil || location == time.UTC {
		return 0
	}
	local, _ := floorDiv(localMicros, microsPerSecond)
	at := func(utc int64) int {
		_, offset := time.Unix(utc, 0).In(location).Zone()
		return offset
	}
	before, after := at(local-86400), at(local+86400)
	if before == after {
		return before
	}
	if at(local-int64(after)) == after {
		return after
	}
	return before
}

func floorDiv(a, b int64) (q, r int64) {
	q, r = a/b, a%b
	if r < 0 {
		q, r = q-1, r+b
	}
	return q, r
}

const isoDateLen = len("2006-01-02")

// isoDay reads yyyy-mm-dd at the beginning of b; anything else is not ok and left
// to parseStamp.
func isoDay(b []byte) (day int64, ok bool) {
	if len(b) < isoDateLen || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	y1, ok1 := twoDigits(b[0:])
	y2, ok2 := twoDigits(b[2:])
	month, ok3 := twoDigits(b[5:])
	dom, ok4 := twoDigits(b[8:])
	year := y1*100 + y2
	if !(ok1 && ok2 && ok3 && ok4) || year == 0 || month < 1 || month > 12 || dom < 1 || dom > daysIn(int64(year), month) {
		return 0, false
	}
	return daysOf(int64(year), month, dom), true
}

func twoDigits(b []byte) (int, bool) {
	hi, lo := b[0]-'0', b[1]-'0'
	return int(hi)*10 + int(lo), hi <= 9 && lo <= 9
}

// isoTimestamp reads yyyy-mm-dd hh:mm:ss[.ffffff] and returns what follows.
func isoTimestamp(b []byte) (micros int64, rest []byte, ok bool) {
	day, ok := isoDay(b)
	if !ok || len(b) < 19 || b[10] != ' ' && b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return 0, nil, false
	}
	h, ok1 := twoDigits(b[11:])
	m, ok2 := twoDigits(b[14:])
	s, ok3 := twoDigits(b[17:])
	if !(ok1 && ok2 && ok3) || h > 23 || m > 59 || s > 59 {
		return 0, nil, false
	}
	fraction, i := int64(0), 19
	if len(b) > 19 && b[19] == '.' {
		scale := int64(microsPerSecond)
		for i = 20; i < len(b) && b[i]-'0' <= 9; i++ {
			if scale /= 10; scale == 0 {
				return 0, nil, false // more than six decimals: rounded elsewhere
			}
			fraction += int64(b[i]-'0') * scale
		}
	}
	return day*microsPerDay + int64((h*60+m)*60+s)*microsPerSecond + fraction, b[i:], true
}

// isoOffset reads Z, ±hh or ±hh:mm.
func isoOffset(b []byte) (seconds int, ok bool) {
	if len(b) == 1 && b[0] == 'Z' {
		return 0, true
	}
	if len(b) != 3 && (len(b) != 6 || b[3] != ':') || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	h, ok := twoDigits(b[1:])
	if !ok || h > 15 {
		return 0, false
	}
	seconds = h * 3600
	if len(b) == 6 {
		m, ok := twoDigits(b[4:])
		if !ok || m > 59 {
			return 0, false
		}
		seconds += m * 60
	}
	if b[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

func daysIn(year int64, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func badStamp(typ string, b []byte) error {
	return sqlstate.Newf(sqlstate.InvalidDatetimeFormat, `invalid input syntax for type %s: "%s"`, typ, b)
}

func fieldOverflow(b []byte) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.DatetimeFieldOverflow, `date/time field value out of range: "%s"`, b)
}

// monthDayOverflow suspects that day and month were meant the other way round.
func monthDayOverflow(b []byte) error {
	return fieldOverflow(b).WithHint(`Perhaps you need a different "datestyle" setting.`)
}

// day resolves the date's fields.
func (t *stamp) day(order DateOrder) (int64, error) {
	if t.special == specialEpoch || t.hasJulian {
		return t.julian, nil
	}
	year, month, dom, err := t.fields(order)
	if err != nil {
		return 0, err
	}
	if t.bc {
		year = 1 - year
	}
	switch {
	case month < 1 || month > 12 || dom < 1 || dom > 31:
		return 0, monthDayOverflow(t.text)
	case dom > daysIn(year, month):
		return 0, fieldOverflow(t.text)
	}
	return daysOf(year, month, dom), nil
}

// fields orders the numbers of a date.
func (t *stamp) fields(order DateOrder) (year int64, month, dom int, err error) {
	n := t.numbers
	var y number
	switch {
	case t.month > 0 && len(n) == 2: // 8 Jan 1999, January 8 1999, 1999 Jan 8
		month = t.month
		if n[0].digits > 2 || order == DateYMD && n[1].digits <= 2 {
			y, dom = n[0], n[1].value
		} else {
			dom, y = n[0].value, n[1]
		}
	case t.month == 0 && len(n) == 3:
		switch {
		case n[0].digits > 2 || t.compact || order == DateYMD:
			y, month, dom = n[0], n[1].value, n[2].value
		case order == DateDMY:
			dom, month, y = n[0].value, n[1].value, n[2]
		default:
			month, dom, y = n[0].value, n[1].value, n[2]
		}
	default:
		return 0, 0, 0, badStamp(t.typ, t.text)
	}
	year = int64(y.value)
	if y.digits <= 2 && !t.bc { // PostgreSQL's window: 1970 … 2069
		if year < 70 {
			year += 2000
		} else {
			year += 1900
		}
	}
	if year == 0 {
		return 0, 0, 0, fieldOverflow(t.text)
	}
	return year, month, dom, nil
}

// micros joins date and time, without regard to a zone.
func (t *stamp) micros(order DateOrder, typ string) (int64, error) {
	switch t.special {
	case specialInfinity:
		return types.InfiniteTimestamp, nil
	case specialMinusInfinity:
		return -types.InfiniteTimestamp, nil
	case specialEpoch:
		return 0, nil
	}
	day, err := t.day(order)
	if err != nil {
		return 0, err
	}
	const maxDay = math.MaxInt64 / microsPerDay
	if day > maxDay || day < -maxDay || day == maxDay && t.clock >= math.MaxInt64-maxDay*microsPerDay {
		return 0, sqlstate.Newf(sqlstate.DatetimeFieldOverflow, `%s out of range: "%s"`, typ, t.text)
	}
	return day*microsPerDay + t.clock, nil
}

// parseFraction reads the digits behind a point as microseconds, rounded.
func parseFraction(b []byte) (int64, bool) {
	if len(b) > 6 {
		v, err := strconv.ParseFloat("0."+string(b), 64)
		return int64(math.RoundToEven(v * microsPerSecond)), err == nil
	}
	v := int64(0)
	for i := range 6 {
		v *= 10
		if i < len(b) {
			d := b[i] - '0'
			if d > 9 {
				return 0, false
			}
			v += int64(d)
		}
	}
	return v, true
}
