package cluster

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/eiderdb/eider/functions/model"
)

type settings struct {
	k, tries, maxIter int
	tol               float64
	seed              int64
	// start replaces the seeds, for comparison with other programs.
	start    [][]float64
	progress func(float64)
	from, to float64 // the part of the progress that the current phase has
}

// result is a clustering. Distances are in scaled units.
type result struct {
	centres    [][]float64
	labels     []int32
	inertia    float64
	iterations int
	converged  bool
}

func (s *settings) part(done float64) {
	if s.progress != nil {
		s.progress(s.from + (s.to-s.from)*done)
	}
}

// cluster runs the tries, on a sample where there are many rows, and finishes the best on all rows.
func (p *points) cluster(ctx context.Context, s settings) (*result, error) {
	if s.start != nil {
		s.to = 0.95
		return p.lloyd(ctx, &s, s.start)
	}
	small := p.sample(s.k)
	share := 0.95
	if small != p {
		share = 0.3
	}
	var best *result
	for try := range s.tries {
		s.from, s.to = share*float64(try)/float64(s.tries), share*float64(try+1)/float64(s.tries)
		r := rand.New(rand.NewPCG(uint64(s.seed), uint64(try)))
		centres, err := small.seeds(ctx, s.k, r)
		if err != nil && small != p && ctx.Err() == nil { // too few distinct rows in the sample
			small = p
			centres, err = p.seeds(ctx, s.k, r)
		}
		if err != nil {
			return nil, err
		}
		got, err := small.lloyd(ctx, &s, centres)
		if err != nil {
			return nil, err
		}
		if best == nil || got.inertia < best.inertia {
			best = got
		}
	}
	if small == p {
		return best, nil
	}
	s.from, s.to = share, 0.95
	return p.lloyd(ctx, &s, best.centres)
}

// lloyd moves the centres to the means of their rows until no row changes its cluster or the
// movement is below tol. It keeps, for every row, an upper bound of the distance to its centre and a
// lower bound of that to any other (Hamerly, "Making k-means even faster", 2010): where the bounds
// don't overlap, the row keeps its cluster unseen.
func (p *points) lloyd(ctx context.Context, s *settings, centres [][]float64) (*result, error) {
	l := newLloyd(p, centres)
	enough, err := l.enough(ctx, s.tol)
	if err != nil {
		return nil, err
	}
	out := &result{}
	for out.iterations < s.maxIter && !out.converged {
		changed, err := l.assign(ctx)
		if err != nil {
			return nil, err
		}
		filled, err := l.fillEmpty(ctx)
		if err != nil {
			return nil, err
		}
		if changed == 0 && !filled {
			out.converged = true
			break
		}
		out.iterations++
		moved := l.move()
		out.converged = moved <= enough && !filled
		s.part(float64(out.iterations) / float64(out.iterations+8))
	}
	// The sums have gone through many additions and subtractions: once more from the rows.
	if err := l.settle(ctx, out); err != nil {
		return nil, err
	}
	out.centres, out.labels = l.centres, l.label
	return out, nil
}

// lloyd is the state of the steps.
type lloyd struct {
	*points
	k       int
	centres [][]float64
	across  []float64 // the centres, feature by feature
	label   []int32
	upper   []float64
	lower   []float64
	// travel is how far each centre went in the last move, and the farthest of the others; half is
	// half the distance to the nearest other centre.
	travel, others, half []float64
	sums                 []float64 // k×features sums of w·x, then k sums of w, then k counts of rows
	scratch              []scratch
}

// tile is how many centres' distances are compared at a time.
const tile = 8

// scratch is one goroutine's memory for the rows of a block that must be looked at.
type scratch struct {
	rows        []int32
	x           [][]float64 // their features
	window      [][]float64
	d           []float64 // tile × BlockRows distances
	best, other []float64
	label, at   []int32
}

func newLloyd(p *points, start [][]float64) *lloyd {
	k, n := len(start), len(p.x)
	l := &lloyd{points: p, k: k, label: make([]int32, p.rows), upper: make([]float64, p.rows), lower: make([]float64, p.rows),
		travel: make([]float64, k), others: make([]float64, k), half: make([]float64, k), sums: make([]float64, k*n+2*k), scratch: make([]scratch, p.threads)}
	for _, c := range start {
		l.centres = append(l.centres, append([]float64(nil), c...))
	}
	for i := range l.label {
		l.label[i] = -1
	}
	for t := range l.scratch {
		w := &l.scratch[t]
		w.rows, w.label, w.at = make([]int32, 0, model.BlockRows), make([]int32, model.BlockRows), make([]int32, model.BlockRows)
		w.d, w.best, w.other = make([]float64, tile*model.BlockRows), make([]float64, model.BlockRows), make([]float64, model.BlockRows)
		w.x, w.window = make([][]float64, n), make([][]float64, n)
		for j := range w.x {
			w.x[j] = make([]float64, model.BlockRows)
		}
	}
	l.across = make([]float64, n*k)
	l.separate()
	return l
}

// enough is the movement at which the steps end: tol times the mean variance of the features.
func (l *lloyd) enough(ctx context.Context, tol float64) (float64, error) {
	n := len(l.x)
	sums, err := model.SumBlocks(ctx, l.rows, 2*n, l.threads, func(_ int, sum []float64, from, to int) {
		for j, col := range l.x {
			shift := col[0]
			for _, v := range col[from:to] {
				v -= shift
				sum[2*j] += v
				sum[2*j+1] += float64(v * v)
			}
		}
	})
	if err != nil {
		return 0, err
	}
	mean := 0.0
	for j := range n {
		m := sums[2*j] / float64(l.rows)
		mean += max(0, sums[2*j+1]/float64(l.rows)-float64(m*m)) / float64(n)
	}
	return tol * mean, nil
}

// slack covers the rounding of distances and bounds, relatively.
const slack = 1 + 1e-13

// assign gives every row its nearest centre and brings the sums up to date.
func (l *lloyd) assign(ctx context.Context) (changed int, err error) {
	delta, err := model.SumBlocks(ctx, l.rows, len(l.sums)+1, l.threads, func(worker int, sum []float64, from, to int) {
		w := &l.scratch[worker]
		w.rows = w.rows[:0]
		for i := from; i < to; i++ {
			a := l.label[i]
			if a < 0 {
				w.rows = append(w.rows, int32(i))
				continue
			}
			u, other := l.upper[i]+l.travel[a], l.lower[i]-l.others[a]
			l.upper[i], l.lower[i] = u, other
			if u*slack >= max(other, l.half[a]) {
				w.rows = append(w.rows, int32(i))
			}
		}
		x := l.gather(w, from, to)
		if len(w.rows) > 0 && l.label[w.rows[0]] >= 0 {
			x = l.tighten(w, x)
		}
		l.nearest(w, x)
		for r, i := range w.rows {
			old, now := l.label[i], w.label[r]
			l.upper[i], l.lower[i] = math.Sqrt(w.best[r])*slack, math.Sqrt(w.other[r])/slack
			if old == now {
				continue
			}
			l.label[i] = now
			weight := l.weight(int(i))
			l.count(sum, x, r, int(now), weight, 1)
			if old >= 0 {
				l.count(sum, x, r, int(old), -weight, -1)
			}
			sum[len(sum)-1]++
		}
	})
	if err != nil {
		return 0, err
	}
	for i := range l.sums {
		l.sums[i] += delta[i]
	}
	return int(delta[len(delta)-1]), nil
}

// count adds row r of x to the sums of a cluster.
func (l *lloyd) count(sum []float64, x [][]float64, r, cluster int, weight, rows float64) {
	n := len(l.x)
	to := sum[cluster*n : (cluster+1)*n]
	for j := range to {
		to[j] += float64(weight * x[j][r])
	}
	sum[l.k*n+cluster] += weight
	sum[l.k*n+l.k+cluster] += rows
}

// own fills d with the squared distances of rows with features x to their centres.
func (l *lloyd) own(d []float64, x [][]float64, label []int32) {
	clear(d)
	label = label[:len(d)]
	for j := range x {
		centre, col := l.across[j*l.k:(j+1)*l.k], x[j][:len(d)]
		for r, v := range col {
			v -= centre[label[r]]
			d[r] += float64(v * v)
		}
	}
}

// tighten measures the scratch rows' distances to their centres, and drops the rows whose lower
// bound is above it.
func (l *lloyd) tighten(w *scratch, x [][]float64) [][]float64 {
	m := len(w.rows)
	for r, i := range w.rows {
		w.label[r] = l.label[i]
	}
	d := w.d[:m]
	l.own(d, x, w.label)
	kept := 0
	for r, i := range w.rows {
		u := math.Sqrt(d[r]) * slack
		l.upper[i] = u
		w.at[kept], w.rows[kept] = int32(r), i
		if u*slack >= max(l.lower[i], l.half[w.label[r]]) {
			kept++
		}
	}
	w.rows = w.rows[:kept]
	if kept == m {
		return x
	}
	for j, col := range x {
		out := w.x[j][:kept]
		for r, from := range w.at[:kept] {
			out[r] = col[from]
		}
	}
	return w.x
}

// gather returns the features of the scratch rows, which are among from ≤ i < to.
func (l *lloyd) gather(w *scratch, from, to int) [][]float64 {
	m := len(w.rows)
	if m == to-from {
		return window(w.window, l.x, from, to)
	}
	for j, col := range l.x {
		out := w.x[j][:m]
		for r, i := range w.rows {
			out[r] = col[i]
		}
	}
	return w.x
}

// nearest fills best, other and label for the scratch rows, whose features are x: the squared
// distances to the nearest and second nearest centre. The first of several nearest counts.
func (l *lloyd) nearest(w *scratch, x [][]float64) {
	m := len(w.rows)
	for r := range m {
		w.best[r], w.other[r] = math.Inf(1), math.Inf(1)
	}
	for first := 0; first < l.k && m > 0; first += tile {
		group := l.centres[first:min(first+tile, l.k)]
		for c, centre := range group {
			distances(w.d[c*model.BlockRows:c*model.BlockRows+m], x, centre)
		}
		smallest(w.best[:m], w.other[:m], w.label[:m], w.d, first, len(group))
	}
}

// smallest brings the distances of a group of centres into the smallest and second smallest so
// far. Distances are compared as the whole numbers with their bits, which for numbers of at
// least 0 is the same and needs no branch: which centre is nearest can't be foreseen.
func smallest(best, other []float64, label []int32, d []float64, first, group int) {
	other, label = other[:len(best)], label[:len(best)]
	for r := range best {
		low, second, at := math.Float64bits(best[r]), math.Float64bits(other[r]), int(label[r])
		i := r
		for c := first; c < first+group; c++ {
			v := math.Float64bits(d[i])
			second = min(second, max(low, v))
			if v < low {
				at = c
			}
			low = min(low, v)
			i += model.BlockRows
		}
		best[r], other[r], label[r] = math.Float64frombits(low), math.Float64frombits(second), int32(at)
	}
}

// move puts the centres at the means of their rows and returns the sum of the squared movements.
func (l *lloyd) move() (moved float64) {
	n := len(l.x)
	first, second, farthest := 0.0, 0.0, 0
	for c, centre := range l.centres {
		d := 0.0
		for j := range centre {
			weight := l.sums[l.k*n+c]
			if !(weight > 0) {
				break // every row in it has weight 0: it stays where it is
			}
			to := l.sums[c*n+j] / weight
			d += float64((to - centre[j]) * (to - centre[j]))
			centre[j] = to
		}
		moved += d
		l.travel[c] = math.Sqrt(d) * slack
		if l.travel[c] > first {
			first, second, farthest = l.travel[c], first, c
		} else {
			second = max(second, l.travel[c])
		}
	}
	for c := range l.others {
		if l.others[c] = first; c == farthest {
			l.others[c] = second
		}
	}
	l.separate()
	return moved
}

// separate computes half the distance of each centre to the nearest other, once they have moved.
func (l *lloyd) separate() {
	for c, centre := range l.centres {
		for j, v := range centre {
			l.across[j*l.k+c] = v
		}
		nearest := math.Inf(1)
		for o, other := range l.centres {
			if o == c {
				continue
			}
			d := 0.0
			for j, v := range centre {
				d += float64((v - other[j]) * (v - other[j]))
			}
			nearest = min(nearest, d)
		}
		l.half[c] = math.Sqrt(nearest) / 2 / slack
	}
}

// fillEmpty moves clusters without rows to the rows farthest from their centres, as
// scikit-learn does, and tells whether there were any.
func (l *lloyd) fillEmpty(ctx context.Context) (bool, error) {
	n, filled, row := len(l.x), false, make([][]float64, len(l.x))
	for c := range l.k {
		if l.sums[l.k*n+l.k+c] > 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return filled, err
		}
		filled = true
		far, at := -1.0, 0
		for i := range l.rows {
			if l.sums[l.k*n+l.k+int(l.label[i])] < 2 {
				continue // alone: it would leave an empty cluster behind
			}
			d := []float64{0}
			if l.own(d, window(row, l.x, i, i+1), l.label[i:i+1]); d[0] > far {
				far, at = d[0], i
			}
		}
		row = window(row, l.x, at, at+1)
		weight := l.weight(at)
		l.count(l.sums, row, 0, int(l.label[at]), -weight, -1)
		l.count(l.sums, row, 0, c, weight, 1)
		l.label[at] = int32(c)
	}
	if filled { // bounds know nothing of it
		for i := range l.upper {
			l.upper[i], l.lower[i] = math.Inf(1), 0
		}
	}
	return filled, nil
}

// settle computes the centres' means anew from the rows, then labels and inertia by those centres.
func (l *lloyd) settle(ctx context.Context, out *result) error {
	n := len(l.x)
	sums, err := model.SumBlocks(ctx, l.rows, len(l.sums), l.threads, func(_ int, sum []float64, from, to int) {
		label := l.label[from:to]
		for j, col := range l.x {
			for i, v := range col[from:to] {
				if l.w != nil {
					v *= l.w[from+i]
				}
				sum[int(label[i])*n+j] += v
			}
		}
		for i, c := range label {
			sum[l.k*n+int(c)] += l.weight(from + i)
			sum[l.k*n+l.k+int(c)]++
		}
	})
	if err != nil {
		return err
	}
	l.sums = sums
	l.move()
	if _, err := l.assign(ctx); err != nil {
		return err
	}
	inertia, err := model.SumBlocks(ctx, l.rows, 1, l.threads, func(worker int, sum []float64, from, to int) {
		w := &l.scratch[worker]
		d := w.d[:to-from]
		l.own(d, window(w.window, l.x, from, to), l.label[from:to])
		for i, v := range d {
			sum[0] += float64(l.weight(from+i) * v)
		}
	})
	if err != nil {
		return err
	}
	out.inertia = inertia[0]
	return nil
}
