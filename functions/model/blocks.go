package model

import (
	"context"
	"sync"
	"sync/atomic"
)

// BlockRows is the most rows that a visit of SumBlocks gets: few enough that twenty columns of a
// block stay in a processor's first or second cache.
const BlockRows = 256

const (
	spanRows      = 4096     // a span has at least so many rows, where there are two or more
	maxSpans      = 64       // enough to keep the threads of one machine busy to the end
	spanNumbers   = 16 << 20 // all spans' sums together, unless fewSpans asks for more
	fewSpans      = 4
	maxSumThreads = maxSpans
)

// SumBlocks adds up size numbers over blocks of rows: visit adds what rows from ≤ i < to have to
// sum. worker, below threads, tells which goroutine calls, so that visit can keep scratch memory.
//
// Rows are cut into spans and spans into blocks at places that depend on rows and size only; a
// span's blocks are visited in order by one goroutine, and the spans' sums are added pairwise in a
// fixed order: the same bytes whatever threads is. It ends soon after ctx does, with ctx's error.
func SumBlocks(ctx context.Context, rows, size, threads int, visit func(worker int, sum []float64, from, to int)) ([]float64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if rows <= 0 {
		return make([]float64, size), nil
	}
	starts := spans(rows, size)
	n := len(starts) - 1
	sums := make([][]float64, n)
	var next atomic.Int64
	run := func(worker int) {
		for {
			s := int(next.Add(1)) - 1
			if s >= n {
				return
			}
			sum := make([]float64, size)
			for from := starts[s]; from < starts[s+1]; from += BlockRows {
				if ctx.Err() != nil {
					return
				}
				visit(worker, sum, from, min(from+BlockRows, starts[s+1]))
			}
			sums[s] = sum
		}
	}
	var wait sync.WaitGroup
	for worker := 1; worker < min(threads, n, maxSumThreads); worker++ {
		wait.Go(func() { run(worker) })
	}
	run(0)
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for step := 1; step < n; step *= 2 {
		for i := 0; i+step < n; i += 2 * step {
			into, from := sums[i], sums[i+step]
			for j, v := range from {
				into[j] += v
			}
		}
	}
	return sums[0], nil
}

// spans returns where spans start, and rows at the end; starts are multiples of BlockRows.
func spans(rows, size int) []int {
	n := min(maxSpans, max(fewSpans, spanNumbers/max(size, 1)), (rows+spanRows-1)/spanRows)
	blocks := (rows + BlockRows - 1) / BlockRows
	starts := make([]int, n+1)
	for s := range n {
		starts[s] = s * blocks / n * BlockRows
	}
	starts[n] = rows
	return starts
}
