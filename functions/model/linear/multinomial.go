package linear

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"

	"github.com/eiderdb/eider/functions/model"
)

// multinomial is the mean loss of the softmax of one score a class. Parameters are class by
// class, each class's like those of a single score.
type multinomial struct {
	v       *view
	classes int
	prior   []float64 // share of each class
	blocks  []block
	rows    []classScratch
	// pinned are the directions that change no probability, one a column of z: adding the same to
	// every class's parameter. The Hessian gets a curvature there where no penalty gives one.
	pinned []bool
}

type classScratch struct {
	p                [][]float64 // scores, then probabilities
	residual, weight []float64
	weighted         []float64
}

func newMultinomial(v *view, classes int, prior []float64, pinned []bool) *multinomial {
	m := &multinomial{v: v, classes: classes, prior: prior, blocks: v.scratch(), rows: make([]classScratch, v.threads), pinned: pinned}
	for t := range m.rows {
		s := &m.rows[t]
		s.p = make([][]float64, classes)
		for c := range s.p {
			s.p[c] = make([]float64, model.BlockRows)
		}
		s.residual, s.weight, s.weighted = make([]float64, model.BlockRows), make([]float64, model.BlockRows), make([]float64, model.BlockRows)
	}
	return m
}

func (m *multinomial) size() int { return m.classes * m.v.params() }

func (m *multinomial) start() []float64 {
	theta, p := make([]float64, m.size()), m.v.params()
	if m.v.centred {
		mean := 0.0
		for _, share := range m.prior {
			mean += math.Log(share) / float64(m.classes)
		}
		for c, share := range m.prior {
			theta[(c+1)*p-1] = math.Log(share) - mean
		}
	}
	return theta
}

func (m *multinomial) at(ctx context.Context, theta []float64, hess bool) (*state, error) {
	p, size := m.v.params(), m.size()
	pairs, one := m.classes*(m.classes+1)/2, p*(p+1)/2
	width := 1 + size
	if hess {
		width += pairs * one
	}
	sums, err := model.SumBlocks(ctx, m.v.rows, width, m.v.threads, func(worker int, sum []float64, from, to int) {
		b, r := &m.blocks[worker], &m.rows[worker]
		m.v.fill(b, from, to)
		var w []float64
		if m.v.w != nil {
			w = m.v.w[from:to]
		}
		sum[0] += m.softmax(b, r, theta, m.v.y[from:to], w)
		m.gradient(sum[1:1+size], b, r, m.v.y[from:to], w)
		if hess {
			m.curvature(sum[1+size:], b, r, w, to-from)
		}
	})
	if err != nil {
		return nil, err
	}
	floats.Scale(1/m.v.total, sums)
	out := &state{loss: sums[0], value: sums[0], grad: sums[1 : 1+size : 1+size]}
	if hess {
		out.hess = m.spread(sums[1+size:])
	}
	return out, nil
}

// softmax turns a block's rows into probabilities and returns their loss.
func (m *multinomial) softmax(b *block, r *classScratch, theta, y, w []float64) (loss float64) {
	n, p := len(y), m.v.params()
	top := r.residual[:n]
	for c := range r.p {
		s := r.p[c][:n]
		scores(s, b.z, theta[c*p:(c+1)*p])
		if c == 0 {
			copy(top, s)
			continue
		}
		for i, v := range s {
			if v > top[i] {
				top[i] = v
			}
		}
	}
	total := r.weight[:n]
	clear(total)
	for i, class := range y {
		l := top[i] - r.p[int(class)][i]
		if w != nil {
			l *= w[i]
		}
		loss += l
	}
	for c := range r.p {
		s := r.p[c][:n]
		floats.Sub(s, top)
		expBlock(s)
		floats.Add(total, s)
	}
	for i, t := range total {
		l := math.Log(t)
		if w != nil {
			l *= w[i]
		}
		loss += l
	}
	for c := range r.p {
		floats.Div(r.p[c][:n], total)
	}
	return loss
}

func (m *multinomial) gradient(sum []float64, b *block, r *classScratch, y, w []float64) {
	n, p := len(y), m.v.params()
	for c := range r.p {
		residual := r.residual[:n]
		copy(residual, r.p[c])
		for i, class := range y {
			if int(class) == c {
				residual[i]--
			}
		}
		if w != nil {
			floats.Mul(residual, w)
		}
		for j := range p {
			sum[c*p+j] += floats.Dot(residual, b.z[j][:n])
		}
	}
}

// curvature adds the blocks Σ wᵢ pᵢ꜀(δ - pᵢ_d) zᵢzᵢᵀ for d ≤ c, each a lower triangle.
func (m *multinomial) curvature(sum []float64, b *block, r *classScratch, w []float64, n int) {
	one := m.v.params() * (m.v.params() + 1) / 2
	at := 0
	for c := range r.p {
		for d := 0; d <= c; d++ {
			weight, pc, pd := r.weight[:n], r.p[c][:n], r.p[d][:n]
			for i := range weight {
				if c == d {
					weight[i] = pc[i] * (1 - pc[i])
				} else {
					weight[i] = -pc[i] * pd[i]
				}
			}
			if w != nil {
				floats.Mul(weight, w)
			}
			triangle(sum[at:at+one], b.z, weight, r.weighted[:n])
			at += one
		}
	}
}

// spread writes the class pairs' triangles as one lower triangle, and pins the directions in which
// the loss is flat.
func (m *multinomial) spread(pairs []float64) []float64 {
	p, size := m.v.params(), m.size()
	one := p * (p + 1) / 2
	out := make([]float64, size*(size+1)/2)
	for c := range m.classes {
		for d := 0; d <= c; d++ {
			block := pairs[(c*(c+1)/2+d)*one:]
			for a := range p {
				row := (c*p + a) * (c*p + a + 1) / 2
				for e := range p {
					if c == d && e > a {
						break
					}
					v := block[max(a, e)*(max(a, e)+1)/2+min(a, e)]
					if a == e && m.pinned[a] {
						v += 1 / float64(m.classes*m.classes)
					}
					out[row+d*p+e] = v
				}
			}
		}
	}
	return out
}
