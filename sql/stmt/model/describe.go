package model

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/stmt"
)

func writeDescribe(words string) func(t *twin) error {
	return func(t *twin) error {
		t.write(words)
		return t.model()
	}
}

func describeKind() *stmt.Kind {
	read := func(p *parse.Parser) (*describeModel, error) {
		d, err := parseDescribe("describe", "model")(p)
		return &describeModel{d}, err
	}
	return &stmt.Kind{
		Name: "DESCRIBE MODEL", Leads: [][]string{{"describe", "model"}, {"desc", "model"}}, Recognise: atModelName(2), Parse: stmt.Reader(read),
		Call: "eider.describe_model", FromCall: fromCall(writeDescribe("DESCRIBE MODEL "), read),
		Doc: stmt.Doc{
			Summary: "Says what a model is: what it needs, what it predicts, how good it was.",
			Syntax:  "{DESCRIBE | DESC} MODEL name[@version | @alias]",
			Notes: "Returns `section, name, value`. Sections are model (its facts), input (the columns that predict needs, with their types), feature (what the estimator sees), " +
				"class, parameter, metric (on the test rows, with its 95 % interval and the baseline) and warning. `DESCRIBE model` describes a table of that name.",
			Examples: []stmt.Example{
				{Setup: exampleModel, SQL: "DESCRIBE MODEL rent"},
				{SQL: "SELECT 1 AS model; DESCRIBE MODEL house", Code: "42704"},
			},
		},
	}
}

func showCreateKind() *stmt.Kind {
	read := func(p *parse.Parser) (*showCreate, error) {
		d, err := parseDescribe("show", "create", "model")(p)
		return &showCreate{d}, err
	}
	return &stmt.Kind{
		Name: "SHOW CREATE MODEL", Leads: [][]string{{"show", "create", "model"}}, Parse: stmt.Reader(read),
		Call: "eider.show_create_model", FromCall: fromCall(writeDescribe("SHOW CREATE MODEL "), read),
		Doc: stmt.Doc{
			Summary:  "Shows the statement that made a version of a model.",
			Syntax:   "SHOW CREATE MODEL name[@version | @alias]",
			Notes:    "Returns `model, version, statement`. The text is the user's own, so it trains the same model again wherever its tables are. Of an imported model it is the IMPORT statement.",
			Examples: []stmt.Example{{Setup: exampleModel, SQL: "SHOW CREATE MODEL rent", Want: "rent\t1\t" + exampleTrain}},
		},
	}
}

// describe is DESCRIBE MODEL or SHOW CREATE MODEL as it was written.
type describe struct{ model parse.ModelRef }

type (
	describeModel struct{ *describe }
	showCreate    struct{ *describe }
)

// atModelName tells DESCRIBE MODEL name from DESCRIBE of a table named model: a name must follow.
func atModelName(skip int) func(*parse.Parser) bool {
	return func(p *parse.Parser) bool {
		for range skip {
			p.Next()
		}
		return p.Peek().IsIdent()
	}
}

func parseDescribe(words ...string) func(p *parse.Parser) (*describe, error) {
	return func(p *parse.Parser) (*describe, error) {
		if len(words) == 2 && p.Is("desc") {
			p.Next()
		} else if err := p.ExpectWord(words[0]); err != nil {
			return nil, err
		}
		if err := p.ExpectWords(words[1:]...); err != nil {
			return nil, err
		}
		m, err := p.ModelRef()
		return &describe{m}, err
	}
}

// visible returns the version that is meant, if the user may see it.
func (d *describe) visible(ctx context.Context, s stmt.Session) (*model, *version, error) {
	m, v, err := resolve(ctx, s, d.model)
	if err != nil {
		return nil, nil, err
	}
	return m, v, seen(ctx, s, m)
}

func (d *describeModel) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	m, v, err := d.visible(ctx, s)
	if err != nil {
		return nil, err
	}
	return &stmt.Plan{
		ReadOnly: true, Tag: "DESCRIBE", Explain: []string{"Describe " + refText(m.key, v.number)}, Columns: result("section VARCHAR, name VARCHAR, value VARCHAR"),
		Exec: func(ctx context.Context, s stmt.Session) (*stmt.Result, error) {
			m, v, err := d.visible(ctx, s)
			if err != nil {
				return nil, err
			}
			rows := v.facts(m)
			more, err := v.measured(ctx, s)
			if err != nil {
				return nil, err
			}
			rows = append(rows, more...)
			for _, w := range v.warnings {
				rows = append(rows, []any{"warning", nil, w})
			}
			return &stmt.Result{Rows: rows}, nil
		},
	}, nil
}

// facts are the rows that the version's own row gives.
func (v *version) facts(m *model) [][]any {
	var rows [][]any
	add := func(section, name, value string) {
		if value != "" {
			rows = append(rows, []any{section, name, value})
		}
	}
	add("model", "name", m.name)
	add("model", "version", strconv.FormatInt(v.number, 10))
	add("model", "task", string(v.task))
	add("model", "algorithm", v.algorithm)
	add("model", "target", v.target)
	add("model", "predicts", v.output)
	add("model", "positive", v.positive)
	if len(v.groups) > 0 {
		add("model", "groups", strings.Join(v.groups, ", "))
	}
	add("model", "rows_train", count0(v.rowsTrain))
	add("model", "rows_test", count0(v.rowsTest))
	add("model", "seed", strconv.FormatInt(v.seed, 10))
	add("model", "fingerprint", v.fingerprint)
	add("model", "artifact", v.artifact)
	add("model", "library", v.library)
	add("model", "program", v.program)
	for _, f := range v.signature {
		add("input", f.Name, f.Type)
	}
	for i, f := range v.features {
		rows = append(rows, []any{"feature", f, v.featureSQL[i]})
	}
	for i, c := range v.classes {
		rows = append(rows, []any{"class", strconv.Itoa(i), c})
	}
	return rows
}

func count0(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// measured are the parameters and the metrics of the version's run.
func (v *version) measured(ctx context.Context, s stmt.Session) ([][]any, error) {
	rows, err := s.Query(ctx, `SELECT 'parameter', name, value FROM eider.param_store WHERE run_id = $1 AND model = $2 AND trial IS NULL ORDER BY name`, v.runID, v.model)
	if err != nil {
		return nil, err
	}
	metrics, err := s.Query(ctx, `SELECT split, metric, value, ci_low, ci_high, baseline FROM eider.metric_store
		WHERE run_id = $1 AND model = $2 AND slice IS NULL AND value IS NOT NULL ORDER BY split, metric`, v.runID, v.model)
	if err != nil {
		return nil, err
	}
	for _, r := range metrics {
		value := short(r[2])
		if r[3] != nil && r[4] != nil {
			value += fmt.Sprintf(" [%s, %s]", short(r[3]), short(r[4]))
		}
		if r[5] != nil {
			value += ", baseline " + short(r[5])
		}
		rows = append(rows, []any{"metric", text(r[1]) + " (" + text(r[0]) + ")", value})
	}
	return rows, nil
}

// short writes a number with six digits.
func short(v any) string {
	f, ok := v.(float64)
	if !ok {
		return ""
	}
	return strconv.FormatFloat(f, 'g', 6, 64)
}

func (d *showCreate) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	m, v, err := d.visible(ctx, s)
	if err != nil {
		return nil, err
	}
	return &stmt.Plan{
		ReadOnly: true, Tag: "SHOW", Explain: []string{"Show the statement that made " + refText(m.key, v.number)}, Columns: result("model VARCHAR, version BIGINT, statement VARCHAR"),
		Exec: func(ctx context.Context, s stmt.Session) (*stmt.Result, error) {
			m, v, err := d.visible(ctx, s)
			if err != nil {
				return nil, err
			}
			return &stmt.Result{Rows: [][]any{{m.key, v.number, v.statement}}}, nil
		},
	}, nil
}
