package frame

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// settleTies orders rows of equal keys by their content. Such rows are almost always equal throughout, and then any order will do.
func settleTies(keys []uint64, perm []int32, cols []collector) {
	for from := 0; from < len(keys); {
		to := from + 1
		for to < len(keys) && keys[to] == keys[from] {
			to++
		}
		if to-from > 1 {
			tied := perm[from:to]
			equal := true
			for _, p := range tied[1:] {
				if compareRows(cols, tied[0], p) != 0 {
					equal = false
					break
				}
			}
			if !equal {
				slices.SortFunc(tied, func(a, b int32) int { return compareRows(cols, a, b) })
			}
		}
		from = to
	}
}

// compareRows is a total order of contents: 0 only where no bit differs.
func compareRows(cols []collector, a, b int32) int {
	for k := range cols {
		c := &cols[k]
		var d int
		switch c.in.Kind {
		case Number:
			d = cmp.Compare(math.Float64bits(c.num.at(a)), math.Float64bits(c.num.at(b)))
		case Instant:
			d = cmp.Compare(c.at.at(a), c.at.at(b))
		default:
			x, y := c.code.at(a), c.code.at(b)
			switch {
			case x == y:
			case x < 0 || y < 0:
				d = cmp.Compare(x, y)
			default:
				d = strings.Compare(c.texts[x], c.texts[y])
			}
		}
		if d != 0 {
			return d
		}
	}
	return 0
}

// Arrange permutes the rows: row i is then what row order[i] was. Rows that order leaves out are dropped. It
// takes the memory of one column more for each thread, and none where nothing changes its place; slices of the
// columns taken before are void.
func (f *Frame) Arrange(order []int32) {
	if len(order) == f.Rows && ascending(order) {
		return
	}
	type spare struct {
		num  []float64
		code []int32
		at   []int64
	}
	spares := make([]spare, columnThreads())
	eachColumn(len(f.Cols), func(worker, k int) {
		own := &spares[worker]
		switch c := &f.Cols[k]; c.Kind {
		case Number:
			c.Num, own.num = arrange(c.Num, own.num, order)
		case Category:
			c.Code, own.code = arrange(c.Code, own.code, order)
		default:
			c.At, own.at = arrange(c.At, own.at, order)
		}
	})
	f.Hash, _ = arrange(f.Hash, nil, order)
	f.Rows = len(order)
}

// ascending reports whether rows are 0, 1, 2 ….
func ascending(rows []int32) bool {
	for i, r := range rows {
		if int(r) != i {
			return false
		}
	}
	return true
}

// arrange writes the rows of col into spare, if that is large enough, and returns it with col, which is spare from now on.
func arrange[T any](col, spare []T, order []int32) (arranged, rest []T) {
	if cap(spare) < len(order) {
		spare = make([]T, len(order))
	}
	spare = spare[:len(order)]
	for i, p := range order {
		spare[i] = col[p]
	}
	return spare, col
}

// maxColumnThreads bounds the threads that move columns, because each takes the memory of a column or two.
const maxColumnThreads = 4

func columnThreads() int { return min(maxColumnThreads, runtime.GOMAXPROCS(0)) }

// eachColumn calls do for 0 … n-1, each on one of columnThreads goroutines, and waits for them.
func eachColumn(n int, do func(worker, k int)) {
	var next atomic.Int64
	run := func(worker int) {
		for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
			do(worker, k)
		}
	}
	var wg sync.WaitGroup
	for worker := 1; worker < min(n, columnThreads()); worker++ {
		wg.Go(func() { run(worker) })
	}
	run(0)
	wg.Wait()
}
