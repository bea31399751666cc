package linear

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// trained is one predictor of each link with data it was trained on.
func trained(t testing.TB) map[string]struct {
	p *predictor
	x [][]float64
} {
	out := map[string]struct {
		p *predictor
		x [][]float64
	}{}
	for _, c := range everything {
		x, y, w := noise(1500, 6, c.classes, 11)
		a := algorithm(t, c.name)
		_, p := fitted(t, a, job(t, a, x, y, w, c.classes, c.params))
		out[fmt.Sprintf("%s/%d/%v", c.name, c.classes, c.params)] = struct {
			p *predictor
			x [][]float64
		}{p, x}
	}
	return out
}

// A row is scored alike in any chunk, at any place, by several goroutines.
func TestPredictDoesNotDependOnTheChunk(t *testing.T) {
	for name, c := range trained(t) {
		t.Run(name, func(t *testing.T) {
			n := len(c.x[0])
			want := outputs(c.p, n)
			require.NoError(t, c.p.Predict(c.x, n, want))
			var wait sync.WaitGroup
			for from := range 3 {
				wait.Go(func() {
					got := outputs(c.p, n)
					x := make([][]float64, len(c.x))
					for size := 1; size < n-from; size += 97 {
						for j := range x {
							x[j] = c.x[j][from : from+size]
						}
						if err := c.p.Predict(x, size, got); err != nil {
							t.Error(err)
						}
						for o := range got {
							for i, v := range got[o][:size] {
								if math.Float64bits(v) != math.Float64bits(want[o][from+i]) {
									t.Errorf("row %d is %v in %d rows, %v in all", from+i, v, size, want[o][from+i])
									return
								}
							}
						}
					}
				})
			}
			wait.Wait()
			require.Zero(t, testing.AllocsPerRun(5, func() { _ = c.p.Predict(c.x, n, want) }))
			require.Error(t, c.p.Predict(c.x[1:], n, want))
			require.Error(t, c.p.Margin(c.x, n, want[1:]))
		})
	}
}

func TestContributionsSumToTheMargin(t *testing.T) {
	for name, c := range trained(t) {
		t.Run(name, func(t *testing.T) {
			n, k := len(c.x[0]), c.p.Features()
			margin := outputs(c.p, n)
			require.NoError(t, c.p.Margin(c.x, n, margin))
			parts := make([][][]float64, c.p.Outputs())
			for o := range parts {
				parts[o] = make([][]float64, k+1)
				for f := range parts[o] {
					parts[o][f] = make([]float64, n)
				}
			}
			require.NoError(t, c.p.Contributions(c.x, n, parts))
			for o := range parts {
				for i := range n {
					sum := 0.0
					for f := range parts[o] {
						sum += parts[o][f][i]
					}
					require.InDelta(t, margin[o][i], sum, 1e-12*max(1, math.Abs(sum)))
				}
			}
			values, method := c.p.Importance()
			require.Len(t, values, k)
			require.Contains(t, method, "coefficient")
		})
	}
}

func TestMissingFeatureGivesMissingResult(t *testing.T) {
	for name, c := range trained(t) {
		x := make([][]float64, len(c.x))
		for j := range x {
			x[j] = append([]float64(nil), c.x[j][:3]...)
		}
		x[4][1] = math.NaN()
		out := outputs(c.p, 3)
		require.NoError(t, c.p.Predict(x, 3, out))
		for _, col := range out {
			require.False(t, math.IsNaN(col[0]) || math.IsNaN(col[2]), name)
			require.True(t, math.IsNaN(col[1]), name)
		}
	}
}

// sqlValue evaluates the SQL that this package writes, as a database does: numbers, names, + - * /, exp.
type sqlValue struct {
	text string
	row  map[string]float64
}

func (s *sqlValue) skip(token string) bool {
	s.text = strings.TrimLeft(s.text, " ")
	rest, ok := strings.CutPrefix(s.text, token)
	if ok {
		s.text = rest
	}
	return ok
}

func (s *sqlValue) sum() float64 {
	v := s.product()
	for s.skip("+") {
		v += s.product()
	}
	return v
}

func (s *sqlValue) product() float64 {
	v := s.unary()
	for {
		switch {
		case s.skip("*"):
			v = float64(v * s.unary())
		case s.skip("/"):
			v /= s.unary()
		default:
			return v
		}
	}
}

func (s *sqlValue) unary() float64 {
	if s.skip("-") {
		return -s.unary()
	}
	call := s.skip("exp")
	if s.skip("(") {
		v := s.sum()
		if !s.skip(")") {
			panic("no ) before " + s.text)
		}
		if call {
			return exp(v)
		}
		return v
	}
	end := strings.IndexAny(s.text+" ", " )")
	word := s.text[:end]
	s.text = s.text[end:]
	if v, ok := s.row[word]; ok {
		return v
	}
	if !strings.Contains(word, "e") {
		panic("a constant without an exponent is a DECIMAL: " + word)
	}
	v, err := strconv.ParseFloat(word, 64)
	if err != nil {
		panic(err)
	}
	return v
}

func TestSQLIsThePrediction(t *testing.T) {
	for name, c := range trained(t) {
		t.Run(name, func(t *testing.T) {
			n := len(c.x[0])
			names := []string{"a", "b", "c", "d", "f", "g"}
			text, err := c.p.SQL(names)
			require.NoError(t, err)
			require.Len(t, text, c.p.Outputs())
			want := outputs(c.p, n)
			require.NoError(t, c.p.Predict(c.x, n, want))
			for i := range 50 {
				row := map[string]float64{}
				for j, f := range names {
					row[f] = c.x[j][i]
				}
				for o := range text {
					s := &sqlValue{text[o], row}
					got := s.sum()
					require.Empty(t, s.text)
					if c.p.link == linkSoftmax {
						require.InDelta(t, want[o][i], got, 1e-13)
						continue
					}
					require.Equal(t, want[o][i], got)
				}
			}
			_, err = c.p.SQL(names[1:])
			require.Error(t, err)
		})
	}
}

// Scores that overflow give probabilities, in Go and in SQL.
func TestFarScores(t *testing.T) {
	p := &predictor{estimator{link: linkSoftmax, intercept: []float64{0, 1, -2}, coef: [][]float64{{1e5}, {-1e5}, {0}}, mean: []float64{0}, spread: []float64{1}}}
	x, out := [][]float64{{-1, 0, 1}}, outputs(p, 3)
	require.NoError(t, p.Predict(x, 3, out))
	require.Equal(t, []float64{0, out[0][1], 1}, out[0])
	require.Equal(t, []float64{1, out[1][1], 0}, out[1])
	text, err := p.SQL([]string{"x"})
	require.NoError(t, err)
	for i, v := range x[0] {
		for o := range text {
			require.InDelta(t, out[o][i], (&sqlValue{text[o], map[string]float64{"x": v}}).sum(), 1e-15)
		}
	}
	one := &predictor{estimator{link: linkLogit, intercept: []float64{0}, coef: [][]float64{{1e300}}, mean: []float64{0}, spread: []float64{1}}}
	require.NoError(t, one.Predict(x, 3, out[:1]))
	require.Equal(t, []float64{0, 0.5, 1}, out[0])
}

func TestBlobComesBack(t *testing.T) {
	for name, c := range trained(t) {
		blob := c.p.encode()
		again, err := Load(blob)
		require.NoError(t, err, name)
		require.Equal(t, c.p, again, name)
		for cut := range blob {
			_, err := Load(blob[:cut])
			var e *sqlstate.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, sqlstate.DataCorrupted, e.Code)
		}
		_, err = Load(append(blob, 0))
		require.Error(t, err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, c := range trained(f) {
		f.Add(c.p.encode())
	}
	f.Add([]byte(magic + "\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x03"))
	r := rand.New(rand.NewPCG(1, 1))
	x := make([][]float64, 6)
	for j := range x {
		x[j] = []float64{r.NormFloat64(), 1e300, math.Inf(1), math.NaN()}
	}
	f.Fuzz(func(t *testing.T, blob []byte) {
		p, err := Load(blob)
		if err != nil {
			return
		}
		got := p.(*predictor)
		require.Equal(t, blob, got.encode(), "a blob has one spelling")
		if p.Features() <= len(x) && p.Outputs() < 100 {
			require.NoError(t, p.Predict(x[:p.Features()], 4, outputs(got, 4)))
		}
	})
}
