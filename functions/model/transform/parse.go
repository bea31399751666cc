package transform

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// ParseItems reads the list of TRANSFORM: ( item [, …] ), where item is an expression [AS name], * [EXCLUDE (column, …)], or
// f(input [, constant …] [, name => constant …]) OVER () [AS name] of a fitted function f, whose input is an expression or
// another fitted function's call.
func ParseItems(p *parse.Parser) ([]ItemSpec, error) {
	var out []ItemSpec
	err := p.Parens(func() error {
		item, err := parseItem(p)
		out = append(out, item)
		return err
	})
	return out, err
}

func parseItem(p *parse.Parser) (ItemSpec, error) {
	item := ItemSpec{Pos: p.Peek().Start}
	var err error
	switch {
	case p.IsMark("*"):
		return parseStar(p)
	case atCall(p):
		if item, err = parseCall(p); err != nil {
			return item, err
		}
		if !p.Is("over") {
			return item, sqlstate.Newf(sqlstate.SyntaxError, "the fitted function %s needs OVER ()", item.Func).At(p.Peek().Start).
				WithHint("Write %s(…) OVER () AS name as an item of its own, not within an expression.", item.Func)
		}
		if err = parseOver(p); err != nil {
			return item, err
		}
	default:
		e, err := p.ExprUntil("as")
		if err != nil {
			return item, err
		}
		item.SQL = e.Text
	}
	if p.AcceptWord("as") {
		n, err := p.Label("a feature's name")
		if err != nil {
			return item, err
		}
		item.Name = n.Text
	}
	return item, nil
}

func parseStar(p *parse.Parser) (ItemSpec, error) {
	item := ItemSpec{Star: true, Pos: p.Next().Start}
	if _, ok := p.AcceptOneOf("exclude", "except"); !ok {
		return item, nil
	}
	one := func() error {
		n, err := p.Label("a column")
		item.Exclude = append(item.Exclude, n.Text)
		return err
	}
	if p.IsMark("(") {
		return item, p.Parens(one)
	}
	return item, one()
}

// atCall reports whether a fitted function's call begins here.
func atCall(p *parse.Parser) bool {
	t := p.Peek()
	return t.Kind == lex.Ident && p.Text(p.PeekN(1)) == "(" && IsFitted(p.Text(t))
}

// parseCall reads f(…).
func parseCall(p *parse.Parser) (ItemSpec, error) {
	name := p.Next()
	item := ItemSpec{Func: strings.ToLower(p.Text(name)), Pos: name.Start}
	err := p.Parens(func() error {
		pos := p.Peek().Start
		switch {
		case len(item.Args) == 0 && atCall(p):
			inner, err := parseCall(p)
			if err != nil {
				return err
			}
			if p.Is("over") {
				if err := parseOver(p); err != nil {
					return err
				}
			}
			item.Args = append(item.Args, Expr{Call: &inner, Pos: pos})
		case len(item.Args) == 0:
			e, err := p.ExprUntil()
			if err != nil {
				return err
			}
			item.Args = append(item.Args, Expr{SQL: e.Text, Pos: pos})
		case p.Peek().IsIdent() && namedNext(p):
			n, err := p.Label("an argument's name")
			if err != nil {
				return err
			}
			p.Next()
			v, _, err := p.Literal()
			if err != nil {
				return err
			}
			item.Params = append(item.Params, Param{Name: n.Text, Value: v, Pos: pos})
		case p.AtLiteral():
			v, at, err := p.Literal()
			if err != nil {
				return err
			}
			item.Args = append(item.Args, Expr{SQL: at.Text, Literal: true, Value: v, Pos: pos})
		default: // an error that the plan explains
			e, err := p.ExprUntil()
			if err != nil {
				return err
			}
			item.Args = append(item.Args, Expr{SQL: e.Text, Pos: pos})
		}
		return nil
	})
	return item, err
}

func namedNext(p *parse.Parser) bool {
	mark := p.Text(p.PeekN(1))
	return mark == "=>" || mark == ":="
}

// parseOver reads OVER ().
func parseOver(p *parse.Parser) error {
	if err := p.ExpectWord("over"); err != nil {
		return err
	}
	if err := p.ExpectMark("("); err != nil {
		return err
	}
	if !p.IsMark(")") {
		return sqlstate.New(sqlstate.WindowingError, "a fitted function takes OVER () with nothing in it").At(p.Peek().Start).
			WithHint("It is fitted on all training rows. Compute windows in the training query.")
	}
	return p.ExpectMark(")")
}
