package frame

// route moves columns into the frame's order. To read every value at a random place would miss the caches and the
// page tables each time; so values are first dealt out to parts of the result, in one pass through the column, and then
// put in place part by part.
type route struct {
	// part is each source row's part of the result.
	part []uint8
	// start is where each part begins, in the result and in the order of dealing alike.
	start []int
	// dealt is, for each row of the result, where it lies after dealing.
	dealt []uint32
}

// spares are memory for columns on the way, one for each goroutine that moves them.
type spares struct {
	num  []float64
	code []int32
	at   []int64
}

const (
	partBits = 14  // a part of doubles is 128 KB, less than a core's second cache
	maxParts = 256 // streams that are written at the same time
)

// newRoute prepares the moves to an order: row i of the result is row perm[i].
func newRoute(perm []int32) *route {
	n, bits := len(perm), partBits
	for n>>bits >= maxParts {
		bits++
	}
	r := &route{part: make([]uint8, n), dealt: make([]uint32, n)}
	for from := 0; from < n; from += 1 << bits {
		r.start = append(r.start, from)
	}
	to := make([]uint32, n)
	for i, p := range perm {
		to[p] = uint32(i)
		r.part[p] = uint8(i >> bits)
	}
	next := append([]int(nil), r.start...)
	for p, k := range r.part {
		r.dealt[to[p]] = uint32(next[k])
		next[k]++
	}
	return r
}

// move returns the values of b in the route's order. spare is memory for as many values, which it makes if there is none.
func move[T any](r *route, b *blocks[T], spare *[]T) []T {
	n := len(r.part)
	if *spare == nil {
		*spare = make([]T, n)
	}
	var next [maxParts]int
	copy(next[:], r.start)
	tmp := *spare
	for k, block := range b.list {
		part := r.part[k*blockRows:]
		part = part[:len(block)]
		for i, v := range block {
			p := part[i]
			tmp[next[p]] = v
			next[p]++
		}
	}
	out := make([]T, n)
	for i, d := range r.dealt {
		out[i] = tmp[d]
	}
	return out
}
