package model

import (
	"slices"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// candidate is an algorithm of USING with the parameters that were given.
type candidate struct {
	name   word
	params parse.Options
}

// tuning is TUNE with what belongs to it.
type tuning struct {
	params    []tuned
	span      parse.Span
	strategy  word
	trials    int
	timeLimit *types.IntervalValue
}

// tuned is a parameter's space: choices, or a range.
type tuned struct {
	// algorithm is empty where the parameter is every candidate's that has it.
	algorithm string
	name      word
	// choices is set for CHOICE; low, high and log are RANGE's.
	choices   []any
	low, high any
	log       bool
	isRange   bool
}

// readUsing reads algorithm [(parameters)] [, …].
func (t *trainModel) readUsing(p *parse.Parser) error {
	for {
		n, err := p.QualifiedName("an algorithm")
		if err != nil {
			return err
		}
		c := candidate{name: word{lex.Fold(n.Span.Text), n.Span}}
		if slices.ContainsFunc(t.candidates, func(o candidate) bool { return o.name.text == c.name.text && len(o.params) == 0 }) {
			return parse.Errorf(n.Span, sqlstate.SyntaxError, "algorithm %s is named twice", c.name.text)
		}
		if p.IsMark("(") {
			if c.params, err = p.OptionList(); err != nil {
				return err
			}
		}
		t.candidates = append(t.candidates, c)
		if !p.AcceptMark(",") {
			return nil
		}
	}
}

func (t *trainModel) readTune(p *parse.Parser) error {
	t.tune = &tuning{span: here(p)}
	if err := p.Parens(func() error { return t.tune.readParam(p) }); err != nil {
		return err
	}
	for {
		switch {
		case t.tune.strategy.text == "" && p.AcceptWord("strategy"):
			at := here(p)
			w, err := oneOf(p, "grid", "random", "tpe")
			if err != nil {
				return err
			}
			t.tune.strategy = word{w, at}
		case t.tune.trials == 0 && p.AcceptWord("trials"):
			n, _, err := count(p, "number of trials", 1, 100_000)
			if err != nil {
				return err
			}
			t.tune.trials = int(n)
		case t.tune.timeLimit == nil && p.AcceptWords("time", "limit"):
			iv, _, err := length(p, "the time limit", false)
			if err != nil {
				return err
			}
			t.tune.timeLimit = &iv
		default:
			return nil
		}
	}
}

// readParam reads [algorithm.]parameter => RANGE(a, b [, LOG]) | CHOICE(v, …).
func (u *tuning) readParam(p *parse.Parser) error {
	n, err := p.Label("a parameter")
	if err != nil {
		return err
	}
	v := tuned{}
	if p.AcceptMark(".") {
		v.algorithm = lex.Fold(n.Text)
		if n, err = p.Label("a parameter"); err != nil {
			return err
		}
	}
	v.name = word{lex.Fold(n.Text), n.Span}
	for _, o := range u.params {
		if o.name.text == v.name.text && o.algorithm == v.algorithm {
			return parse.Errorf(n.Span, sqlstate.SyntaxError, "parameter %s is tuned twice", v.name.text)
		}
	}
	if !p.AcceptMark("=>") && !p.AcceptMark("=") {
		return p.Unexpected()
	}
	switch {
	case p.AcceptWord("range"):
		err = v.readRange(p)
	case p.AcceptWord("choice"):
		err = p.Parens(func() error {
			c, _, err := constant(p)
			v.choices = append(v.choices, c)
			return err
		})
	default:
		err = p.Unexpected()
	}
	u.params = append(u.params, v)
	return err
}

// constant reads a literal or a bare word.
func constant(p *parse.Parser) (any, parse.Span, error) {
	if p.AtLiteral() || !p.Peek().IsIdent() {
		return p.Literal()
	}
	n, err := p.Label("a value")
	return n.Text, n.Span, err
}

func (v *tuned) readRange(p *parse.Parser) error {
	v.isRange = true
	if err := p.ExpectMark("("); err != nil {
		return err
	}
	low, lowAt, err := number(p, "the least value")
	if err != nil {
		return err
	}
	if err := p.ExpectMark(","); err != nil {
		return err
	}
	high, highAt, err := number(p, "the greatest value")
	if err != nil {
		return err
	}
	if p.AcceptMark(",") {
		if err := p.ExpectWord("log"); err != nil {
			return err
		}
		v.log = true
	}
	v.low, v.high = low, high
	switch {
	case value(low) >= value(high):
		return parse.Errorf(highAt, sqlstate.InvalidParameterValue, "the range of %s is empty: %s isn't less than %s", v.name.text, lowAt.Text, highAt.Text)
	case v.log && value(low) <= 0:
		return parse.Errorf(lowAt, sqlstate.InvalidParameterValue, "a logarithmic range must start above 0, not at %s", lowAt.Text)
	}
	return p.ExpectMark(")")
}

// number reads an int64 or a float64.
func number(p *parse.Parser, what string) (any, parse.Span, error) {
	m := p.Mark()
	f, at, err := p.Float(what)
	if err != nil {
		return nil, at, err
	}
	after := p.Mark()
	p.Reset(m)
	v, _, err := p.Literal()
	if _, whole := v.(int64); err != nil || !whole {
		v = f
	}
	p.Reset(after)
	return v, at, nil
}

// value is a number of number's as float64.
func value(v any) float64 {
	if n, ok := v.(int64); ok {
		return float64(n)
	}
	f, _ := v.(float64)
	return f
}

func (t *trainModel) readOptimize(p *parse.Parser) error {
	n, err := p.Label("a metric")
	if err != nil {
		return err
	}
	t.optimize = &word{lex.Fold(n.Text), n.Span}
	return nil
}
