package model

import (
	"context"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

// experiment is a statement about experiments, for which there is room only.
type experiment struct{ span parse.Span }

func (e *experiment) Plan(context.Context, stmt.Session) (*stmt.Plan, error) {
	return nil, later(e.span, "EXPERIMENT").WithHint("Deploy the versions to aliases and choose between them in the query.")
}

func experimentKind(name, verb string) *stmt.Kind {
	return &stmt.Kind{
		Name: name, Leads: [][]string{{verb, "experiment"}}, Recognise: atModelName(2),
		Parse: stmt.Reader(func(p *parse.Parser) (*experiment, error) {
			p.Next()
			at := here(p)
			p.Next()
			if _, err := p.QualifiedName("an experiment's name"); err != nil {
				return nil, err
			}
			if !p.Eof() {
				if _, err := p.Rest("a clause"); err != nil {
					return nil, err
				}
			}
			return &experiment{at}, nil
		}),
		Doc: stmt.Doc{
			Summary:  "Reserved for experiments between versions of a model; it fails with 0A000.",
			Syntax:   name + " name …",
			Examples: []stmt.Example{{SQL: name + " autumn", Code: string(sqlstate.FeatureNotSupported)}},
		},
	}
}
