package model

import (
	"context"
	"fmt"

	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func rollbackKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "ROLLBACK MODEL", Leads: [][]string{{"rollback", "model"}}, Parse: stmt.Reader(parseRollback),
		Call: "eider.rollback", FromCall: fromCall(func(t *twin) error {
			t.write("ROLLBACK MODEL ")
			return first(t.model(), t.name("alias", " ALIAS "), t.number("version", " TO ", ""))
		}, parseRollback),
		Doc: stmt.Doc{
			Summary: "Takes the last deployment of a model back.",
			Syntax:  "ROLLBACK MODEL name[@alias] [ALIAS alias] [TO version]",
			Notes: "Deployments of an alias are a stack: ROLLBACK MODEL returns to the version before, a second one to the version before that; it never goes back and forth. " +
				"`TO version` goes back further at once. At the bottom, and for a version that was never deployed there, it fails (55000). It needs the privilege DEPLOY.\n\n" +
				"Returns `model, alias, version, previous`: the version that is in force now, and the one that was.",
			Examples: []stmt.Example{
				{Setup: exampleModel + "; " + exampleAgain + "; DEPLOY MODEL rent@2", SQL: "ROLLBACK MODEL rent", Want: "rent\tdefault\t1\t2"},
				{SQL: "ROLLBACK MODEL rent", Code: "55000"},
			},
		},
	}
}

// rollback is ROLLBACK MODEL as it was written.
type rollback struct {
	model parse.ModelRef
	alias word
	// to is the version to go back to, 0 for the one before.
	to     int64
	toSpan parse.Span
}

func parseRollback(p *parse.Parser) (*rollback, error) {
	if err := p.ExpectWords("rollback", "model"); err != nil {
		return nil, err
	}
	r := &rollback{}
	var err error
	if r.model, err = p.ModelRef(); err != nil {
		return nil, err
	}
	if r.model.Version != 0 {
		return nil, parse.Errorf(r.model.Span, sqlstate.SyntaxError, "ROLLBACK MODEL takes a model or an alias, not a version").
			WithHint("ROLLBACK MODEL %s TO %d;", r.model.Name.Span.Text, r.model.Version)
	}
	if r.model.Alias != "" {
		r.alias = word{lex.Fold(r.model.Alias), r.model.Span}
	}
	if r.alias.text == "" && p.AcceptWord("alias") {
		if r.alias, err = alias(p); err != nil {
			return nil, err
		}
	}
	if p.AcceptWord("to") {
		if r.to, r.toSpan, err = readVersion(p); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// deployment is an entry of an alias's stack.
type deployment struct{ number, version int64 }

func (r *rollback) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	m, stack, to, err := r.check(ctx, s)
	if err != nil {
		return nil, err
	}
	return &stmt.Plan{
		Columns: result(deployColumns),
		Explain: []string{fmt.Sprintf("Return %s from version %d to version %d", predict.AliasName(m.key, r.name()), stack[0].version, stack[to].version)},
		Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
			m, stack, to, err := r.check(ctx, s)
			if err != nil {
				return nil, err
			}
			now, back := stack[0], stack[to]
			_, err = s.Exec(ctx, `UPDATE eider.deployment_store SET undone_at = now() WHERE model = $1 AND alias = $2 AND number > $3 AND undone_at IS NULL`,
				m.key, r.name(), back.number)
			if err != nil {
				return nil, err
			}
			v, err := m.version(ctx, s, back.version)
			if err != nil {
				return nil, err
			}
			if v == nil {
				return nil, m.noVersion(ctx, s, back.version, r.model.Span)
			}
			if err := m.point(ctx, s, v, r.name(), now.version, r.model.Span); err != nil {
				return nil, err
			}
			return &stmt.Result{Rows: [][]any{{m.key, r.name(), back.version, now.version}}}, nil
		},
	}, nil
}

func (r *rollback) name() string {
	if r.alias.text == "" {
		return predict.DefaultAlias
	}
	return r.alias.text
}

// check returns the alias's stack, the newest entry first, and the index of the entry to return to.
func (r *rollback) check(ctx context.Context, s Session) (*model, []deployment, int, error) {
	m, err := find(ctx, s, r.model.Name)
	if err != nil {
		return nil, nil, 0, err
	}
	if err := s.Require(ctx, m.key, "DEPLOY"); err != nil {
		return nil, nil, 0, err
	}
	rows, err := s.Query(ctx, `SELECT number::BIGINT, version::BIGINT FROM eider.deployment_store WHERE model = $1 AND alias = $2 AND undone_at IS NULL
		ORDER BY number DESC`, m.key, r.name())
	if err != nil {
		return nil, nil, 0, err
	}
	if len(rows) == 0 {
		aliases, err := deployed(ctx, s, m.key)
		if err != nil {
			return nil, nil, 0, err
		}
		return nil, nil, 0, noAlias(r.model, m, r.name(), aliases)
	}
	stack := make([]deployment, len(rows))
	for i, row := range rows {
		stack[i] = deployment{whole(row[0]), whole(row[1])}
	}
	for i, d := range stack {
		if r.to != 0 && d.version == r.to && i > 0 || r.to == 0 && d.version != stack[0].version {
			return m, stack, i, nil
		}
	}
	name := predict.AliasName(m.key, r.name())
	if r.to == 0 {
		return nil, nil, 0, parse.Errorf(r.model.Span, sqlstate.ObjectNotInPrerequisiteState, "%s has no deployment before version %d", name, stack[0].version).
			WithHint("DEPLOY MODEL %s@…; chooses any version.", quoteKey(m.key))
	}
	if r.to == stack[0].version {
		return nil, nil, 0, parse.Errorf(r.toSpan, sqlstate.ObjectNotInPrerequisiteState, "%s means version %d already", name, r.to)
	}
	return nil, nil, 0, parse.Errorf(r.toSpan, sqlstate.ObjectNotInPrerequisiteState, "version %d was never deployed as %s, or that was taken back", r.to, name).
		WithHint("DEPLOY MODEL %s;", refText(m.key, r.to))
}
