package forest

// The names of the kernels.
const (
	Portable = "portable"
	AVX2     = "avx2"
	AVX512   = "avx512"
)

// fewRows is below which walking beats a whole block of a vector kernel.
const fewRows = 32

// walkSteps compiles all trees for walking, in as few steps as their lanes allow.
func walkSteps(ens *ensemble) ([]scorer, error) {
	var steps []scorer
	var add func(trees []tree) error
	add = func(trees []tree) error {
		if len(trees) == 0 {
			return nil
		}
		w := newWalkStep(ens.columns, trees, ens.single)
		if w.quant.lanes <= maxLanes {
			steps = append(steps, w)
			return nil
		}
		if len(trees) == 1 {
			return unsupported("a tree looks at its features in %d ways; %d can be scored", w.quant.lanes, maxLanes)
		}
		if err := add(trees[:len(trees)/2]); err != nil {
			return err
		}
		return add(trees[len(trees)/2:])
	}
	return steps, add(ens.trees)
}
