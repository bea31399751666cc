package load

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/eiderdb/eider/engine/project/jinja"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
	"github.com/eiderdb/eider/engine/project/suggest"
)

const projectFile = "dbt_project.yml"

// pkg is a package while it is read: the node and its configuration.
type pkg struct {
	*node.Package
	file  *yamlFile
	trees map[string]*tree // models, seeds, snapshots, tests, sources, exposures, unit_tests by key
}

var projectName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// resourceKeys are the keys of dbt_project.yml that hold configuration, with the node's kind.
var resourceKeys = map[string]node.Kind{
	"models": node.Model, "seeds": node.Seed, "snapshots": node.Snapshot, "tests": node.Test, "data_tests": node.Test, "sources": node.Source,
	"exposures": node.Exposure, "unit_tests": node.UnitTest, "analyses": node.Analysis,
}

// projectKeys are the other keys of dbt_project.yml.
var projectKeys = []string{"name", "version", "config-version", "profile", "model-paths", "source-paths", "seed-paths", "data-paths", "test-paths",
	"analysis-paths", "macro-paths", "snapshot-paths", "docs-paths", "asset-paths", "target-path", "log-path", "packages-install-path", "modules-path",
	"clean-targets", "profile", "query-comment", "require-dbt-version", "on-run-start", "on-run-end", "dispatch", "vars", "quoting", "flags",
	"metrics", "semantic-models", "saved-queries", "dbt-cloud", "restrict-access", "packages", "function-paths", "functions"}

func (r *reader) readProject() {
	dir, err := Find(r.opts.Dir)
	if err != nil {
		r.fail(err)
		return
	}
	p, err := r.readPackage(dir, "")
	if err != nil {
		r.fail(err)
		return
	}
	r.packages = []*pkg{p}
	root := p.file.root
	r.p.Name, r.p.Version, r.p.Dir = p.Name, p.Version, dir
	r.p.Profile = text(field(root, "profile"))
	r.p.TargetPath = filepath.Join(dir, "target")
	if t := text(field(root, "target-path")); t != "" {
		r.p.TargetPath = filepath.Join(dir, filepath.FromSlash(t))
	}
	if r.opts.TargetPath != "" {
		if r.p.TargetPath, err = filepath.Abs(r.opts.TargetPath); err != nil {
			r.fail(err)
		}
	}
	r.p.Packages = []*node.Package{p.Package}
	r.readSelectors(dir)
	for _, kv := range pairs(root) {
		key := kv[0].Value
		if _, ok := resourceKeys[key]; !ok && !slices.Contains(projectKeys, key) {
			known := append(slices.Clone(projectKeys), "models", "seeds", "snapshots", "data_tests", "sources", "exposures")
			r.warn(p.file.fail(kv[0], suggest.DidYouMean(key, known), "%s has no key %s", projectFile, key))
		}
	}
}

// readPackage reads the dbt_project.yml of a folder. prefix is the folder below the project, for messages.
func (r *reader) readPackage(dir, prefix string) (*pkg, error) {
	path := filepath.Join(dir, projectFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the project: %w", err)
	}
	f, err := parseYAML(filepath.ToSlash(filepath.Join(prefix, projectFile)), data)
	if err != nil {
		return nil, err
	}
	if f.root == nil {
		return nil, f.fail(nil, "name: my_project", "%s is empty", projectFile)
	}
	nameNode := field(f.root, "name")
	name := text(nameNode)
	switch {
	case name == "":
		return nil, f.fail(f.root, "name: my_project", "the project has no name")
	case !projectName.MatchString(name):
		return nil, f.fail(nameNode, "letters, digits and _", "the project's name %q can't be used", name)
	case name == render.BuiltinPackage:
		return nil, f.fail(nameNode, "", "the name %s belongs to the built-in macros", name)
	}
	p := &pkg{file: f, Package: &node.Package{Name: name, Dir: dir, Version: text(field(f.root, "version"))}}
	paths := func(into *[]string, def []string, keys ...string) {
		*into = def
		if n := field(f.root, keys...); n != nil {
			*into = textList(n)
		}
	}
	paths(&p.ModelPaths, []string{"models"}, "model-paths", "source-paths")
	paths(&p.SeedPaths, []string{"seeds"}, "seed-paths", "data-paths")
	paths(&p.TestPaths, []string{"tests"}, "test-paths")
	paths(&p.AnalysisPaths, []string{"analyses"}, "analysis-paths")
	paths(&p.MacroPaths, []string{"macros"}, "macro-paths")
	paths(&p.SnapshotPaths, []string{"snapshots"}, "snapshot-paths")
	paths(&p.AssetPaths, nil, "asset-paths")
	paths(&p.DocsPaths, slices.Concat(p.ModelPaths, p.SeedPaths, p.TestPaths, p.AnalysisPaths, p.MacroPaths, p.SnapshotPaths), "docs-paths")
	paths(&p.CleanTargets, []string{"target"}, "clean-targets")
	p.Vars, _ = value(field(f.root, "vars")).(map[string]any)
	p.Quoting = quotingOf(value(field(f.root, "quoting")))
	for _, d := range items(field(f.root, "dispatch")) {
		p.Dispatch = append(p.Dispatch, node.Dispatch{Namespace: text(field(d, "macro_namespace")), Search: textList(field(d, "search_order"))})
	}
	return p, nil
}

// readTrees renders the configuration of a package; it needs the target and variables.
func (r *reader) readTrees(p *pkg) {
	p.trees = map[string]*tree{}
	for _, kv := range pairs(p.file.root) {
		kind, ok := resourceKeys[kv[0].Value]
		if !ok {
			continue
		}
		t := r.readTree(p.file, kv[1])
		if have := p.trees[string(kind)]; have != nil { // tests and data_tests
			for k, v := range t.config {
				have.config[k] = v
			}
			for k, v := range t.sub {
				have.sub[k] = v
			}
			continue
		}
		p.trees[string(kind)] = t
	}
}

// eval renders a value of a YAML file: every text with a tag in it, but for hooks.
func (r *reader) eval(f *yamlFile, n *yaml.Node, v any) any {
	switch x := v.(type) {
	case string:
		if !strings.Contains(x, "{{") {
			return x
		}
		scope := &render.Scope{}
		if f.pkg != nil {
			scope.Package = f.pkg.Name
		}
		got, err := r.env.Eval(r.ctx, scope, x, f.pos(n))
		if err != nil {
			if p, ok := err.(*node.Error); ok {
				p.Source = f.text
			}
			r.fail(err)
			return x
		}
		return jinja.ToGo(got)
	case []any:
		for i := range x {
			x[i] = r.eval(f, n, x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = r.eval(f, n, x[k])
		}
	}
	return v
}

func (r *reader) readSelectors(dir string) {
	data, err := os.ReadFile(filepath.Join(dir, "selectors.yml"))
	if err != nil {
		return // there need be none
	}
	f, err := parseYAML("selectors.yml", data)
	if err != nil {
		r.fail(err)
		return
	}
	r.p.Selectors = map[string]any{}
	for _, s := range items(field(f.root, "selectors")) {
		name := text(field(s, "name"))
		if name == "" {
			r.fail(f.fail(s, "- name: nightly", "a selector has no name"))
			continue
		}
		if _, twice := r.p.Selectors[name]; twice {
			r.fail(f.fail(s, "", "the selector %s is defined twice", name))
		}
		r.p.Selectors[name] = value(field(s, "definition"))
		if value(field(s, "default")) == true {
			r.p.DefaultSelector = name
		}
	}
}

// makeOperations turns on-run-start and on-run-end into nodes: the project's own last, as dbt.
func (r *reader) makeOperations() {
	for i := len(r.packages) - 1; i >= 0; i-- {
		p := r.packages[i]
		for _, when := range []string{"on-run-start", "on-run-end"} {
			n := field(p.file.root, when)
			hooks := items(n)
			if len(hooks) == 0 && text(n) != "" {
				hooks = []*yaml.Node{n}
			}
			for j, h := range hooks {
				r.makeOperation(p, when, j, h)
			}
		}
	}
}

func (r *reader) makeOperation(p *pkg, when string, j int, h *yaml.Node) {
	name := fmt.Sprintf("%s-%s-%d", p.Name, when, j)
	o := &node.Node{ID: "operation." + p.Name + "." + name, Kind: node.Operation, Name: name, Package: p.Name, Root: p.Dir,
		File: p.file.rel, Path: "hooks/" + name + ".sql", Language: "sql", Raw: text(h), FQN: []string{p.Name, "hooks", name}, Alias: name,
		Schema: r.p.Target.Schema, Database: r.p.Target.Database, Tags: []string{when}, Pos: p.file.pos(h)}
	o.Checksum = checksum([]byte(o.Raw))
	o.Config = node.Config{Enabled: true, Materialized: "view", Values: map[string]any{"enabled": true, "materialized": "view"}}
	found, err := r.env.Parse(r.ctx, o, o.Raw, o.Pos)
	if err != nil {
		r.fail(err)
		return
	}
	o.Refs, o.Sources, o.DependsOn.Macros = found.Refs, found.Sources, found.Macros
	if when == "on-run-start" {
		r.p.OnRunStart = append(r.p.OnRunStart, o)
	} else {
		r.p.OnRunEnd = append(r.p.OnRunEnd, o)
	}
}

func quotingOf(v any) node.Quoting {
	m, _ := v.(map[string]any)
	get := func(k string) *bool {
		if b, ok := m[k].(bool); ok {
			return &b
		}
		return nil
	}
	return node.Quoting{Database: get("database"), Schema: get("schema"), Identifier: get("identifier")}
}
