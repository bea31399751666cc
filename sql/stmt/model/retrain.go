package model

import (
	"github.com/eiderdb/eider/sql/parse"
)

// retrain is RETRAIN MODEL as it was written.
type retrain struct {
	text  parse.Span
	model parse.ModelRef
	// seed and deploy replace the stored statement's, where given.
	seed   *int64
	deploy *deployRule
}

func parseRetrain(p *parse.Parser) (*retrain, error) {
	start := p.Peek().Start
	if err := p.ExpectWords("retrain", "model"); err != nil {
		return nil, err
	}
	r := &retrain{}
	var err error
	if r.model, err = p.ModelRef(); err != nil {
		return nil, err
	}
	for !p.Eof() {
		switch {
		case r.seed == nil && p.AcceptWord("seed"):
			var n int64
			n, _, err = p.Int("a whole number")
			r.seed = &n
		case r.deploy == nil && p.AcceptWord("deploy"):
			r.deploy, err = readDeployRule(p)
		default:
			err = p.Unexpected()
		}
		if err != nil {
			return nil, err
		}
	}
	r.text = p.Between(start, p.PeekN(-1).End)
	return r, nil
}
