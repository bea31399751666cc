package linear

import (
	"context"
	"math"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// most is the greatest magnitude of a feature or target: above it differences overflow.
const most = 0x1p1021

func invalid(format string, args ...any) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.InvalidParameterValue, format, args...)
}

// checkInput returns the input without rows of weight 0, or the 22023 that says what can't be
// learned from.
func checkInput(ctx context.Context, in model.Input, task model.Task) (model.Input, error) {
	if in.X.Rows == 0 {
		return in, invalid("there are no rows to train on")
	}
	for j, col := range in.X.Cols {
		for i, v := range col {
			if i%(1<<16) == 0 && ctx.Err() != nil {
				return in, ctx.Err()
			}
			if !(math.Abs(v) <= most) {
				return in, badValue("feature", name(in, j), v)
			}
		}
	}
	if err := checkTarget(in, task); err != nil {
		return in, err
	}
	return dropWeightless(in)
}

func name(in model.Input, j int) string {
	if j < len(in.Names) {
		return in.Names[j]
	}
	return "?"
}

func badValue(what, name string, v float64) *sqlstate.Error {
	switch {
	case math.IsNaN(v):
		err := invalid("%s %q has missing values, which linear models can't learn from", what, name)
		return err.WithHint("Impute it in TRANSFORM, or leave the rows out.")
	case math.IsInf(v, 0):
		return invalid("%s %q has infinite values", what, name).WithHint("Clip it in TRANSFORM, or leave the rows out.")
	}
	return invalid("%s %q has the value %g; linear models take magnitudes up to %g", what, name, v, most)
}

func checkTarget(in model.Input, task model.Task) error {
	if task != model.Classification {
		for _, v := range in.Y {
			if !(math.Abs(v) <= most) {
				return badValue("target", "y", v)
			}
		}
		return nil
	}
	for _, v := range in.Y {
		if !(v >= 0 && v < float64(in.Classes) && v == math.Trunc(v)) {
			return invalid("the class %v isn't a whole number from 0 to %d", v, in.Classes-1)
		}
	}
	return nil
}

// dropWeightless leaves out rows of weight 0: they must not count in a range or as a class.
func dropWeightless(in model.Input) (model.Input, error) {
	if in.Weight == nil {
		return in, nil
	}
	total := 0.0
	keep := make([]int32, 0, len(in.Weight))
	for i, w := range in.Weight {
		if !(w >= 0 && w <= math.MaxFloat64) {
			return in, invalid("the weight %v isn't a number of at least 0", w)
		}
		if total += w; w > 0 {
			keep = append(keep, int32(i))
		}
	}
	switch {
	case len(keep) == 0:
		return in, invalid("every row's weight is 0").WithHint("At least one row must have a weight above 0.")
	case total > math.MaxFloat64:
		return in, invalid("the weights' sum is infinite")
	case len(keep) < len(in.Weight):
		return in.Take(keep), nil
	}
	return in, nil
}
