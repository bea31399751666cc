package train

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/tune"
	"github.com/eiderdb/eider/sql/types"
)

// TestSameBytes: the artifact and the record don't depend on the table's order, nor on the number of threads.
func TestSameBytes(t *testing.T) {
	cluster := spec("")
	cluster.Task = model.Clustering
	grouped := spec("churned")
	grouped.PartitionBy = &Name{"plan", -1}
	weighted := spec("churned")
	weighted.Weight = &Expr{"visits", -1}
	weighted.ClassWeights = &ClassWeights{Balanced: true, Pos: -1}
	calibrated := spec("churned")
	calibrated.Calibrate = &Name{"isotonic", -1}
	tuned := spec("churned")
	tuned.Candidates = using("spy", "logistic")
	tuned.Tune = &Tune{Params: []tune.Dimension{{Name: "rate", Low: 0.001, High: 1, Log: true, Pos: -1}}, Trials: 12, Pos: -1, StrategyPos: -1}
	for name, c := range map[string]struct {
		sp   *Spec
		data func() *table
	}{
		"logistic": {spec("churned"), func() *table { return customers(3000, 7) }}, "ridge": {spec("price"), func() *table { return houses(3000, 7) }},
		"kmeans": {cluster, func() *table { return houses(3000, 7) }}, "groups": {grouped, func() *table { return customers(3000, 7) }},
		"weights": {weighted, func() *table { return customers(3000, 7) }}, "isotonic": {calibrated, func() *table { return customers(3000, 7) }},
		"tpe": {tuned, func() *table { return customers(1000, 7) }},
	} {
		t.Run(name, func(t *testing.T) {
			var first *Result
			for k, threads := range []int{1, 2, 4} {
				o := (&spy{}).options()
				o.Threads = threads
				data := c.data()
				if k > 0 {
					data.order = rand.New(rand.NewPCG(uint64(k), 0)).Perm(len(data.rows))
				}
				res, err := Run(context.Background(), data, c.sp, o)
				require.NoError(t, err)
				if first == nil {
					first = res
					continue
				}
				require.Equal(t, first.Artifact, res.Artifact)
				require.Equal(t, first.Hash, res.Hash)
				require.Equal(t, first.Metrics, res.Metrics)
				require.Equal(t, first.Curves, res.Curves)
				require.Equal(t, first.Fingerprint, res.Fingerprint)
				require.Equal(t, first.Hashes, res.Hashes)
				require.Equal(t, first.Warnings, res.Warnings)
				a, err := json.Marshal(first.Transform)
				require.NoError(t, err)
				b, err := json.Marshal(res.Transform)
				require.NoError(t, err)
				require.Equal(t, string(a), string(b))
			}
			other := *c.sp
			other.Seed = 1
			res, err := Run(context.Background(), c.data(), &other, (&spy{}).options())
			require.NoError(t, err)
			require.NotEqual(t, first.Hash, res.Hash, "another seed is another split")
			require.Equal(t, first.Fingerprint, res.Fingerprint)
		})
	}
}

// TestFewKinds: rows that agree in everything are parted like others, so that each kind is on both sides.
func TestFewKinds(t *testing.T) {
	data := newTable(column("a", types.Varchar), column("b", types.Boolean), column("y", types.Boolean))
	for i := range 400 {
		data.add([]string{"x", "z"}[i%2], i/2%2 == 0, i/4%4 == 0)
	}
	sp := spec("y")
	sp.Candidates = using("logistic")
	r := &run{session: data, spec: sp, o: options(), notes: map[string]any{}, progress: &progress{report: data.Progress}}
	require.NoError(t, r.prepare(context.Background()))
	kinds := func(p *part) map[uint64]int {
		out := map[uint64]int{}
		for _, h := range p.frame.Hash {
			out[h]++
		}
		return out
	}
	require.Len(t, kinds(r.train), 8)
	require.Len(t, kinds(r.test.sealed), 8)
}

func TestSpecJSON(t *testing.T) {
	sp := everything(ByTime)
	sp.Positive = &Literal{int64(9007199254740993), 4}
	sp.Candidates[0].Params = append(sp.Candidates[0].Params, Parameter{"rate", Literal{1.0, 3}, 2}, Parameter{"kind", Literal{"a", 3}, 2}, Parameter{"list", Literal{[]any{int64(1), 2.5, true, nil}, 3}, 2})
	sp.Options = []Option{{"refit", Literal{true, 9}, 8}}
	data, err := json.Marshal(sp)
	require.NoError(t, err)
	var back Spec
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, sp, &back)
	for v, want := range map[any]string{nil: "NULL", true: "true", int64(-3): "-3", 0.5: "0.5", "a'b": "a'b"} {
		require.Equal(t, want, Literal{Value: v}.Text())
	}
}
