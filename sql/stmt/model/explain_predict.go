package model

import (
	"context"
	"math"
	"slices"
	"strconv"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func explainPredictKind(algorithms map[string]*learn.Algorithm) *stmt.Kind {
	read := func(p *parse.Parser) (*explainPredictStatement, error) {
		e, err := parseExplainPredict(p)
		return &explainPredictStatement{e, algorithms}, err
	}
	return &stmt.Kind{
		Name: "EXPLAIN PREDICT", Leads: [][]string{{"explain", "predict"}}, Recognise: atExplainPredict, Parse: stmt.Reader(read),
		Call: "eider.explain_predict", FromCall: fromCall(func(t *twin) error {
			t.write("EXPLAIN PREDICT (MODEL ")
			return first(t.model(), t.clause("relation", ", ", ")", func(p *parse.Parser) error { _, err := p.Relation(); return err }), t.number("top", " TOP ", ""))
		}, read),
		Doc: stmt.Doc{
			Summary: "Splits predictions into what each feature adds.",
			Syntax:  "EXPLAIN PREDICT(MODEL name[@version | @alias], {[TABLE] table | (query)}) [TOP n]",
			Notes: "Returns `row, class, feature, value, contribution`: for each row the features by the size of their contribution, TOP n of them, and last `(base)`, what the model says without any. " +
				"`row` is the text of the ID columns that the model was trained with, if the rows have them, else the row's number from 1. `class` is NULL unless there are more than two.\n\n" +
				"Contributions add up to the margin, `predict_raw`: log-odds for two classes, before calibration. Trees are explained by path-dependent TreeSHAP, linear models by their terms. " +
				"Features and values are what the estimator sees, after TRANSFORM. At most 10000 rows are explained (54000). It needs the privilege PREDICT.",
			Examples: []stmt.Example{
				{Setup: exampleModel, SQL: "EXPLAIN PREDICT(MODEL rent, (SELECT 100 AS size, 2 AS rooms))"},
				{SQL: "EXPLAIN PREDICT(MODEL rent, TABLE flats) TOP 1"},
				{SQL: "EXPLAIN PREDICT(MODEL rent, (SELECT 100 AS size))", Code: "42703"},
			},
		},
	}
}

// explainPredictStatement is a parsed EXPLAIN PREDICT.
type explainPredictStatement struct {
	*explainPredict
	algorithms map[string]*learn.Algorithm
}

// explainPredict is EXPLAIN PREDICT as it was written.
type explainPredict struct {
	model parse.ModelRef
	on    parse.Relation
	// top is how many features a row shows, 0 for all.
	top int
}

// atExplainPredict tells EXPLAIN PREDICT (MODEL … from DuckDB's EXPLAIN.
func atExplainPredict(p *parse.Parser) bool {
	p.Next()
	p.Next()
	return p.AcceptMark("(") && p.Is("model")
}

func parseExplainPredict(p *parse.Parser) (*explainPredict, error) {
	if err := p.ExpectWords("explain", "predict"); err != nil {
		return nil, err
	}
	if err := p.ExpectMark("("); err != nil {
		return nil, err
	}
	if err := p.ExpectWord("model"); err != nil {
		return nil, err
	}
	e := &explainPredict{}
	var err error
	if e.model, err = p.ModelRef(); err != nil {
		return nil, err
	}
	if err := p.ExpectMark(","); err != nil {
		return nil, err
	}
	if e.on, err = p.Relation(); err != nil {
		return nil, err
	}
	if err := p.ExpectMark(")"); err != nil {
		return nil, err
	}
	if p.AcceptWord("top") {
		n, _, err := count(p, "number of features", 1, 1_000_000)
		if err != nil {
			return nil, err
		}
		e.top = int(n)
	}
	return e, nil
}

// maxRowsExplained bounds the rows of EXPLAIN PREDICT.
const maxRowsExplained = 10_000

func (e *explainPredictStatement) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	m, v, _, err := e.check(ctx, s)
	if err != nil {
		return nil, err
	}
	return &stmt.Plan{
		ReadOnly: true, Tag: "EXPLAIN", Explain: []string{"Explain predictions of " + refText(m.key, v.number), "  On: " + e.on.Span.Text},
		Columns: result("row VARCHAR, class VARCHAR, feature VARCHAR, value DOUBLE, contribution DOUBLE"),
		Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
			_, v, key, err := e.check(ctx, s)
			if err != nil {
				return nil, err
			}
			rows, err := e.exec(ctx, s, v, key)
			if err != nil {
				return nil, err
			}
			return &stmt.Result{Rows: rows}, nil
		},
	}, nil
}

// check resolves what is named; key are the columns that name a row, nil for its number.
func (e *explainPredictStatement) check(ctx context.Context, s Session) (m *model, v *version, key []string, err error) {
	if m, v, err = resolve(ctx, s, e.model); err != nil {
		return nil, nil, nil, err
	}
	if err := s.Require(ctx, m.key, "PREDICT"); err != nil {
		return nil, nil, nil, positioned(err, e.model.Span)
	}
	columns, err := describeRelation(ctx, s, e.on)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, f := range v.signature {
		if findColumn(columns, f.Name) < 0 {
			return nil, nil, nil, parse.Errorf(e.on.Span, sqlstate.UndefinedColumn, "the rows have no feature %q, which %s needs", f.Name, refText(m.key, v.number)).
				WithHint("Their columns are %s.", columnNames(columns))
		}
	}
	key = v.identity
	for _, k := range key {
		if findColumn(columns, k) < 0 {
			return m, v, nil, nil
		}
	}
	return m, v, key, nil
}

func (e *explainPredictStatement) exec(ctx context.Context, s Session, v *version, key []string) ([][]any, error) {
	data, err := v.bytes(ctx, s)
	if err != nil {
		return nil, err
	}
	scorer, err := artifact.Open(data, e.algorithms)
	if err != nil {
		return nil, err
	}
	if scorer.ExplainMethod() == "" {
		return nil, parse.Errorf(e.model.Span, sqlstate.FeatureNotSupported, "predictions of %s can't be explained", v.algorithm)
	}
	f, err := v.rowsAsSeen(ctx, s, e.on.SQL(), maxRowsExplained+1, false, key)
	if err != nil {
		return nil, positioned(nowhere(err), e.on.Span)
	}
	if f.rows > maxRowsExplained {
		return nil, parse.Errorf(e.on.Span, sqlstate.ProgramLimitExceeded, "more than %d rows to explain", maxRowsExplained).
			WithHint("Name fewer: (SELECT … LIMIT 100).")
	}
	var out [][]any
	err = contributions(ctx, scorer, f, func(from, n int, parts [][][]float64) error {
		for i := range n {
			name := strconv.Itoa(from + i + 1)
			if f.keys != nil {
				name = f.keys[from+i]
			}
			for o, output := range parts {
				var class any
				if len(parts) > 1 {
					class = v.classes[o]
				}
				out = append(out, e.rowsOf(scorer, f, from+i, i, name, class, output)...)
			}
		}
		return nil
	})
	return out, err
}

// rowsOf are the rows about one prediction.
func (e *explainPredictStatement) rowsOf(scorer *artifact.Scorer, f *featureRows, row, i int, name string, class any, parts [][]float64) [][]any {
	names := scorer.Artifact().Features
	order := make([]int, len(names))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := math.Abs(parts[a][i]), math.Abs(parts[b][i])
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return a - b
	})
	if e.top > 0 && e.top < len(order) {
		order = order[:e.top]
	}
	var out [][]any
	for _, k := range order {
		var value any
		if x := f.columns[k][row]; !math.IsNaN(x) {
			value = x
		}
		out = append(out, []any{name, class, names[k], value, parts[k][i]})
	}
	return append(out, []any{name, class, "(base)", nil, parts[len(names)][i]})
}

// keyText is the text that names a row: its ID columns with blanks between them.
func keyText(key []string) string {
	text := "concat_ws(' '"
	for _, k := range key {
		text += ", CAST(t." + lex.QuoteIdent(k) + " AS VARCHAR)"
	}
	return text + ")"
}
