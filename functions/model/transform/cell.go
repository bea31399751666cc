package transform

import (
	"math"
	"math/big"
	"time"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Cell is a value of a row for an Evaluator. By the type of the signature's field one is set: Num for numbers and
// booleans (0 and 1), and Int besides for whole ones; Int for dates, times and timestamps, in microseconds since 1970 UTC
// or since midnight; Text for texts.
type Cell struct {
	Null bool
	Num  float64
	Int  int64
	Text string
}

// CellOf converts a Go value, as stmt.Session.Query returns it or JSON has it, to a cell of a type. It is 42804 where the
// value isn't of the type and 0A000 where only the database knows how to convert it: ask that then.
func CellOf(v any, t *types.Type) (Cell, error) {
	if v == nil {
		return Cell{Null: true}, nil
	}
	switch classOf(t) {
	case isBool:
		if b, ok := v.(bool); ok {
			if b {
				return Cell{Num: 1, Int: 1}, nil
			}
			return Cell{}, nil
		}
	case isNumber:
		return numberCell(v, t)
	case isText:
		if s, ok := v.(string); ok {
			return Cell{Text: s}, nil
		}
	case isDate, isTimestamp, isZoned:
		if at, ok := instantOf(v, classOf(t)); ok {
			return Cell{Int: at}, nil
		}
	case isSeconds:
		if x, ok := v.(types.TimeValue); ok {
			return Cell{Int: int64(x)}, nil
		}
		if s, ok := v.(string); ok && t.ID == types.Time {
			if at, err := time.Parse("15:04:05", s); err == nil && len(s) <= len("15:04:05.000000") {
				return Cell{Int: int64(at.Sub(at.Truncate(24*time.Hour)) / time.Microsecond)}, nil
			}
		}
	}
	return Cell{}, convertible(v, t)
}

func convertible(v any, t *types.Type) error {
	if _, isText := v.(string); isText && classOf(t) != isBool {
		return sqlstate.Newf(sqlstate.FeatureNotSupported, "only the database converts a text to %s", t)
	}
	return sqlstate.Newf(sqlstate.DatatypeMismatch, "a value of Go's type %T is no %s", v, t)
}

// exact is the largest whole number up to which doubles are exact.
const exact = 1 << 53

func numberCell(v any, t *types.Type) (Cell, error) {
	whole := t.ID != types.Float && t.ID != types.Double && t.ID != types.Decimal
	switch x := v.(type) {
	case bool:
		if x {
			return Cell{Num: 1, Int: 1}, nil
		}
		return Cell{}, nil
	case int64:
		if t.ID != types.Float || x > -1<<24 && x < 1<<24 {
			return Cell{Num: float64(x), Int: x}, nil
		}
	case int:
		return numberCell(int64(x), t)
	case int32:
		return numberCell(int64(x), t)
	case float64:
		if whole && (x != math.Trunc(x) || math.Abs(x) > exact) || t.ID == types.Float && float64(float32(x)) != x && x == x || t.ID == types.Decimal && x != math.Trunc(x) {
			break // the cast rounds
		}
		return Cell{Num: x, Int: int64(x)}, nil
	case float32:
		return numberCell(float64(x), t)
	case *big.Int:
		if x.IsInt64() {
			return numberCell(x.Int64(), t)
		}
	case types.DecimalValue:
		if x.Unscaled.IsInt64() && x.Scale <= 22 {
			if n := x.Unscaled.Int64(); n > -exact && n < exact { // one correctly rounded division, as in DuckDB
				return Cell{Num: float64(n) / math.Pow10(int(x.Scale))}, nil
			}
		}
	default:
		return Cell{}, convertible(v, t)
	}
	return Cell{}, sqlstate.Newf(sqlstate.FeatureNotSupported, "only the database converts %v to %s", v, t)
}

// layouts are the texts that are read here, by class; a fraction of a second may follow.
var layouts = map[class][]string{
	isDate:      {"2006-01-02"},
	isTimestamp: {"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02"},
	isZoned:     {"2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07"},
}

// instantOf is a date or timestamp in microseconds.
func instantOf(v any, c class) (int64, bool) {
	switch x := v.(type) {
	case string:
		switch x {
		case "infinity":
			return math.MaxInt64, true
		case "-infinity":
			return -math.MaxInt64, true
		}
		for _, layout := range layouts[c] {
			// DuckDB rounds what is finer than a microsecond.
			if at, err := time.Parse(layout, x); err == nil && at.Nanosecond()%1000 == 0 {
				return at.UnixMicro(), true
			}
		}
	case time.Time:
		if c == isDate { // its UTC day
			return frame.DateMicros(int32(floorDiv(x.Unix(), 86400))), true
		}
		return x.UnixMicro(), true
	case types.DateValue:
		return frame.DateMicros(int32(x)), true
	case types.TimestampValue:
		return int64(x), true
	case types.TimestampTZValue:
		return int64(x), true
	}
	return 0, false
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
