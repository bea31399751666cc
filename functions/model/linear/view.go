package linear

import (
	"context"
	"math"

	"github.com/eiderdb/eider/functions/model"
)

// view is the training data with standardised features z = (x - mean)·inv. Nothing is
// copied: columns of z are computed block by block into scratch.
type view struct {
	x       [][]float64
	y, w    []float64 // w is nil where every row counts 1
	rows    int
	threads int
	total   float64 // of the weights
	// centred tells that there is an intercept: mean is the weighted mean, deviation the standard
	// deviation. Otherwise mean is 0 and deviation the root of the mean square.
	centred bool
	mean    []float64
	inv     []float64 // 1/deviation; 0 for a column without variation, which thereby drops out
	// average and spread are the features' weighted means and standard deviations, whatever centred is.
	average, spread []float64
}

// survey reads the data twice: ranges, then moments about a value inside each range.
func survey(ctx context.Context, in model.Input, centred bool, threads int) (*view, error) {
	v := &view{x: in.X.Cols, y: in.Y, w: in.Weight, rows: in.X.Rows, threads: threads, total: float64(in.X.Rows), centred: centred}
	if v.w != nil {
		sum, err := model.SumBlocks(ctx, v.rows, 1, threads, func(_ int, sum []float64, from, to int) {
			for _, w := range v.w[from:to] {
				sum[0] += w
			}
		})
		if err != nil {
			return nil, err
		}
		v.total = sum[0]
	}
	average, spread, err := v.moments(ctx, v.x)
	if err != nil {
		return nil, err
	}
	v.average, v.spread = average, spread
	v.mean, v.inv = make([]float64, len(v.x)), make([]float64, len(v.x))
	for j := range v.x {
		d := spread[j]
		if centred {
			v.mean[j] = average[j]
		} else {
			d = math.Hypot(average[j], spread[j])
		}
		if inv := 1 / d; d > 0 && !math.IsInf(inv, 0) {
			v.inv[j] = inv
		}
	}
	return v, nil
}

// moments returns the weighted means and standard deviations (divided by W) of columns.
// A column of one value has that mean and a deviation of 0, exactly.
func (v *view) moments(ctx context.Context, cols [][]float64) (mean, deviation []float64, err error) {
	k := len(cols)
	mean, deviation = make([]float64, k), make([]float64, k)
	shift, scale := make([]float64, k), make([]float64, k)
	for j, col := range cols {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		low, high := extremes(col)
		// The mean of the first rows is near the mean of all unless the rows are sorted; a power of
		// two brings the largest magnitude near 1, so that squares neither overflow nor vanish.
		shift[j] = low
		if low < high {
			shift[j] = early(col)
			_, e := math.Frexp(max(high-shift[j], shift[j]-low))
			scale[j] = math.Ldexp(1, min(-e, 1023))
		}
	}
	sums, err := model.SumBlocks(ctx, v.rows, 2*k, v.threads, func(_ int, sum []float64, from, to int) {
		for j, col := range cols {
			c, u := shift[j], scale[j]
			if u == 0 {
				continue
			}
			s, q := 0.0, 0.0
			if v.w == nil {
				for _, x := range col[from:to] {
					d := (x - c) * u
					s += d
					q += float64(d * d)
				}
			} else {
				w := v.w[from:to]
				for i, x := range col[from:to] {
					d := (x - c) * u
					s += float64(w[i] * d)
					q += float64(float64(w[i]*d) * d)
				}
			}
			sum[2*j] += s
			sum[2*j+1] += q
		}
	})
	if err != nil {
		return nil, nil, err
	}
	for j := range cols {
		mean[j] = shift[j]
		if scale[j] == 0 {
			continue
		}
		m := sums[2*j] / v.total
		mean[j] += m / scale[j]
		deviation[j] = math.Sqrt(max(0, sums[2*j+1]/v.total-float64(m*m))) / scale[j]
	}
	return mean, deviation, nil
}

func extremes(col []float64) (low, high float64) {
	low, high = col[0], col[0]
	for _, x := range col {
		if x < low {
			low = x
		}
		if x > high {
			high = x
		}
	}
	return low, high
}

// early is the mean of the first block's rows.
func early(col []float64) float64 {
	n := min(len(col), model.BlockRows)
	m := 0.0
	for _, x := range col[:n] {
		m += x / float64(n)
	}
	return m
}

// block is one goroutine's scratch memory for a block of standardised rows.
type block struct {
	z       [][]float64 // one slice of BlockRows numbers a column; the last is all ones where there is an intercept
	columns int
	flat    []float64
}

// scratch returns a block for each thread. extra columns are added behind the features.
func (v *view) scratch() []block {
	blocks := make([]block, v.threads)
	for t := range blocks {
		b := &blocks[t]
		b.columns = v.params()
		b.flat = make([]float64, b.columns*model.BlockRows)
		b.z = make([][]float64, b.columns)
		for j := range b.z {
			b.z[j] = b.flat[j*model.BlockRows : (j+1)*model.BlockRows]
		}
		if v.centred {
			for i := range b.z[b.columns-1] {
				b.z[b.columns-1][i] = 1
			}
		}
	}
	return blocks
}

// params is the number of z's columns: the features and, with an intercept, a column of ones.
func (v *view) params() int {
	if v.centred {
		return len(v.x) + 1
	}
	return len(v.x)
}

// fill computes the features' z of rows from ≤ i < to.
func (v *view) fill(b *block, from, to int) {
	for j, col := range v.x {
		m, inv := v.mean[j], v.inv[j]
		z := b.z[j][:to-from]
		for i, x := range col[from:to] {
			z[i] = (x - m) * inv
		}
	}
}

// raw brings θ of z, features first, then the intercept where there is one, to x's units.
func (v *view) raw(theta []float64) (intercept float64, coef []float64) {
	coef = make([]float64, len(v.x))
	if v.centred {
		intercept = theta[len(v.x)]
	}
	for j := range coef {
		coef[j] = theta[j] * v.inv[j]
		intercept -= float64(coef[j] * v.mean[j])
	}
	return intercept, coef
}
