package predict

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/functions/model/linear"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/testdata/race"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// line is a model y = slope·x.
func line(t testing.TB, slope float64) []byte {
	t.Helper()
	alg := linear.All()[0]
	params, err := alg.Resolve(model.Regression, nil)
	require.NoError(t, err)
	x, y := make([]float64, 64), make([]float64, 64)
	for i := range x {
		x[i], y[i] = float64(i), slope*float64(i)
	}
	f, err := alg.Train(context.Background(), &model.Job{Task: model.Regression, Params: params, Threads: 1,
		Train: model.Input{X: model.Matrix{Rows: 64, Cols: [][]float64{x}}, Names: []string{"x"}, Y: y}})
	require.NoError(t, err)
	data, err := (&artifact.Artifact{Task: model.Regression, Algorithm: alg.Name, Features: []string{"x"}, Blobs: [][]byte{f.Blob}}).Encode()
	require.NoError(t, err)
	return data
}

// shelf is a Loader over a map that counts and may fail.
type shelf struct {
	data  map[string][]byte
	loads atomic.Int32
	hold  chan struct{}
	err   error
}

func (s *shelf) Artifact(ctx context.Context, hash string) ([]byte, error) {
	s.loads.Add(1)
	if s.hold != nil {
		<-s.hold
	}
	return s.data[hash], s.err
}

func TestCacheLoadsOnce(t *testing.T) {
	data := line(t, 2)
	hash := artifact.Hash(data)
	l := &shelf{data: map[string][]byte{hash: data}, hold: make(chan struct{})}
	c := NewCache(l, linear.All())
	var handles [8]*Handle
	var waiting sync.WaitGroup
	for i := range handles {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			h, err := c.Acquire(context.Background(), hash)
			if err == nil {
				handles[i] = h
			}
		}()
	}
	close(l.hold)
	waiting.Wait()
	require.Equal(t, int32(1), l.loads.Load())
	for _, h := range handles {
		require.Same(t, handles[0].Scorer, h.Scorer)
		h.Release()
		h.Release()
	}
	require.True(t, c.Has(hash), "what is idle stays for a while")
	require.Equal(t, len(data), c.idleBytes)
	h, err := c.Acquire(context.Background(), hash)
	require.NoError(t, err)
	require.Zero(t, c.idleBytes)
	h.Release()
	require.Equal(t, int32(1), l.loads.Load())

	// Beyond the bound the one that was used longest ago goes.
	c.mu.Lock()
	c.models[hash].bytes, c.idleBytes = maxIdleBytes, maxIdleBytes
	c.mu.Unlock()
	other := line(t, 3)
	l.data[artifact.Hash(other)] = other
	h, err = c.Acquire(context.Background(), artifact.Hash(other))
	require.NoError(t, err)
	h.Release()
	require.False(t, c.Has(hash))
	require.True(t, c.Has(artifact.Hash(other)))
}

func TestCacheFailures(t *testing.T) {
	data := line(t, 2)
	hash := artifact.Hash(data)
	l := &shelf{data: map[string][]byte{"torn": data}}
	c := NewCache(l, linear.All())
	for want, code := range map[string]sqlstate.Code{"nope": sqlstate.UndefinedObject, "torn": sqlstate.DataCorrupted} {
		_, err := c.Acquire(context.Background(), want)
		require.Equal(t, code, sqlstate.CodeOf(err))
		require.False(t, c.Has(want), "a failure isn't kept")
	}
	l.err = errors.New("no disk")
	_, err := c.Acquire(context.Background(), hash)
	require.ErrorIs(t, err, l.err)
	l.err, l.data = nil, map[string][]byte{hash: data}
	h, err := c.Acquire(context.Background(), hash)
	require.NoError(t, err)
	h.Release()
	_, err = NewCache(l, nil).Acquire(context.Background(), hash)
	require.Equal(t, sqlstate.FeatureNotSupported, sqlstate.CodeOf(err), "an algorithm that this program lacks")

	// A transaction's own model is nobody else's until it is published.
	own := NewCache(&shelf{}, linear.All())
	o := own.Own(hash, data)
	o.Publish()
	require.False(t, own.Has(hash), "it was never opened")
	_, err = o.Acquire()
	require.NoError(t, err)
	require.False(t, own.Has(hash))
	o.Publish()
	require.True(t, own.Has(hash))
}

// vector is a DOUBLE vector over Go's memory; NaN stands for NULL where null is set.
func vector(values []float64, null bool) types.Vector {
	v := types.Vector{Type: types.Of(types.Double), Len: len(values), Data: unsafe.Pointer(&values[0])}
	if null {
		v.Validity = make([]uint64, (len(values)+63)/64)
		for i, x := range values {
			if x == x {
				v.Validity[i>>6] |= 1 << (uint(i) & 63)
			} else {
				values[i] = 42 // NULL's bytes mean nothing
			}
		}
	}
	return v
}

func TestReadTurnsNullsIntoNaN(t *testing.T) {
	for _, n := range []int{1, 63, 64, 65, 130, 2048} {
		plain, holes := make([]float64, n), make([]float64, n)
		want := make([]float64, n)
		for i := range holes {
			plain[i], holes[i] = float64(i), float64(-i)
			if i%5 == n%5 {
				holes[i] = math.NaN()
			}
			want[i] = holes[i]
		}
		in := &types.Chunk{Len: n, Columns: []types.Vector{{}, vector(plain, false), vector(holes, true)}}
		c := &call{skip: 1}
		s := &scratch{x: make([][]float64, 2), null: make([][]float64, 2)}
		s.read(c, in)
		require.Same(t, &plain[0], &s.x[0][0], "nothing is copied where nothing is NULL")
		for i, w := range want {
			if w == w {
				require.Equal(t, w, s.x[1][i])
			} else {
				require.True(t, math.IsNaN(s.x[1][i]))
				require.Equal(t, 42.0, holes[i], "the vector is not written")
			}
		}
		// A mask in which every row is valid is no reason to copy.
		full := vector(plain, true)
		s.read(c, &types.Chunk{Len: n, Columns: []types.Vector{{}, full, full}})
		require.Same(t, &plain[0], &s.x[1][0])
	}
}

func TestFieldTakes(t *testing.T) {
	for _, c := range []struct {
		trained string
		given   types.ID
		want    bool
	}{
		{"INTEGER", types.Double, true}, {"DECIMAL(9,2)", types.BigInt, true}, {"DOUBLE", types.Decimal, true}, {"DOUBLE", types.SQLNull, true},
		{"DOUBLE", types.Varchar, false}, {"DOUBLE", types.Boolean, false}, {"BOOLEAN", types.Boolean, true}, {"BOOLEAN", types.Integer, false},
		{"VARCHAR", types.Enum, true}, {"ENUM('a', 'b')", types.Varchar, true}, {"VARCHAR", types.Integer, false},
		{"DATE", types.TimestampTZ, true}, {"TIMESTAMP", types.Varchar, false}, {"TIME", types.Timestamp, false}, {"mood", types.Enum, true},
	} {
		require.Equal(t, c.want, Field{Name: "x", Type: c.trained}.Takes(types.Of(c.given)), "%s takes %s", c.trained, c.given)
	}
	require.Equal(t, "VARCHAR", CastType("ENUM('a', 'b')"))
	require.Equal(t, "DECIMAL(9,2)", CastType("DECIMAL(9,2)"))
}

func TestMacros(t *testing.T) {
	v := Version{Key: "s.churn", Number: 3, Task: model.Classification, Output: "VARCHAR", Outputs: 1, Hash: "ab",
		Classes:   []Class{{"it's", "'it''s'"}, {"yes", "'yes'"}},
		Signature: []Field{{"a b", "INTEGER"}}, Features: []string{`CAST("a b" AS DOUBLE)`}}
	macros := Macros(v, VersionName(v.Key, 3), AliasName(v.Key, "default"), AliasName(v.Key, "Prod"))
	byName := map[string]string{}
	for _, m := range macros {
		byName[m.Name] = m.SQL
		require.Equal(t, "s.churn", KeyOf(m.Name))
	}
	require.Len(t, byName, 27)
	absent := `eider_absent('s.churn@3', '[{"name":"a b","type":"INTEGER"}]', "a b")`
	require.Equal(t, `CREATE OR REPLACE MACRO eider_models."s.churn@prod"("a b") AS (CASE WHEN `+absent+
		` THEN NULL WHEN eider_class('ab', CAST("a b" AS DOUBLE)) = 1 THEN CAST('yes' AS VARCHAR) ELSE CAST('it''s' AS VARCHAR) END)`, byName["s.churn@prod"])
	require.Equal(t, `CREATE OR REPLACE MACRO eider_models."s.churn:proba"("a b") AS (CASE WHEN `+absent+
		` THEN NULL ELSE eider_proba_map('ab', ['it''s', 'yes'], CAST("a b" AS DOUBLE)) END)`, byName["s.churn:proba"])
	require.Equal(t, `CREATE OR REPLACE MACRO eider_models."s.churn:chance"("eider:label", "a b") AS (CASE WHEN `+absent+
		` THEN NULL ELSE eider_chance('ab', ['it''s', 'yes'], "eider:label", CAST("a b" AS DOUBLE)) END)`, byName["s.churn:chance"])
	require.Equal(t, `CREATE OR REPLACE MACRO eider_models."s.churn@3:version"() AS (3)`, byName["s.churn@3:version"])
	require.Equal(t, `CREATE OR REPLACE MACRO eider_models."s.churn:scores"("a b") AS (CASE WHEN `+absent+` THEN NULL ELSE eider_proba('ab', CAST("a b" AS DOUBLE)) END)`, byName["s.churn:scores"])
	require.Equal(t, `CREATE OR REPLACE MACRO eider_models."s.churn:chosen"("eider:scores") AS (CASE WHEN "eider:scores" IS NULL THEN NULL WHEN eider_chosen('ab', "eider:scores") = 1 THEN CAST('yes' AS VARCHAR) ELSE CAST('it''s' AS VARCHAR) END)`, byName["s.churn:chosen"])
	require.Equal(t, `CREATE OR REPLACE MACRO eider_models."s.churn:named"("eider:scores") AS (eider_named(['it''s', 'yes'], "eider:scores"))`, byName["s.churn:named"])
	require.Len(t, DropMacros("s.churn@3"), 9)

	v.Task, v.Classes = model.Regression, nil
	for _, m := range Macros(v) {
		require.NotContains(t, m.Name, Proba, "a regression has no probabilities")
		if m.Name == "s.churn@3" {
			require.Contains(t, m.SQL, "THEN NULL ELSE eider_score('ab', CAST(")
		}
	}
	v.Task, v.Outputs = model.Classification, 3
	v.Classes = []Class{{"1", "1"}, {"2", "2"}, {"3", "3"}}
	for _, m := range Macros(v) {
		switch m.Name {
		case "s.churn@3":
			require.Contains(t, m.SQL, "([CAST(1 AS VARCHAR), CAST(2 AS VARCHAR), CAST(3 AS VARCHAR)])[eider_class(")
		case "s.churn@3:raw":
			require.Contains(t, m.SQL, "eider_margin(")
		}
	}
}

// TestCallbacksAllocateNothing scores a vector again and again.
func TestCallbacksAllocateNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("under the race detector pools drop what they hold")
	}
	data := line(t, 2)
	c := NewCache(&shelf{data: map[string][]byte{artifact.Hash(data): data}}, linear.All())
	find := func(_ uint64, hash string) (*Handle, error) { return c.Acquire(context.Background(), hash) }
	for _, d := range Callbacks(find) {
		if d.Name != scoreFunction {
			continue
		}
		double := types.Of(types.Double)
		b, err := d.BindOn(0, []fn.Arg{{Type: types.Of(types.Varchar), Constant: true, Value: artifact.Hash(data)}, {Type: double}})
		require.NoError(t, err)
		x := make([]float64, types.VectorSize)
		x[7] = math.NaN()
		in := &types.Chunk{Len: len(x), Columns: []types.Vector{{}, vector(x, true)}}
		out := &column{vec: vector(make([]float64, len(x)), false)}
		require.Zero(t, testing.AllocsPerRun(50, func() {
			if err := b.Call(in, out); err != nil {
				t.Fatal(err)
			}
		}))
		b.Close()
		require.Equal(t, len(data), c.idleBytes, "the model is given back")
	}
}

// column is a writer of DOUBLE values.
type column struct {
	fn.Writer
	vec types.Vector
}

func (c *column) Vector() *types.Vector { return &c.vec }
