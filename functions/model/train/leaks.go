package train

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"sync"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/functions/model/metric"
	"github.com/eiderdb/eider/sql/lex"
)

// The codes of warnings about leaks.
const (
	LeakFeature  = "feature_predicts_target"
	LeakID       = "id_like_feature"
	LeakRows     = "rows_on_both_sides"
	LeakFuture   = "feature_after_label"
	LeakUntimed  = "random_split_despite_time"
	leakRows     = 20_000 // rows that are looked at, and up to as many again
	leakLeast    = 30     // rows below which nothing is said
	leakAUC      = 0.99
	leakFit      = 0.9999 // |correlation| with a number
	leakDistinct = 0.9    // distinct values to rows, from which a column is like an ID
)

// leaks warns of what often is a leak. It looks at training rows only; of the holdout it knows the rows' hashes.
func (r *run) leaks(won *winner, look *leakRowsSeen) {
	if r.bothSides > 0 && (len(r.plan.ids) > 0 || float64(r.bothSides) > r.chanceTwins()) {
		what := "rows with the same content"
		if len(r.plan.ids) > 0 {
			what = "rows with the same ID"
		}
		r.warn(Warning{Code: LeakRows, Message: fmt.Sprintf("%s of the holdout are in the training part too (%s): the metrics may be too good", rowsText(int(r.bothSides)), what)})
	}
	r.leakTime()
	r.leakIDs(won.candidate)
	r.leakFeatures(look)
	r.leakInstants()
}

// chanceTwins is how many rows of the holdout may have a row of the same content in the training part without that
// telling anything: three times what chance gives to rows whose columns are independent. Where any column hardly
// repeats a value it is next to none; in a table of a few categories it is all of them.
func (r *run) chanceTwins() float64 {
	f, same := r.train.frame, 1.0
	for _, name := range r.identity {
		same *= f.Col(name).Agreement(leakRows)
	}
	return 3 * float64(r.rowsTest) * -math.Expm1(-same*float64(f.Rows))
}

// leakTime warns of a random split of rows that have a time.
func (r *run) leakTime() {
	switch r.variant.split.Kind {
	case Random, Stratified:
	default:
		return
	}
	var names []string
	for _, c := range r.plan.Columns {
		if temporal(c.Type) {
			names = append(names, lex.QuoteIdent(c.Name))
		}
	}
	if len(names) > 0 {
		r.warn(Warning{Code: LeakUntimed, Column: strings.Trim(names[0], `"`), Message: fmt.Sprintf(
			"the split is at random although the query has times (%s): if later rows are to be predicted from earlier ones, use SPLIT BY TIME", strings.Join(names, ", "))})
	}
}

var idName = regexp.MustCompile(`(?i)(^|_)(id|uuid|guid|key|nr|no|number)$`)

// leakIDs warns of inputs whose values hardly repeat: texts, and whole numbers without gaps or called like a key.
func (r *run) leakIDs(c *candidate) {
	if r.train.rows < leakLeast || r.task == model.Clustering {
		return
	}
	warned := map[string]bool{}
	for _, in := range c.plan.Inputs {
		name, col := columnOf(in), r.train.frame.Col(in.Name)
		if name == "" || col == nil || warned[name] || !idLike(col, name) {
			continue
		}
		warned[name] = true
		r.warn(Warning{Code: LeakID, Column: name, Message: fmt.Sprintf(
			"column %s has hardly a value twice, like an ID: name it with ID (…) or leave it out", lex.QuoteIdent(name))})
	}
}

func idLike(c *frame.Column, name string) bool {
	switch c.Kind {
	case frame.Category:
		seen, n := map[int32]struct{}{}, 0
		for _, code := range c.Code {
			if code >= 0 {
				seen[code] = struct{}{}
				n++
			}
		}
		return n >= leakLeast && float64(len(seen)) >= leakDistinct*float64(n)
	case frame.Number:
		seen, n, low, high := map[float64]struct{}{}, 0, math.Inf(1), math.Inf(-1)
		for _, v := range c.Num {
			if math.IsNaN(v) {
				continue
			}
			if v != math.Trunc(v) {
				return false
			}
			if _, twice := seen[v]; twice && !idName.MatchString(name) {
				return false
			}
			seen[v] = struct{}{}
			n++
			low, high = min(low, v), max(high, v)
		}
		dense := high-low < 4*float64(n)
		return n >= leakLeast && float64(len(seen)) >= leakDistinct*float64(n) && (dense || idName.MatchString(name))
	}
	return false
}

// leakRowsSeen are rows of those that a model was fitted on, as it saw them.
type leakRowsSeen struct {
	names []string
	x     model.Matrix
	y     []float64
}

// leakSample takes rows for leakFeatures; nil where nothing will be said.
func (r *run) leakSample(m *fitted) *leakRowsSeen {
	if len(m.rows) < leakLeast || r.task == model.Clustering {
		return nil
	}
	step := max(1, len(m.rows)/leakRows)
	var take []int32
	for k := 0; k < len(m.rows); k += step {
		take = append(take, int32(k))
	}
	return &leakRowsSeen{names: m.transform.Names(), x: m.x.Take(take), y: model.Take(r.train.y, model.Take(m.rows, take))}
}

// leakFeatures warns of single features that tell the target nearly alone.
func (r *run) leakFeatures(look *leakRowsSeen) {
	if look == nil {
		return
	}
	names, y := look.names, look.y
	found := make([]string, len(names))
	var wg sync.WaitGroup
	for t := range r.o.Threads {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for k := t; k < len(names); k += r.o.Threads {
				x := look.x.Cols[k]
				if r.task == model.Regression {
					if c := correlation(x, y); math.Abs(c) > leakFit {
						found[k] = fmt.Sprintf("correlation %.5f", c)
					}
				} else if auc := alone(x, y, len(r.classes)); auc > leakAUC {
					found[k] = fmt.Sprintf("AUC %.4f", auc)
				}
			}
		}()
	}
	wg.Wait()
	for k, how := range found {
		if how != "" {
			r.warn(Warning{Code: LeakFeature, Column: names[k], Message: fmt.Sprintf(
				"feature %s alone predicts the target (%s on training rows): is it known when a prediction is wanted?", lex.QuoteIdent(names[k]), how)})
		}
	}
}

// alone is the AUC of a feature as score for a class, in the better direction: of class 1 of two, else of the class that it
// tells best. Missing values are below all others or, if that is better, above.
func alone(x, y []float64, classes int) float64 {
	auc, err := metric.Lookup("auc", model.Classification)
	if err != nil {
		return 0
	}
	best := 0.0
	filled := make([]float64, len(x))
	for _, missing := range []float64{math.Inf(-1), math.Inf(1)} {
		any := false
		for i, v := range x {
			if filled[i] = v; math.IsNaN(v) {
				filled[i], any = missing, true
			}
		}
		first, last := 1, 1
		if classes > 2 {
			first, last = 0, classes-1
		}
		for k := first; k <= last; k++ {
			truth, count := make([]float64, len(y)), 0
			for i, v := range y {
				if int(v) == k {
					truth[i] = 1
					count++
				}
			}
			if count < 5 || len(y)-count < 5 {
				continue
			}
			if v, ok := auc.Value(&metric.Sample{Task: model.Classification, Classes: 2, Y: truth, Value: filled}); ok {
				best = max(best, v, 1-v)
			}
		}
		if !any {
			break
		}
	}
	return best
}

// correlation is Pearson's, of the rows that have a value.
func correlation(x, y []float64) float64 {
	n, mx, my := 0.0, 0.0, 0.0
	for i, v := range x {
		if !math.IsNaN(v) {
			n++
			mx, my = mx+v, my+y[i]
		}
	}
	mx, my = mx/n, my/n
	xx, yy, xy := 0.0, 0.0, 0.0
	for i, v := range x {
		if !math.IsNaN(v) {
			xx, yy, xy = xx+(v-mx)*(v-mx), yy+(y[i]-my)*(y[i]-my), xy+(v-mx)*(y[i]-my)
		}
	}
	if n < leakLeast || xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}

// leakInstants warns of times in a row after the row's own, by which it is split.
func (r *run) leakInstants() {
	if r.plan.time == "" {
		return
	}
	own := r.train.frame.Col(r.cols.time)
	for _, c := range r.plan.Columns {
		name, ok := r.cols.instants[c.Name]
		if !ok {
			continue
		}
		col, later, n := r.train.frame.Col(name), 0, 0
		for i, at := range col.At {
			if at != frame.NullInstant && own.At[i] != frame.NullInstant {
				n++
				if at > own.At[i] {
					later++
				}
			}
		}
		if later > 0 && later*100 >= n {
			r.warn(Warning{Code: LeakFuture, Column: c.Name, Message: fmt.Sprintf("%s lies after %s in %s: it may tell what wasn't known then",
				lex.QuoteIdent(c.Name), lex.QuoteIdent(r.plan.time), rowsText(later))})
		}
	}
}
