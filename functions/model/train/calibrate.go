package train

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// calibrate fits CALIBRATE on predictions for training rows by models that didn't see them: the winner is
// fitted anew on each fold's other rows. The model that is kept was fitted on all of them.
func (r *run) calibrate(ctx context.Context, won *winner) error {
	method := strings.ToLower(r.spec.Calibrate.Text)
	folds := r.folds
	if r.spec.CrossValidate == nil {
		rows := r.train.all()
		if r.validation {
			rows = rows[:r.fitRows]
		}
		k := min(r.plan.with.calibrationFolds, len(rows))
		var err error
		if folds, err = frame.Folds(r.train.frame, rows, r.foldSpec(max(k, 2))); err != nil {
			return at(err, r.spec.Calibrate.Pos)
		}
	}
	outputs := won.model.art.Outputs()
	scores := make([][]float64, outputs) // of the rows in the order of the folds
	var rows []int32
	for _, fold := range folds {
		m, err := r.fitFold(ctx, won.candidate, won.params, fold)
		if err != nil {
			return at(err, r.spec.Calibrate.Pos)
		}
		x, err := m.transform.Apply(ctx, r.train.frame, fold.Valid)
		if err != nil {
			return err
		}
		out, err := r.uncalibrated(ctx, m, x, r.groupsOf(m, r.train, fold.Valid), method)
		if err != nil {
			return err
		}
		for k := range scores {
			scores[k] = append(scores[k], out[k]...)
		}
		rows = append(rows, fold.Valid...)
		r.progress.step()
	}
	y, w := model.Take(r.train.y, rows), model.Take(r.train.weight, rows)
	c := &artifact.Calibration{Method: method}
	for k := range scores {
		class := float64(k)
		if outputs == 1 {
			class = 1
		}
		truth := make([]bool, len(y))
		for i, v := range y {
			truth[i] = v == class
		}
		if method == artifact.Platt {
			c.Sigmoids = append(c.Sigmoids, fitSigmoid(scores[k], truth, w))
		} else {
			steps := fitSteps(scores[k], truth, w)
			if len(steps.X) == 0 {
				return at(sqlstate.New(sqlstate.InvalidParameterValue, "there is no score to calibrate with"), r.spec.Calibrate.Pos)
			}
			c.Steps = append(c.Steps, steps)
		}
	}
	won.model.art.Calibration = c
	scorer, err := artifact.New(won.model.art, won.candidate.alg)
	if err != nil {
		return err
	}
	won.model.scorer = scorer
	r.notes["calibration"], r.notes["calibration_rows"], r.notes["calibration_folds"] = method, len(rows), len(folds)
	return nil
}

// uncalibrated are margins for Platt, probabilities for isotonic: one column, or one a class.
func (r *run) uncalibrated(ctx context.Context, m *fitted, x model.Matrix, groups []float64, method string) ([][]float64, error) {
	out := make([][]float64, m.art.Outputs())
	for k := range out {
		out[k] = make([]float64, x.Rows)
	}
	cols := x.Cols
	if groups != nil {
		cols = append(cols[:len(cols):len(cols)], groups)
	}
	call := m.scorer.Uncalibrated
	if method == artifact.Platt {
		call = m.scorer.Margin
	}
	return out, r.blocks(ctx, x.Rows, func(from, to int) error {
		block, results := make([][]float64, len(cols)), make([][]float64, len(out))
		for k, c := range cols {
			block[k] = c[from:to]
		}
		for k, c := range out {
			results[k] = c[from:to]
		}
		return call(block, to-from, results)
	})
}

// fitSigmoid is Platt's method (1999) as Lin, Lin and Weng correct it (2007): Newton's method with
// backtracking on the log loss, against targets that are drawn in from 0 and 1 by the number of rows.
func fitSigmoid(f []float64, truth []bool, weight []float64) artifact.Sigmoid {
	one := func(i int) float64 {
		if weight == nil {
			return 1
		}
		return weight[i]
	}
	pos, neg := 0.0, 0.0
	for i, t := range truth {
		if t {
			pos += one(i)
		} else {
			neg += one(i)
		}
	}
	high, low := (pos+1)/(pos+2), 1/(neg+2)
	target := func(i int) float64 {
		if truth[i] {
			return high
		}
		return low
	}
	// Of p = 1 / (1 + exp(z)), z = a·f + b, row i's loss is t·z + ln(1 + exp(-z)), written without overflow.
	loss := func(a, b float64) float64 {
		total := 0.0
		for i, x := range f {
			z := a*x + b
			if z >= 0 {
				total += one(i) * (target(i)*z + math.Log1p(math.Exp(-z)))
			} else {
				total += one(i) * ((target(i)-1)*z + math.Log1p(math.Exp(z)))
			}
		}
		return total
	}
	const (
		maxSteps  = 100
		leastStep = 1e-10
		ridge     = 1e-12 // keeps the Hessian invertible
		enough    = 1e-7
	)
	a, b := 0.0, math.Log((neg+1)/(pos+1))
	now := loss(a, b)
	for range maxSteps {
		haa, hbb, hab, ga, gb := ridge, ridge, 0.0, 0.0, 0.0
		for i, x := range f {
			p := artifact.Sigmoid{A: a, B: b}.At(x)
			w := one(i)
			d2, d1 := w*p*(1-p), w*(target(i)-p)
			haa, hbb, hab = haa+x*x*d2, hbb+d2, hab+x*d2
			ga, gb = ga+x*d1, gb+d1
		}
		if math.Abs(ga) < enough && math.Abs(gb) < enough {
			break
		}
		det := haa*hbb - hab*hab
		da, db := -(hbb*ga-hab*gb)/det, -(haa*gb-hab*ga)/det
		slope, step := ga*da+gb*db, 1.0
		for ; step >= leastStep; step /= 2 {
			if next := loss(a+step*da, b+step*db); next < now+1e-4*step*slope {
				a, b, now = a+step*da, b+step*db, next
				break
			}
		}
		if step < leastStep {
			break
		}
	}
	return artifact.Sigmoid{A: a, B: b}
}

// fitSteps is isotonic regression: rows of one score are one point, and neighbouring points that descend are pooled
// into their mean (PAVA; Ayer et al. 1955, Best and Chakravarti 1990). Each level keeps its first and last score.
func fitSteps(f []float64, truth []bool, weight []float64) artifact.Steps {
	type block struct{ from, to, mean, weight float64 }
	order := make([]int, 0, len(f))
	for i, x := range f {
		if !math.IsNaN(x) && !math.IsInf(x, 0) && (weight == nil || weight[i] > 0) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case f[a] < f[b]:
			return -1
		case f[a] > f[b]:
			return 1
		}
		return 0
	})
	var blocks []block
	for k := 0; k < len(order); {
		x, hits, total := f[order[k]], 0.0, 0.0
		for ; k < len(order) && f[order[k]] == x; k++ {
			w := 1.0
			if weight != nil {
				w = weight[order[k]]
			}
			total += w
			if truth[order[k]] {
				hits += w
			}
		}
		next := block{x, x, hits / total, total}
		for len(blocks) > 0 && blocks[len(blocks)-1].mean >= next.mean {
			last := blocks[len(blocks)-1]
			blocks = blocks[:len(blocks)-1]
			w := last.weight + next.weight
			next = block{last.from, next.to, (last.mean*last.weight + next.mean*next.weight) / w, w}
		}
		blocks = append(blocks, next)
	}
	var out artifact.Steps
	for _, b := range blocks {
		out.X, out.Y = append(out.X, b.from), append(out.Y, min(max(b.mean, 0), 1))
		if b.to > b.from {
			out.X, out.Y = append(out.X, b.to), append(out.Y, min(max(b.mean, 0), 1))
		}
	}
	return out
}
