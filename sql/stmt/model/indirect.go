package model

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/stmt"
)

// indirect adds the views and macros that read those of direct, and those that read these, and so on, in that order.
// DuckDB keeps no record of it: what an object reads is found by its text. One whose text can't be read, because it
// isn't DuckDB's, reads nothing.
func indirect(ctx context.Context, s stmt.Session, direct []dependent) ([]dependent, error) {
	if len(direct) == 0 {
		return nil, nil
	}
	rows, err := s.Query(ctx, `SELECT 'view', schema_name, view_name, sql FROM duckdb_views() WHERE database_name = $1 AND NOT internal
		UNION ALL SELECT CASE function_type WHEN 'macro' THEN 'macro' ELSE 'table macro' END, schema_name, function_name, macro_definition FROM duckdb_functions()
			WHERE database_name = $1 AND NOT internal AND function_type IN ('macro', 'table_macro') AND schema_name NOT IN ('eider_models', 'eider_transformations', 'eider')
		ORDER BY ALL`, s.Database())
	if err != nil {
		return nil, err
	}
	t := &tracer{ctx: ctx, s: s, tables: map[[2]string]*tracedTable{}}
	type object struct {
		dependent
		reads []origin
	}
	var others []object
	for _, r := range rows {
		o := object{dependent: dependent{kind: text(r[0]), schema: text(r[1]), name: text(r[2])}}
		query := text(r[3])
		switch o.kind {
		case "view":
			query = definition(query)
		case "macro":
			query = "SELECT " + query
		}
		if o.reads, err = t.uses(query); err != nil {
			return nil, err
		}
		others = append(others, o)
	}
	all := slices.Clone(direct)
	same := func(a, b dependent) bool { return a.kind == b.kind && a.schema == b.schema && a.name == b.name }
	for i := 0; i < len(all); i++ {
		for _, o := range others {
			if slices.ContainsFunc(o.reads, all[i].meant) && !slices.ContainsFunc(all, func(d dependent) bool { return same(d, o.dependent) }) {
				o.macros = all[i].macros
				all = append(all, o.dependent)
			}
		}
	}
	return all, nil
}

// meant tells whether a source is the view or macro.
func (d dependent) meant(o origin) bool {
	if o.kind == "view" || d.kind == "view" {
		return o.kind == d.kind && o.name == d.schema+"."+d.name
	}
	return o.kind == "function" && (lex.EqualFold(o.name, d.name) || lex.EqualFold(o.name, d.schema+"."+d.name))
}

// uses are the sources of a query, and the functions that it calls: with their schema where that is written.
func (t *tracer) uses(sql string) ([]origin, error) {
	rows, err := t.s.Query(t.ctx, `SELECT json_serialize_sql($1::VARCHAR)::VARCHAR`, sql)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal([]byte(text(rows[0][0])), &tree); err != nil || tree["error"] == true {
		return nil, nil
	}
	out := t.reads(tree)
	walk(tree, func(n node) {
		name := n.text("function_name")
		if n.text("class") != "FUNCTION" || name == "" {
			return
		}
		if schema := n.text("schema"); schema != "" {
			name = schema + "." + name
		}
		out = append(out, origin{kind: "function", name: name})
	})
	return out, t.err
}

// definition is the query of a CREATE VIEW.
func definition(sql string) string {
	depth := 0
	for _, st := range lex.Split(sql) {
		for _, tok := range st.Tokens {
			switch {
			case tok.Is(sql, "("):
				depth++
			case tok.Is(sql, ")"):
				depth--
			case depth == 0 && tok.Word(sql, "as"):
				return sql[tok.End:st.End]
			}
		}
	}
	return ""
}
