package transform

import "math"

func fitYeoJohnson(b *builder, x vector, _ args) ([]output, error) {
	values, err := b.finite(&x)
	if err != nil {
		return nil, err
	}
	v, err := b.add(x, step{Op: opYeoJohnson, A: bestLambda(values)})
	return []output{v}, err
}

// bestLambda maximises the profile log-likelihood of Yeo and Johnson 2000, equation 3.1:
//
//	−n/2 · ln(variance of ψ(λ, x)) + (λ − 1) · Σ sign(x) · ln(1 + |x|)
//
// by Brent's method within a bracket that is widened while the maximum lies at its end. A constant has λ = 1.
func bestLambda(x []float64) float64 {
	n, _, variance := moments(x)
	if n < 2 || variance == 0 {
		return 1
	}
	jacobian := make([]float64, len(x))
	for i, v := range x {
		jacobian[i] = math.Copysign(math.Log1p(math.Abs(v)), v)
	}
	_, mean, _ := moments(jacobian)
	psi := make([]float64, len(x))
	loss := func(lambda float64) float64 {
		for i, v := range x {
			psi[i] = yeoJohnson(v, lambda)
		}
		_, _, variance := moments(psi)
		// A λ that makes all values alike in floating point is no solution.
		if !(variance > 0) || math.IsInf(variance, 0) {
			return math.Inf(1)
		}
		return float64(n)/2*math.Log(variance) - float64((lambda-1)*float64(float64(n)*mean))
	}
	lo, hi := -2.0, 2.0
	for range 6 {
		at := brent(loss, lo, hi)
		edge := 0.01 * (hi - lo)
		switch {
		case at-lo < edge:
			lo, hi = lo-2*(hi-lo), lo+edge*2
		case hi-at < edge:
			lo, hi = hi-edge*2, hi+2*(hi-lo)
		default:
			return at
		}
	}
	return 1
}

// brent finds a minimum of f between lo and hi: Brent, Algorithms for Minimization without Derivatives, 1973, chapter 5
// (golden sections, with parabolas where they help).
func brent(f func(float64) float64, lo, hi float64) float64 {
	const golden, tolerance = 0.3819660112501051, 1.48e-8
	x := lo + golden*(hi-lo)
	w, v := x, x
	fx := f(x)
	fw, fv := fx, fx
	var d, e float64
	for range 200 {
		mid := (lo + hi) / 2
		tol := tolerance*math.Abs(x) + 1e-12
		if math.Abs(x-mid) <= 2*tol-(hi-lo)/2 {
			break
		}
		parabola := false
		if math.Abs(e) > tol {
			r := (x - w) * (fx - fv)
			q := (x - v) * (fx - fw)
			p := (x-v)*q - (x-w)*r
			if q = 2 * (q - r); q > 0 {
				p = -p
			}
			q = math.Abs(q)
			if math.Abs(p) < math.Abs(q*e/2) && p > q*(lo-x) && p < q*(hi-x) {
				parabola = true
				e, d = d, p/q
				if u := x + d; u-lo < 2*tol || hi-u < 2*tol {
					d = math.Copysign(tol, mid-x)
				}
			}
		}
		if !parabola {
			if e = hi - x; x >= mid {
				e = lo - x
			}
			d = golden * e
		}
		u := x + d
		if math.Abs(d) < tol {
			u = x + math.Copysign(tol, d)
		}
		fu := f(u)
		switch {
		case fu <= fx:
			if u >= x {
				lo = x
			} else {
				hi = x
			}
			v, fv, w, fw, x, fx = w, fw, x, fx, u, fu
		default:
			if u < x {
				lo = u
			} else {
				hi = u
			}
			if fu <= fw || w == x {
				v, fv, w, fw = w, fw, u, fu
			} else if fu <= fv || v == x || v == w {
				v, fv = u, fu
			}
		}
	}
	return x
}
