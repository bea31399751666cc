package feature

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// View is a feature view as it is stored.
type View struct {
	Schema, Name string
	// Entity are the columns that say what a fact is about.
	Entity []string
	// EventTime and AvailableTime are columns; the second is empty where facts are known at once.
	EventTime, AvailableTime string
	// TTL is in microseconds, 0 for none.
	TTL int64
	// Kind is the kind of its times: timestamp or timestamptz.
	Kind string
	// Columns are those of its query.
	Columns []Column
	// Windows are its aggregates; without any the join gives the newest fact.
	Windows []Window
}

// Column is a column of a feature view's query.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Window is an aggregate of a feature view.
type Window struct {
	Name      string `json:"name"`
	Aggregate string `json:"aggregate"`
	// Argument is an expression over the query's columns, empty for count(*).
	Argument string `json:"argument,omitempty"`
	// Type is the argument's type where the aggregate is one of the values.
	Type string `json:"type,omitempty"`
	// Filter is a condition on facts, empty for none.
	Filter string `json:"filter,omitempty"`
	// Micros is the window's length, Interval how it was written.
	Micros   int64  `json:"micros"`
	Interval string `json:"interval"`
	// Available tells that the window is about when facts became available.
	Available bool `json:"available,omitempty"`
}

// Key names the feature view in messages and in the text of views that join it.
func (v *View) Key() string { return v.Schema + "." + v.Name }

// Features are the columns that the join gives.
func (v *View) Features() []string {
	var out []string
	for _, w := range v.Windows {
		out = append(out, w.Name)
	}
	if out != nil {
		return out
	}
	for _, c := range v.Columns {
		if !v.IsEntity(c.Name) {
			out = append(out, c.Name)
		}
	}
	return out
}

// IsEntity tells whether a column is one of the entity's.
func (v *View) IsEntity(name string) bool {
	for _, k := range v.Entity {
		if lex.EqualFold(k, name) {
			return true
		}
	}
	return false
}

// Querier runs DuckDB SQL and returns all rows.
type Querier interface {
	QueryRows(ctx context.Context, sql string, args ...any) ([][]any, error)
}

// loadSQL finds the feature views of a name, those nearest on the search path first.
const loadSQL = `SELECT f.schema_name, f.name, f.entity, f.event_time, f.available_time, f.ttl, f.kind, f.columns, f.windows
	FROM eider.feature_view_store f
	WHERE lower(f.name) = lower($1) AND ($2 = '' OR lower(f.schema_name) = lower($2))
	AND EXISTS (SELECT 1 FROM duckdb_views() v WHERE v.database_name = $3 AND v.schema_name = f.schema_name AND v.view_name = f.name)
	ORDER BY coalesce(list_position(current_schemas(false), f.schema_name), 1000), f.schema_name`

// Load finds a feature view, nil if there is none. Without a schema the search path decides.
func Load(ctx context.Context, q Querier, database string, n parse.QualifiedName) (*View, error) {
	schema := ""
	switch parts := n.Parts; len(parts) {
	case 3:
		if !lex.EqualFold(parts[0].Text, database) {
			return nil, parse.Errorf(n.Span, sqlstate.FeatureNotSupported, "feature view %s is in another database than %s", n.Span.Text, database)
		}
		schema = parts[1].Text
	case 2:
		schema = parts[0].Text
	}
	if lex.EqualFold(schema, "public") {
		schema = "main"
	}
	rows, err := q.QueryRows(ctx, loadSQL, n.Last(), schema, database)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	r := rows[0]
	v := &View{Schema: text(r[0]), Name: text(r[1]), Entity: texts(r[2]), EventTime: text(r[3]), AvailableTime: text(r[4]), Kind: text(r[6])}
	v.TTL, _ = r[5].(int64)
	if err := json.Unmarshal([]byte(text(r[7])), &v.Columns); err != nil {
		return nil, fmt.Errorf("read the columns of feature view %s: %w", v.Key(), err)
	}
	if err := json.Unmarshal([]byte(text(r[8])), &v.Windows); err != nil {
		return nil, fmt.Errorf("read the windows of feature view %s: %w", v.Key(), err)
	}
	return v, nil
}

// Find is Load for a feature view that must exist: 42704 with the closest name as hint, 42809 for
// a relation that is none.
func Find(ctx context.Context, q Querier, database string, n parse.QualifiedName) (*View, error) {
	v, err := Load(ctx, q, database, n)
	if err != nil || v != nil {
		return v, err
	}
	rows, err := q.QueryRows(ctx, `SELECT name FROM eider.feature_views ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = text(r[0])
	}
	e := parse.Errorf(n.Span, sqlstate.UndefinedObject, "feature view %q does not exist", strings.ReplaceAll(n.Span.Text, `"`, ""))
	if near := parse.Closest(n.Last(), names); near != "" {
		return nil, e.WithHint("Did you mean %s?", ident(near))
	}
	if len(names) == 0 {
		return nil, e.WithHint("There is none yet: CREATE FEATURE VIEW %s ENTITY (…) EVENT TIME … AS SELECT …", n.Span.Text)
	}
	return nil, e.WithHint("SHOW FEATURE VIEWS lists them.")
}

// querier is a Session as a Querier.
type querier struct{ Session }

func (q querier) QueryRows(ctx context.Context, sql string, args ...any) ([][]any, error) {
	return q.Query(ctx, sql, args...)
}
