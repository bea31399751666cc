package model

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/eiderdb/eider/functions/model/train"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

// Lineage is read off DuckDB's JSON syntax tree of the training query: which tables, views,
// functions and models it names, and from which of their columns each of its own comes. What isn't
// certain is recorded as unknown.

// origin is a column of a table or view.
type origin struct{ kind, name, column string }

// traced is a column of a query: where it comes from, if that is certain.
type traced struct {
	name    string
	from    []origin
	certain bool
}

// relation is something in FROM.
type tracedRelation struct {
	alias   string
	columns []traced
	// known tells that columns are all that it has.
	known bool
}

// node is an object of the syntax tree.
type node map[string]any

func (n node) text(key string) string { return text(n[key]) }

func (n node) node(key string) node {
	m, _ := n[key].(map[string]any)
	return m
}

func (n node) list(key string) []any {
	l, _ := n[key].([]any)
	return l
}

// tracer follows the columns of one query.
type tracer struct {
	ctx context.Context
	s   stmt.Session
	// tables are the relations that were looked up, by schema and name as written.
	tables map[[2]string]*tracedTable
	// rows are the columns that decide which rows there are.
	rows []origin
	err  error
}

type tracedTable struct {
	kind, name string
	columns    []string
}

// reads are the sources that a query names, without their columns.
func (t *tracer) reads(tree any) []origin {
	ctes := map[string]bool{}
	walk(tree, func(n node) {
		for _, e := range n.node("cte_map").list("map") {
			ctes[lex.Fold(node(e.(map[string]any)).text("key"))] = true
		}
	})
	seen := map[origin]bool{}
	var out []origin
	add := func(o origin) {
		if !seen[o] {
			seen[o] = true
			out = append(out, o)
		}
	}
	walk(tree, func(n node) {
		switch {
		case n.text("type") == "BASE_TABLE":
			if n.text("schema_name") == "" && ctes[lex.Fold(n.text("table_name"))] {
				return
			}
			if found := t.table(n.text("schema_name"), n.text("table_name")); found != nil {
				add(origin{kind: found.kind, name: found.name})
			}
		case n.text("type") == "TABLE_FUNCTION":
			add(origin{kind: "function", name: n.node("function").text("function_name")})
		case n.text("class") == "FUNCTION" && isPredict(n.text("function_name")):
			if args := n.list("children"); len(args) > 0 {
				arg, _ := args[0].(map[string]any)
				if name := text(node(arg).node("value")["value"]); name != "" {
					add(origin{kind: "model", name: lex.Fold(name)})
				}
			}
		}
	})
	return out
}

func isPredict(name string) bool {
	switch lex.Fold(name) {
	case "predict", "predict_proba", "predict_raw", "predict_struct":
		return true
	}
	return false
}

// walk visits every object of a tree.
func walk(tree any, visit func(node)) {
	switch v := tree.(type) {
	case map[string]any:
		visit(v)
		for _, e := range v {
			walk(e, visit)
		}
	case []any:
		for _, e := range v {
			walk(e, visit)
		}
	}
}

// table looks a table or view up; a name that is none (a file) is of kind unknown.
func (t *tracer) table(schema, name string) *tracedTable {
	key := [2]string{lex.Fold(schema), lex.Fold(name)}
	if found, ok := t.tables[key]; ok {
		return found
	}
	rows, err := t.s.Query(t.ctx, `SELECT kind, CASE WHEN database_name = current_database() THEN '' ELSE database_name || '.' END || schema_name || '.' || name,
			(SELECT list(c.column_name ORDER BY c.column_index) FROM duckdb_columns() c
			 WHERE c.database_name = r.database_name AND c.schema_name = r.schema_name AND c.table_name = r.name)
		FROM (SELECT 'table' AS kind, database_name, schema_name, table_name AS name FROM duckdb_tables()
			UNION ALL SELECT 'view', database_name, schema_name, view_name FROM duckdb_views()) r
		WHERE lower(name) = $2 AND ($1 = '' OR lower(schema_name) = $1)
		ORDER BY database_name <> 'temp', database_name <> current_database(), list_position(current_schemas(true), schema_name) NULLS LAST LIMIT 1`, key[0], key[1])
	if err != nil {
		t.err = err
		return nil
	}
	found := &tracedTable{kind: unknownSource, name: name}
	if len(rows) > 0 {
		found = &tracedTable{kind: text(rows[0][0]), name: text(rows[0][1]), columns: strs(rows[0][2])}
	}
	t.tables[key] = found
	return found
}

const unknownSource = "unknown"

// lineage records what a trained version depends on.
func (r *training) lineage(ctx context.Context, s Session, v *version) error {
	t := &tracer{ctx: ctx, s: s, tables: map[[2]string]*tracedTable{}}
	reads, columns, err := t.query(r.stmt.query.Text)
	if err != nil {
		return err
	}
	store := func(column any, o origin, how string) error {
		_, err := s.Exec(ctx, `INSERT INTO eider.lineage_store (kind, object, version, col, source_kind, source, source_col, how) VALUES ('model', $1, $2, $3, $4, $5, $6, $7)`,
			v.model, v.number, column, o.kind, o.name, nullable(o.column), how)
		return err
	}
	for _, o := range reads {
		if err := store(nil, o, "row"); err != nil {
			return err
		}
	}
	for _, o := range t.rows {
		if err := store(nil, o, "row"); err != nil {
			return err
		}
	}
	for _, used := range r.uses(v) {
		i := indexOf(r.plan, used.column)
		if i < 0 || len(columns) != len(r.plan.Columns) || !columns[i].certain {
			if err := store(used.column, origin{kind: unknownSource}, "unknown"); err != nil {
				return err
			}
			continue
		}
		for _, o := range columns[i].from {
			if err := store(used.column, o, used.how); err != nil {
				return err
			}
		}
	}
	return nil
}

func indexOf(p *train.Plan, column string) int {
	for i, c := range p.Columns {
		if lex.EqualFold(c.Name, column) {
			return i
		}
	}
	return -1
}

// use is what a column of the query is used for.
type use struct{ column, how string }

func (r *training) uses(v *version) []use {
	var out []use
	for _, f := range v.signature {
		how := "feature"
		if r.stmt.partition != nil && lex.EqualFold(f.Name, r.stmt.partition.Text) {
			how = "group"
		}
		out = append(out, use{f.Name, how})
	}
	if v.target != "" {
		out = append(out, use{v.target, "target"})
	}
	for _, n := range r.stmt.id {
		out = append(out, use{n.Text, "id"})
	}
	if sp := r.stmt.split; sp != nil && sp.column != nil {
		out = append(out, use{sp.column.Text, map[string]string{"time": "time", "group": "group", "column": "row"}[sp.kind]})
	}
	return out
}

// query returns the sources that a query names, and its columns, nil where they aren't certain.
func (t *tracer) query(sql string) ([]origin, []traced, error) {
	rows, err := t.s.Query(t.ctx, `SELECT json_serialize_sql($1::VARCHAR)::VARCHAR`, sql)
	if err != nil {
		if sqlstate.Is(err, sqlstate.QueryCanceled) {
			return nil, nil, err
		}
		return []origin{{kind: unknownSource}}, nil, nil
	}
	var tree map[string]any
	if err := json.Unmarshal([]byte(text(rows[0][0])), &tree); err != nil {
		return nil, nil, fmt.Errorf("read the syntax tree of a query: %w", err)
	}
	if failed, _ := tree["error"].(bool); failed {
		return []origin{{kind: unknownSource}}, nil, nil // our own syntax in it, or PIVOT
	}
	reads := t.reads(tree)
	statements := node(tree).list("statements")
	var columns []traced
	if len(statements) == 1 {
		root, _ := statements[0].(map[string]any)
		columns, _ = t.selection(node(root).node("node"), nil)
	}
	t.rows = unique(t.rows)
	return reads, columns, t.err
}

func unique(list []origin) []origin {
	seen := map[origin]bool{}
	var out []origin
	for _, o := range list {
		if !seen[o] {
			seen[o] = true
			out = append(out, o)
		}
	}
	return out
}
