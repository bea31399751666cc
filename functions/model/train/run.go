package train

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/functions/model/metric"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// run is one training.
type run struct {
	session   Session
	spec      *Spec
	o         Options
	plan      *Plan
	variant   *variant
	incumbent *Incumbent
	progress  *progress

	// frame is the snapshot until divide; then train and test are what there is of it.
	frame     *frame.Frame
	cols      columns
	identity  []string
	loaded    int64
	task      model.Task
	classes   []Class
	metric    *metric.Decl
	dropped   int64
	rowsGap   int64
	rowsTest  int64
	bothSides int64
	// snapshotBytes is about what the snapshot takes.
	snapshotBytes int64

	// train are fitRows rows to fit on, then stopRows for early stopping; validation tells that SPLIT BY COLUMN
	// named the latter, so that nothing is ever fitted on them.
	train             *part
	fitRows, stopRows int
	validation        bool
	test              *holdout

	folds    []frame.Fold
	trials   []Trial
	warnings []Warning
	phases   []Phase
	notes    map[string]any
}

// Run trains. It sends notices and progress to the session and reads nothing but SELECTs over the query. The
// error is ctx's as 57014 soon after ctx ends.
func Run(ctx context.Context, s Session, spec *Spec, o Options) (*Result, error) {
	r := &run{session: s, spec: spec, o: o, notes: map[string]any{}, progress: &progress{report: s.Progress}}
	if r.o.Threads <= 0 {
		r.o.Threads = runtime.NumCPU()
	}
	out, err := r.pipeline(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, sqlstate.From(ctx.Err())
	}
	if err != nil {
		return nil, sqlstate.From(err)
	}
	return out, nil
}

// pipeline does the steps in order.
func (r *run) pipeline(ctx context.Context) (*Result, error) {
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	won, err := r.learn(ctx)
	if err != nil {
		return nil, err
	}
	return r.finish(ctx, won)
}

// prepare checks, reads the snapshot, refuses what can't be learned and seals the holdout.
func (r *run) prepare(ctx context.Context) error {
	err := r.phase("check", func() (err error) {
		r.plan, err = Check(ctx, r.session, r.spec, r.o.Algorithms)
		return err
	})
	if err != nil {
		return err
	}
	if r.spec.Deploy.Rule == "" || r.spec.Deploy.Rule == DeployIfBetter {
		r.incumbent = r.o.Incumbent
	}
	if err := r.libraries(); err != nil {
		return err
	}
	r.progress.plan(r.fits())
	if err := r.phase("snapshot", func() error { return r.load(ctx) }); err != nil {
		return err
	}
	r.progress.step()
	return r.phase("split", func() error {
		fingerprint := r.frame.Fingerprint
		r.notes["fingerprint"] = hex.EncodeToString(fingerprint[:])
		rows, err := r.target()
		if err != nil {
			return err
		}
		r.variant = r.plan.by[r.task]
		r.metric = r.variant.metricFor(r.task, len(r.classes))
		for _, c := range r.variant.candidates {
			if err := r.refuseInfinite(rows, c.plan.Inputs); err != nil {
				return err
			}
		}
		if err := r.weights(rows); err != nil {
			return err
		}
		if err := r.divide(rows); err != nil {
			return err
		}
		return r.countClasses()
	})
}

// libraries loads the native libraries now: that one is missing is better said before the work than after.
func (r *run) libraries() error {
	for _, task := range r.plan.possible() {
		for _, c := range r.plan.by[task].candidates {
			if c.alg.Library == nil {
				continue
			}
			if _, err := c.alg.Library(); err != nil {
				return at(err, c.pos)
			}
		}
	}
	return nil
}

// countClasses counts the training rows of each class.
func (r *run) countClasses() error {
	seen := 0
	for _, y := range r.train.y[:min(r.fitRows, len(r.train.y))] {
		if len(r.classes) > 0 {
			if r.classes[int(y)].Rows++; r.classes[int(y)].Rows == 1 {
				seen++
			}
		}
	}
	if len(r.classes) > 0 && seen < 2 {
		return r.splitError(sqlstate.Newf(sqlstate.InvalidParameterValue, "the split leaves rows of one class only to train on").
			WithHint("Write SPLIT STRATIFIED, hold out less, or add rows."))
	}
	for _, y := range r.train.y[min(r.fitRows, len(r.train.y)):] {
		if len(r.classes) > 0 && !r.validation {
			r.classes[int(y)].Rows++
		}
	}
	return nil
}

// winner is what learn comes to.
type winner struct {
	candidate *candidate
	params    model.Params
	model     *fitted
	bytes     []byte
}

// learn chooses, fits and calibrates, on the training part.
func (r *run) learn(ctx context.Context) (*winner, error) {
	won := &winner{}
	err := r.phase("select", func() (err error) {
		if r.folds, err = r.makeFolds(); err != nil {
			return err
		}
		won.candidate, won.params, err = r.choose(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = r.phase("fit", func() (err error) {
		won.model, err = r.fitWhole(ctx, r.train, won)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.progress.step()
	if r.spec.Calibrate != nil {
		if err := r.phase("calibrate", func() error { return r.calibrate(ctx, won) }); err != nil {
			return nil, err
		}
	}
	won.bytes, err = won.model.art.Encode()
	return won, err
}

// fitWhole fits the winner on a part that begins with the rows to fit on: rows for early stopping follow where the
// algorithm looks at them, and are trained on otherwise.
func (r *run) fitWhole(ctx context.Context, p *part, won *winner) (*fitted, error) {
	rows := p.all()
	var stop []int32
	if r.stopRows > 0 {
		used := stops(won.candidate.alg.StopsEarly, won.params)
		if used {
			stop = rows[r.fitRows : r.fitRows+r.stopRows]
		}
		switch {
		case p.rows > r.fitRows+r.stopRows && (used || r.validation): // a refit: what was held out follows
			rows = slices.Concat(rows[:r.fitRows], rows[r.fitRows+r.stopRows:])
		case used || r.validation:
			rows = rows[:r.fitRows]
		}
		if !used && r.validation {
			r.session.Notice("NOTICE", rowsText(r.stopRows)+" for validation weren't trained on and weren't needed: no early stopping")
		}
	}
	return r.fit(ctx, p, rows, stop, won.candidate, won.params)
}

// phase measures the seconds of a step and tells the session its name.
func (r *run) phase(name string, f func() error) error {
	started := time.Now()
	r.progress.begin(name)
	err := f()
	r.phases = append(r.phases, Phase{name, time.Since(started).Seconds()})
	return err
}

// finish opens the holdout and makes the result.
func (r *run) finish(ctx context.Context, won *winner) (*Result, error) {
	out := &Result{
		Task: r.task, Algorithm: won.candidate.alg.Name, Params: maps.Clone(won.params), Threshold: won.model.art.Threshold,
		Classes: r.classes, PartitionBy: r.plan.partition, Optimize: r.metric.Name,
		RowsTest: r.rowsTest, RowsGap: r.rowsGap, Dropped: r.dropped, Seed: r.spec.Seed, Identity: r.identity,
	}
	if r.plan.Target != nil {
		out.Target, out.TargetType = r.plan.Target.Name, r.plan.Target.Type
	}
	if lib := won.candidate.alg.Library; lib != nil {
		version, err := lib()
		if err != nil {
			return nil, err
		}
		out.Library = version
	}
	if err := r.phase("evaluate", func() error { return r.evaluate(ctx, won, out) }); err != nil {
		return nil, err
	}
	r.progress.step()
	out.Artifact, out.Hash = won.bytes, artifact.Hash(won.bytes)
	out.Transform, out.Signature, out.Groups = won.model.transform, won.model.transform.Signature(), won.model.art.Groups
	for _, w := range won.model.transform.Warnings() {
		r.warn(Warning{Code: "transform", Message: w})
	}
	out.Trials, out.Warnings, out.Phases, out.Notes = r.trials, r.warnings, r.phases, r.notes
	out.Fingerprint = r.notes["fingerprint"].(string)
	for name, v := range won.model.notes {
		r.notes[name] = v
	}
	if won.model.rounds > 0 {
		r.notes["rounds"] = won.model.rounds
	}
	for _, w := range out.Warnings {
		r.session.Notice("WARNING", w.Message)
	}
	r.progress.finish()
	return out, nil
}

func (r *run) warn(w Warning) { r.warnings = append(r.warnings, w) }

// sortedHashes are the rows that training saw, once each.
func sortedHashes(list []uint64) []uint64 {
	out := slices.Clone(list)
	model.Order(out)
	return slices.Compact(out)
}

// progress turns steps of about the same length into a fraction that never falls. An algorithm may report from
// a goroutine of its own.
type progress struct {
	report func(fraction float64, phase string)
	total  float64

	mu    sync.Mutex // guards what follows, and calls of report
	phase string
	done  float64
	last  float64
}

// begin names what is being done from now on.
func (p *progress) begin(phase string) {
	p.mu.Lock()
	p.phase = phase
	p.mu.Unlock()
	p.within(0)
}

// plan says how many fits will come; reading the snapshot and evaluating count as one each.
func (p *progress) plan(fits int) { p.total = float64(fits) + 2 }

// step ends a step.
func (p *progress) step() {
	p.mu.Lock()
	p.done++
	p.mu.Unlock()
	p.within(0)
}

// within reports a fraction of the present step.
func (p *progress) within(fraction float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.total == 0 {
		return
	}
	p.last = max(p.last, min(1, (p.done+min(max(fraction, 0), 1))/p.total))
	p.report(p.last, p.phase)
}

func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = 1
	p.report(1, p.phase)
}

// cancelled tells an end by the context from a failure of the work.
func cancelled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || sqlstate.Is(err, sqlstate.QueryCanceled)
}

// fits is the number of fits that are planned, for progress.
func (r *run) fits() int {
	p := r.plan
	v := p.by[p.possible()[0]]
	folds, trials := 1, 0
	if p.Spec.CrossValidate != nil {
		folds = p.Spec.CrossValidate.K
	}
	for i := range v.candidates {
		trials += r.trialsOf(&v.candidates[i])
	}
	n := 1
	if p.Spec.CrossValidate != nil || trials > 1 {
		n += folds * trials
	}
	if p.Spec.Calibrate != nil {
		if p.Spec.CrossValidate == nil {
			folds = p.with.calibrationFolds
		}
		n += folds
	}
	if p.with.refit {
		n++
	}
	return n
}

// foldName is for messages.
func foldName(k, of int) string {
	if of == 1 {
		return "the inner part"
	}
	return fmt.Sprintf("fold %d of %d", k+1, of)
}
