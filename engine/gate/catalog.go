package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// relation is a table, view or sequence of the catalog.
type relation struct {
	catalog, schema, name string
	// kind is "table", "view" or "sequence".
	kind string
	// definition is a view's CREATE VIEW.
	definition string
}

// macro is one of a user's or of Eider's own (own, without catalog and schema).
type macro struct {
	own                   bool
	catalog, schema, name string
	params                []string // folded
	body                  string   // an expression, or a query when table
	table                 bool
}

// catalogView is what a connection sees in the catalog at one moment. Its parts are not
// changed once they are loaded.
type catalogView struct {
	relationView
	macros macroView
}

// relationView is what there is but macros.
type relationView struct {
	relations map[string][]*relation // by folded name
	schemas   map[[2]string]bool     // folded catalog and schema
	databases map[string]bool        // folded
}

// macroView are the macros by folded name.
type macroView map[string][]*macro

const relationsSQL = `SELECT database_name, schema_name, table_name, 'table', '' FROM duckdb_tables()
	UNION ALL SELECT database_name, schema_name, view_name, 'view', coalesce(sql, '') FROM duckdb_views()
	UNION ALL SELECT database_name, schema_name, sequence_name, 'sequence', '' FROM duckdb_sequences()
	UNION ALL SELECT database_name, schema_name, '', 'schema', '' FROM duckdb_schemas()`

const macrosSQL = `SELECT database_name, schema_name, function_name, coalesce(array_to_string(parameters, chr(0)), ''),
		coalesce(macro_definition, ''), function_type = 'table_macro'
	FROM duckdb_functions() WHERE NOT internal AND function_type IN ('macro', 'table_macro')`

// loadRelations reads the catalog as q sees it, without macros.
func loadRelations(ctx context.Context, q Querier) (relationView, error) {
	c := relationView{relations: map[string][]*relation{}, schemas: map[[2]string]bool{}, databases: map[string]bool{}}
	rows, err := q.QueryRows(ctx, relationsSQL)
	if err != nil {
		return c, fmt.Errorf("read the catalog: %w", err)
	}
	for _, row := range rows {
		r := &relation{text(row[0]), text(row[1]), text(row[2]), text(row[3]), text(row[4])}
		if r.kind == "schema" {
			c.schemas[[2]string{lex.Fold(r.catalog), lex.Fold(r.schema)}] = true
			c.databases[lex.Fold(r.catalog)] = true
			continue
		}
		name := lex.Fold(r.name)
		c.relations[name] = append(c.relations[name], r)
	}
	return c, nil
}

// loadMacros reads the macros as q sees them. DuckDB lists all of its functions for that, which
// takes ten times as long as the rest of the catalog.
func loadMacros(ctx context.Context, q Querier) (macroView, error) {
	rows, err := q.QueryRows(ctx, macrosSQL)
	if err != nil {
		return nil, fmt.Errorf("read the macros: %w", err)
	}
	macros := macroView{}
	for _, row := range rows {
		m := &macro{catalog: text(row[0]), schema: text(row[1]), name: lex.Fold(text(row[2])), body: text(row[4]), table: yes(row[5])}
		if p := text(row[3]); p != "" {
			m.params = strings.Split(lex.Fold(p), "\x00")
		}
		macros[m.name] = append(macros[m.name], m)
	}
	return macros, nil
}

// place is an entry of a search path.
type place struct{ catalog, schema string }

// parsePath reads DuckDB's setting search_path: entries schema or catalog.schema,
// quoted where needed.
func parsePath(setting, database string) []place {
	var path []place
	var parts []string
	flush := func() {
		switch len(parts) {
		case 1:
			path = append(path, place{database, parts[0]})
		case 2:
			path = append(path, place{parts[0], parts[1]})
		}
		parts = nil
	}
	for _, st := range lex.Split(setting) {
		for _, t := range st.Tokens {
			switch {
			case t.Is(setting, ","):
				flush()
			case t.Is(setting, "."):
			default:
				parts = append(parts, lex.Unquote(setting, t))
			}
		}
	}
	flush()
	return path
}

// names is how a statement's names are resolved: the catalog it runs in, its temporary
// objects and its search path.
type names struct {
	database string
	catalog  catalogView
	path     []place
}

// places are where an unqualified name is looked for, in DuckDB's order.
func (n *names) places(path []place) []place {
	all := []place{{"temp", "main"}}
	all = append(all, path...)
	return append(all, place{n.database, "main"}, place{"system", "main"}, place{"system", "pg_catalog"})
}

// find returns the relations that a reference may mean: none, one, or two where it is
// ambiguous. path is the search path for an unqualified name.
func (n *names) find(ref reference, path []place) []*relation {
	candidates := n.catalog.relations[lex.Fold(ref.name)]
	in := func(p place) *relation {
		for _, r := range candidates {
			if lex.EqualFold(r.catalog, p.catalog) && lex.EqualFold(r.schema, p.schema) {
				return r
			}
		}
		return nil
	}
	for _, group := range n.groups(ref, path) {
		var found []*relation
		for _, p := range group {
			if r := in(p); r != nil && !slices.Contains(found, r) {
				found = append(found, r)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// groups returns where a name may lie, in order; places in one group are equally near.
func (n *names) groups(ref reference, path []place) [][]place {
	var out [][]place
	switch {
	case ref.catalog != "":
		return [][]place{{{ref.catalog, ref.schema}}}
	case ref.schema != "":
		// a.t is schema a's in a catalog of the path, or catalog a's in its schema main.
		first := []place{{n.database, ref.schema}, {ref.schema, "main"}}
		for _, p := range path {
			first = append(first, place{p.catalog, ref.schema})
		}
		return [][]place{first, {{"temp", ref.schema}}, {{"system", ref.schema}}}
	}
	for _, p := range n.places(path) {
		out = append(out, []place{p})
	}
	return out
}

// schemaOf returns where an object that a statement creates will lie.
func (n *names) schemaOf(t *target) place {
	switch {
	case t.temporary:
		return place{"temp", "main"}
	case t.ref.catalog != "":
		return place{t.ref.catalog, t.ref.schema}
	case t.ref.schema != "":
		s := lex.Fold(t.ref.schema)
		if s == "temp" || lex.EqualFold(s, n.database) && !n.catalog.schemas[[2]string{lex.Fold(n.database), s}] {
			return place{t.ref.schema, "main"}
		}
		return place{n.database, t.ref.schema}
	case len(n.path) > 0:
		return n.path[0]
	}
	return place{n.database, "main"}
}
