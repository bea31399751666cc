package types

import (
	"math"
	"math/big"
)

// The Go values of single cells, for binding parameters and for small results.
// Types that Go has already (bool, ints, floats, string, []byte, *big.Int) stand
// for themselves; a LIST or ARRAY is []any, NULL is nil. The types below keep
// what time.Time would lose: infinity, and whether there is a zone at all.

// DateValue is days since 1970-01-01; InfiniteDate and -InfiniteDate are ±infinity.
type DateValue int32

// TimeValue is microseconds since midnight, 0 … 86,400,000,000.
type TimeValue int64

// TimeTZValue is DuckDB's packed time with zone, as in Vector; see MakeTimeTZ.
type TimeTZValue uint64

// TimestampValue is microseconds since 1970-01-01 00:00:00, no zone;
// InfiniteTimestamp and -InfiniteTimestamp are ±infinity.
type TimestampValue int64

// TimestampTZValue is microseconds since 1970-01-01 00:00:00 UTC, infinity as in TimestampValue.
type TimestampTZValue int64

// UUIDValue is the 16 bytes in the order they are printed.
type UUIDValue [16]byte

// BitValue is a bit string as the characters 0 and 1.
type BitValue string

// DecimalValue is Unscaled / 10^Scale; Width digits are significant at most (1 … 38).
type DecimalValue struct {
	Unscaled     *big.Int
	Width, Scale uint8
}

const (
	// InfiniteDate is DuckDB's date 'infinity'; its negation is '-infinity'.
	InfiniteDate DateValue = math.MaxInt32
	// InfiniteTimestamp is DuckDB's timestamp 'infinity'; its negation is '-infinity'.
	InfiniteTimestamp int64 = math.MaxInt64
	// maxTimeTZOffset is 15:59:59, the largest zone offset a TimeTZValue holds.
	maxTimeTZOffset = 16*3600 - 1
)

// MakeTimeTZ packs microseconds since midnight and an offset in seconds east of
// UTC, within ±15:59:59.
func MakeTimeTZ(micros int64, offsetSeconds int) TimeTZValue {
	return TimeTZValue(uint64(micros)<<24 | uint64(maxTimeTZOffset-offsetSeconds)&0xFFFFFF)
}

// Micros returns the microseconds since midnight in the value's own zone.
func (t TimeTZValue) Micros() int64 { return int64(t >> 24) }

// Offset returns the seconds east of UTC.
func (t TimeTZValue) Offset() int { return maxTimeTZOffset - int(t&0xFFFFFF) }

// Huge returns the UUID as DuckDB stores it: big endian with the top bit flipped.
func (u UUIDValue) Huge() Huge {
	var hi, lo uint64
	for i := range 8 {
		hi = hi<<8 | uint64(u[i])
		lo = lo<<8 | uint64(u[i+8])
	}
	return Huge{Lo: lo, Hi: int64(hi ^ 1<<63)}
}

// UUIDOf is the inverse of UUIDValue.Huge.
func UUIDOf(h Huge) (u UUIDValue) {
	hi, lo := uint64(h.Hi)^1<<63, h.Lo
	for i := 7; i >= 0; i-- {
		u[i], u[i+8] = byte(hi), byte(lo)
		hi, lo = hi>>8, lo>>8
	}
	return u
}

// TimestampNSValue is nanoseconds since 1970-01-01 00:00:00, no zone, infinity as in TimestampValue.
type TimestampNSValue int64
