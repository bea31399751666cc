//go:build !amd64

package forest

// kernels are those that run here, the fastest first.
func kernels() []string { return []string{Portable} }

func bitSteps(*ensemble, string, *quantisation) []scorer {
	panic("forest: there is no vector kernel on this architecture")
}
