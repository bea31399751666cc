package linear

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/eiderdb/eider/functions/model"
)

// illConditioned is the condition number of the moments' matrix from which its solution would
// lose more than half of the digits; then the rows themselves are factored.
const illConditioned = 1e8

// negligible is a penalty so large, in z's units, that the coefficient is 0.
const negligible = 1e60

// fitSquares is linear, ridge, lasso and elastic_net.
func fitSquares(ctx context.Context, job *model.Job, in model.Input, s settings) (*solution, error) {
	v, err := survey(ctx, in, s.intercept, job.Threads)
	if err != nil {
		return nil, err
	}
	t, err := v.standardTarget(ctx)
	if err != nil {
		return nil, err
	}
	progress(job, 0.3)
	m, err := v.moments2(ctx, t)
	if err != nil {
		return nil, err
	}
	progress(job, 0.8)
	l1, l2 := make([]float64, len(v.x)), make([]float64, len(v.x))
	for j, inv := range v.inv {
		if l2[j] = s.l2 / v.total * inv * inv; s.perMean {
			l2[j] = s.l2 * inv * inv
		}
		if t.deviation > 0 {
			l1[j] = s.l1 * inv / t.deviation
		}
		if l2[j] > negligible || l1[j] > negligible {
			v.inv[j] = 0
		}
	}
	out := &solution{notes: map[string]any{}}
	active := v.active()
	var theta []float64
	switch {
	case t.deviation == 0 || len(active) == 0:
		theta = make([]float64, len(v.x))
		out.converged = true
	case s.l1 > 0:
		theta = make([]float64, len(v.x))
		r := &descent{h: m.g, q: m.q, l1: l1, l2: l2, skip: inactive(v.inv)}
		out.iterations, out.converged, err = r.run(ctx, theta, s.maxIter, func(theta []float64) bool { return r.gap(theta, m.yy) <= s.tol*m.yy })
		out.notes["gap"] = r.gap(theta, m.yy) * t.deviation * t.deviation
	default:
		theta, err = v.leastSquares(ctx, m, t, active, l2, out)
		out.converged = true
	}
	if err != nil {
		return nil, err
	}
	for j := range theta {
		theta[j] *= t.deviation
	}
	if s.intercept {
		// The offsets are what rounding left of the means.
		theta = append(theta, t.mean+float64(m.offsetY*t.deviation)-floats.Dot(theta, m.offset))
	}
	out.set(v, theta)
	return out, nil
}

// standardTarget is the target's own mean and deviation, or its root mean square where there is no intercept.
func (v *view) standardTarget(ctx context.Context) (target, error) {
	mean, deviation, err := v.moments(ctx, [][]float64{v.y})
	if err != nil {
		return target{}, err
	}
	t := target{mean: mean[0], deviation: deviation[0]}
	if !v.centred {
		t.deviation = math.Hypot(t.mean, t.deviation)
		t.mean = 0
	}
	if t.inv = 1 / t.deviation; math.IsInf(t.inv, 0) {
		t.inv, t.deviation = 0, 0
	}
	return t, nil
}

// active are the columns that vary.
func (v *view) active() []int {
	var out []int
	for j, inv := range v.inv {
		if inv != 0 {
			out = append(out, j)
		}
	}
	return out
}

func inactive(inv []float64) []bool {
	out := make([]bool, len(inv))
	for j := range inv {
		out[j] = inv[j] == 0
	}
	return out
}

// leastSquares solves for θ of the active columns; the others' are 0.
func (v *view) leastSquares(ctx context.Context, m *gram, t target, active []int, l2 []float64, out *solution) ([]float64, error) {
	k := len(active)
	theta := make([]float64, len(v.x))
	g, q := mat.NewSymDense(k, nil), mat.NewVecDense(k, nil)
	for a, i := range active {
		for b, j := range active[:a+1] {
			g.SetSym(a, b, m.g.At(i, j))
		}
		g.SetSym(a, a, g.At(a, a)+l2[i])
		q.SetVec(a, m.q[i])
	}
	var chol mat.Cholesky
	if ok := chol.Factorize(g); ok && chol.Cond() < illConditioned {
		var x mat.VecDense
		if err := chol.SolveVecTo(&x, q); err == nil {
			for a, j := range active {
				theta[j] = x.AtVec(a)
			}
			out.notes["solver"], out.notes["rank"] = "cholesky", k
			return theta, nil
		}
	}
	r, z, err := v.factorRows(ctx, t, active)
	if err != nil {
		return nil, err
	}
	penalty, inv := make([]float64, k), make([]float64, k)
	for a, j := range active {
		penalty[a], inv[a] = math.Sqrt(l2[j]), v.inv[j]
	}
	x, rank, err := solveFactored(r, z, penalty, inv, max(v.rows, k))
	if err != nil {
		return nil, err
	}
	for a, j := range active {
		theta[j] = x[a]
	}
	out.notes["solver"], out.notes["rank"] = "qr", rank
	return theta, nil
}
