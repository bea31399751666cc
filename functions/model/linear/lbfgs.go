package linear

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"
)

// memory is how many steps lbfgs remembers: scikit-learn's default, by SciPy, is 10; our passes over the
// rows are dearer than the recursion.
const memory = 20

// lbfgs is Nocedal's limited-memory BFGS with a line search for Wolfe's conditions, in the
// approximate form that still works where differences of the loss are rounding (Hager & Zhang,
// "A new conjugate gradient method with guaranteed descent and an efficient line search", 2005).
func (m *minimiser) lbfgs(ctx context.Context, theta []float64) (*outcome, error) {
	out := &outcome{theta: theta, reason: reasonIterations}
	now, err := m.f.at(ctx, theta, false)
	if err != nil {
		return nil, err
	}
	var past []pair
	for ; out.iterations < m.maxIter; out.iterations++ {
		m.step(out.iterations)
		// Its last steps are short ones, so that a gradient says less of the distance than Newton's.
		if m.violation(out.theta, now.grad) <= m.tol/100 {
			break
		}
		d := twoLoops(past, now.grad)
		if floats.Dot(d, now.grad) >= 0 {
			past = nil
			d = twoLoops(nil, now.grad)
		}
		first := 1.0
		if past == nil {
			first = 1 / max(1, floats.Norm(now.grad, 2))
		}
		at, next, err := m.wolfe(ctx, out.theta, d, now, first)
		if err != nil {
			return nil, err
		}
		if next == nil {
			if past != nil {
				past = nil
				continue
			}
			out.reason = reasonStalled
			break
		}
		s, y := make([]float64, len(theta)), make([]float64, len(theta))
		floats.SubTo(s, at, out.theta)
		floats.SubTo(y, next.grad, now.grad)
		if sy := floats.Dot(s, y); sy > 1e-16*floats.Dot(y, y) {
			if len(past) == memory {
				past = past[1:]
			}
			past = append(past, pair{s, y, 1 / sy})
		}
		out.theta, now = at, next
	}
	if m.violation(out.theta, now.grad) <= m.tol {
		out.converged, out.reason = true, ""
	}
	if out.converged && !m.bounded && floats.Norm(out.theta, math.Inf(1)) > 0 && now.loss < 10*m.tol {
		out.converged, out.reason = false, reasonSeparated
	}
	out.loss, out.value = now.loss, now.value
	return out, nil
}

// pair is a step, the gradient's change over it, and 1/sᵀy.
type pair struct {
	s, y []float64
	rho  float64
}

// twoLoops is -Hg for the inverse Hessian H that the past steps suggest.
func twoLoops(past []pair, grad []float64) []float64 {
	d := append([]float64(nil), grad...)
	alpha := make([]float64, len(past))
	for i := len(past) - 1; i >= 0; i-- {
		alpha[i] = past[i].rho * floats.Dot(past[i].s, d)
		floats.AddScaled(d, -alpha[i], past[i].y)
	}
	if n := len(past); n > 0 {
		floats.Scale(1/(past[n-1].rho*floats.Dot(past[n-1].y, past[n-1].y)), d)
	}
	for i, p := range past {
		floats.AddScaled(d, alpha[i]-p.rho*floats.Dot(p.y, d), p.s)
	}
	floats.Scale(-1, d)
	return d
}

// wolfe brackets and bisects, by the secant of slopes where that stays inside, to a step where the
// objective has fallen and its slope has flattened. next is nil where there is none.
func (m *minimiser) wolfe(ctx context.Context, theta, d []float64, now *state, t float64) (at []float64, next *state, err error) {
	const fall, flat = 1e-4, 0.9
	slope0 := floats.Dot(d, now.grad)
	noise := 1e-12 * math.Abs(now.value)
	low, lowSlope, high, highSlope := 0.0, slope0, math.Inf(1), 0.0
	for range 50 {
		trial := make([]float64, len(theta))
		floats.AddScaledTo(trial, theta, t, d)
		s, err := m.f.at(ctx, trial, false)
		if err != nil {
			return nil, nil, err
		}
		slope := floats.Dot(d, s.grad)
		switch {
		case !(s.value <= now.value+fall*t*slope0 || s.value <= now.value+noise && slope <= (2*fall-1)*slope0):
			high, highSlope = t, slope
		case slope < flat*slope0:
			low, lowSlope = t, slope
		default:
			return trial, s, nil
		}
		switch secant := low - lowSlope*(high-low)/(highSlope-lowSlope); {
		case math.IsInf(high, 1):
			t *= 3
		case highSlope > 0 && secant > low+0.1*(high-low) && secant < high-0.1*(high-low):
			t = secant
		default:
			t = (low + high) / 2
		}
	}
	return nil, nil, nil
}
