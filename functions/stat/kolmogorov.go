package stat

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// kolmogorovSurvival is P(D ≥ x) for the two-sided statistic of n values against their true
// distribution, by the method that is accurate where it is used: Simard and L'Ecuyer,
// Computing the two-sided Kolmogorov-Smirnov distribution, J. Stat. Softw. 39 (2011).
func kolmogorovSurvival(n int, x float64) float64 {
	nf := float64(n)
	t := nf * x
	switch {
	case t <= 0.5:
		return 1
	case x >= 1:
		return 0
	case t <= 1: // n! (2x − 1/n)ⁿ, Ruben and Gambino
		lg, _ := math.Lgamma(nf + 1)
		return clamp(-math.Expm1(lg + nf*math.Log((2*t-1)/nf)))
	case x >= 0.5: // the two sides exclude one another
		return clamp(2 * smirnovSurvival(nf, x))
	}
	const few = 140
	tail := 2.2
	if n <= few {
		tail = 4
	}
	switch {
	case t*x >= 370:
		return 0
	case t*x >= tail: // both sides at once are too rare to matter
		return clamp(2 * smirnovSurvival(nf, x))
	case n <= few, n <= 100_000 && t*math.Sqrt(x) <= 1.4: // the matrix is small
		return clamp(1 - matrixKolmogorov(n, x))
	}
	return clamp(1 - pelzGood(nf, x))
}

func clamp(p float64) float64 { return math.Min(math.Max(p, 0), 1) }

// smirnovSurvival is the probability that the one-sided statistic reaches x: Birnbaum and Tingey's
// sum, and for very large n Maag and Dicaire's approximation.
func smirnovSurvival(n, x float64) float64 {
	if n > 1e6 {
		return math.Exp(-(6*n*x + 1) * (6*n*x + 1) / (18 * n))
	}
	logN, _ := math.Lgamma(n + 1)
	sum := 0.0
	for j := 0.0; j <= math.Floor(n*(1-x)); j++ {
		a, b := x+j/n, 1-x-j/n
		if b < 0 {
			break
		}
		if b == 0 {
			if n-j > 0 {
				continue
			}
			b = 1
		}
		lj, _ := math.Lgamma(j + 1)
		lr, _ := math.Lgamma(n - j + 1)
		sum += math.Exp(logN - lj - lr + (j-1)*math.Log(a) + (n-j)*math.Log(b))
	}
	return x * sum
}

// matrixKolmogorov is P(D < x), exact: Marsaglia, Tsang and Wang, Evaluating Kolmogorov's distribution,
// J. Stat. Softw. 8 (2003): n!/nⁿ times an element of the n-th power of a matrix.
func matrixKolmogorov(n int, x float64) float64 {
	k := int(math.Ceil(float64(n) * x))
	m := 2*k - 1
	h := float64(k) - float64(n)*x
	factorial := make([]float64, m+1)
	factorial[0] = 1
	for i := 1; i <= m; i++ {
		factorial[i] = factorial[i-1] * float64(i)
	}
	a := mat.NewDense(m, m, nil)
	for i := range m {
		for j := range m {
			if i-j+1 >= 0 {
				a.Set(i, j, 1/factorial[i-j+1])
			}
		}
	}
	for i := range m { // the first column and the last row lack what lies beyond the band
		short := math.Pow(h, float64(i+1)) / factorial[i+1]
		a.Set(i, 0, a.At(i, 0)-short)
		a.Set(m-1, m-1-i, a.At(m-1, m-1-i)-short)
	}
	if 2*h > 1 {
		a.Set(m-1, 0, a.At(m-1, 0)+math.Pow(2*h-1, float64(m))/factorial[m])
	}
	value, exponent := matrixPower(a, n, k-1)
	for i := 1; i <= n; i++ {
		value *= float64(i) / float64(n)
		if value < 1e-140 && value > 0 {
			value *= 1e140
			exponent -= 140
		}
	}
	return value * math.Pow10(exponent)
}

// matrixPower is element (k, k) of aⁿ, as value·10^exponent.
func matrixPower(a *mat.Dense, n, k int) (value float64, exponent int) {
	size, _ := a.Dims()
	power := mat.NewDense(size, size, nil)
	for i := range size {
		power.Set(i, i, 1)
	}
	base, of := mat.DenseCopyOf(a), 0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			next := mat.NewDense(size, size, nil)
			next.Mul(power, base)
			power, exponent = next, exponent+of
		}
		next := mat.NewDense(size, size, nil)
		next.Mul(base, base)
		base, of = next, 2*of
		if base.At(k, k) > 1e140 {
			base.Scale(1e-140, base)
			of += 140
		}
		if power.At(k, k) > 1e140 {
			power.Scale(1e-140, power)
			exponent += 140
		}
	}
	return power.At(k, k), exponent
}

// pelzGood is P(D < x) for many values: Kolmogorov's limit with three terms in 1/√n. Pelz and Good, Approximating the
// lower tail areas of the Kolmogorov-Smirnov one-sample statistic, J. R. Stat. Soc. B 38 (1976).
func pelzGood(n, x float64) float64 {
	z := x * math.Sqrt(n)
	z2 := z * z
	z4, z6 := z2*z2, z2*z2*z2
	pi2 := math.Pi * math.Pi
	pi4, pi6 := pi2*pi2, pi2*pi2*pi2
	var k0, k1, k2, k3 float64
	for k := int(math.Ceil(16*z/math.Pi)) + 1; k >= 1; k-- {
		// over the odd numbers 2k − 1
		h := float64(k) - 0.5
		h2 := h * h
		h4, h6 := h2*h2, h2*h2*h2
		w := math.Exp(-pi2 * h2 / (2 * z2))
		k0 += w
		k1 += (pi2*h2 - z2) * w
		k2 += (6*z6 + 2*z4 + pi2*(2*z4-5*z2)*h2 + pi4*(1-2*z2)*h4) * w
		k3 += (-30*z6 - 90*z6*z2 + pi2*(135*z4-96*z6)*h2 + pi4*(212*z4-60*z2)*h4 + pi6*(5-30*z2)*h6) * w
		// over the whole numbers
		j2 := float64(k) * float64(k)
		v := math.Exp(-pi2 * j2 / (2 * z2))
		// The prefactors that differ from those of the odd sums are divided out here.
		k2 += -pi2 * j2 * v * 2 * z4
		k3 += (3*pi2*j2*z2 - pi4*j2*j2) * v * 30 * z4
	}
	root := math.Sqrt(2 * math.Pi)
	k0 *= root / z
	k1 *= root / (6 * z4)
	k2 *= root / (72 * z6 * z)
	k3 *= root / (6480 * z6 * z4)
	return k0 + k1/math.Sqrt(n) + k2/n + k3/(n*math.Sqrt(n))
}
