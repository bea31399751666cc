package run

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/eiderdb/eider/engine/project/render"
	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Adapter answers what templates ask of the database, on one connection: a node's own, so that
// hooks see the node's transaction.
type Adapter struct{ conn warehouse.Conn }

// NewAdapter returns an Adapter on a connection.
func NewAdapter(conn warehouse.Conn) *Adapter { return &Adapter{conn} }

var _ render.Adapter = (*Adapter)(nil)

func relation(r warehouse.Relation, kind warehouse.Kind) *render.Relation {
	return &render.Relation{Database: r.Database, Schema: r.Schema, Identifier: r.Name, Type: string(kind),
		Quoted: [3]bool{true, true, true}, Included: [3]bool{r.Database != "", true, true}, Limit: -1}
}

func plain(r *render.Relation) warehouse.Relation {
	return warehouse.Relation{Database: r.Database, Schema: r.Schema, Name: r.Identifier}
}

// GetRelation implements render.Adapter.
func (a *Adapter) GetRelation(ctx context.Context, database, schema, identifier string) (*render.Relation, error) {
	r := warehouse.Relation{Database: database, Schema: schema, Name: identifier}
	kind, err := warehouse.KindOf(ctx, a.conn, r)
	if err != nil || kind == warehouse.Nothing {
		return nil, err
	}
	return relation(r, kind), nil
}

// ListRelations implements render.Adapter.
func (a *Adapter) ListRelations(ctx context.Context, database, schema string) ([]*render.Relation, error) {
	list, err := warehouse.List(ctx, a.conn, database, schema)
	out := make([]*render.Relation, len(list))
	for i, l := range list {
		out[i] = relation(l.Relation, l.Kind)
	}
	return out, err
}

// GetColumns implements render.Adapter.
func (a *Adapter) GetColumns(ctx context.Context, rel *render.Relation) ([]render.Column, error) {
	cols, err := warehouse.Columns(ctx, a.conn, plain(rel))
	if sqlstate.Is(err, "42P01") || sqlstate.Is(err, "3F000") {
		return nil, nil
	}
	out := make([]render.Column, len(cols))
	for i, c := range cols {
		out[i] = render.Column{Name: c.Name, Type: c.Type}
	}
	return out, err
}

// RunQuery implements render.Adapter. A text of several statements is one transaction unless it says otherwise;
// the rows are those of its last.
func (a *Adapter) RunQuery(ctx context.Context, sql string) (*render.Table, error) {
	statements := lex.Split(sql)
	if len(statements) == 0 {
		return nil, nil
	}
	last := statements[len(statements)-1]
	if len(statements) > 1 {
		if _, err := a.conn.Exec(ctx, sql[:last.Start]); err != nil {
			return nil, err
		}
	}
	t, err := a.conn.Query(ctx, sql[last.Start:last.End])
	if err != nil {
		return nil, err
	}
	if len(t.Columns) == 0 {
		return nil, nil
	}
	out := &render.Table{Columns: t.Columns, Types: make([]string, len(t.Columns)), Rows: make([][]any, len(t.Rows))}
	for i, row := range t.Rows {
		out.Rows[i] = make([]any, len(row))
		for k, v := range row {
			out.Rows[i][k] = templateValue(v)
			if out.Types[k] == "" {
				out.Types[k] = typeName(out.Rows[i][k])
			}
		}
	}
	return out, nil
}

// templateValue makes a cell one that templates can calculate with.
func templateValue(v any) any {
	switch x := v.(type) {
	case nil, bool, int64, float64, string, time.Time:
		return x
	case *big.Int:
		if x.IsInt64() {
			return x.Int64()
		}
		return x.String()
	case fmt.Stringer: // decimals, intervals, times of day
		return x.String()
	}
	return fmt.Sprint(v)
}

func typeName(v any) string {
	switch v.(type) {
	case nil:
		return ""
	case bool:
		return "Boolean"
	case int64, float64:
		return "Number"
	case time.Time:
		return "DateTime"
	}
	return "Text"
}

func (a *Adapter) exec(ctx context.Context, sql string) error {
	_, err := a.conn.Exec(ctx, sql)
	return err
}

// CreateSchema implements render.Adapter.
func (a *Adapter) CreateSchema(ctx context.Context, database, schema string) error {
	return a.exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+warehouse.Relation{Database: database, Name: schema}.String())
}

// DropSchema implements render.Adapter.
func (a *Adapter) DropSchema(ctx context.Context, database, schema string) error {
	return a.exec(ctx, "DROP SCHEMA IF EXISTS "+warehouse.Relation{Database: database, Name: schema}.String()+" CASCADE")
}

// DropRelation implements render.Adapter.
func (a *Adapter) DropRelation(ctx context.Context, rel *render.Relation) error {
	kind, err := warehouse.KindOf(ctx, a.conn, plain(rel))
	if err != nil || kind == warehouse.Nothing {
		return err
	}
	return a.exec(ctx, "DROP "+strings.ToUpper(string(kind))+" "+plain(rel).String())
}

// RenameRelation implements render.Adapter.
func (a *Adapter) RenameRelation(ctx context.Context, from, to *render.Relation) error {
	kind, err := warehouse.KindOf(ctx, a.conn, plain(from))
	if err != nil {
		return err
	}
	if kind == warehouse.Nothing {
		kind = warehouse.BaseTable // the statement says what is missing
	}
	return a.exec(ctx, "ALTER "+strings.ToUpper(string(kind))+" "+plain(from).String()+" RENAME TO "+warehouse.Quote(to.Identifier))
}

// TruncateRelation implements render.Adapter.
func (a *Adapter) TruncateRelation(ctx context.Context, rel *render.Relation) error {
	return a.exec(ctx, "DELETE FROM "+plain(rel).String())
}
