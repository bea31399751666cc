package artifact

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// sums is an estimator whose outputs are weighted sums of the features, through the logistic function or
// softmax for classes.
type sums struct {
	Task    model.Task
	Classes int
	W       [][]float64 // an output each
}

func (s *sums) Features() int { return len(s.W[0]) }
func (s *sums) Outputs() int  { return len(s.W) }

func (s *sums) Margin(x [][]float64, n int, out [][]float64) error {
	for o, w := range s.W {
		for i := range n {
			v := 0.0
			for f := range w {
				v += w[f] * x[f][i]
			}
			out[o][i] = v
		}
	}
	return nil
}

func (s *sums) Predict(x [][]float64, n int, out [][]float64) error {
	if err := s.Margin(x, n, out); err != nil || s.Task == model.Regression {
		return err
	}
	for i := range n {
		switch {
		case s.Task == model.Clustering:
			out[0][i] = math.Trunc(out[0][i])
		case s.Classes == 2:
			out[0][i] = 1 / (1 + math.Exp(-out[0][i]))
		default:
			total := 0.0
			for o := range out {
				out[o][i] = math.Exp(out[o][i])
				total += out[o][i]
			}
			for o := range out {
				out[o][i] /= total
			}
		}
	}
	return nil
}

func (s *sums) Importance() ([]float64, string) { return slices.Clone(s.W[0]), "weight" }
func (s *sums) Method() string                  { return "terms" }

func (s *sums) Contributions(x [][]float64, n int, out [][][]float64) error {
	for o, w := range s.W {
		for f := range w {
			for i := range n {
				out[o][f][i] = w[f] * x[f][i]
			}
		}
		clear(out[o][len(w)][:n])
	}
	return nil
}

func (s *sums) Formats() []string { return []string{"text"} }
func (s *sums) Export(format string, names []string) ([]byte, error) {
	return []byte(format + strings.Join(names, ",")), nil
}
func (s *sums) SQL(features []string) ([]string, error) {
	return []string{strings.Join(features, "+")}, nil
}

func sumsOf(t testing.TB, s sums) []byte {
	data, err := json.Marshal(s)
	require.NoError(t, err)
	return data
}

var algorithms = map[string]*model.Algorithm{"sums": {Name: "sums", Load: func(blob []byte) (model.Predictor, error) {
	var s sums
	if err := json.Unmarshal(blob, &s); err != nil || len(s.W) == 0 {
		return nil, sqlstate.New(sqlstate.DataCorrupted, "no sums")
	}
	return &s, nil
}}}

// examples are one artifact of each shape.
func examples(t testing.TB) map[string]*Artifact {
	two := func(w ...float64) []byte {
		return sumsOf(t, sums{Task: model.Classification, Classes: 2, W: [][]float64{w}})
	}
	three := sumsOf(t, sums{Task: model.Classification, Classes: 3, W: [][]float64{{1, 0}, {0, 1}, {-1, -1}}})
	return map[string]*Artifact{
		"regression": {Task: model.Regression, Algorithm: "sums", Features: []string{"a", "b"}, Blobs: [][]byte{sumsOf(t, sums{Task: model.Regression, W: [][]float64{{2, 3}}})}},
		"two":        {Task: model.Classification, Algorithm: "sums", Features: []string{"a", "b"}, Classes: 2, Threshold: 0.4, Blobs: [][]byte{two(1, -1)}},
		"three":      {Task: model.Classification, Algorithm: "sums", Features: []string{"a", "ß"}, Classes: 3, Threshold: 0.5, Blobs: [][]byte{three}},
		"platt": {Task: model.Classification, Algorithm: "sums", Features: []string{"a", "b"}, Classes: 2, Threshold: 0.5, Blobs: [][]byte{two(1, -1)},
			Calibration: &Calibration{Method: Platt, Sigmoids: []Sigmoid{{-2, 0.5}}}},
		"isotonic": {Task: model.Classification, Algorithm: "sums", Features: []string{"a", "b"}, Classes: 3, Threshold: 0.5, Blobs: [][]byte{three},
			Calibration: &Calibration{Method: Isotonic, Steps: []Steps{{[]float64{0, 1}, []float64{0, 0.5}}, {[]float64{0.2}, []float64{0.3}}, {[]float64{0.1, 0.5, 0.6}, []float64{0, 0, 1}}}}},
		"groups": {Task: model.Regression, Algorithm: "sums", Features: []string{"a", "b"}, Groups: []string{"north", "south"}, Blobs: [][]byte{
			sumsOf(t, sums{Task: model.Regression, W: [][]float64{{1, 1}}}), sumsOf(t, sums{Task: model.Regression, W: [][]float64{{10, 0}}}), sumsOf(t, sums{Task: model.Regression, W: [][]float64{{0, 100}}})}},
		"clusters": {Task: model.Clustering, Algorithm: "sums", Features: []string{"a", "b"}, Blobs: [][]byte{sumsOf(t, sums{Task: model.Clustering, W: [][]float64{{1, 1}}})}},
	}
}

func open(t testing.TB, a *Artifact) *Scorer {
	data, err := a.Encode()
	require.NoError(t, err)
	s, err := Open(data, algorithms)
	require.NoError(t, err)
	return s
}

func TestEncode(t *testing.T) {
	for name, a := range examples(t) {
		t.Run(name, func(t *testing.T) {
			data, err := a.Encode()
			require.NoError(t, err)
			back, err := Decode(data)
			require.NoError(t, err)
			require.Equal(t, a, back)
			require.Len(t, Hash(data), 64)
			for n := range data { // cut off anywhere
				_, err := Decode(data[:n])
				require.True(t, sqlstate.Is(err, sqlstate.DataCorrupted), "%d: %v", n, err)
			}
			_, err = Decode(append(slices.Clone(data), 0))
			require.True(t, sqlstate.Is(err, sqlstate.DataCorrupted))
			newer := slices.Clone(data)
			newer[len(magic)-1]++
			_, err = Decode(newer)
			require.True(t, sqlstate.Is(err, sqlstate.FeatureNotSupported))
		})
	}
}

func TestRefusesWhatIsNoModel(t *testing.T) {
	for name, change := range map[string]func(a *Artifact){
		"task":      func(a *Artifact) { a.Task = "guessing" },
		"classes":   func(a *Artifact) { a.Classes = 1 },
		"threshold": func(a *Artifact) { a.Threshold = math.NaN() },
		"blobs":     func(a *Artifact) { a.Blobs = nil },
		"groups":    func(a *Artifact) { a.Groups = []string{"x"} },
		"a group twice": func(a *Artifact) {
			a.Groups, a.Blobs = []string{"x", "x"}, [][]byte{a.Blobs[0], a.Blobs[0], a.Blobs[0]}
		},
		"maps":      func(a *Artifact) { a.Calibration = &Calibration{Method: Platt, Sigmoids: make([]Sigmoid, 2)} },
		"no number": func(a *Artifact) { a.Calibration = &Calibration{Method: Platt, Sigmoids: []Sigmoid{{math.Inf(1), 0}}} },
		"no points": func(a *Artifact) { a.Calibration = &Calibration{Method: Isotonic, Steps: make([]Steps, 1)} },
		"points disorder": func(a *Artifact) {
			a.Calibration = &Calibration{Method: Isotonic, Steps: []Steps{{[]float64{1, 0}, []float64{0, 1}}}}
		},
		"descending steps": func(a *Artifact) {
			a.Calibration = &Calibration{Method: Isotonic, Steps: []Steps{{[]float64{0, 1}, []float64{1, 0}}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := examples(t)["two"]
			change(a)
			_, err := a.Encode()
			require.True(t, sqlstate.Is(err, sqlstate.DataCorrupted), "%v", err)
		})
	}
	// Two encodings of one number: the second isn't canonical.
	data, err := examples(t)["two"].Encode()
	require.NoError(t, err)
	at := len(magic)
	require.Equal(t, byte(len(model.Classification)), data[at])
	long := slices.Concat(data[:at], []byte{data[at] | 0x80, 0}, data[at+1:])
	_, err = Decode(long)
	require.ErrorContains(t, err, "canonical")
	huge := slices.Concat(magic, binary.AppendUvarint(nil, math.MaxUint64))
	_, err = Decode(huge)
	require.True(t, sqlstate.Is(err, sqlstate.DataCorrupted))
	_, err = Open(data, nil)
	require.True(t, sqlstate.Is(err, sqlstate.FeatureNotSupported))
	other := examples(t)["two"]
	other.Features = []string{"a"}
	data, err = other.Encode()
	require.NoError(t, err)
	_, err = Open(data, algorithms)
	require.ErrorContains(t, err, "another shape")
}

func FuzzDecode(f *testing.F) {
	for _, a := range examples(f) {
		data, err := a.Encode()
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Decode(data)
		if err != nil {
			require.NotEqual(t, sqlstate.InternalError, sqlstate.CodeOf(err))
			return
		}
		again, err := a.Encode()
		require.NoError(t, err)
		require.Equal(t, data, again)
		s, err := Open(data, algorithms)
		if err != nil {
			return
		}
		x := make([][]float64, s.Arguments())
		for k := range x {
			x[k] = []float64{1, math.NaN(), math.Inf(1)}
		}
		require.NoError(t, s.Value(x, 3, make([]float64, 3)))
	})
}

func TestScores(t *testing.T) {
	x := [][]float64{{0, 1, 2}, {0, 2, 1}}
	out := make([]float64, 3)
	e := examples(t)
	require.NoError(t, open(t, e["regression"]).Value(x, 3, out))
	require.Equal(t, []float64{0, 8, 7}, out)

	two := open(t, e["two"])
	require.NoError(t, two.Value(x, 3, out))
	p := func(m float64) float64 { return 1 / (1 + math.Exp(-m)) }
	require.Equal(t, []float64{p(0), p(-1), p(1)}, out)
	classes := make([]int32, 3)
	require.NoError(t, two.Class(x, 3, classes))
	require.Equal(t, []int32{1, 0, 1}, classes, "the threshold is 0.4")
	proba := [][]float64{make([]float64, 3), make([]float64, 3)}
	require.NoError(t, two.Proba(x, 3, proba))
	require.Equal(t, [][]float64{{1 - p(0), 1 - p(-1), 1 - p(1)}, {p(0), p(-1), p(1)}}, proba)

	platt := open(t, e["platt"])
	require.NoError(t, platt.Value(x, 3, out))
	for i, m := range []float64{0, -1, 1} {
		require.InDelta(t, 1/(1+math.Exp(-2*m+0.5)), out[i], 1e-15)
	}
	require.NoError(t, platt.Margin(x, 3, [][]float64{out}))
	require.Equal(t, []float64{0, -1, 1}, out, "margins aren't calibrated")

	iso := open(t, e["isotonic"])
	three := [][]float64{make([]float64, 3), make([]float64, 3), make([]float64, 3)}
	raw := [][]float64{make([]float64, 3), make([]float64, 3), make([]float64, 3)}
	require.NoError(t, iso.Proba(x, 3, three))
	require.NoError(t, iso.Uncalibrated(x, 3, raw))
	for i := range 3 {
		a, b, c := raw[0][i]/2, 0.3, 0.0
		switch {
		case raw[2][i] > 0.6:
			c = 1
		case raw[2][i] > 0.5:
			c = (raw[2][i] - 0.5) / 0.1
		}
		require.InDelta(t, a/(a+b+c), three[0][i], 1e-12)
		require.InDelta(t, 1, three[0][i]+three[1][i]+three[2][i], 1e-12)
	}
	require.NoError(t, iso.Class(x, 3, classes))
	require.NoError(t, iso.Value(x, 3, out))
	for i := range 3 {
		require.Equal(t, float64(classes[i]), out[i])
	}
	require.Error(t, open(t, e["regression"]).Class(x, 3, classes))
	require.Error(t, open(t, e["regression"]).Proba(x, 3, proba))
	require.NoError(t, open(t, e["clusters"]).Class(x, 3, classes))
	require.Equal(t, []int32{0, 3, 3}, classes)
	require.Error(t, two.Value(x[:1], 3, out), "a feature is missing")
}

func TestGroups(t *testing.T) {
	s := open(t, examples(t)["groups"])
	require.Equal(t, 3, s.Arguments())
	out := make([]float64, 6)
	nan := math.NaN()
	x := [][]float64{{1, 2, 3, 4, 5, 6}, {1, 1, 1, 1, 1, 1}, {0, 1, -1, nan, 7, 0.5}}
	require.NoError(t, s.Value(x, 6, out))
	require.Equal(t, []float64{10, 100, 4, 5, 6, 7}, out, "whatever is no group's number is the global estimator's")
	x[2] = []float64{0, 0, 0, 0, 0, 0}
	require.NoError(t, s.Value(x, 6, out))
	require.Equal(t, []float64{10, 20, 30, 40, 50, 60}, out)
	require.NoError(t, s.Value(x, 0, out))
	split := [][][]float64{{make([]float64, 2), make([]float64, 2), make([]float64, 2)}}
	x[2] = []float64{1, -1}
	require.NoError(t, s.Contributions(x, 2, split))
	require.Equal(t, [][]float64{{0, 2}, {100, 1}, {0, 0}}, split[0])
	_, err := s.Export("text")
	require.True(t, sqlstate.Is(err, sqlstate.FeatureNotSupported))
	_, err = s.SQL([]string{"a", "b"})
	require.True(t, sqlstate.Is(err, sqlstate.FeatureNotSupported))
}

func TestExplains(t *testing.T) {
	s := open(t, examples(t)["two"])
	values, method := s.Importance()
	require.Equal(t, []float64{1, -1}, values)
	require.Equal(t, "weight", method)
	require.Equal(t, "terms", s.ExplainMethod())
	require.Equal(t, []string{"text"}, s.Formats())
	data, err := s.Export("text")
	require.NoError(t, err)
	require.Equal(t, "texta,b", string(data))
	sql, err := s.SQL([]string{"x", "y"})
	require.NoError(t, err)
	require.Equal(t, []string{"x+y"}, sql)
	_, err = open(t, examples(t)["platt"]).SQL([]string{"x", "y"})
	require.ErrorContains(t, err, "calibrated")
}

// TestAllocations: nothing is allocated for a chunk once the scratch is there.
func TestAllocations(t *testing.T) {
	for name, a := range examples(t) {
		s := open(t, a)
		x := make([][]float64, s.Arguments())
		for k := range x {
			x[k] = make([]float64, 2048)
			for i := range x[k] {
				x[k][i] = float64(i%4) - 1
			}
		}
		out, classes := make([]float64, 2048), make([]int32, 2048)
		allocs := testing.AllocsPerRun(20, func() {
			if err := s.Value(x, 2048, out); err != nil {
				t.Fatal(err)
			}
			if a.Task != model.Regression {
				if err := s.Class(x, 2048, classes); err != nil {
					t.Fatal(err)
				}
			}
		})
		// The collector may empty the pool, and the race detector does so now and then; a row each would be 2,048.
		require.LessOrEqual(t, allocs, 16.0, name)
	}
}

func TestConcurrent(t *testing.T) {
	s := open(t, examples(t)["groups"])
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for g := range errs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := 1; n < 200 && errs[g] == nil; n += 7 {
				x, out := [][]float64{make([]float64, n), make([]float64, n), make([]float64, n)}, make([]float64, n)
				for i := range n {
					x[0][i], x[1][i], x[2][i] = float64(i), 1, float64((i+g)%3)-1
				}
				if errs[g] = s.Value(x, n, out); errs[g] != nil {
					return
				}
				for i := range n {
					if want := []float64{float64(i) + 1, 10 * float64(i), 100}[(i+g)%3]; out[i] != want {
						errs[g] = fmt.Errorf("row %d is %v, not %v", i, out[i], want)
					}
				}
			}
		}()
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}
