package forest

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model/forest/foresttest"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// refused requires an error of a code that names what it is about.
func refused(t *testing.T, err error, code sqlstate.Code, about string) {
	t.Helper()
	var e *sqlstate.Error
	require.True(t, errors.As(err, &e), "%v", err)
	require.Equal(t, code, e.Code, "%v", err)
	require.Contains(t, e.Message, about)
}

func TestMalformedXGBoost(t *testing.T) {
	good := string(foresttest.New(rand.New(rand.NewPCG(1, 1)), foresttest.Shape{Features: 3, Trees: 1, Depth: 2, Complete: true}).XGBoost())
	_, err := FromXGBoost([]byte(good))
	require.NoError(t, err)
	for _, c := range []struct{ from, to, about string }{
		{good, "", "no bytes"},
		{good, "binf", "neither JSON nor UBJSON"},
		{good, good[:len(good)/2], ""},
		{good, "{}", "no list of trees"},
		{good, `{"learner":[]}`, "was expected"},
		{good, strings.Repeat(`{"a":`, 500), "deep"},
		{`"left_children":[1,3,5,-1,`, `"left_children":[1,1,5,-1,`, "twice"},
		{`"left_children":[1,3,5,-1,`, `"left_children":[0,3,5,-1,`, "children"},
		{`"left_children":[1,3,5,-1,`, `"left_children":[1,300,5,-1,`, "children"},
		{`"left_children":[1,3,5,-1,`, `"left_children":[1,3,5,-1,-1,`, "differ in length"},
		{`"left_children":[1,3,5,-1,`, `"left_children":[NaN,3,5,-1,`, "children"},
		{`"split_conditions":[`, `"split_conditions":[NaN,`, "differ"},
		{`"split_indices":[`, `"split_indices":[9`, "feature"},
		{`"num_class":"0","num_feature":"3"`, `"num_class":"0","num_feature":"99999999999"`, "features"},
		{`"num_class":"0","num_feature":"3"`, `"num_class":"0","num_feature":"x"`, "num_feature"},
		{`"tree_info":[0]`, `"tree_info":[1]`, "output"},
		{`"tree_info":[0]`, `"tree_info":[]`, "tree_info"},
		{`"base_score":"[0E+00]"`, `"base_score":"[1,2]"`, "base_score"},
		{`"base_score":"[0E+00]"`, `"base_score":"[NaN]"`, "base_score"},
		{`"iteration_indptr":[0,1]`, `"iteration_indptr":[0,7]`, "iteration_indptr"},
		{`"name":"reg:squarederror"`, `"name":""`, "no objective"},
	} {
		text := strings.Replace(good, c.from, c.to, 1)
		require.NotEqual(t, good, text, c.from)
		_, err := FromXGBoost([]byte(text))
		require.Error(t, err, "%s → %s", c.from, c.to)
		refused(t, err, sqlstate.InvalidParameterValue, c.about)
	}
	for from, to := range map[string]string{
		`"name":"reg:squarederror"`: `"name":"survival:cox"`,
		`"name":"gbtree"`:           `"name":"gblinear"`,
		`"size_leaf_vector":"1"`:    `"size_leaf_vector":"3"`,
	} {
		_, err := FromXGBoost([]byte(strings.Replace(good, from, to, 1)))
		refused(t, err, sqlstate.FeatureNotSupported, "XGBoost model")
	}
}

// A few bytes can't ask for gigabytes of categories.
func TestManyCategories(t *testing.T) {
	m := foresttest.New(rand.New(rand.NewPCG(1, 1)), foresttest.Shape{Features: 1, Trees: 400, Leaves: 2, Categories: 2})
	for _, nodes := range m.Nodes {
		if nodes[0].Left != 0 {
			nodes[0].Set = []int{maxCategory - 1}
		}
	}
	_, err := FromXGBoost(m.XGBoost())
	refused(t, err, sqlstate.FeatureNotSupported, "categories")
}

func TestMalformedLightGBM(t *testing.T) {
	good := string(foresttest.New(rand.New(rand.NewPCG(1, 1)), foresttest.Shape{Features: 3, Trees: 1, Depth: 2, Complete: true, Double: true}).LightGBM())
	_, err := FromLightGBM([]byte(good))
	require.NoError(t, err)
	for _, c := range []struct{ from, to, about string }{
		{good, "", "begin"},
		{good, "tree\n", "max_feature_idx"},
		{good, good[:len(good)/2], ""},
		{"left_child=1 ", "left_child=0 ", "children"},
		{"left_child=1 ", "left_child=9 ", "children"},
		{"left_child=1 ", "left_child=2 ", "twice"},
		{"left_child=1 ", "left_child=x ", "holds"},
		{"left_child=1 ", "left_child=", "left_child"},
		{"num_leaves=4", "num_leaves=400000000", "num_leaves"},
		{"num_leaves=4", "num_leaves=200000000", "leaf_value"},
		{"num_leaves=4", "num_leaves=0", "no leaves"},
		{"threshold=", "threshold=nan ", "threshold"},
		{"max_feature_idx=2", "max_feature_idx=0", "feature"},
		{"max_feature_idx=2", "max_feature_idx=99999999", "max_feature_idx"},
		{"num_tree_per_iteration=1", "num_tree_per_iteration=0", "num_tree_per_iteration"},
		{"end of trees", "Tree", "should begin"},
		{"objective=regression", "objective=binary sigmoid:-1", "sigmoid"},
	} {
		text := strings.Replace(good, c.from, c.to, 1)
		require.NotEqual(t, good, text, c.from)
		_, err := FromLightGBM([]byte(text))
		require.Error(t, err, "%s → %s", c.from, c.to)
		refused(t, err, sqlstate.InvalidParameterValue, c.about)
	}
	for from, to := range map[string]string{"objective=regression": "objective=magic", "is_linear=0": "is_linear=1"} {
		_, err := FromLightGBM([]byte(strings.Replace(good, from, to, 1)))
		refused(t, err, sqlstate.FeatureNotSupported, "LightGBM model")
	}
}

func TestInfo(t *testing.T) {
	all := map[string]Info{}
	for _, g := range goldens(t) {
		all[g.name] = g.forest.Info()
	}
	require.Equal(t, 2, all["xgb_binary"].Classes)
	require.Equal(t, 4, all["xgb_softprob"].Classes)
	require.Equal(t, 24, all["xgb_softprob"].Trees)
	require.Equal(t, 6, all["xgb_softprob"].Rounds)
	require.Equal(t, 3, all["xgb_softmax"].Rounds)
	require.Len(t, all["xgb_quantile"].BaseScore, 3)
	require.Zero(t, all["xgb_poisson"].Classes)
	require.Equal(t, 5, all["xgb_binary_json"].MaxDepth)
	require.Equal(t, 6, all["lgb_binary"].Features)
	require.Equal(t, "binary", all["lgb_sigmoid"].Objective)
	require.Equal(t, -1, all["lgb_sigmoid"].BestIteration)
	require.Equal(t, "lightgbm", all["lgb_rf"].Library)
}

func TestBestIteration(t *testing.T) {
	m := foresttest.New(rand.New(rand.NewPCG(1, 1)), foresttest.Shape{Features: 3, Trees: 5, Leaves: 9})
	blob := bytes.Replace(m.XGBoost(), []byte(`"attributes":{}`), []byte(`"attributes":{"best_iteration":"2"}`), 1)
	f, err := FromXGBoost(blob)
	require.NoError(t, err)
	require.Equal(t, 2, f.Info().BestIteration)
	kept, err := f.Rounds(f.Info().BestIteration + 1)
	require.NoError(t, err)
	require.Equal(t, 3, kept.Info().Trees)
	rng := rand.New(rand.NewPCG(2, 2))
	x := m.Rows(rng, 300)
	m.Nodes = m.Nodes[:3]
	out := columnsOf(1, 300)
	require.NoError(t, kept.Margin(x, 300, out))
	equalBits(t, m.Margins(x, 300), out, 300, "three rounds")
	_, err = f.Rounds(6)
	refused(t, err, sqlstate.InvalidParameterValue, "5 rounds")
}

func TestImportance(t *testing.T) {
	m := foresttest.New(rand.New(rand.NewPCG(1, 1)), foresttest.Shape{Features: 4, Trees: 5, Leaves: 9})
	want := make([]float64, 4)
	for _, nodes := range m.Nodes {
		for _, n := range nodes {
			if n.Left != 0 {
				want[n.Feature] += n.Gain
			}
		}
	}
	got, method := read(t, m).Importance()
	require.InDeltaSlice(t, want, got, 1e-6)
	require.Equal(t, "total gain", method)
}

// The least float64 that rounds to at least a float32: it does, and the one before it doesn't.
func TestSingleCut(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	cuts := []float32{0, float32(math.Copysign(0, -1)), 1, -1, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32,
		-math.SmallestNonzeroFloat32, float32(math.Inf(1)), 1.17549435e-38, 16777216}
	for range 20000 {
		if c := math.Float32frombits(rng.Uint32()); c == c && !math.IsInf(float64(c), -1) {
			cuts = append(cuts, c)
		}
	}
	for _, c := range cuts {
		at := singleCut(c)
		require.GreaterOrEqual(t, float32(at), c, "%v", c)
		require.Less(t, float32(math.Nextafter(at, math.Inf(-1))), c, "%v", c)
	}
	require.True(t, math.IsInf(singleCut(float32(math.Inf(-1))), -1))
}

func TestQuantiserCounts(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 300 {
		var cuts []float64
		for range 1 + rng.IntN(400) {
			c := rng.NormFloat64()
			switch rng.IntN(4) {
			case 0:
				c = math.Exp(20 * c)
			case 1:
				c = math.Float64frombits(rng.Uint64())
			}
			if c == c {
				cuts = append(cuts, c, c)
			}
		}
		if len(cuts) == 0 {
			continue
		}
		nodes := []node{{left: 1, right: 2, cut: cuts[0]}, {}, {}}
		for _, c := range cuts {
			nodes = append(nodes, node{left: 1, right: 2, cut: c})
		}
		q := newQuantisation([]column{{}}, []tree{{nodes: nodes}}, 1<<16-2)
		require.Len(t, q.of, 1)
		for range 300 {
			v := cuts[rng.IntN(len(cuts))]
			switch rng.IntN(4) {
			case 0:
				v = math.Nextafter(v, math.Inf(-1))
			case 1:
				v = rng.NormFloat64()
			case 2:
				v = math.Inf(rng.IntN(2)*2 - 1)
			}
			want := map[float64]bool{}
			for _, c := range cuts {
				if v >= c {
					want[c] = true
				}
			}
			require.Equal(t, len(want), q.of[0].search(v), "%v", v)
		}
	}
}

func seeds(f *testing.F, pattern string) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, p := range paths {
		blob, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(blob)
	}
}

// fuzzed scores what was read, so that the kernels see it too.
func fuzzed(t *testing.T, f *Forest, err error) {
	if err != nil {
		var e *sqlstate.Error
		if !errors.As(err, &e) || e.Code != sqlstate.InvalidParameterValue && e.Code != sqlstate.FeatureNotSupported {
			t.Fatalf("%v", err)
		}
		return
	}
	if f.Features()*f.Outputs() > 1<<12 {
		return
	}
	const n = 40
	x := columnsOf(f.Features(), n)
	for k := range x {
		for i := range x[k] {
			x[k][i] = []float64{0, 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), 1e-40, 1e300}[(i*7+k)%8]
		}
	}
	want, got := columnsOf(f.Outputs(), n), columnsOf(f.Outputs(), n)
	for k, kernel := range kernels() {
		g, err := f.WithKernel(kernel)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Margin(x, n, got); err != nil {
			t.Fatal(err)
		}
		if k > 0 {
			equalBits(t, want, got, n, kernel)
		}
		want, got = got, want
	}
	_ = f.Contributions(x, n, contributionsOf(f, n))
}

func FuzzXGBoost(f *testing.F) {
	seeds(f, "testdata/xgb_*.[uj]*")
	f.Fuzz(func(t *testing.T, blob []byte) {
		m, err := FromXGBoost(blob)
		fuzzed(t, m, err)
	})
}

func FuzzLightGBM(f *testing.F) {
	seeds(f, "testdata/lgb_*.txt")
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := FromLightGBM(text)
		fuzzed(t, m, err)
	})
}
