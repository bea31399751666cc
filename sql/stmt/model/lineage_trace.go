package model

import (
	"slices"

	"github.com/eiderdb/eider/sql/lex"
)

// scope are the common table expressions in reach, by folded name.
type scope map[string]*tracedRelation

// selection returns the columns of a query node, false where they can't be told.
func (t *tracer) selection(n node, outer scope) ([]traced, bool) {
	ctes := scope{}
	for name, r := range outer {
		ctes[name] = r
	}
	for _, e := range n.node("cte_map").list("map") {
		entry := node(e.(map[string]any))
		value := entry.node("value")
		columns, known := t.selection(value.node("query").node("node"), ctes)
		columns = renamed(columns, value.list("aliases"))
		ctes[lex.Fold(entry.text("key"))] = &tracedRelation{columns: columns, known: known}
	}
	switch n.text("type") {
	case "SELECT_NODE":
		return t.selectNode(n, ctes)
	case "SET_OPERATION_NODE":
		return t.setOperation(n, ctes)
	}
	return nil, false
}

func (t *tracer) setOperation(n node, ctes scope) ([]traced, bool) {
	if by := n.text("setop_type"); by != "UNION" && by != "EXCEPT" && by != "INTERSECT" {
		return nil, false // by name
	}
	left, ok := t.selection(n.node("left"), ctes)
	right, too := t.selection(n.node("right"), ctes)
	if !ok || !too || len(left) != len(right) {
		return nil, false
	}
	out := slices.Clone(left)
	for i := range out {
		out[i].from = unique(append(slices.Clone(left[i].from), right[i].from...))
		out[i].certain = left[i].certain && right[i].certain
	}
	return out, true
}

func (t *tracer) selectNode(n node, ctes scope) ([]traced, bool) {
	from, merged := t.from(n.node("from_table"), ctes)
	for _, key := range []string{"where_clause", "having", "qualify"} {
		t.filter(n[key], from)
	}
	for _, g := range n.list("group_expressions") {
		t.filter(g, from)
	}
	var out []traced
	for _, e := range n.list("select_list") {
		expr := node(e.(map[string]any))
		if expr.text("class") == "STAR" {
			columns, ok := t.star(expr, from, merged)
			if !ok {
				return nil, false
			}
			out = append(out, columns...)
			continue
		}
		c := t.expression(expr, from)
		c.name = expr.text("alias")
		if names := expr.list("column_names"); c.name == "" && len(names) > 0 {
			c.name = text(names[len(names)-1])
		}
		out = append(out, c)
	}
	return out, true
}

// filter notes the columns that decide which rows there are.
func (t *tracer) filter(e any, from []tracedRelation) {
	if m, ok := e.(map[string]any); ok {
		t.rows = append(t.rows, t.expression(m, from).from...)
	}
}

// from returns the relations of a FROM clause, and the columns that USING merges.
func (t *tracer) from(n node, ctes scope) (out []tracedRelation, merged []string) {
	alias := n.text("alias")
	switch n.text("type") {
	case "EMPTY", "":
		return nil, nil
	case "BASE_TABLE":
		r := t.base(n, ctes)
		if r.alias = alias; alias == "" {
			r.alias = n.text("table_name")
		}
		r.columns = renamed(r.columns, n.list("column_name_alias"))
		return []tracedRelation{r}, nil
	case "SUBQUERY":
		columns, known := t.selection(n.node("subquery").node("node"), ctes)
		return []tracedRelation{{alias: alias, columns: renamed(columns, n.list("column_name_alias")), known: known}}, nil
	case "JOIN":
		left, a := t.from(n.node("left"), ctes)
		right, b := t.from(n.node("right"), ctes)
		out, merged = append(left, right...), append(a, b...)
		t.filter(n["condition"], out)
		for _, c := range n.list("using_columns") {
			merged = append(merged, lex.Fold(text(c)))
			t.rows = append(t.rows, namedColumn(out, text(c))...)
		}
		if n.text("ref_type") == "NATURAL" {
			for i := range out {
				out[i].known = false
			}
		}
		return out, merged
	}
	return []tracedRelation{{alias: alias}}, nil
}

// base is a table, a view or a common table expression.
func (t *tracer) base(n node, ctes scope) tracedRelation {
	if n.text("schema_name") == "" {
		if cte := ctes[lex.Fold(n.text("table_name"))]; cte != nil {
			return tracedRelation{columns: slices.Clone(cte.columns), known: cte.known}
		}
	}
	found := t.table(n.text("schema_name"), n.text("table_name"))
	if found == nil || found.kind == unknownSource {
		return tracedRelation{}
	}
	r := tracedRelation{known: true}
	for _, c := range found.columns {
		r.columns = append(r.columns, traced{name: c, from: []origin{{found.kind, found.name, c}}, certain: true})
	}
	return r
}

// renamed gives columns the names of an alias list.
func renamed(columns []traced, names []any) []traced {
	out := slices.Clone(columns)
	for i, n := range names {
		if i < len(out) {
			out[i].name = text(n)
		}
	}
	return out
}

// star expands * and t.*; false where a relation isn't known or the star does more than leave columns out.
func (t *tracer) star(e node, from []tracedRelation, merged []string) ([]traced, bool) {
	if columns, _ := e["columns"].(bool); columns || e["expr"] != nil || len(e.list("rename_list")) > 0 || len(e.list("qualified_exclude_list")) > 0 {
		return nil, false
	}
	replaced := map[string]traced{}
	for _, r := range e.list("replace_list") {
		entry := node(r.(map[string]any))
		replaced[lex.Fold(entry.text("key"))] = t.expression(entry.node("value"), from)
	}
	var out []traced
	once := map[string]bool{}
	for _, r := range from {
		if of := e.text("relation_name"); of != "" && !lex.EqualFold(of, r.alias) {
			continue
		}
		if !r.known {
			return nil, false
		}
		for _, c := range r.columns {
			name := lex.Fold(c.name)
			if slices.ContainsFunc(e.list("exclude_list"), func(x any) bool { return lex.EqualFold(text(x), c.name) }) {
				continue
			}
			if slices.Contains(merged, name) {
				if once[name] {
					continue
				}
				once[name] = true
			}
			if with, ok := replaced[name]; ok {
				with.name = c.name
				c = with
			}
			out = append(out, c)
		}
	}
	return out, true
}

// expression returns the columns that an expression reads. A subquery makes it uncertain, as does
// a name that is no column of FROM's (a lambda's parameter).
func (t *tracer) expression(e node, from []tracedRelation) traced {
	out := traced{certain: true}
	walk(map[string]any(e), func(n node) {
		switch n.text("class") {
		case "SUBQUERY", "STAR", "LAMBDA", "POSITIONAL_REFERENCE":
			out.certain = false
		case "COLUMN_REF":
			found, certain := t.column(n, from)
			out.from = append(out.from, found...)
			out.certain = out.certain && certain
		}
	})
	out.from = unique(out.from)
	return out
}

// column resolves a reference: column, relation.column, or either with fields of a struct behind it.
func (t *tracer) column(n node, from []tracedRelation) ([]origin, bool) {
	var names []string
	for _, x := range n.list("column_names") {
		names = append(names, text(x))
	}
	if len(names) > 1 {
		for _, r := range from {
			if !lex.EqualFold(r.alias, names[0]) {
				continue
			}
			for _, c := range r.columns {
				if lex.EqualFold(c.name, names[1]) {
					return c.from, c.certain
				}
			}
			return nil, false
		}
	}
	if len(names) == 0 {
		return nil, false
	}
	for _, r := range from {
		if !r.known {
			return nil, false
		}
	}
	var found []traced
	for _, r := range from {
		for _, c := range r.columns {
			if lex.EqualFold(c.name, names[0]) {
				found = append(found, c)
			}
		}
	}
	if len(found) == 0 {
		return nil, false
	}
	var out []origin
	certain := true
	for _, c := range found { // more than one where USING merges them
		out = append(out, c.from...)
		certain = certain && c.certain
	}
	return out, certain
}

// namedColumn are the origins of a column by its name, in every relation that has it.
func namedColumn(from []tracedRelation, name string) []origin {
	var out []origin
	for _, r := range from {
		for _, c := range r.columns {
			if lex.EqualFold(c.name, name) {
				out = append(out, c.from...)
			}
		}
	}
	return out
}
