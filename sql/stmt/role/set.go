package role

import (
	"context"
	"fmt"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func setRole() *stmt.Kind {
	return &stmt.Kind{
		Name:      "SET ROLE",
		Leads:     [][]string{{"set", "role"}, {"set", "session", "role"}, {"set", "local", "role"}, {"reset", "role"}},
		Recognise: notAssignment,
		Parse:     func(p *parse.Parser) (stmt.Statement, error) { return parseSet(p, false) },
		Doc: stmt.Doc{
			Summary: "Goes on as another role that the session's user is a member of.",
			Syntax:  "SET [SESSION] ROLE {name | NONE}\nRESET ROLE",
			Notes:   "A superuser may become any role, and is none until RESET ROLE.",
			Examples: []stmt.Example{
				{Setup: "CREATE ROLE bi; CREATE TABLE t (a INTEGER)", SQL: "SET ROLE bi"},
				{SQL: "SELECT * FROM t", Code: "42501"},
				{SQL: "RESET ROLE"},
				{SQL: "SELECT count(*) FROM t", Want: "0"},
			},
		},
	}
}

func setAuthorization() *stmt.Kind {
	return &stmt.Kind{
		Name:      "SET SESSION AUTHORIZATION",
		Leads:     [][]string{{"set", "session", "authorization"}, {"set", "local", "session", "authorization"}, {"reset", "session", "authorization"}},
		Recognise: notAssignment,
		Parse:     func(p *parse.Parser) (stmt.Statement, error) { return parseSet(p, true) },
		Doc: stmt.Doc{
			Summary: "Makes a superuser's session another role's.",
			Syntax:  "SET SESSION AUTHORIZATION {name | DEFAULT}\nRESET SESSION AUTHORIZATION",
			Examples: []stmt.Example{
				{Setup: "CREATE ROLE ann", SQL: "SET SESSION AUTHORIZATION ann"},
				{SQL: "SET SESSION AUTHORIZATION DEFAULT"},
			},
		},
	}
}

// notAssignment tells SET ROLE r from SET role = r, which is about the setting of that name.
func notAssignment(p *parse.Parser) bool {
	for p.Is("set") || p.Is("session") || p.Is("local") || p.Is("role") || p.Is("authorization") {
		if p.Is("role") || p.Is("authorization") {
			p.Next()
			break
		}
		p.Next()
	}
	return !p.Is("to") && !p.IsMark("=")
}

type set struct {
	authorization, reset bool
	role                 string
	span                 parse.Span
}

func parseSet(p *parse.Parser, authorization bool) (stmt.Statement, error) {
	s := &set{authorization: authorization, reset: p.Is("reset")}
	p.Next()
	if p.Is("local") {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "SET LOCAL of a role is not supported").At(p.Peek().Start).
			WithHint("SET ROLE …, and RESET ROLE when done; a ROLLBACK undoes both.")
	}
	p.AcceptWord("session")
	if !p.AcceptWord("role") {
		p.AcceptWord("authorization")
	}
	if s.reset {
		return s, nil
	}
	t := p.Peek()
	s.span = p.Between(t.Start, t.End)
	if !authorization && p.AcceptWord("none") || authorization && p.AcceptWord("default") {
		return s, nil
	}
	if t.IsString() {
		var err error
		s.role, _, err = p.Str("a role name")
		return s, err
	}
	n, err := p.Name("a role name")
	s.role = n.Text
	if !n.Quoted {
		s.role = lex.Fold(n.Text)
	}
	return s, err
}

func (st *set) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	if _, err := session(s); err != nil {
		return nil, err
	}
	tag := "SET"
	if st.reset {
		tag = "RESET"
	}
	return &stmt.Plan{Tag: tag, ReadOnly: true, Explain: []string{fmt.Sprintf("Become %q", st.role)}, Exec: func(ctx context.Context, s stmt.Session) (*stmt.Result, error) {
		r, err := session(s)
		if err != nil {
			return nil, err
		}
		before, login := s.User(), r.SessionUser()
		change := r.SetRole
		if st.authorization {
			change = r.SetSessionAuthorization
		}
		if err := change(ctx, st.role); err != nil {
			return nil, sqlstate.From(err).At(st.span.Start)
		}
		// A role set in a transaction that fails was never set.
		ctx = context.WithoutCancel(ctx)
		s.OnRollback(func() {
			if st.authorization {
				_ = r.SetSessionAuthorization(ctx, login)
			}
			if before == login {
				before = ""
			}
			_ = r.SetRole(ctx, before)
		})
		return &stmt.Result{}, nil
	}}, nil
}
