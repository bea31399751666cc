package model

import (
	"math"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// deployRule is DEPLOY of TRAIN and RETRAIN.
type deployRule struct {
	// when is never, better or always.
	when string
	// by is how much better the metric must be.
	by   float64
	span parse.Span
}

// readDeployRule reads NEVER | IF BETTER [BY x] | ALWAYS.
func readDeployRule(p *parse.Parser) (*deployRule, error) {
	d := &deployRule{span: here(p)}
	w, err := oneOf(p, "never", "if", "always")
	if err != nil {
		return nil, err
	}
	if d.when = w; w != "if" {
		return d, nil
	}
	d.when = "better"
	if err := p.ExpectWord("better"); err != nil {
		return nil, err
	}
	if !p.AcceptWord("by") {
		return d, nil
	}
	x, at, err := p.Float("a difference of the metric")
	if err != nil {
		return nil, err
	}
	if x < 0 || math.IsInf(x, 0) {
		return nil, parse.Errorf(at, sqlstate.InvalidParameterValue, "the difference must not be negative: %s", at.Text)
	}
	d.by = x
	return d, nil
}

func (t *trainModel) readDeploy(p *parse.Parser) (err error) {
	t.deploy, err = readDeployRule(p)
	return err
}

// readTrack reads MLFLOW 'uri' [EXPERIMENT 'e'], for which there is room only.
func (t *trainModel) readTrack(p *parse.Parser) error {
	at := here(p)
	if err := p.ExpectWord("mlflow"); err != nil {
		return err
	}
	if _, _, err := p.Str("the tracking server's address in quotes"); err != nil {
		return err
	}
	if p.AcceptWord("experiment") {
		if _, _, err := p.Str("the experiment's name in quotes"); err != nil {
			return err
		}
	}
	return later(at, "TRACK MLFLOW").WithHint("Leave it out; eider.runs, eider.metrics and eider.params have what a tracking server would get.")
}
