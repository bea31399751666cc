//go:build !amd64

package transform

func imputeScaleWide([]float64, []float64, float64, float64, float64) int { return 0 }

func scaleWide([]float64, []float64, float64, float64) int { return 0 }
