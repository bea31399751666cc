package stmt

import (
	"context"

	"github.com/eiderdb/eider/sql/parse"
)

// Reader makes a Kind's Parse of a family's own parser.
func Reader[S Statement](read func(p *parse.Parser) (S, error)) func(p *parse.Parser) (Statement, error) {
	return func(p *parse.Parser) (Statement, error) {
		s, err := read(p)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

// Relocated is a statement that was parsed from a text which a CALL twin wrote: back moves the
// errors of its plan and execution to the arguments that the text came from.
func Relocated(s Statement, back func(error) error) Statement { return relocated{s, back} }

type relocated struct {
	Statement
	back func(error) error
}

func (r relocated) Plan(ctx context.Context, s Session) (*Plan, error) {
	plan, err := r.Statement.Plan(ctx, s)
	if err != nil {
		return nil, r.back(err)
	}
	exec := plan.Exec
	plan.Exec = func(ctx context.Context, s Session) (*Result, error) {
		res, err := exec(ctx, s)
		if err != nil {
			return nil, r.back(err)
		}
		return res, nil
	}
	return plan, nil
}
