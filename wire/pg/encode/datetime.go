package encode

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

const (
	microsPerSecond = 1_000_000
	microsPerDay    = 86_400 * microsPerSecond
	// epochDays is 2000-01-01, PostgreSQL's epoch, in days since 1970-01-01.
	epochDays   = 10_957
	epochMicros = epochDays * microsPerDay
)

// civil returns the proleptic Gregorian date of a day since 1970-01-01, with the
// astronomical year (0 is 1 BC). Howard Hinnant, "chrono-Compatible Low-Level
// Date Algorithms", civil_from_days.
func civil(day int64) (year int64, month, dayOfMonth uint32) {
	day += 719468
	era := day / 146097
	if day < 0 {
		era = (day - 146096) / 146097
	}
	doe := day - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	dayOfMonth = uint32(doy - (153*mp+2)/5 + 1)
	month = uint32(mp + 3)
	if month > 12 {
		month -= 12
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, dayOfMonth
}

// daysOf is the inverse of civil.
func daysOf(year int64, month, dayOfMonth int) int64 {
	if month <= 2 {
		year--
	}
	era := year / 400
	if year < 0 {
		era = (year - 399) / 400
	}
	yoe := year - era*400
	mp := int64(month+9) % 12
	doy := (153*mp+2)/5 + int64(dayOfMonth) - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468
}

// appendDate appends the day without an era; bc says that " BC" belongs at the end.
func appendDate(dst []byte, day int64) (out []byte, bc bool) {
	year, month, dom := civil(day)
	if year <= 0 {
		year, bc = 1-year, true
	}
	dst = appendPadded(dst, uint64(year), max(4, digitCount(uint64(year))))
	dst = appendTwo(append(dst, '-'), month)
	return appendTwo(append(dst, '-'), dom), bc
}

func appendEra(dst []byte, bc bool) []byte {
	if bc {
		return append(dst, " BC"...)
	}
	return dst
}

// appendClock appends hh:mm:ss[.ffffff] of microseconds since midnight.
func appendClock(dst []byte, micros int64) []byte {
	dst, p := room(dst)
	return dst[:len(dst)+putClock(p, 0, micros)]
}

func putClock(p *short, at int, micros int64) int {
	seconds := uint32(uint64(micros) / microsPerSecond)
	fraction := uint32(micros - int64(seconds)*microsPerSecond)
	minutes := seconds / 60
	hours := minutes / 60
	minutes -= hours * 60
	seconds -= (hours*60 + minutes) * 60
	h, m, s := pairs[2*hours:], pairs[2*minutes:], pairs[2*seconds:]
	out := p[at : at+9]
	out[0], out[1], out[2] = h[0], h[1], ':'
	out[3], out[4], out[5] = m[0], m[1], ':'
	out[6], out[7], out[8] = s[0], s[1], '.'
	if fraction != 0 {
		return putFraction(p, at+9, fraction)
	}
	return at + 8
}

// splitDay separates a count of microseconds into the day and the time in it.
func splitDay(micros int64) (day, rest int64) {
	day = micros / microsPerDay
	rest = micros - day*microsPerDay
	if rest < 0 {
		day, rest = day-1, rest+microsPerDay
	}
	return day, rest
}

// dayCache keeps the text of the day seen last: neighbouring rows share it often.
type dayCache struct {
	day  int64
	text [16]byte // years of more than seven digits don't occur
	len  int
	bc   bool
}

func (d *dayCache) put(p *short, at int, day int64) int {
	if d.len == 0 || d.day != day {
		out, bc := appendDate(d.text[:0], day)
		d.day, d.len, d.bc = day, len(out), bc
	}
	*(*[16]byte)(p[at : at+16]) = d.text
	return at + d.len
}

func (d *dayCache) append(dst []byte, day int64) []byte {
	dst, p := room(dst)
	return dst[:len(dst)+d.put(p, 0, day)]
}

// appendTimestamp appends microseconds since 1970 as a timestamp without zone.
func (d *dayCache) appendTimestamp(dst []byte, micros int64) []byte {
	dst, p := room(dst)
	return dst[:len(dst)+d.putTimestamp(p, 0, micros)]
}

func (d *dayCache) putTimestamp(p *short, at int, micros int64) int {
	switch micros {
	case types.InfiniteTimestamp:
		return at + copy(p[at:], "infinity")
	case -types.InfiniteTimestamp:
		return at + copy(p[at:], "-infinity")
	}
	day, rest := splitDay(micros)
	at = d.put(p, at, day)
	p[at] = ' '
	at = putClock(p, at+1, rest)
	if d.bc {
		at += copy(p[at:], " BC")
	}
	return at
}

func appendInfinity(dst []byte, micros int64) ([]byte, bool) {
	switch micros {
	case types.InfiniteTimestamp:
		return append(dst, "infinity"...), true
	case -types.InfiniteTimestamp:
		return append(dst, "-infinity"...), true
	}
	return dst, false
}

func textDate(c *column, dst []byte, row int) []byte {
	day := types.DateValue(at[int32](c, row))
	switch day {
	case types.InfiniteDate:
		return append(dst, "infinity"...)
	case -types.InfiniteDate:
		return append(dst, "-infinity"...)
	}
	dst = c.day.append(dst, int64(day))
	return appendEra(dst, c.day.bc)
}

func textTime(c *column, dst []byte, row int) []byte { return appendClock(dst, at[int64](c, row)) }

func textTimeNS(c *column, dst []byte, row int) []byte {
	return appendClock(dst, roundNanos(at[int64](c, row)))
}

// roundNanos is DuckDB's cast from TIME_NS to TIME.
func roundNanos(ns int64) int64 { return (ns + 500) / 1000 }

func textTimeTZ(c *column, dst []byte, row int) []byte {
	t := types.TimeTZValue(at[uint64](c, row))
	return appendOffset(appendClock(dst, t.Micros()), t.Offset())
}

// appendOffset appends +hh[:mm[:ss]] of seconds east of UTC.
func appendOffset(dst []byte, seconds int) []byte {
	sign := byte('+')
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	dst = appendTwo(append(dst, sign), uint32(seconds/3600))
	if rest := seconds % 3600; rest != 0 {
		dst = appendTwo(append(dst, ':'), uint32(rest/60))
		if rest %= 60; rest != 0 {
			dst = appendTwo(append(dst, ':'), uint32(rest))
		}
	}
	return dst
}

func textTimestamp(c *column, dst []byte, row int) []byte {
	return c.day.appendTimestamp(dst, at[int64](c, row))
}

// textOtherTimestamp writes TIMESTAMP_S, _MS and _NS.
func textOtherTimestamp(c *column, dst []byte, row int) []byte {
	micros, err := timestampMicros(c.typ.ID, at[int64](c, row))
	if err != nil {
		c.session.fail(err)
	}
	return c.day.appendTimestamp(dst, micros)
}

// timestampMicros converts to microseconds as DuckDB's cast to TIMESTAMP does;
// infinity stays. Seconds and milliseconds beyond its range are 22008.
func timestampMicros(unit types.ID, v int64) (int64, error) {
	if v == types.InfiniteTimestamp || v == -types.InfiniteTimestamp {
		return v, nil
	}
	factor := int64(1)
	switch unit {
	case types.TimestampNS:
		return v / 1000, nil
	case types.TimestampMS:
		factor = 1000
	case types.TimestampS:
		factor = microsPerSecond
	}
	if v > math.MaxInt64/factor || v < math.MinInt64/factor {
		return 0, sqlstate.New(sqlstate.DatetimeFieldOverflow, "timestamp out of range")
	}
	return v * factor, nil
}

func textTimestampTZ(c *column, dst []byte, row int) []byte {
	micros := at[int64](c, row)
	if out, infinite := appendInfinity(dst, micros); infinite {
		return out
	}
	offset := c.session.zone.offset(micros)
	day, rest := splitDay(micros + int64(offset)*microsPerSecond)
	dst = append(c.day.append(dst, day), ' ')
	return appendEra(appendOffset(appendClock(dst, rest), offset), c.day.bc)
}

// zoneCache keeps the span of time over which the last offset holds.
type zoneCache struct {
	location *time.Location
	from, to int64 // seconds since 1970, [from, to)
	seconds  int
}

// offset returns the seconds east of UTC at an instant.
func (z *zoneCache) offset(micros int64) int {
	if z.location == nil || z.location == time.UTC {
		return 0
	}
	seconds := micros / microsPerSecond
	if micros%microsPerSecond < 0 {
		seconds--
	}
	if seconds >= z.from && seconds < z.to {
		return z.seconds
	}
	t := time.Unix(seconds, 0).In(z.location)
	_, z.seconds = t.Zone()
	z.from, z.to = math.MinInt64, math.MaxInt64
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		z.from = start.Unix()
	}
	if !end.IsZero() {
		z.to = end.Unix()
	}
	return z.seconds
}

func binaryDate(c *column, dst []byte, row int) []byte {
	day := at[int32](c, row)
	switch types.DateValue(day) {
	case types.InfiniteDate:
		day = math.MaxInt32
	case -types.InfiniteDate:
		day = math.MinInt32
	default:
		if day < math.MinInt32+1+epochDays {
			c.session.fail(sqlstate.New(sqlstate.DatetimeFieldOverflow, "date out of range"))
		}
		day -= epochDays
	}
	return binary.BigEndian.AppendUint32(dst, uint32(day))
}

func binaryTimeNS(c *column, dst []byte, row int) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(roundNanos(at[int64](c, row))))
}

// binaryTimeTZ writes the zone as PostgreSQL stores it: seconds west of UTC.
func binaryTimeTZ(c *column, dst []byte, row int) []byte {
	t := types.TimeTZValue(at[uint64](c, row))
	dst = binary.BigEndian.AppendUint64(dst, uint64(t.Micros()))
	return binary.BigEndian.AppendUint32(dst, uint32(int32(-t.Offset())))
}

func appendBinaryTimestamp(c *column, dst []byte, row int) []byte {
	return appendSince2000(c, dst, at[int64](c, row))
}

func binaryOtherTimestamp(c *column, dst []byte, row int) []byte {
	micros, err := timestampMicros(c.typ.ID, at[int64](c, row))
	if err != nil {
		c.session.fail(err)
	}
	return appendSince2000(c, dst, micros)
}

func appendSince2000(c *column, dst []byte, micros int64) []byte {
	switch micros {
	case types.InfiniteTimestamp:
	case -types.InfiniteTimestamp:
		micros = math.MinInt64
	default:
		if micros < math.MinInt64+1+epochMicros {
			c.session.fail(sqlstate.New(sqlstate.DatetimeFieldOverflow, "timestamp out of range"))
		}
		micros -= epochMicros
	}
	return binary.BigEndian.AppendUint64(dst, uint64(micros))
}
