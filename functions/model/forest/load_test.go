package forest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model/forest/foresttest"
)

// BenchmarkLoad reads a model of 100 trees from JSON, as a file that was saved, and compiles it. EIDER_MODEL names a file of one's own.
func BenchmarkLoad(b *testing.B) {
	data := foresttest.New(rand.New(rand.NewPCG(1, 1)), foresttest.Shape{Features: 20, Trees: 100, Depth: 6, Complete: true, Cuts: 125, Objective: "binary:logistic", Base: 0.5}).XGBoost()
	if path := os.Getenv("EIDER_MODEL"); path != "" {
		var err error
		data, err = os.ReadFile(path)
		require.NoError(b, err)
	}
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			_, err := readXGBoost(data)
			require.NoError(b, err)
		}
	})
	b.Run("read and compile", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := FromXGBoost(data)
			require.NoError(b, err)
		}
	})
}

// Whatever quickNumber reads has the bits of strconv's; the rest it leaves.
func TestQuickNumber(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	texts := []string{"0", "-0", "0.0", "1", "-1", "16777217", "16777219", "3.4028235E38", "3.5e38", "1e-45", "1.1754944E-38", "9007199254740993", "123456789012345678901234567890", "1e22", "1e23", "1E+05",
		"0.1", "-2.5E-1", "1.00000005960464477539", "1.000000059604644775390625", "8388608.5", "8388609.5", "1e", "1.", ".5", "+1", "1e+", "--1", "1x", "NaN", "Infinity", "-", "", "0x10", "1_0", "01"}
	for range 200_000 {
		f := math.Float32frombits(r.Uint32())
		texts = append(texts, strconv.FormatFloat(float64(f), "gEe"[r.IntN(3)], -1, 32), strconv.FormatFloat(float64(f), 'E', 8, 32), fmt.Sprintf("%.*f", r.IntN(12), r.NormFloat64()),
			strconv.FormatFloat(float64(f)*(1+0x1p-24), 'g', 17, 64))
	}
	quick := 0
	for _, text := range texts {
		for _, single := range []bool{false, true} {
			v, n := quickNumber([]byte(text), single)
			if n == 0 {
				continue
			}
			quick++
			require.Equal(t, len(text), n, text)
			bits := 64
			if single {
				bits = 32
			}
			want, err := strconv.ParseFloat(text, bits)
			require.NoError(t, err, text)
			require.Equal(t, math.Float64bits(want), math.Float64bits(v), "%s: %v, not %v", text, v, want)
		}
	}
	require.Greater(t, quick, len(texts)/4)
}
