package transform

import (
	"strings"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/types"
)

// input is a column that the database computes row by row.
type input struct {
	frame.Input
	// Refs are where columns of the query stand in SQL, ascending.
	Refs []ref
	// Type is that of Column, or of the expression.
	Type *types.Type
	// Column is set where SQL is that column, or Part of it.
	Column string
	Part   part
	// columns are the types of Refs' columns, for the signature.
	columns []Field
}

// ref is a column in an expression: SQL[Start:End].
type ref struct {
	Start, End int
	Column     string
}

// part is what is taken of a date or time.
type part string

// The parts; whole is the value itself.
const (
	whole  part = ""
	days   part = "days"   // since 1970-01-01, with a fraction for timestamps
	month  part = "month"  // 1 to 12
	dow    part = "dow"    // 0 is Sunday
	hour   part = "hour"   // 0 to 23
	second part = "second" // of TIME since midnight, of INTERVAL altogether
)

// class is how a type is treated.
type class uint8

const (
	isNothing class = iota
	isNumber
	isBool
	isText
	isDate
	isTimestamp
	isZoned
	isSeconds
)

func classOf(t *types.Type) class {
	switch t.ID {
	case types.Boolean:
		return isBool
	case types.TinyInt, types.SmallInt, types.Integer, types.BigInt, types.HugeInt, types.UTinyInt, types.USmallInt, types.UInteger,
		types.UBigInt, types.UHugeInt, types.Float, types.Double, types.Decimal, types.BigNum, types.SQLNull:
		return isNumber
	case types.Varchar, types.Enum, types.UUID:
		return isText
	case types.Date:
		return isDate
	case types.Timestamp, types.TimestampS, types.TimestampMS, types.TimestampNS:
		return isTimestamp
	case types.TimestampTZ:
		return isZoned
	case types.Time, types.TimeNS, types.TimeTZ, types.Interval:
		return isSeconds
	}
	return isNothing
}

// columnSQL is a column of the relation t.
func columnSQL(name string) string { return "t." + lex.QuoteIdent(name) }

// newInput wraps an expression, in which refs stand, in what the part of its class needs.
func newInput(kind frame.Kind, sql string, refs []ref, class class, p part) input {
	before, after := "", ""
	switch {
	case p == days && class == isDate:
		before, after = "epoch(", ") / 86400e0"
	case p == days:
		before, after = "epoch_us(", ") / 86400e6"
	case p == second:
		before, after = "epoch(", ")"
	case p != whole:
		name := string(p)
		if p == dow {
			name = "dayofweek"
		}
		before, after = name+"(", ")"
		if class == isZoned { // the session's time zone must not matter
			before, after = name+"((", ") AT TIME ZONE 'UTC')"
		}
	}
	in := input{Part: p}
	in.SQL, in.Kind = before+sql+after, kind
	for _, r := range refs {
		in.Refs = append(in.Refs, ref{r.Start + len(before), r.End + len(before), r.Column})
	}
	in.Name = kind.String() + ": " + in.SQL
	return in
}

// write returns the SQL with columns as arg writes them.
func (in *input) write(arg func(column string) string) string {
	var b strings.Builder
	at := 0
	for _, r := range in.Refs {
		b.WriteString(in.SQL[at:r.Start])
		b.WriteString(arg(r.Column))
		at = r.End
	}
	b.WriteString(in.SQL[at:])
	return b.String()
}
