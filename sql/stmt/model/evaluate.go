package model

import (
	"slices"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func evaluateKind(algorithms map[string]*learn.Algorithm) *stmt.Kind {
	read := func(p *parse.Parser) (*evaluateStatement, error) {
		e, err := parseEvaluate(p)
		return &evaluateStatement{e, algorithms}, err
	}
	return &stmt.Kind{
		Name: "EVALUATE MODEL", Leads: [][]string{{"evaluate", "model"}}, Parse: stmt.Reader(read),
		Call: "eider.evaluate", FromCall: fromCall(func(t *twin) error {
			t.write("EVALUATE MODEL ")
			return first(t.model(), t.names("metrics", " METRICS"), t.name("slice_by", " BY "), t.flag("baseline", " BASELINE"),
				t.clause("relation", " ON ", "", func(p *parse.Parser) error { _, err := p.Relation(); return err }))
		}, read),
		Doc: stmt.Doc{
			Summary: "Measures a model on rows whose truth is known.",
			Syntax:  "EVALUATE MODEL name[@version | @alias] [METRICS (metric, …)] [BY column] [BASELINE] ON {[TABLE] table | (query)}",
			Notes: "The rows must have the target's column and those that the model needs. Rows without a target, and rows for which the model predicts nothing because every feature is NULL, are left out, with a NOTICE; " +
				"so are rows of a class that the model doesn't know, with a WARNING.\n\n" +
				"Returns `metric, value, ci_low, ci_high, baseline, slice, n`: a row a metric for all rows (slice is NULL), and with BY for each value of the column. The interval is a 95 % one, by a bootstrap of 500 replicates. " +
				"BASELINE adds the same metric of a model that knows only the share of each class in these rows, or their mean. The metrics are TRAIN MODEL's.\n\n" +
				"What is measured is kept in `eider.metrics` with the split `on`, as a run of its own. Nothing says whether the model was trained on the rows: that is for who asks. It needs the privilege PREDICT.",
			Examples: []stmt.Example{
				{Setup: exampleModel, SQL: "EVALUATE MODEL rent METRICS (rmse, r2) BASELINE ON flats"},
				{SQL: "SELECT metric, round(value, 6)::VARCHAR AS value, n FROM eider.metrics WHERE split = 'on' ORDER BY metric", Want: "r2\t1.0\t200\nrmse\t0.0\t200"},
				{SQL: "EVALUATE MODEL rent BY rooms ON (FROM flats WHERE size > 100)"},
				{SQL: "EVALUATE MODEL rent METRICS (auc) ON flats", Code: "22023"},
				{SQL: "EVALUATE MODEL rent ON (SELECT size, rooms FROM flats)", Code: "42703"},
			},
		},
	}
}

// evaluateStatement is a parsed EVALUATE MODEL.
type evaluateStatement struct {
	*evaluate
	algorithms map[string]*learn.Algorithm
}

// evaluate is EVALUATE MODEL as it was written.
type evaluate struct {
	text     parse.Span
	model    parse.ModelRef
	metrics  []word
	by       *parse.Name
	baseline bool
	on       parse.Relation
}

func parseEvaluate(p *parse.Parser) (*evaluate, error) {
	start := p.Peek().Start
	if err := p.ExpectWords("evaluate", "model"); err != nil {
		return nil, err
	}
	e := &evaluate{}
	var err error
	if e.model, err = p.ModelRef(); err != nil {
		return nil, err
	}
	for !p.AcceptWord("on") {
		switch {
		case e.metrics == nil && p.AcceptWord("metrics"):
			err = p.Parens(func() error { return e.readMetric(p) })
		case e.by == nil && p.AcceptWord("by"):
			var n parse.Name
			n, err = p.Name("a column")
			e.by = &n
		case !e.baseline && p.AcceptWord("baseline"):
			e.baseline = true
		default:
			err = p.Unexpected()
		}
		if err != nil {
			return nil, err
		}
	}
	if e.on, err = p.Relation(); err != nil {
		return nil, err
	}
	e.text = p.Between(start, e.on.Span.End)
	return e, nil
}

func (e *evaluate) readMetric(p *parse.Parser) error {
	n, err := p.Label("a metric")
	if err != nil {
		return err
	}
	w := word{lex.Fold(n.Text), n.Span}
	if slices.ContainsFunc(e.metrics, func(o word) bool { return o.text == w.text }) {
		return parse.Errorf(n.Span, sqlstate.SyntaxError, "metric %s is named twice", w.text)
	}
	e.metrics = append(e.metrics, w)
	return nil
}
