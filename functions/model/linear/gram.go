package linear

import (
	"context"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/eiderdb/eider/functions/model"
)

// gram is the second moments of standardised features and target, divided by W: enough for every
// model with squared loss.
type gram struct {
	g  *mat.SymDense // k×k; nil where there is no feature
	q  []float64     // features with the target
	yy float64       // target with itself
	// offset are the means of z that rounding left, offsetY that of the target; 0 without an intercept.
	offset  []float64
	offsetY float64
}

// target is y standardised: (y - mean)·inv.
type target struct{ mean, inv, deviation float64 }

func (t target) fill(out, y []float64) {
	for i, v := range y {
		out[i] = (v - t.mean) * t.inv
	}
}

// moments2 reads the rows once. The sums are those of z and y's standard form; where there is an
// intercept they are then centred exactly, by the column of ones.
func (v *view) moments2(ctx context.Context, t target) (*gram, error) {
	k, p := len(v.x), v.params()
	blocks := v.scratch()
	type more struct{ y, weighted []float64 }
	extra := make([]more, v.threads)
	for i := range extra {
		extra[i] = more{make([]float64, model.BlockRows), make([]float64, model.BlockRows)}
	}
	size := p*(p+1)/2 + p + 1 // lower triangle by rows, then the target's row
	sums, err := model.SumBlocks(ctx, v.rows, size, v.threads, func(worker int, sum []float64, from, to int) {
		b, e, n := &blocks[worker], extra[worker], to-from
		v.fill(b, from, to)
		y := e.y[:n]
		t.fill(y, v.y[from:to])
		at := 0
		for a := range p {
			left := b.z[a][:n]
			if v.w != nil {
				left = floats.MulTo(e.weighted[:n], left, v.w[from:to])
			}
			for c := 0; c <= a; c++ {
				sum[at] += floats.Dot(left, b.z[c][:n])
				at++
			}
			sum[p*(p+1)/2+a] += floats.Dot(left, y)
		}
		left := y
		if v.w != nil {
			left = floats.MulTo(e.weighted[:n], y, v.w[from:to])
		}
		sum[size-1] += floats.Dot(left, y)
	})
	if err != nil {
		return nil, err
	}
	floats.Scale(1/v.total, sums)
	return v.centre(sums, k, p), nil
}

func (v *view) centre(sums []float64, k, p int) *gram {
	m := &gram{q: make([]float64, k), offset: make([]float64, k)}
	ones, targets := sums[(p-1)*p/2:], sums[p*(p+1)/2:]
	m.yy = targets[p]
	if v.centred {
		copy(m.offset, ones[:k])
		m.offsetY = targets[k]
		m.yy -= float64(m.offsetY * m.offsetY)
	}
	if k > 0 {
		m.g = mat.NewSymDense(k, nil)
	}
	at := 0
	for a := range k {
		for c := 0; c <= a; c++ {
			m.g.SetSym(a, c, sums[at]-float64(m.offset[a]*m.offset[c]))
			at++
		}
		m.q[a] = targets[a] - float64(m.offset[a]*m.offsetY)
	}
	return m
}
