package parse

import (
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// CallArg is an argument of a CALL twin: name => literal.
type CallArg struct {
	// Name is in lower case, empty for a positional argument.
	Name string
	// Value is a literal, see Parser.Literal.
	Value any
	// Span is the value's, so that errors point at it.
	Span Span
}

// Call reads CALL name(argument, …) to its end. Arguments are literals; named ones
// (name => v or name := v) follow the positional ones, each name once.
func (p *Parser) Call() (QualifiedName, []CallArg, error) {
	if err := p.ExpectWord("call"); err != nil {
		return QualifiedName{}, nil, err
	}
	name, err := p.QualifiedName("a procedure name")
	if err != nil {
		return name, nil, err
	}
	args, err := p.Arguments()
	if err != nil {
		return name, nil, err
	}
	return name, args, p.ExpectEof()
}

// Arguments reads (argument, …) as Call does.
func (p *Parser) Arguments() ([]CallArg, error) {
	if err := p.ExpectMark("("); err != nil {
		return nil, err
	}
	var args []CallArg
	for !p.AcceptMark(")") {
		if len(args) > 0 {
			if err := p.ExpectMark(","); err != nil {
				return nil, err
			}
		}
		arg, err := p.callArg(args)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	return args, nil
}

func (p *Parser) callArg(before []CallArg) (CallArg, error) {
	var arg CallArg
	if next := p.PeekN(1); p.Peek().IsIdent() && (next.Is(p.src, "=>") || next.Is(p.src, ":=")) {
		n, err := p.Label("an argument name")
		if err != nil {
			return arg, err
		}
		arg.Name = lex.Fold(n.Text)
		for _, b := range before {
			if b.Name == arg.Name {
				return arg, Errorf(n.Span, sqlstate.SyntaxError, "argument name %q used more than once", arg.Name)
			}
		}
		p.pos++
	} else if len(before) > 0 && before[len(before)-1].Name != "" {
		return arg, sqlstate.New(sqlstate.SyntaxError, "positional argument cannot follow named argument").At(p.Peek().Start)
	}
	var err error
	arg.Value, arg.Span, err = p.Literal()
	return arg, err
}
