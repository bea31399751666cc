package linear

import (
	"fmt"
	"math"

	"github.com/eiderdb/eider/functions/model"
)

// predictor scores with an estimator. A feature that is NaN makes its row's outputs NaN.
type predictor struct{ estimator }

var (
	_ model.Predictor   = (*predictor)(nil)
	_ model.Explainer   = (*predictor)(nil)
	_ model.Importancer = (*predictor)(nil)
	_ model.SQLWriter   = (*predictor)(nil)
)

// Features implements model.Predictor.
func (p *predictor) Features() int { return len(p.mean) }

// Outputs implements model.Predictor.
func (p *predictor) Outputs() int { return len(p.coef) }

// chunk is how many rows are scored at a time: the result stays in the first cache.
const chunk = 512

// Margin implements model.Predictor. The terms are added from left to right: the intercept, then
// the features in order, as the SQL text adds them.
func (p *predictor) Margin(x [][]float64, n int, out [][]float64) error {
	if err := p.shapes(x, len(out)); err != nil {
		return err
	}
	for from := 0; from < n; from += chunk {
		to := min(from+chunk, n)
		for o, coef := range p.coef {
			margin(out[o][from:to], p.intercept[o], coef, x, from)
		}
	}
	return nil
}

func margin(out []float64, intercept float64, coef []float64, x [][]float64, from int) {
	n := len(out)
	for i := range out {
		out[i] = intercept
	}
	j := 0
	for ; j+4 <= len(coef); j += 4 {
		a, b, c, d := x[j][from:from+n], x[j+1][from:from+n], x[j+2][from:from+n], x[j+3][from:from+n]
		ka, kb, kc, kd := coef[j], coef[j+1], coef[j+2], coef[j+3]
		b, c, d = b[:len(a)], c[:len(a)], d[:len(a)]
		for i := range a {
			out[i] = out[i] + float64(ka*a[i]) + float64(kb*b[i]) + float64(kc*c[i]) + float64(kd*d[i])
		}
	}
	for ; j < len(coef); j++ {
		k := coef[j]
		for i, v := range x[j][from : from+n] {
			out[i] += float64(k * v)
		}
	}
}

// Predict implements model.Predictor.
func (p *predictor) Predict(x [][]float64, n int, out [][]float64) error {
	if err := p.shapes(x, len(out)); err != nil {
		return err
	}
	for from := 0; from < n; from += chunk {
		to := min(from+chunk, n)
		for o, coef := range p.coef {
			margin(out[o][from:to], p.intercept[o], coef, x, from)
		}
		p.inverseLink(out, from, to)
	}
	return nil
}

func (p *predictor) shapes(x [][]float64, outputs int) error {
	if len(x) != len(p.mean) || outputs != len(p.coef) {
		return fmt.Errorf("linear: the model has %d features and %d outputs, not %d and %d", len(p.mean), len(p.coef), len(x), outputs)
	}
	return nil
}

// inverseLink turns margins of rows from ≤ i < to into predictions.
func (p *predictor) inverseLink(out [][]float64, from, to int) {
	switch p.link {
	case linkLogit:
		s := out[0][from:to]
		for i := range s {
			s[i] = -s[i]
		}
		expBlock(s)
		for i, e := range s {
			s[i] = 1 / (1 + e)
		}
	case linkLog:
		expBlock(out[0][from:to])
	case linkSoftmax:
		var tops, totals [chunk]float64
		top, total := tops[:to-from], totals[:to-from]
		copy(top, out[0][from:to])
		for _, s := range out[1:] {
			for i, v := range s[from:to] {
				// A NaN in one class is a NaN in all that have training rows.
				if v > top[i] || math.IsNaN(v) {
					top[i] = v
				}
			}
		}
		for _, s := range out {
			s = s[from:to]
			for i, v := range s {
				s[i] = v - top[i]
			}
			expBlock(s)
			for i, v := range s {
				total[i] += v
			}
		}
		for _, s := range out {
			for i, t := range total {
				s[from+i] /= t
			}
		}
	}
}

// Contributions implements model.Explainer: a feature adds its coefficient times what it is above
// its mean in training; the base value is the margin at the means.
func (p *predictor) Contributions(x [][]float64, n int, out [][][]float64) error {
	if err := p.shapes(x, len(out)); err != nil {
		return err
	}
	for o, coef := range p.coef {
		base := p.intercept[o]
		for j, k := range coef {
			m := p.mean[j]
			base += float64(k * m)
			to := out[o][j]
			for i, v := range x[j][:n] {
				to[i] = k * (v - m)
			}
		}
		to := out[o][len(coef)][:n]
		for i := range to {
			to[i] = base
		}
	}
	return nil
}

// Method implements model.Explainer.
func (p *predictor) Method() string { return "linear terms" }

// Importance implements model.Importancer.
func (p *predictor) Importance() ([]float64, string) {
	out := make([]float64, len(p.mean))
	for _, coef := range p.coef {
		for j, k := range coef {
			out[j] += math.Abs(k) * p.spread[j] / float64(len(p.coef))
		}
	}
	if len(p.coef) > 1 {
		return out, "mean over the classes of |coefficient| × standard deviation"
	}
	return out, "|coefficient| × standard deviation"
}
