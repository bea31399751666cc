package linear

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// descent minimises ½θᵀHθ - qᵀθ + Σ l1ⱼ|θⱼ| + ½Σ l2ⱼθⱼ² by cyclic coordinate descent (Friedman,
// Hastie & Tibshirani, "Regularization paths for generalized linear models via coordinate
// descent", 2010), and solves in between for the coefficients that are left, their signs given.
type descent struct {
	h      *mat.SymDense
	q      []float64
	l1, l2 []float64
	skip   []bool // coordinates that stay as they are

	row []float64 // q - Hθ
}

// run changes θ until the optimality conditions hold to rounding or, where the minimum isn't a
// single point, until θ hardly changes and done agrees.
func (d *descent) run(ctx context.Context, theta []float64, sweeps int, done func(theta []float64) bool) (iterations int, converged bool, err error) {
	d.row = make([]float64, len(theta))
	d.residual(theta)
	raw := d.h.RawSymmetric()
	for iterations < sweeps {
		if err := ctx.Err(); err != nil {
			return iterations, false, err
		}
		iterations++
		largest, change := 0.0, 0.0
		for j := range theta {
			hjj := raw.Data[j*raw.Stride+j] + d.l2[j]
			if d.skip[j] || hjj <= 0 {
				continue
			}
			old := theta[j]
			z := d.row[j] + float64(raw.Data[j*raw.Stride+j]*old)
			theta[j] = shrink(z, d.l1[j]) / hjj
			if step := theta[j] - old; step != 0 {
				d.move(raw.Data, raw.Stride, j, step)
				change = max(change, math.Abs(step))
			}
			largest = max(largest, math.Abs(theta[j]))
		}
		if change <= 1e-3*largest || iterations%4 == 0 || iterations == sweeps {
			d.residual(theta) // without the drift of many small updates
			if d.polish(ctx, theta) {
				return iterations, true, nil
			}
			if change <= 1e-7*largest && done(theta) {
				return iterations, true, nil
			}
		}
	}
	return iterations, false, nil
}

func shrink(z, l float64) float64 {
	switch {
	case z > l:
		return z - l
	case z < -l:
		return z + l
	}
	return 0
}

// move subtracts step·H[:,j] from the residual; H holds its upper triangle.
func (d *descent) move(h []float64, stride, j int, step float64) {
	for i := range j {
		d.row[i] -= float64(step * h[i*stride+j])
	}
	floats.AddScaled(d.row[j:], -step, h[j*stride+j:j*stride+len(d.row)])
}

func (d *descent) residual(theta []float64) {
	copy(d.row, d.q)
	raw := d.h.RawSymmetric()
	for j, t := range theta {
		if t != 0 {
			d.move(raw.Data, raw.Stride, j, t)
		}
	}
}

// polish moves θ towards the solution of the linear equations that hold at the minimum if the
// signs of θ are the minimum's: all the way, or to the sign change where the objective is lowest, and
// again without the coefficient that became 0 (feature-sign search: Lee, Battle, Raina & Ng, "Efficient
// sparse coding algorithms", 2006). It tells whether the optimality conditions now hold to rounding.
func (d *descent) polish(ctx context.Context, theta []float64) bool {
	for range theta {
		if ctx.Err() != nil {
			return false
		}
		var support []int
		for j, t := range theta {
			if !d.skip[j] && (t != 0 || d.l1[j] == 0) {
				support = append(support, j)
			}
		}
		n := len(support)
		if n == 0 {
			break
		}
		g, b := mat.NewSymDense(n, nil), mat.NewVecDense(n, nil)
		for a, i := range support {
			for c, j := range support[:a+1] {
				g.SetSym(a, c, d.h.At(i, j))
			}
			g.SetSym(a, a, g.At(a, a)+d.l2[i])
			b.SetVec(a, d.row[i]-float64(d.l2[i]*theta[i])-math.Copysign(d.l1[i], theta[i]))
		}
		var x mat.VecDense
		if !nearlySolve(&x, g, b) {
			return false
		}
		dropped := d.advance(theta, support, x.RawVector().Data, mat.Dot(b, &x), mat.Inner(&x, g, &x))
		d.residual(theta)
		if !dropped {
			break
		}
	}
	return d.violation(theta) <= 1e-11*floats.Norm(d.q, math.Inf(1))
}

// nearlySolve solves gx = b. Where g is singular, because the support depends on one another, it
// gives x a small penalty: still a direction in which the objective falls, to where a sign changes
// and the support becomes smaller.
func nearlySolve(x *mat.VecDense, g *mat.SymDense, b *mat.VecDense) bool {
	n := g.SymmetricDim()
	var top float64
	for i := range n {
		top = max(top, g.At(i, i))
	}
	for _, share := range []float64{0, 1e-12, 1e-9, 1e-6} {
		firm := g
		if share > 0 {
			firm = mat.NewSymDense(n, nil)
			firm.CopySym(g)
			for i := range n {
				firm.SetSym(i, i, g.At(i, i)+share*top)
			}
		}
		var chol mat.Cholesky
		if chol.Factorize(firm) && chol.SolveVecTo(x, b) == nil {
			return true
		}
	}
	return false
}

// advance moves the support by the best of the steps t·by, 0 < t ≤ 1, at which a sign changes, or t = 1.
// The objective without the sign changes falls by slope·t - bend·t²/2. It tells whether a coefficient
// became 0.
func (d *descent) advance(theta []float64, support []int, by []float64, slope, bend float64) (dropped bool) {
	value := func(t float64) float64 {
		v := bend*t*t/2 - slope*t
		for a, j := range support {
			// What the sign change of this coordinate costs beyond the linear continuation.
			if to := theta[j] + t*by[a]; d.l1[j] > 0 && to*theta[j] < 0 {
				v += 2 * d.l1[j] * math.Abs(to)
			}
		}
		return v
	}
	best, zero, low := 1.0, -1, value(1)
	for a, j := range support {
		if t := -theta[j] / by[a]; d.l1[j] > 0 && t > 0 && t < 1 {
			if v := value(t); v < low {
				best, zero, low = t, j, v
			}
		}
	}
	if !(low < 0) {
		return false
	}
	for a, j := range support {
		theta[j] += float64(best * by[a])
	}
	if zero >= 0 {
		theta[zero] = 0
	}
	return zero >= 0
}

// violation is the largest distance of a coordinate's subgradient from 0.
func (d *descent) violation(theta []float64) float64 {
	worst := 0.0
	for j, t := range theta {
		if d.skip[j] {
			continue
		}
		g := d.row[j] - float64(d.l2[j]*t)
		switch {
		case t > 0:
			g -= d.l1[j]
		case t < 0:
			g += d.l1[j]
		default:
			g = shrink(g, d.l1[j])
		}
		worst = max(worst, math.Abs(g))
	}
	return worst
}

// gap is the duality gap of a problem with squared loss whose target has the mean square yy; run
// must have been called. It is scikit-learn's, divided by W.
func (d *descent) gap(theta []float64, yy float64) float64 {
	fit, l1, l2, c := 0.0, 0.0, 0.0, 1.0
	for j, t := range theta {
		if d.skip[j] {
			continue
		}
		fit += float64((d.q[j] - d.row[j]) * t) // θᵀHθ
		l1 += float64(d.l1[j] * math.Abs(t))
		l2 += float64(d.l2[j]*t) * t
		if g := math.Abs(d.row[j] - float64(d.l2[j]*t)); g > d.l1[j] {
			c = min(c, d.l1[j]/g)
		}
	}
	qt := floats.Dot(d.q, theta)
	a := max(0, yy-2*qt+fit) + l2
	return max(0, a/2+l1-c*(yy-qt)+c*c*a/2)
}
