package model

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/metric"
	"github.com/eiderdb/eider/functions/model/train"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/sql/types"
)

const evaluateColumns = "metric VARCHAR, value DOUBLE, ci_low DOUBLE, ci_high DOUBLE, baseline DOUBLE, slice VARCHAR, n BIGINT"

// maxEvaluatedSlices bounds the values of BY.
const maxEvaluatedSlices = 1000

func (e *evaluateStatement) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	m, v, err := e.check(ctx, s)
	if err != nil {
		return nil, err
	}
	var run *history
	var measured []train.Metric
	return &stmt.Plan{
		Columns: result(evaluateColumns),
		Explain: []string{fmt.Sprintf("Evaluate %s", refText(m.key, v.number)), "  On: " + e.on.Span.Text},
		Prepare: func(ctx context.Context, _ stmt.Session) error {
			run = begin(v.model, "evaluate", e.text.Text)
			run.version = v.number
			var err error
			if measured, err = e.measure(ctx, s); err != nil {
				run.end(ctx, s, err)
			}
			return err
		},
		Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
			err := storeMetrics(ctx, s, run.id, v, measured)
			run.end(ctx, s, err)
			if err != nil {
				return nil, err
			}
			var rows [][]any
			for _, m := range measured {
				rows = append(rows, []any{m.Metric, float(m.Value), float(m.Low), float(m.High), float(m.Baseline), nullable(m.Slice), m.N})
			}
			return &stmt.Result{Rows: rows}, nil
		},
	}, nil
}

// check resolves what is named; it reads no data.
func (e *evaluateStatement) check(ctx context.Context, s Session) (*model, *version, error) {
	m, v, err := resolve(ctx, s, e.model)
	if err != nil {
		return nil, nil, err
	}
	if err := s.Require(ctx, m.key, "PREDICT"); err != nil {
		return nil, nil, positioned(err, e.model.Span)
	}
	if v.task == learn.Clustering {
		return nil, nil, parse.Errorf(e.model.Span, sqlstate.FeatureNotSupported, "a clustering has no truth to be evaluated against").
			WithHint("eider.metrics has silhouette and inertia of the training rows.")
	}
	if v.target == "" {
		return nil, nil, parse.Errorf(e.model.Span, sqlstate.ObjectNotInPrerequisiteState, "%s doesn't say which column it predicts", refText(m.key, v.number)).
			WithHint("IMPORT MODEL … (TARGET column, …) names it.")
	}
	for _, w := range e.metrics {
		if _, err := metric.Lookup(w.text, v.task); err != nil {
			return nil, nil, sqlstate.From(err).At(w.span.Start)
		}
	}
	needs := append([]string{v.target}, fieldNames(v.signature)...)
	if e.by != nil {
		needs = append(needs, e.by.Text)
	}
	return m, v, e.hasColumns(ctx, s, v, needs)
}

func fieldNames(fields []predict.Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}

// hasColumns describes the relation and fails with 42703 where a column is missing.
func (e *evaluateStatement) hasColumns(ctx context.Context, s Session, v *version, needs []string) error {
	columns, err := describeRelation(ctx, s, e.on)
	if err != nil {
		return err
	}
	for _, n := range needs {
		if findColumn(columns, n) >= 0 {
			continue
		}
		at, what := e.on.Span, "feature"
		switch {
		case e.by != nil && n == e.by.Text:
			at, what = e.by.Span, "column"
		case n == v.target:
			what = "target"
		}
		err := parse.Errorf(at, sqlstate.UndefinedColumn, "the rows have no %s %q, which %s needs", what, n, refText(v.model, v.number))
		return err.WithHint("Their columns are %s.", columnNames(columns))
	}
	return nil
}

// describeRelation returns the columns of a relation; positions of errors are in the statement.
func describeRelation(ctx context.Context, s Session, r parse.Relation) ([]types.Column, error) {
	const head = "SELECT * FROM "
	columns, err := s.Describe(ctx, head+r.Span.Text+" AS t")
	if err != nil && !r.IsQuery() {
		columns, err = s.Describe(ctx, head+r.SQL()+" AS t")
	}
	if err == nil {
		return columns, nil
	}
	e := *sqlstate.From(err)
	if e.Position = e.Position - len(head) + r.Span.Start; e.Position <= r.Span.Start || !r.IsQuery() {
		e.At(r.Span.Start)
	}
	return nil, &e
}

func findColumn(columns []types.Column, name string) int {
	return slices.IndexFunc(columns, func(c types.Column) bool { return lex.EqualFold(c.Name, name) })
}

func columnNames(columns []types.Column) string {
	const shown = 20
	names := make([]string, 0, len(columns))
	for i, c := range columns {
		if i == shown {
			names = append(names, "…")
			break
		}
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// query selects the truth, the predictions and the slice of every row that the model predicts for.
func (e *evaluateStatement) query(v *version) string {
	target := "t." + lex.QuoteIdent(v.target)
	slice := "NULL"
	if e.by != nil {
		slice = "coalesce(CAST(t." + lex.QuoteIdent(e.by.Text) + " AS VARCHAR), 'NULL')"
	}
	from := " FROM (SELECT * FROM " + e.on.SQL() + ") AS t"
	if v.task == learn.Regression {
		return "SELECT CAST(" + target + " AS DOUBLE), CAST(" + slice + " AS VARCHAR), CAST(" + v.call(predict.Label) + " AS DOUBLE)" + from
	}
	var class strings.Builder
	class.WriteString("CASE CAST(y AS VARCHAR)")
	for i, c := range v.classes {
		fmt.Fprintf(&class, " WHEN %s THEN %de0", lex.QuoteLiteral(c), i)
	}
	class.WriteString(" ELSE -1e0 END")
	var probabilities []string
	for i, c := range v.classes {
		if i > 0 || len(v.classes) > 2 {
			probabilities = append(probabilities, "p["+lex.QuoteLiteral(c)+"]")
		}
	}
	if v.output != "VARCHAR" {
		target = "TRY_CAST(" + target + " AS " + v.output + ")"
	}
	return "SELECT CASE WHEN y IS NULL THEN NULL ELSE " + class.String() + " END, CAST(g AS VARCHAR), " + strings.Join(probabilities, ", ") +
		" FROM (SELECT " + target + " AS y, " + slice + " AS g, " + v.call(predict.Proba) + " AS p" + from + ") AS r"
}

// evaluated collects what the query gives.
type evaluated struct {
	classes int
	y       []float64
	pred    [][]float64
	slices  map[string][]int32
	// untold, silent and strange count rows without truth, without prediction, and of unknown classes.
	untold, silent, strange int64
}

func (c *evaluated) add(chunk *types.Chunk) error {
	y := types.Slice[float64](&chunk.Columns[0])
	preds := make([][]float64, len(chunk.Columns)-2)
	for k := range preds {
		preds[k] = types.Slice[float64](&chunk.Columns[k+2])
	}
	for i := range chunk.Len {
		switch {
		case !chunk.Columns[0].Valid(i):
			c.untold++
			continue
		case !chunk.Columns[2].Valid(i) || math.IsNaN(preds[0][i]):
			c.silent++
			continue
		case c.classes > 0 && y[i] < 0, math.IsNaN(y[i]), math.IsInf(y[i], 0):
			c.strange++
			continue
		}
		if chunk.Columns[1].Valid(i) {
			name := string(chunk.Columns[1].Bytes(i))
			if _, known := c.slices[name]; !known && len(c.slices) == maxEvaluatedSlices {
				return sqlstate.Newf(sqlstate.ProgramLimitExceeded, "the column of BY has more than %d values", maxEvaluatedSlices)
			}
			c.slices[name] = append(c.slices[name], int32(len(c.y)))
		}
		c.y = append(c.y, y[i])
		for k := range preds {
			c.pred[k] = append(c.pred[k], preds[k][i])
		}
	}
	return nil
}
