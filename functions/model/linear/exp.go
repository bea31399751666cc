package linear

import "math"

// exp is eˣ, wrong by less than 0.52 units in the last place where the result is a normal number.
// It is our own because math.Exp gives different bits on different processors, and a model's bytes
// and predictions must not. Method: Tang, "Table-driven implementation of the exponential function
// in IEEE floating-point arithmetic", ACM TOMS 15 (1989): x = (64·m + j)·ln2/64 + r, eˣ = 2ᵐ·2^(j/64)·eʳ.
// float64(a*b) keeps compilers from fusing a product with a sum.
func exp(x float64) float64 {
	if !(math.Abs(x) < 708) {
		return expEdge(x)
	}
	return expScaled(x, 0)
}

// expScaled is eˣ·2ᵇʸ.
func expScaled(x float64, by int64) float64 {
	k := float64(x*expScale) + expShift
	n := int64(math.Float64bits(k)) << 13 >> 13
	k -= expShift
	r := x - float64(k*expHigh) - float64(k*expLow)
	t := &expTable[n&63]
	scale := math.Float64frombits(t.bits + uint64(n>>6+by)<<52)
	return scale + float64(scale*(t.rest+expMinus1(r)))
}

// expBlock is exp of every element, in place.
func expBlock(x []float64) {
	for i, v := range x {
		if !(math.Abs(v) < 708) {
			x[i] = expEdge(v)
			continue
		}
		k := float64(v*expScale) + expShift
		n := int64(math.Float64bits(k)) << 13 >> 13
		k -= expShift
		r := v - float64(k*expHigh) - float64(k*expLow)
		t := &expTable[n&63]
		scale := math.Float64frombits(t.bits + uint64(n>>6)<<52)
		x[i] = scale + float64(scale*(t.rest+expMinus1(r)))
	}
}

const (
	expScale = 0x1.71547652b82fep+6  // 64/ln 2
	expShift = 0x1.8p52              // adding it rounds to a whole number, whose low bits it then holds
	expHigh  = 0x1.62e42fef00000p-7  // ln 2/64 with 20 bits of zeros, so that k·expHigh is exact
	expLow   = 0x1.473de6af278edp-40 // the rest of it
)

// expMinus1 is eʳ-1 for |r| ≤ ln 2/128: Taylor's polynomial, wrong by less than 2^-62 of eʳ.
func expMinus1(r float64) float64 {
	q := float64(r * r)
	low := 1.0/6 + float64(r*(1.0/24))
	high := 1.0/120 + float64(r*(1.0/720))
	return r + float64(q*(0.5+float64(r*(low+float64(q*high)))))
}

// expEdge is exp where the result overflows, underflows or isn't a number.
func expEdge(x float64) float64 {
	switch {
	case math.IsNaN(x):
		return x
	case x > 709.782712893384:
		return math.Inf(1)
	case x < -745.1332191019412:
		return 0
	case x > 0:
		return expScaled(x, -1) * 2
	}
	return float64(expScaled(x, 64) * 0x1p-64)
}
