package forest

import (
	"math"
	"math/bits"
	"slices"
)

// quantiser turns a column's values into codes: the number of its cuts that are at most
// the value. A node asks "code ≥ k" instead of "value ≥ cut", which is the same.
//
// A column with more cuts than a code can count has several quantisers, each with the next
// cuts in order.
type quantiser struct {
	column column
	// cuts are ascending, padded with NaN (which no value is at least) to 2^steps - 1.
	cuts  []float64
	steps int
	// lanes are where the codes go: lanes[0] for nodes that send missing values left
	// (code 0), lanes[1] for those that send them right (the greatest code); -1 where no node asks.
	lanes [2]int32
}

// quantisation is the quantisers for some trees.
type quantisation struct {
	of    []quantiser
	lanes int
	// cuts and first find a node's quantiser: by column, all its cuts and its first quantiser.
	cuts  [][]float64
	first []int
	per   int
}

// newQuantisation collects the cuts of trees into quantisers of at most per cuts each.
func newQuantisation(columns []column, trees []tree, per int) *quantisation {
	q := &quantisation{cuts: make([][]float64, len(columns)), first: make([]int, len(columns)), per: per}
	for k := range trees {
		for i := range trees[k].nodes {
			if n := &trees[k].nodes[i]; n.left != 0 {
				q.cuts[n.column] = append(q.cuts[n.column], n.cut)
			}
		}
	}
	for c, cuts := range q.cuts {
		slices.Sort(cuts)
		q.cuts[c] = slices.Compact(cuts)
		q.first[c] = len(q.of)
		for chunk := range slices.Chunk(q.cuts[c], per) {
			steps := bits.Len(uint(len(chunk)))
			padded := make([]float64, 1<<steps-1)
			for i := copy(padded, chunk); i < len(padded); i++ {
				padded[i] = math.NaN()
			}
			q.of = append(q.of, quantiser{column: columns[c], cuts: padded, steps: steps, lanes: [2]int32{-1, -1}})
		}
	}
	for k := range trees {
		for i := range trees[k].nodes {
			if n := &trees[k].nodes[i]; n.left != 0 {
				at, _ := q.find(n)
				q.of[at].lanes[side(n)] = 0
			}
		}
	}
	for i := range q.of {
		for d, lane := range q.of[i].lanes {
			if lane == 0 {
				q.of[i].lanes[d] = int32(q.lanes)
				q.lanes++
			}
		}
	}
	return q
}

func side(n *node) int {
	if n.missingRight {
		return 1
	}
	return 0
}

// find returns the quantiser of a node's cut and the least code that goes right.
func (q *quantisation) find(n *node) (at, code int) {
	k, _ := slices.BinarySearch(q.cuts[n.column], n.cut)
	return q.first[n.column] + k/q.per, k%q.per + 1
}

// lane returns the lane that a node looks at and the least code that goes right.
func (q *quantisation) lane(n *node) (lane int32, code int) {
	at, code := q.find(n)
	return q.of[at].lanes[side(n)], code
}

// codes writes the codes of x into lanes of the given width, one row each stride.
func (q *quantiser) codes(x []float64, rows []uint16, stride int) {
	low, high := int(q.lanes[0]), int(q.lanes[1])
	for i, v := range x {
		at := i * stride
		missing := v != v || q.column.zeroMissing && v >= -zeroThreshold && v <= zeroThreshold
		var code uint16
		switch {
		case missing:
		case q.column.set != nil:
			if q.column.set.goesRight(v) {
				code = 1
			}
		default:
			code = uint16(search(q.cuts, v))
		}
		if low >= 0 {
			rows[at+low] = code
		}
		if high >= 0 {
			if missing {
				code = missingCode
			}
			rows[at+high] = code
		}
	}
}

// search counts the cuts that are at most v, without branches that depend on v.
// len(cuts) is a power of two less one.
func search(cuts []float64, v float64) int {
	at := 0
	for step := (len(cuts) + 1) / 2; step > 0; step /= 2 {
		next := at + step
		if v >= cuts[next-1] {
			at = next
		}
	}
	return at
}
