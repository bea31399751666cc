package linear

import (
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
func checkInput(in model.Input, task model.Task) (model.Input, error) {
	if err := in.Check(task, model.Limits{Largest: most, NoFeatures: true}); err != nil {
		return in, err
	}
	for _, y := range in.Y {
		if math.Abs(y) > most {
			return in, invalid("the target has the value %g, beyond ±%g", y, float64(most))
		}
	}
	return in.Counted()
}
