package stat

import (
	"bufio"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDeclarations(t *testing.T) {
	for _, d := range All() {
		require.NoError(t, d.Validate())
	}
}

// P(D ≥ x) is scipy.stats.kstwo's, whichever method computes it.
func TestKolmogorov(t *testing.T) {
	f, err := os.Open("../../testdata/features/kolmogorov.tsv")
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	lines := 0
	for s := bufio.NewScanner(f); s.Scan(); lines++ {
		fields := strings.Split(s.Text(), "\t")
		n, err := strconv.Atoi(fields[0])
		require.NoError(t, err)
		x, err := strconv.ParseFloat(fields[1], 64)
		require.NoError(t, err)
		want, err := strconv.ParseFloat(fields[2], 64)
		require.NoError(t, err)
		require.InDelta(t, want, kolmogorovSurvival(n, x), 2e-7*want+1e-12, s.Text())
	}
	require.Greater(t, lines, 100)
}

// The lattice walk gives what counting every path gives.
func TestExactByCounting(t *testing.T) {
	for n := 1; n <= 6; n++ {
		for m := 1; m <= 6; m++ {
			for most := int64(0); most <= int64(n*m); most++ {
				all, far := 0, 0
				var walk func(i, k int, touched bool)
				walk = func(i, k int, touched bool) {
					d := int64(i*m - k*n)
					touched = touched || d >= most || -d >= most
					if i == n && k == m {
						all++
						if touched {
							far++
						}
						return
					}
					if i < n {
						walk(i+1, k, touched)
					}
					if k < m {
						walk(i, k+1, touched)
					}
				}
				walk(0, 0, false)
				require.InDelta(t, float64(far)/float64(all), exactKS(n, m, most), 1e-12, "%d %d %d", n, m, most)
			}
		}
	}
}

func TestSortFloats(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	fill := map[string]func(i int) float64{
		"random": func(int) float64 { return random.NormFloat64() },
		"equal":  func(int) float64 { return 7 },
		"few":    func(int) float64 { return float64(random.IntN(3)) - 1 },
		"sorted": func(i int) float64 { return float64(i) },
		"extreme": func(i int) float64 {
			return []float64{math.Inf(1), math.Inf(-1), math.MaxFloat64, -5e-324, 5e-324, 0}[i%6]
		},
		"reverse": func(i int) float64 { return -float64(i) },
		"scales":  func(int) float64 { return math.Exp(100 * random.NormFloat64()) },
	}
	for name, f := range fill {
		for _, n := range []int{0, 1, small - 1, small, 5000} {
			x := make([]float64, n)
			for i := range x {
				x[i] = f(i)
			}
			want := slices.Clone(x)
			slices.Sort(want)
			sortFloats(x)
			require.Equal(t, want, x, "%s %d", name, n)
		}
	}
}

func of(x ...float64) sample {
	return sample{at: func(i int) float64 { return x[i] }, n: len(x)}
}

// What has no finite answer, and what a bin alone would hide.
func TestEdges(t *testing.T) {
	inf := math.Inf(1)
	require.Equal(t, 1.0, wasserstein(of(1, inf), of(3, inf)), "equal shares of infinity cost nothing")
	require.Equal(t, inf, wasserstein(of(1, 2), of(1, inf)))
	require.Equal(t, inf, wasserstein(of(-inf, 2), of(1, 2)))
	require.Zero(t, wasserstein(of(-inf, inf), of(-inf, inf)))
	statistic, p := kolmogorovSmirnov(of(1, inf), of(1, inf))
	require.Equal(t, [2]float64{0, 1}, [2]float64{statistic, p})
	for _, moved := range []float64{2.999999, 3.000001} {
		c := binned(of(3, 3, 3), of(moved, moved), 10)
		require.Equal(t, 1.0, jensenShannon(c), "a constant's bin has no width")
		require.Greater(t, psi(c), 9.0)
	}
	c := binned(of(0, 0, 1, 1), of(0, 1, 1, 1), 10)
	require.Equal(t, []float64{2, 2}, c.ref, "flags have a bin each")
	require.Equal(t, []float64{1, 3}, c.cur)
	statistic, p, df := pearson(&counts{ref: []float64{4}, cur: []float64{9}, nRef: 4, nCur: 9})
	require.Equal(t, [3]float64{0, 1, 0}, [3]float64{statistic, p, df})
	require.Equal(t, 1.0, quantile(of(1), 0.3))
}

func FuzzSort(f *testing.F) {
	f.Add([]byte("eider"), uint16(1000))
	f.Fuzz(func(t *testing.T, seed []byte, n uint16) {
		x := make([]float64, int(n)%3000)
		for i := range x {
			b := uint64(i)
			for _, s := range seed {
				b = b*0x9E3779B97F4A7C15 + uint64(s)
			}
			if x[i] = math.Float64frombits(b); math.IsNaN(x[i]) {
				x[i] = 0
			}
		}
		want := slices.Sorted(slices.Values(x))
		sortFloats(x)
		for i := range x {
			require.True(t, x[i] == want[i])
		}
	})
}
