package model

import (
	"math"
	"strconv"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Limits says what values an algorithm can learn from.
type Limits struct {
	// TakesMissing allows NaN features.
	TakesMissing bool
	// Largest bounds the features' absolute values; 0 bounds them only to finite ones.
	Largest float64
	// NoFeatures allows an input without features: the model of the target alone.
	NoFeatures bool
}

// Check returns 22023 for an input that no algorithm with these limits can learn from:
// no rows or features, columns of another length, values that aren't finite, labels
// outside the classes, weights that are negative or all zero. It names the feature.
func (in Input) Check(task Task, l Limits) error {
	bad := func(format string, args ...any) error {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, format, args...)
	}
	n := in.X.Rows
	if n == 0 {
		return bad("there are no rows to learn from")
	}
	if len(in.X.Cols) == 0 && !l.NoFeatures {
		return bad("there are no features to learn from")
	}
	if l.Largest == 0 {
		l.Largest = math.MaxFloat64
	}
	for k, col := range in.X.Cols {
		if len(col) != n {
			return sqlstate.Newf(sqlstate.InternalError, "feature %s has %d rows instead of %d", in.Name(k), len(col), n)
		}
		if i := firstOutside(col, l.Largest, l.TakesMissing); i >= 0 {
			switch v := col[i]; {
			case math.IsNaN(v):
				return bad("feature %s has missing values", in.Name(k))
			case math.IsInf(v, 0):
				return bad("feature %s has infinite values", in.Name(k))
			default:
				return bad("feature %s has the value %g, beyond ±%g", in.Name(k), v, l.Largest)
			}
		}
	}
	if task != Clustering {
		if err := in.checkTarget(task, bad); err != nil {
			return err
		}
	}
	return in.checkWeight(bad)
}

func (in Input) checkTarget(task Task, bad func(string, ...any) error) error {
	if len(in.Y) != in.X.Rows {
		return sqlstate.Newf(sqlstate.InternalError, "the target has %d rows instead of %d", len(in.Y), in.X.Rows)
	}
	if task == Classification && in.Classes < 2 {
		return bad("the target has one class only")
	}
	for _, y := range in.Y {
		if math.IsNaN(y) || math.IsInf(y, 0) {
			return bad("the target has missing or infinite values")
		}
		if task == Classification && (y != math.Trunc(y) || y < 0 || y >= float64(in.Classes)) {
			return sqlstate.Newf(sqlstate.InternalError, "class %g is not one of %d", y, in.Classes)
		}
	}
	return nil
}

func (in Input) checkWeight(bad func(string, ...any) error) error {
	if in.Weight == nil {
		return nil
	}
	if len(in.Weight) != in.X.Rows {
		return sqlstate.Newf(sqlstate.InternalError, "the weights have %d rows instead of %d", len(in.Weight), in.X.Rows)
	}
	positive := false
	for _, w := range in.Weight {
		if !(w >= 0) || math.IsInf(w, 0) {
			return bad("the weight %g is not a number that counts rows", w)
		}
		positive = positive || w > 0
	}
	if !positive {
		return bad("all weights are zero")
	}
	return nil
}

// Counted returns the input without its rows of weight 0, which must not count in a range or as a
// class, and 22023 where the weights' sum is infinite.
func (in Input) Counted() (Input, error) {
	total := 0.0
	keep := make([]int32, 0, len(in.Weight))
	for i, w := range in.Weight {
		if total += w; w > 0 {
			keep = append(keep, int32(i))
		}
	}
	if math.IsInf(total, 0) {
		return in, sqlstate.New(sqlstate.InvalidParameterValue, "the sum of the weights is infinite")
	}
	if len(keep) == len(in.Weight) {
		return in, nil
	}
	return in.Take(keep), nil
}

// Name returns the name of feature k, a number where names aren't known.
func (in Input) Name(k int) string {
	if k < len(in.Names) {
		return strconv.Quote(in.Names[k])
	}
	return strconv.Itoa(k)
}

// firstOutside returns the first index whose value isn't allowed, or -1.
func firstOutside(col []float64, largest float64, missing bool) int {
	for i, v := range col {
		if math.Abs(v) <= largest || missing && v != v {
			continue
		}
		return i
	}
	return -1
}

// Steady rounds a metric to 12 digits. Libraries sum metrics up by threads, whose number
// must not decide which round of boosting is best.
func Steady(v float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 11, 64), 64)
	if err != nil {
		return v
	}
	return rounded
}
