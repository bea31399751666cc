package load

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
	"github.com/eiderdb/eider/engine/project/suggest"
)

// patchBeside are the keys of a model's description that are configuration too.
var patchBeside = []string{"tags", "meta", "docs", "access", "group", "materialized", "enabled", "latest_version"}

// makeNodes completes the nodes of files: description, configuration, names.
func (r *reader) makeNodes() {
	r.yamlSnapshots()
	patches := make([]*patch, len(r.files))
	for i, f := range r.files {
		kind := string(f.n.Kind)
		patches[i] = r.patches[patchKey{f.pkg.Name, kind, f.n.Name}]
	}
	// Trees mark what is used, so configuration is merged one after another; names, which call
	// macros, in parallel.
	for i, f := range r.files {
		r.configure(f, patches[i])
	}
	r.parallel(len(r.files), func(i int) { r.name(r.files[i].n) })
	for _, f := range r.files {
		r.keep(f.n)
	}
	r.relationsOnce()
	r.unusedPatches()
}

// fqnOf is package, folders, name.
func fqnOf(pkg, below, name string) []string {
	fqn := []string{pkg}
	if dir := path.Dir(below); dir != "." {
		fqn = append(fqn, strings.Split(dir, "/")...)
	}
	return append(fqn, name)
}

func (r *reader) configure(f *sqlFile, p *patch) {
	n := f.n
	n.FQN = fqnOf(n.Package, n.Path, n.Name)
	if n.Kind == node.Snapshot {
		stem := strings.TrimSuffix(path.Base(n.Path), path.Ext(n.Path))
		n.FQN = append(fqnOf(n.Package, n.Path, stem), n.Name)
	}
	if n.Kind == node.Analysis {
		n.FQN = append([]string{n.Package, "analysis"}, n.FQN[1:]...)
	}
	if n.Kind == node.Test {
		n.TestInfo = &node.TestInfo{Name: n.Name}
	}
	n.ID = string(n.Kind) + "." + n.Package + "." + n.Name
	m := newMerged()
	var patchSettings map[string]setting
	if p != nil {
		r.describe(n, p)
		if n.Version != "" {
			n.Name = text(field(p.n, "name"))
			n.ID = "model." + n.Package + "." + n.Name + ".v" + n.Version
			n.FQN = append(n.FQN[:len(n.FQN)-1], n.Name, "v"+n.Version)
		}
		patchSettings = r.settings(p.f, p.n, patchBeside...)
	}
	r.layer(m, n, patchSettings)
	if p != nil && p.v != nil {
		m.add(r.settings(p.f, p.v))
	}
	inFile := map[string]setting{}
	for k, v := range f.found.Config {
		s := setting{v: v, raw: v, pos: f.found.ConfigPos[k], src: n.Raw}
		if s.pos.File == "" {
			s.pos = n.Pos
		}
		inFile[k] = s
	}
	m.add(inFile)
	r.rootLayer(m, n)
	r.finish(n, m)
	n.Refs, n.Sources, n.DependsOn.Macros = f.found.Refs, f.found.Sources, f.found.Macros
	n.CallsIntrospection = f.found.Introspective
}

// layer adds the package's dbt_project.yml and then the YAML description's settings.
func (r *reader) layer(m *merged, n *node.Node, patch map[string]setting) {
	for _, p := range r.packages {
		if p.Name == n.Package {
			p.trees[string(n.Kind)].walk(n.FQN, m.add)
		}
	}
	if patch != nil {
		m.add(patch)
	}
}

// rootLayer adds what the project itself says of a package's node: it goes before all.
func (r *reader) rootLayer(m *merged, n *node.Node) {
	if n.Package != r.p.Name {
		r.packages[0].trees[string(n.Kind)].walk(n.FQN, m.add)
	}
}

// finish turns the merged values into the node's configuration.
func (r *reader) finish(n *node.Node, m *merged) {
	c, problems := configOf(n, m)
	for _, err := range problems {
		r.fail(err)
	}
	n.Config = c
	n.Tags = c.Tags
	n.Meta = c.Meta
	n.Group, n.Access = c.Group, c.Access
	if n.Kind == node.Model && n.Access == "" {
		n.Access = "protected"
	}
}

// name makes database, schema and alias by the project's macros.
func (r *reader) name(n *node.Node) {
	t := r.p.Target
	c := n.Config
	call := func(macro, custom, plain string) string {
		if m := r.env.FindMacro(r.p.Name, macro); m != nil && m.Package == render.BuiltinPackage && r.plain(macro) {
			return plain
		}
		var arg any
		if custom != "" {
			arg = custom
		}
		v, err := r.env.CallMacro(r.ctx, &render.Scope{Node: n, Package: r.p.Name}, macro, []any{arg, render.NodeDict(n)}, nil)
		if err != nil {
			r.fail(err)
			return plain
		}
		if v == nil {
			return plain
		}
		return strings.TrimSpace(fmt.Sprint(v))
	}
	or := func(a, b string) string {
		if a != "" {
			return a
		}
		return b
	}
	custom := c.Schema
	if n.Kind == node.Test && custom == "" {
		custom = "dbt_test__audit"
	}
	schema := t.Schema
	if custom != "" {
		schema += "_" + strings.TrimSpace(custom)
	}
	alias := or(strings.TrimSpace(c.Alias), n.Name)
	if c.Alias == "" && n.Version != "" {
		alias = n.Name + "_v" + strings.ReplaceAll(n.Version, ".", "_")
	}
	n.Alias = alias // generate_alias_name and others may read it
	n.Schema, n.Database = schema, t.Database
	n.Database = call("generate_database_name", c.Database, or(c.Database, t.Database))
	n.Schema = call("generate_schema_name", custom, schema)
	n.Alias = call("generate_alias_name", c.Alias, alias)
	if n.Kind == node.Snapshot {
		n.Schema = or(c.TargetSchema, n.Schema)
		n.Database = or(c.TargetDatabase, n.Database)
	}
}

// plain says that a naming macro of dbt's own is not overridden by an adapter's prefix either.
func (r *reader) plain(macro string) bool {
	for _, prefix := range []string{"eider__", "duckdb__", "postgres__", "default__"} {
		if r.env.MacroIn(r.p.Name, prefix+macro) != nil {
			return false
		}
	}
	return true
}

// keep adds a node to the project; a second one of its name is an error.
func (r *reader) keep(n *node.Node) {
	if !n.Config.Enabled {
		r.p.Disabled[n.ID] = n
		return
	}
	if have := r.p.Nodes[n.ID]; have != nil {
		r.fail(&node.Error{Message: fmt.Sprintf("two %ss are called %s", n.Kind, n.Name), Pos: n.Pos, Node: n.ID,
			Hint: "the other is " + have.Pos.String() + "; rename one of the files"})
		return
	}
	if n.Version == "" {
		for _, kind := range []node.Kind{node.Model, node.Seed, node.Snapshot} {
			if !slices.Contains([]node.Kind{node.Model, node.Seed, node.Snapshot}, n.Kind) {
				break
			}
			if have := r.p.Nodes[string(kind)+"."+n.Package+"."+n.Name]; have != nil {
				r.fail(&node.Error{Message: fmt.Sprintf("the %s and the %s are both called %s, so ref('%s') is ambiguous", have.Kind, n.Kind, n.Name, n.Name),
					Pos: n.Pos, Node: n.ID, Hint: "the other is " + have.Pos.String()})
				return
			}
		}
	}
	r.p.Nodes[n.ID] = n
}

// relationsOnce refuses two nodes that build the same relation.
func (r *reader) relationsOnce() {
	made := map[string]*node.Node{}
	for _, id := range slices.Sorted(maps.Keys(r.p.Nodes)) {
		n := r.p.Nodes[id]
		if !Builds(n) {
			continue
		}
		key := strings.ToLower(n.Database + "." + n.Schema + "." + n.Alias)
		if have := made[key]; have != nil {
			r.fail(&node.Error{Message: fmt.Sprintf("%s and %s both build %s.%s", have.Name, n.Name, n.Schema, n.Alias), Pos: n.Pos, Node: n.ID,
				Hint: "the other is " + have.Pos.String() + "; give one of them another alias or schema"})
		}
		made[key] = n
	}
}

// Builds says whether a node becomes a relation of its own.
func Builds(n *node.Node) bool {
	switch n.Kind {
	case node.Seed, node.Snapshot:
		return true
	case node.Model:
		return n.Config.Materialized != "ephemeral"
	}
	return false
}

// unusedPatches warns of descriptions without a node and of configuration without one.
func (r *reader) unusedPatches() {
	names := map[string][]string{}
	for _, f := range r.files {
		names[string(f.n.Kind)] = append(names[string(f.n.Kind)], f.n.Name)
	}
	for _, m := range r.p.Macros {
		names["macro"] = append(names["macro"], m.Name)
	}
	for key, p := range r.patches {
		if key.kind == "macro" {
			r.describeMacro(key, p)
		}
		if !p.used {
			sort.Strings(names[key.kind])
			r.warn(p.f.fail(field(p.n, "name"), suggest.DidYouMean(key.name, names[key.kind]), "there is no %s %s to describe", key.kind, key.name))
		}
	}
	for _, p := range r.packages[:1] {
		for _, kv := range pairs(p.file.root) {
			kind, ok := resourceKeys[kv[0].Value]
			if !ok || kind == node.Test || kind == node.Source || kind == node.Exposure || kind == node.UnitTest {
				continue
			}
			p.trees[string(kind)].unused(kv[0].Value, func(at string, pos node.Position) {
				r.warn(&node.Error{Message: fmt.Sprintf("the configuration of %s applies to nothing", at), Pos: pos, Source: p.file.text,
					Hint: "below " + kv[0].Value + ": come the project's name and then folders and files"})
			})
		}
	}
	sort.SliceStable(r.p.Warnings, func(i, j int) bool { return r.p.Warnings[i].Pos.String() < r.p.Warnings[j].Pos.String() })
}

func (r *reader) describeMacro(key patchKey, p *patch) {
	for _, name := range []string{key.name, "test_" + key.name} {
		if m := r.p.Macros["macro."+key.pkg+"."+name]; m != nil {
			p.used = true
			m.Description = r.description(p.f, field(p.n, "description"))
			m.Patch = p.f.rel
			m.Meta, _ = value(field(p.n, "meta")).(map[string]any)
		}
	}
}

// yamlSnapshots turns snapshots: with a relation: into nodes.
func (r *reader) yamlSnapshots() {
	var keys []patchKey
	for key, p := range r.patches {
		if key.kind == "snapshot" && field(p.n, "relation") != nil {
			keys = append(keys, key)
		}
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i].pkg+"."+keys[i].name < keys[j].pkg+"."+keys[j].name })
	for _, key := range keys {
		p := r.patches[key]
		rel := field(p.n, "relation")
		raw := "select * from {{ " + text(rel) + " }}"
		n := &node.Node{Kind: node.Snapshot, Name: key.name, Package: key.pkg, Path: p.f.path, File: strings.TrimPrefix(p.f.rel, relPrefix(r, p.f.pkg)), Root: p.f.pkg.Dir, Language: "sql",
			Raw: raw, Checksum: checksum([]byte(raw + yamlText(p.n))), Pos: p.f.pos(p.n)}
		found, err := r.env.Parse(r.ctx, n, raw, p.f.pos(rel))
		if err != nil {
			r.fail(err)
			continue
		}
		r.files = append(r.files, &sqlFile{source: source{pkg: p.f.pkg, rel: p.f.rel, path: p.f.path}, n: n, found: found})
	}
}

// yamlText is a node of YAML as text, for checksums.
func yamlText(n *yaml.Node) string {
	out, err := yaml.Marshal(n)
	if err != nil {
		return ""
	}
	return string(out)
}
