package transform

import "golang.org/x/sys/cpu"

var hasAVX = cpu.X86.HasAVX

//go:noescape
func imputeScaleAVX(dst, src *float64, n int, with, a, b float64)

//go:noescape
func scaleAVX(dst, src *float64, n int, a, b float64)

// imputeScaleWide does as many of the first rows as it can at once, and returns their number.
func imputeScaleWide(dst, src []float64, with, a, b float64) int {
	n := min(len(dst), len(src)) &^ 3
	if !hasAVX || n == 0 {
		return 0
	}
	imputeScaleAVX(&dst[0], &src[0], n, with, a, b)
	return n
}

func scaleWide(dst, src []float64, a, b float64) int {
	n := min(len(dst), len(src)) &^ 3
	if !hasAVX || n == 0 {
		return 0
	}
	scaleAVX(&dst[0], &src[0], n, a, b)
	return n
}
