package engine

import (
	"context"

	"github.com/eiderdb/eider/engine/point"
	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt/feature"
)

var (
	_ feature.Session = statementSession{}
	_ point.Env       = (*ruleEnv)(nil)
)

// Define implements feature.Session: it runs a definition through rewriter and gate, as the user.
func (v statementSession) Define(ctx context.Context, sql string) error {
	s := v.s
	stmts := s.Split(sql)
	if len(stmts) != 1 {
		return sqlstate.New(sqlstate.SyntaxError, "expected one statement")
	}
	q := query{text: sql, st: stmts[0], class: classify.Classify(sql, stmts[0])}
	op, err := s.planPlain(ctx, &q)
	if err != nil {
		return err
	}
	defer op.close()
	_, err = op.run(ctx, nil)
	return err
}

// FeatureView implements point.Env.
func (e *ruleEnv) FeatureView(n parse.QualifiedName) (*feature.View, error) {
	v, err := feature.Find(e.ctx, e.conn, e.db.name, n)
	return v, mapUnknown(err)
}

// FactsDatabase implements point.Env.
func (e *ruleEnv) FactsDatabase() string { return e.db.name }

// mapUnknown takes the position off an error that DuckDB has with a query of Eider's own.
func mapUnknown(err error) error {
	if sqlstate.Is(err, sqlstate.UndefinedObject) || sqlstate.Is(err, sqlstate.FeatureNotSupported) {
		return err
	}
	return nowhere(err)
}

// stopped is why the statement that a connection runs is to end, nil while it isn't.
func (db *DB) stopped(connection uint64) error {
	s := db.sessionOf(connection)
	if s == nil {
		return nil
	}
	s.mu.Lock()
	r := s.running
	s.mu.Unlock()
	if r == nil || r.stopped() == nil {
		return nil
	}
	return errUserCancel()
}

// sparesFeatureViews refuses what would change the view of a feature view past it: 42809.
func (s *Session) sparesFeatureViews(ctx context.Context, q *query) error {
	verb, hint := "", ""
	switch q.class.Verb {
	case classify.Drop:
		verb, hint = "drop", "Use DROP FEATURE VIEW."
	case classify.Alter:
		verb, hint = "alter", "Make another feature view, and drop this one."
	case classify.Create:
		verb, hint = "replace", "Use CREATE OR REPLACE FEATURE VIEW."
	default:
		return nil
	}
	p := parse.New(q.text, q.st)
	p.Next()
	if verb == "replace" && !p.AcceptWords("or", "replace") || !p.AcceptWord("view") && !(verb == "alter" && p.AcceptWord("table")) {
		return nil
	}
	p.AcceptWords("if", "exists")
	for {
		n, err := p.QualifiedName("a view")
		if err != nil {
			return nil // DuckDB says what is wrong
		}
		if len(n.Parts) == 3 && !lex.EqualFold(n.Parts[0].Text, s.db.name) {
			return nil
		}
		if err := s.free(ctx); err != nil {
			return err
		}
		v, err := feature.Load(ctx, s.conn, s.db.name, n)
		if err != nil {
			return nowhere(err)
		}
		if v != nil {
			return parse.Errorf(n.Span, sqlstate.WrongObjectType, "cannot %s %s: it is a feature view", verb, v.Key()).WithHint("%s", hint)
		}
		if verb != "drop" || !p.AcceptMark(",") {
			return nil
		}
	}
}
