package model

import (
	"github.com/eiderdb/eider/sql/parse"
)

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
