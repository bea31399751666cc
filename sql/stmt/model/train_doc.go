package model

import (
	"fmt"
	"slices"
	"strings"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/metric"
	"github.com/eiderdb/eider/functions/model/train"
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/stmt"
)

func trainKind(algorithms map[string]*learn.Algorithm) *stmt.Kind {
	read := func(p *parse.Parser) (trainStatement, error) {
		t, err := parseTrain(p)
		return trainStatement{t, algorithms}, err
	}
	return &stmt.Kind{
		Name: "TRAIN MODEL", Leads: [][]string{{"train", "model"}}, Parse: stmt.Reader(read),
		Call: "eider.train", FromCall: fromCall(writeTrain, read),
		Doc: stmt.Doc{
			Summary: "Trains a model on the rows of a query and stores it as a new version.",
			Syntax: `TRAIN MODEL [IF NOT EXISTS] name
  [TASK {CLASSIFICATION | REGRESSION | CLUSTERING}] [TARGET column]
  [USING algorithm [(parameter => value, …)] [, …]] [TRANSFORM (item, …)] [ID (column, …)]
  [WEIGHT BY expression | CLASS WEIGHTS {BALANCED | (class => weight, …)}]
  [SPLIT {RANDOM [share] | STRATIFIED [share] | BY TIME column [HOLDOUT {share | interval}] [GAP interval]
         | BY GROUP column [share] | BY COLUMN column | NONE}] [SEED n]
  [CROSS VALIDATE k FOLDS [STRATIFIED | BY GROUP column | BY TIME column [GAP interval]]]
  [TUNE (parameter => {RANGE(low, high [, LOG]) | CHOICE(value, …)}, …)
        [STRATEGY {GRID | RANDOM | TPE}] [TRIALS n] [TIME LIMIT interval]] [OPTIMIZE metric]
  [CALIBRATE {PLATT | ISOTONIC}] [POSITIVE class] [PARTITION BY column]
  [DEPLOY {NEVER | IF BETTER [BY difference] | ALWAYS}] [WITH (option = value, …)]
  AS query

item: expression AS name | column | * [EXCLUDE (column, …)] | function(expression, …) OVER () [AS name]`,
			Notes: trainNotes(algorithms), Examples: trainExamples(),
		},
	}
}

func trainExamples() []stmt.Example {
	return []stmt.Example{
		{Setup: exampleData, SQL: exampleTrain},
		{SQL: "SELECT round(predict('rent', t)) AS rent FROM (SELECT 100 AS size, 2 AS rooms) t", Want: "850"},
		{SQL: "EXPLAIN " + exampleTrain},
		{Setup: "CREATE TABLE shop AS SELECT i AS customer, i % 7 AS visits, i % 3 AS plan, DATE '2024-01-01' + CAST(i AS INTEGER) AS day, (i % 7) + (i % 3) > 4 AS stays FROM range(600) r(i)",
			SQL: "TRAIN MODEL stays TARGET stays USING logistic TRANSFORM (scale_standard(visits) OVER () AS visits, one_hot(plan) OVER ()) ID (customer) " +
				"SPLIT BY TIME day HOLDOUT 60 days GAP 7 days CROSS VALIDATE 3 FOLDS TUNE (c => CHOICE(0.1, 1)) OPTIMIZE auc AS FROM shop"},
		{SQL: "CALL eider.train('rent', target => 'rent', algorithm => 'ridge', params => {'alpha': 0.5}, deploy => 'never', query => 'SELECT size, rooms, rent FROM flats')"},
		{SQL: "TRAIN MODEL IF NOT EXISTS rent TARGET rent AS FROM flats"},
		{SQL: "TRAIN MODEL rent TARGT rent AS FROM flats", Code: "42601"},
		{SQL: "TRAIN MODEL rent TARGET rnt AS FROM flats", Code: "42703"},
	}
}

// trainNotes documents the clauses, with tables of what there is made from the declarations.
func trainNotes(algorithms map[string]*learn.Algorithm) string {
	var b strings.Builder
	b.WriteString("An existing name gets a new version, for which the role needs the privilege TRAIN; a new model belongs to who trains it and needs CREATE on its schema. " +
		"Everything is stored in the caller's transaction: ROLLBACK leaves nothing but the row in `eider.runs`. Clauses may come in any order, each once.\n\n" +
		"Returns a row a metric: `metric, value, baseline, split, model, version, algorithm, deployed, rows_train, rows_test, seconds, run_id`. The baseline is\n" +
		"rounded to six digits; `eider.metrics` has all of them.\n\n" +
		"- **TASK** follows from the target: classification for BOOLEAN, VARCHAR, ENUM and integers with two values, else regression. Clustering has no TARGET.\n" +
		"- **USING** with several algorithms lets them compete on the metric.\n" +
		"- **TRANSFORM** says what the features are; without it every other column is one, encoded by its type. Fitted functions see training rows only, in each fold anew.\n" +
		"- **ID** columns identify a row; they are no features.\n" +
		"- **SPLIT** sets rows apart for the test, which is made once, by the winner: a fifth of them unless told otherwise, stratified for classes. Choosing, tuning, early stopping and " +
		"calibration look at the rest only.\n" +
		"- **DEPLOY**: the first version is deployed; a later one IF BETTER on rows that neither version was trained on, with the whole 95 % interval of the improvement above BY. " +
		"A version that needs other columns is not deployed where views call the model.\n" +
		"- In a transaction block two trainings of one model at the same time end in 40001; outside of one the later gets the next number.\n\n" +
		"`TASK anomaly`, `TASK reduction` and `TRACK MLFLOW 'uri'` are reserved (0A000).\n\n")
	b.WriteString("**Algorithms**\n\n| algorithm | tasks | parameters (with their defaults) |\n| --- | --- | --- |\n")
	for _, name := range sortedNames(algorithms) {
		a := algorithms[name]
		var tasks, params []string
		for _, t := range a.Tasks {
			tasks = append(tasks, string(t))
		}
		for _, p := range a.Params {
			params = append(params, fmt.Sprintf("%s (%v)", p.Name, p.Default))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", a.Name, strings.Join(tasks, ", "), strings.Join(params, ", "))
	}
	b.WriteString("\n**Fitted functions of TRANSFORM**\n\n| function | what it does |\n| --- | --- |\n")
	for _, f := range transform.FittedFunctions() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(f.Signature, "|", "\\|"), cell(f.Summary))
	}
	b.WriteString("\n**Metrics**\n\n| metric | tasks | formula |\n| --- | --- | --- |\n")
	for _, m := range metric.All() {
		var tasks []string
		for _, t := range m.Tasks {
			tasks = append(tasks, string(t))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.Name, strings.Join(tasks, ", "), cell(m.Formula))
	}
	b.WriteString("\n**Options of WITH**\n\n| option | default | what it does |\n| --- | --- | --- |\n")
	for _, o := range train.WithOptions() {
		fmt.Fprintf(&b, "| `%s` | %v | %s |\n", o.Name, o.Default, cell(o.Doc))
	}
	return strings.TrimRight(b.String(), "\n")
}

// cell keeps a text within a table's cell.
func cell(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "|", "\\|") }

func sortedNames(algorithms map[string]*learn.Algorithm) []string {
	var out []string
	for name := range algorithms {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
