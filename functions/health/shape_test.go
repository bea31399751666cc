package health

import (
	"bufio"
	"math"
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

// lines reads a file that testdata/features/*.py wrote.
func lines(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := os.Open("../../testdata/features/" + name)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	var out [][]string
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<22)
	for s.Scan() {
		out = append(out, strings.Split(s.Text(), "\t"))
	}
	require.NoError(t, s.Err())
	require.NotEmpty(t, out)
	return out
}

// A column's form is what numpy, pandas and scipy say of it.
func TestFormGolden(t *testing.T) {
	forms := map[string]form{}
	for _, l := range lines(t, "samples.tsv") {
		if l[1] != "DOUBLE" {
			continue
		}
		var x []float64
		for _, word := range strings.Split(l[2], " ") {
			v, err := strconv.ParseFloat(word, 64)
			require.NoError(t, err)
			x = append(x, v)
		}
		slices.Sort(x)
		forms[l[0]] = formOf(x)
	}
	counts := func(n []int64) string {
		var words []string
		for _, v := range n {
			words = append(words, strconv.FormatInt(v, 10))
		}
		return strings.Join(words, " ")
	}
	for _, l := range lines(t, "shapes.tsv") {
		f := forms[l[0]]
		what := strings.Join(l, " ")
		switch l[1] {
		case "histogram":
			require.Equal(t, l[2], counts(f.histogram), what)
			continue
		case "counts":
			require.Equal(t, l[2], counts(f.counts), what)
			continue
		}
		got := map[string]float64{"n": float64(f.n), "distinct_values": float64(f.distinct), "zeros": float64(f.zeros), "infinite": float64(f.infinite), "mean": f.mean, "sd": f.sd,
			"skew": f.skew, "q05": f.q05, "q25": f.q25, "median": f.median, "q75": f.q75, "q95": f.q95}
		value, known := got[l[1]]
		require.True(t, known, what)
		if l[2] == "NULL" {
			require.True(t, math.IsNaN(value), what)
			continue
		}
		want, err := strconv.ParseFloat(l[2], 64)
		require.NoError(t, err)
		require.InDelta(t, want, value, 1e-10*math.Max(math.Abs(want), 1e-9), what)
	}
}

// Infinities, extremes, nothing.
func TestFormEdges(t *testing.T) {
	inf := math.Inf(1)
	f := formOf(nil)
	require.Zero(t, f.n)
	require.True(t, math.IsNaN(f.mean) && math.IsNaN(f.median) && math.IsNaN(f.sd))
	require.Empty(t, f.bars)
	f = formOf([]float64{-inf, 1, 3, inf, inf})
	require.Equal(t, int64(3), f.infinite)
	require.Equal(t, 2.0, f.mean)
	require.Equal(t, 3.0, f.median)
	require.Equal(t, inf, f.q95)
	require.Equal(t, []string{"+Inf", "-Inf", "1", "3"}, f.top)
	f = formOf([]float64{inf, inf})
	require.True(t, math.IsNaN(f.mean))
	require.Nil(t, f.histogram)
	f = formOf([]float64{-math.MaxFloat64, -math.MaxFloat64, 0, math.MaxFloat64})
	require.False(t, math.IsInf(f.mean, 0) || math.IsNaN(f.mean))
	require.Equal(t, []int64{2, 0, 0, 0, 0, 1, 0, 0, 0, 1}, f.histogram)
	f = formOf([]float64{5})
	require.Equal(t, 5.0, f.q05)
	require.True(t, math.IsNaN(f.sd) && math.IsNaN(f.skew))
	f = formOf([]float64{1e9 + 1, 1e9 + 2, 1e9 + 3})
	require.Equal(t, 1.0, f.sd, "a large mean costs no digits")
	f = formOf([]float64{1, 1, 2, 2, 3, 4, 4, 4, 5, 5, 6, 6, 7, 7})
	require.Equal(t, []string{"4", "1", "2", "5", "6"}, f.top, "the most frequent first, then the least")
}

// A chain is one component, whichever end it is joined from; roots are followed, not copied.
func TestRoots(t *testing.T) {
	parent := []int64{1, 1, 2, 3, 5}
	require.Equal(t, int64(1), root(parent, 4))
	require.Equal(t, int64(5), root(parent, 5))
	require.Equal(t, []int64{1, 1, 2, 2, 5}, parent, "the path is half as long")
}
