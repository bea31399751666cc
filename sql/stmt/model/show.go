package model

import (
	"context"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func showKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "SHOW MODELS", Leads: [][]string{{"show", "models"}}, Recognise: atShowModels, Parse: stmt.Reader(parseShow),
		Call: "eider.show_models", FromCall: fromCall(func(t *twin) error {
			t.write("SHOW MODELS")
			return t.literal("like", " LIKE ", "")
		}, parseShow),
		Doc: stmt.Doc{
			Summary: "Lists the models that the role owns or was granted something on.",
			Syntax:  "SHOW MODELS [LIKE 'pattern']",
			Notes: "The pattern is LIKE's, without regard to case. Returns `model, task, algorithm, target, deployed, latest, owner, trained_at`; the view `eider.models` has more.\n\n" +
				"Where a table or view named `models` is found, SHOW MODELS without LIKE describes that, as DuckDB does.",
			Examples: []stmt.Example{
				{Setup: exampleModel, SQL: "SHOW MODELS LIKE 'churn%'"},
				{SQL: "SELECT model, task, algorithm, target, deployed FROM eider.models", Want: "rent\tregression\tlinear\trent\t1"},
			},
		},
	}
}

// show is SHOW MODELS as it was written.
type show struct {
	// like is the pattern, if there is one.
	like *string
}

// atShowModels tells SHOW MODELS from SHOW of a table whose name begins like that.
func atShowModels(p *parse.Parser) bool {
	p.Next()
	p.Next()
	return p.Eof() || p.Is("like")
}

func parseShow(p *parse.Parser) (*show, error) {
	if err := p.ExpectWords("show", "models"); err != nil {
		return nil, err
	}
	like, err := p.AcceptLike()
	return &show{like: like}, err
}

const showQuery = `SELECT model, task, algorithm, target, deployed::BIGINT AS deployed, latest::BIGINT AS latest, owner, trained_at FROM eider.models`

func (w *show) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	const theirs = "DESCRIBE models"
	if w.like == nil {
		columns, err := s.Describe(ctx, theirs)
		if err == nil {
			return &stmt.Plan{Tag: "DESCRIBE", Columns: columns, ReadOnly: true, Explain: []string{"Describe the table models"},
				Exec: func(context.Context, stmt.Session) (*stmt.Result, error) { return &stmt.Result{Query: theirs}, nil }}, nil
		}
		if !sqlstate.Is(err, sqlstate.UndefinedTable) {
			return nil, sqlstate.From(err)
		}
	}
	return &stmt.Plan{
		ReadOnly: true, Tag: "SHOW", Explain: []string{"List the models"},
		Columns: result("model VARCHAR, task VARCHAR, algorithm VARCHAR, target VARCHAR, deployed BIGINT, latest BIGINT, owner VARCHAR, trained_at TIMESTAMPTZ"),
		Exec: func(context.Context, stmt.Session) (*stmt.Result, error) {
			query := showQuery
			if w.like != nil {
				query += " WHERE model ILIKE " + lex.QuoteLiteral(*w.like)
			}
			return &stmt.Result{Query: query + " ORDER BY model"}, nil
		},
	}, nil
}
