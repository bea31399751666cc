package linear

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestExpTable takes 2^(1/64) as the sixth square root of 2 and multiplies on.
func TestExpTable(t *testing.T) {
	root := big.NewFloat(2).SetPrec(300)
	for range 6 {
		root.Sqrt(root)
	}
	power := big.NewFloat(1).SetPrec(300)
	for j := range expTable {
		want, _ := power.Float64()
		require.Equal(t, math.Float64bits(want), expTable[j].bits, "2^(%d/64)", j)
		rest := new(big.Float).SetPrec(300).Sub(power, big.NewFloat(want))
		relative, _ := rest.Quo(rest, big.NewFloat(want)).Float64()
		require.InDelta(t, relative, expTable[j].rest, 1e-30)
		power.Mul(power, root)
	}
}

// bigExp is Taylor's series of x/2¹⁰ in 300 bits, squared ten times.
func bigExp(x float64) *big.Float {
	r := new(big.Float).SetPrec(300).SetFloat64(x)
	r.SetMantExp(r, -10)
	sum, term := big.NewFloat(1).SetPrec(300), big.NewFloat(1).SetPrec(300)
	for i := 1; i < 60; i++ {
		term.Mul(term, r)
		term.Quo(term, new(big.Float).SetPrec(300).SetInt64(int64(i)))
		sum.Add(sum, term)
	}
	for range 10 {
		sum.Mul(sum, sum)
	}
	return sum
}

func TestExpIsAccurate(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	worst := 0.0
	for i := range 20_000 {
		x := (r.Float64() - 0.5) * []float64{1400, 60, 2, 1e-3}[i%4]
		want := bigExp(x)
		near, _ := want.Float64()
		unit := math.Nextafter(near, math.Inf(1)) - near
		off, _ := new(big.Float).Sub(want, big.NewFloat(exp(x))).Float64()
		worst = max(worst, math.Abs(off)/unit)
	}
	require.Less(t, worst, 0.52)
	require.Greater(t, worst, 0.49, "the check sees rounding at all")
}

func TestExpEdges(t *testing.T) {
	inf := math.Inf(1)
	near := func(x float64) float64 { v, _ := bigExp(x).Float64(); return v }
	for _, c := range []struct{ x, want float64 }{
		{0, 1}, {inf, inf}, {-inf, 0}, {709.7827, near(709.7827)}, {709.79, inf}, {1e300, inf},
		{-745.2, 0}, {-1e300, 0}, {-745.13, 5e-324}, {-720, near(-720)}, {5e-324, 1}, {-708.5, near(-708.5)}, {708, near(708)},
	} {
		if c.want == 0 || math.IsInf(c.want, 0) {
			require.Equal(t, c.want, exp(c.x), "exp(%v)", c.x)
			continue
		}
		require.InDelta(t, c.want, exp(c.x), max(c.want*1e-15, 1e-323), "exp(%v)", c.x)
	}
	require.True(t, math.IsNaN(exp(math.NaN())))
	r := rand.New(rand.NewPCG(5, 6))
	x := []float64{math.NaN(), inf, -inf, 1000, -1000, -740, 709}
	for range 1000 {
		x = append(x, r.NormFloat64()*300)
	}
	block := append([]float64(nil), x...)
	expBlock(block)
	for i := range x {
		require.Equal(t, math.Float64bits(exp(x[i])), math.Float64bits(block[i]), "exp(%v)", x[i])
	}
}
