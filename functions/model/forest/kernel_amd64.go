package forest

/*
#cgo noescape forest_codes_avx2
#cgo nocallback forest_codes_avx2
#cgo noescape forest_codes_avx512
#cgo nocallback forest_codes_avx512
#cgo noescape forest_score_avx2
#cgo nocallback forest_score_avx2
#cgo noescape forest_score_avx512
#cgo nocallback forest_score_avx512
#include "bits_amd64.h"
*/
import "C"

import (
	"sync"
	"unsafe"
)

// kernels are those that run here, the fastest first.
var kernels = sync.OnceValue(func() []string {
	switch C.forest_vector_bits() {
	case 512:
		return []string{AVX512, AVX2, Portable}
	case 256:
		return []string{AVX2, Portable}
	}
	return []string{Portable}
})

// bitStep scores trees that share their masks by a vector kernel.
type bitStep struct {
	*bitTrees
	wide bool // AVX-512
	head C.struct_forest_bits
	// trees are bitTrees.trees as C has them.
	trees []C.struct_forest_tree
}

// bitSteps compiles an ensemble for a vector kernel. Trees that are too large for it are walked. shared,
// where not nil, is the whole ensemble's quantisation, with its refs.
func bitSteps(ens *ensemble, kernel string, shared *quantisation) []scorer {
	var steps []scorer
	for _, run := range bitRuns(ens, kernel == AVX512, shared) {
		if run.bits == nil {
			steps = append(steps, run.walk)
			continue
		}
		steps = append(steps, newBitStep(run.bits, kernel == AVX512))
	}
	return steps
}

func newBitStep(b *bitTrees, wide bool) *bitStep {
	s := &bitStep{bitTrees: b, wide: wide}
	s.head = C.struct_forest_bits{trees: C.int32_t(len(b.trees)), lanes: C.int32_t(b.quant.lanes), reach: C.int32_t(b.reach)}
	if b.double {
		s.head.is_double = 1
	}
	for _, t := range b.trees {
		form := C.int32_t(C.FOREST_REACH)
		if t.heap {
			form = C.FOREST_HEAP
		}
		s.trees = append(s.trees, C.struct_forest_tree{
			form: form, planes: C.int32_t(t.planes), leaves: C.int32_t(t.leaves),
			nodes: C.int32_t(t.nodes), table: C.int32_t(t.table), output: C.int32_t(t.output),
		})
	}
	return s
}

func (b *bitStep) rows() int {
	if b.wide {
		return C.FOREST_AVX512_ROWS
	}
	return C.FOREST_AVX2_ROWS
}

// score implements scorer.
func (b *bitStep) score(s *scratch, x [][]float64, from, n int) {
	rows := b.rows()
	lanes := align64(b.quant.lanes * s.stride)
	mask := rows / 8
	buffer := aligned(&s.bytes, lanes+(b.reach+b.slots)*mask)
	codes, masks := buffer[:lanes], buffer[lanes:]
	for i := range b.quant.of {
		b.codes(&b.quant.of[i], x, from, n, codes, s.stride)
	}
	head := b.head
	head.stride = C.int32_t(s.stride)
	blocks := C.int((n + rows - 1) / rows)
	var sums unsafe.Pointer
	if b.double {
		sums = unsafe.Pointer(&s.double[0])
	} else {
		sums = unsafe.Pointer(&s.single[0])
	}
	slots, kids := (*C.uint16_t)(&b.nodes[0]), (*C.uint16_t)(&b.kids[0])
	tables, starts, thresholds := (*C.uint8_t)(&b.tables[0]), (*C.int32_t)(&b.starts[0]), (*C.uint8_t)(&b.thresholds[0])
	at, scratch := (*C.uint8_t)(unsafe.SliceData(codes)), (*C.uint8_t)(&masks[0])
	if b.wide {
		C.forest_score_avx512(&head, &b.trees[0], slots, kids, tables, starts, thresholds, at, scratch, sums, blocks)
	} else {
		C.forest_score_avx2(&head, &b.trees[0], slots, kids, tables, starts, thresholds, at, scratch, sums, blocks)
	}
}

// codes writes a quantiser's codes into its lanes.
func (b *bitStep) codes(q *quantiser, x [][]float64, from, n int, codes []uint8, stride int) {
	var lanes [2][]uint8
	var at [2]*C.uint8_t
	for d, lane := range q.lanes {
		if lane >= 0 {
			lanes[d] = codes[int(lane)*stride : (int(lane)+1)*stride]
			at[d] = (*C.uint8_t)(&lanes[d][0])
		}
	}
	v := x[q.column.feature][from : from+n]
	if q.column.set != nil {
		b.setCodes(q.column.set, v, lanes)
		return
	}
	how := C.struct_forest_quantiser{
		low: C.double(q.low), high: C.double(q.high), scale: C.double(q.scale), zero: C.double(zeroThreshold), steps: C.int32_t(q.steps),
	}
	if q.scale == 0 { // every value is in the one part, also where the cuts are infinite
		how.low, how.high = 0, 0
	}
	if q.column.zeroMissing {
		how.missing_zero = 1
	}
	cuts, starts, values := (*C.double)(&q.cuts[0]), (*C.int32_t)(&q.starts[0]), (*C.double)(&v[0])
	if b.wide {
		C.forest_codes_avx512(&how, cuts, starts, values, C.int(n), at[0], at[1])
		return
	}
	C.forest_codes_avx2(&how, cuts, starts, values, C.int(n), C.int(b.head.is_double), at[0], at[1])
}

// setCodes does the same for a categorical column.
func (b *bitStep) setCodes(set *categorySet, v []float64, lanes [2][]uint8) {
	for i, x := range v {
		at, bias := i, uint8(0)
		if !b.wide {
			at, bias = avx2Place(i, b.double), 128
		}
		var code [2]uint8
		switch {
		case x != x:
			code[1] = 255
		case set.goesRight(x):
			code = [2]uint8{1, 1}
		}
		for d, lane := range lanes {
			if lane != nil {
				lane[at] = code[d] ^ bias
			}
		}
	}
}

// avx2Place is where the code of row i stands: of each 8 rows (4 for doubles) the first half is in the
// first half of its block.
func avx2Place(i int, double bool) int {
	half := 4
	if double {
		half = 2
	}
	block, r := i&^255, i&255
	return block + r/(2*half)*half + r%half + r/half%2*128
}

func align64(n int) int { return (n + 63) &^ 63 }

// aligned returns n bytes of a buffer that begin at a multiple of 64.
func aligned(buffer *[]uint64, n int) []uint8 {
	words := grow(buffer, (n+63)/8+8)
	bytes := unsafe.Slice((*uint8)(unsafe.Pointer(&words[0])), len(words)*8)
	skip := int(-uintptr(unsafe.Pointer(&words[0])) & 63)
	return bytes[skip : skip+n]
}

// alignedCopy returns the same bytes, beginning at a multiple of 64.
func alignedCopy(b []uint8) []uint8 {
	var buffer []uint64
	out := aligned(&buffer, max(len(b), 1))
	copy(out, b)
	return out
}
