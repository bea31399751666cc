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
	// cuts are ascending, padded with 2^steps - 1 NaN, which no value is at least.
	cuts []float64
	// keys order as cuts do, as whole numbers.
	keys []uint64
	// starts has, for equal parts of the way from the first cut to the last, the number of cuts in
	// the parts before. From there steps halvings of 2^steps - 1 cuts find the code.
	starts []int32
	steps  int
	// low and high are the first and last cut; scale makes their distance the number of parts.
	low, high, scale float64
	// lanes are where the codes go: lanes[0] for nodes that send missing values left
	// (code 0), lanes[1] for those that send them right (the greatest code); -1 where no node asks.
	lanes [2]int32
}

// quantisation is the quantisers for some trees.
type quantisation struct {
	of    []quantiser
	lanes int
	// most is the greatest number of cuts of a quantiser.
	most int
	// refs has what each node asks, tree after tree; it is dropped when all are compiled.
	refs []ref
}

// ref is a node's question: is the code in the lane at least this one?
type ref struct {
	lane int32
	code uint16
}

// newQuantisation collects the cuts of trees into quantisers of at most per cuts each.
func newQuantisation(columns []column, trees []tree, per int) *quantisation {
	count, nodes := make([]int, len(columns)), 0
	for k := range trees {
		nodes += len(trees[k].nodes)
		for i := range trees[k].nodes {
			if n := &trees[k].nodes[i]; n.left != 0 {
				count[n.column]++
			}
		}
	}
	keys := make([][]uint64, len(columns))
	for c, n := range count {
		keys[c] = make([]uint64, 0, n)
	}
	for k := range trees {
		for i := range trees[k].nodes {
			if n := &trees[k].nodes[i]; n.left != 0 {
				keys[n.column] = append(keys[n.column], key(n.cut))
			}
		}
	}
	q := &quantisation{refs: make([]ref, 0, nodes)}
	first := make([]int, len(columns))
	for c := range keys {
		slices.Sort(keys[c])
		keys[c] = slices.Compact(keys[c])
		first[c] = len(q.of)
		for chunk := range slices.Chunk(keys[c], per) {
			q.of = append(q.of, newQuantiser(columns[c], chunk))
			q.most = max(q.most, len(chunk))
		}
	}
	for k := range trees {
		for i := range trees[k].nodes {
			n := &trees[k].nodes[i]
			if n.left == 0 {
				q.refs = append(q.refs, ref{lane: -1})
				continue
			}
			at := position(keys[n.column], key(n.cut))
			lane := first[n.column] + at/per
			q.of[lane].lanes[side(n)] = 0
			q.refs = append(q.refs, ref{int32(2*lane + side(n)), uint16(at%per + 1)})
		}
	}
	q.number()
	return q
}

// number gives the lanes that are used their numbers.
func (q *quantisation) number() {
	for i := range q.of {
		for d, lane := range q.of[i].lanes {
			if lane == 0 {
				q.of[i].lanes[d] = int32(q.lanes)
				q.lanes++
			}
		}
	}
	for i := range q.refs {
		if at := q.refs[i].lane; at >= 0 {
			q.refs[i].lane = q.of[at/2].lanes[at%2]
		}
	}
}

// position returns where a key is in an ascending list that has it.
func position(keys []uint64, k uint64) int {
	at, n := 0, len(keys)
	for n > 1 {
		half := n / 2
		if keys[at+half] <= k {
			at += half
		}
		n -= half
	}
	return at
}

// side tells which of a quantiser's lanes a node looks at.
func side(n *node) int {
	if n.missingRight {
		return 1
	}
	return 0
}

// Sizes of starts that are tried; 8 kB stay in the first cache.
const (
	fewParts  = 64
	mostParts = 2048
)

func newQuantiser(c column, keys []uint64) quantiser {
	cuts := make([]float64, len(keys))
	for i, k := range keys {
		cuts[i] = value(k)
	}
	q := quantiser{column: c, steps: bits.Len(uint(len(cuts))), low: cuts[0], high: cuts[len(cuts)-1], starts: []int32{0, 0}, lanes: [2]int32{-1, -1}}
	for parts := fewParts; c.set == nil && parts <= mostParts && parts <= 16*len(cuts); parts *= 2 {
		q.divide(cuts, parts)
	}
	pad := 1<<q.steps - 1
	q.cuts, q.keys = make([]float64, len(cuts)+pad), make([]uint64, len(cuts)+pad)
	for i := range q.cuts {
		q.cuts[i], q.keys[i] = math.NaN(), math.MaxUint64
		if i < len(cuts) {
			q.cuts[i], q.keys[i] = cuts[i], key(cuts[i])
		}
	}
	return q
}

// divide uses so many parts where that saves a halving.
func (q *quantiser) divide(cuts []float64, parts int) {
	width := cuts[len(cuts)-1] - cuts[0]
	scale := float64(parts) / width
	if !(width > 0) || !(scale > 0) || math.IsInf(width, 0) || math.IsInf(scale, 0) {
		return
	}
	// Subtraction, multiplication and truncation keep the order, so a cut of a part before a value's
	// is at most the value, and one of a part behind it is greater.
	most, starts := 0, make([]int32, int(width*scale)+1)
	for i, part := 0, 0; i < len(cuts); part++ {
		starts[part] = int32(i)
		from := i
		for i < len(cuts) && int((cuts[i]-cuts[0])*scale) == part {
			i++
		}
		most = max(most, i-from)
	}
	if steps := bits.Len(uint(most)); steps < q.steps {
		q.steps, q.starts, q.scale = steps, starts, scale
	}
}

// key maps values that aren't NaN to whole numbers of the same order.
func key(v float64) uint64 {
	b := math.Float64bits(v + 0) // so that -0 is 0
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

// fill writes the codes of n rows into all lanes, one lane each stride.
func (q *quantisation) fill(x [][]float64, from, n int, codes []uint16, stride int) {
	for i := range q.of {
		one := &q.of[i]
		var lanes [2][]uint16
		for d, lane := range one.lanes {
			if lane >= 0 {
				lanes[d] = codes[int(lane)*stride:][:stride]
			}
		}
		one.codes(x[one.column.feature][from:from+n], lanes[0], lanes[1])
	}
}

// value is the inverse of key.
func value(k uint64) float64 {
	return math.Float64frombits(k ^ (uint64(int64(^k)>>63) | 1<<63))
}

// codes writes the codes of x into the lanes that are not nil.
func (q *quantiser) codes(x []float64, low, high []uint16) {
	if low == nil {
		low = high
	}
	low = low[:len(x)]
	gone := 0
	switch {
	case q.column.set != nil:
		gone = q.members(x, low)
	case q.column.zeroMissing:
		for i, v := range x {
			low[i] = uint16(q.search(v))
			if v != v || v >= -zeroThreshold && v <= zeroThreshold {
				low[i] = 0
				gone++
			}
		}
	default:
		for i, v := range x {
			low[i] = uint16(q.search(v))
			if v != v {
				low[i] = 0
				gone++
			}
		}
	}
	if high == nil {
		return
	}
	copy(high, low)
	if gone == 0 {
		return
	}
	for i, v := range x {
		if v != v || q.column.zeroMissing && v >= -zeroThreshold && v <= zeroThreshold {
			high[i] = missingCode
		}
	}
}

// members writes 1 for rows that a categorical split sends right, and counts missing values.
func (q *quantiser) members(x []float64, codes []uint16) (gone int) {
	for i, v := range x {
		codes[i] = 0
		if v != v {
			gone++
		} else if q.column.set.goesRight(v) {
			codes[i] = 1
		}
	}
	return gone
}

// search counts the cuts that are at most v, without a branch that depends on which they are.
func (q *quantiser) search(v float64) int {
	part, k := (v-q.low)*q.scale, key(v)
	at := 0
	if part > 0 {
		at = int(q.starts[len(q.starts)-1])
		if part < float64(len(q.starts)) {
			at = int(q.starts[int(part)])
		}
	}
	for step := uint(1) << q.steps >> 1; step > 0; step /= 2 {
		_, less := bits.Sub64(k, q.keys[uint(at)+step-1], 0)
		at += int(step &^ -uint(less))
	}
	return at
}
