package forest

import "unsafe"

// The portable kernel: rows walk down the trees, a few at a time, without a branch that
// depends on data. A step reads the node, the code of its lane, and subtracts.

const (
	// walkRows is the number of rows whose codes are held at once; with 20 lanes they take 5 kB.
	walkRows = 128
	// missingCode is greater than every cut's code and less than a leaf's.
	missingCode = 65534
	leafCode    = 65535
	walkCuts    = 65533
	maxLanes    = 1 << 16
)

// walkNode is a split, or a leaf where right-1 is the node itself.
type walkNode struct {
	lane, code uint16
	// right is where codes ≥ code go; others go to the node before it.
	right uint32
}

// walkTree is a tree's place in walkStep.nodes.
type walkTree struct {
	root   uint32
	depth  int32
	output int32
}

// walkStep scores some trees by walking.
type walkStep struct {
	quant *quantisation
	nodes []walkNode
	trees []walkTree
	// One of these has the leaves' values, by node.
	single []float32
	double []float64
}

// newWalkStep compiles trees whose lanes fit; columns are the ensemble's.
func newWalkStep(columns []column, trees []tree, single bool) *walkStep {
	w := &walkStep{quant: newQuantisation(columns, trees, walkCuts)}
	total := 0
	for k := range trees {
		total += len(trees[k].nodes)
	}
	w.nodes = make([]walkNode, 0, total)
	values := make([]float64, 0, total)
	var order []int32 // a tree's nodes by level, siblings side by side
	for k := range trees {
		t := &trees[k]
		root := len(w.nodes)
		w.trees = append(w.trees, walkTree{root: uint32(root), depth: int32(t.depth), output: int32(t.output)})
		order = append(order[:0], 0)
		for i := 0; i < len(order); i++ {
			n := &t.nodes[order[i]]
			values = append(values, n.value)
			if n.left == 0 {
				w.nodes = append(w.nodes, walkNode{code: leafCode, right: uint32(root + i + 1)})
				continue
			}
			lane, code := w.quant.lane(n)
			w.nodes = append(w.nodes, walkNode{lane: uint16(lane), code: uint16(code), right: uint32(root + len(order) + 1)})
			order = append(order, n.left, n.right)
		}
	}
	if !single {
		w.double = values
		return w
	}
	w.single = make([]float32, len(values))
	for i, v := range values {
		w.single[i] = float32(v)
	}
	return w
}

// score adds the trees' leaves to the sums of rows [0, n), whose values begin at row from of x.
func (w *walkStep) score(s *scratch, x [][]float64, from, n int) {
	stride := w.quant.lanes
	codes := grow(&s.codes, walkRows*stride+1)
	for r := 0; r < n; r += walkRows {
		rows := min(walkRows, n-r)
		for i := range w.quant.of {
			q := &w.quant.of[i]
			c := x[q.column.feature]
			q.codes(c[from+r:from+r+rows], codes, stride)
		}
		for _, t := range w.trees {
			at := int(t.output)*s.stride + r
			if w.single != nil {
				descend(w.nodes, w.single, t, codes, stride, s.single[at:at+rows])
			} else {
				descend(w.nodes, w.double, t, codes, stride, s.double[at:at+rows])
			}
		}
	}
}

// step goes one level down from node i for the row whose codes begin at row.
func step(nodes, row unsafe.Pointer, i uint64) uint64 {
	n := (*walkNode)(unsafe.Add(nodes, i*uint64(unsafe.Sizeof(walkNode{}))))
	v := uint64(*(*uint16)(unsafe.Add(row, uintptr(n.lane)*2)))
	return uint64(n.right) - (v-uint64(n.code))>>63
}

// descend adds the leaf of each row to its sum. newWalkStep made nodes that lead only to
// nodes, so that pointers stay within nodes; lanes are less than stride.
func descend[T float32 | float64](list []walkNode, values []T, t walkTree, codes []uint16, stride int, sums []T) {
	nodes, root := unsafe.Pointer(&list[0]), uint64(t.root)
	width := uintptr(stride) * 2
	row := unsafe.Pointer(&codes[0])
	r := 0
	for ; r+4 <= len(sums); r += 4 {
		r1 := unsafe.Add(row, width)
		r2 := unsafe.Add(r1, width)
		r3 := unsafe.Add(r2, width)
		a, b, c, d := root, root, root, root
		left := t.depth
		for ; left > 8; left -= 4 {
			a0, b0, c0, d0 := a, b, c, d
			for range 4 {
				a, b, c, d = step(nodes, row, a), step(nodes, r1, b), step(nodes, r2, c), step(nodes, r3, d)
			}
			if a == a0 && b == b0 && c == c0 && d == d0 { // all are in leaves
				left = 0
				break
			}
		}
		for ; left > 0; left-- {
			a, b, c, d = step(nodes, row, a), step(nodes, r1, b), step(nodes, r2, c), step(nodes, r3, d)
		}
		sums[r] += values[a]
		sums[r+1] += values[b]
		sums[r+2] += values[c]
		sums[r+3] += values[d]
		row = unsafe.Add(r3, width)
	}
	for ; r < len(sums); r++ {
		a := root
		for left := t.depth; left > 0; left-- {
			next := step(nodes, row, a)
			if next == a {
				break
			}
			a = next
		}
		sums[r] += values[a]
		row = unsafe.Add(row, width)
	}
}
