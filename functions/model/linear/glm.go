package linear

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"

	"github.com/eiderdb/eider/functions/model"
)

// state is an objective at a point: the mean loss with the L2 penalty, its gradient, and if asked
// for the Hessian's lower triangle by rows, all in z's units.
type state struct {
	loss, value float64 // without and with the L2 penalty
	grad        []float64
	hess        []float64
}

// objective is what newton and lbfgs minimise.
type objective interface {
	// size is the number of parameters.
	size() int
	// at evaluates; hess says whether the Hessian is wanted.
	at(ctx context.Context, theta []float64, hess bool) (*state, error)
	// start is the best point without features.
	start() []float64
}

// single is the mean loss of a model with one score a row.
type single struct {
	v      *view
	blocks []block
	rows   []rowScratch
	null   float64 // the intercept of the model without features
	link   func(eta, y, w, residual, curvature []float64) (loss float64)
}

type rowScratch struct{ eta, residual, curvature, weighted []float64 }

func newSingle(v *view, null float64, link func(eta, y, w, residual, curvature []float64) float64) *single {
	s := &single{v: v, blocks: v.scratch(), rows: make([]rowScratch, v.threads), null: null, link: link}
	for t := range s.rows {
		flat := make([]float64, 4*model.BlockRows)
		s.rows[t] = rowScratch{flat[:model.BlockRows], flat[model.BlockRows : 2*model.BlockRows], flat[2*model.BlockRows : 3*model.BlockRows], flat[3*model.BlockRows:]}
	}
	return s
}

func (s *single) size() int { return s.v.params() }

func (s *single) start() []float64 {
	theta := make([]float64, s.size())
	if s.v.centred {
		theta[len(theta)-1] = s.null
	}
	return theta
}

func (s *single) at(ctx context.Context, theta []float64, hess bool) (*state, error) {
	p := len(theta)
	size := 1 + p
	if hess {
		size += p * (p + 1) / 2
	}
	sums, err := model.SumBlocks(ctx, s.v.rows, size, s.v.threads, func(worker int, sum []float64, from, to int) {
		b, r, n := &s.blocks[worker], &s.rows[worker], to-from
		s.v.fill(b, from, to)
		eta, residual, curvature := r.eta[:n], r.residual[:n], r.curvature[:n]
		scores(eta, b.z, theta)
		var w []float64
		if s.v.w != nil {
			w = s.v.w[from:to]
		}
		sum[0] += s.link(eta, s.v.y[from:to], w, residual, curvature)
		for j := range p {
			sum[1+j] += floats.Dot(residual, b.z[j][:n])
		}
		if !hess {
			return
		}
		triangle(sum[1+p:], b.z[:p], curvature, r.weighted[:n])
	})
	if err != nil {
		return nil, err
	}
	floats.Scale(1/s.v.total, sums)
	out := &state{loss: sums[0], value: sums[0], grad: sums[1 : 1+p : 1+p]}
	if hess {
		out.hess = sums[1+p:]
	}
	return out, nil
}

// triangle adds Σ cᵢ zᵢₐ zᵢ_b for b ≤ a to sum.
func triangle(sum []float64, z [][]float64, c, scratch []float64) {
	at, n := 0, len(c)
	for a := range z {
		left := floats.MulTo(scratch, z[a][:n], c)
		for b := 0; b <= a; b++ {
			sum[at] += floats.Dot(left, z[b][:n])
			at++
		}
	}
}

// scores fills eta with zθ, four columns at a time.
func scores(eta []float64, z [][]float64, theta []float64) {
	n := len(eta)
	clear(eta)
	j := 0
	for ; j+4 <= len(theta); j += 4 {
		a, b, c, d := z[j][:n], z[j+1][:n], z[j+2][:n], z[j+3][:n]
		ta, tb, tc, td := theta[j], theta[j+1], theta[j+2], theta[j+3]
		for i := range eta {
			eta[i] += (float64(ta*a[i]) + float64(tb*b[i])) + (float64(tc*c[i]) + float64(td*d[i]))
		}
	}
	for ; j < len(theta); j++ {
		floats.AddScaled(eta, theta[j], z[j][:n])
	}
}

// logistic is log(1+e^η) - yη with its derivatives by η; eta is overwritten.
func logistic(eta, y, w, residual, curvature []float64) (loss float64) {
	n := len(eta)
	y, residual, curvature = y[:n], residual[:n], curvature[:n]
	for i, v := range eta {
		// residual holds the sign for the moment, so that the exponentials run in one loop.
		residual[i] = v
		eta[i] = -math.Abs(v)
	}
	expBlock(eta)
	product := 1.0 // of 1+e^-|η|, at most 2²⁵⁶: one logarithm a block
	for i, e := range eta {
		v := residual[i]
		inverse := 1 / (1 + e)
		p, other := inverse, e*inverse
		if v < 0 {
			p, other = other, p
		}
		curvature[i] = p * other
		if y[i] != 0 {
			residual[i] = -other
			v = -v
		} else {
			residual[i] = p
		}
		// log(1+e^v) = log(1+e^-|v|) + max(v, 0)
		v = max(v, 0)
		if w == nil {
			product *= 1 + e
			loss += v
			continue
		}
		loss += w[i] * (v + math.Log1p(e))
		residual[i] *= w[i]
		curvature[i] *= w[i]
	}
	return loss + math.Log(product)
}

// poisson is e^η - yη with its derivatives.
func poisson(eta, y, w, residual, curvature []float64) (loss float64) {
	n := len(eta)
	y, residual, curvature = y[:n], residual[:n], curvature[:n]
	copy(curvature, eta)
	expBlock(curvature)
	for i, mu := range curvature {
		l, r := mu-float64(y[i]*eta[i]), mu-y[i]
		if w != nil {
			l *= w[i]
			r *= w[i]
			curvature[i] = mu * w[i]
		}
		loss += l
		residual[i] = r
	}
	return loss
}

// penalised2 adds ½Σ l2ⱼθⱼ² to an objective.
type penalised2 struct {
	objective
	l2 []float64
}

func (o penalised2) at(ctx context.Context, theta []float64, hess bool) (*state, error) {
	s, err := o.objective.at(ctx, theta, hess)
	if err != nil {
		return nil, err
	}
	diagonal := 0
	for j, t := range theta {
		s.value += float64(o.l2[j]*t) * t / 2
		s.grad[j] += float64(o.l2[j] * t)
		if hess {
			s.hess[diagonal] += o.l2[j]
			diagonal += j + 2
		}
	}
	return s, nil
}
