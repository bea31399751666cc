package render

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/eiderdb/eider/engine/project/jinja"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/suggest"
)

// index makes the tables by which refs and sources are found.
func (e *Env) index() {
	e.indexOnce.Do(func() {
		e.refs = map[string][]*node.Node{}
		e.sources = map[[2]string]*node.Node{}
		for _, n := range e.Project.Nodes {
			switch n.Kind {
			case node.Model, node.Seed, node.Snapshot:
				e.refs[n.Name] = append(e.refs[n.Name], n)
			case node.Source:
				key := [2]string{n.SourceInfo.Source, n.Name}
				if old := e.sources[key]; old == nil || n.Package == e.Project.Name {
					e.sources[key] = n
				}
			}
		}
	})
}

// ResolveRef finds the node that a ref means for a node of package from. It may be called
// once all nodes of the project are read.
func (e *Env) ResolveRef(from string, ref node.Ref) (*node.Node, error) {
	e.index()
	var best *node.Node
	for _, n := range e.refs[ref.Name] {
		switch {
		case ref.Package != "" && n.Package != ref.Package:
			continue
		case ref.Version != "" && n.Version != ref.Version:
			continue
		case ref.Version == "" && n.Version != "" && n.Version != n.LatestVersion:
			continue
		}
		// The package that asks first, then the project, then any.
		if best == nil || rank(n.Package, from, e.Project.Name) < rank(best.Package, from, e.Project.Name) {
			best = n
		}
	}
	if best != nil {
		return best, nil
	}
	return nil, e.missingRef(ref)
}

func rank(pkg, from, root string) int {
	switch pkg {
	case from:
		return 0
	case root:
		return 1
	}
	return 2
}

func (e *Env) missingRef(ref node.Ref) error {
	what := "ref('" + ref.Name + "')"
	if ref.Package != "" {
		what = "ref('" + ref.Package + "', '" + ref.Name + "')"
	}
	err := &node.Error{Message: "there is no model, seed or snapshot for " + what, Pos: ref.Pos}
	for _, n := range e.Project.Disabled {
		if n.Name == ref.Name && (ref.Package == "" || ref.Package == n.Package) {
			err.Message = what + " is disabled"
			err.Hint = "it is in " + n.File + ": set enabled: true there or in dbt_project.yml"
			return err
		}
	}
	if len(e.refs[ref.Name]) > 0 && ref.Version != "" {
		var have []string
		for _, n := range e.refs[ref.Name] {
			have = append(have, n.Version)
		}
		err.Message = fmt.Sprintf("%s has no version %s", ref.Name, ref.Version)
		err.Hint = "it has " + strings.Join(have, ", ")
		return err
	}
	err.Hint = suggest.DidYouMean(ref.Name, slices.Sorted(maps.Keys(e.refs)))
	for key := range e.sources {
		if key[1] == ref.Name {
			err.Hint = fmt.Sprintf("there is a source of this name: source('%s', '%s')", key[0], key[1])
		}
	}
	return err
}

// ResolveSource finds the node of source('a', 'b').
func (e *Env) ResolveSource(s node.SourceRef) (*node.Node, error) {
	e.index()
	if n := e.sources[[2]string{s.Source, s.Table}]; n != nil {
		return n, nil
	}
	err := &node.Error{Message: fmt.Sprintf("there is no source('%s', '%s')", s.Source, s.Table), Pos: s.Pos}
	var tables, all []string
	for key := range e.sources {
		if key[0] == s.Source {
			tables = append(tables, key[1])
		}
		all = append(all, key[0])
	}
	switch {
	case len(tables) > 0:
		if err.Hint = suggest.DidYouMean(s.Table, tables); err.Hint == "" {
			err.Hint = "add the table to sources: " + s.Source + " in a YAML file below models/"
		}
	default:
		if err.Hint = suggest.DidYouMean(s.Source, all); err.Hint == "" {
			err.Hint = "declare it under sources: in a YAML file below models/"
		}
	}
	return nil, err
}

func place(c *jinja.Call) node.Position {
	file, line, column := c.Position()
	return node.Position{File: file, Line: line, Column: column}
}

func (r *rendering) ref(c *jinja.Call) (jinja.Value, error) {
	ref := node.Ref{Pos: place(c)}
	for i, a := range c.Args {
		if _, ok := a.(string); !ok || i > 1 {
			return nil, jinja.Fail("ref('model') or ref('package', 'model')", "ref takes one or two strings")
		}
	}
	switch len(c.Args) {
	case 1:
		ref.Name = c.Args[0].(string)
	case 2:
		ref.Package, ref.Name = c.Args[0].(string), c.Args[1].(string)
	default:
		return nil, jinja.Fail("ref('model') or ref('package', 'model')", "ref takes one or two strings")
	}
	for _, k := range []string{"version", "v"} {
		if v, ok := c.Kwargs.Get(k); ok && v != nil {
			ref.Version = jinja.Str(v)
		}
	}
	if r.parsing() {
		r.found.Refs = append(r.found.Refs, ref)
		return NewRelation(r.e.Project.Target.Database, r.e.Project.Target.Schema, ref.Name, ""), nil
	}
	n, err := r.e.ResolveRef(r.pkg, ref)
	if err != nil {
		return nil, err
	}
	return r.relationOf(n, "{{ ref('"+ref.Name+"') }}")
}

func (r *rendering) source(c *jinja.Call) (jinja.Value, error) {
	if len(c.Args) != 2 {
		return nil, jinja.Fail("source('source', 'table')", "source takes two strings")
	}
	a, okA := c.Args[0].(string)
	b, okB := c.Args[1].(string)
	if !okA || !okB {
		return nil, jinja.Fail("source('source', 'table')", "source takes two strings")
	}
	s := node.SourceRef{Source: a, Table: b, Pos: place(c)}
	if r.parsing() {
		r.found.Sources = append(r.found.Sources, s)
		return NewRelation(r.e.Project.Target.Database, a, b, ""), nil
	}
	n, err := r.e.ResolveSource(s)
	if err != nil {
		return nil, err
	}
	return r.relationOf(n, "{{ source('"+a+"', '"+b+"') }}")
}

// relationOf is what a ref or source prints. A node must have been found while parsing:
// otherwise it would run in the wrong order.
func (r *rendering) relationOf(n *node.Node, written string) (jinja.Value, error) {
	me := r.s.Node
	if me != nil && me.ID != n.ID && me.Kind != node.Operation {
		known := false
		for _, id := range me.DependsOn.Nodes {
			known = known || id == n.ID
		}
		if !known {
			return nil, jinja.Fail("write it where it is always seen: -- depends_on: "+written,
				"%s was not seen while parsing (it stands behind a condition), so the order of building is unknown", written)
		}
	}
	if r.s.Ref != nil {
		rel, err := r.s.Ref(n)
		if rel != nil || err != nil {
			return rel, err
		}
	}
	return r.e.Relation(n), nil
}

// varObject is var(…): called, or asked has_var.
type varObject struct{ r *rendering }

func (v *varObject) TypeName() string { return "var" }

func (v *varObject) Attr(name string) (jinja.Value, bool) {
	if name == "has_var" {
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) {
			if len(c.Args) == 0 {
				return nil, fmt.Errorf("has_var takes a name")
			}
			_, ok := v.r.e.Var(v.r.s, v.r.pkg, jinja.Str(c.Args[0]))
			return ok, nil
		}), true
	}
	return nil, false
}

func (v *varObject) Call(c *jinja.Call) (jinja.Value, error) {
	k, ok := c.Arg(0, "var_name")
	if !ok {
		return nil, fmt.Errorf("var takes a name")
	}
	name := jinja.Str(k)
	if got, ok := v.r.e.Var(v.r.s, v.r.pkg, name); ok {
		return jinja.FromGo(got), nil
	}
	if def, ok := c.Arg(1, "default"); ok {
		return def, nil
	}
	hint := suggest.DidYouMean(name, slices.Sorted(maps.Keys(v.r.e.Project.Vars)))
	if len(v.r.e.Project.Packages) > 0 && hint == "" {
		hint = suggest.DidYouMean(name, slices.Sorted(maps.Keys(v.r.e.Project.Packages[0].Vars)))
	}
	if hint == "" {
		hint = "set it under vars: in dbt_project.yml, by --vars '{" + name + ": value}', or give a default: var('" + name + "', default)"
	}
	return nil, jinja.Fail(hint, "the variable %s isn't set", name)
}

// Var is the value of a variable for a package: unit tests' first, --vars, the project's for
// the package, the project's, the package's own.
func (e *Env) Var(s *Scope, pkg, name string) (any, bool) {
	if s != nil {
		if v, ok := s.Vars[name]; ok {
			return v, true
		}
	}
	p := e.Project
	if v, ok := p.Vars[name]; ok {
		return v, true
	}
	if len(p.Packages) > 0 {
		root := p.Packages[0].Vars
		if own, ok := root[pkg].(map[string]any); ok {
			if v, ok := own[name]; ok {
				return v, true
			}
		}
		if v, ok := root[name]; ok {
			return v, true
		}
	}
	for _, other := range p.Packages {
		if other.Name != pkg {
			continue
		}
		if own, ok := other.Vars[pkg].(map[string]any); ok {
			if v, ok := own[name]; ok {
				return v, true
			}
		}
		if v, ok := other.Vars[name]; ok {
			return v, true
		}
	}
	return nil, false
}

func (r *rendering) envVar(c *jinja.Call) (jinja.Value, error) {
	k, ok := c.Arg(0, "var")
	if !ok {
		return nil, fmt.Errorf("env_var takes a name")
	}
	name := jinja.Str(k)
	if v, ok := r.s.EnvVars[name]; ok {
		return v, nil
	}
	if strings.HasPrefix(name, "DBT_ENV_SECRET") {
		return nil, jinja.Fail("secrets may be used in profiles.yml only", "the secret %s may not appear in SQL", name)
	}
	get := r.e.Getenv
	if get == nil {
		get = os.LookupEnv
	}
	if v, ok := get(name); ok {
		r.e.envMu.Lock()
		r.e.Project.Env[name] = v
		r.e.envMu.Unlock()
		return v, nil
	}
	if def, ok := c.Arg(1, "default"); ok {
		return jinja.Str(def), nil
	}
	return nil, jinja.Fail("export "+name+"=…, or give a default: env_var('"+name+"', 'default')", "the environment variable %s isn't set", name)
}
