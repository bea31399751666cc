package lineage

import (
	"regexp"
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// item follows an item of a select list, which may give several columns.
func (a *analyser) item(e node, in *scope, rows *set) []*column {
	alias := e.text("alias")
	if e.text("class") == "STAR" {
		columns := a.star(e, in, rows)
		if alias != "" && e.yes("columns") {
			return unnamed(columns)
		}
		return columns
	}
	if columns, ok := a.starLike(e, in, rows); ok {
		return columns
	}
	if star := innerStar(e); star != nil {
		return a.each(e, star, in, rows)
	}
	v := a.expression(e, in, rows)
	if e.text("class") == "FUNCTION" && lex.Fold(e.text("function_name")) == "unnest" && alias == "" {
		// A list gives one column, a struct one for each field.
		if v.fields == nil {
			return []*column{{open: &open{lookup: func(string) *value { return v }, all: func() *value { return v }}}}
		}
	}
	if alias == "" {
		alias = nameOf(e)
	}
	return []*column{{name: alias, value: v}}
}

// nameOf is what DuckDB calls an item without an alias, empty where that takes more than a look.
func nameOf(e node) string {
	names := e.texts("column_names")
	switch e.text("class") {
	case "COLUMN_REF":
		if len(names) > 0 {
			return names[len(names)-1]
		}
	case "FUNCTION":
		if e.yes("is_operator") || e.text("schema") != "" || e.node("filter") != nil || e.yes("distinct") || len(e.node("order_bys").nodes("orders")) > 0 {
			return ""
		}
		args := make([]string, 0, 2)
		for _, c := range e.nodes("children") {
			if c.text("class") != "COLUMN_REF" {
				return ""
			}
			args = append(args, strings.Join(c.texts("column_names"), "."))
		}
		return e.text("function_name") + "(" + strings.Join(args, ", ") + ")"
	}
	return ""
}

// unnamed takes the names off, where an alias pattern makes others of them.
func unnamed(columns []*column) []*column {
	out := make([]*column, len(columns))
	for i, c := range columns {
		out[i] = &column{value: c.value, open: c.open}
		if c.open != nil {
			all := c.open.all()
			all.doubt("columns are renamed by a pattern")
			out[i].open = &open{lookup: func(string) *value { return all }, all: func() *value { return all }}
		}
	}
	return out
}

// candidates are the columns that a star is about, before it leaves any out.
func (a *analyser) candidates(e node, in *scope) []*column {
	of := e.text("relation_name")
	var out []*column
	once := map[string]bool{}
	found := false
	for _, r := range in.relations {
		if of != "" && !lex.EqualFold(of, r.alias) {
			continue
		}
		found = true
		for _, c := range r.columns {
			name := lex.Fold(c.name)
			if m := in.merged[name]; m != nil && of == "" && c.open == nil {
				if once[name] {
					continue
				}
				once[name] = true
				c = &column{name: c.name, value: m}
			}
			out = append(out, c)
		}
	}
	if found {
		return out
	}
	if of == "" { // a subquery without FROM speaks of no column
		return nil
	}
	// s.* of a struct
	s := in.resolve([]string{of})
	if s.fields != nil {
		names := make([]string, 0, len(s.fields))
		for n := range s.fields {
			names = append(names, n)
		}
		slices.Sort(names)
		return []*column{{open: &open{sure: true, lookup: func(name string) *value { return s.fields[lex.Fold(name)] }, all: func() *value { return s }}}}
	}
	v := through(s, derived)
	return []*column{{open: &open{lookup: func(string) *value { return v }, all: func() *value { return v }}}}
}

// star follows *, t.* and COLUMNS(…), with EXCLUDE, REPLACE and RENAME.
func (a *analyser) star(e node, in *scope, rows *set) []*column {
	columns := a.candidates(e, in)
	excluded := e.texts("exclude_list")
	for _, q := range e.nodes("qualified_exclude_list") {
		excluded = append(excluded, q.text("column"))
	}
	for _, q := range e.nodes("exclude_list") { // some versions write objects
		if name := q.text("column"); name != "" {
			excluded = append(excluded, name)
		}
	}
	out := columns
	if len(excluded) > 0 {
		out = keep(columns, func(name string) bool {
			return !slices.ContainsFunc(excluded, func(x string) bool { return x != "" && lex.EqualFold(x, name) })
		})
	}
	for _, r := range e.nodes("replace_list") {
		v := a.expression(r.node("value"), in, rows)
		out = changed(out, r.text("key"), r.text("key"), v)
	}
	for _, r := range e.nodes("rename_list") {
		out = changed(out, r.node("key").text("column"), r.text("value"), nil)
	}
	if expr := e.node("expr"); expr != nil {
		out = a.selected(expr, out)
	}
	return out
}

// keep leaves out the columns whose names don't fit.
func keep(columns []*column, fits func(name string) bool) []*column {
	var out []*column
	for _, c := range columns {
		if c.open != nil {
			o := *c.open
			lookup := o.lookup
			o.lookup = func(name string) *value {
				if !fits(name) {
					return nil
				}
				return lookup(name)
			}
			out = append(out, &column{open: &o})
			continue
		}
		if fits(c.name) {
			out = append(out, c)
		}
	}
	return out
}

// changed gives a column another name and, if v isn't nil, another value.
func changed(columns []*column, from, to string, v *value) []*column {
	out := slices.Clone(columns)
	for i, c := range out {
		if c.open == nil {
			if lex.EqualFold(c.name, from) {
				with := v
				if with == nil {
					with = c.value
				}
				out[i] = &column{name: to, value: with}
			}
			continue
		}
		o := *c.open
		lookup := o.lookup
		o.lookup = func(name string) *value {
			switch {
			case lex.EqualFold(name, to) && v != nil:
				return v
			case lex.EqualFold(name, to):
				return lookup(from)
			case lex.EqualFold(name, from):
				return nil
			}
			return lookup(name)
		}
		out[i] = &column{open: &o}
	}
	return out
}

// selected are the columns that COLUMNS(expr) takes.
func (a *analyser) selected(expr node, columns []*column) []*column {
	if expr.text("class") == "STAR" {
		return columns
	}
	if pattern, ok := expr.constant(); ok {
		re, err := regexp.Compile(pattern)
		if err != nil {
			return searchable(columns)
		}
		return keep(columns, re.MatchString)
	}
	if names := constants(expr); len(names) > 0 { // in the order of the list
		var out []*column
		for _, name := range names {
			v := (&relation{columns: columns}).find(name)
			if v == nil {
				v = unknownValue("column " + name + " was not found")
			}
			out = append(out, &column{name: name, value: v})
		}
		return out
	}
	if fits, ok := predicate(expr); ok {
		return keep(columns, fits)
	}
	return searchable(columns)
}

// searchable are columns of which nobody knows which are meant, but by name.
func searchable(columns []*column) []*column {
	r := &relation{columns: columns}
	return []*column{{open: &open{lookup: r.find, all: r.whole, sure: r.closed()}}}
}

// starLike follows * LIKE 'pattern' and its like.
func (a *analyser) starLike(e node, in *scope, rows *set) ([]*column, bool) {
	if e.text("class") != "FUNCTION" {
		not := e.nodes("children")
		if e.text("type") != "OPERATOR_NOT" || len(not) != 1 {
			return nil, false
		}
		columns, ok := a.starLike(not[0], in, rows)
		if !ok {
			return nil, false
		}
		all := a.star(not[0].nodes("children")[0], in, rows)
		if !isClosed(all) || !isClosed(columns) {
			return searchable(all), true
		}
		return keep(all, func(name string) bool {
			return !slices.ContainsFunc(columns, func(c *column) bool { return lex.EqualFold(c.name, name) })
		}), true
	}
	args := e.nodes("children")
	if len(args) < 2 || args[0].text("class") != "STAR" || args[0].yes("columns") {
		return nil, false
	}
	columns := a.star(args[0], in, rows)
	pattern, ok := args[1].constant()
	if ok {
		if fits, known := matcher(lex.Fold(e.text("function_name")), pattern); known {
			return keep(columns, fits), true
		}
	}
	return searchable(columns), true
}

// innerStar is the COLUMNS(…) in an expression that makes several of it, nil for none.
func innerStar(e node) node {
	switch e.text("class") {
	case "STAR":
		if e.yes("columns") {
			return e
		}
		return nil
	case "SUBQUERY", "LAMBDA":
		return nil
	}
	if e.text("type") == "OPERATOR_UNPACK" {
		return nil
	}
	var found node
	each(e, func(child node) {
		if found == nil {
			found = innerStar(child)
		}
	})
	return found
}

// each makes an expression with COLUMNS(…) in it once for each of the columns.
func (a *analyser) each(e, star node, in *scope, rows *set) []*column {
	columns := a.star(star, in, rows)
	var out []*column
	for _, c := range columns {
		bound := c.value
		if c.open != nil {
			bound = c.open.all()
			bound.doubt("an expression over columns that aren't known")
		}
		v := a.expression(e, &scope{up: in, ctes: in.ctes, params: map[string]*value{starParam: bound}}, rows)
		if c.open != nil {
			out = append(out, &column{open: &open{lookup: func(string) *value { return v }, all: func() *value { return v }}})
			continue
		}
		name := c.name
		if e.text("alias") != "" {
			name = ""
		}
		out = append(out, &column{name: name, value: v})
	}
	return out
}

// starParam is the parameter that stands for COLUMNS(…) in each; no name folds to it.
const starParam = "\x00columns"

// bound is what COLUMNS(…) stands for here, nil outside each.
func (s *scope) bound() *value {
	for ; s != nil; s = s.up {
		if v := s.params[starParam]; v != nil {
			return v
		}
	}
	return nil
}
