package rolling

import (
	"math"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// InstantName is the function that Instant declares.
const InstantName = "eider_instant"

// Kinds of time. Times with and without a zone don't compare without saying which zone is meant.
const (
	Plain = "timestamp"
	Zoned = "timestamptz"
)

// KindOf returns the kind of a type of times, "" for one that a point in time can't have.
func KindOf(t *types.Type) string {
	switch t.ID {
	case types.Date, types.Timestamp, types.TimestampS, types.TimestampMS:
		return Plain
	case types.TimestampTZ:
		return Zoned
	}
	return ""
}

// Instant declares eider_instant(time, kind, view): the microseconds since 1970 of a label's
// time, which has to be of the kind of the feature view's. NULL becomes the smallest BIGINT,
// before everything that ever happened, so that no join has to deal with it. view names the
// feature view, for whoever reads the definition of a view that joins it. Further arguments
// are not looked at: they tie a constant time to a relation.
func Instant() *fn.Decl {
	varchar := types.Of(types.Varchar)
	return &fn.Decl{
		Name: InstantName, Family: "rolling", Summary: "The instant that a label is asked about.", Returns: types.Of(types.BigInt),
		Params:   []fn.Param{{Name: "t", Type: types.Of(types.Any)}, {Name: "kind", Type: varchar}, {Name: "view", Type: varchar}},
		Variadic: types.Of(types.Any),
		Bind: func(args []fn.Arg) (fn.Bound, error) {
			kind, _ := args[1].Value.(string)
			view, _ := args[2].Value.(string)
			if err := checkInstant(args[0].Type, kind, view); err != nil {
				return fn.Bound{}, err
			}
			return fn.Bound{Call: instants}, nil
		},
	}
}

func checkInstant(t *types.Type, kind, view string) error {
	if t.ID == types.Unknown || t.ID == types.SQLNull || KindOf(t) == kind {
		return nil
	}
	err := sqlstate.Newf(sqlstate.DatatypeMismatch, "feature view %s is about %s, AS OF gives a %s", view, kindText(kind), t)
	switch {
	case t.ID == types.TimestampNS:
		return err.WithHint("Cast it to TIMESTAMP: points in time have microseconds.")
	case kind == Plain && t.ID == types.TimestampTZ:
		return err.WithHint("Say which zone the view's times are in: AS OF (t AT TIME ZONE 'UTC').")
	case kind == Zoned && KindOf(t) == Plain:
		return err.WithHint("Say which zone it is in: AS OF (t AT TIME ZONE 'UTC').")
	}
	return err.WithHint("Cast it: AS OF CAST(t AS %s).", kindText(kind))
}

func kindText(kind string) string {
	if kind == Zoned {
		return "TIMESTAMPTZ"
	}
	return "TIMESTAMP"
}

func instants(in *types.Chunk, out fn.Writer) error {
	v, res := &in.Columns[0], types.Slice[int64](out.Vector())
	read := reader(v)
	if read == nil {
		for i := range in.Len {
			res[i] = math.MinInt64
			if v.Valid(i) && v.Type.ID != types.SQLNull {
				return sqlstate.Newf(sqlstate.DatatypeMismatch, "AS OF gives a %s", v.Type)
			}
		}
		return nil
	}
	for i := range in.Len {
		res[i] = math.MinInt64
		if v.Valid(i) {
			res[i] = read(i)
		}
	}
	return nil
}

// reader returns what reads a row of times as microseconds, nil for other types.
func reader(v *types.Vector) func(i int) int64 {
	scaled := func(factor int64) func(i int) int64 {
		data := types.Slice[int64](v)
		return func(i int) int64 { return scale(data[i], factor) }
	}
	switch v.Type.ID {
	case types.Timestamp, types.TimestampTZ:
		return scaled(1)
	case types.TimestampMS:
		return scaled(1e3)
	case types.TimestampS:
		return scaled(1e6)
	case types.Date:
		days := types.Slice[int32](v)
		return func(i int) int64 {
			switch days[i] {
			case math.MaxInt32:
				return math.MaxInt64
			case -math.MaxInt32:
				return -math.MaxInt64
			}
			return scale(int64(days[i]), 86400e6)
		}
	}
	return nil
}

// scale multiplies; what is too far away is infinitely far.
func scale(x, factor int64) int64 {
	switch {
	case x > math.MaxInt64/factor:
		return math.MaxInt64
	case x < -(math.MaxInt64 / factor):
		return -math.MaxInt64
	}
	return x * factor
}

// plus adds a length of time, not beyond the largest instant.
func plus(t, d int64) int64 {
	if t > math.MaxInt64-d {
		return math.MaxInt64
	}
	return t + d
}
