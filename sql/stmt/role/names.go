package role

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

const public = "public"

// name is a role as written: a name, or a word for one that the session knows.
type name struct {
	text string // folded unless quoted
	word string // "current_user", "session_user", "public", or empty
	span parse.Span
}

// roleName reads a role.
func roleName(p *parse.Parser) (name, error) {
	for _, w := range []string{"current_user", "current_role", "session_user"} {
		if p.Is(w) {
			t := p.Next()
			if w == "current_role" {
				w = "current_user"
			}
			return name{word: w, span: p.Between(t.Start, t.End)}, nil
		}
	}
	n, err := p.Name("a role name")
	if err != nil {
		return name{}, err
	}
	out := name{text: n.Text, span: n.Span}
	if !n.Quoted {
		out.text = lex.Fold(n.Text)
	}
	if out.text == public {
		out.word = public
	}
	return out, nil
}

// roleNames reads roles with commas between them.
func roleNames(p *parse.Parser) ([]name, error) {
	var out []name
	for {
		p.AcceptWord("group")
		n, err := roleName(p)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		if !p.AcceptMark(",") {
			return out, nil
		}
	}
}

// newName reads the name of a role to be: not a word for one, not a reserved name.
func newName(p *parse.Parser) (string, error) {
	n, err := roleName(p)
	if err != nil {
		return "", err
	}
	switch {
	case n.word != "", n.text == "none", n.text == "eider", strings.HasPrefix(n.text, "pg_"):
		return "", parse.Errorf(n.span, sqlstate.ReservedName, "role name %q is reserved", n.span.Text)
	case len(n.text) > 63:
		return "", parse.Errorf(n.span, sqlstate.InvalidName, "role name is longer than 63 bytes")
	}
	return n.text, nil
}

// resolve returns the name's role, which must exist: 42704 otherwise. PUBLIC is allowed where
// everybody may be meant.
func (n name) resolve(ctx context.Context, s Session, everybody bool) (string, error) {
	switch n.word {
	case "current_user":
		return s.User(), nil
	case "session_user":
		return s.SessionUser(), nil
	case public:
		if everybody {
			return public, nil
		}
		return "", parse.Errorf(n.span, sqlstate.UndefinedObject, "role %q does not exist", public)
	}
	found, err := exists(ctx, s, n.text)
	if err != nil {
		return "", err
	}
	if !found {
		return "", parse.Errorf(n.span, sqlstate.UndefinedObject, "role %q does not exist", n.text)
	}
	return n.text, nil
}

func resolveAll(ctx context.Context, s Session, list []name, everybody bool) ([]string, error) {
	var out []string
	for _, n := range list {
		r, err := n.resolve(ctx, s, everybody)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func exists(ctx context.Context, s stmt.Session, role string) (bool, error) {
	return some(ctx, s, `SELECT 1 FROM eider.role_store WHERE role = $1`, role)
}

// some reports whether a query has a row.
func some(ctx context.Context, s stmt.Session, sql string, args ...any) (bool, error) {
	rows, err := s.Query(ctx, sql, args...)
	return len(rows) > 0, err
}

// column returns the first column of a query.
func column(ctx context.Context, s stmt.Session, sql string, args ...any) ([]string, error) {
	rows, err := s.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(rows))
	for _, r := range rows {
		v, _ := r[0].(string)
		out = append(out, v)
	}
	return out, nil
}

// run executes the statements in order with the same arguments.
func run(ctx context.Context, s stmt.Session, args []any, statements ...string) error {
	for _, sql := range statements {
		if _, err := s.Exec(ctx, sql, args...); err != nil {
			return err
		}
	}
	return nil
}

func quoteAll(list []name) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.span.Text
	}
	return strings.Join(out, ", ")
}
