package cluster

import (
	"fmt"
	"math"

	"github.com/eiderdb/eider/functions/model"
)

// predictor finds the nearest centre; the first where several are. A feature that is NaN makes
// its row's outputs NaN.
type predictor struct{ estimator }

var _ model.Predictor = (*predictor)(nil)

// Features implements model.Predictor.
func (p *predictor) Features() int { return p.features }

// Outputs implements model.Predictor.
func (p *predictor) Outputs() int { return 1 }

// Predict implements model.Predictor: the cluster's number, from 0.
func (p *predictor) Predict(x [][]float64, n int, out [][]float64) error {
	return p.nearest(x, n, out, true)
}

// Margin implements model.Predictor: the squared distance to the nearest centre, +Inf where it is
// beyond the largest number.
func (p *predictor) Margin(x [][]float64, n int, out [][]float64) error {
	return p.nearest(x, n, out, false)
}

func (p *predictor) nearest(x [][]float64, n int, out [][]float64, number bool) error {
	if len(x) != p.features || len(out) != 1 {
		return fmt.Errorf("cluster: the model has %d features and 1 output, not %d and %d", p.features, len(x), len(out))
	}
	var bests, labels [model.BlockRows]float64
	for from := 0; from < n; from += model.BlockRows {
		to := min(from+model.BlockRows, n)
		best, label, d := bests[:to-from], labels[:to-from], out[0][from:to]
		for c, centre := range p.centres {
			p.distances(d, x, from, centre)
			if c == 0 {
				copy(best, d)
				clear(label)
				continue
			}
			for i, v := range d {
				if v < best[i] {
					best[i], label[i] = v, float64(c)
				}
			}
		}
		for i, v := range best {
			switch {
			case number && !math.IsNaN(v):
				v = label[i]
			default:
				v = v / p.scale / p.scale
			}
			d[i] = v
		}
	}
	return nil
}

// distances fills out with the squared distances, in scaled units, of rows from on to a centre: bit
// for bit those of training.
func (p *predictor) distances(out []float64, x [][]float64, from int, centre []float64) {
	n, s := len(out), p.scale
	clear(out)
	j := 0
	for ; j+4 <= len(centre); j += 4 {
		a, b, c, d := x[j][from:from+n], x[j+1][from:from+n], x[j+2][from:from+n], x[j+3][from:from+n]
		ca, cb, cc, cd := centre[j], centre[j+1], centre[j+2], centre[j+3]
		for i := range out {
			u, v, w, z := float64(a[i]*s)-ca, float64(b[i]*s)-cb, float64(c[i]*s)-cc, float64(d[i]*s)-cd
			out[i] += (float64(u*u) + float64(v*v)) + (float64(w*w) + float64(z*z))
		}
	}
	for ; j < len(centre); j++ {
		c := centre[j]
		for i, v := range x[j][from : from+n] {
			v = float64(v*s) - c
			out[i] += float64(v * v)
		}
	}
}
