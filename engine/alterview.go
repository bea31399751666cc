package engine

import (
	"context"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// altering is ALTER TABLE. PostgreSQL lets it name a view too (dbt renames views so);
// DuckDB wants ALTER VIEW then, which is tried where DuckDB says that the object is
// no table.
type altering struct {
	action
	s *Session
	q query
}

// planAlter returns nil for what isn't ALTER TABLE.
func (s *Session) planAlter(q *query) operation {
	if toks := q.st.Tokens; q.class.Verb != classify.Alter || len(toks) < 2 || !toks[1].Word(q.text, "table") {
		return nil
	}
	return &altering{s: s, q: *q}
}

func (a *altering) run(ctx context.Context, _ []any) (*output, error) {
	var out *output
	err := a.s.within(ctx, func() (err error) {
		if actions := a.q.alterActions(); len(actions) > 1 {
			out, err = a.each(ctx, actions)
			return err
		}
		if schema, table, to, ok := a.q.renamed(); ok {
			indexes, err := a.s.indexesOf(ctx, schema, table)
			if err != nil {
				return err
			}
			if len(indexes) > 0 {
				out, err = a.renameIndexed(ctx, indexes, to)
				return err
			}
		}
		if out, err = a.attempt(ctx, &a.q); !sqlstate.Is(err, sqlstate.WrongObjectType) {
			return err
		}
		view := a.asView()
		if out, err = a.attempt(ctx, &view); err == nil {
			out.tag = a.q.class.Tag()
		}
		return err
	})
	return out, err
}

// asView is the statement with VIEW for TABLE, of the same length, so that errors'
// positions stay those of the client's text.
func (a *altering) asView() query {
	q, word := a.q, a.q.st.Tokens[1]
	q.text = a.q.text[:word.Start] + "VIEW " + a.q.text[word.End:]
	for _, st := range lex.Split(q.text) {
		if st.Start == a.q.st.Start {
			q.st = st
		}
	}
	q.class = classify.Classify(q.text, q.st)
	return q
}

func (a *altering) attempt(ctx context.Context, q *query) (*output, error) {
	op, err := a.s.planPlain(ctx, q)
	if err != nil {
		return nil, err
	}
	defer op.close()
	return op.run(ctx, nil)
}
