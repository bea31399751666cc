package render

import (
	"fmt"
	"strings"

	"github.com/eiderdb/eider/engine/project/jinja"
	"github.com/eiderdb/eider/engine/project/node"
)

// configObject is config(…) and config.get(…).
type configObject struct{ r *rendering }

func (o *configObject) TypeName() string { return "config" }

// Call is {{ config(materialized='table') }}: taken while parsing, empty text otherwise.
func (o *configObject) Call(c *jinja.Call) (jinja.Value, error) {
	if o.r.found == nil {
		return "", nil
	}
	take := func(d *jinja.Dict) {
		for k, v := range d.All() {
			o.r.found.setConfig(jinja.Str(k), jinja.ToGo(v), place(c))
		}
	}
	for _, a := range c.Args {
		d, ok := a.(*jinja.Dict)
		if !ok {
			return nil, jinja.Fail("config(materialized='table')", "config takes names and values, or one dict, not %s", jinja.TypeName(a))
		}
		take(d)
	}
	take(c.Kwargs)
	return "", nil
}

// setConfig takes a key of a config() call; a later call replaces it.
func (f *Found) setConfig(key string, v any, pos node.Position) {
	if r, ok := v.(fmt.Stringer); ok {
		v = r.String()
	}
	f.Config[key] = v
	if f.ConfigPos == nil {
		f.ConfigPos = map[string]node.Position{}
	}
	f.ConfigPos[key] = pos
}

func (o *configObject) Attr(name string) (jinja.Value, bool) {
	values := map[string]any{}
	if n := o.r.s.Node; n != nil {
		values = n.Config.Values
	}
	lookup := func(c *jinja.Call, required bool, from map[string]any) (jinja.Value, error) {
		k, ok := c.Arg(0, "name")
		if !ok {
			return nil, fmt.Errorf("config.%s takes a name", name)
		}
		if v, ok := from[jinja.Str(k)]; ok && v != nil {
			return jinja.FromGo(v), nil
		}
		if o.r.found != nil {
			if v, ok := o.r.found.Config[jinja.Str(k)]; ok {
				return jinja.FromGo(v), nil
			}
		}
		if required && !o.r.parsing() {
			return nil, jinja.Fail("set it by {{ config("+jinja.Str(k)+"=…) }} or in dbt_project.yml", "the configuration %s is required", jinja.Str(k))
		}
		d, _ := c.Arg(1, "default")
		return d, nil
	}
	meta, _ := values["meta"].(map[string]any)
	switch name {
	case "get":
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) { return lookup(c, false, values) }), true
	case "require":
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) { return lookup(c, true, values) }), true
	case "meta_get":
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) { return lookup(c, false, meta) }), true
	case "meta_require":
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) { return lookup(c, true, meta) }), true
	case "set":
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) {
			if len(c.Args) == 2 && o.r.found != nil {
				o.r.found.setConfig(jinja.Str(c.Args[0]), jinja.ToGo(c.Args[1]), place(c))
			}
			return "", nil
		}), true
	case "persist_relation_docs", "persist_column_docs":
		return jinja.Func(func(*jinja.Call) (jinja.Value, error) {
			n := o.r.s.Node
			if n == nil {
				return false, nil
			}
			if name == "persist_relation_docs" {
				return n.Config.PersistDocs.Relation, nil
			}
			return n.Config.PersistDocs.Columns, nil
		}), true
	case "model":
		return o.r.modelDict(), true
	}
	if v, ok := values[name]; ok {
		return jinja.FromGo(v), true
	}
	return nil, false
}

// exceptionsObject is exceptions.raise_compiler_error(…) and its kin.
type exceptionsObject struct{ r *rendering }

func (o *exceptionsObject) TypeName() string { return "exceptions" }

func (o *exceptionsObject) Attr(name string) (jinja.Value, bool) {
	switch name {
	case "warn", "warn_compiler_error":
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) {
			v, _ := c.Arg(0, "msg")
			o.r.say("warning: "+jinja.Str(v), true)
			return "", nil
		}), true
	}
	if strings.HasPrefix(name, "raise_") || strings.HasSuffix(name, "_error") || name == "missing_config" || name == "missing_relation" || name == "relation_wrong_type" || name == "column_type_missing" {
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) {
			v, _ := c.Arg(0, "msg")
			if name == "relation_wrong_type" && len(c.Args) > 1 {
				return nil, fmt.Errorf("%s should be a %s", jinja.Str(v), jinja.Str(c.Args[1]))
			}
			return nil, fmt.Errorf("%s", jinja.Str(v))
		}), true
	}
	return nil, false
}

// builtinsObject is builtins.ref(…), for projects that override ref.
type builtinsObject struct{ r *rendering }

func (o *builtinsObject) TypeName() string { return "builtins" }

func (o *builtinsObject) Attr(name string) (jinja.Value, bool) { return o.r.builtin(name) }

func (o *builtinsObject) Index(key jinja.Value) (jinja.Value, bool) {
	return o.r.builtin(jinja.Str(key))
}

// contextObject is context['name'], every name there is.
type contextObject struct{ r *rendering }

func (o *contextObject) TypeName() string { return "context" }

func (o *contextObject) Attr(name string) (jinja.Value, bool) {
	if name == "get" {
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) {
			if len(c.Args) == 0 {
				return nil, fmt.Errorf("context.get takes a name")
			}
			if v, ok := o.r.Lookup(jinja.Str(c.Args[0])); ok {
				return v, nil
			}
			d, _ := c.Arg(1, "default")
			return d, nil
		}), true
	}
	return o.r.Lookup(name)
}

func (o *contextObject) Index(key jinja.Value) (jinja.Value, bool) {
	return o.r.Lookup(jinja.Str(key))
}

// apiObject is api.Relation.create(…) and api.Column(…).
type apiObject struct{ r *rendering }

func (o *apiObject) TypeName() string { return "api" }

func (o *apiObject) Attr(name string) (jinja.Value, bool) {
	switch name {
	case "Relation":
		return &relationAPI{}, true
	case "Column":
		return &columnAPI{}, true
	}
	return nil, false
}

type relationAPI struct{}

func (*relationAPI) TypeName() string { return "api.Relation" }

func (*relationAPI) Attr(name string) (jinja.Value, bool) {
	switch name {
	case "create":
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) {
			rel := NewRelation("", "", "", "")
			return rel.incorporate(c), nil
		}), true
	case "Table", "View", "CTE", "External":
		return strings.ToLower(name), true
	}
	return nil, false
}

type columnAPI struct{}

func (*columnAPI) TypeName() string { return "api.Column" }

// Call is api.Column('name', 'type').
func (*columnAPI) Call(c *jinja.Call) (jinja.Value, error) {
	name, _ := c.Arg(0, "column")
	kind, _ := c.Arg(1, "dtype")
	return Column{Name: jinja.Str(name), Type: jinja.Str(kind)}, nil
}

func (a *columnAPI) Attr(name string) (jinja.Value, bool) {
	switch name {
	case "create":
		return jinja.Func(a.Call), true
	case "translate_type":
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) {
			v, _ := c.Arg(0, "dtype")
			up := strings.ToUpper(jinja.Str(v))
			if t, ok := map[string]string{"STRING": "TEXT"}[up]; ok {
				return t, nil
			}
			return v, nil
		}), true
	case "numeric_type":
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) {
			if len(c.Args) != 3 {
				return nil, fmt.Errorf("numeric_type takes a type, precision and scale")
			}
			return fmt.Sprintf("%s(%s,%s)", jinja.Str(c.Args[0]), jinja.Str(c.Args[1]), jinja.Str(c.Args[2])), nil
		}), true
	case "string_type":
		return jinja.Func(func(*jinja.Call) (jinja.Value, error) { return "VARCHAR", nil }), true
	}
	return nil, false
}
