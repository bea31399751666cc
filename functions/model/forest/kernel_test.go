package forest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model/forest/foresttest"
)

func read(t testing.TB, m *foresttest.Model) *Forest {
	t.Helper()
	var f *Forest
	var err error
	if m.Double {
		f, err = FromLightGBM(m.LightGBM())
	} else {
		f, err = FromXGBoost(m.XGBoost())
	}
	require.NoError(t, err)
	return f
}

// shapes are the kinds of models that kernels must agree on.
func shapes(rng *rand.Rand) []foresttest.Shape {
	one := func(s foresttest.Shape) foresttest.Shape {
		s.Features, s.Double, s.Extreme = 1+rng.IntN(24), rng.IntN(2) == 0, rng.IntN(2) == 0
		if rng.IntN(4) == 0 {
			s.Outputs = 2 + rng.IntN(4)
		}
		if !s.Double {
			s.Base = float32(rng.NormFloat64())
		}
		return s
	}
	return []foresttest.Shape{
		one(foresttest.Shape{Trees: 1, Leaves: 1}),
		one(foresttest.Shape{Trees: 9, Leaves: 2}),
		one(foresttest.Shape{Trees: 30, Depth: 1 + rng.IntN(7), Complete: true, Cuts: 1 + rng.IntN(300)}),
		one(foresttest.Shape{Trees: 30, Leaves: 70, Depth: 6, Cuts: 40}),
		one(foresttest.Shape{Trees: 30, Leaves: 31}),
		one(foresttest.Shape{Trees: 10, Leaves: 16, Categories: 70}),
		one(foresttest.Shape{Trees: 5, Leaves: 70}),
		one(foresttest.Shape{Trees: 5, Leaves: 300}),
		one(foresttest.Shape{Trees: 2, Leaves: 4000, Depth: 14}),
		{Features: 2, Trees: 3, Leaves: 9000, Double: rng.IntN(2) == 0},
		{Features: 1, Trees: 200, Leaves: 64, Extreme: true},
	}
}

func TestKernelsAgree(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	t.Logf("kernels here: %v", kernels())
	for seed := range rounds {
		rng := rand.New(rand.NewPCG(uint64(seed), 7))
		for k, s := range shapes(rng) {
			t.Run(fmt.Sprintf("%d/%d", seed, k), func(t *testing.T) {
				m := foresttest.New(rng, s)
				f := read(t, m)
				n := []int{1, 7, 31, 32, 33, 255, 256, 511, 512, 513, 2048, 2049, 5000}[rng.IntN(13)]
				x := m.Rows(rng, n)
				want := m.Margins(x, n)
				for _, kernel := range kernels() {
					g, err := f.WithKernel(kernel)
					require.NoError(t, err)
					out := columnsOf(g.Outputs(), n)
					require.NoError(t, g.Margin(x, n, out))
					equalBits(t, want, out, n, fmt.Sprintf("%s of %+v", kernel, s))
				}
			})
		}
	}
}

// Every number of rows goes the same way through a block's end.
func TestRowsDoNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, double := range []bool{false, true} {
		m := foresttest.New(rng, foresttest.Shape{Features: 5, Trees: 20, Leaves: 40, Double: double})
		x := m.Rows(rng, 2600)
		want := m.Margins(x, 2600)
		for _, kernel := range kernels() {
			f, err := read(t, m).WithKernel(kernel)
			require.NoError(t, err)
			for _, n := range []int{0, 1, 7, 16, 31, 32, 33, 47, 100, 255, 256, 257, 511, 512, 513, 2047, 2048, 2049, 2600} {
				from := rng.IntN(2600 - n + 1)
				part, expect := make([][]float64, 5), [][]float64{want[0][from : from+n]}
				for k := range part {
					part[k] = x[k][from : from+n : from+n]
				}
				out := [][]float64{make([]float64, n)}
				require.NoError(t, f.Margin(part, n, out))
				equalBits(t, expect, out, n, fmt.Sprint(kernel, n))
			}
		}
	}
}

// Several goroutines share a forest, also the first time that it explains.
func TestAtTheSameTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	m := foresttest.New(rng, foresttest.Shape{Features: 6, Trees: 20, Leaves: 40, Categories: 5})
	x := m.Rows(rng, 600)
	want := m.Margins(x, 600)
	f := read(t, m)
	var group sync.WaitGroup
	for k := range 8 {
		group.Go(func() {
			g := f
			if k%2 == 1 {
				var err error
				g, err = f.WithKernel(kernels()[k%len(kernels())])
				assert.NoError(t, err)
			}
			n := 600 - 20*k
			out, parts := columnsOf(1, n), contributionsOf(g, n)
			for range 5 {
				assert.NoError(t, g.Margin(x, n, out))
				assert.Equal(t, want[0][:n], out[0])
				assert.NoError(t, g.Contributions(x, n, parts))
			}
			for i := range n {
				sum := 0.0
				for _, c := range parts[0] {
					sum += c[i]
				}
				assert.InDelta(t, out[0][i], sum, 1e-4*max(1, math.Abs(sum)))
			}
		})
	}
	group.Wait()
}

func TestUnknownKernel(t *testing.T) {
	f := read(t, foresttest.New(rand.New(rand.NewPCG(1, 1)), foresttest.Shape{Trees: 1, Leaves: 3}))
	_, err := f.WithKernel("gpu")
	require.ErrorContains(t, err, "22023")
	require.ErrorContains(t, err, Portable)
	require.Equal(t, kernels()[0], f.Kernel())
}

func TestNoAllocations(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, objective := range []string{"reg:squarederror", "multi:softprob"} {
		m := foresttest.New(rng, foresttest.Shape{Features: 10, Outputs: 3, Trees: 20, Leaves: 40, Objective: objective, Categories: 9})
		x := m.Rows(rng, 2048)
		out := columnsOf(3, 2048)
		for _, kernel := range kernels() {
			f, err := read(t, m).WithKernel(kernel)
			require.NoError(t, err)
			for _, n := range []int{1, 2048} {
				require.NoError(t, f.Predict(x, n, out))
				require.Less(t, testing.AllocsPerRun(20, func() { _ = f.Predict(x, n, out) }), 1.0, "%s, %d rows", kernel, n)
			}
		}
		f, all := read(t, m), contributionsOf(read(t, m), 2048)
		require.NoError(t, f.Contributions(x, 2048, all))
		require.Less(t, testing.AllocsPerRun(3, func() { _ = f.Contributions(x, 2048, all) }), 1.0)
	}
}

func benchmark(b *testing.B, m *foresttest.Model, rng *rand.Rand) {
	f := read(b, m)
	x := m.Rows(rng, rowsAtOnce)
	out := columnsOf(f.Outputs(), rowsAtOnce)
	for _, kernel := range kernels() {
		g, err := f.WithKernel(kernel)
		require.NoError(b, err)
		for _, n := range []int{rowsAtOnce, 1} {
			b.Run(fmt.Sprintf("%s/%d", kernel, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_ = g.Predict(x, n, out)
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

// One thread, 100 trees of depth 6, 20 features, as an XGBoost model of 255 bins has them.
func BenchmarkXGBoost(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	benchmark(b, foresttest.New(rng, foresttest.Shape{Features: 20, Trees: 100, Depth: 6, Complete: true, Cuts: 125, Objective: "binary:logistic", Base: 0.5}), rng)
}

// One thread, 100 trees of up to 31 leaves, as LightGBM grows them.
func BenchmarkLightGBM(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	benchmark(b, foresttest.New(rng, foresttest.Shape{Features: 20, Trees: 100, Leaves: 31, Cuts: 125, Double: true, Objective: "binary sigmoid:1"}), rng)
}

// Rows explained by one thread, of the model of BenchmarkXGBoost.
func BenchmarkContributions(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	m := foresttest.New(rng, foresttest.Shape{Features: 20, Trees: 100, Depth: 6, Complete: true, Cuts: 125})
	f := read(b, m)
	for _, n := range []int{rowsAtOnce, 1} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x, out := m.Rows(rng, n), contributionsOf(f, n)
			require.NoError(b, f.Contributions(x, n, out))
			b.ReportAllocs()
			for b.Loop() {
				_ = f.Contributions(x, n, out)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// A few large trees, each split with its own cut.
func BenchmarkDeep(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	benchmark(b, foresttest.New(rng, foresttest.Shape{Features: 20, Trees: 20, Leaves: 2000}), rng)
}
