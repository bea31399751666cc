package cluster

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/eiderdb/eider/functions/model"
)

// seeds picks k rows as centres by greedy k-means++, as scikit-learn does: of 2 + ln k rows drawn
// with probabilities proportional to weight × squared distance to the nearest centre so far, the one
// that lowers the sum of those most. Fewer than k distinct rows are 22023.
func (p *points) seeds(ctx context.Context, k int, r *rand.Rand) ([][]float64, error) {
	trials := 2 + int(math.Log(float64(k)))
	nearest, trial, best := make([]float64, p.rows), make([]float64, p.rows), make([]float64, p.rows)
	total := 0.0
	for i := range nearest {
		nearest[i] = math.Inf(1)
		total += p.weight(i)
	}
	centres := [][]float64{p.row(p.draw(r.Float64()*total, nil))}
	if _, err := p.lower(ctx, nearest, nearest, centres[0]); err != nil {
		return nil, err
	}
	for len(centres) < k {
		potential := 0.0
		for i, d := range nearest {
			potential += float64(d * p.weight(i))
		}
		if potential == 0 {
			return nil, tooFew(k, len(centres))
		}
		var chosen []float64
		low := math.Inf(1)
		for range trials {
			candidate := p.row(p.draw(r.Float64()*potential, nearest))
			sum, err := p.lower(ctx, trial, nearest, candidate)
			if err != nil {
				return nil, err
			}
			if sum < low || chosen == nil {
				low, chosen = sum, candidate
				best, trial = trial, best
			}
		}
		nearest, best = best, nearest
		centres = append(centres, chosen)
	}
	return centres, nil
}

// draw returns the row in which the running sum of weight × distance (of weight where distance is
// nil) passes at; never one that adds nothing.
func (p *points) draw(at float64, distance []float64) int {
	last := 0
	for i := range p.rows {
		share := p.weight(i)
		if distance != nil {
			share *= distance[i]
		}
		if share > 0 {
			if last = i; at < share {
				return i
			}
			at -= share
		}
	}
	return last
}

func (p *points) row(i int) []float64 {
	out := make([]float64, len(p.x))
	for j, col := range p.x {
		out[j] = col[i]
	}
	return out
}

// lower fills to with the smaller of from and the squared distance to a centre, and returns its weighted sum.
func (p *points) lower(ctx context.Context, to, from, centre []float64) (float64, error) {
	windows := make([][][]float64, p.threads)
	for t := range windows {
		windows[t] = make([][]float64, len(p.x))
	}
	sums, err := model.SumBlocks(ctx, p.rows, 1, p.threads, func(worker int, sum []float64, a, b int) {
		var scratch [model.BlockRows]float64
		d := scratch[:b-a]
		distances(d, window(windows[worker], p.x, a, b), centre)
		for i, v := range d {
			v = min(v, from[a+i])
			to[a+i] = v
			if p.w != nil {
				v *= p.w[a+i]
			}
			sum[0] += v
		}
	})
	if err != nil {
		return 0, err
	}
	return sums[0], nil
}
