package lineage

import (
	"slices"
	"strconv"

	"github.com/eiderdb/eider/sql/lex"
)

func itoa(i int) string { return strconv.Itoa(i) }

// pivot follows PIVOT and UNPIVOT.
func (a *analyser) pivot(n node, r *relation, in *scope, rows *set) {
	src := &scope{up: in.up, ctes: in.ctes, params: in.params}
	a.from(n.node("source"), src, rows)
	var columns []*column
	for _, rel := range src.relations {
		columns = append(columns, rel.columns...)
	}
	if len(n.texts("unpivot_names")) > 0 {
		r.columns = a.unpivot(n, columns, src, rows)
		return
	}
	r.columns = a.pivoted(n, columns, src, rows)
}

// pivoted are the groups, then a column for each combination of values and each aggregate.
func (a *analyser) pivoted(n node, columns []*column, src *scope, rows *set) []*column {
	used := map[string]bool{}
	note := func(e node) {
		walk(e, func(x node) {
			if names := x.texts("column_names"); x.text("class") == "COLUMN_REF" && len(names) > 0 {
				used[lex.Fold(names[len(names)-1])] = true
			}
		})
	}
	condition, combinations, known := &value{}, 1, true
	for _, p := range n.nodes("pivots") {
		for _, e := range p.nodes("pivot_expressions") {
			note(e)
			condition.as(a.expression(e, src, rows).set, only(Conditional))
		}
		entries := p.nodes("entries")
		combinations *= len(entries)
		known = known && len(entries) > 0 && !placeholder(entries)
	}
	var cells []*value
	for _, e := range n.nodes("aggregates") {
		note(e)
		v := through(a.expression(e, src, rows), aggregated)
		v.merge(condition.set)
		cells = append(cells, v)
	}
	if len(cells) == 0 {
		cells = []*value{condition}
	}
	var out []*column
	groups := n.texts("groups")
	for _, c := range columns {
		switch {
		case c.open != nil && len(groups) > 0:
		case c.open != nil:
			known = false
			rows.as(c.open.all().set, only(GroupBy))
			out = append(out, c)
		case len(groups) > 0 && !slices.ContainsFunc(groups, func(g string) bool { return lex.EqualFold(g, c.name) }):
		case len(groups) == 0 && used[lex.Fold(c.name)]:
		default:
			rows.as(c.set, only(GroupBy))
			out = append(out, c)
		}
	}
	if len(groups) > 0 && !isClosed(columns) {
		out = nil
		for _, g := range groups {
			v := src.plain(g)
			if v == nil {
				v = unknownValue("column " + g + " of a PIVOT was not found")
			}
			rows.as(v.set, only(GroupBy))
			out = append(out, &column{name: g, value: v})
		}
	}
	if !known {
		all := &value{}
		for _, c := range cells {
			all.merge(c.set)
		}
		return append(out, &column{open: &open{lookup: func(string) *value { return all }, all: func() *value { return all }}})
	}
	for range combinations {
		for _, c := range cells {
			out = append(out, &column{value: c})
		}
	}
	a.nameCells(n, out[len(out)-combinations*len(cells):], len(cells))
	return out
}

// placeholder tells that the values are those that WithIn put there.
func placeholder(entries []node) bool {
	values := entries[0].nodes("values")
	return len(entries) == 1 && len(values) == 1 && values[0].yes("is_null")
}

// nameCells gives the columns of one PIVOT list their names, where they are plain.
func (a *analyser) nameCells(n node, cells []*column, aggregates int) {
	pivots := n.nodes("pivots")
	if len(pivots) != 1 {
		return
	}
	list := n.nodes("aggregates")
	for i, e := range pivots[0].nodes("entries") {
		name := e.text("alias")
		if values := e.nodes("values"); name == "" && len(values) == 1 {
			switch v := values[0]["value"].(type) {
			case string:
				name = v
			case float64:
				name = strconv.FormatFloat(v, 'f', -1, 64)
			}
		}
		if name == "" {
			continue
		}
		for k := range aggregates {
			full := name
			if k < len(list) {
				alias := list[k].text("alias")
				if alias == "" && aggregates > 1 {
					full = ""
				} else if alias != "" {
					full += "_" + alias
				}
			}
			cells[i*aggregates+k].name = full
		}
	}
}

// unpivot are the columns that stay, then the name's column, then the values'.
func (a *analyser) unpivot(n node, columns []*column, src *scope, rows *set) []*column {
	names := n.texts("unpivot_names")
	values := make([]*value, len(names))
	for i := range values {
		values[i] = &value{}
	}
	gone := map[string]bool{}
	take := func(i int, c *value, name string) {
		gone[lex.Fold(name)] = true
		if i < len(values) {
			values[i].merge(c.set)
		}
		if !n.yes("include_nulls") {
			rows.as(c.set, only(Filter))
		}
	}
	var label []string
	for _, p := range n.nodes("pivots") {
		label = append(label, p.texts("unpivot_names")...)
		for _, e := range p.nodes("entries") {
			if star := e.node("star_expr"); star != nil {
				for _, c := range a.star(star, src, rows) {
					if c.open != nil {
						for i := range values {
							take(i, c.open.all(), "")
						}
						continue
					}
					take(0, c.value, c.name)
				}
				continue
			}
			for i, v := range e.nodes("values") {
				name := v.text("value")
				c := src.plain(name)
				if c == nil {
					c = unknownValue("column " + name + " of an UNPIVOT was not found")
				}
				take(i, c, name)
			}
		}
	}
	var out []*column
	for _, c := range columns {
		if c.open != nil || !gone[lex.Fold(c.name)] {
			out = append(out, c)
		}
	}
	for _, l := range label {
		out = append(out, &column{name: l, value: &value{}})
	}
	for i, name := range names {
		out = append(out, &column{name: name, value: values[i]})
	}
	return out
}
