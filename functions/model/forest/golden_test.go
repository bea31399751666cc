package forest

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// golden is a model with what its library says of some rows; testdata/models/forest_golden.py wrote it.
type golden struct {
	name                   string
	forest                 *Forest
	blob                   []byte
	n                      int
	x, margin, predictions [][]float64
	contributions          [][][]float64
}

func load(t testing.TB, path string) (*Forest, []byte) {
	t.Helper()
	blob, err := os.ReadFile(path)
	require.NoError(t, err)
	var f *Forest
	if filepath.Ext(path) == ".txt" {
		f, err = FromLightGBM(blob)
	} else {
		f, err = FromXGBoost(blob)
	}
	require.NoError(t, err, path)
	return f, blob
}

func goldens(t testing.TB) []golden {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.bin")
	require.NoError(t, err)
	require.Greater(t, len(paths), 30)
	var all []golden
	for _, path := range paths {
		stem := strings.TrimSuffix(path, ".bin")
		g := golden{name: filepath.Base(stem)}
		for _, ext := range []string{".ubj", ".json", ".txt"} {
			if _, err := os.Stat(stem + ext); err == nil {
				g.forest, g.blob = load(t, stem+ext)
			}
		}
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		r := bytes.NewReader(raw)
		var head [3]int32
		require.NoError(t, binary.Read(r, binary.LittleEndian, &head))
		g.n = int(head[0])
		columns := func(k int32) [][]float64 {
			out := make([][]float64, k)
			for i := range out {
				out[i] = make([]float64, g.n)
				require.NoError(t, binary.Read(r, binary.LittleEndian, out[i]))
			}
			return out
		}
		g.x, g.margin, g.predictions = columns(head[1]), columns(head[2]), columns(head[2])
		for range head[2] {
			g.contributions = append(g.contributions, columns(head[1]+1))
		}
		require.Zero(t, r.Len())
		all = append(all, g)
	}
	return all
}

func columnsOf(k, n int) [][]float64 {
	out := make([][]float64, k)
	for i := range out {
		out[i] = make([]float64, n)
	}
	return out
}

// equalBits requires the same bits, with the first difference as message.
func equalBits(t testing.TB, want, got [][]float64, n int, what string) {
	t.Helper()
	require.Len(t, got, len(want))
	for o := range want {
		for i := range n {
			if math.Float64bits(want[o][i]) != math.Float64bits(got[o][i]) {
				require.Failf(t, "different", "%s: output %d of row %d is %v, not %v", what, o, i, got[o][i], want[o][i])
			}
		}
	}
}

func TestEqualToLibraries(t *testing.T) {
	for _, g := range goldens(t) {
		t.Run(g.name, func(t *testing.T) {
			for _, kernel := range kernels() {
				f, err := g.forest.WithKernel(kernel)
				require.NoError(t, err)
				require.Equal(t, kernel, f.Kernel())
				require.Equal(t, len(g.x), f.Features())
				require.Equal(t, len(g.margin), f.Outputs())
				out := columnsOf(f.Outputs(), g.n)
				require.NoError(t, f.Margin(g.x, g.n, out))
				equalBits(t, g.margin, out, g.n, kernel+" margin")
				require.NoError(t, f.Predict(g.x, g.n, out))
				equalBits(t, g.predictions, out, g.n, kernel+" prediction")
			}
		})
	}
}
