package render

import (
	"math"
	"strconv"
	"time"

	"github.com/eiderdb/eider/sql/types"
)

const secondsADay = 86_400

// temporal appends dates, times and intervals.
func (f formatter) temporal(dst []byte, v *types.Vector, row int) []byte {
	switch v.Type.ID {
	case types.Date:
		days := types.Slice[int32](v)[row]
		if days == math.MaxInt32 || days == -math.MaxInt32 {
			return appendInfinity(dst, days > 0)
		}
		return appendDate(dst, int64(days))
	case types.Time:
		return appendMicros(dst, types.Slice[int64](v)[row])
	case types.TimeNS:
		return appendClock(dst, types.Slice[int64](v)[row]/1_000_000_000, types.Slice[int64](v)[row]%1_000_000_000)
	case types.TimeTZ:
		packed := types.Slice[uint64](v)[row]
		dst = appendMicros(dst, int64(packed>>24))
		return appendOffset(dst, 57599-int(packed&0xFFFFFF))
	case types.Interval:
		return appendInterval(dst, types.Slice[types.IntervalValue](v)[row])
	}
	t := types.Slice[int64](v)[row]
	if t == math.MaxInt64 || t == -math.MaxInt64 {
		return appendInfinity(dst, t > 0)
	}
	switch v.Type.ID {
	case types.TimestampS:
		return appendTimestamp(dst, t, 0)
	case types.TimestampMS:
		return appendTimestamp(dst, floorDiv(t, 1000), (t-floorDiv(t, 1000)*1000)*1_000_000)
	case types.TimestampNS:
		return appendTimestamp(dst, floorDiv(t, 1_000_000_000), t-floorDiv(t, 1_000_000_000)*1_000_000_000)
	}
	seconds := floorDiv(t, 1_000_000)
	nanos := (t - seconds*1_000_000) * 1000
	if v.Type.ID == types.Timestamp {
		return appendTimestamp(dst, seconds, nanos)
	}
	offset := 0
	if f.loc != nil {
		_, offset = time.Unix(seconds, 0).In(f.loc).Zone()
	}
	return appendOffset(appendTimestamp(dst, seconds+int64(offset), nanos), offset-offset%60) // DuckDB shows whole minutes
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func appendInfinity(dst []byte, positive bool) []byte {
	if !positive {
		dst = append(dst, '-')
	}
	return append(dst, "infinity"...)
}

func appendTimestamp(dst []byte, seconds, nanos int64) []byte {
	days := floorDiv(seconds, secondsADay)
	year, month, day := civil(days)
	bc := year <= 0
	dst = appendYMD(dst, year, month, day)
	dst = append(dst, ' ')
	dst = appendClock(dst, seconds-days*secondsADay, nanos)
	if bc {
		dst = append(dst, " (BC)"...)
	}
	return dst
}

func appendDate(dst []byte, days int64) []byte {
	year, month, day := civil(days)
	dst = appendYMD(dst, year, month, day)
	if year <= 0 {
		dst = append(dst, " (BC)"...)
	}
	return dst
}

func appendYMD(dst []byte, year int64, month, day int) []byte {
	if year <= 0 {
		year = 1 - year
	}
	dst = appendPadded(dst, year, 4)
	dst = appendPadded(append(dst, '-'), int64(month), 2)
	return appendPadded(append(dst, '-'), int64(day), 2)
}

// civil turns days since 1970-01-01 into a proleptic Gregorian date, year 0 being 1 BC.
// Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
func civil(days int64) (year int64, month, day int) {
	days += 719468
	era := floorDiv(days, 146097)
	doe := days - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = int(doy - (153*mp+2)/5 + 1)
	month = int(mp + 3)
	if month > 12 {
		month -= 12
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

func appendPadded(dst []byte, n int64, width int) []byte {
	digits := strconv.AppendInt(nil, n, 10)
	for i := len(digits); i < width; i++ {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}

func appendMicros(dst []byte, micros int64) []byte {
	return appendClock(dst, micros/1_000_000, micros%1_000_000*1000)
}

// appendClock appends HH:MM:SS with the fraction that there is.
func appendClock(dst []byte, seconds, nanos int64) []byte {
	dst = appendPadded(dst, seconds/3600, 2)
	dst = appendPadded(append(dst, ':'), seconds/60%60, 2)
	dst = appendPadded(append(dst, ':'), seconds%60, 2)
	if nanos != 0 {
		dst = appendPadded(append(dst, '.'), nanos, 9)
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return dst
}

func appendOffset(dst []byte, seconds int) []byte {
	sign := byte('+')
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	dst = appendPadded(append(dst, sign), int64(seconds/3600), 2)
	if rest := seconds % 3600; rest != 0 {
		dst = appendPadded(append(dst, ':'), int64(rest/60), 2)
		if rest%60 != 0 {
			dst = appendPadded(append(dst, ':'), int64(rest%60), 2)
		}
	}
	return dst
}

func appendInterval(dst []byte, iv types.IntervalValue) []byte {
	start := len(dst)
	part := func(n int32, unit string) {
		if n == 0 {
			return
		}
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		dst = strconv.AppendInt(dst, int64(n), 10)
		dst = append(append(dst, ' '), unit...)
		if n != 1 && n != -1 {
			dst = append(dst, 's')
		}
	}
	part(iv.Months/12, "year")
	part(iv.Months%12, "month")
	part(iv.Days, "day")
	if iv.Micros == 0 && len(dst) > start {
		return dst
	}
	if len(dst) > start {
		dst = append(dst, ' ')
	}
	micros := uint64(iv.Micros)
	if iv.Micros < 0 {
		dst, micros = append(dst, '-'), -micros
	}
	return appendClock(dst, int64(micros/1_000_000), int64(micros%1_000_000)*1000)
}
