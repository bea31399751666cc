package lightgbm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/boost/boosttest"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func predictions(t *testing.T, p model.Predictor, x model.Matrix) [][]float64 {
	t.Helper()
	out := make([][]float64, p.Outputs())
	for o := range out {
		out[o] = make([]float64, x.Rows)
	}
	require.NoError(t, p.Predict(x.Cols, x.Rows, out))
	return out
}

// TestRoundTrip exports with names, lets the library predict, imports again and predicts
// ourselves: always the same bits.
func TestRoundTrip(t *testing.T) {
	for _, classes := range []int{0, 2, 3} {
		in := boosttest.Noise(400, 4, classes, 1)
		blob := fit(t, jobOf(t, in, map[string]any{"num_iterations": int64(10)})).Blob
		require.NotContains(t, string(blob), "num_threads")
		p, err := Algorithm().Load(blob)
		require.NoError(t, err)
		want := predictions(t, p, in.X)
		data, err := p.(model.Exporter).Export("lightgbm_text", []string{"größe", "with blank", `"x=1",`, "with blank"})
		require.NoError(t, err)
		theirs, err := oracle(t, data).Predict(in.X.Cols, in.X.Rows)
		require.NoError(t, err)
		for i, v := range theirs {
			require.Equal(t, want[i%len(want)][i/len(want)], v)
		}
		back, info, err := Import(data)
		require.NoError(t, err)
		require.Equal(t, string(blob), string(back), "what was exported and imported is what was trained")
		require.Equal(t, []string{"größe", "with_blank", "_x_1__", "with_blank_2"}, info.Names)
		require.Equal(t, classes, info.Classes)
		require.Equal(t, 10, info.Rounds)
		require.Equal(t, boosttest.TaskOf(in), info.Task())
		_, err = p.(model.Exporter).Export("pmml", nil)
		require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.From(err).Code)
		_, err = p.(model.Exporter).Export("lightgbm_text", nil)
		require.Error(t, err)
	}
}

// TestImportForeign imports the models that the evaluator is tested with, which Python wrote.
func TestImportForeign(t *testing.T) {
	paths, err := filepath.Glob("../forest/testdata/lgb_*.txt")
	require.NoError(t, err)
	require.Greater(t, len(paths), 10)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			windows := strings.ReplaceAll(string(data), "\n", "\r\n")
			blob, info, err := Import([]byte(windows))
			require.NoError(t, err)
			require.Positive(t, info.Trees)
			require.Nil(t, info.Names)
			again, _, err := Import(blob)
			require.NoError(t, err)
			require.True(t, string(blob) == string(again))
			require.NotContains(t, string(blob), "pandas")
			before, err := Algorithm().Load(data)
			require.NoError(t, err)
			after, err := Algorithm().Load(blob)
			require.NoError(t, err)
			x := boosttest.Noise(100, info.Features, 0, 3).X
			require.Equal(t, predictions(t, before, x), predictions(t, after, x))
			o := oracle(t, blob)
			require.Equal(t, info.Features, o.Features())
		})
	}
}

func TestImportRefuses(t *testing.T) {
	good := string(fit(t, jobOf(t, boosttest.Noise(100, 2, 0, 1), map[string]any{"num_iterations": int64(3)})).Blob)
	for name, c := range map[string]struct {
		text string
		code sqlstate.Code
	}{
		"nothing":     {"", sqlstate.InvalidParameterValue},
		"not a model": {"hello\nworld\n", sqlstate.InvalidParameterValue},
		"cut":         {good[:len(good)/3], sqlstate.InvalidParameterValue},
		"names":       {strings.Replace(good, "feature_names=Column_0 ", "feature_names=", 1), sqlstate.InvalidParameterValue},
		"no names":    {strings.Replace(good, "feature_names=", "names=", 1), sqlstate.InvalidParameterValue},
		"importance":  {strings.Replace(good, importanceLine+"\nColumn", importanceLine+"\nRow", 1), sqlstate.InvalidParameterValue},
		"pandas":      {good + "\npandas_categorical:[[\"a\", \"b\"]]\n", sqlstate.FeatureNotSupported},
	} {
		t.Run(name, func(t *testing.T) {
			require.NotEqual(t, good, c.text)
			_, _, err := Import([]byte(c.text))
			require.Equal(t, c.code, sqlstate.From(err).Code, "%v", err)
		})
	}
}

// FuzzImport reads foreign text without panics; what it takes, it takes again.
func FuzzImport(f *testing.F) {
	paths, _ := filepath.Glob("../forest/testdata/lgb_*.txt")
	for _, path := range paths {
		if data, err := os.ReadFile(path); err == nil && len(data) < 20_000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		blob, _, err := Import(data)
		if err != nil {
			return
		}
		again, _, err := Import(blob)
		require.NoError(t, err)
		require.Equal(t, string(blob), string(again))
	})
}
