package forest

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// What the vector kernels take; bits_amd64.h says the same.
const (
	bitCuts      = 255
	bitMaxLeaves = 4096
	// bitMaxSlots bounds the masks of a step, so that they stay in a core's second cache.
	bitMaxSlots = 8192
)

// bitTrees are trees compiled for a vector kernel.
type bitTrees struct {
	quant  *quantisation
	trees  []bitTree
	double bool
	// slots is the number of masks, and reach the number that the largest tree needs beside them.
	slots, reach int
	// nodes has each split's slot, kids its children in FOREST_REACH.
	nodes, kids []uint16
	// tables have the leaves; they begin at a multiple of 64.
	tables []uint8
	// starts has each lane's first slot, and the end; thresholds each slot's least code as the kernel wants it.
	starts     []int32
	thresholds []uint8
}

// bitTree is one tree's place in bitTrees.
type bitTree struct {
	// heap is FOREST_HEAP.
	heap                 bool
	planes, leaves       int
	output, nodes, table int
}

// run is consecutive trees that are scored alike.
type run struct {
	bits *bitTrees
	walk *walkStep
}

// bitRuns splits an ensemble into runs.
func bitRuns(ens *ensemble, wide bool, shared *quantisation) []run {
	var runs []run
	var add func(trees []tree)
	add = func(trees []tree) {
		quant := shared
		if quant == nil || quant.most > bitCuts || len(trees) < len(ens.trees) {
			quant = newQuantisation(ens.columns, trees, bitCuts)
		}
		b := newBitTrees(quant, ens.single, trees, wide)
		if b.slots > bitMaxSlots && len(trees) > 1 {
			add(trees[:len(trees)/2])
			add(trees[len(trees)/2:])
			return
		}
		runs = append(runs, run{bits: b})
	}
	for from := 0; from < len(ens.trees); {
		small := ens.trees[from].leaves <= bitMaxLeaves
		to := from + 1
		for to < len(ens.trees) && (ens.trees[to].leaves <= bitMaxLeaves) == small {
			to++
		}
		if small {
			add(ens.trees[from:to])
		} else {
			for _, s := range walkSteps(ens.columns, ens.trees[from:to], ens.single) {
				runs = append(runs, run{walk: s})
			}
		}
		from = to
	}
	return runs
}

func newBitTrees(quant *quantisation, single bool, trees []tree, wide bool) *bitTrees {
	b := &bitTrees{quant: quant, double: !single}
	slots := b.makeSlots(quant.refs, wide)
	quant.refs = nil
	for k := range trees {
		t := &trees[k]
		at := bitTree{leaves: t.leaves, output: t.output, nodes: len(b.nodes)}
		var leaves []float64
		// A complete tree costs three operations a node, the other form four a leaf, and stores.
		if t.depth <= 6 && 1<<t.depth <= 2*t.leaves {
			at.heap, at.planes = true, max(t.depth, 1)
			leaves = b.heap(t, at.planes, slots[:len(t.nodes)])
		} else {
			at.planes = bits.Len(uint(t.leaves - 1))
			leaves = b.anyShape(t, slots[:len(t.nodes)])
			b.reach = max(b.reach, 2*t.leaves)
		}
		at.table = b.table(leaves, at.planes, !wide && at.planes <= 6)
		b.trees = append(b.trees, at)
		slots = slots[len(t.nodes):]
	}
	b.tables = alignedCopy(b.tables)
	return b
}

// makeSlots numbers the masks that nodes ask for, by lane and code, and returns each node's; 0 is the
// mask of no rows.
func (b *bitTrees) makeSlots(refs []ref, wide bool) []int32 {
	const codes = bitCuts + 1
	slot := make([]int32, b.quant.lanes*codes)
	for _, r := range refs {
		if r.lane >= 0 {
			slot[int(r.lane)*codes+int(r.code)] = 1
		}
	}
	b.thresholds = append(b.thresholds, 0)
	for i, used := range slot {
		if i%codes == 0 {
			b.starts = append(b.starts, int32(len(b.thresholds)))
		}
		if used == 0 {
			continue
		}
		slot[i] = int32(len(b.thresholds))
		least := uint8(i % codes)
		if !wide { // AVX2 compares signed bytes, and only for greater
			least = least - 1 ^ 128
		}
		b.thresholds = append(b.thresholds, least)
	}
	b.slots = len(b.thresholds)
	b.starts = append(b.starts, int32(b.slots))
	of := make([]int32, len(refs))
	for i, r := range refs {
		if r.lane >= 0 {
			of[i] = slot[int(r.lane)*codes+int(r.code)]
		}
	}
	return of
}

// heap lays a tree out as a complete one of the given depth. Where a leaf comes early all nodes
// below it are splits that send every row left.
func (b *bitTrees) heap(t *tree, depth int, slots []int32) []float64 {
	from := len(b.nodes)
	b.nodes = append(b.nodes, make([]uint16, 1<<depth)...)
	b.kids = append(b.kids, make([]uint16, 2<<depth)...)
	leaves := make([]float64, 1<<depth)
	var place func(at int32, heap int)
	place = func(at int32, heap int) {
		n := &t.nodes[at]
		if n.left != 0 {
			b.nodes[from+heap] = uint16(slots[at])
			place(n.left, 2*heap)
			place(n.right, 2*heap+1)
			return
		}
		for heap < 1<<depth {
			heap *= 2
		}
		leaves[heap-1<<depth] = n.value
	}
	place(0, 1)
	return leaves
}

// anyShape lays a tree out as its splits in preorder; leaves are numbered from left to right.
func (b *bitTrees) anyShape(t *tree, slots []int32) []float64 {
	number := make([]uint16, len(t.nodes)) // where reach has a node
	leaves := make([]float64, 0, t.leaves)
	splits := 0
	for i := range t.nodes {
		if n := &t.nodes[i]; n.left == 0 {
			number[i] = uint16(len(leaves))
			leaves = append(leaves, n.value)
		} else {
			number[i] = uint16(t.leaves + splits)
			splits++
		}
	}
	for i := range t.nodes {
		if n := &t.nodes[i]; n.left != 0 {
			b.nodes = append(b.nodes, uint16(slots[i]))
			b.kids = append(b.kids, number[n.left], number[n.right])
		}
	}
	return leaves
}

// table appends leaves, at a multiple of 64. With bytewise they are cut into their bytes, each byte
// in tables of 16 leaves, for AVX2's shuffles.
func (b *bitTrees) table(leaves []float64, planes int, bytewise bool) int {
	from := len(b.tables)
	width := 4
	if b.double {
		width = 8
	}
	count := max(16, 1<<planes)
	b.tables = append(b.tables, make([]uint8, align64(width*count))...)
	for i, v := range leaves {
		var raw [8]uint8
		if b.double {
			binary.LittleEndian.PutUint64(raw[:], math.Float64bits(v))
		} else {
			binary.LittleEndian.PutUint32(raw[:], math.Float32bits(float32(v)))
		}
		for k, c := range raw[:width] {
			if bytewise {
				b.tables[from+k*count+i] = c
			} else {
				b.tables[from+i*width+k] = c
			}
		}
	}
	return from
}
