package model

import (
	"slices"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

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
