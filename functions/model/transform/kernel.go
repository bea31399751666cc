package transform

// imputeScale is opImpute and then opScale. dst may be src.
func imputeScale(dst, src []float64, with, a, b float64) {
	done := imputeScaleWide(dst, src, with, a, b)
	dst, src = dst[done:], src[done:len(dst)]
	for i, x := range src {
		if x != x {
			x = with
		}
		dst[i] = float64(x-a) / b
	}
}

// scale is opScale. dst may be src.
func scale(dst, src []float64, a, b float64) {
	done := scaleWide(dst, src, a, b)
	dst = dst[done:]
	for i, x := range src[done:] {
		dst[i] = float64(x-a) / b
	}
}
