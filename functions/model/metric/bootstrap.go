package metric

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
)

// Bootstrap says how intervals are made. The zero value works.
type Bootstrap struct {
	Seed int64
	// Replicates is the number of draws; 0 means 500.
	Replicates int
	// Threads share the replicates; 0 means 1. The intervals don't depend on it.
	Threads int
}

const (
	defaultReplicates = 500
	// level is that of every interval.
	level = 0.95
	// maxUnits bounds the rows that a replicate looks at; see units.
	maxUnits = 32_768
	// maxScores bounds the neighbourhoods of scores of a sample of two classes; see squeeze.
	maxScores = 2048
)

// Interval bounds a metric.
type Interval struct {
	// Value is the metric on the whole sample; OK is false where it has none.
	Value float64
	OK    bool
	// Low and High bound its 95 % interval; Bounded is false where too few replicates had a value.
	Low, High float64
	Bounded   bool
}

// Intervals computes metrics with their 95 % intervals: the percentiles of a Poisson bootstrap
// (Chamandy et al. 2012), in which every row counts as often as a Poisson number of mean 1 says. One
// pass over the rows makes a replicate, because what is sorted stays sorted.
//
// A sample of two classes with more than 4,096 rows is squeezed into at most about 2,048
// neighbourhoods of scores, each counting as often as a Poisson number of mean its rows. Any other
// with more than 32,768 rows is represented by so many, chosen by the seed, and the replicates' distance from
// the chosen rows' value is scaled by sqrt(chosen / rows) (Bickel, Götze and van Zwet 1997). Metrics of clusters get no interval.
func Intervals(ctx context.Context, s *Sample, metrics []Decl, b Bootstrap) ([]Interval, error) {
	out := make([]Interval, len(metrics))
	for k := range metrics {
		out[k].Value, out[k].OK = metrics[k].Value(s)
	}
	if s.Y == nil {
		return out, ctx.Err()
	}
	u := newUnits(s, b.Seed)
	own, bounded := make([]float64, len(metrics)), make([]bool, len(metrics))
	draws, err := u.replicate(ctx, b, len(metrics), func() func(w []float64, values []float64) {
		weigh := make([]weighing, len(metrics))
		for k := range metrics {
			if !out[k].OK {
				continue
			}
			prepared := metrics[k].prepare(u.sample)
			if own[k], bounded[k] = prepared(u.mean); bounded[k] {
				weigh[k] = prepared
			}
		}
		return func(w, values []float64) {
			for k, value := range weigh {
				values[k] = math.NaN()
				if value != nil {
					if v, ok := value(w); ok {
						values[k] = v
					}
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	for k := range out {
		if bounded[k] {
			out[k].Low, out[k].High, out[k].Bounded = percentiles(draws[k], b.replicates(), out[k].Value, own[k], u.scale)
		}
	}
	return out, nil
}

// Difference is Intervals of how much better sample a is than b: two models' predictions for the same
// rows, weighed alike in every replicate. It is positive where a is better, whatever the metric's direction.
func Difference(ctx context.Context, a, b *Sample, d *Decl, o Bootstrap) (Interval, error) {
	var out Interval
	va, okA := d.Value(a)
	vb, okB := d.Value(b)
	sign := 1.0
	if !d.GreaterIsBetter {
		sign = -1
	}
	out.Value, out.OK = sign*(va-vb), okA && okB
	if !out.OK || a.Y == nil {
		return out, nil
	}
	rows := chosen(a.Rows(), maxUnits, o.Seed)
	ua, ub := pick(a, rows), pick(b, rows)
	own, bounded := 0.0, false
	draws, err := ua.replicate(ctx, o, 1, func() func(w []float64, values []float64) {
		wa, wb := d.prepare(ua.sample), d.prepare(ub.sample)
		both := func(w []float64) (float64, bool) {
			x, okX := wa(w)
			y, okY := wb(w)
			return sign * (x - y), okX && okY
		}
		own, bounded = both(ua.mean)
		return func(w, values []float64) {
			v, ok := both(w)
			if values[0] = v; !ok {
				values[0] = math.NaN()
			}
		}
	})
	if err != nil {
		return out, err
	}
	if bounded {
		out.Low, out.High, out.Bounded = percentiles(draws[0], o.replicates(), out.Value, own, ua.scale)
	}
	return out, nil
}

func (b Bootstrap) replicates() int {
	if b.Replicates > 0 {
		return b.Replicates
	}
	return defaultReplicates
}

// percentiles returns the bounds, moved and scaled from what was drawn to the whole sample. Half of
// the replicates must have had a value.
func percentiles(draws []float64, replicates int, value, own, scale float64) (low, high float64, ok bool) {
	draws = slices.DeleteFunc(draws, math.IsNaN)
	if len(draws)*2 < replicates || len(draws) < 20 {
		return 0, 0, false
	}
	slices.Sort(draws)
	at := func(q float64) float64 {
		x := q * float64(len(draws)-1)
		i := int(x)
		if i+1 == len(draws) {
			return draws[i]
		}
		return draws[i] + (x-float64(i))*(draws[i+1]-draws[i])
	}
	low, high = at((1-level)/2), at((1+level)/2)
	return value + (low-own)*scale, value + (high-own)*scale, true
}

// units are what a replicate draws: rows, or neighbourhoods of rows. Unit i weighs mean[i] in all, and
// as much as mean[i] / count[i] times a Poisson number of mean count[i] in a replicate.
type units struct {
	sample *Sample
	mean   []float64
	count  []float64 // nil where all are 1
	scale  float64
}

func newUnits(s *Sample, seed int64) *units {
	if s.Classes == 2 && s.Value != nil && s.Y != nil {
		if u := squeeze(s); u != nil {
			return u
		}
		return pick(s, chosen(s.Rows(), s.Rows(), seed))
	}
	return pick(s, chosen(s.Rows(), maxUnits, seed))
}

// pick makes units of rows.
func pick(s *Sample, rows []int32) *units {
	u := &units{sample: s, mean: s.Weight, scale: 1}
	if len(rows) < s.Rows() {
		part := *s
		part.ranked, part.cells = nil, nil
		part.Y, part.Weight, part.Value = take(s.Y, rows), take(s.Weight, rows), take(s.Value, rows)
		part.Proba = make([][]float64, len(s.Proba))
		for k, p := range s.Proba {
			part.Proba[k] = take(p, rows)
		}
		u.sample, u.mean, u.scale = &part, part.Weight, math.Sqrt(float64(len(rows))/float64(s.Rows()))
	}
	if u.mean == nil {
		u.mean = make([]float64, len(rows))
		for i := range u.mean {
			u.mean[i] = 1
		}
	}
	return u
}

func take(col []float64, rows []int32) []float64 {
	if col == nil {
		return nil
	}
	out := make([]float64, len(rows))
	for i, r := range rows {
		out[i] = col[r]
	}
	return out
}

// squeeze makes units of neighbouring scores with the same truth, which never lie on both sides of the threshold or of
// a bin of calibration. It returns nil for few rows, which do as well.
func squeeze(s *Sample) *units {
	r := s.ranksOf(1)
	if len(s.Y) <= 2*maxScores {
		return nil
	}
	threshold := s.Threshold
	if threshold == 0 {
		threshold = 0.5
	}
	u := &units{sample: &Sample{Task: s.Task, Classes: 2, Threshold: s.Threshold}, scale: 1}
	per := max(1, (len(s.Y)+maxScores-1)/maxScores)
	var score, weight, square [2]float64 // of the neighbourhood, by truth
	rows := 0
	flush := func() {
		for k := range 2 {
			if weight[k] > 0 {
				u.sample.Y = append(u.sample.Y, float64(k))
				u.sample.Value = append(u.sample.Value, score[k]/weight[k])
				u.mean = append(u.mean, weight[k])
				u.count = append(u.count, weight[k]*weight[k]/square[k])
			}
		}
		score, weight, square, rows = [2]float64{}, [2]float64{}, [2]float64{}, 0
	}
	start := int32(0)
	var last float64
	for _, end := range r.ends {
		p := s.Value[r.row[start]]
		if rows > 0 && (rows >= per || bin(p) != bin(last) || (p >= threshold) != (last >= threshold)) {
			flush()
		}
		for i := start; i < end; i++ {
			k := 0
			if r.positive[i] {
				k = 1
			}
			w := weightOf(s.Weight, int(r.row[i]))
			score[k] += w * p
			weight[k] += w
			square[k] += w * w
		}
		rows += int(end - start)
		start, last = end, p
	}
	flush()
	return u
}

// replicate returns what each replicate says of each of some metrics, NaN for nothing. The threads prepare one after the
// other and get an evaluation each; every replicate has a generator of its own.
func (u *units) replicate(ctx context.Context, b Bootstrap, metrics int, prepare func() func(w, values []float64)) ([][]float64, error) {
	out := make([][]float64, metrics)
	for k := range out {
		out[k] = make([]float64, b.replicates())
	}
	threads := max(1, min(b.Threads, b.replicates()))
	errs := make([]error, threads)
	var wg sync.WaitGroup
	for t := range threads {
		evaluate := prepare()
		wg.Add(1)
		go func() {
			defer wg.Done()
			w, values := make([]float64, len(u.mean)), make([]float64, metrics)
			for r := t; r < b.replicates(); r += threads {
				if errs[t] = ctx.Err(); errs[t] != nil {
					return
				}
				u.draw(w, rand.NewPCG(uint64(b.Seed), uint64(r)+1))
				evaluate(w, values)
				for k, v := range values {
					out[k][r] = v
				}
			}
		}()
	}
	wg.Wait()
	return out, errors.Join(errs...)
}

func (u *units) draw(w []float64, random *rand.PCG) {
	if u.count == nil {
		// Sixteen bits a row are enough: the distribution function at them is exact to 2^-17.
		for i := 0; i < len(w); {
			v := random.Uint64()
			for j := 0; j < 4 && i < len(w); j++ {
				w[i] = u.mean[i] * ones(uint16(v))
				v >>= 16
				i++
			}
		}
		return
	}
	r := rand.New(random)
	for i, c := range u.count {
		w[i] = u.mean[i] / c * poisson(r, c)
	}
}

// onesSteps are the distribution function of the Poisson distribution of mean 1 in units of 2^-16.
var onesSteps = [...]uint32{24109, 48219, 60273, 64292, 65296, 65497, 65531, 65535}

// ones is a Poisson number of mean 1 by inversion.
func ones(v uint16) float64 {
	n := 0
	for n < len(onesSteps) && uint32(v) >= onesSteps[n] {
		n++
	}
	return float64(n)
}

// poisson is a Poisson number: by inversion up to mean 30, above by the normal distribution of the
// same mean and variance, rounded.
func poisson(r *rand.Rand, mean float64) float64 {
	if mean > 30 {
		return max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64()))
	}
	v, p, n := r.Float64(), math.Exp(-mean), 0.0
	for sum := p; v > sum && n < 200; sum += p {
		n++
		p *= mean / n
	}
	return n
}
