package boost

import (
	"math"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// constraints is the parameter with one direction a feature.
const constraints = "monotone_constraints"

// Loss is the loss of a job, and the targets that it is defined on.
type Loss struct {
	// Name is the library's, for messages.
	Name string
	// Least bounds the target from below; Positive excludes the bound itself, SomePositive wants one row above it.
	Least                  float64
	Positive, SomePositive bool
	// TwoClasses is set for losses of two classes.
	TwoClasses bool
}

// AnyTarget bounds nothing.
func AnyTarget() float64 { return math.Inf(-1) }

// Check returns 22023 for a job that a library would refuse or misunderstand, in words of our own: what
// model.Input.Check refuses, monotone constraints of another number than there are features, a target outside
// the loss's domain or beyond float32, in which libraries keep it.
func Check(job *model.Job, l model.Limits, loss Loss) error {
	if err := job.Train.Check(job.Task, l); err != nil {
		return err
	}
	if job.Stop != nil && job.Stop.X.Rows > 0 {
		if err := job.Stop.Check(job.Task, l); err != nil {
			return err
		}
		if len(job.Stop.X.Cols) != len(job.Train.X.Cols) {
			return sqlstate.New(sqlstate.InternalError, "the rows for early stopping have other features")
		}
	}
	if c := job.Params[constraints].([]float64); len(c) > 0 && len(c) != len(job.Train.X.Cols) {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "monotone_constraints has %d entries for %d features", len(c), len(job.Train.X.Cols))
	}
	if loss.TwoClasses && job.Train.Classes != 2 {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "objective binary is for two classes, the target has %d", job.Train.Classes)
	}
	return loss.check(job.Train.Y)
}

func (l Loss) check(y []float64) error {
	above := false
	for _, v := range y {
		if v < l.Least || l.Positive && v == l.Least {
			return sqlstate.Newf(sqlstate.InvalidParameterValue, "the target has the value %g, which objective %s doesn't allow", v, l.Name)
		}
		if math.Abs(v) > math.MaxFloat32 {
			return sqlstate.Newf(sqlstate.InvalidParameterValue, "the target has the value %g, beyond ±%g", v, math.MaxFloat32)
		}
		above = above || v > l.Least
	}
	if l.SomePositive && !above {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "the target is zero in all rows, which objective %s doesn't allow", l.Name)
	}
	return nil
}

// CheckConstraints returns 22023 for a monotone constraint that is no direction.
func CheckConstraints(p model.Params) error {
	for _, c := range p[constraints].([]float64) {
		if c != -1 && c != 0 && c != 1 {
			return sqlstate.Newf(sqlstate.InvalidParameterValue, "a monotone constraint is -1, 0 or 1, not %g", c)
		}
	}
	return nil
}

// Constraints are the monotone constraints with commas between, "" where there are none.
func Constraints(p model.Params) string {
	list := p[constraints].([]float64)
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = strconv.Itoa(int(v))
	}
	return strings.Join(words, ",")
}

// Number writes a parameter so that nothing of it is lost.
func Number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
