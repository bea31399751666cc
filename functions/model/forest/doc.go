// Package forest scores ensembles of decision trees over whole columns, bit-equal with
// the library that trained them, and without that library.
//
//	model bytes ─▶ FromXGBoost, FromLightGBM ─▶ ensemble (checked trees)
//	ensemble ─▶ groups: columns quantised against the trees' own cuts ─▶ kernel
//	block of rows ─▶ codes ─▶ trees in order onto the base score ─▶ link
//
// It owns the two readers, the compiled form of trees, the kernels (portable Go, AVX2,
// AVX-512; chosen by what the processor has), link functions as the libraries compute
// them, and path-dependent TreeSHAP.
//
// It refuses what it can't score exactly: linear trees, trees with vectors in their
// leaves, linear boosters, unknown objectives. Each is an error that says so; nothing is
// approximated. It trains nothing and loads no native library.
//
// DESIGN.md explains the kernels and what keeps them equal.
package forest
