package linear

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// minimiser is what newton and lbfgs share.
type minimiser struct {
	f       objective
	l1      []float64 // nil without an L1 penalty
	tol     float64   // of the largest entry of the gradient
	maxIter int
	step    func(iteration int)
	// bounded tells that a penalty bounds every parameter but the intercept: otherwise the minimum
	// may be at infinity.
	bounded bool
}

// outcome is how a minimisation ended.
type outcome struct {
	theta      []float64
	loss       float64 // mean, without penalties
	value      float64 // with them
	iterations int
	converged  bool
	reason     string // why not
	deficient  bool   // the Hessian has no inverse
}

// The reasons for which a minimisation ends without convergence.
const (
	reasonIterations = "max_iter reached"
	reasonSeparated  = "the minimum is at infinity or nearly so: features separate the target; add a penalty"
	reasonStalled    = "no step lowers the loss any more"
)

// run minimises from theta, which it may change.
func (m *minimiser) run(ctx context.Context, theta []float64) (*outcome, error) {
	if len(theta) > newtonParams && m.l1 == nil {
		return m.lbfgs(ctx, theta)
	}
	return m.newton(ctx, theta)
}

// newton is Newton's method with step halving. Near the minimum it keeps a Hessian for several
// steps (Shamanskii's method), which halves the cost of a pass over the rows and more.
func (m *minimiser) newton(ctx context.Context, theta []float64) (*outcome, error) {
	out := &outcome{theta: theta, reason: reasonIterations}
	now, err := m.f.at(ctx, theta, true)
	if err != nil {
		return nil, err
	}
	if !(math.Abs(now.value) <= math.MaxFloat64) { // a guess far from the other rows
		out.theta = m.f.start()
		if now, err = m.f.at(ctx, out.theta, true); err != nil {
			return nil, err
		}
	}
	var h *curvature
	last := math.Inf(1)
	for ; out.iterations < m.maxIter; out.iterations++ {
		m.step(out.iterations)
		fresh := now.hess != nil
		if fresh {
			h = factor(now.hess, len(theta))
			out.deficient = out.deficient || h.inverse != nil
		}
		small := m.violation(out.theta, now.grad) <= m.tol
		d, decrement, err := m.direction(ctx, h, out.theta, now.grad)
		if err != nil {
			return nil, err
		}
		// The Hessian is too old; or it must tell whether the minimum is near or at infinity.
		if !fresh && (decrement > 0.01*last && !small || small && !m.bounded) {
			if now, err = m.f.at(ctx, out.theta, true); err != nil {
				return nil, err
			}
			last = math.Inf(1)
			out.iterations--
			continue
		}
		last = decrement
		near := floats.Norm(d, math.Inf(1)) <= 1e-3*(1+floats.Norm(out.theta, math.Inf(1)))
		if small && (near || m.bounded) {
			// The step is known already; taking it costs nothing.
			if m.l1 == nil {
				floats.Add(out.theta, d)
			}
			out.converged, out.reason = true, ""
			break
		}
		if small && m.violation(out.theta, now.grad) <= 1e-3*m.tol {
			out.reason = reasonSeparated
			break
		}
		next, err := m.search(ctx, out.theta, d, now, decrement, m.l1 != nil || decrement > 1e-3)
		if err != nil {
			return nil, err
		}
		if next == nil {
			if !fresh {
				if now, err = m.f.at(ctx, out.theta, true); err != nil {
					return nil, err
				}
				last = math.Inf(1)
				continue
			}
			out.reason = reasonStalled
			if m.violation(out.theta, now.grad) <= math.Sqrt(m.tol) && near {
				out.converged, out.reason = true, ""
			}
			break
		}
		now = next
	}
	out.loss, out.value = now.loss, now.value+m.penalty(out.theta)
	return out, nil
}

// direction is the step to the quadratic model's minimum and how much the model falls, doubled.
func (m *minimiser) direction(ctx context.Context, h *curvature, theta, grad []float64) (d []float64, decrement float64, err error) {
	if m.l1 == nil {
		d = h.solve(grad)
		floats.Scale(-1, d)
		return d, -floats.Dot(d, grad), nil
	}
	q := make([]float64, len(theta))
	r := &descent{h: h.h, q: q, l1: m.l1, l2: make([]float64, len(theta)), skip: make([]bool, len(theta))}
	var image mat.VecDense
	image.MulVec(h.h, mat.NewVecDense(len(theta), theta))
	for j := range q {
		q[j] = image.AtVec(j) - grad[j]
		r.skip[j] = h.h.At(j, j) <= 0
	}
	d = append([]float64(nil), theta...)
	if _, _, err := r.run(ctx, d, 300, func(at []float64) bool { return r.violation(at) <= m.tol/10 }); err != nil {
		return nil, 0, err
	}
	decrement = m.penalty(theta) - m.penalty(d)
	floats.Sub(d, theta)
	return d, decrement - floats.Dot(d, grad), nil
}

func (m *minimiser) penalty(theta []float64) float64 {
	sum := 0.0
	for j := range m.l1 {
		if m.l1[j] > 0 {
			sum += float64(m.l1[j] * math.Abs(theta[j]))
		}
	}
	return sum
}

// violation is the largest entry of the gradient, or of the smallest subgradient where there is an L1 penalty.
func (m *minimiser) violation(theta, grad []float64) float64 {
	worst := 0.0
	for j, g := range grad {
		if m.l1 != nil {
			switch l := m.l1[j]; {
			case theta[j] > 0:
				g += l
			case theta[j] < 0:
				g -= l
			default:
				g = shrink(g, l)
			}
		}
		worst = max(worst, math.Abs(g))
	}
	return worst
}

// search halves the step until the objective falls (Armijo's rule), up to rounding. It moves theta
// and returns its state, or nil where no step helps.
func (m *minimiser) search(ctx context.Context, theta, d []float64, now *state, decrement float64, hess bool) (*state, error) {
	trial := make([]float64, len(theta))
	value := now.value + m.penalty(theta)
	noise := 1e-14 * math.Abs(value)
	for t := 1.0; t > 1e-10; t /= 2 {
		floats.AddScaledTo(trial, theta, t, d)
		next, err := m.f.at(ctx, trial, hess)
		if err != nil {
			return nil, err
		}
		v := next.value + m.penalty(trial)
		falls := v <= value-1e-4*t*decrement
		// Where the fall is below the loss's own rounding, the gradient decides.
		level := v <= value+noise && decrement <= 1e4*noise && m.violation(trial, next.grad) < m.violation(theta, now.grad)
		if falls && v < value || level {
			copy(theta, trial)
			return next, nil
		}
	}
	return nil, nil
}

// curvature is a factored Hessian.
type curvature struct {
	h       *mat.SymDense
	chol    mat.Cholesky
	inverse *mat.SymDense // pseudo-inverse, where the Hessian is singular
}

func factor(triangle []float64, p int) *curvature {
	c := &curvature{}
	if p == 0 {
		return c
	}
	c.h = mat.NewSymDense(p, nil)
	at := 0
	for i := range p {
		for j := 0; j <= i; j++ {
			c.h.SetSym(i, j, triangle[at])
			at++
		}
	}
	if c.chol.Factorize(c.h) && c.chol.Cond() < 1e13 {
		return c
	}
	var eigen mat.EigenSym
	c.inverse = mat.NewSymDense(p, nil)
	if !eigen.Factorize(c.h, true) {
		return c // steps of length 0: the minimisation ends
	}
	values := eigen.Values(nil)
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	for s, value := range values {
		if value > 1e-12*values[p-1] {
			c.inverse.SymRankOne(c.inverse, 1/value, vectors.ColView(s))
		}
	}
	return c
}

// solve returns H⁻¹g.
func (c *curvature) solve(g []float64) []float64 {
	out := make([]float64, len(g))
	if len(g) == 0 {
		return out
	}
	x, b := mat.NewVecDense(len(g), out), mat.NewVecDense(len(g), append([]float64(nil), g...))
	if c.inverse != nil {
		x.MulVec(c.inverse, b)
		return out
	}
	if err := c.chol.SolveVecTo(x, b); err != nil {
		clear(out)
	}
	return out
}
