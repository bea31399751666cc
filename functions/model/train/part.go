package train

import (
	"slices"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// part is rows of the snapshot with their target. Its frame holds no others: a part of the training rows
// can't be made to show the holdout, whatever rows one asks for.
type part struct {
	frame *frame.Frame
	rows  int
	// y is the target, nil for clustering; weight is WEIGHT BY's, nil without.
	y, weight []float64
	// group is the code of PARTITION BY's value in the snapshot's dictionary, -1 for NULL; nil without.
	group []int32
}

// newPart is the rows from ≤ i < to of a frame, sharing its memory. The slices' capacity ends where the
// part does.
func (r *run) newPart(from, to int) *part {
	f := r.frame
	view := &frame.Frame{Rows: to - from, Cols: make([]frame.Column, len(f.Cols)), Hash: f.Hash[from:to:to], Apart: f.Apart}
	for k, c := range f.Cols {
		out := frame.Column{Name: c.Name, Kind: c.Kind, Dict: c.Dict}
		switch c.Kind {
		case frame.Number:
			out.Num = c.Num[from:to:to]
		case frame.Category:
			out.Code = c.Code[from:to:to]
		default:
			out.At = c.At[from:to:to]
		}
		view.Cols[k] = out
	}
	p := &part{frame: view, rows: view.Rows, y: r.labels(view)}
	if r.cols.weight != "" {
		p.weight = view.Col(r.cols.weight).Num
	}
	if r.cols.partition != "" {
		p.group = view.Col(r.cols.partition).Code
	}
	return p
}

// all are the part's rows.
func (p *part) all() []int32 { return p.frame.All() }

// holdout keeps the rows that are held out. Nothing but open hands them out, and open does so once: what is
// fitted before can't have seen them, and nothing is chosen afterwards.
type holdout struct {
	// sealed are the held-out rows, whole is the snapshot with the training rows before them, for a refit.
	sealed, whole *part
	opened        bool
}

func (h *holdout) open() (test, whole *part, err error) {
	if h.opened {
		return nil, nil, sqlstate.New(sqlstate.InternalError, "the holdout was to be evaluated twice")
	}
	h.opened = true
	return h.sealed, h.whole, nil
}

// divide splits the rows that have a target and arranges the snapshot: rows to fit on, rows for early stopping, the holdout.
func (r *run) divide(rows []int32) error {
	spec := r.splitSpec()
	parts, err := frame.SplitRows(r.frame, rows, spec)
	if err != nil {
		return r.splitError(err)
	}
	if len(parts.Train) == 0 {
		return r.splitError(sqlstate.New(sqlstate.InvalidParameterValue, "the split leaves no rows to train on"))
	}
	fit, stop := parts.Train, parts.Valid
	r.validation = len(stop) > 0
	if !r.validation && r.anyStops() {
		inner, err := frame.SplitRows(r.frame, parts.Train, r.innerSpec(r.plan.with.stopFraction))
		if err != nil {
			return r.splitError(err)
		}
		fit, stop = inner.Train, inner.Test
		// What a gap drops between the two belongs to neither, but is no part of the outer gap.
		parts.Gap = append(parts.Gap, inner.Gap...)
	}
	r.rowsGap = int64(len(parts.Gap))
	r.bothSides = twins(r.frame.Hash, parts.Test, fit, stop)
	r.frame.Arrange(slices.Concat(fit, stop, parts.Test))
	r.fitRows, r.stopRows = len(fit), len(stop)
	r.train = r.newPart(0, len(fit)+len(stop))
	r.test = &holdout{sealed: r.newPart(len(fit)+len(stop), r.frame.Rows), whole: r.newPart(0, r.frame.Rows)}
	r.rowsTest = int64(len(parts.Test))
	r.frame = nil // from here on the holdout is the only way to its rows
	return nil
}

// twins counts the rows of some that have a row with the same hash among others.
func twins(hash []uint64, rows []int32, others ...[]int32) int64 {
	if len(rows) == 0 {
		return 0
	}
	of := make(map[uint64]int64, len(rows))
	for _, i := range rows {
		of[hash[i]]++
	}
	found := int64(0)
	for _, list := range others {
		for _, i := range list {
			if n := of[hash[i]]; n > 0 {
				found += n
				of[hash[i]] = 0
			}
		}
	}
	return found
}

// splitSpec is the split as frame takes it.
func (r *run) splitSpec() frame.SplitSpec {
	s := r.variant.split
	out := frame.SplitSpec{Fraction: s.Fraction, Holdout: s.Holdout, Seed: r.spec.Seed}
	if s.Gap != nil {
		out.Gap = *s.Gap
	}
	switch s.Kind {
	case NoSplit:
		out.Kind = frame.None
	case Random:
		out.Kind = frame.Random
	case Stratified:
		out.Kind, out.Column = frame.Stratified, r.cols.target
	case ByTime:
		out.Kind, out.Column = frame.Time, r.cols.time
	case ByGroup:
		out.Kind, out.Column = frame.Group, r.cols.group
	default:
		out.Kind, out.Column = frame.ByColumn, r.cols.split
	}
	return out
}

// innerSpec splits training rows: in the way of the split, and of each class where that is at random.
func (r *run) innerSpec(fraction float64) frame.SplitSpec {
	s := r.splitSpec().Inner(fraction)
	if s.Kind == frame.Random && len(r.classes) > 0 {
		s.Kind, s.Column = frame.Stratified, r.cols.target
	}
	return s
}

func (r *run) splitError(err error) error {
	pos := -1
	if s := r.spec.Split; s != nil {
		pos = s.Pos
	}
	return at(err, pos, r.spec.QueryPos)
}

// anyStops reports whether a candidate may stop early.
func (r *run) anyStops() bool {
	return slices.ContainsFunc(r.variant.candidates, func(c candidate) bool { return c.mayStop() })
}

// mayStop reports whether the algorithm looks at rows to stop early, with some parameters that may come.
func (c *candidate) mayStop() bool {
	if !c.alg.StopsEarly {
		return false
	}
	for _, d := range c.space {
		if d.Name == stopParam {
			return true
		}
	}
	return stops(c.alg.StopsEarly, c.params)
}

// stopParam is the parameter with which algorithms that stop early are told to.
const stopParam = "early_stopping_rounds"

func stops(able bool, params map[string]any) bool {
	rounds, ok := params[stopParam].(int64)
	return able && ok && rounds > 0
}
