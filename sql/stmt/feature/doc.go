// Package feature has the statements about feature views: CREATE, DROP, SHOW and DESCRIBE
// FEATURE VIEW. A feature view is a view of the user's schema that holds its query, so that
// grants, owners and \d work on it as on any, and a row of eider.feature_view_store that says
// what POINT IN TIME JOIN needs beyond it. The join itself is lowered by the engine.
package feature

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/sql/types"
)

// Session is what these statements need of a session beyond stmt.Session; the engine's is one.
type Session interface {
	stmt.Session
	// Define runs a definition of the user's (CREATE VIEW, DROP VIEW …) as the user, in the
	// session's transaction. Positions in errors are in sql.
	Define(ctx context.Context, sql string) error
}

// All returns the family's statements.
func All() []*stmt.Kind {
	return []*stmt.Kind{createKind(), dropKind(), showKind(), describeKind()}
}

func session(s stmt.Session) (Session, error) {
	f, ok := s.(Session)
	if !ok {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "this session has no feature views")
	}
	return f, nil
}

// result describes columns that are texts, but for those with a type of their own.
func result(spec string) []types.Column {
	known := map[string]*types.Type{"BOOLEAN": types.Of(types.Boolean), "INTERVAL": types.Of(types.Interval), "TIMESTAMPTZ": types.Of(types.TimestampTZ),
		"VARCHAR[]": {ID: types.List, Child: types.Of(types.Varchar)}}
	var out []types.Column
	for _, c := range strings.Split(spec, ", ") {
		name, typ, _ := strings.Cut(c, " ")
		t := known[typ]
		if t == nil {
			t = types.Of(types.Varchar)
		}
		out = append(out, types.Column{Name: name, Type: t})
	}
	return out
}

// shifted moves an error's position: offset 0 of the text in which it happened is at.
func shifted(err error, before, at, length int) error {
	if err == nil {
		return nil
	}
	e := *sqlstate.From(err)
	if e.Position > 0 {
		e.At(at + min(max(e.Position-1-before, 0), length))
	}
	return &e
}

// text is a value of a row; NULL is "".
func text(v any) string {
	s, _ := v.(string)
	return s
}

func texts(v any) []string {
	l, _ := v.([]any)
	out := make([]string, len(l))
	for i, e := range l {
		out[i] = text(e)
	}
	return out
}

func anys(l []string) []any {
	out := make([]any, len(l))
	for i, s := range l {
		out[i] = s
	}
	return out
}

// nullable is NULL for an empty text.
func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// ident writes a name, in quotes only where it needs them.
func ident(name string) string {
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return lex.QuoteIdent(name)
		}
	}
	if name == "" || parse.Reserved(name) {
		return lex.QuoteIdent(name)
	}
	return name
}
