// Package source has the statements about sources: CREATE, ALTER, REFRESH, START, STOP, DROP, SHOW
// and DESCRIBE SOURCE. A source is a table of the user's schema, so that grants, owners and \d work
// on it as on any, a table of what was rejected beside it, and a row of eider.source_store with a
// Spec: what to read and how. Reading is the engine's, by the drivers of storage/source.
package source

import (
	"context"
	"time"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/source"
)

// Session is what these statements need of a session beyond stmt.Session; the engine's is one.
type Session interface {
	stmt.Session
	// Define runs a definition of the user's (CREATE TABLE, DROP TABLE …) as the user, in the
	// session's transaction. Positions in errors are in sql.
	Define(ctx context.Context, sql string) error
	// InferSource finds the columns of what the spec names, nil where nothing is there yet.
	InferSource(ctx context.Context, spec *Spec) (*source.Schema, error)
	// RefreshSource reads what is new, up to the present end.
	RefreshSource(ctx context.Context, s *Stored) (*Outcome, error)
	// FollowSource starts to keep a source up to date, or stops it, once the transaction commits.
	FollowSource(ctx context.Context, s *Stored, follow bool) error
	// RecordSource records where the source's columns come from, in the lineage.
	RecordSource(ctx context.Context, s *Stored) error
}

// Outcome is what a refresh did.
type Outcome struct {
	Batches, Rows, Rejects, Units int64
	Duration                      time.Duration
	// State is "complete", or "empty" where there was nothing new.
	State string
}

// family is what the statements have in common: the drivers.
type family struct{ drivers []*source.Driver }

// All returns the family's statements.
func All(drivers []*source.Driver) []*stmt.Kind {
	f := &family{drivers}
	return []*stmt.Kind{f.createKind(), f.alterKind(), f.refreshKind(), f.startKind(), f.stopKind(), f.dropKind(), showKind(), f.describeKind(), f.showCreateKind()}
}

// driver finds a driver by name, nil if there is none.
func (f *family) driver(name string) *source.Driver {
	for _, d := range f.drivers {
		if lex.EqualFold(d.Name, name) {
			return d
		}
	}
	return nil
}

func session(s stmt.Session) (Session, error) {
	f, ok := s.(Session)
	if !ok {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "this session has no sources")
	}
	return f, nil
}

// result describes columns: "source VARCHAR, rows BIGINT".
func result(columns ...string) []types.Column {
	out := make([]types.Column, 0, len(columns)/2)
	for i := 0; i+1 < len(columns); i += 2 {
		t := types.Named(columns[i+1])
		if t == nil && columns[i+1] == "TIMESTAMPTZ" {
			t = types.Of(types.TimestampTZ)
		}
		out = append(out, types.Column{Name: columns[i], Type: t})
	}
	return out
}

// text is a value of a row; NULL is "".
func text(v any) string {
	s, _ := v.(string)
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

// here moves an error to a place in the user's text.
func here(err error, at int) error {
	if err == nil {
		return nil
	}
	moved := *sqlstate.From(err)
	return moved.At(at)
}
