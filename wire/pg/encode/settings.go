package encode

import "time"

// Format is a format code of the protocol.
type Format int16

const (
	Text   Format = 0
	Binary Format = 1
)

// IntervalStyle is PostgreSQL's setting of that name.
type IntervalStyle uint8

const (
	IntervalPostgres IntervalStyle = iota
	IntervalPostgresVerbose
	IntervalSQLStandard
	IntervalISO8601
)

// DateOrder says how 1/2/2003 is read; output is always ISO.
type DateOrder uint8

const (
	DateMDY DateOrder = iota
	DateDMY
	DateYMD
)

// Settings are those of a session's settings that change how values look. The
// zero value is PostgreSQL's default with UTC.
type Settings struct {
	// TimeZone renders timestamptz and reads times without a zone; nil is UTC.
	TimeZone      *time.Location
	IntervalStyle IntervalStyle
	DateOrder     DateOrder
	// ByteaEscape is bytea_output = escape.
	ByteaEscape bool
	// LegacyFloats rounds floats to 15 (float4: 6) digits plus ExtraFloatDigits,
	// which is then -15 … 0: the effect of extra_float_digits below 1.
	LegacyFloats     bool
	ExtraFloatDigits int8
}
