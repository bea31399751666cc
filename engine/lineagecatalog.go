package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/lineage"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// lineageTable is a relation as a session's transaction sees it.
type lineageTable struct {
	catalog, schema string
	// name is what lineage calls it: schema.table, with the database before it unless that is the session's own.
	name    string
	columns []string
}

// lineageCatalog answers the names of one statement, in the session's transaction.
type lineageCatalog struct {
	s   *Session
	ctx context.Context
	// models are the models' versions by the name of the macro that the statement predicts with.
	models map[string]string
	// replaced is what CREATE OR REPLACE does away with: the new one is traced through it.
	replaced *lineageTable
	// split is set when a query has a PIVOT without its values.
	split bool
	found map[lineage.Name]*lineageTable
}

// query asks DuckDB for a query's tree and follows it.
func (c *lineageCatalog) query(sql string) (*lineage.Query, error) {
	tree, err := c.tree(sql)
	if err != nil {
		return nil, err
	}
	if tree.Len() != 1 {
		return nil, fmt.Errorf("%w: it is %d queries", lineage.ErrNotSelect, tree.Len())
	}
	return lineage.Analyse(tree, 0, c)
}

func (c *lineageCatalog) tree(sql string) (*lineage.Tree, error) {
	tree, err := c.s.serialized(c.ctx, sql)
	if err != nil && c.ctx.Err() == nil {
		if edited, ok := classify.PivotIn(sql); ok {
			c.split = true
			return c.s.serialized(c.ctx, edited)
		}
	}
	return tree, err
}

// serialized is DuckDB's tree of a query.
func (s *Session) serialized(ctx context.Context, sql string) (*lineage.Tree, error) {
	rows, err := s.conn.QueryRows(ctx, "SELECT json_serialize_sql($1::VARCHAR, skip_empty := true, skip_null := true, skip_default := true)", sql)
	if err != nil {
		return nil, err
	}
	answer, _ := rows[0][0].(string)
	return lineage.ParseTree(answer)
}

// searchPath is DuckDB's, with the current database; what SET and USE change is asked for anew.
func (s *Session) searchPath(ctx context.Context) (string, error) {
	if s.path.plans == s.plans && s.path.conn == s.conn && s.path.text != "" {
		return s.path.text, nil
	}
	rows, err := s.conn.QueryRows(ctx, "SELECT current_database() || chr(0) || array_to_string(current_schemas(false), chr(0))")
	if err != nil {
		return "", err
	}
	s.path.text, _ = rows[0][0].(string)
	s.path.plans, s.path.conn = s.plans, s.conn
	return s.path.text, nil
}

// places are where a relation may lie, in DuckDB's order.
func (c *lineageCatalog) places(catalog, schema string) ([][2]string, error) {
	if catalog != "" {
		return [][2]string{{catalog, schema}}, nil
	}
	path, err := c.s.searchPath(c.ctx)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(path, "\x00")
	current := parts[0]
	if lex.EqualFold(schema, "public") {
		schema = "main"
	}
	if schema != "" {
		return [][2]string{{current, schema}, {schema, "main"}, {"temp", schema}, {"system", schema}}, nil
	}
	out := [][2]string{{"temp", "main"}}
	for _, s := range parts[1:] {
		if s != "" {
			out = append(out, [2]string{current, s})
		}
	}
	return append(out, [2]string{current, "main"}, [2]string{c.s.db.name, "main"}, [2]string{"system", "main"}, [2]string{"system", "pg_catalog"}), nil
}

// find resolves a relation by planning a look at it: that costs a tenth of asking DuckDB's
// catalog functions, and takes the transaction's view. Nil for a name that is none.
func (c *lineageCatalog) find(catalog, schema, name string) (*lineageTable, error) {
	key := lineage.Name{Catalog: lex.Fold(catalog), Schema: lex.Fold(schema), Name: lex.Fold(name)}
	if t, ok := c.found[key]; ok {
		return t, nil
	}
	if strings.ContainsAny(name, "./\\:*") {
		if exists, err := c.s.hasRelation(c.ctx, name); err != nil || !exists {
			return nil, err
		}
	}
	places, err := c.places(catalog, schema)
	if err != nil {
		return nil, err
	}
	tried := map[[2]string]bool{}
	for _, p := range places {
		if tried[p] || p[0] == "temp" && catalog == "" && !c.s.temporaries {
			continue
		}
		tried[p] = true
		stmt, err := c.s.conn.Prepare(c.ctx, "SELECT * FROM "+lineage.Name{Catalog: p[0], Schema: p[1], Name: name}.SQL())
		if err != nil {
			if c.ctx.Err() != nil || sqlstate.Is(err, sqlstate.QueryCanceled) {
				return nil, err
			}
			continue
		}
		t := &lineageTable{catalog: p[0], schema: p[1], name: p[1] + "." + name}
		if !lex.EqualFold(p[0], c.s.db.name) {
			t.name = p[0] + "." + t.name
		}
		for _, col := range stmt.Columns() {
			t.columns = append(t.columns, col.Name)
		}
		_ = stmt.Close() // frees memory; there is nothing to lose
		if c.found == nil {
			c.found = map[lineage.Name]*lineageTable{}
		}
		c.found[key] = t
		return t, nil
	}
	return nil, nil
}

// hasRelation asks DuckDB's catalog whether any table or view has a name that may as well be a file's. Planning a look
// at such a name would search for the file temp.main.x.parquet, and that failure ends the transaction.
func (s *Session) hasRelation(ctx context.Context, name string) (bool, error) {
	rows, err := s.conn.QueryRows(ctx, `SELECT EXISTS (SELECT 1 FROM duckdb_tables() WHERE lower(table_name) = lower($1)) OR EXISTS (SELECT 1 FROM duckdb_views() WHERE lower(view_name) = lower($1))`, name)
	if err != nil {
		return false, fmt.Errorf("look for relation %q: %w", name, err)
	}
	exists, _ := rows[0][0].(bool)
	return exists, nil
}

// Table is lineage.Catalog's.
func (c *lineageCatalog) Table(catalog, schema, name string) (*lineage.Table, error) {
	t, err := c.find(catalog, schema, name)
	if t == nil || err != nil {
		return nil, err
	}
	out := &lineage.Table{Kind: lineage.KindTable, Name: t.name, Columns: t.columns}
	switch {
	case t.catalog == "temp":
		out.Of = c.s.temps[lex.Fold(t.name)]
	case c.replaced != nil && lex.EqualFold(t.name, c.replaced.name):
		out.Of, err = c.s.storedLineage(c.ctx, t)
	}
	return out, err
}

// Model is lineage.Catalog's.
func (c *lineageCatalog) Model(schema, function string) (string, bool) {
	if !lex.EqualFold(schema, predict.Schema) {
		return "", false
	}
	if ref, ok := c.models[function]; ok {
		return ref, true
	}
	name, _, _ := strings.Cut(function, ":")
	return name, true
}

// Macro is lineage.Catalog's.
func (c *lineageCatalog) Macro(_, schema, name string) ([]*lineage.Macro, error) {
	folded := lex.Fold(name)
	if slices.ContainsFunc(c.s.db.opts.Builtins.Functions, func(d *fn.Decl) bool { return d.Name == folded }) {
		return c.own(folded)
	}
	if lineage.Builtin(folded) && !c.s.db.lineage.hides(folded) {
		return nil, nil
	}
	list, err := c.s.userMacros(c.ctx)
	if err != nil {
		return nil, err
	}
	var out []*lineage.Macro
	for _, m := range list[folded] {
		if schema != "" && !lex.EqualFold(schema, m.schema) {
			continue
		}
		made, err := c.macro(m.params, m.body, m.table)
		if err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}

// own are Eider's macros.
func (c *lineageCatalog) own(name string) ([]*lineage.Macro, error) {
	for _, d := range c.s.db.opts.Builtins.Functions {
		if d.Name != name || d.Macro == "" || d.Rewritten || d.Window != nil {
			continue
		}
		var params []string
		for _, p := range d.Params {
			params = append(params, p.Name)
		}
		m, err := c.macro(params, d.Macro, d.Table)
		return []*lineage.Macro{m}, err
	}
	return nil, nil
}

// macro parses a body; one that can't be has no tree, and its calls are taken as any function's.
func (c *lineageCatalog) macro(params []string, body string, table bool) (*lineage.Macro, error) {
	if !table {
		body = "SELECT (" + body + "\n)"
	}
	tree, err := c.tree(body)
	if err != nil && c.ctx.Err() != nil {
		return nil, err
	}
	return &lineage.Macro{Params: params, Tree: tree, Table: table}, nil
}

// userMacro is a macro that somebody made.
type userMacro struct {
	schema, body string
	params       []string
	table        bool
}

// userMacros are the users' macros by folded name. DuckDB lists all of its functions for that,
// so the answer is kept until somebody defines something.
func (s *Session) userMacros(ctx context.Context) (map[string][]userMacro, error) {
	at := [2]uint64{s.db.planned.Load() + 1, 0}
	if s.tx.defined || s.temporaries {
		at[1] = s.plans + 1
	}
	if at[1] == 0 {
		if list := s.db.lineage.macrosAt(at[0]); list != nil {
			return list, nil
		}
	} else if s.path.macros != nil && s.path.macrosAt == at {
		return s.path.macros, nil
	}
	rows, err := s.conn.QueryRows(ctx, `SELECT schema_name, function_name, coalesce(array_to_string(parameters, chr(0)), ''), coalesce(macro_definition, ''), function_type = 'table_macro'
		FROM duckdb_functions() WHERE NOT internal AND function_type IN ('macro', 'table_macro')`)
	if err != nil {
		return nil, fmt.Errorf("read the macros: %w", err)
	}
	list := map[string][]userMacro{}
	for _, row := range rows {
		m := userMacro{}
		m.schema, _ = row[0].(string)
		name, _ := row[1].(string)
		if params, _ := row[2].(string); params != "" {
			m.params = strings.Split(params, "\x00")
		}
		m.body, _ = row[3].(string)
		m.table, _ = row[4].(bool)
		list[lex.Fold(name)] = append(list[lex.Fold(name)], m)
	}
	if at[1] == 0 {
		s.db.lineage.keepMacros(at[0], list)
	} else {
		s.path.macros, s.path.macrosAt = list, at
	}
	return list, nil
}
