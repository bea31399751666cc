package linear

import (
	"context"
	"math"
	"strconv"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// fitter learns from checked input.
type fitter func(ctx context.Context, job *model.Job, in model.Input, s settings) (*solution, error)

// solution is a trained model before it is written.
type solution struct {
	estimator
	converged  bool
	iterations int
	notes      map[string]any
}

func train(ctx context.Context, algorithm string, job *model.Job, s settings, fit fitter) (*model.Fitted, error) {
	in, err := checkInput(job.Train, job.Task)
	if err != nil {
		return nil, err
	}
	copied := *job
	copied.Threads = max(1, job.Threads)
	out, err := fit(ctx, &copied, in, s)
	if err != nil {
		return nil, err
	}
	if err := out.check(); err != nil {
		return nil, sqlstate.Newf(sqlstate.NumericValueOutOfRange, "the coefficients of %s are too large: %w", algorithm, err).WithHint("Bring the features or the target to smaller units.")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	progress(job, 1)
	out.notes["converged"] = out.converged
	if out.iterations > 0 {
		out.notes["iterations"] = out.iterations
	}
	return &model.Fitted{Blob: out.encode(), Rounds: out.iterations, Notes: out.notes}, nil
}

func progress(job *model.Job, fraction float64) {
	if job.Progress != nil {
		job.Progress(fraction)
	}
}

// set writes one output's parameters in the features' units, without negative zeros.
func (s *solution) set(v *view, theta []float64) {
	s.mean, s.spread = v.average, v.spread
	intercept, coef := v.raw(theta)
	intercept += 0
	for _, values := range [][]float64{coef, s.mean} {
		for i := range values {
			values[i] += 0
		}
	}
	s.intercept, s.coef = append(s.intercept, intercept), append(s.coef, coef)
}

// newtonParams is the most parameters for which a Hessian is built, where there is another way.
const newtonParams = 512

// maxL1Params is the most parameters for an L1 penalty, which needs the Hessian.
const maxL1Params = 4000

func fitPoisson(ctx context.Context, job *model.Job, in model.Input, s settings) (*solution, error) {
	positive := false
	for _, y := range in.Y {
		if y < 0 {
			return nil, invalid("the target of a Poisson regression can't be negative, and %g is", y)
		}
		positive = positive || y > 0
	}
	if !positive {
		return nil, invalid("the target is 0 in every row: a Poisson regression has nothing to learn")
	}
	v, err := survey(ctx, in, s.intercept, job.Threads)
	if err != nil {
		return nil, err
	}
	mean, _, err := v.moments(ctx, [][]float64{v.y})
	if err != nil {
		return nil, err
	}
	return fitOne(ctx, job, in, v, s, math.Log(mean[0]), poisson, linkLog)
}

func fitLogistic(ctx context.Context, job *model.Job, in model.Input, s settings) (*solution, error) {
	share := make([]float64, in.Classes)
	total := 0.0
	for i, y := range in.Y {
		w := 1.0
		if in.Weight != nil {
			w = in.Weight[i]
		}
		share[int(y)] += w
		total += w
	}
	var present []int
	for c := range share {
		if share[c] > 0 {
			present = append(present, c)
		}
		share[c] /= total
	}
	if len(present) < 2 {
		only := "the only class"
		if len(present) == 1 {
			only = "class " + strconv.Itoa(present[0])
		}
		return nil, invalid("every row has the same class (%s): a classifier needs two", only)
	}
	v, err := survey(ctx, in, s.intercept, job.Threads)
	if err != nil {
		return nil, err
	}
	if in.Classes == 2 {
		return fitOne(ctx, job, in, v, s, math.Log(share[1]/share[0]), logistic, linkLogit)
	}
	return fitClasses(ctx, job, in, v, s, present, share)
}

// fitOne trains a model with one score a row.
func fitOne(ctx context.Context, job *model.Job, in model.Input, v *view, s settings, null float64, link func(eta, y, w, residual, curvature []float64) float64, name byte) (*solution, error) {
	l1, l2 := v.penalties(s)
	build := func(v *view) objective { return newSingle(v, null, link) }
	out, err := solve(ctx, job, in, v, s, build, l1, l2)
	if err != nil {
		return nil, err
	}
	if out.deficient && l2 == nil && l1 == nil {
		if err := v.shorten(ctx, out.theta); err != nil {
			return nil, err
		}
	}
	sol := out.solution(name)
	sol.set(v, out.theta)
	return sol, nil
}

// fitClasses trains one score for each class that is present; the others' probability is 0.
func fitClasses(ctx context.Context, job *model.Job, in model.Input, v *view, s settings, present []int, share []float64) (*solution, error) {
	classes, p := len(present), v.params()
	if classes < in.Classes {
		number := make([]float64, in.Classes)
		for i, c := range present {
			number[c] = float64(i)
		}
		y := make([]float64, len(in.Y))
		for i, c := range in.Y {
			y[i] = number[int(c)]
		}
		in.Y, v.y = y, y
	}
	prior := make([]float64, classes)
	for i, c := range present {
		prior[i] = share[c]
	}
	one1, one2 := v.penalties(s)
	pinned := make([]bool, p)
	for j := range pinned {
		pinned[j] = (one2 == nil || one2[j] == 0) && (one1 == nil || one1[j] == 0)
	}
	build := func(v *view) objective { return newMultinomial(v, classes, prior, pinned) }
	out, err := solve(ctx, job, in, v, s, build, repeat(one1, classes), repeat(one2, classes))
	if err != nil {
		return nil, err
	}
	for j := range p { // of all equivalent parameters those that sum to 0 over the classes
		if one1 != nil && one1[j] > 0 {
			continue
		}
		mean := 0.0
		for c := range classes {
			mean += out.theta[c*p+j] / float64(classes)
		}
		for c := range classes {
			out.theta[c*p+j] -= mean
		}
	}
	sol := out.solution(linkSoftmax)
	next := 0
	for c := range in.Classes {
		if next < classes && present[next] == c {
			theta := out.theta[next*p : (next+1)*p]
			if out.deficient && one1 == nil && one2 == nil {
				if err := v.shorten(ctx, theta); err != nil {
					return nil, err
				}
			}
			sol.set(v, theta)
			next++
			continue
		}
		sol.intercept, sol.coef = append(sol.intercept, math.Inf(-1)), append(sol.coef, make([]float64, len(v.x)))
	}
	return sol, nil
}

func repeat(x []float64, times int) []float64 {
	var out []float64
	for range times {
		out = append(out, x...)
	}
	return out
}

func (o *outcome) solution(link byte) *solution {
	notes := map[string]any{"loss": o.loss, "objective": o.value}
	if o.reason != "" {
		notes["reason"] = o.reason
	}
	return &solution{estimator: estimator{link: link}, converged: o.converged, iterations: o.iterations, notes: notes}
}

// penalties are in z's units, beside the mean loss; nil where there are none. A feature that a
// penalty keeps at 0 anyway drops out.
func (v *view) penalties(s settings) (l1, l2 []float64) {
	a, b := s.l1, s.l2
	if !s.perMean {
		a, b = a/v.total, b/v.total
	}
	if a > 0 {
		l1 = make([]float64, v.params())
	}
	if b > 0 {
		l2 = make([]float64, v.params())
	}
	for j, inv := range v.inv {
		one, two := a*inv, b*inv*inv
		if one > negligible || two > negligible {
			v.inv[j], one, two = 0, 0, 0
		}
		if a > 0 {
			l1[j] = one
		}
		if b > 0 {
			l2[j] = two
		}
	}
	return l1, l2
}

// The rows from which a sample gives the first guess, and the blocks that are in it: a share of
// all, or so many.
const (
	sampleFrom   = 1 << 16
	sampleShare  = 16
	sampleBlocks = 64
)

// solve minimises an objective, first on a sample of the rows where there are many: what the
// sample leaves to do takes few passes over all rows.
func solve(ctx context.Context, job *model.Job, in model.Input, v *view, s settings, build func(*view) objective, l1, l2 []float64) (*outcome, error) {
	f := build(v)
	if l2 != nil {
		f = penalised2{f, l2}
	}
	theta := f.start()
	if l1 != nil && len(theta) > maxL1Params {
		return nil, sqlstate.Newf(sqlstate.ProgramLimitExceeded, "an L1 penalty can have %d parameters at most, not %d", maxL1Params, len(theta)).WithHint("Use penalty = 'l2', or fewer features.")
	}
	m := &minimiser{f: f, l1: l1, tol: s.tol, maxIter: s.maxIter, bounded: l1 != nil || l2 != nil,
		step: func(i int) { progress(job, 0.2+0.75*float64(i)/float64(i+4)) }}
	if v.rows >= sampleFrom && s.maxIter > 1 {
		guess, err := m.guess(ctx, v, build, l2)
		if err != nil {
			return nil, err
		}
		if guess != nil {
			theta = guess
		}
	}
	progress(job, 0.2)
	return m.run(ctx, theta)
}

// guess is the minimum on a sample, in blocks from all over the rows; nil where there is none.
func (m *minimiser) guess(ctx context.Context, v *view, build func(*view) objective, l2 []float64) ([]float64, error) {
	f := build(v.sample())
	if l2 != nil {
		f = penalised2{f, l2}
	}
	small := &minimiser{f: f, l1: m.l1, tol: max(m.tol, 1e-5), maxIter: 50, bounded: m.bounded, step: func(int) {}}
	out, err := small.run(ctx, f.start())
	if err != nil || !out.converged {
		return nil, err
	}
	return out.theta, nil
}

// sample is a view of every n-th block of rows, standardised as all rows are.
func (v *view) sample() *view {
	blocks := v.rows / model.BlockRows
	take := max(sampleBlocks, blocks/sampleShare)
	rows := make([]int32, 0, take*model.BlockRows)
	for i := range take {
		from := i * blocks / take * model.BlockRows
		for r := range model.BlockRows {
			rows = append(rows, int32(from+r))
		}
	}
	out := *v
	out.rows, out.total = len(rows), float64(len(rows))
	out.y, out.w = model.Take(v.y, rows), model.Take(v.w, rows)
	out.x = make([][]float64, len(v.x))
	for j, col := range v.x {
		out.x[j] = model.Take(col, rows)
	}
	if out.w != nil {
		out.total = floats.Sum(out.w)
	}
	return &out
}

// shorten makes the coefficients the shortest of all that score the rows as θ does.
func (v *view) shorten(ctx context.Context, theta []float64) error {
	active := v.active()
	k := len(active)
	if k == 0 {
		return nil
	}
	r, _, err := v.factorRows(ctx, target{}, active)
	if err != nil {
		return err
	}
	inv, part := make([]float64, k), make([]float64, k)
	for a, j := range active {
		inv[a], part[a] = v.inv[j], theta[j]
	}
	var svd mat.SVD
	if !svd.Factorize(r, mat.SVDThin) {
		return nil
	}
	values := svd.Values(nil)
	rank := 0
	for rank < k && values[rank] > values[0]*0x1p-52*float64(max(v.rows, k)) {
		rank++
	}
	if rank == k {
		return nil
	}
	var w mat.Dense
	svd.VTo(&w)
	smallest(part, inv, w.Slice(0, k, rank, k))
	for a, j := range active {
		theta[j] = part[a]
	}
	return nil
}
