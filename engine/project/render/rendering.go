package render

import (
	"context"
	"maps"
	"slices"

	"github.com/eiderdb/eider/engine/project/jinja"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/suggest"
)

// rendering is the jinja.Context of one call of Render, Parse or CallMacro.
type rendering struct {
	e     *Env
	ctx   context.Context
	s     *Scope
	pkg   string
	found *Found // nil in run mode

	results map[string]jinja.Value // of statement blocks, by name
	model   *jinja.Dict
	cfg     *configObject
	// failed is the first argument of a generic test that could not be evaluated.
	failed error
}

func (e *Env) rendering(ctx context.Context, s *Scope, found *Found) *rendering {
	r := &rendering{e: e, ctx: ctx, s: s, pkg: s.Package, found: found}
	if r.pkg == "" && s.Node != nil {
		r.pkg = s.Node.Package
		if t := s.Node.TestInfo; t != nil && t.Generic {
			r.pkg = e.Project.Name
		}
	}
	if r.pkg == "" {
		r.pkg = e.Project.Name
	}
	return r
}

// parsing says that nothing may be asked of a database.
func (r *rendering) parsing() bool { return r.found != nil }

// Lookup answers free names: what the host adds, the project's macros, dbt's names, the
// built-in macros, packages.
func (r *rendering) Lookup(name string) (jinja.Value, bool) {
	if v, ok := r.s.Extra[name]; ok {
		return jinja.FromGo(v), true
	}
	if v, ok := r.s.Macros[name]; ok {
		return constFunc(v), true
	}
	for i, pkg := range [...]string{r.pkg, r.e.Project.Name} {
		if i == 1 && pkg == r.pkg {
			break
		}
		if m := r.e.byName[pkg][name]; m != nil {
			return r.callable(m), true
		}
	}
	if v, ok := r.builtin(name); ok {
		return v, true
	}
	if m := r.e.byName[BuiltinPackage][name]; m != nil {
		return r.callable(m), true
	}
	if r.e.byName[name] != nil {
		return &namespace{r, name}, true
	}
	return nil, false
}

// constFunc is what a unit test's override of a macro answers.
func constFunc(v any) jinja.Func {
	return func(*jinja.Call) (jinja.Value, error) { return jinja.FromGo(v), nil }
}

// Suggest is the hint for a name that is called but unknown.
func (r *rendering) Suggest(name string) string {
	if hint := suggest.DidYouMean(name, append(r.e.MacroNames(r.pkg), builtinNames...)); hint != "" {
		return hint
	}
	return "macros live in files below " + "macros/" + "; those of packages are called as package.macro"
}

// callable is a macro as a value.
func (r *rendering) callable(m *macro) jinja.Func {
	return func(c *jinja.Call) (jinja.Value, error) {
		if v, ok := r.s.Macros[m.info.Package+"."+m.info.Name]; ok {
			return jinja.FromGo(v), nil
		}
		if r.found != nil {
			r.found.addMacro(m)
		}
		if m.native != nil {
			return m.native(c, r)
		}
		t, err := m.template()
		if err != nil {
			return nil, err
		}
		return c.State.CallMacro(t, c)
	}
}

// namespace is a package's name as a value: dbt_utils.star.
type namespace struct {
	r   *rendering
	pkg string
}

func (n *namespace) TypeName() string { return "package " + n.pkg }

func (n *namespace) Attr(name string) (jinja.Value, bool) {
	if m := n.r.e.byName[n.pkg][name]; m != nil {
		return n.r.callable(m), true
	}
	if n.pkg == BuiltinPackage {
		return n.r.builtin(name)
	}
	return nil, false
}

// this is the relation of the node itself.
func (r *rendering) this() jinja.Value {
	switch {
	case r.s.This != nil:
		return r.s.This
	case r.s.Node != nil && r.s.Node.Kind != node.Operation:
		n := r.s.Node
		rel := r.e.Relation(n)
		if rel.Ephemeral {
			return rel
		}
		if rel.Identifier == "" {
			rel.Identifier = n.Name
		}
		return rel
	}
	return nil
}

// modelDict is `model`: the node as manifest.json shows it.
func (r *rendering) modelDict() jinja.Value {
	if r.s.Node == nil {
		return nil
	}
	if r.model == nil {
		r.model = NodeDict(r.s.Node)
	}
	return r.model
}

// NodeDict is a node as templates see it in model and graph.
func NodeDict(n *node.Node) *jinja.Dict {
	columns := &jinja.Dict{}
	for _, c := range n.Columns {
		columns.Set(c.Name, jinja.NewDict("name", c.Name, "description", c.Description, "data_type", orNil(c.DataType),
			"meta", jinja.FromGo(c.Meta), "tags", jinja.FromGo(c.Tags), "quote", boolOrNil(c.Quote), "constraints", constraintList(c.Constraints)))
	}
	refs := &jinja.List{}
	for _, ref := range n.Refs {
		refs.Items = append(refs.Items, jinja.NewDict("name", ref.Name, "package", orNil(ref.Package), "version", orNil(ref.Version)))
	}
	sources := &jinja.List{}
	for _, s := range n.Sources {
		sources.Items = append(sources.Items, jinja.FromGo([]string{s.Source, s.Table}))
	}
	d := jinja.NewDict(
		"unique_id", n.ID, "resource_type", string(n.Kind), "name", n.Name, "package_name", n.Package, "path", n.Path,
		"original_file_path", n.File, "root_path", n.Root, "fqn", jinja.FromGo(n.FQN), "language", n.Language,
		"raw_code", n.Raw, "raw_sql", n.Raw, "compiled_code", orNil(n.Compiled), "compiled_sql", orNil(n.Compiled),
		"database", orNil(n.Database), "schema", n.Schema, "alias", n.Alias, "config", jinja.FromGo(n.Config.Values), "tags", jinja.FromGo(n.Tags),
		"meta", jinja.FromGo(n.Meta), "description", n.Description, "columns", columns, "refs", refs, "sources", sources,
		"depends_on", jinja.NewDict("nodes", jinja.FromGo(n.DependsOn.Nodes), "macros", jinja.FromGo(n.DependsOn.Macros)),
		"checksum", jinja.NewDict("name", "sha256", "checksum", n.Checksum), "access", orNil(n.Access), "group", orNil(n.Group),
		"version", orNil(n.Version), "latest_version", orNil(n.LatestVersion), "constraints", constraintList(n.Constraints),
		"patch_path", orNil(n.Patch),
		"contract", jinja.NewDict("enforced", n.Config.Contract.Enforced, "alias_types", n.Config.Contract.AliasTypes),
	)
	if t := n.TestInfo; t != nil {
		d.Set("column_name", orNil(t.Column))
		d.Set("test_metadata", jinja.NewDict("name", t.Name, "namespace", orNil(t.Namespace), "kwargs", jinja.FromGo(t.Args)))
		d.Set("attached_node", orNil(t.Attached))
	}
	if s := n.SourceInfo; s != nil {
		d.Set("source_name", s.Source)
		d.Set("identifier", s.Identifier)
		d.Set("loader", s.Loader)
		d.Set("loaded_at_field", orNil(s.LoadedAt))
		d.Set("source_description", s.SourceDesc)
		d.Set("source_meta", jinja.FromGo(s.SourceMeta))
	}
	return d
}

func orNil(s string) jinja.Value {
	if s == "" {
		return nil
	}
	return s
}

func boolOrNil(b *bool) jinja.Value {
	if b == nil {
		return nil
	}
	return *b
}

func constraintList(list []node.Constraint) jinja.Value {
	out := &jinja.List{}
	for _, c := range list {
		out.Items = append(out.Items, jinja.NewDict("type", c.Type, "name", orNil(c.Name), "expression", orNil(c.Expression),
			"columns", jinja.FromGo(c.Columns), "to", orNil(c.To), "to_columns", jinja.FromGo(c.ToColumns)))
	}
	return out
}

// graphDict is `graph`, made once: nodes, sources, exposures by id. Empty while parsing.
func (r *rendering) graphDict() jinja.Value {
	if r.parsing() || !r.s.Execute {
		return jinja.NewDict("nodes", &jinja.Dict{}, "sources", &jinja.Dict{}, "exposures", &jinja.Dict{}, "groups", &jinja.Dict{},
			"metrics", &jinja.Dict{}, "semantic_models", &jinja.Dict{}, "saved_queries", &jinja.Dict{})
	}
	e := r.e
	e.graphOnce.Do(func() {
		nodes, sources, exposures := &jinja.Dict{}, &jinja.Dict{}, &jinja.Dict{}
		for _, id := range e.Project.Order {
			n := e.Project.Nodes[id]
			switch n.Kind {
			case node.Source:
				sources.Set(id, NodeDict(n))
			case node.Exposure:
				exposures.Set(id, NodeDict(n))
			default:
				nodes.Set(id, NodeDict(n))
			}
		}
		groups := &jinja.Dict{}
		for _, id := range slices.Sorted(maps.Keys(e.Project.Groups)) {
			g := e.Project.Groups[id]
			groups.Set(id, jinja.NewDict("name", g.Name, "unique_id", id, "owner", jinja.FromGo(g.Owner)))
		}
		e.graph = jinja.NewDict("nodes", nodes, "sources", sources, "exposures", exposures, "groups", groups,
			"metrics", &jinja.Dict{}, "semantic_models", &jinja.Dict{}, "saved_queries", &jinja.Dict{})
	})
	return e.graph
}

// targetDict is `target`: the output of the profile without what is secret.
func (r *rendering) targetDict() jinja.Value {
	t := r.e.Project.Target
	d := &jinja.Dict{}
	for _, k := range slices.Sorted(maps.Keys(t.Values)) {
		switch k {
		case "password", "pass", "token", "private_key", "motherduck_token", "secrets":
			continue
		}
		d.Set(k, jinja.FromGo(t.Values[k]))
	}
	d.Set("name", t.Name)
	d.Set("target_name", t.Name)
	d.Set("profile_name", t.Profile)
	d.Set("type", t.Type)
	d.Set("database", orNil(t.Database))
	d.Set("dbname", orNil(t.Database))
	d.Set("schema", t.Schema)
	d.Set("threads", int64(t.Threads))
	if t.Host != "" {
		d.Set("host", t.Host)
		d.Set("port", int64(t.Port))
		d.Set("user", t.User)
	}
	if t.Path != "" {
		d.Set("path", t.Path)
	}
	return d
}
