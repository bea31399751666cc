package lineage

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// tableFunction follows a function in FROM.
func (a *analyser) tableFunction(f node, r *relation, in *scope, rows *set) {
	name := lex.Fold(f.text("function_name"))
	if r.alias == "" {
		r.alias = name
	}
	if a.tableMacro(f, r, in, rows) {
		return
	}
	args := f.nodes("children")
	if name == "query_table" && len(args) > 0 {
		if a.queryTable(args[0], r, rows) {
			return
		}
	}
	if reads(name) && len(args) > 0 {
		if files := constants(args[0]); len(files) > 0 {
			r.columns = a.files(files)
			return
		}
	}
	given := &value{}
	for _, arg := range args {
		if arg.text("class") == "COMPARISON" && len(arg.node("left").texts("column_names")) == 1 {
			arg = arg.node("right") // option = value
		}
		given.as(a.expression(arg, in, rows).set, derived)
	}
	rows.as(given.set, only(Filter))
	switch name {
	case "range", "generate_series", "unnest":
		if f.text("alias") == "" {
			r.columns = []*column{{name: name, value: given}}
			return
		}
	case "repeat", "repeat_row":
		r.columns = []*column{{open: &open{lookup: func(string) *value { return given }, all: func() *value { return given }}}}
		return
	case "query":
		r.columns = failed("query() runs a text that is only known when it runs").columns
		rows.doubt("query() runs a text that is only known when it runs")
		a.read(Source{Kind: KindFunction, Object: name})
		return
	}
	c := a.file(KindFunction, name)
	lookup := c.open.lookup
	c.open.lookup = func(column string) *value {
		v := lookup(column)
		v.merge(given.set)
		return v
	}
	r.columns = []*column{c}
}

// reads tells that a table function reads the files that its first argument names.
func reads(function string) bool {
	return strings.HasPrefix(function, "read_") || strings.HasSuffix(function, "_scan") || strings.HasPrefix(function, "parquet_") || function == "sniff_csv"
}

// constants are the strings that an argument consists of: one, or a list of them.
func constants(arg node) []string {
	if s, ok := arg.constant(); ok {
		return []string{s}
	}
	if arg.text("class") != "FUNCTION" || arg.text("function_name") != "list_value" {
		return nil
	}
	var out []string
	for _, c := range arg.nodes("children") {
		s, ok := c.constant()
		if !ok {
			return nil
		}
		out = append(out, s)
	}
	return out
}

// files are the columns of files that are read as one.
func (a *analyser) files(paths []string) []*column {
	if len(paths) == 1 {
		return []*column{a.file(KindFile, paths[0])}
	}
	var each []*column
	for _, p := range paths {
		each = append(each, a.file(KindFile, p))
	}
	together := func(get func(*open) *value) *value {
		v := &value{}
		for _, c := range each {
			v.merge(get(c.open).set)
		}
		return v
	}
	return []*column{{open: &open{
		lookup: func(name string) *value { return together(func(o *open) *value { return o.lookup(name) }) },
		all:    func() *value { return together(func(o *open) *value { return o.all() }) },
	}}}
}

// queryTable follows query_table('t') and query_table(['t', 'u']).
func (a *analyser) queryTable(arg node, r *relation, rows *set) bool {
	names := constants(arg)
	var parts []*result
	for _, name := range names {
		path := split(name)
		for len(path) < 3 {
			path = append([]string{""}, path...)
		}
		t, err := a.catalog.Table(path[0], path[1], path[2])
		if err != nil {
			a.err = err
			return true
		}
		if t == nil {
			return false
		}
		parts = append(parts, &result{columns: a.table(t, rows)})
	}
	switch len(parts) {
	case 0:
		return false
	case 1:
		r.columns = parts[0].columns
	default:
		r.columns = byPosition(parts)
	}
	return true
}

// split cuts a qualified name into its parts.
func split(name string) []string {
	var out []string
	for _, st := range lex.Split(name) {
		for _, t := range st.Tokens {
			if !t.Is(name, ".") {
				out = append(out, lex.Unquote(name, t))
			}
		}
	}
	if len(out) == 0 || len(out) > 3 {
		return []string{name}
	}
	return out
}

// tableMacro follows a table macro of the user's.
func (a *analyser) tableMacro(f node, r *relation, in *scope, rows *set) bool {
	m, params := a.macro(f, true, in, rows)
	if m == nil {
		return false
	}
	if params == nil {
		r.columns = failed("macros call one another too deeply").columns
		return true
	}
	a.macros++
	sub := a.query(m.Tree.queries[0], &scope{params: params})
	a.macros--
	r.columns = sub.columns
	rows.merge(sub.rows)
	return true
}

// macro finds the user's macro that a call means and binds its parameters; nil for no macro,
// params nil where macros are nested too deeply.
func (a *analyser) macro(f node, table bool, in *scope, rows *set) (*Macro, map[string]*value) {
	list, err := a.catalog.Macro(f.text("catalog"), f.text("schema"), f.text("function_name"))
	if err != nil {
		a.err = err
	}
	args := f.nodes("children")
	for _, m := range list {
		if m.Table != table || len(m.Params) < len(args) || m.Tree == nil || m.Tree.Len() != 1 {
			continue
		}
		if a.macros >= maxMacros {
			return m, nil
		}
		params := map[string]*value{}
		for i, arg := range args {
			name := m.Params[i]
			if alias := arg.text("alias"); alias != "" {
				name = alias
			}
			params[lex.Fold(name)] = a.expression(arg, in, rows)
		}
		for _, p := range m.Params {
			if params[lex.Fold(p)] == nil {
				params[lex.Fold(p)] = &value{} // its default
			}
		}
		return m, params
	}
	return nil, nil
}
