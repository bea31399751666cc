package render

import (
	"strings"

	"github.com/eiderdb/eider/engine/project/jinja"
	"github.com/eiderdb/eider/engine/project/node"
)

// NewRelation makes a relation that prints every part it has, quoted.
func NewRelation(database, schema, identifier, kind string) *Relation {
	return &Relation{Database: database, Schema: schema, Identifier: identifier, Type: kind,
		Quoted: [3]bool{true, true, true}, Included: [3]bool{true, true, true}, Limit: -1}
}

// Relation is the node's own relation; a CTE for ephemeral models.
func (e *Env) Relation(n *node.Node) *Relation {
	if n.Config.Materialized == "ephemeral" && n.Kind == node.Model {
		return &Relation{Identifier: CTEName(n), Type: "cte", Ephemeral: true, Included: [3]bool{false, false, true}, Limit: -1}
	}
	kind := map[string]string{"view": "view", "seed": "table", "snapshot": "table", "table": "table", "incremental": "table"}[n.Config.Materialized]
	identifier := n.Alias
	if n.SourceInfo != nil {
		identifier = n.SourceInfo.Identifier
	}
	r := NewRelation(n.Database, n.Schema, identifier, kind)
	q := n.Config.Quoting
	if n.SourceInfo != nil {
		q = n.SourceInfo.Quoting
	}
	for i, b := range []*bool{q.Database, q.Schema, q.Identifier} {
		if b != nil {
			r.Quoted[i] = *b
		}
	}
	return r
}

// CTEName is the name by which an ephemeral model is inlined.
func CTEName(n *node.Node) string { return "__dbt__cte__" + n.Name }

// TypeName is what messages call it.
func (r *Relation) TypeName() string { return "relation" }

// String is the relation as SQL.
func (r *Relation) String() string {
	if r.Ephemeral {
		return r.Identifier
	}
	name := r.path()
	switch {
	case r.Filter != "" && r.Limit >= 0:
		return "(select * from " + name + " where " + r.Filter + " limit " + jinja.Str(int64(r.Limit)) + ")"
	case r.Filter != "":
		return "(select * from " + name + " where " + r.Filter + ")"
	case r.Limit >= 0:
		return "(select * from " + name + " limit " + jinja.Str(int64(r.Limit)) + ")"
	}
	return name
}

func (r *Relation) path() string {
	var parts []string
	for i, s := range []string{r.Database, r.Schema, r.Identifier} {
		if s == "" || !r.Included[i] {
			continue
		}
		if r.Quoted[i] {
			s = Quote(s)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ".")
}

// Quote writes a name as a quoted identifier.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Equal compares by name, without case as DuckDB does.
func (r *Relation) Equal(v jinja.Value) bool {
	o, ok := v.(*Relation)
	return ok && o != nil && strings.EqualFold(r.Database, o.Database) && strings.EqualFold(r.Schema, o.Schema) && strings.EqualFold(r.Identifier, o.Identifier)
}

// Attr is what templates read of a relation.
func (r *Relation) Attr(name string) (jinja.Value, bool) {
	text := func(s string) (jinja.Value, bool) {
		if s == "" {
			return nil, true
		}
		return s, true
	}
	switch name {
	case "database":
		return text(r.Database)
	case "schema":
		return text(r.Schema)
	case "identifier", "name", "table":
		return text(r.Identifier)
	case "type":
		return text(r.Type)
	case "is_table", "is_view", "is_cte", "is_materialized_view", "is_pointer", "is_dynamic_table":
		return r.Type == strings.TrimPrefix(name, "is_"), true
	case "render":
		return jinja.Func(func(*jinja.Call) (jinja.Value, error) { return r.String(), nil }), true
	case "include", "quote":
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) { return r.flags(name, c), nil }), true
	case "incorporate", "replace_path":
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) { return r.incorporate(c), nil }), true
	case "without_identifier":
		return jinja.Func(func(*jinja.Call) (jinja.Value, error) {
			o := *r
			o.Included[2] = false
			return &o, nil
		}), true
	case "information_schema":
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) {
			view := ""
			if len(c.Args) > 0 {
				view = jinja.Str(c.Args[0])
			}
			o := NewRelation(r.Database, "information_schema", view, "view")
			o.Quoted = [3]bool{true, false, false}
			return o, nil
		}), true
	case "path":
		return jinja.NewDict("database", r.Database, "schema", r.Schema, "identifier", r.Identifier), true
	case "quote_policy":
		return jinja.NewDict("database", r.Quoted[0], "schema", r.Quoted[1], "identifier", r.Quoted[2]), true
	case "include_policy":
		return jinja.NewDict("database", r.Included[0], "schema", r.Included[1], "identifier", r.Included[2]), true
	case "quote_character":
		return `"`, true
	}
	return nil, false
}

// flags is include(database=false) and quote(schema=false).
func (r *Relation) flags(what string, c *jinja.Call) *Relation {
	o := *r
	to := &o.Quoted
	if what == "include" {
		to = &o.Included
	}
	for i, part := range []string{"database", "schema", "identifier"} {
		if v, ok := c.Kwargs.Get(part); ok {
			to[i] = jinja.Truth(v)
		}
	}
	return &o
}

func (r *Relation) incorporate(c *jinja.Call) *Relation {
	o := *r
	set := func(d *jinja.Dict) {
		for part, to := range map[string]*string{"database": &o.Database, "schema": &o.Schema, "identifier": &o.Identifier, "type": &o.Type} {
			if v, ok := d.Get(part); ok && v != nil {
				*to = jinja.Str(v)
			}
		}
	}
	set(c.Kwargs)
	if p, ok := c.Kwargs.Get("path"); ok {
		if d, isDict := p.(*jinja.Dict); isDict {
			set(d)
		}
	}
	return &o
}
