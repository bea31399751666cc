package warehouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Warehouse is a database that a project is built in. It is safe for use by several goroutines.
type Warehouse interface {
	// Connect opens a session of its own. name is shown in pg_stat_activity; notice, where
	// not nil, receives the statements' notices and warnings on the goroutine that runs them.
	Connect(ctx context.Context, name string, notice func(*sqlstate.Error)) (Conn, error)
	// Database is the name of the database, as in "database"."schema"."table".
	Database() string
	// Describe says what it is, for people: "shop.db", "server at 127.0.0.1:5433".
	Describe() string
	Close() error
}

// Conn is a session, for one goroutine at a time. Errors of statements are *sqlstate.Error with the
// position in the text that was given. When ctx ends the statement is interrupted (57014).
type Conn interface {
	// Exec runs one or several statements and drops their rows. Several are one transaction
	// unless they say otherwise.
	Exec(ctx context.Context, sql string) (Tag, error)
	// Query runs one statement and returns its rows.
	Query(ctx context.Context, sql string) (*Table, error)
	Close() error
}

// Tag is a command tag: "SELECT 5", "INSERT 0 3", "CREATE TABLE".
type Tag string

// Rows is the number at the tag's end; false where it has none.
func (t Tag) Rows() (int64, bool) {
	i := strings.LastIndexByte(string(t), ' ')
	var n int64
	if i < 0 {
		return 0, false
	}
	if _, err := fmt.Sscanf(string(t[i+1:]), "%d", &n); err != nil {
		return 0, false
	}
	return n, true
}

// Table is a result in memory.
type Table struct {
	Columns []string
	// Rows hold nil, bool, int64, float64, string, []byte, time.Time, *big.Int, []any,
	// map[string]any, or the value types of package sql/types.
	Rows [][]any
	Tag  Tag
}

// Column is a column of a relation or query. Type is as DuckDB writes it: "DECIMAL(18,3)".
type Column struct{ Name, Type string }

// Relation is where something stands in a database. Database may be empty.
type Relation struct{ Database, Schema, Name string }

// String quotes it: "shop"."main"."orders".
func (r Relation) String() string {
	parts := make([]string, 0, 3)
	for _, p := range []string{r.Database, r.Schema, r.Name} {
		if p != "" {
			parts = append(parts, Quote(p))
		}
	}
	return strings.Join(parts, ".")
}

// With returns the relation of another name in the same schema.
func (r Relation) With(name string) Relation { r.Name = name; return r }

// Quote quotes a name.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Text quotes a text.
func Text(s string) string { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }

// Kind is what a relation is.
type Kind string

// The kinds of relations.
const (
	Nothing   Kind = ""
	BaseTable Kind = "table"
	View      Kind = "view"
)

// relations are all tables and views. DuckDB's own functions know of them at once; information_schema is a copy
// for clients where a server speaks to them.
const relations = `(SELECT database_name, schema_name, table_name AS name, 'table' AS kind FROM duckdb_tables() WHERE NOT internal
UNION ALL SELECT database_name, schema_name, view_name, 'view' FROM duckdb_views() WHERE NOT internal)`

// KindOf looks a relation up; Nothing where there is none.
func KindOf(ctx context.Context, c Conn, r Relation) (Kind, error) {
	t, err := c.Query(ctx, `SELECT kind FROM `+relations+` AS r WHERE `+where(r.Database, r.Schema)+` AND lower(name) = lower(`+Text(r.Name)+`) LIMIT 1`)
	if err != nil || len(t.Rows) == 0 {
		return Nothing, err
	}
	return Kind(fmt.Sprint(t.Rows[0][0])), nil
}

func where(database, schema string) string {
	w := `lower(schema_name) = lower(` + Text(schema) + `)`
	if database != "" {
		w += ` AND lower(database_name) = lower(` + Text(database) + `)`
	}
	return w
}

// Listed is a relation that List found.
type Listed struct {
	Relation
	Kind Kind
}

// List returns the tables and views of a schema by name.
func List(ctx context.Context, c Conn, database, schema string) ([]Listed, error) {
	t, err := c.Query(ctx, `SELECT database_name, schema_name, name, kind FROM `+relations+` AS r WHERE `+where(database, schema)+` ORDER BY name`)
	if err != nil {
		return nil, err
	}
	out := make([]Listed, 0, len(t.Rows))
	for _, row := range t.Rows {
		out = append(out, Listed{Relation{fmt.Sprint(row[0]), fmt.Sprint(row[1]), fmt.Sprint(row[2])}, Kind(fmt.Sprint(row[3]))})
	}
	return out, nil
}

// Columns returns the columns of a relation in order. Returns 42P01 if it is missing.
func Columns(ctx context.Context, c Conn, r Relation) ([]Column, error) {
	return describe(ctx, c, `DESCRIBE SELECT * FROM `+r.String())
}

// QueryColumns returns the columns of a query without running it. Positions of errors are in the query.
func QueryColumns(ctx context.Context, c Conn, query string) ([]Column, error) {
	const before, after = "DESCRIBE SELECT * FROM (", "\n)"
	cols, err := describe(ctx, c, before+query+after)
	if e, ok := err.(*sqlstate.Error); ok && e.Position > 0 {
		e.Position = min(max(e.Position-len(before), 1), len(query))
	}
	return cols, err
}

func describe(ctx context.Context, c Conn, sql string) ([]Column, error) {
	t, err := c.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	out := make([]Column, len(t.Rows))
	for i, row := range t.Rows {
		out[i] = Column{Name: fmt.Sprint(row[0]), Type: fmt.Sprint(row[1])}
	}
	return out, nil
}

// InTransaction runs do between BEGIN and COMMIT, or ROLLBACK where it fails.
func InTransaction(ctx context.Context, c Conn, do func() error) error {
	if _, err := c.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	if err := do(); err != nil {
		// The transaction is undone even when ctx has ended; a connection that is lost undoes it by itself.
		_, _ = c.Exec(context.WithoutCancel(ctx), "ROLLBACK")
		return err
	}
	_, err := c.Exec(ctx, "COMMIT")
	return err
}
