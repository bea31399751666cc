package xgboost

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/boost/boosttest"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// saved returns the library's own text of a model in one of its formats.
func saved(t *testing.T, job *model.Job, format string) []byte {
	t.Helper()
	job.Params["rounds"] = int64(5)
	o := oracle(t, fit(t, job).Blob)
	text, err := (&booster{handle: o.booster}).saveAs(format)
	require.NoError(t, err)
	return text
}

// TestFormats wants the same bytes as the library writes, from either format to either.
func TestFormats(t *testing.T) {
	for _, classes := range []int{0, 2, 4} {
		job := jobOf(t, boosttest.Noise(500, 6, classes, 1), nil)
		text, binary := saved(t, job, "json"), saved(t, job, "ubj")
		for _, from := range [][]byte{text, binary} {
			doc, err := read(from)
			require.NoError(t, err)
			require.True(t, string(text) == string(appendJSON(nil, doc)), "%d classes: other JSON", classes)
			require.True(t, string(binary) == string(appendUBJ(nil, doc)), "%d classes: other UBJSON", classes)
		}
	}
}

// TestRoundTrip exports with names, lets the library predict, imports again and predicts
// ourselves: always the same bits.
func TestRoundTrip(t *testing.T) {
	in := boosttest.Noise(400, 3, 3, 1)
	blob := fit(t, jobOf(t, in, map[string]any{"rounds": int64(10)})).Blob
	p, err := Algorithm().Load(blob)
	require.NoError(t, err)
	predict := func(p model.Predictor) [][]float64 {
		out := make([][]float64, p.Outputs())
		for o := range out {
			out[o] = make([]float64, in.X.Rows)
		}
		require.NoError(t, p.Predict(in.X.Cols, in.X.Rows, out))
		return out
	}
	want := predict(p)
	names := []string{"größe", `a "quoted\" name`, "<b>&\t\n\x01"}
	for _, format := range p.(model.Exporter).Formats() {
		data, err := p.(model.Exporter).Export(format, names)
		require.NoError(t, err)
		if format == "xgboost_json" {
			require.True(t, json.Valid(data))
			require.Contains(t, string(data), "<b>&", "nothing is escaped for browsers")
		}
		theirs, err := oracle(t, data).Predict(in.X.Cols, in.X.Rows)
		require.NoError(t, err)
		for i, v := range theirs {
			require.Equal(t, want[i%3][i/3], float64(v))
		}
		back, info, err := Import(data)
		require.NoError(t, err)
		require.True(t, string(blob) == string(back), "what was exported and imported is what was trained")
		require.Equal(t, Info{Objective: "multi:softprob", Features: 3, Names: names, Classes: 3, Rounds: 10, Trees: 30, BestIteration: -1}, info)
		require.Equal(t, model.Classification, info.Task())
	}
	_, err = p.(model.Exporter).Export("onnx", names)
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.From(err).Code)
	_, err = p.(model.Exporter).Export("xgboost_json", names[:2])
	require.Error(t, err)
}

// TestImportForeign imports the models that the evaluator is tested with; some of them
// Python wrote, with categories, DART and names.
func TestImportForeign(t *testing.T) {
	paths, err := filepath.Glob("../forest/testdata/xgb_*.*")
	require.NoError(t, err)
	seen := 0
	for _, path := range paths {
		if filepath.Ext(path) == ".bin" {
			continue
		}
		seen++
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			blob, info, err := Import(data)
			require.NoError(t, err)
			require.Positive(t, info.Trees)
			again, _, err := Import(blob)
			require.NoError(t, err)
			require.True(t, string(blob) == string(again))
			before, err := Algorithm().Load(data)
			require.NoError(t, err)
			after, err := Algorithm().Load(blob)
			require.NoError(t, err)
			x := boosttest.Noise(100, info.Features, 0, 3).X
			require.Equal(t, margins(t, before, x), margins(t, after, x))
		})
	}
	require.Greater(t, seen, 15)
}

func margins(t *testing.T, p model.Predictor, x model.Matrix) [][]float64 {
	t.Helper()
	out := make([][]float64, p.Outputs())
	for o := range out {
		out[o] = make([]float64, x.Rows)
	}
	require.NoError(t, p.Margin(x.Cols, x.Rows, out))
	return out
}

func TestImportRefuses(t *testing.T) {
	good := string(saved(t, jobOf(t, boosttest.Noise(50, 2, 0, 1), nil), "json"))
	for name, text := range map[string]string{
		"nothing":       "",
		"not a model":   "hello",
		"cut":           good[:len(good)/2],
		"other object":  `{"a":1}`,
		"names":         strings.Replace(good, `"feature_names":[]`, `"feature_names":["one"]`, 1),
		"name's type":   strings.Replace(good, `"feature_names":[]`, `"feature_names":[1,2]`, 1),
		"trailing":      good + "x",
		"deep":          `{"learner":` + strings.Repeat("[", 100_000),
		"broken number": strings.Replace(good, `"loss_changes":[`, `"loss_changes":[1x,`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Import([]byte(text))
			require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.From(err).Code, "%v", err)
		})
	}
	_, _, err := Import([]byte(strings.Replace(good, "reg:squarederror", "rank:ndcg9", 1)))
	require.Equal(t, sqlstate.FeatureNotSupported, sqlstate.From(err).Code, "%v", err)
}

func TestFloats(t *testing.T) {
	for f, want := range map[float32]string{
		0: "0E0", 0.5: "5E-1", 192.22841: "1.9222841E2", -1e-20: "-1E-20", 1.5e30: "1.5E30", 3: "3E0", math.MaxFloat32: "3.4028235E38",
	} {
		require.Equal(t, want, string(appendFloat(nil, f)))
	}
	require.Equal(t, "-0E0", string(appendFloat(nil, float32(math.Copysign(0, -1)))))
	require.Equal(t, "NaN,Infinity,-Infinity", string(appendFloat(append(appendFloat(append(appendFloat(nil, float32(math.NaN())), ','), float32(math.Inf(1))), ','), float32(math.Inf(-1)))))
}

// FuzzImport reads foreign bytes without panics; what it takes, it takes again.
func FuzzImport(f *testing.F) {
	paths, _ := filepath.Glob("../forest/testdata/xgb_*.*")
	for _, path := range paths {
		if data, err := os.ReadFile(path); err == nil && len(data) < 20_000 {
			f.Add(data)
		}
	}
	f.Add([]byte(`{"learner":{"feature_names":["a"],"x":[NaN,-Infinity,1E5,true,null,"\u00e4"]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if doc, err := read(data); err == nil {
			again, err := read(appendUBJ(nil, doc))
			require.NoError(t, err)
			require.Equal(t, string(appendUBJ(nil, doc)), string(appendUBJ(nil, again)))
		}
		if blob, _, err := Import(data); err == nil {
			_, err = Algorithm().Load(blob)
			require.NoError(t, err)
		}
	})
}
