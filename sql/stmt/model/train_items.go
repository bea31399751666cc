package model

import (
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// item is an entry of TRANSFORM.
type item struct {
	// expr is the item without its name.
	expr parse.Span
	// name is what AS gives, or the column that the item is; nil for a fitted function
	// without AS and for a star.
	name *parse.Name
	// fitted is set for f(args) OVER ().
	fitted *fitted
	// star is * with the columns that EXCLUDE takes out.
	star    bool
	exclude []parse.Name
}

// fitted is a function that is fitted in training.
type fitted struct {
	name   word
	args   []parse.Span
	params parse.Options
}

func (t *train) readTransform(p *parse.Parser) error {
	return p.Parens(func() error {
		it, err := readItem(p)
		t.items = append(t.items, it)
		return err
	})
}

func readItem(p *parse.Parser) (item, error) {
	if p.IsMark("*") {
		return readStar(p)
	}
	m := p.Mark()
	expr, err := p.ExprUntil("as")
	if err != nil {
		return item{}, err
	}
	it := item{expr: expr}
	after := p.Mark()
	p.Reset(m)
	if it.fitted, err = readFitted(p, expr); err != nil {
		return it, err
	}
	column := it.fitted == nil && p.Peek().IsIdent() && p.Peek().End == expr.End
	if column {
		n, err := p.Name("a column of the query")
		if err != nil {
			return it, err
		}
		it.name = &n
	}
	p.Reset(after)
	if p.AcceptWord("as") {
		n, err := p.Name("a feature's name")
		if err != nil {
			return it, err
		}
		it.name = &n
	}
	if it.name == nil && it.fitted == nil {
		return it, parse.Errorf(expr, sqlstate.SyntaxError, "an expression in TRANSFORM needs a name").
			WithHint("Write %s AS name.", expr.Text)
	}
	return it, nil
}

func readStar(p *parse.Parser) (item, error) {
	start := p.Next()
	it := item{star: true, expr: p.Between(start.Start, start.End)}
	if !p.AcceptWord("exclude") {
		return it, nil
	}
	if !p.IsMark("(") {
		n, err := p.Name("a column of the query")
		it.exclude = []parse.Name{n}
		return it, err
	}
	var err error
	it.exclude, err = names(p, "a column of the query")
	return it, err
}

// readFitted reads f(args) OVER () if that is what the expression is, and is nil otherwise.
func readFitted(p *parse.Parser, expr parse.Span) (*fitted, error) {
	n := callEnd(p)
	over := p.PeekN(n)
	if n == 0 || over.Start >= expr.End || p.Text(over) == "" || !lex.EqualFold(p.Text(over), "over") {
		return nil, nil
	}
	name := p.Next()
	f := &fitted{name: word{lex.Fold(p.Text(name)), p.Between(name.Start, name.End)}}
	p.Next()
	if err := f.readArgs(p); err != nil {
		return nil, err
	}
	p.Next()
	open := p.Peek()
	if !p.AcceptMark("(") || !p.AcceptMark(")") {
		return nil, sqlstate.Newf(sqlstate.WindowingError, "%s is fitted on all training rows: its OVER must be empty", f.name.text).At(open.Start).
			WithHint("Write %s(…) OVER ().", f.name.text)
	}
	if p.PeekN(-1).End != expr.End {
		return nil, parse.Errorf(expr, sqlstate.SyntaxError, "a fitted function must be a whole item of TRANSFORM").
			WithHint("Write %s(…) OVER () AS name; what is computed before it goes into its arguments, or into the query.", f.name.text)
	}
	return f, nil
}

// callEnd returns how many tokens ahead a function call that starts here has ended, 0 if none starts here.
func callEnd(p *parse.Parser) int {
	if !p.Peek().IsIdent() || p.Text(p.PeekN(1)) != "(" {
		return 0
	}
	depth := 0
	for n := 1; ; n++ {
		switch p.Text(p.PeekN(n)) {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth--
		case "":
			return 0
		}
		if depth == 0 {
			return n + 1
		}
	}
}

// readArgs reads the arguments after the opening parenthesis: expressions, and name => constant.
func (f *fitted) readArgs(p *parse.Parser) error {
	for first := true; !p.AcceptMark(")"); first = false {
		if !first {
			if err := p.ExpectMark(","); err != nil {
				return err
			}
		}
		if next := p.Text(p.PeekN(1)); p.Peek().IsIdent() && (next == "=>" || next == ":=") {
			if err := f.readParam(p); err != nil {
				return err
			}
			continue
		}
		e, err := p.ExprUntil()
		if err != nil {
			return err
		}
		f.args = append(f.args, e)
	}
	return nil
}

func (f *fitted) readParam(p *parse.Parser) error {
	n, err := p.Label("a parameter")
	if err != nil {
		return err
	}
	p.Next()
	o := parse.Option{Name: lex.Fold(n.Text)}
	if o.Value, o.ValueSpan, err = constant(p); err != nil {
		return err
	}
	o.Span = p.Between(n.Span.Start, o.ValueSpan.End)
	if _, twice := f.params.Lookup(o.Name); twice {
		return parse.Errorf(n.Span, sqlstate.SyntaxError, "parameter %q is given twice", o.Name)
	}
	f.params = append(f.params, o)
	return nil
}
