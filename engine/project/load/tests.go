package load

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/eiderdb/eider/engine/project/jinja"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/suggest"
)

// testConfigKeys are the keys of a generic test that are configuration wherever they stand.
var testConfigKeys = []string{"enabled", "severity", "tags", "warn_if", "error_if", "fail_calc", "where", "limit", "store_failures", "store_failures_as",
	"meta", "schema", "database", "alias", "group"}

// tested is what a generic test is written at: a node, or a column of it.
type tested struct {
	f      *yamlFile
	n      *node.Node
	column *node.Column
	expr   string // ref('x') or source('a', 'b')
	tags   []string
}

// makeTests makes the generic tests and the unit tests.
func (r *reader) makeTests() {
	for _, key := range sortedPatches(r.patches) {
		p := r.patches[key]
		if !slices.Contains([]string{"model", "seed", "snapshot"}, key.kind) || !p.used {
			continue
		}
		n := r.patched(key)
		if n == nil {
			continue // disabled
		}
		expr := "ref('" + n.Name + "')"
		if n.Version != "" {
			expr = "ref('" + n.Name + "', version='" + n.Version + "')"
		}
		r.testsOf(p.f, p.n, n, expr)
	}
	for _, f := range r.schemas {
		for _, src := range items(field(f.root, "sources")) {
			for _, t := range items(field(src, "tables")) {
				id := "source." + f.pkg.Name + "." + text(field(src, "name")) + "." + text(field(t, "name"))
				if n := r.p.Nodes[id]; n != nil {
					r.testsOf(f, t, n, "source('"+text(field(src, "name"))+"', '"+text(field(t, "name"))+"')")
				}
			}
		}
	}
	for _, u := range r.unit {
		r.makeUnitTest(u)
	}
}

func sortedPatches(m map[patchKey]*patch) []patchKey {
	keys := slices.Collect(maps.Keys(m))
	slices.SortFunc(keys, func(a, b patchKey) int {
		return strings.Compare(a.pkg+"\x00"+a.kind+"\x00"+a.name, b.pkg+"\x00"+b.kind+"\x00"+b.name)
	})
	return keys
}

// patched is the enabled node that a patch describes.
func (r *reader) patched(key patchKey) *node.Node {
	for _, f := range r.files {
		n := f.n
		stem := strings.TrimSuffix(path.Base(n.Path), path.Ext(n.Path))
		if n.Package == key.pkg && string(n.Kind) == key.kind && (n.Name == key.name || n.Version != "" && stem == key.name) && r.p.Nodes[n.ID] == n {
			return n
		}
	}
	return nil
}

func (r *reader) testsOf(f *yamlFile, item *yaml.Node, n *node.Node, expr string) {
	for _, t := range testList(item) {
		r.makeTest(tested{f: f, n: n, expr: expr}, t)
	}
	for _, c := range items(field(item, "columns")) {
		for _, col := range n.Columns {
			if col.Name != text(field(c, "name")) {
				continue
			}
			for _, t := range testList(c) {
				r.makeTest(tested{f: f, n: n, column: col, expr: expr, tags: col.Tags}, t)
			}
		}
	}
}

func testList(item *yaml.Node) []*yaml.Node {
	return append(items(field(item, "tests")), items(field(item, "data_tests"))...)
}

// writtenTest is a generic test as it is written.
type writtenTest struct {
	name, namespace string
	custom          string // name:
	description     string
	args            map[string]any
	config          map[string]setting
	at              *yaml.Node
}

// readTest reads `unique`, `accepted_values: {…}` or `{name: …, test_name: …}`.
func (r *reader) readTest(f *yamlFile, t *yaml.Node) (*writtenTest, bool) {
	w := &writtenTest{args: map[string]any{}, config: map[string]setting{}, at: t}
	body := t
	switch t.Kind {
	case yaml.ScalarNode:
		w.name, body = t.Value, nil
	case yaml.MappingNode:
		if tn := field(t, "test_name"); tn != nil {
			w.name = text(tn)
			break
		}
		kv := pairs(t)
		if len(kv) != 1 {
			r.fail(f.fail(t, "- accepted_values:\n      values: [a, b]   # two levels deeper than the dash", "a test is a name, or one name with its arguments below it"))
			return nil, false
		}
		w.name, body = kv[0][0].Value, kv[0][1]
	default:
		r.fail(f.fail(t, "- unique", "a test is a name, or a name with arguments"))
		return nil, false
	}
	if ns, name, ok := strings.Cut(w.name, "."); ok {
		w.namespace, w.name = ns, name
	}
	for _, kv := range pairs(body) {
		key := kv[0].Value
		switch {
		case key == "config":
			maps.Copy(w.config, r.settings(f, body))
		case key == "name":
			w.custom = text(kv[1])
		case key == "description":
			w.description = r.description(f, kv[1])
		case key == "test_name":
		case key == "arguments":
			for _, arg := range pairs(kv[1]) {
				w.args[arg[0].Value] = value(arg[1])
			}
		case slices.Contains(testConfigKeys, key):
			if _, has := w.config[key]; !has {
				s := setting{v: value(kv[1]), raw: value(kv[1]), pos: f.pos(kv[0]), src: f.text}
				if key != "where" {
					s.v = r.eval(f, kv[1], s.v)
				}
				w.config[key] = s
			}
		default:
			w.args[key] = value(kv[1])
		}
	}
	return w, true
}

var notWord = regexp.MustCompile(`[^0-9a-zA-Z_]+`)

// testNames are the short and the full name that dbt gives to a test of these arguments.
func testNames(kind, target string, args map[string]any) (short, full string) {
	var flat []string
	for _, k := range slices.Sorted(maps.Keys(args)) {
		if k == "model" {
			continue
		}
		parts := []any{args[k]}
		switch x := args[k].(type) {
		case []any:
			parts = x
		case map[string]any:
			parts = nil
			for _, key := range slices.Sorted(maps.Keys(x)) {
				parts = append(parts, x[key])
			}
		}
		for _, p := range parts {
			flat = append(flat, notWord.ReplaceAllString(jinja.Str(jinja.FromGo(p)), "_"))
		}
	}
	full = kind + "_" + target + "_" + strings.Join(flat, "__")
	if len(full) < 64 {
		return full, full
	}
	id := kind + "_" + target
	return id[:min(30, len(id))] + "_" + md5Hex(full), full
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// testHash are the ten digits that dbt puts behind a test's name.
func testHash(name string, t *node.TestInfo) string {
	var text func(v any) jinja.Value
	text = func(v any) jinja.Value {
		switch x := v.(type) {
		case map[string]any:
			d := &jinja.Dict{}
			for _, k := range slices.Sorted(maps.Keys(x)) {
				d.Set(k, text(x[k]))
			}
			return d
		case []any:
			l := &jinja.List{}
			for _, item := range x {
				l.Items = append(l.Items, text(item))
			}
			return l
		}
		return jinja.Str(jinja.FromGo(v))
	}
	var ns any
	if t.Namespace != "" {
		ns = t.Namespace
	}
	md := text(map[string]any{"namespace": ns, "name": t.Name, "kwargs": t.Args})
	hash := md5Hex(name + jinja.Repr(md))
	return hash[len(hash)-10:]
}

func (r *reader) makeTest(at tested, t *yaml.Node) {
	w, ok := r.readTest(at.f, t)
	if !ok {
		return
	}
	macro := r.testMacro(at, w)
	if macro == nil {
		return
	}
	info := &node.TestInfo{Generic: true, Name: w.name, Namespace: w.namespace, Args: w.args, Attached: at.n.ID}
	if at.column != nil {
		info.Column = at.column.Name
		name := at.column.Name
		if q := at.column.Quote; q != nil && *q {
			name = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
		w.args["column_name"] = name
	}
	kind, target := w.name, at.n.Name
	if w.namespace != "" {
		kind = w.namespace + "_" + kind
	}
	if at.n.Kind == node.Source {
		kind, target = "source_"+kind, at.n.SourceInfo.Source+"_"+at.n.Name
	}
	if at.n.Version != "" {
		target += "_v" + at.n.Version
	}
	short, full := testNames(kind, target, w.args)
	if w.custom != "" {
		short, full = w.custom, w.custom
	}
	w.args["model"] = "{{ get_where_subquery(" + at.expr + ") }}"
	raw := "{{ test_" + w.name + "(**_dbt_generic_test_kwargs) }}"
	if w.namespace != "" {
		raw = "{{ " + w.namespace + ".test_" + w.name + "(**_dbt_generic_test_kwargs) }}"
	}
	pkgName := at.f.pkg.Name
	n := &node.Node{Kind: node.Test, Name: full, Package: pkgName, Path: short + ".sql", File: strings.TrimPrefix(at.f.rel, relPrefix(r, at.f.pkg)), Root: at.f.pkg.Dir, Language: "sql",
		Raw: raw, FQN: fqnOf(pkgName, at.f.path, full), TestInfo: info, Pos: at.f.pos(w.at), Description: w.description}
	n.ID = "test." + pkgName + "." + full + "." + testHash(full, info)
	m := newMerged()
	r.layer(m, n, w.config)
	r.rootLayer(m, n)
	m.add(map[string]setting{"tags": {v: anyList(at.tags)}})
	if m.values["alias"] == nil && short != full {
		m.values["alias"] = short
	}
	r.finish(n, m)
	if s, ok := m.raw["where"].(string); ok {
		n.Config.Where = s
	}
	r.generic(n, at, w, macro)
}

// generic completes a generic test: what it depends on, its name, its place in the project.
func (r *reader) generic(n *node.Node, at tested, w *writtenTest, macro *node.Macro) {
	for _, arg := range append([]any{w.args["model"]}, valuesOf(w.args)...) {
		for _, text := range textsIn(arg) {
			if strings.Contains(text, "{{") {
				r.parseInto(n, at.f, w.at, text)
			} else if m := bareRef.FindString(text); m != "" && m == text {
				r.parseInto(n, at.f, w.at, text)
			}
		}
	}
	n.Refs, n.Sources = dedupRefs(n.Refs), dedupSources(n.Sources)
	n.DependsOn.Macros = []string{macro.ID}
	if sub := r.env.FindMacro(r.p.Name, "get_where_subquery"); sub != nil {
		n.DependsOn.Macros = append(n.DependsOn.Macros, sub.ID)
	}
	if !n.Config.Enabled {
		r.p.Disabled[n.ID] = n
		return
	}
	if have := r.p.Nodes[n.ID]; have != nil {
		r.fail(at.f.fail(w.at, "the other is "+have.Pos.String()+"; name: gives one of them a name of its own", "the test %s is written twice", n.Name))
		return
	}
	r.name(n)
	r.p.Nodes[n.ID] = n
	if at.column != nil {
		at.column.Tests = append(at.column.Tests, n.ID)
	}
	if at.n.SourceInfo != nil {
		at.n.SourceInfo.Tests = append(at.n.SourceInfo.Tests, n.ID)
	}
}

// bareRef is a ref or source given to a test without braces: relationships' to: ref('x').
var bareRef = regexp.MustCompile(`^\s*(ref|source)\s*\(.*\)\s*$`)

func valuesOf(m map[string]any) []any {
	var out []any
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if k != "model" {
			out = append(out, m[k])
		}
	}
	return out
}

func textsIn(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []any:
		var out []string
		for _, item := range x {
			out = append(out, textsIn(item)...)
		}
		return out
	case map[string]any:
		var out []string
		for _, k := range slices.Sorted(maps.Keys(x)) {
			out = append(out, textsIn(x[k])...)
		}
		return out
	}
	return nil
}

func dedupRefs(list []node.Ref) []node.Ref {
	var out []node.Ref
	for _, x := range list {
		if !slices.ContainsFunc(out, func(o node.Ref) bool { return o.Name == x.Name && o.Package == x.Package && o.Version == x.Version }) {
			out = append(out, x)
		}
	}
	return out
}

func dedupSources(list []node.SourceRef) []node.SourceRef {
	var out []node.SourceRef
	for _, x := range list {
		if !slices.ContainsFunc(out, func(o node.SourceRef) bool { return o.Source == x.Source && o.Table == x.Table }) {
			out = append(out, x)
		}
	}
	return out
}

func anyList(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// testMacro finds the macro of a generic test and checks its arguments.
func (r *reader) testMacro(at tested, w *writtenTest) *node.Macro {
	var m *node.Macro
	if w.namespace != "" {
		m = r.env.MacroIn(w.namespace, "test_"+w.name)
	} else {
		m = r.env.FindMacro(at.f.pkg.Name, "test_"+w.name)
	}
	if m == nil {
		full := w.name
		if w.namespace != "" {
			full = w.namespace + "." + w.name
		}
		var known []string
		for _, macro := range r.p.Macros {
			name, isTest := strings.CutPrefix(macro.Name, "test_")
			if !isTest || strings.HasPrefix(macro.Name, "default__") {
				continue
			}
			if macro.Package != at.f.pkg.Name && macro.Package != r.p.Name && macro.Package != "dbt" {
				name = macro.Package + "." + name
			}
			known = append(known, name)
		}
		slices.Sort(known)
		hint := suggest.DidYouMean(full, known)
		if hint == "" {
			hint = "there are " + strings.Join(known, ", ")
		}
		r.fail(at.f.fail(w.at, hint, "there is no test %s", full))
		return nil
	}
	for _, k := range slices.Sorted(maps.Keys(w.args)) {
		if !slices.Contains(m.Args, k) && !strings.Contains(m.Body, "kwargs") {
			r.fail(at.f.fail(w.at, fmt.Sprintf("it takes %s", strings.Join(m.Args, ", ")), "the test %s has no argument %s", w.name, k))
			return nil
		}
	}
	return m
}
