package load

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/eiderdb/eider/engine/project/jinja"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
	"github.com/eiderdb/eider/engine/project/suggest"
)

type patchKey struct {
	pkg, kind, name string
}

// patch is a node's description in a YAML file.
type patch struct {
	f    *yamlFile
	n    *yaml.Node
	used bool
	// version is set for one version of a versioned model; n is the model's, v the version's.
	v      *yaml.Node
	ver    string
	latest string
}

// schemaKeys are the lists of a YAML file that describe nodes, with the key of their patches.
var schemaKeys = map[string]string{"models": "model", "seeds": "seed", "snapshots": "snapshot", "analyses": "analysis", "macros": "macro", "data_tests": "test", "tests": "test"}

// readSchemas reads the YAML files in parallel and then what they hold, in order.
func (r *reader) readSchemas() {
	errs := make([]error, len(r.schemas))
	r.parallel(len(r.schemas), func(i int) { errs[i] = r.readSchema(r.schemas[i]) })
	for i, f := range r.schemas {
		if errs[i] != nil {
			r.fail(errs[i])
			continue
		}
		r.takeSchema(f)
	}
}

func (r *reader) readSchema(f *yamlFile) error {
	data, err := source{pkg: f.pkg, rel: f.rel}.read()
	if err != nil {
		return err
	}
	got, err := parseYAML(r.pathIn(f.pkg, f.rel), data)
	if err != nil {
		return err
	}
	f.text, f.root = got.text, got.root
	return nil
}

func (r *reader) takeSchema(f *yamlFile) {
	inPkg := f.rel
	f.rel = r.pathIn(f.pkg, f.rel) // messages name files below the project
	for _, kv := range pairs(f.root) {
		key := kv[0].Value
		kind, isPatch := schemaKeys[key]
		switch {
		case isPatch:
			for _, item := range r.list(f, kv) {
				r.takePatch(f, kind, item)
			}
		case key == "sources":
			for _, item := range r.list(f, kv) {
				r.takeSource(f, inPkg, item)
			}
		case key == "exposures":
			for _, item := range r.list(f, kv) {
				r.takeExposure(f, inPkg, item)
			}
		case key == "unit_tests":
			for _, item := range r.list(f, kv) {
				r.unit = append(r.unit, &unitTest{f: f, n: item, inPkg: inPkg})
			}
		case key == "groups":
			for _, item := range r.list(f, kv) {
				name := text(field(item, "name"))
				id := "group." + f.pkg.Name + "." + name
				owner, _ := value(field(item, "owner")).(map[string]any)
				if r.p.Groups[id] != nil {
					r.fail(f.fail(item, "the other is in "+r.p.Groups[id].File, "the group %s is defined twice", name))
				}
				r.p.Groups[id] = &node.Group{ID: id, Name: name, Package: f.pkg.Name, File: inPkg, Owner: owner}
			}
		case key == "version" || key == "anchors":
		case key == "metrics" || key == "semantic_models" || key == "saved_queries" || key == "functions":
			r.warn(f.fail(kv[0], "", "%s are not read", key))
		default:
			known := append(slices.Sorted(maps.Keys(schemaKeys)), "sources", "exposures", "unit_tests", "groups", "version")
			r.warn(f.fail(kv[0], suggest.DidYouMean(key, known), "a schema file has no key %s", key))
		}
	}
}

// list is the value of a key that takes a list of mappings.
func (r *reader) list(f *yamlFile, kv [2]*yaml.Node) []*yaml.Node {
	if kv[1].Kind != yaml.SequenceNode {
		if kv[1].Kind != yaml.ScalarNode || kv[1].Tag != "!!null" {
			r.fail(f.fail(kv[1], kv[0].Value+":\n    - name: …", "%s takes a list", kv[0].Value))
		}
		return nil
	}
	var out []*yaml.Node
	for _, item := range items(kv[1]) {
		switch {
		case item.Kind != yaml.MappingNode:
			r.fail(f.fail(item, "- name: …", "an item of %s is a mapping with a name", kv[0].Value))
		case text(field(item, "name")) == "":
			r.fail(f.fail(item, "- name: …", "an item of %s has no name", kv[0].Value))
		default:
			out = append(out, item)
		}
	}
	return out
}

func (r *reader) takePatch(f *yamlFile, kind string, item *yaml.Node) {
	name := text(field(item, "name"))
	versions := items(field(item, "versions"))
	if kind == "model" && len(versions) > 0 {
		r.takeVersions(f, name, item, versions)
		return
	}
	key := patchKey{f.pkg.Name, kind, name}
	if have := r.patches[key]; have != nil {
		r.fail(f.fail(field(item, "name"), "the other is at "+have.f.pos(have.n).String(), "the %s %s is described twice", kind, name))
		return
	}
	r.patches[key] = &patch{f: f, n: item}
}

// takeVersions makes a patch of each version of a model, by the file that holds it.
func (r *reader) takeVersions(f *yamlFile, name string, item *yaml.Node, versions []*yaml.Node) {
	latest := text(field(item, "latest_version"))
	if latest == "" {
		for _, v := range versions {
			if ver := text(field(v, "v")); latest == "" || newer(ver, latest) {
				latest = ver
			}
		}
	}
	for _, v := range versions {
		ver := text(field(v, "v"))
		file := text(field(v, "defined_in"))
		p := &patch{f: f, n: item, v: v, ver: ver, latest: latest}
		if file == "" {
			file = name + "_v" + ver
			if ver == latest && !slices.ContainsFunc(r.files, func(s *sqlFile) bool { return s.n.Name == file && s.pkg == f.pkg }) {
				file = name
			}
		}
		r.patches[patchKey{f.pkg.Name, "model", file}] = p
	}
}

// newer compares versions, as numbers where they are.
func newer(a, b string) bool {
	var x, y float64
	_, errA := fmt.Sscan(a, &x)
	_, errB := fmt.Sscan(b, &y)
	if errA == nil && errB == nil {
		return x > y
	}
	return a > b
}

// description renders {{ doc('…') }} in a description.
func (r *reader) description(f *yamlFile, n *yaml.Node) string {
	s := text(n)
	if !strings.Contains(s, "{{") {
		return s
	}
	doc := jinja.Func(func(c *jinja.Call) (jinja.Value, error) {
		pkgs, name := []string{f.pkg.Name, r.p.Name}, ""
		switch len(c.Args) {
		case 1:
			name = jinja.Str(c.Args[0])
		case 2:
			pkgs, name = []string{jinja.Str(c.Args[0])}, jinja.Str(c.Args[1])
		default:
			return nil, fmt.Errorf("doc takes the name of a docs block")
		}
		for _, p := range pkgs {
			if d := r.p.Docs["doc."+p+"."+name]; d != nil {
				return d.Body, nil
			}
		}
		var names []string
		for _, d := range r.p.Docs {
			names = append(names, d.Name)
		}
		return nil, jinja.Fail(suggest.DidYouMean(name, names), "there is no docs block %s", name)
	})
	out, err := r.env.Render(r.ctx, &render.Scope{Package: f.pkg.Name, Extra: map[string]any{"doc": doc}}, s, node.Position{File: f.rel, Line: n.Line})
	if err != nil {
		if e, ok := err.(*node.Error); ok {
			e.Pos, e.Source = f.pos(n), f.text
		}
		r.fail(err)
	}
	return out
}

// settings are the config: of an item and the keys beside it that are configuration too.
func (r *reader) settings(f *yamlFile, item *yaml.Node, beside ...string) map[string]setting {
	out := map[string]setting{}
	for _, kv := range pairs(item) {
		if slices.Contains(beside, kv[0].Value) {
			out[kv[0].Value] = r.setting(f, kv[0], kv[1], kv[0].Value)
		}
	}
	c := field(item, "config")
	if c != nil && c.Kind != yaml.MappingNode {
		r.fail(f.fail(c, "config: {materialized: table}", "config takes a mapping"))
	}
	for _, kv := range pairs(c) {
		key := strings.TrimPrefix(kv[0].Value, "+")
		out[key] = r.setting(f, kv[0], kv[1], key)
	}
	return out
}

// columns reads the columns of an item.
func (r *reader) columns(f *yamlFile, item *yaml.Node) []*node.Column {
	var out []*node.Column
	list := field(item, "columns")
	if list != nil && list.Kind != yaml.SequenceNode {
		r.fail(f.fail(list, "columns:\n  - name: …", "columns takes a list"))
	}
	for _, c := range items(list) {
		name := text(field(c, "name"))
		if name == "" {
			if field(c, "include") != nil {
				continue // of a version
			}
			r.fail(f.fail(c, "- name: …", "a column has no name"))
			continue
		}
		if slices.ContainsFunc(out, func(o *node.Column) bool { return o.Name == name }) {
			r.fail(f.fail(c, "", "the column %s is described twice", name))
			continue
		}
		cfg := field(c, "config")
		col := &node.Column{Name: name, DataType: text(field(c, "data_type")), Description: r.description(f, field(c, "description")),
			Tags: append(textList(field(c, "tags")), textList(field(cfg, "tags"))...), Constraints: r.constraints(f, c), Granularity: text(field(c, "granularity")), Pos: f.pos(c)}
		meta, _ := update(r.eval(f, c, value(field(c, "meta"))), r.eval(f, c, value(field(cfg, "meta")))).(map[string]any)
		if meta == nil {
			meta, _ = r.eval(f, c, value(field(c, "meta"))).(map[string]any)
		}
		col.Meta = meta
		if b, ok := value(field(c, "quote")).(bool); ok {
			col.Quote = &b
		}
		out = append(out, col)
	}
	return out
}

func (r *reader) constraints(f *yamlFile, item *yaml.Node) []node.Constraint {
	var out []node.Constraint
	for _, c := range items(field(item, "constraints")) {
		k := node.Constraint{Type: text(field(c, "type")), Name: text(field(c, "name")), Expression: text(field(c, "expression")),
			Columns: textList(field(c, "columns")), To: text(field(c, "to")), ToColumns: textList(field(c, "to_columns"))}
		k.WarnUnsupported = value(field(c, "warn_unsupported")) != false
		k.WarnUnenforced = value(field(c, "warn_unenforced")) != false
		if known := []string{"not_null", "unique", "primary_key", "foreign_key", "check", "custom"}; !slices.Contains(known, k.Type) {
			r.fail(f.fail(c, suggest.DidYouMean(k.Type, known), "a constraint can't be of the type %q", k.Type))
		}
		out = append(out, k)
	}
	return out
}

// describe puts what a YAML file says of a node into it.
func (r *reader) describe(n *node.Node, p *patch) {
	p.used = true
	n.Patch, n.PatchPackage = strings.TrimPrefix(p.f.rel, relPrefix(r, p.f.pkg)), p.f.pkg.Name
	n.Description = r.description(p.f, field(p.n, "description"))
	n.Columns = r.columns(p.f, p.n)
	n.Constraints = r.constraints(p.f, p.n)
	if p.v != nil {
		n.Version, n.LatestVersion = p.ver, p.latest
		if d := field(p.v, "description"); d != nil {
			n.Description = r.description(p.f, d)
		}
		r.versionColumns(n, p)
	}
	if d := text(field(p.n, "deprecation_date")); d != "" {
		for _, layout := range []string{time.DateOnly, time.DateTime, time.RFC3339} {
			if t, err := time.Parse(layout, d); err == nil {
				n.Deprecation = t
			}
		}
	}
}

// versionColumns applies a version's include, exclude and columns of its own.
func (r *reader) versionColumns(n *node.Node, p *patch) {
	list := field(p.v, "columns")
	if list == nil {
		return
	}
	for _, c := range items(list) {
		if inc := field(c, "include"); inc != nil {
			keep := textList(inc)
			drop := textList(field(c, "exclude"))
			n.Columns = slices.DeleteFunc(n.Columns, func(col *node.Column) bool {
				all := slices.Contains(keep, "all") || slices.Contains(keep, "*")
				return slices.Contains(drop, col.Name) || !all && !slices.Contains(keep, col.Name)
			})
		}
	}
	for _, col := range r.columns(p.f, p.v) {
		i := slices.IndexFunc(n.Columns, func(o *node.Column) bool { return o.Name == col.Name })
		if i >= 0 {
			n.Columns[i] = col
		} else {
			n.Columns = append(n.Columns, col)
		}
	}
}

// relPrefix is what pathIn put before the paths of a package.
func relPrefix(r *reader, p *pkg) string {
	if p.Dir == r.p.Dir {
		return ""
	}
	if below, err := filepath.Rel(r.p.Dir, p.Dir); err == nil {
		return filepath.ToSlash(below) + "/"
	}
	return ""
}
