package render

import (
	"fmt"

	"github.com/eiderdb/eider/engine/project/jinja"
)

// adapterObject is adapter.…. While parsing, what asks the database answers none.
type adapterObject struct{ r *rendering }

func (o *adapterObject) TypeName() string { return "adapter" }

// noDatabase is the error of a rendering without an adapter.
func noDatabase(what string) error {
	return jinja.Fail("a command that connects, such as eider run or eider build, can answer it; {% if execute %} skips it while parsing", "%s needs a database, and this command has none", what)
}

// asking is the start of every method that asks: parse says that the answer is none.
func (r *rendering) asking(what string) (parse bool, err error) {
	if r.parsing() {
		r.found.Introspective = true
		return true, nil
	}
	if r.s.Adapter == nil {
		return false, noDatabase(what)
	}
	return false, nil
}

func (o *adapterObject) Attr(name string) (jinja.Value, bool) {
	r := o.r
	var f func(c *jinja.Call) (jinja.Value, error)
	switch name {
	case "dispatch":
		f = o.dispatch
	case "type":
		f = func(*jinja.Call) (jinja.Value, error) { return r.e.Project.Target.Type, nil }
	case "quote", "quote_as_configured", "quote_seed_column":
		f = func(c *jinja.Call) (jinja.Value, error) {
			v, ok := c.Arg(0, "identifier")
			if !ok {
				return nil, fmt.Errorf("%s takes a name", name)
			}
			if how, has := c.Arg(1, "quote_config"); name == "quote_seed_column" && has && how == false {
				return jinja.Str(v), nil
			}
			return Quote(jinja.Str(v)), nil
		}
	case "commit", "cache_added", "cache_dropped", "cache_renamed", "expand_target_column_types", "valid_incremental_strategies", "clear_cache":
		f = func(*jinja.Call) (jinja.Value, error) { return "", nil }
	case "get_relation", "load_relation":
		f = o.getRelation
	case "get_columns_in_relation", "get_missing_columns":
		f = o.columns
	case "list_relations", "list_relations_without_caching":
		f = o.listRelations
	case "already_exists", "check_schema_exists":
		f = o.exists
	case "create_schema", "drop_schema", "drop_relation", "rename_relation", "truncate_relation":
		f = func(c *jinja.Call) (jinja.Value, error) { return o.change(name, c) }
	case "execute", "run_query":
		f = o.execute
	case "convert_type":
		f = func(c *jinja.Call) (jinja.Value, error) { return "varchar", nil }
	case "config":
		return jinja.NewDict("credentials", r.targetDict(), "target_name", r.e.Project.Target.Name), true
	case "Relation":
		return &relationAPI{}, true
	case "Column":
		return &columnAPI{}, true
	default:
		return nil, false
	}
	return jinja.Func(f), true
}

func (o *adapterObject) dispatch(c *jinja.Call) (jinja.Value, error) {
	k, ok := c.Arg(0, "macro_name")
	if !ok {
		return nil, fmt.Errorf("adapter.dispatch takes the name of a macro")
	}
	ns := ""
	if v, has := c.Arg(1, "macro_namespace"); has && v != nil {
		ns = jinja.Str(v)
		if l, isList := v.(*jinja.List); isList {
			ns = ""
			if len(l.Items) > 0 {
				ns = jinja.Str(l.Items[0])
			}
		}
	}
	m, tried := o.r.e.dispatch(o.r.pkg, jinja.Str(k), ns)
	if m == nil {
		hint := ""
		if ns != "" && o.r.e.byName[ns] == nil {
			hint = "the package " + ns + " is not installed: put it below dbt_packages/, or list it as local: in packages.yml"
		}
		return nil, jinja.Fail(hint, "adapter.dispatch finds no macro %s; looked for %v", jinja.Str(k), tried)
	}
	return o.r.callable(m), nil
}

func (o *adapterObject) getRelation(c *jinja.Call) (jinja.Value, error) {
	if parse, err := o.r.asking("adapter.get_relation"); parse || err != nil {
		return nil, err
	}
	if len(c.Args) == 1 { // load_relation(relation)
		if rel, ok := c.Args[0].(*Relation); ok {
			return orNone(o.r.s.Adapter.GetRelation(o.r.ctx, rel.Database, rel.Schema, rel.Identifier))
		}
	}
	db, _ := c.Arg(0, "database")
	schema, _ := c.Arg(1, "schema")
	id, ok := c.Arg(2, "identifier")
	if !ok {
		return nil, fmt.Errorf("adapter.get_relation takes database, schema and identifier")
	}
	return orNone(o.r.s.Adapter.GetRelation(o.r.ctx, noneText(db), noneText(schema), noneText(id)))
}

func noneText(v jinja.Value) string {
	if v == nil {
		return ""
	}
	return jinja.Str(v)
}

// orNone keeps a nil *Relation from becoming a value that isn't none.
func orNone(rel *Relation, err error) (jinja.Value, error) {
	if rel == nil || err != nil {
		return nil, err
	}
	return rel, nil
}

// relationArg is the relation given to a method.
func relationArg(c *jinja.Call, i int, name, method string) (*Relation, error) {
	v, _ := c.Arg(i, name)
	rel, ok := v.(*Relation)
	if !ok {
		return nil, jinja.Fail("ref(…), source(…), this and adapter.get_relation(…) are relations", "%s takes a relation, not %s", method, jinja.TypeName(v))
	}
	return rel, nil
}

func (o *adapterObject) columns(c *jinja.Call) (jinja.Value, error) {
	if parse, err := o.r.asking("adapter.get_columns_in_relation"); parse || err != nil {
		return &jinja.List{}, err
	}
	rel, err := relationArg(c, 0, "relation", "adapter.get_columns_in_relation")
	if err != nil {
		return nil, err
	}
	cols, err := o.r.s.Adapter.GetColumns(o.r.ctx, rel)
	if err != nil {
		return nil, err
	}
	drop := map[string]bool{}
	if len(c.Args) > 1 { // get_missing_columns(from, to)
		to, err := relationArg(c, 1, "to_relation", "adapter.get_missing_columns")
		if err != nil {
			return nil, err
		}
		have, err := o.r.s.Adapter.GetColumns(o.r.ctx, to)
		if err != nil {
			return nil, err
		}
		for _, col := range have {
			drop[col.Name] = true
		}
	}
	l := &jinja.List{}
	for _, col := range cols {
		if !drop[col.Name] {
			l.Items = append(l.Items, col)
		}
	}
	return l, nil
}

func (o *adapterObject) listRelations(c *jinja.Call) (jinja.Value, error) {
	if parse, err := o.r.asking("adapter.list_relations"); parse || err != nil {
		return &jinja.List{}, err
	}
	db, _ := c.Arg(0, "database")
	schema, _ := c.Arg(1, "schema")
	if rel, ok := db.(*Relation); ok {
		db, schema = rel.Database, rel.Schema
	}
	rels, err := o.r.s.Adapter.ListRelations(o.r.ctx, noneText(db), noneText(schema))
	if err != nil {
		return nil, err
	}
	l := &jinja.List{}
	for _, rel := range rels {
		l.Items = append(l.Items, rel)
	}
	return l, nil
}

func (o *adapterObject) exists(c *jinja.Call) (jinja.Value, error) {
	if parse, err := o.r.asking("adapter.already_exists"); parse || err != nil {
		return false, err
	}
	if len(c.Args) != 2 {
		return nil, fmt.Errorf("it takes two names")
	}
	a, b := jinja.Str(c.Args[0]), jinja.Str(c.Args[1])
	rel, err := o.r.s.Adapter.GetRelation(o.r.ctx, o.r.e.Project.Target.Database, a, b)
	return rel != nil, err
}

func (o *adapterObject) change(name string, c *jinja.Call) (jinja.Value, error) {
	if parse, err := o.r.asking("adapter." + name); parse || err != nil {
		return "", err
	}
	rel, err := relationArg(c, 0, "relation", "adapter."+name)
	if err != nil {
		return nil, err
	}
	a, ctx := o.r.s.Adapter, o.r.ctx
	switch name {
	case "create_schema":
		return "", a.CreateSchema(ctx, rel.Database, rel.Schema)
	case "drop_schema":
		return "", a.DropSchema(ctx, rel.Database, rel.Schema)
	case "drop_relation":
		return "", a.DropRelation(ctx, rel)
	case "truncate_relation":
		return "", a.TruncateRelation(ctx, rel)
	}
	to, err := relationArg(c, 1, "to_relation", "adapter."+name)
	if err != nil {
		return nil, err
	}
	return "", a.RenameRelation(ctx, rel, to)
}

// execute is adapter.execute(sql, fetch=true): a response and a table.
func (o *adapterObject) execute(c *jinja.Call) (jinja.Value, error) {
	if parse, err := o.r.asking("adapter.execute"); parse || err != nil {
		return jinja.Tuple{nil, nil}, err
	}
	v, _ := c.Arg(0, "sql")
	t, err := o.r.s.Adapter.RunQuery(o.r.ctx, jinja.Str(v))
	if err != nil {
		return nil, err
	}
	return jinja.Tuple{"OK", tableOrNone(t)}, nil
}

func tableOrNone(t *Table) jinja.Value {
	if t == nil {
		return nil
	}
	return t
}

// runQuery is run_query(sql): a table, none while parsing.
func (r *rendering) runQuery(c *jinja.Call) (jinja.Value, error) {
	if parse, err := r.asking("run_query"); parse || err != nil {
		return nil, err
	}
	v, ok := c.Arg(0, "sql")
	if !ok {
		return nil, fmt.Errorf("run_query takes a query")
	}
	t, err := r.s.Adapter.RunQuery(r.ctx, jinja.Str(v))
	if err != nil {
		return nil, err
	}
	if t == nil {
		t = &Table{}
	}
	return t, nil
}

// statement is {% call statement('name', fetch_result=true) %}sql{% endcall %}.
func (r *rendering) statement(c *jinja.Call) (jinja.Value, error) {
	body := c.Caller()
	if body == nil {
		return nil, jinja.Fail("{% call statement('name', fetch_result=true) %}select …{% endcall %}", "statement is called by {%% call %%}")
	}
	sql, err := body(&jinja.Call{State: c.State})
	if err != nil {
		return nil, err
	}
	if parse, err := r.asking("statement"); parse || err != nil {
		return "", err
	}
	if !r.s.Execute {
		return "", nil
	}
	t, err := r.s.Adapter.RunQuery(r.ctx, jinja.Str(sql))
	if err != nil {
		return nil, err
	}
	if name, ok := c.Arg(0, "name"); ok && name != nil {
		r.store(jinja.Str(name), "OK", t)
	}
	return "", nil
}

func (r *rendering) store(name string, response jinja.Value, t *Table) {
	if r.results == nil {
		r.results = map[string]jinja.Value{}
	}
	data := &jinja.List{}
	if t != nil {
		for i := range t.Rows {
			data.Items = append(data.Items, jinja.Tuple((&tableRow{t, i}).Iterate()))
		}
	}
	r.results[name] = jinja.NewDict("response", response, "data", data, "table", tableOrNone(t))
}

// result is load_result and store_result.
func (r *rendering) result(name string, c *jinja.Call) (jinja.Value, error) {
	k, ok := c.Arg(0, "name")
	if !ok {
		return nil, fmt.Errorf("%s takes a name", name)
	}
	if name == "load_result" {
		return r.results[jinja.Str(k)], nil
	}
	response, _ := c.Arg(1, "response")
	t, _ := c.Kwargs.Get("agate_table")
	table, _ := t.(*Table)
	r.store(jinja.Str(k), response, table)
	return "", nil
}
