package xgboost

import (
	"context"
	"math"
	"sync"
)

// The histograms' bins end at cuts, quantiles of the features. The library finds them by sketches (Chen and Guestrin 2016,
// appendix), which take as long as sorting all values into the bins does afterwards. Sorting each feature once by its
// digits is faster, and exact: the cuts are those that the library makes of a sketch that forgot nothing. They get into the
// library by a matrix of a few rows that hold just the values that such a sketch would be pruned to.

// cutsOf returns a table of at most maxBin+1 rows of which the library makes the cuts of columns; a column's missing rest is NaN.
func cutsOf(ctx context.Context, cols [][]float64, rows, maxBin, threads int) ([][]float64, error) {
	out := make([][]float64, len(cols))
	next := make(chan int, len(cols))
	for k := range cols {
		next <- k
	}
	close(next)
	var wg sync.WaitGroup
	for range max(1, min(threads, len(cols))) {
		wg.Go(func() {
			s := &sorter{keys: make([]uint32, rows), spare: make([]uint32, rows)}
			for k := range next {
				if ctx.Err() != nil {
					return
				}
				out[k] = prune(s.sort(cols[k]), maxBin+1)
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	height := 1
	for _, col := range out {
		height = max(height, len(col))
	}
	for k := range out {
		for len(out[k]) < height {
			out[k] = append(out[k], math.NaN())
		}
	}
	return out, nil
}

// sorter sorts columns one after the other, in the same memory.
type sorter struct{ keys, spare []uint32 }

// sort returns the order-preserving integers of what isn't missing, as single precision, ascending: a radix sort by 11 bits.
func (s *sorter) sort(col []float64) []uint32 {
	const digit, mask = 11, 1<<11 - 1
	var counts [3][1 << digit]int
	keys, n := s.keys, 0
	for _, v := range col {
		if v != v {
			continue
		}
		bits := math.Float32bits(float32(v) + 0) // no negative zero
		if bits>>31 != 0 {
			bits = ^bits
		} else {
			bits |= 1 << 31
		}
		keys[n] = bits
		n++
		counts[0][bits&mask]++
		counts[1][bits>>digit&mask]++
		counts[2][bits>>(2*digit)]++
	}
	from, to := keys[:n], s.spare[:n]
	for pass := range counts {
		start, shift := &counts[pass], pass*digit
		if len(from) > 0 && start[from[0]>>shift&mask] == len(from) {
			continue
		}
		sum := 0
		for d, n := range start {
			start[d] = sum
			sum += n
		}
		for _, k := range from {
			d := k >> shift & mask
			to[start[d]] = k
			start[d]++
		}
		from, to = to, from
	}
	return from
}

// prune picks at most most of the sorted values, by their ranks: the rule by which the library prunes a sketch.
func prune(keys []uint32, most int) []float64 {
	if all := distinct(keys, most); all != nil || len(keys) == 0 {
		return all
	}
	var out []float64
	taken := 0 // the end of the run of equal values that was picked last
	take := func(end int) {
		if end != taken {
			out, taken = append(out, valueOf(keys[end-1])), end
		}
	}
	first, tail := endOfRun(keys, 0), len(keys)-1
	for keys[tail-1] == keys[tail] {
		tail--
	}
	begin := float32(first) // in single precision, as there
	span, n := float32(tail)-begin, most-1
	take(first)
	// The value looked at has ranks up to end, the next one ranks from end to next.
	end := endOfRun(keys, first)
	next := endOfRun(keys, end)
	for k := 1; k < n && end < len(keys); k++ {
		twice := float64(2 * (float32(float32(k)*span)/float32(n) + begin))
		for end < len(keys) && twice >= float64(end+next) {
			end, next = next, endOfRun(keys, next)
		}
		switch {
		case end == len(keys):
		case twice < float64(2*end):
			take(end)
		default:
			take(next)
		}
	}
	take(len(keys))
	return out
}

// endOfRun is the index behind the last key that equals that of an index.
func endOfRun(keys []uint32, at int) int {
	if at == len(keys) {
		return at
	}
	end := at + 1
	for end < len(keys) && keys[end] == keys[at] {
		end++
	}
	return end
}

// distinct are the values, nil if there are more than most.
func distinct(keys []uint32, most int) []float64 {
	var out []float64
	for at := 0; at < len(keys); at = endOfRun(keys, at) {
		if len(out) == most {
			return nil
		}
		out = append(out, valueOf(keys[at]))
	}
	return out
}

// valueOf is the number of a key.
func valueOf(key uint32) float64 {
	if key>>31 != 0 {
		return float64(math.Float32frombits(key &^ (1 << 31)))
	}
	return float64(math.Float32frombits(^key))
}
