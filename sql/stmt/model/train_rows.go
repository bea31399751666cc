package model

import (
	"math"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// classWeights is CLASS WEIGHTS.
type classWeights struct {
	balanced bool
	// weights are in the order written.
	weights []classWeight
	span    parse.Span
}

type classWeight struct {
	class  constantWord
	weight float64
}

// split is SPLIT: which rows the model is tested on.
type split struct {
	// kind is random, stratified, time, group, column or none.
	kind     string
	column   *parse.Name
	fraction float64
	// holdout is the length of the last part of a split by time, instead of fraction.
	holdout, gap *types.IntervalValue
	span         parse.Span
}

// folds is CROSS VALIDATE.
type folds struct {
	k int
	// kind is stratified, group or time; empty means like the split.
	kind   string
	column *parse.Name
	gap    *types.IntervalValue
	span   parse.Span
}

const (
	defaultFraction = 0.2
	maxFolds        = 1000
)

func (t *trainModel) readWeight(p *parse.Parser) error {
	e, err := clauseExpr(p, clauseStops...)
	t.weight = &e
	return err
}

func (t *trainModel) readClassWeights(p *parse.Parser) error {
	t.classes = &classWeights{span: here(p)}
	if p.AcceptWord("balanced") {
		t.classes.balanced = true
		return nil
	}
	return p.Parens(func() error {
		c, err := class(p)
		if err != nil {
			return err
		}
		for _, o := range t.classes.weights {
			if o.class.text == c.text {
				return parse.Errorf(c.span, sqlstate.SyntaxError, "class %s has two weights", c.span.Text)
			}
		}
		if !p.AcceptMark("=>") && !p.AcceptMark("=") {
			return p.Unexpected()
		}
		w, wat, err := p.Float("a weight")
		if err != nil {
			return err
		}
		if w <= 0 || math.IsInf(w, 0) {
			return parse.Errorf(wat, sqlstate.InvalidParameterValue, "the weight of a class must be positive, not %s", wat.Text)
		}
		t.classes.weights = append(t.classes.weights, classWeight{c, w})
		return nil
	})
}

// readSplit reads RANDOM f | STRATIFIED f | BY TIME c HOLDOUT {f | interval} [GAP interval] |
// BY GROUP c f | BY COLUMN c | NONE; a share that isn't given is 0.2.
func (t *trainModel) readSplit(p *parse.Parser) error {
	s := &split{fraction: defaultFraction, span: here(p)}
	t.split = s
	w, err := oneOf(p, "random", "stratified", "by", "none")
	switch {
	case err != nil:
		return err
	case w == "none":
		s.kind, s.fraction = w, 0
		return nil
	case w != "by":
		s.kind = w
		return s.readFraction(p)
	}
	if s.kind, err = oneOf(p, "time", "group", "column"); err != nil {
		return err
	}
	n, err := p.Name("a column of the query")
	if err != nil {
		return err
	}
	s.column = &n
	switch s.kind {
	case "group":
		return s.readFraction(p)
	case "time":
		return s.readTime(p)
	}
	s.fraction = 0
	return nil
}

func (s *split) readFraction(p *parse.Parser) error {
	if !p.AtLiteral() {
		return nil
	}
	f, _, err := fraction(p)
	s.fraction = f
	return err
}

func (s *split) readTime(p *parse.Parser) error {
	if p.AcceptWord("holdout") {
		m := p.Mark()
		f, at, err := p.Float("a share of the rows or an interval")
		percent := err == nil && p.AcceptMark("%")
		switch {
		case err == nil && (percent || !p.Peek().IsIdent() || !isUnit(p)):
			if percent {
				f /= 100
			}
			if err := checkFraction(f, at); err != nil {
				return err
			}
			s.fraction = f
		case err != nil && !p.Peek().IsString() && !p.Is("interval"):
			return err
		default:
			p.Reset(m)
			iv, _, err := length(p, "the holdout", false)
			if err != nil {
				return err
			}
			s.holdout, s.fraction = &iv, 0
		}
	}
	gap, err := readGap(p)
	s.gap = gap
	return err
}

// isUnit reports whether the next word can't begin a clause and so must be a number's unit.
func isUnit(p *parse.Parser) bool {
	w := p.PeekWord()
	for _, c := range clauseStops {
		if w == c {
			return false
		}
	}
	return w != "gap"
}

func readGap(p *parse.Parser) (*types.IntervalValue, error) {
	if !p.AcceptWord("gap") {
		return nil, nil
	}
	iv, _, err := length(p, "the gap", true)
	return &iv, err
}

// readFolds reads k FOLDS [STRATIFIED | BY GROUP c | BY TIME c [GAP interval]].
func (t *trainModel) readFolds(p *parse.Parser) error {
	f := &folds{span: here(p)}
	t.folds = f
	n, _, err := count(p, "number of folds", 2, maxFolds)
	if err != nil {
		return err
	}
	f.k = int(n)
	if err := p.ExpectWord("folds"); err != nil {
		return err
	}
	if p.AcceptWord("stratified") {
		f.kind = "stratified"
		return nil
	}
	if !p.AcceptWord("by") {
		return nil
	}
	if f.kind, err = oneOf(p, "group", "time"); err != nil {
		return err
	}
	c, err := p.Name("a column of the query")
	if err != nil {
		return err
	}
	f.column = &c
	if f.kind == "time" {
		f.gap, err = readGap(p)
	}
	return err
}
