package metric

import (
	"math"
	"slices"
	"sort"
)

// curvePoints bounds the points of a curve: a terminal or a screen shows no more.
const curvePoints = 200

// Curve is data for a plot.
type Curve struct {
	// Name is roc, pr, calibration, confusion, thresholds, gains or residuals.
	Name   string
	Points []Point
}

// Point is a point of a curve:
//
//	roc          X false positive rate, Y true positive rate, Z the score from which a row counts as positive
//	pr           X recall, Y precision, Z the score
//	calibration  X mean probability, Y share that is true, Z rows, of 15 bins of equal width; empty ones are left out
//	confusion    X true class, Y predicted class, Z rows
//	thresholds   X threshold, Y precision (Label precision), recall (Label recall) or f1 (Label f1), Z rows predicted positive
//	gains        X share of the rows with the highest scores, Y share of the positives among them, Z lift
//	residuals    X mean prediction, Y mean truth, Z rows, of 20 parts of equal size by prediction
//
// With more than two classes Label is the class's index, each against the rest.
type Point struct {
	Label   string
	X, Y, Z float64
}

// Curves returns the plots that a sample has.
func Curves(s *Sample) []Curve {
	switch {
	case s.Rows() == 0 || s.Y == nil:
		return nil
	case s.Classes == 0:
		return []Curve{{"residuals", residuals(s)}}
	case s.Classes > 2:
		return []Curve{{"confusion", confusionPoints(s)}, {"calibration", calibrationPoints(s)}}
	}
	steps := s.ranksOf(1).steps(s)
	all := []Curve{
		{"roc", roc(steps)}, {"pr", precisionRecall(steps)}, {"calibration", calibrationPoints(s)},
		{"confusion", confusionPoints(s)}, {"thresholds", thresholds(steps)}, {"gains", gains(steps)},
	}
	return slices.DeleteFunc(all, func(c Curve) bool { return len(c.Points) == 0 })
}

// step is what counts as positive from a score on.
type step struct{ score, hits, wrong float64 }

// steps go down the distinct scores.
func (r *ranks) steps(s *Sample) []step {
	out := make([]step, 0, len(r.ends))
	hits, wrong := 0.0, 0.0
	for g := len(r.ends) - 1; g >= 0; g-- {
		start := int32(0)
		if g > 0 {
			start = r.ends[g-1]
		}
		pos, neg := r.weigh(s.Weight, start, r.ends[g])
		hits, wrong = hits+pos, wrong+neg
		out = append(out, step{s.Value[r.row[start]], hits, wrong})
	}
	return out
}

// thin keeps at most curvePoints of n, with the first and the last.
func thin(n int) []int {
	if n <= curvePoints {
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		return all
	}
	out := make([]int, curvePoints)
	for i := range out {
		out[i] = i * (n - 1) / (curvePoints - 1)
	}
	return out
}

// roc starts at 0, 0; corners that lie on a straight line are left out before it is thinned.
func roc(steps []step) []Point {
	last := steps[len(steps)-1]
	if last.hits == 0 || last.wrong == 0 {
		return nil
	}
	straight := func(i int) bool {
		if i == 0 || i+1 == len(steps) {
			return false
		}
		a, st, b := steps[i-1], steps[i], steps[i+1]
		return (st.hits-a.hits)*(b.wrong-st.wrong) == (b.hits-st.hits)*(st.wrong-a.wrong)
	}
	corners := 0
	for i := range steps {
		if !straight(i) {
			corners++
		}
	}
	out, at, wanted := []Point{{X: 0, Y: 0, Z: 1}}, 0, thin(corners)
	for i, st := range steps {
		if straight(i) {
			continue
		}
		if at == wanted[0] {
			out = append(out, Point{X: st.wrong / last.wrong, Y: st.hits / last.hits, Z: st.score})
			wanted = wanted[1:]
		}
		if at++; len(wanted) == 0 {
			break
		}
	}
	return out
}

func precisionRecall(steps []step) []Point {
	last := steps[len(steps)-1]
	if last.hits == 0 {
		return nil
	}
	var out []Point
	for _, i := range thin(len(steps)) {
		st := steps[i]
		out = append(out, Point{X: st.hits / last.hits, Y: st.hits / (st.hits + st.wrong), Z: st.score})
	}
	return out
}

func gains(steps []step) []Point {
	last := steps[len(steps)-1]
	all := last.hits + last.wrong
	if last.hits == 0 {
		return nil
	}
	out, at := []Point{}, 0
	for tenth := 1; tenth <= 20; tenth++ {
		share := float64(tenth) / 20
		for at+1 < len(steps) && steps[at].hits+steps[at].wrong < share*all {
			at++
		}
		// Within rows of one score the positives are spread evenly.
		to, from := steps[at], step{}
		if at > 0 {
			from = steps[at-1]
		}
		hits := to.hits
		if width := to.hits + to.wrong - from.hits - from.wrong; width > 0 {
			part := min(1, max(0, (share*all-from.hits-from.wrong)/width))
			hits = from.hits + part*(to.hits-from.hits)
		}
		out = append(out, Point{X: share, Y: hits / last.hits, Z: hits / last.hits / share})
	}
	return out
}

// thresholds looks up what counts as positive from each threshold on.
func thresholds(steps []step) []Point {
	last := steps[len(steps)-1]
	var out []Point
	for i := 1; i < 20; i++ {
		cut, at := float64(i)/20, step{}
		if n := sort.Search(len(steps), func(k int) bool { return !(steps[k].score >= cut) }); n > 0 {
			at = steps[n-1]
		}
		c := Confusion{{last.wrong - at.wrong, at.wrong}, {last.hits - at.hits, at.hits}}
		for _, m := range []struct {
			name  string
			value func(Confusion) (float64, bool)
		}{{"precision", precision}, {"recall", recall}, {"f1", f1}} {
			v, ok := m.value(c)
			if !ok {
				return nil
			}
			out = append(out, Point{Label: m.name, X: cut, Y: v, Z: at.hits + at.wrong})
		}
	}
	return out
}

// maxConfusion bounds the classes of a confusion matrix that is kept.
const maxConfusion = 50

func confusionPoints(s *Sample) []Point {
	if s.Classes > maxConfusion {
		return nil
	}
	var out []Point
	for t, row := range ConfusionOf(s) {
		for p, w := range row {
			out = append(out, Point{X: float64(t), Y: float64(p), Z: w})
		}
	}
	return out
}

func calibrationPoints(s *Sample) []Point {
	var said, right, rows [bins]float64
	for i, y := range s.Y {
		p, hit := 0.0, 0.0
		if s.Classes <= 2 {
			p, hit = s.Value[i], y
		} else if k := s.predicted(i); true {
			p = s.Proba[k][i]
			if k == int(y) {
				hit = 1
			}
		}
		w := weightOf(s.Weight, i)
		b := bin(p)
		said[b], right[b], rows[b] = said[b]+w*p, right[b]+w*hit, rows[b]+w
	}
	var out []Point
	for b, n := range rows {
		if n > 0 && !math.IsNaN(said[b]) {
			out = append(out, Point{X: said[b] / n, Y: right[b] / n, Z: n})
		}
	}
	return out
}

// residualParts is the number of parts of residuals.
const residualParts = 20

func residuals(s *Sample) []Point {
	order := rank(s.Value, func(int) bool { return false }).row
	var out []Point
	parts := min(residualParts, len(order))
	for k := range parts {
		var said, truth, total float64
		for _, i := range order[k*len(order)/parts : (k+1)*len(order)/parts] {
			w := weightOf(s.Weight, int(i))
			said, truth, total = said+w*s.Value[i], truth+w*s.Y[i], total+w
		}
		if total > 0 {
			out = append(out, Point{X: said / total, Y: truth / total, Z: total})
		}
	}
	return out
}
