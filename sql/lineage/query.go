package lineage

import (
	"slices"

	"github.com/eiderdb/eider/sql/lex"
)

// result is what a query gives: columns, and what decides its rows.
type result struct {
	columns []*column
	rows    set
}

// failed is a result of which nothing is known.
func failed(reason string) *result {
	r := &result{columns: []*column{{open: &open{
		lookup: func(string) *value { return unknownValue(reason) },
		all:    func() *value { return unknownValue(reason) },
	}}}}
	r.rows.doubt(reason)
	return r
}

// analyser follows one statement.
type analyser struct {
	catalog Catalog
	reads   map[Source]bool
	err     error
	// depth and macros bound the recursion: of the tree, and of macros that call macros.
	depth, macros int
}

// maxDepth bounds nested queries and expressions, maxMacros macros within macros.
const (
	maxDepth  = 3000
	maxMacros = 32
)

func (a *analyser) read(s Source) {
	s.Column = ""
	a.reads[s] = true
}

// query follows a query node.
func (a *analyser) query(n node, outer *scope) *result {
	a.depth++
	defer func() { a.depth-- }()
	if a.depth > maxDepth {
		return failed("the statement is nested too deeply")
	}
	var ctes *cte
	if outer != nil {
		ctes = outer.ctes
	}
	for _, e := range n.node("cte_map").nodes("map") {
		ctes = a.common(e, ctes, outer)
	}
	switch n.text("type") {
	case "SELECT_NODE":
		return a.selectNode(n, outer, ctes)
	case "SET_OPERATION_NODE":
		return a.setOperation(n, outer, ctes)
	case "RECURSIVE_CTE_NODE":
		return a.recursive(n, outer, ctes)
	case "CTE_NODE": // how some versions write a materialised one
		ctes = &cte{name: lex.Fold(n.text("cte_name")), up: ctes, load: a.once(n.node("query"), n.texts("aliases"), outer, ctes)}
		return a.query(n.node("child"), &scope{up: outer, ctes: ctes})
	}
	return failed("a query of type " + n.text("type") + " isn't known")
}

// common adds an entry of WITH.
func (a *analyser) common(e node, ctes *cte, outer *scope) *cte {
	v := e.node("value")
	return &cte{name: lex.Fold(e.text("key")), up: ctes, load: a.once(v.node("query").node("node"), v.texts("aliases"), outer, ctes)}
}

// once follows a query when it is first asked for.
func (a *analyser) once(n node, aliases []string, outer *scope, ctes *cte) func() *result {
	var done *result
	return func() *result {
		if done == nil {
			done = failed("a common table expression refers to itself") // while it is being looked at
			in := &scope{ctes: ctes}
			if outer != nil {
				in.up = outer
			}
			r := a.query(n, in)
			done = &result{columns: renamed(r.columns, aliases), rows: r.rows}
		}
		return done
	}
}

// renamed gives columns the names of an alias list.
func renamed(columns []*column, names []string) []*column {
	if len(names) == 0 {
		return columns
	}
	out := slices.Clone(columns)
	for i, name := range names {
		if i >= len(out) || out[i].open != nil {
			// The names belong to columns whose own names aren't known.
			rest := unknownValue("columns of a source are renamed whose number isn't known")
			if i < len(out) {
				rest = through(out[i].open.all(), derived)
				rest.doubt("columns of a source are renamed whose names aren't known")
			}
			tail := slices.Clone(out[min(i, len(out)):])
			out = slices.Clone(out[:min(i, len(out))])
			for _, n := range names[i:] {
				out = append(out, &column{name: n, value: rest})
			}
			if len(names) < len(columns) {
				out = append(out, tail...)
			}
			return out
		}
		out[i] = &column{name: name, value: out[i].value}
	}
	return out
}

// selectNode follows SELECT.
func (a *analyser) selectNode(n node, outer *scope, ctes *cte) *result {
	in := &scope{up: outer, ctes: ctes, aliases: map[string]*value{}}
	out := &result{}
	a.from(n.node("from_table"), in, &out.rows)
	out.columns = a.list(n.nodes("select_list"), in, &out.rows)
	for _, key := range []string{"where_clause", "having", "qualify"} {
		a.condition(n.node(key), in, Filter, &out.rows)
	}
	a.groups(n, in, out)
	a.modifiers(n.nodes("modifiers"), in, out)
	return out
}

// list follows a select list; each item may be an alias for those behind it.
func (a *analyser) list(items []node, in *scope, rows *set) []*column {
	var out []*column
	for _, item := range items {
		for _, c := range a.item(item, in, rows) {
			if c.open == nil && c.name != "" {
				if key := lex.Fold(c.name); in.aliases[key] == nil && item.text("alias") != "" {
					in.aliases[key] = c.value
				}
			}
			out = append(out, c)
		}
	}
	return out
}

// condition adds what an expression reads as one kind of influence on rows.
func (a *analyser) condition(e node, in *scope, how How, rows *set) {
	if e != nil {
		rows.as(a.expression(e, in, rows).set, only(how))
	}
}

// groups follows GROUP BY.
func (a *analyser) groups(n node, in *scope, out *result) {
	list := n.nodes("group_expressions")
	for _, g := range list {
		if i, ok := g.number(); ok {
			if c := at(out.columns, i); c != nil {
				out.rows.as(c.set, only(GroupBy))
			}
			continue
		}
		a.condition(g, in, GroupBy, &out.rows)
	}
	if n.text("aggregate_handling") == "FORCE_AGGREGATES" { // GROUP BY ALL
		for _, c := range out.columns {
			switch {
			case c.open != nil:
				out.rows.as(c.open.all().set, only(GroupBy))
			case !c.aggregate:
				out.rows.as(c.set, only(GroupBy))
			}
		}
	}
}

// at is the column at a position from 1, nil where that isn't certain.
func at(columns []*column, i int) *column {
	if i < 1 || i > len(columns) {
		return nil
	}
	for _, c := range columns[:i] {
		if c.open != nil {
			return nil
		}
	}
	return columns[i-1]
}

// modifiers follows DISTINCT, ORDER BY and LIMIT. in may be nil.
func (a *analyser) modifiers(list []node, in *scope, out *result) {
	for _, m := range list {
		switch m.text("type") {
		case "DISTINCT_MODIFIER":
			targets := m.nodes("distinct_on_targets")
			for _, t := range targets {
				a.key(t, in, out, GroupBy)
			}
			if len(targets) == 0 {
				out.distinct(GroupBy)
			}
		case "ORDER_MODIFIER":
			for _, o := range m.nodes("orders") {
				a.key(o.node("expression"), in, out, Sort)
			}
		case "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER":
			a.condition(m.node("limit"), in, Filter, &out.rows)
			a.condition(m.node("offset"), in, Filter, &out.rows)
		default:
			out.rows.doubt("a modifier of type " + m.text("type") + " isn't known")
		}
	}
}

// distinct makes every column decide the rows.
func (r *result) distinct(how How) {
	for _, c := range r.columns {
		v := c.value
		if c.open != nil {
			v = c.open.all()
		}
		r.rows.as(v.set, only(how))
	}
}

// key follows an item of ORDER BY or DISTINCT ON: a position, an alias, ALL, or an expression.
func (a *analyser) key(e node, in *scope, out *result, how How) {
	position, ok := e.number()
	if e.text("class") == "POSITIONAL_REFERENCE" {
		f, _ := e["index"].(float64)
		position, ok = int(f), true
	}
	if ok {
		if c := at(out.columns, position); c != nil {
			out.rows.as(c.set, only(how))
			return
		}
		out.distinct(how) // one of them
		return
	}
	if e.text("class") == "STAR" && e.node("expr") == nil {
		out.distinct(how)
		return
	}
	if names := e.texts("column_names"); len(names) == 1 {
		for _, c := range out.columns {
			if c.open == nil && lex.EqualFold(c.name, names[0]) {
				out.rows.as(c.set, only(how))
				return
			}
			if c.open != nil && c.open.sure {
				if v := c.open.lookup(names[0]); v != nil {
					out.rows.as(v.set, only(how))
					return
				}
			}
		}
	}
	a.condition(e, in, how, &out.rows)
}

// setOperation follows UNION, EXCEPT and INTERSECT.
func (a *analyser) setOperation(n node, outer *scope, ctes *cte) *result {
	in := &scope{up: outer, ctes: ctes}
	kind := n.text("setop_type")
	children := []*result{a.query(n.node("left"), in), a.query(n.node("right"), in)}
	if more := n.nodes("children"); len(more) > 0 { // how later versions write it
		children = nil
		for _, c := range more {
			children = append(children, a.query(c, in))
		}
	}
	out := &result{}
	for _, c := range children {
		out.rows.merge(c.rows)
	}
	if kind == "UNION_BY_NAME" {
		out.columns = byName(children)
	} else {
		out.columns = byPosition(children)
	}
	all, written := n["setop_all"].(bool)
	switch {
	case kind == "EXCEPT" || kind == "INTERSECT":
		for _, c := range children {
			r := &result{columns: c.columns}
			r.distinct(Filter)
			out.rows.merge(r.rows)
		}
	case written && !all:
		out.distinct(GroupBy)
	}
	if kind == "EXCEPT" { // its values are the left side's
		out.columns = children[0].columns
	}
	a.modifiers(n.nodes("modifiers"), &scope{up: outer, ctes: ctes, relations: []*relation{{columns: out.columns}}}, out)
	return out
}

func isClosed(columns []*column) bool { return (&relation{columns: columns}).closed() }

// byPosition puts columns of several results together by position; names are the first's.
func byPosition(children []*result) []*column {
	first := children[0].columns
	for _, c := range children {
		if !isClosed(c.columns) || len(c.columns) != len(first) {
			return uncertain(children, "a set operation joins columns by position whose number isn't known")
		}
	}
	out := make([]*column, len(first))
	for i, c := range first {
		v := &value{}
		for _, child := range children {
			v.merge(child.columns[i].set)
		}
		out[i] = &column{name: c.name, value: v}
	}
	return out
}

// uncertain is a result each of whose columns may come from any column of the children.
func uncertain(children []*result, reason string) []*column {
	first := children[0].columns
	if slices.ContainsFunc(first, func(c *column) bool { return c.open == nil }) && isClosed(first) {
		out := make([]*column, len(first))
		for i, c := range first {
			v := &value{}
			v.merge(c.set)
			v.doubt(reason)
			out[i] = &column{name: c.name, value: v}
		}
		return out
	}
	all := func() *value {
		v := &value{}
		for _, child := range children {
			v.merge((&relation{columns: child.columns}).whole().set)
		}
		v.doubt(reason)
		return v
	}
	return []*column{{open: &open{all: all, lookup: func(name string) *value {
		v := &value{}
		if found := (&relation{columns: first}).find(name); found != nil {
			v.merge(found.set)
		}
		v.doubt(reason)
		return v
	}}}}
}

// byName puts columns of several results together by name.
func byName(children []*result) []*column {
	var out []*column
	find := func(name string) *value {
		var v *value
		for _, child := range children {
			if found := (&relation{columns: child.columns}).find(name); found != nil {
				if v == nil {
					v = &value{}
				}
				v.merge(found.set)
			}
		}
		return v
	}
	seen := map[string]bool{}
	openEnded := false
	for _, child := range children {
		for _, c := range child.columns {
			switch {
			case c.open != nil:
				openEnded = true
			case !seen[lex.Fold(c.name)]:
				seen[lex.Fold(c.name)] = true
				out = append(out, &column{name: c.name, value: find(c.name)})
			}
		}
	}
	for _, c := range out {
		if c.value == nil {
			c.value = unknownValue("a set operation by name has a column without one")
		}
	}
	if openEnded { // the known ones may stand anywhere among the others
		all := func() *value {
			v := &value{}
			for _, child := range children {
				v.merge((&relation{columns: child.columns}).whole().set)
			}
			return v
		}
		return []*column{{open: &open{lookup: find, all: all}}}
	}
	return out
}

// recursive follows WITH RECURSIVE until nothing new is found.
func (a *analyser) recursive(n node, outer *scope, ctes *cte) *result {
	first := a.query(n.node("left"), &scope{up: outer, ctes: ctes})
	if !isClosed(first.columns) {
		r := failed("a recursive query over columns whose number isn't known")
		a.query(n.node("right"), &scope{up: outer, ctes: &cte{name: lex.Fold(n.text("cte_name")), up: ctes, load: func() *result { return r }}})
		return r
	}
	out := &result{}
	out.rows.merge(first.rows)
	for i, c := range first.columns {
		name := c.name
		if names := n.texts("aliases"); i < len(names) {
			name = names[i]
		}
		v := &value{}
		v.merge(c.set)
		out.columns = append(out.columns, &column{name: name, value: v})
	}
	load := func() *result { // a copy: the sets grow
		r := &result{}
		r.rows.merge(out.rows)
		for _, c := range out.columns {
			v := &value{}
			v.merge(c.set)
			r.columns = append(r.columns, &column{name: c.name, value: v})
		}
		return r
	}
	self := &cte{name: lex.Fold(n.text("cte_name")), load: load}
	self.up = &cte{name: self.name, schema: "recurring", load: load, up: ctes}
	for grown := true; grown && a.err == nil; {
		grown = false
		next := a.query(n.node("right"), &scope{up: outer, ctes: self})
		if !isClosed(next.columns) || len(next.columns) != len(out.columns) {
			return failed("the recursive part of a query has columns whose number isn't known")
		}
		grown = out.rows.merge(next.rows)
		for i, c := range out.columns {
			grown = c.value.merge(next.columns[i].set) || grown
		}
		if !n.yes("union_all") && len(n.nodes("key_targets")) == 0 {
			before := len(out.rows.edges)
			out.distinct(GroupBy)
			grown = grown || len(out.rows.edges) > before
		}
	}
	in := &scope{up: outer, relations: []*relation{{columns: out.columns}}}
	for _, k := range n.nodes("key_targets") {
		a.condition(k, in, GroupBy, &out.rows)
	}
	return out
}
