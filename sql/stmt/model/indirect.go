package model

import (
	"context"
	"slices"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/lineage"
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
	type object struct {
		dependent
		reads []lineage.Source
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
		if o.reads, err = uses(ctx, s, query); err != nil {
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
func (d dependent) meant(o lineage.Source) bool {
	if o.Kind == lineage.KindView || d.kind == lineage.KindView {
		return o.Kind == d.kind && o.Object == d.schema+"."+d.name
	}
	return o.Kind == lineage.KindFunction && (lex.EqualFold(o.Object, d.name) || lex.EqualFold(o.Object, d.schema+"."+d.name))
}

// uses are the views that a query names, and the functions that it calls: with their schema where that is written.
func uses(ctx context.Context, s stmt.Session, sql string) ([]lineage.Source, error) {
	rows, err := s.Query(ctx, `SELECT json_serialize_sql($1::VARCHAR)::VARCHAR`, sql)
	if err != nil {
		return nil, err
	}
	tree, err := lineage.ParseTree(text(rows[0][0]))
	if err != nil {
		return nil, nil
	}
	var out []lineage.Source
	for _, n := range tree.Relations() {
		name, err := viewNamed(ctx, s, n)
		if err != nil {
			return nil, err
		}
		if name != "" {
			out = append(out, lineage.Source{Kind: lineage.KindView, Object: name})
		}
	}
	for _, f := range tree.Functions() {
		name := f[1]
		if f[0] != "" {
			name = f[0] + "." + name
		}
		out = append(out, lineage.Source{Kind: lineage.KindFunction, Object: name})
	}
	return out, nil
}

// viewNamed is the view that a name stands for, with its schema; empty where it stands for a table or nothing.
func viewNamed(ctx context.Context, s stmt.Session, n lineage.Name) (string, error) {
	rows, err := s.Query(ctx, `SELECT CASE WHEN kind = 'view' AND database_name = current_database() THEN schema_name || '.' || name ELSE '' END
		FROM (SELECT 'table' AS kind, database_name, schema_name, table_name AS name FROM duckdb_tables()
			UNION ALL SELECT 'view', database_name, schema_name, view_name FROM duckdb_views()) r
		WHERE lower(name) = $2 AND ($1 = '' OR lower(schema_name) = $1)
		ORDER BY database_name <> 'temp', database_name <> current_database(), list_position(current_schemas(true), schema_name) NULLS LAST LIMIT 1`,
		lex.Fold(n.Schema), lex.Fold(n.Name))
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return text(rows[0][0]), nil
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
