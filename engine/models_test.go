package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/builtin"
	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/functions/model/linear"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/stmt"
	modelstmt "github.com/eiderdb/eider/sql/stmt/model"
)

// putter is a statement that does what a test says, as the statements about models do: PUT name.
type putter map[string]func(ctx context.Context, s modelstmt.Session) error

func (p putter) kind() *stmt.Kind {
	return &stmt.Kind{
		Name: "PUT", Leads: [][]string{{"put"}}, Doc: stmt.Doc{Summary: "Puts.", Syntax: "PUT name", Examples: []stmt.Example{{SQL: "PUT x"}}},
		Parse: func(ps *parse.Parser) (stmt.Statement, error) {
			if err := ps.ExpectWord("put"); err != nil {
				return nil, err
			}
			n, err := ps.Name("a name")
			return put{p[n.Text]}, err
		},
	}
}

type put struct {
	f func(ctx context.Context, s modelstmt.Session) error
}

func (p put) Plan(context.Context, stmt.Session) (*stmt.Plan, error) {
	return &stmt.Plan{Exec: func(ctx context.Context, s stmt.Session) (*stmt.Result, error) {
		return nil, p.f(ctx, s.(modelstmt.Session))
	}}, nil
}

func (p putter) options() Options {
	set := builtin.All()
	set.Statements = append(set.Statements, p.kind())
	return Options{Builtins: set}
}

// fit trains a linear model on a few rows whose target is known exactly.
func fit(t testing.TB, algorithm string, task model.Task, features, classes int, target func(x []float64) float64) []byte {
	t.Helper()
	var alg *model.Algorithm
	for _, a := range linear.All() {
		if a.Name == algorithm {
			alg = a
		}
	}
	require.NotNil(t, alg)
	params, err := alg.Resolve(task, nil)
	require.NoError(t, err)
	const rows = 400
	in := model.Input{X: model.Matrix{Rows: rows, Cols: make([][]float64, features)}, Classes: classes, Y: make([]float64, rows)}
	names := make([]string, features)
	for k := range names {
		names[k] = fmt.Sprintf("f%d", k)
		in.X.Cols[k] = make([]float64, rows)
	}
	in.Names = names
	x := make([]float64, features)
	for i := range rows {
		for k := range x {
			x[k] = float64((i*(2*k+7)+k*k)%31) / 4
			in.X.Cols[k][i] = x[k]
		}
		in.Y[i] = target(x)
	}
	fitted, err := alg.Train(context.Background(), &model.Job{Task: task, Train: in, Params: params, Threads: 1})
	require.NoError(t, err)
	a := &artifact.Artifact{Task: task, Algorithm: algorithm, Features: names, Classes: classes, Threshold: 0.5, Blobs: [][]byte{fitted.Blob}}
	data, err := a.Encode()
	require.NoError(t, err)
	return data
}

// version is a model version for the tests' catalog.
func version(key string, n int, data []byte, v predict.Version) predict.Version {
	v.Key, v.Number, v.Hash = key, n, artifact.Hash(data)
	a, _ := artifact.Decode(data)
	v.Task, v.Outputs = a.Task, a.Outputs()
	if v.Output == "" {
		v.Output = "DOUBLE"
	}
	return v
}

// store puts a version and its artifact into the catalog, deployed under aliases.
func store(ctx context.Context, s modelstmt.Session, v predict.Version, data []byte, aliases ...string) error {
	signature, err := json.Marshal(v.Signature)
	if err != nil {
		return err
	}
	var classes any
	if len(v.Classes) > 0 {
		texts := []any{}
		for _, c := range v.Classes {
			texts = append(texts, c.Text)
		}
		classes = texts
	}
	run := func(sql string, args ...any) {
		if err == nil {
			_, err = s.Exec(ctx, sql, args...)
		}
	}
	run("INSERT OR IGNORE INTO eider.model_store VALUES ($1, $1, $2, now(), 1, '{}')", v.Key, string(v.Task))
	run("INSERT OR IGNORE INTO eider.artifact_store VALUES ($1, $2)", v.Hash, data)
	run(`INSERT INTO eider.model_version_store (model, version, run_id, algorithm, task, artifact, output_type, classes, signature, transform, features, feature_sql,
		spec, statement, seed, program, warnings, created_at, created_by) VALUES ($1, $2, 'r', 'linear', $3, $4, $5, $6, $7, '{}', [], [], '{}', '', 0, '', [], now(), '')`,
		v.Key, v.Number, string(v.Task), v.Hash, v.Output, classes, string(signature))
	names := []string{predict.VersionName(v.Key, v.Number)}
	for _, a := range aliases {
		names = append(names, predict.AliasName(v.Key, a))
		run(`INSERT INTO eider.deployment_store SELECT $1, $2, count(*) + 1, $3, 'test', now(), '', NULL FROM eider.deployment_store WHERE model = $1 AND alias = $2`, v.Key, a, v.Number)
	}
	s.Artifact(v.Hash, data) // CREATE MACRO binds the body, so it comes first
	for _, m := range predict.Macros(v, names...) {
		run(m.SQL)
	}
	return err
}

// price is a regression of two columns: 2·age + 3·size + 1.
func price(t testing.TB, n int) (predict.Version, []byte) {
	data := fit(t, "linear", model.Regression, 2, 0, func(x []float64) float64 { return 2*x[0] + 3*x[1] + float64(n) })
	return version("price", n, data, predict.Version{
		Signature: []predict.Field{{Name: "age", Type: "INTEGER"}, {Name: "size", Type: "DOUBLE"}},
		Features:  []string{`CAST("age" AS DOUBLE)`, `coalesce(CAST("size" AS DOUBLE), 1e0)`},
	}), data
}

// churn is a classification of a number and a text into 'no' and 'yes'.
func churn(t testing.TB, n int) (predict.Version, []byte) {
	data := fit(t, "logistic", model.Classification, 2, 2, func(x []float64) float64 {
		if x[0]+x[1] > 7 {
			return 1
		}
		return 0
	})
	return version("churn", n, data, predict.Version{
		Output: "VARCHAR", Classes: []predict.Class{{Text: "no", SQL: "'no'"}, {Text: "yes", SQL: "'yes'"}},
		Signature: []predict.Field{{Name: "age", Type: "INTEGER"}, {Name: "Plan Name", Type: "VARCHAR"}},
		Features:  []string{`coalesce(CAST("age" AS DOUBLE), 3e0)`, `CASE "Plan Name" WHEN 'pro' THEN 7.5e0 WHEN 'free' THEN 0e0 ELSE 1e0 END`},
		Unseen:    []predict.Unseen{{Column: "Plan Name", SQL: `"Plan Name" NOT IN ('pro', 'free')`}},
	}), data
}

// modelDB is a database with the statements PUT price, PUT churn.
func modelDB(t testing.TB) (*DB, putter) {
	p := putter{}
	put := func(name string, v predict.Version, data []byte, aliases ...string) {
		p[name] = func(ctx context.Context, s modelstmt.Session) error { return store(ctx, s, v, data, aliases...) }
	}
	pv, pd := price(t, 1)
	put("price", pv, pd, "default")
	pv, pd = price(t, 2)
	put("price2", pv, pd, "default", "prod")
	cv, cd := churn(t, 1)
	put("churn", cv, cd, "default")
	return openDB(t, p.options()), p
}
