package metric

import (
	"math"

	"github.com/eiderdb/eider/functions/model"
)

// ranks is a sample in ascending order of a score.
type ranks struct {
	// row is the sample's row at a rank, positive whether it is of the class.
	row      []int32
	positive []bool
	// ends are the ranks after which the score changes, the last is the number of rows.
	ends []int32
}

// rank sorts by score; NaN comes first. Rows of the same score keep the sample's order.
func rank(score []float64, positive func(i int) bool) *ranks {
	keys := make([]uint64, len(score))
	for i, v := range score {
		keys[i] = sortable(v)
	}
	r := &ranks{row: model.Order(keys), positive: make([]bool, len(keys))}
	distinct := 0
	for i, row := range r.row {
		r.positive[i] = positive(int(row))
		if i+1 == len(keys) || keys[i+1] != keys[i] {
			distinct++
		}
	}
	r.ends = make([]int32, 0, distinct)
	for i := range keys {
		if i+1 == len(keys) || keys[i+1] != keys[i] {
			r.ends = append(r.ends, int32(i+1))
		}
	}
	return r
}

// sortable is a number whose order as an unsigned integer is that of the doubles, NaN first; the zeros are equal.
func sortable(v float64) uint64 {
	switch bits := math.Float64bits(v); {
	case v != v:
		return 0
	case v == 0:
		return 1 << 63
	case bits>>63 != 0:
		return ^bits
	default:
		return bits | 1<<63
	}
}

// auc adds up, score by score, the positive weight times the negative weight below, half of that beside.
func (r *ranks) auc(w []float64) (float64, bool) {
	below, above, sum := 0.0, 0.0, 0.0
	start := int32(0)
	for _, end := range r.ends {
		pos, neg := r.weigh(w, start, end)
		sum += pos * (below + neg/2)
		below += neg
		above += pos
		start = end
	}
	if below == 0 || above == 0 {
		return 0, false
	}
	return sum / below / above, true
}

// weigh returns the weights of the positive and of the negative rows from rank start to end.
func (r *ranks) weigh(w []float64, start, end int32) (pos, neg float64) {
	for i := start; i < end; i++ {
		wi := 1.0
		if w != nil {
			wi = w[r.row[i]]
		}
		if r.positive[i] {
			pos += wi
		} else {
			neg += wi
		}
	}
	return pos, neg
}

// averagePrecision goes down the scores.
func (r *ranks) averagePrecision(w []float64) (float64, bool) {
	hits, all, sum := 0.0, 0.0, 0.0
	for g := len(r.ends) - 1; g >= 0; g-- {
		start := int32(0)
		if g > 0 {
			start = r.ends[g-1]
		}
		pos, neg := r.weigh(w, start, r.ends[g])
		hits += pos
		all += pos + neg
		if pos > 0 {
			sum += pos * (hits / all)
		}
	}
	if hits == 0 {
		return 0, false
	}
	return sum / hits, true
}

func auc(r *ranks, w []float64) (float64, bool)              { return r.auc(w) }
func averagePrecision(r *ranks, w []float64) (float64, bool) { return r.averagePrecision(w) }

// macroRanks averages a value of ranks over the classes that have one; with two classes it is class 1's.
func macroRanks(value func(r *ranks, w []float64) (float64, bool)) func(*Sample) weighing {
	return func(s *Sample) weighing {
		var by []*ranks
		if s.Classes <= 2 {
			by = append(by, s.ranksOf(1))
		}
		for k := 0; s.Classes > 2 && k < s.Classes; k++ {
			by = append(by, s.ranksOf(k))
		}
		return func(w []float64) (float64, bool) {
			sum, n := 0.0, 0
			for _, r := range by {
				if v, ok := value(r, w); ok {
					sum += v
					n++
				}
			}
			if n == 0 {
				return 0, false
			}
			return sum / float64(n), true
		}
	}
}

// ranksOf returns the sample in the order of a class's probability. It is made once.
func (s *Sample) ranksOf(k int) *ranks {
	if s.ranked == nil {
		s.ranked = map[int]*ranks{}
	}
	r := s.ranked[k]
	if r == nil {
		score := s.Value
		if s.Classes > 2 {
			score = s.Proba[k]
		}
		r = rank(score, func(i int) bool { return int(s.Y[i]) == k })
		s.ranked[k] = r
	}
	return r
}
