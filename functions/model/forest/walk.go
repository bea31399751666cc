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
	refs := w.quant.refs
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
			ask := refs[order[i]]
			w.nodes = append(w.nodes, walkNode{lane: uint16(ask.lane), code: ask.code, right: uint32(root + len(order) + 1)})
			order = append(order, n.left, n.right)
		}
		refs = refs[len(t.nodes):]
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
	codes := grow(&s.codes, walkRows*(w.quant.lanes+1))
	for r := 0; r < n; r += walkRows {
		rows := min(walkRows, n-r)
		w.quant.fill(x, from+r, rows, codes, walkRows)
		if w.single != nil {
			walk(w, w.single, codes, s.single[r:], s.stride, rows)
		} else {
			walk(w, w.double, codes, s.double[r:], s.stride, rows)
		}
	}
}

// step goes one level down from node i for the k-th row from the one whose code of lane 0 is
// at row. newWalkStep made nodes that lead only to nodes, so that pointers stay
// within nodes and codes.
func step(nodes, row unsafe.Pointer, i uint64, k uintptr) uint64 {
	n := (*walkNode)(unsafe.Add(nodes, i*uint64(unsafe.Sizeof(walkNode{}))))
	v := uint64(*(*uint16)(unsafe.Add(row, uintptr(n.lane)*(walkRows*2)+k*2)))
	return uint64(n.right) - (v-uint64(n.code))>>63
}

// walk adds the leaves of all trees to the sums of so many rows: eight rows down one tree, and the
// rows that are left each down four trees together.
func walk[T float32 | float64](w *walkStep, values []T, codes []uint16, sums []T, stride, rows int) {
	whole := rows &^ 7
	for _, t := range w.trees {
		at := int(t.output) * stride
		for r := 0; r < whole; r += 8 {
			row := unsafe.Pointer(&codes[r])
			if t.depth > fixedDepth {
				descendDeep(unsafe.Pointer(&w.nodes[0]), row, values, t, sums[at+r:at+r+8])
			} else {
				descend(unsafe.Pointer(&w.nodes[0]), row, values, t, sums[at+r:at+r+8])
			}
		}
	}
	for r := whole; r < rows; r++ {
		walkOne(w, values, unsafe.Pointer(&codes[r]), sums[r:], stride)
	}
}

// walkOne is walk for one row, whose sums are stride apart.
func walkOne[T float32 | float64](w *walkStep, values []T, row unsafe.Pointer, sums []T, stride int) {
	nodes, k := unsafe.Pointer(&w.nodes[0]), 0
	for ; k+4 <= len(w.trees); k += 4 {
		t := w.trees[k : k+4 : k+4]
		a, b, c, d := uint64(t[0].root), uint64(t[1].root), uint64(t[2].root), uint64(t[3].root)
		for left := max(t[0].depth, t[1].depth, t[2].depth, t[3].depth); left > 0; left-- {
			before := a + b + c + d
			a, b, c, d = step(nodes, row, a, 0), step(nodes, row, b, 0), step(nodes, row, c, 0), step(nodes, row, d, 0)
			if a+b+c+d == before {
				break
			}
		}
		sums[int(t[0].output)*stride] += values[a]
		sums[int(t[1].output)*stride] += values[b]
		sums[int(t[2].output)*stride] += values[c]
		sums[int(t[3].output)*stride] += values[d]
	}
	for _, t := range w.trees[k:] {
		i := uint64(t.root)
		for left := t.depth; left > 0; left-- {
			i = step(nodes, row, i, 0)
		}
		sums[int(t.output)*stride] += values[i]
	}
}

// descend adds the leaves of eight rows of a tree.
func descend[T float32 | float64](nodes, row unsafe.Pointer, values []T, t walkTree, sums []T) {
	root := uint64(t.root)
	a, b, c, d, e, f, g, h := root, root, root, root, root, root, root, root
	for left := t.depth; left > 0; left-- {
		a, b, c, d = step(nodes, row, a, 0), step(nodes, row, b, 1), step(nodes, row, c, 2), step(nodes, row, d, 3)
		e, f, g, h = step(nodes, row, e, 4), step(nodes, row, f, 5), step(nodes, row, g, 6), step(nodes, row, h, 7)
	}
	to := sums[0:8:8]
	to[0] += values[a]
	to[1] += values[b]
	to[2] += values[c]
	to[3] += values[d]
	to[4] += values[e]
	to[5] += values[f]
	to[6] += values[g]
	to[7] += values[h]
}

// fixedDepth is up to which rows aren't asked whether they have come to a leaf.
const fixedDepth = 8

// descendDeep is descend for rows of a tree that is so deep that most leaves come early.
func descendDeep[T float32 | float64](nodes, row unsafe.Pointer, values []T, t walkTree, sums []T) {
	for k := uintptr(0); k+4 <= uintptr(len(sums)); k += 4 {
		at := unsafe.Add(row, 2*k)
		a, b, c, d := uint64(t.root), uint64(t.root), uint64(t.root), uint64(t.root)
		for left := t.depth; left > 0; left-- {
			before := a + b + c + d
			a, b, c, d = step(nodes, at, a, 0), step(nodes, at, b, 1), step(nodes, at, c, 2), step(nodes, at, d, 3)
			if a+b+c+d == before { // children come behind their parents: no row went on
				break
			}
		}
		to := sums[k : k+4 : k+4]
		to[0] += values[a]
		to[1] += values[b]
		to[2] += values[c]
		to[3] += values[d]
	}
}
