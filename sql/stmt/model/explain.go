package model

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/functions/model/metric"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func explainKind(algorithms map[string]*learn.Algorithm) *stmt.Kind {
	read := func(p *parse.Parser) (*explainStatement, error) {
		e, err := parseExplain(p)
		return &explainStatement{e, algorithms}, err
	}
	return &stmt.Kind{
		Name: "EXPLAIN MODEL", Leads: [][]string{{"explain", "model"}}, Parse: stmt.Reader(read),
		Call: "eider.explain_model", FromCall: fromCall(func(t *twin) error {
			t.write("EXPLAIN MODEL ")
			return first(t.model(), t.clause("method", " USING ", "", func(p *parse.Parser) error { _, err := oneOf(p, "gain", "permutation", "shap"); return err }),
				t.clause("relation", " ON ", "", func(p *parse.Parser) error { _, err := p.Relation(); return err }))
		}, read),
		Doc: stmt.Doc{
			Summary: "Says how much each feature matters to a model.",
			Syntax:  "EXPLAIN MODEL name[@version | @alias] [USING {GAIN | PERMUTATION | SHAP}] [ON {[TABLE] table | (query)}]",
			Notes: "Returns `feature, importance, bar, method`, the most important first; `bar` is a picture for the terminal.\n\n" +
				"- Without USING, and with **GAIN**, it is what the estimator itself knows: the gain of boosted trees, the size of a linear model's standardised coefficients; `method` names it. It is learned from the training rows, so it flatters features that the model overfits.\n" +
				"- **PERMUTATION** is how much the default metric loses when a feature's values are shuffled among the rows of ON, which must have the target: the honest one, on rows that the model wasn't trained on. " +
				"Without ON it is what was measured on the holdout in training, if that was asked for: `WITH (explain_rows = 1000)`; else 55000.\n" +
				"- **SHAP** is the mean size of a feature's contributions to the margin over the rows of ON; without ON over the rows that the training query gives now.\n\n" +
				fmt.Sprintf("At most the first %d rows are looked at. Features are what the estimator sees, after TRANSFORM. It needs the privilege PREDICT.", maxExplained),
			Examples: []stmt.Example{
				{Setup: exampleModel, SQL: "EXPLAIN MODEL rent"},
				{SQL: "EXPLAIN MODEL rent USING SHAP"},
				{SQL: "EXPLAIN MODEL rent USING PERMUTATION ON flats"},
				{SQL: "EXPLAIN MODEL rent USING PERMUTATION", Code: "55000"},
			},
		},
	}
}

// explainStatement is a parsed EXPLAIN MODEL.
type explainStatement struct {
	*explain
	algorithms map[string]*learn.Algorithm
}

// explain is EXPLAIN MODEL as it was written.
type explain struct {
	model parse.ModelRef
	// method is gain, permutation, shap, or empty for what the algorithm offers.
	method word
	on     *parse.Relation
}

func parseExplain(p *parse.Parser) (*explain, error) {
	if err := p.ExpectWords("explain", "model"); err != nil {
		return nil, err
	}
	e := &explain{}
	var err error
	if e.model, err = p.ModelRef(); err != nil {
		return nil, err
	}
	if p.AcceptWord("using") {
		at := here(p)
		w, err := oneOf(p, "gain", "permutation", "shap")
		if err != nil {
			return nil, err
		}
		e.method = word{w, at}
	}
	if p.AcceptWord("on") {
		r, err := p.Relation()
		if err != nil {
			return nil, err
		}
		e.on = &r
	}
	return e, nil
}

// maxExplained bounds the rows that importances are computed on.
const maxExplained = 20_000

func (e *explainStatement) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	m, v, err := e.check(ctx, s)
	if err != nil {
		return nil, err
	}
	return &stmt.Plan{
		ReadOnly: true, Tag: "EXPLAIN", Explain: []string{"Explain " + refText(m.key, v.number)},
		Columns: result("feature VARCHAR, importance DOUBLE, bar VARCHAR, method VARCHAR"),
		Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
			_, v, err := e.check(ctx, s)
			if err != nil {
				return nil, err
			}
			names, values, method, err := e.importance(ctx, s, v)
			if err != nil {
				return nil, err
			}
			return &stmt.Result{Rows: bars(names, values, method)}, nil
		},
	}, nil
}

func (e *explainStatement) check(ctx context.Context, s Session) (*model, *version, error) {
	m, v, err := resolve(ctx, s, e.model)
	if err != nil {
		return nil, nil, err
	}
	if err := s.Require(ctx, m.key, "PREDICT"); err != nil {
		return nil, nil, positioned(err, e.model.Span)
	}
	needs := fieldNames(v.signature)
	if e.method.text == "permutation" && e.on != nil {
		if v.target == "" || v.task == learn.Clustering {
			return nil, nil, parse.Errorf(e.method.span, sqlstate.FeatureNotSupported, "%s has no target to lose", refText(m.key, v.number)).WithHint("Use SHAP or GAIN.")
		}
		needs = append(needs, v.target)
	}
	if e.on == nil {
		return m, v, nil
	}
	columns, err := describeRelation(ctx, s, *e.on)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range needs {
		if findColumn(columns, n) < 0 {
			return nil, nil, parse.Errorf(e.on.Span, sqlstate.UndefinedColumn, "the rows have no column %q, which %s needs", n, refText(m.key, v.number)).
				WithHint("Their columns are %s.", columnNames(columns))
		}
	}
	return m, v, nil
}

// importance returns a number a feature.
func (e *explainStatement) importance(ctx context.Context, s Session, v *version) (names []string, values []float64, method string, err error) {
	data, err := v.bytes(ctx, s)
	if err != nil {
		return nil, nil, "", err
	}
	scorer, err := artifact.Open(data, e.algorithms)
	if err != nil {
		return nil, nil, "", err
	}
	names = scorer.Artifact().Features
	switch e.method.text {
	case "shap":
		values, method, err = e.shap(ctx, s, v, scorer)
	case "permutation":
		if e.on == nil {
			return e.stored(ctx, s, v, "permutation")
		}
		values, err = e.permutation(ctx, s, v, scorer)
		method = "permutation"
	default:
		if values, method = scorer.Importance(); values == nil {
			return nil, nil, "", parse.Errorf(e.model.Span, sqlstate.FeatureNotSupported, "%s knows no importances of its own", v.algorithm).
				WithHint("EXPLAIN MODEL %s USING PERMUTATION ON (query); measures them.", e.model.Span.Text)
		}
	}
	return names, values, method, err
}

// stored is what training measured on the holdout.
func (e *explainStatement) stored(ctx context.Context, s Session, v *version, method string) ([]string, []float64, string, error) {
	rows, err := s.Query(ctx, `SELECT label, x FROM eider.curve_store WHERE run_id = $1 AND model = $2 AND curve = $3 ORDER BY point`, v.runID, v.model, "importance:"+method)
	if err != nil {
		return nil, nil, "", err
	}
	if len(rows) == 0 {
		return nil, nil, "", parse.Errorf(e.method.span, sqlstate.ObjectNotInPrerequisiteState, "permutation importance of %s wasn't measured in training", refText(v.model, v.number)).
			WithHint("Write ON (query) with rows that it wasn't trained on, or train WITH (explain_rows = 1000).")
	}
	values := make([]float64, len(rows))
	for i, r := range rows {
		values[i], _ = r[1].(float64)
	}
	return texts(rows), values, method + " on the holdout", nil
}

// rows is the relation to look at: ON's, or the training query.
func (e *explainStatement) rows(v *version) (string, parse.Span, error) {
	if e.on != nil {
		return e.on.SQL(), e.on.Span, nil
	}
	if v.query == "" {
		return "", e.model.Span, parse.Errorf(e.model.Span, sqlstate.ObjectNotInPrerequisiteState, "%s has no training query", refText(v.model, v.number)).
			WithHint("Write ON (query).")
	}
	return "(" + v.query + ")", e.model.Span, nil
}

// load reads at most maxExplained rows.
func (e *explainStatement) load(ctx context.Context, s Session, v *version, target bool) (*featureRows, error) {
	from, at, err := e.rows(v)
	if err != nil {
		return nil, err
	}
	f, err := v.rowsAsSeen(ctx, s, from, maxExplained, target, nil)
	if err != nil {
		return nil, positioned(nowhere(err), at)
	}
	if f.rows == 0 {
		return nil, parse.Errorf(at, sqlstate.InvalidParameterValue, "there are no rows to explain %s on", refText(v.model, v.number))
	}
	if f.rows == maxExplained {
		s.Notice("NOTICE", fmt.Sprintf("only the first %d rows were looked at", maxExplained))
	}
	return f, nil
}

// shap is the mean size of the contributions.
func (e *explainStatement) shap(ctx context.Context, s Session, v *version, scorer *artifact.Scorer) ([]float64, string, error) {
	if scorer.ExplainMethod() == "" {
		return nil, "", parse.Errorf(e.method.span, sqlstate.FeatureNotSupported, "predictions of %s can't be split into contributions", v.algorithm).WithHint("Use PERMUTATION.")
	}
	f, err := e.load(ctx, s, v, false)
	if err != nil {
		return nil, "", err
	}
	n := len(scorer.Artifact().Features)
	values := make([]float64, n)
	err = contributions(ctx, scorer, f, func(_ int, count int, parts [][][]float64) error {
		for _, output := range parts {
			for k := range n {
				for _, c := range output[k][:count] {
					values[k] += math.Abs(c)
				}
			}
		}
		return nil
	})
	for k := range values {
		values[k] /= float64(f.rows)
	}
	return values, scorer.ExplainMethod(), err
}

// permutation is the loss of the default metric when a feature's values are shuffled.
func (e *explainStatement) permutation(ctx context.Context, s Session, v *version, scorer *artifact.Scorer) ([]float64, error) {
	f, err := e.load(ctx, s, v, true)
	if err != nil {
		return nil, err
	}
	d := metric.Default(v.task, len(v.classes))
	measure := func() (float64, bool, error) {
		sample, err := sampleOf(scorer, f, v)
		if err != nil {
			return 0, false, err
		}
		value, ok := d.Value(sample)
		return value, ok, nil
	}
	base, ok, err := measure()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, parse.Errorf(e.on.Span, sqlstate.InvalidParameterValue, "%s has no value on these rows", d.Name)
	}
	random := rand.New(rand.NewPCG(uint64(v.seed), 0))
	order := random.Perm(f.rows)
	values := make([]float64, len(scorer.Artifact().Features))
	shuffled := make([]float64, f.rows)
	for k := range values {
		if err := ctx.Err(); err != nil {
			return nil, sqlstate.From(err)
		}
		s.Progress(float64(k)/float64(len(values)), "permute")
		kept := f.columns[k]
		for i, j := range order {
			shuffled[i] = kept[j]
		}
		f.columns[k] = shuffled
		value, ok, err := measure()
		f.columns[k] = kept
		if err != nil {
			return nil, err
		}
		if ok && d.GreaterIsBetter {
			values[k] = base - value
		} else if ok {
			values[k] = value - base
		}
	}
	return values, nil
}

// barWidth is the number of characters of the longest bar.
const barWidth = 30

// bars sorts features by importance and draws them, in eighths of a character.
func bars(names []string, values []float64, method string) [][]any {
	order := make([]int, len(values))
	greatest := 0.0
	for i, v := range values {
		order[i] = i
		greatest = max(greatest, v)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case values[a] > values[b]:
			return -1
		case values[a] < values[b]:
			return 1
		}
		return strings.Compare(names[a], names[b])
	})
	rows := make([][]any, 0, len(values))
	for _, i := range order {
		bar := ""
		if greatest > 0 && values[i] > 0 {
			bar = drawBar(values[i] / greatest * barWidth)
		}
		rows = append(rows, []any{names[i], values[i], bar, method})
	}
	return rows
}

func drawBar(length float64) string {
	eighths := int(math.Round(length * 8))
	b := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		b += string(rune('█' + 8 - rest))
	}
	return b
}
