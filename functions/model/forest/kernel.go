package forest

// The names of the kernels.
const (
	Portable = "portable"
	AVX2     = "avx2"
	AVX512   = "avx512"
)

// fewRows is below which walking beats a whole block of a vector kernel.
const fewRows = 32

// walkSteps compiles trees for walking, in as few steps as their lanes allow.
func walkSteps(columns []column, trees []tree, single bool) []*walkStep {
	if len(trees) == 0 {
		return nil
	}
	w := newWalkStep(columns, trees, single)
	if w.quant.lanes <= maxLanes || len(trees) == 1 {
		return []*walkStep{w}
	}
	half := len(trees) / 2
	return append(walkSteps(columns, trees[:half], single), walkSteps(columns, trees[half:], single)...)
}
