package model

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// read parses a whole statement.
func read[S any](t *testing.T, src string, f func(p *parse.Parser) (S, error)) S {
	t.Helper()
	p := parse.New(src, lex.Split(src)[0])
	s, err := f(p)
	require.NoError(t, err, src)
	require.NoError(t, p.ExpectEof(), src)
	return s
}

func TestTrainClauses(t *testing.T) {
	src := `TRAIN MODEL IF NOT EXISTS Shop.Churn TASK classification TARGET churned
  USING xgboost (max_depth => 4, eta = 0.1, tree_method => hist), logistic
  TRANSFORM (age, amount / 2 AS half, * EXCLUDE (note, "Odd name"), scale_standard(greatest(a, 0)) OVER () AS s,
             target_encode(city, smoothing => 10) OVER (), coalesce(a, b => c) AS x)
  ID (customer, day) WEIGHT BY a * seed + id.weight SPLIT BY TIME day HOLDOUT 30 days GAP INTERVAL '1 week' SEED -7
  CROSS VALIDATE 5 FOLDS BY GROUP customer
  TUNE (max_depth => RANGE(2, 8), logistic.c => RANGE(1e-3, 10, LOG), tree_method => CHOICE('hist', exact)) STRATEGY tpe TRIALS 20 TIME LIMIT 10 minutes
  OPTIMIZE auc CALIBRATE platt POSITIVE 'yes' PARTITION BY country DEPLOY IF BETTER BY 0.01 WITH (refit = true)
  AS WITH x AS (SELECT 1) SELECT * FROM x`
	m := read(t, src, parseTrain)
	require.Equal(t, src, m.text.Text)
	require.True(t, m.ifNotExists)
	require.Equal(t, `"Shop"."Churn"`, m.name.SQL())
	require.Equal(t, "classification", m.task.text)
	require.Equal(t, "churned", m.target.Text)
	require.Len(t, m.candidates, 2)
	require.Equal(t, "xgboost", m.candidates[0].name.text)
	eta, err := m.candidates[0].params.Float("eta", 0)
	require.NoError(t, err)
	require.Equal(t, 0.1, eta)
	require.Equal(t, "logistic", m.candidates[1].name.text)

	require.Len(t, m.items, 6)
	require.Equal(t, "age", m.items[0].SQL)
	require.Equal(t, "amount / 2", m.items[1].SQL)
	require.Equal(t, "half", m.items[1].Name)
	require.Equal(t, "amount / 2", src[m.items[1].Pos:][:len("amount / 2")])
	require.True(t, m.items[2].Star)
	require.Equal(t, []string{"note", "Odd name"}, m.items[2].Exclude)
	require.Equal(t, "scale_standard", m.items[3].Func)
	require.Equal(t, "greatest(a, 0)", m.items[3].Args[0].SQL)
	require.Equal(t, "s", m.items[3].Name)
	require.Empty(t, m.items[4].Name)
	require.Equal(t, int64(10), m.items[4].Params[0].Value)
	require.Empty(t, m.items[5].Func)
	require.Equal(t, "coalesce(a, b => c)", m.items[5].SQL)

	require.Equal(t, "customer", m.id[0].Text)
	require.Equal(t, "a * seed + id.weight", m.weight.Text)
	require.Equal(t, src[m.weight.Start:m.weight.End], m.weight.Text)
	require.Equal(t, split{kind: "time", column: m.split.column, holdout: &types.IntervalValue{Days: 30}, gap: &types.IntervalValue{Days: 7}, span: m.split.span}, *m.split)
	require.Equal(t, int64(-7), *m.seed)
	require.Equal(t, 5, m.folds.k)
	require.Equal(t, "group", m.folds.kind)
	require.Equal(t, "customer", m.folds.column.Text)
	require.Equal(t, []tuned{
		{name: m.tune.params[0].name, isRange: true, low: int64(2), high: int64(8)},
		{algorithm: "logistic", name: m.tune.params[1].name, isRange: true, low: 1e-3, high: int64(10), log: true},
		{name: m.tune.params[2].name, choices: []any{"hist", "exact"}},
	}, m.tune.params)
	require.Equal(t, "tpe", m.tune.strategy.text)
	require.Equal(t, 20, m.tune.trials)
	require.Equal(t, types.IntervalValue{Micros: 600e6}, *m.tune.timeLimit)
	require.Equal(t, "auc", m.optimize.text)
	require.Equal(t, "platt", m.calibrate.text)
	require.Equal(t, "yes", m.positive.value)
	require.Equal(t, "country", m.partition.Text)
	require.Equal(t, deployRule{"better", 0.01, m.deploy.span}, *m.deploy)
	refit, err := m.options.Bool("refit", false)
	require.NoError(t, err)
	require.True(t, refit)
	require.Equal(t, "WITH x AS (SELECT 1) SELECT * FROM x", m.query.Text)
	require.Equal(t, src[m.query.Start:], m.query.Text)
}

func TestTrainForms(t *testing.T) {
	train := func(clauses string) *trainModel {
		t.Helper()
		return read(t, "train model m "+clauses+" as from t", parseTrain)
	}
	require.Equal(t, "from t", train("").query.Text)
	for clauses, want := range map[string]split{
		"split random 0.3":                        {kind: "random", fraction: 0.3},
		"split random 30 %":                       {kind: "random", fraction: 0.3},
		"split stratified":                        {kind: "stratified", fraction: 0.2},
		"split none":                              {kind: "none"},
		"split by time ts":                        {kind: "time", fraction: 0.2},
		"split by time ts holdout 0.25":           {kind: "time", fraction: 0.25},
		"split by time ts holdout 25%":            {kind: "time", fraction: 0.25},
		"split by time ts holdout '1 day'":        {kind: "time", holdout: &types.IntervalValue{Days: 1}},
		"split by time ts gap 0 days":             {kind: "time", fraction: 0.2, gap: &types.IntervalValue{}},
		"split by time ts holdout .1 gap 1 hours": {kind: "time", fraction: 0.1, gap: &types.IntervalValue{Micros: 3600e6}},
		"split by group g 0.5":                    {kind: "group", fraction: 0.5},
		"split by column c":                       {kind: "column"},
	} {
		got := *train(clauses).split
		require.Equal(t, want.column == nil && (got.kind == "random" || got.kind == "stratified" || got.kind == "none"), got.column == nil, clauses)
		got.column, got.span = nil, parse.Span{}
		require.Equal(t, want, got, clauses)
	}
	require.Equal(t, 0.1, train("split by time ts holdout 0.1 seed 4").split.fraction, "SEED is no unit")
	for clauses, want := range map[string]string{
		"weight by weight": "weight", "weight by weight weight_kg seed 1": "weight weight_kg", "weight by a + seed seed 1": "a + seed", "weight by (target) target x": "(target)",
		"weight by case when seed then seed end target x": "case when seed then seed end", "weight by t.target target x": "t.target", "weight by a is not null seed 1": "a is not null",
		"weight by a like task task regression": "a like task", "weight by 1.5 using linear": "1.5", `weight by "seed" seed 1`: `"seed"`,
	} {
		require.Equal(t, want, train(clauses).weight.Text, clauses)
	}
	require.True(t, train("class weights balanced").classes.balanced)
	w := train("class weights ('yes' => 2, true => 0.5, 3 = 1)").classes.weights
	require.Equal(t, []any{"yes", true, int64(3)}, []any{w[0].class.value, w[1].class.value, w[2].class.value})
	require.Equal(t, "true", w[1].class.text)
	require.Equal(t, "never", train("deploy never").deploy.when)
	require.Equal(t, "always", train("deploy always").deploy.when)
	require.Equal(t, "time", train("cross validate 3 folds by time ts gap 1 day").folds.kind)
	require.Equal(t, "stratified", train("cross validate 3 folds stratified").folds.kind)
	require.Equal(t, "sklearn.svc", train("using sklearn.SVC").candidates[0].name.text)
	require.Equal(t, "select 1", read(t, `train model "select" target "from" as select 1`, parseTrain).query.Text)
	require.Equal(t, "target", train("target target using using_x").target.Text)
}

// fails parses a statement of any kind and returns its error.
func failure(src string, f func(p *parse.Parser) error) *sqlstate.Error {
	p := parse.New(src, lex.Split(src)[0])
	err := f(p)
	if err == nil {
		err = p.ExpectEof()
	}
	return sqlstate.From(err)
}

func TestTrainErrors(t *testing.T) {
	for _, c := range []struct {
		src     string
		code    sqlstate.Code
		at      string // where the position points
		message string
		hint    string
	}{
		{"train model", "42601", "", "end of input", "Expected IF NOT EXISTS or a model name."},
		{"train model 5", "42601", "5", `near "5"`, "a model name"},
		{"train model m@2 as from t", "42601", "@2", "", "name the model only"},
		{"train model m", "42601", "", "end of input", "a clause of TRAIN MODEL"},
		{"train model m targt x as from t", "42601", "targt", "", "Did you mean TARGET?"},
		{"train model m target x usin linear as from t", "42601", "usin", "", "Did you mean USING?"},
		{"train model m target x target y as from t", "42601", "target y", "TARGET is given twice", ""},
		{"train model m weight by a class weights balanced as from t", "42601", "class", "given twice", ""},
		{"train model m as", "42601", "", "end of input", "a query"},
		{"train model m as insert into t values (1)", "42601", "insert", "", "a query"},
		{"train model m as select 1)", "42601", ")", `near ")"`, ""},
		{"train model m as select 'x", "42601", "'x", "unterminated quoted string", ""},
		{"train model m target as from t", "42601", "as", "", "a column of the query"},
		{"train model m task ranking as from t", "42601", "ranking", "", "Expected CLASSIFICATION, REGRESSION"},
		{"train model m task clasification as from t", "42601", "clasification", "", "Did you mean CLASSIFICATION?"},
		{"train model m task anomaly as from t", "0A000", "anomaly", "not supported yet", ""},
		{"train model m using as from t", "42601", "as", "", "an algorithm"},
		{"train model m using linear, linear as from t", "42601", "linear as", "named twice", ""},
		{"train model m using linear (a => ) as from t", "42601", ") as", "", ""},
		{"train model m transform () as from t", "42601", ") as", "", ""},
		{"train model m transform (impute(a) over (partition by b) as x) as from t", "42P20", "partition", "OVER () with nothing in it", "all training rows"},
		{"train model m transform (impute(a)) as from t", "42601", ") as", "needs OVER ()", "as an item of its own"},
		{"train model m id a as from t", "42601", "a as", "", "Expected (."},
		{"train model m weight by as from t", "42601", "as from", "", "an expression"},
		{"train model m weight by (a as from t", "42601", "", "end of input", ")"},
		{"train model m class weights (yes => 1) as from t", "42601", "yes", "", "a class such as"},
		{"train model m class weights ('a' => 0) as from t", "22023", "0)", "must be positive", ""},
		{"train model m class weights ('a' => 1, 'a' => 2) as from t", "42601", "'a' => 2", "two weights", ""},
		{"train model m class weights (null => 1) as from t", "22023", "null", "is no class", ""},
		{"train model m split as from t", "42601", "as", "", "Expected RANDOM, STRATIFIED, BY or NONE."},
		{"train model m split by time as from t", "42601", "as", "", "a column of the query"},
		{"train model m split random 1.5 as from t", "22023", "1.5", "between 0 and 1", ""},
		{"train model m split random 0 as from t", "22023", "0 as", "between 0 and 1", ""},
		{"train model m split by time ts holdout as from t", "42601", "as", "", "an interval"},
		{"train model m split by time ts holdout '-1 day' as from t", "22023", "'-1 day'", "positive interval", ""},
		{"train model m split by time ts holdout 5 parsecs as from t", "42601", "parsecs", "", "a unit"},
		{"train model m split by time ts holdout 'x' as from t", "22007", "'x'", "", ""},
		{"train model m seed 1.5 as from t", "42601", "1.5", "whole number", ""},
		{"train model m seed 99999999999999999999 as from t", "22003", "9999", "", ""},
		{"train model m cross validate 1 folds as from t", "22023", "1 folds", "between 2 and", ""},
		{"train model m cross validate 5 as from t", "42601", "as", "", "Expected FOLDS."},
		{"train model m tune (a => range(2, 1)) as from t", "22023", "1)", "is empty", ""},
		{"train model m tune (a => range(0, 1, log)) as from t", "22023", "0,", "above 0", ""},
		{"train model m tune (a => rang(0, 1)) as from t", "42601", "rang", "", "Did you mean RANGE?"},
		{"train model m tune (a => choice(1), a => choice(2)) as from t", "42601", "a => choice(2)", "tuned twice", ""},
		{"train model m tune (a => choice(1)) strategy bayes as from t", "42601", "bayes", "", "Expected GRID, RANDOM or TPE."},
		{"train model m tune (a => choice(1)) trials 0 as from t", "22023", "0 as", "between 1", ""},
		{"train model m trials 4 as from t", "42601", "trials", "", ""},
		{"train model m calibrate sigmoid as from t", "42601", "sigmoid", "", "Expected PLATT or ISOTONIC."},
		{"train model m deploy if worse as from t", "42601", "worse", "", "Expected BETTER."},
		{"train model m deploy if better by -1 as from t", "22023", "-1", "not be negative", ""},
		{"train model m track mlflow 'http://x' experiment 'e' as from t", "0A000", "mlflow", "TRACK MLFLOW is not supported", "eider.runs"},
		{"train model m track wandb 'x' as from t", "42601", "wandb", "", "Expected MLFLOW."},
		{"train model m with (a = 1, a = 2) as from t", "42601", "a = 2", "given twice", ""},
	} {
		e := failure(c.src, func(p *parse.Parser) error { _, err := parseTrain(p); return err })
		require.NotNil(t, e, c.src)
		require.Equal(t, c.code, e.Code, "%s: %s", c.src, e)
		require.Contains(t, e.Message, c.message, c.src)
		require.Contains(t, e.Hint, c.hint, c.src)
		require.NotZero(t, e.Position, c.src)
		require.GreaterOrEqual(t, len(c.src), e.Position-1, c.src)
		if c.at == "" {
			require.Equal(t, len(c.src), e.Position-1, c.src)
		} else {
			require.True(t, len(c.src[e.Position-1:]) >= len(c.at) && c.src[e.Position-1:][:len(c.at)] == c.at, "%s: points at %q", c.src, c.src[e.Position-1:])
		}
		if c.code == "42601" && c.message == "" {
			require.NotEmpty(t, e.Hint+e.Detail, "%s: nothing is said to be expected", c.src)
		}
	}
}

func TestOtherStatements(t *testing.T) {
	e := read(t, "EVALUATE MODEL s.m@prod METRICS (AUC, f1) BY country BASELINE ON TABLE x.y", parseEvaluate)
	require.Equal(t, "prod", e.model.Alias)
	require.Equal(t, []string{"auc", "f1"}, []string{e.metrics[0].text, e.metrics[1].text})
	require.Equal(t, "country", e.by.Text)
	require.True(t, e.baseline)
	require.Equal(t, `"x"."y"`, e.on.SQL())
	require.True(t, read(t, "evaluate model m on (select 1)", parseEvaluate).on.IsQuery())

	x := read(t, "explain model m@3 using shap on (from t)", parseExplain)
	require.Equal(t, "shap", x.method.text)
	require.Equal(t, "(from t)", x.on.SQL())
	require.Equal(t, 5, read(t, "explain predict(model m, table t) top 5", parseExplainPredict).top)
	require.Equal(t, int64(2), read(t, "explain predict (model m@2, (select 1))", parseExplainPredict).model.Version)

	d := read(t, "deploy model m@5 to Prod", parseDeploy)
	require.Equal(t, int64(5), d.model.Version)
	require.Equal(t, "prod", d.alias.text)
	require.Equal(t, "staging", read(t, "deploy model m@staging to prod", parseDeploy).model.Alias)
	r := read(t, "rollback model m alias prod to version 3", parseRollback)
	require.Equal(t, "prod", r.alias.text)
	require.Equal(t, int64(3), r.to)
	require.Equal(t, "prod", read(t, "rollback model m@prod", parseRollback).alias.text)

	require.Equal(t, `"a"."b"`, read(t, "alter model m rename to a.b", parseAlter).rename.SQL())
	a := read(t, "alter model if exists m set alias prod = @4", parseAlter)
	require.Equal(t, "prod", a.setAlias.text)
	require.Equal(t, int64(4), a.version)
	require.Equal(t, "prod", read(t, "alter model m drop alias prod", parseAlter).dropAlias.text)
	require.Len(t, read(t, "alter model m set (comment = 'x', pinned)", parseAlter).options, 2)

	dr := read(t, "drop model if exists m, n@2 cascade", parseDrop)
	require.True(t, dr.cascade && dr.ifExists)
	require.Equal(t, int64(2), dr.models[1].Version)
	require.False(t, read(t, "drop model m restrict", parseDrop).cascade)

	require.Nil(t, read(t, "show models", parseShow).like)
	require.Equal(t, "c%", *read(t, "show models like 'c%'", parseShow).like)
	for src, words := range map[string][]string{
		"describe model m": {"describe", "model"}, "desc model m": {"describe", "model"}, "show create model m@2": {"show", "create", "model"},
	} {
		require.Equal(t, "m", read(t, src, parseDescribe(words...)).model.Name.Last())
	}
	rt := read(t, "retrain model m seed 4 deploy never", parseRetrain)
	require.Equal(t, int64(4), *rt.seed)
	require.Equal(t, "never", rt.deploy.when)
	require.Equal(t, "retrain model m seed 4 deploy never", rt.text.Text)

	ex := read(t, "export model m@3 to '/x/m.json' (format xgboost, verify 100 rows tolerance 1e-9)", parseExport)
	require.Equal(t, "/x/m.json", ex.path.text)
	require.Equal(t, "xgboost", ex.format.text)
	require.Equal(t, 100, ex.verify)
	require.Equal(t, 1e-9, ex.tolerance)
	require.Equal(t, "sql", read(t, "export model m to 'm.sql' (format = 'SQL')", parseExport).format.text)
	im := read(t, "import model s.m from 'm.json' (format lightgbm, task classification, target churned, classes ('no', 'yes'), positive 'yes') deploy never", parseImport)
	require.Equal(t, []string{"no", "yes"}, im.classes)
	require.Equal(t, "never", im.deploy.when)
	require.Equal(t, "yes", im.positive.text)
}

// parsers are the family's, for errors and for fuzzing.
var parsers = map[string]func(p *parse.Parser) error{
	"train":       func(p *parse.Parser) error { _, err := parseTrain(p); return err },
	"retrain":     func(p *parse.Parser) error { _, err := parseRetrain(p); return err },
	"evaluate":    func(p *parse.Parser) error { _, err := parseEvaluate(p); return err },
	"explain":     func(p *parse.Parser) error { _, err := parseExplain(p); return err },
	"explainpred": func(p *parse.Parser) error { _, err := parseExplainPredict(p); return err },
	"deploy":      func(p *parse.Parser) error { _, err := parseDeploy(p); return err },
	"rollback":    func(p *parse.Parser) error { _, err := parseRollback(p); return err },
	"alter":       func(p *parse.Parser) error { _, err := parseAlter(p); return err },
	"drop":        func(p *parse.Parser) error { _, err := parseDrop(p); return err },
	"show":        func(p *parse.Parser) error { _, err := parseShow(p); return err },
	"describe":    func(p *parse.Parser) error { _, err := parseDescribe("describe", "model")(p); return err },
	"export":      func(p *parse.Parser) error { _, err := parseExport(p); return err },
	"import":      func(p *parse.Parser) error { _, err := parseImport(p); return err },
}

func TestOtherErrors(t *testing.T) {
	for _, c := range []struct{ parser, src, code, at, hint string }{
		{"evaluate", "evaluate model m", "42601", "", "Expected"},
		{"evaluate", "evaluate model m metric (auc) on t", "42601", "metric", "Did you mean METRICS?"},
		{"evaluate", "evaluate model m metrics (auc, AUC) on t", "42601", "AUC", ""},
		{"evaluate", "evaluate model m on (insert into t values (1))", "42601", "(insert", "a query in parentheses"},
		{"explain", "explain model m using gian", "42601", "gian", "Did you mean GAIN?"},
		{"explainpred", "explain predict(model m)", "42601", ")", "Expected"},
		{"explainpred", "explain predict(model m, t) top 0", "22023", "0", ""},
		{"deploy", "deploy model m", "42601", "", "DEPLOY MODEL m@1"},
		{"deploy", "deploy model m@0", "42601", "0", "from 1"},
		{"deploy", `deploy model m@1 to "1a"`, "42602", `"1a"`, "letters, digits"},
		{"deploy", "deploy model m@1 canary 10", "0A000", "canary", "alias of its own"},
		{"deploy", "deploy model m@1 to x shadow", "0A000", "shadow", "alias of its own"},
		{"deploy", "deploy model m@1 shaddow", "42601", "shaddow", "Did you mean SHADOW?"},
		{"rollback", "rollback model m@3", "42601", "m@3", "ROLLBACK MODEL m TO 3"},
		{"rollback", "rollback model m to prod", "42601", "prod", "version"},
		{"rollback", "rollback model m to 0", "22023", "0", ""},
		{"alter", "alter model m", "42601", "", "Expected RENAME TO"},
		{"alter", "alter model m set alias p 4", "42601", "4", "Expected = or TO."},
		{"alter", "alter model m@2 rename to x", "42601", "@2", "name the model only"},
		{"drop", "drop model m@prod", "42601", "m@prod", "DROP ALIAS"},
		{"drop", "drop model m cascde", "42601", "cascde", "Did you mean CASCADE?"},
		{"show", "show models like c", "42601", "c", "a pattern in quotes"},
		{"export", "export model m to 'x'", "42601", "", "Expected (."},
		{"export", "export model m to 'x' (verify 10 rows)", "42601", "'x'", "Formats are xgboost"},
		{"export", "export model m to 'x' (format onnx)", "0A000", "onnx", "Formats are xgboost"},
		{"export", "export model m to 'x' (format bundel)", "22023", "bundel", "Did you mean bundle?"},
		{"export", "export model m to 's3://b/x' (format sql)", "0A000", "'s3:", "local file"},
		{"export", "export model m to '' (format sql)", "22023", "''", ""},
		{"export", "export model m to 'x' (format sql, verify 0 rows)", "22023", "0", ""},
		{"export", "export model m to 'x' (format sql, verify 3 rows tolerance -1)", "22023", "-1", ""},
		{"import", "import model m from 'x' (format sql)", "22023", "sql", "Known are bundle"},
		{"import", "import model m from 'x' (format mlflow)", "0A000", "mlflow", ""},
		{"import", "import model m@2 from 'x' (format bundle)", "42601", "@2", ""},
		{"import", "import model m from 'x' (task classification)", "42601", "'x'", "Formats are"},
		{"import", "import model m from 'x' (format xgboost, classes ('a', 'a'))", "42601", "'a'))", ""},
		{"retrain", "retrain model m deploy", "42601", "", "Expected NEVER"},
	} {
		e := failure(c.src, parsers[c.parser])
		require.NotNil(t, e, c.src)
		require.Equal(t, sqlstate.Code(c.code), e.Code, "%s: %s", c.src, e)
		require.Contains(t, e.Hint, c.hint, c.src)
		require.NotZero(t, e.Position, c.src)
		rest := c.src[e.Position-1:]
		if c.at == "" {
			require.Empty(t, rest, c.src)
		} else {
			require.True(t, len(rest) >= len(c.at) && rest[:len(c.at)] == c.at, "%s: points at %q", c.src, rest)
		}
	}
}

// No text makes a parser panic, and no error is without a code.
func FuzzParse(f *testing.F) {
	for _, src := range []string{
		"train model m target x using a (b => 1), c transform (*, f(x) over () as y) split by time t holdout 1 day gap '2 h' as select 1",
		"train model m weight by case when a then b end seed 1 tune (a => range(1, 2, log)) trials 3 as (select (1))",
		"evaluate model m@p metrics (auc) by c baseline on (from t)", "explain predict(model m, table t) top 3", "deploy model m@1 to x", "rollback model m to 2",
		"alter model m set (a = [1, {'b': 2}])", "drop model a, b@2 cascade", "export model m to 'x' (format sql, verify 1 row tolerance 1e-3)",
		"import model m from 'x' (format bundle, classes (1, 'b'))", "retrain model m seed 3", "show models like 'x'", "train model \"", "train model m transform (f(", "train model m id (",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		for _, st := range lex.Split(src) {
			for name, parser := range parsers {
				p := parse.New(src, st)
				err := parser(p)
				if err == nil {
					continue
				}
				e := sqlstate.From(err)
				require.NotEqual(t, sqlstate.InternalError, e.Code, name)
				require.True(t, e.Position >= 0 && e.Position <= len(src)+1, name)
			}
		}
	})
}
