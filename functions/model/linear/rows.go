package linear

import (
	"context"
	"math"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// factorRows is the triangular factor R of the active standardised columns, divided by √W and
// centred, with z = Qᵀy. Blocks of rows are stacked under the factor so far and factored again
// ("tall skinny QR"), in order: it takes memory for one block only, and R's condition is the
// columns' own where that of their moments is its square.
func (v *view) factorRows(ctx context.Context, t target, active []int) (*mat.Dense, []float64, error) {
	k := len(active)
	p := k + 1 // the target is the last column, the ones the first where there is an intercept
	first := 0
	if v.centred {
		first = 1
		p++
	}
	height := max(model.BlockRows, p)
	a := blas64.General{Rows: p + height, Cols: p, Stride: p, Data: make([]float64, (p+height)*p)}
	tau := make([]float64, p)
	query := make([]float64, 1)
	lapack64.Geqrf(a, tau, query, -1)
	work := make([]float64, int(query[0]))
	root := 1 / math.Sqrt(v.total)
	for from := 0; from < v.rows; from += height {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		to := min(from+height, v.rows)
		for i := from; i < to; i++ {
			row := a.Data[(p+i-from)*p : (p+i-from+1)*p]
			w := root
			if v.w != nil {
				w *= math.Sqrt(v.w[i])
			}
			if first == 1 {
				row[0] = w
			}
			for c, j := range active {
				row[first+c] = (v.x[j][i] - v.mean[j]) * v.inv[j] * w
			}
			row[p-1] = (v.y[i] - t.mean) * t.inv * w
		}
		clear(a.Data[(p+to-from)*p:])
		lapack64.Geqrf(a, tau, work, len(work))
		for i := range p { // below the diagonal Geqrf keeps its reflectors
			clear(a.Data[i*p : i*p+i])
		}
	}
	r := mat.NewDense(k, k, nil)
	z := make([]float64, k)
	for i := range k {
		row := a.Data[(first+i)*p : (first+i+1)*p]
		for c := i; c < k; c++ {
			r.Set(i, c, row[first+c])
		}
		z[i] = row[p-1]
	}
	return r, z, nil
}

// solveFactored minimises ‖Rθ - z‖² + ‖penalty∘θ‖². Where R has less than full rank and there is no
// penalty, it is the minimum whose θ∘inv, the coefficients in the features' own units, is smallest.
func solveFactored(r *mat.Dense, z, penalty, inv []float64, rows int) (theta []float64, rank int, err error) {
	k := len(z)
	stacked, right := r, mat.NewVecDense(k, z)
	if penalised(penalty) {
		stacked, right = mat.NewDense(2*k, k, nil), mat.NewVecDense(2*k, nil)
		for i := range k {
			for j := range k {
				stacked.Set(i, j, r.At(i, j))
			}
			stacked.Set(k+i, i, penalty[i])
			right.SetVec(i, z[i])
		}
	}
	var svd mat.SVD
	if !svd.Factorize(stacked, mat.SVDThin) {
		return nil, 0, sqlstate.New(sqlstate.NumericValueOutOfRange, "the singular values of the features didn't converge")
	}
	values := svd.Values(nil)
	for rank < k && values[rank] > values[0]*0x1p-52*float64(rows) {
		rank++
	}
	var u, w mat.Dense
	svd.UTo(&u)
	svd.VTo(&w)
	theta = make([]float64, k)
	for s := range rank {
		c := mat.Dot(u.ColView(s), right) / values[s]
		for j := range k {
			theta[j] += float64(c * w.At(j, s))
		}
	}
	if rank < k {
		smallest(theta, inv, w.Slice(0, k, rank, k))
	}
	return theta, rank, nil
}

func penalised(penalty []float64) bool {
	for _, p := range penalty {
		if p > 0 {
			return true
		}
	}
	return false
}

// smallest moves θ along the columns of null, which change no row's score, to where ‖θ∘inv‖ is smallest.
func smallest(theta, inv []float64, null mat.Matrix) {
	k, d := null.Dims()
	n, b := mat.NewDense(k, d, nil), mat.NewDense(k, 1, nil)
	top := 0.0
	for _, v := range inv {
		top = max(top, v)
	}
	for i := range k {
		for j := range d {
			n.Set(i, j, null.At(i, j)*(inv[i]/top))
		}
		b.Set(i, 0, theta[i]*(inv[i]/top))
	}
	var qr mat.QR
	qr.Factorize(n)
	var step mat.Dense
	if err := qr.SolveTo(&step, false, b); err != nil {
		return // inv so uneven that the directions coincide: θ stays a minimum
	}
	for i := range k {
		for j := range d {
			theta[i] -= float64(null.At(i, j) * step.At(j, 0))
		}
	}
}
