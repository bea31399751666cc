package lineage

import (
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// from follows FROM: it adds relations to the scope, and what decides their rows to rows.
func (a *analyser) from(n node, in *scope, rows *set) {
	a.depth++
	defer func() { a.depth-- }()
	if a.depth > maxDepth {
		rows.doubt("the statement is nested too deeply")
		return
	}
	switch n.text("type") {
	case "EMPTY", "":
		return
	case "JOIN":
		a.join(n, in, rows)
		return
	}
	r := &relation{alias: n.text("alias")}
	switch n.text("type") {
	case "BASE_TABLE":
		a.base(n, r, in, rows)
	case "SUBQUERY":
		sub := a.query(n.node("subquery").node("node"), in.within())
		r.columns = sub.columns
		rows.merge(sub.rows)
	case "TABLE_FUNCTION":
		a.tableFunction(n.node("function"), r, in, rows)
	case "EXPRESSION_LIST":
		r.columns = a.values(n, in, rows)
	case "PIVOT":
		a.pivot(n, r, in, rows)
	case "SHOW_REF":
		r.columns = a.described(n, in)
	default:
		reason := "a source of type " + n.text("type") + " isn't known"
		r.columns = failed(reason).columns
		rows.doubt(reason)
	}
	r.columns = renamed(r.columns, n.texts("column_name_alias"))
	in.relations = append(in.relations, r)
}

// within is the scope of a query that stands inside: names that it doesn't have are looked for here.
func (s *scope) within() *scope { return &scope{up: s, ctes: s.ctes} }

// base is a table, a view, a common table expression or a file.
func (a *analyser) base(n node, r *relation, in *scope, rows *set) {
	catalog, schema, name := n.text("catalog_name"), n.text("schema_name"), n.text("table_name")
	if r.alias == "" {
		r.alias, r.catalog, r.schema = name, catalog, schema
	}
	if catalog == "" {
		if c := in.ctes.find(schema, name); c != nil {
			got := c.load()
			r.columns = got.columns
			rows.merge(got.rows)
			return
		}
	}
	t, err := a.catalog.Table(catalog, schema, name)
	if err != nil {
		a.err = err
		return
	}
	if t == nil {
		r.columns = []*column{a.file(KindFile, name)}
		if r.alias == name && n.text("alias") == "" {
			r.alias = stem(name)
		}
		return
	}
	r.columns = a.table(t, rows)
}

// stem is what DuckDB calls a file in FROM that has no alias.
func stem(path string) string {
	base := path[strings.LastIndexAny(path, `/\`)+1:]
	if i := strings.IndexByte(base, '.'); i > 0 {
		return base[:i]
	}
	return base
}

// table are the columns of a relation of the catalog.
func (a *analyser) table(t *Table, rows *set) []*column {
	var out []*column
	if t.Of != nil && len(t.Of.Columns) == len(t.Columns) {
		for i, c := range t.Of.Columns {
			v := &value{}
			for _, e := range c.Edges {
				v.add(e)
			}
			for _, u := range c.Unknown {
				v.doubt(u)
			}
			out = append(out, &column{name: t.Columns[i], value: v})
		}
		for _, e := range t.Of.Rows {
			rows.add(e)
		}
		for _, u := range t.Of.RowsUnknown {
			rows.doubt(u)
		}
		for _, s := range t.Of.Reads {
			a.read(s)
		}
		return out
	}
	a.read(Source{Kind: t.Kind, Object: t.Name})
	for _, name := range t.Columns {
		v := &value{}
		v.add(Edge{Source{t.Kind, t.Name, name}, Identity})
		out = append(out, &column{name: name, value: v})
	}
	return out
}

// file is something with columns that nobody here knows: each is known by the name it is asked for.
func (a *analyser) file(kind, object string) *column {
	a.read(Source{Kind: kind, Object: object})
	return &column{open: &open{
		lookup: func(name string) *value {
			v := &value{}
			v.add(Edge{Source{kind, object, name}, Identity})
			return v
		},
		all: func() *value {
			v := &value{}
			v.doubt("all columns of " + object + ", which aren't known")
			return v
		},
	}}
}

// join follows JOIN of every kind.
func (a *analyser) join(n node, in *scope, rows *set) {
	left := &scope{up: in.up, ctes: in.ctes, params: in.params}
	a.from(n.node("left"), left, rows)
	// The right side may speak of the left one, whether LATERAL is written or not.
	right := &scope{up: &scope{up: in.up, ctes: in.ctes, params: in.params, relations: append(slices.Clone(in.relations), left.relations...), merged: left.merged}, ctes: in.ctes, params: in.params}
	a.from(n.node("right"), right, rows)
	kind := n.text("join_type")
	using := n.texts("using_columns")
	if n.text("ref_type") == "NATURAL" {
		using = a.shared(left, right, rows)
	}
	both := &scope{up: in.up, ctes: in.ctes, params: in.params, relations: append(slices.Clone(left.relations), right.relations...), merged: map[string]*value{}}
	for _, side := range []*scope{left, right} {
		for name, v := range side.merged {
			if both.merged[name] == nil {
				both.merged[name] = v
			}
		}
	}
	for _, name := range using {
		l, r := left.plain(name), right.plain(name)
		if l == nil || r == nil {
			rows.doubt("column " + name + " of USING was not found")
			continue
		}
		rows.as(l.set, only(Join))
		rows.as(r.set, only(Join))
		both.merged[lex.Fold(name)] = joined(kind, l, r)
	}
	a.condition(n.node("condition"), both, Join, rows)
	in.relations = append(in.relations, left.relations...)
	if kind != "SEMI" && kind != "ANTI" {
		in.relations = append(in.relations, right.relations...)
	}
	if in.merged == nil {
		in.merged = map[string]*value{}
	}
	for name, v := range both.merged {
		if _, fromRight := right.merged[name]; fromRight && (kind == "SEMI" || kind == "ANTI") && left.merged[name] == nil {
			continue
		}
		in.merged[name] = v
	}
}

// joined is the one column that USING makes of two.
func joined(kind string, l, r *value) *value {
	switch kind {
	case "RIGHT":
		return r
	case "FULL", "OUTER":
		v := through(l, derived)
		v.as(r.set, derived)
		return v
	}
	return l
}

// shared are the column names that both sides of a NATURAL JOIN have.
func (a *analyser) shared(left, right *scope, rows *set) []string {
	for _, s := range []*scope{left, right} {
		for _, r := range s.relations {
			if !r.closed() {
				rows.doubt("a NATURAL JOIN of a source whose columns aren't known")
			}
		}
	}
	var out []string
	for _, r := range left.relations {
		for _, c := range r.columns {
			if c.open == nil && right.named(c.name) && !slices.ContainsFunc(out, func(have string) bool { return lex.EqualFold(have, c.name) }) {
				out = append(out, c.name)
			}
		}
	}
	return out
}

// values follows VALUES.
func (a *analyser) values(n node, in *scope, rows *set) []*column {
	lists, _ := n["values"].([]any)
	var out []*column
	for _, l := range lists {
		items := node{"items": l}.nodes("items")
		for i, e := range items {
			if i == len(out) {
				out = append(out, &column{name: "col" + itoa(i), value: &value{}})
			}
			out[i].value.as(a.expression(e, in, rows).set, func(h How) How { return h })
		}
	}
	return renamed(out, n.texts("expected_names"))
}

// described follows DESCRIBE and SUMMARIZE of something within a query.
func (a *analyser) described(n node, in *scope) []*column {
	all := &value{}
	if q := n.node("query"); q != nil {
		sub := a.query(q, in.within())
		for _, c := range sub.columns {
			v := c.value
			if c.open != nil {
				v = c.open.all()
			}
			all.as(v.set, aggregated)
		}
		all.merge(sub.rows)
	} else {
		all.doubt("SHOW within a query")
	}
	return []*column{{open: &open{lookup: func(string) *value { return all }, all: func() *value { return all }}}}
}
