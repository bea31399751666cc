package load

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/suggest"
)

// unitTest is a unit test of a YAML file, kept until the nodes are known.
type unitTest struct {
	f     *yamlFile
	n     *yaml.Node
	inPkg string
}

func (r *reader) makeUnitTest(u *unitTest) {
	f, item := u.f, u.n
	name, model := text(field(item, "name")), text(field(item, "model"))
	target, err := r.env.ResolveRef(f.pkg.Name, node.Ref{Name: model, Pos: f.pos(field(item, "model"))})
	if err != nil || target.Kind != node.Model {
		if err == nil {
			err = f.fail(field(item, "model"), "", "a unit test tests a model, and %s is a %s", model, target.Kind)
		}
		if e, ok := err.(*node.Error); ok {
			e.Source = f.text
		}
		r.fail(err)
		return
	}
	info := &node.UnitTestInfo{Model: model, ModelID: target.ID}
	n := &node.Node{ID: "unit_test." + f.pkg.Name + "." + model + "." + name, Kind: node.UnitTest, Name: name, Package: f.pkg.Name, Path: f.path, File: u.inPkg,
		Root: f.pkg.Dir, FQN: append(fqnOf(f.pkg.Name, f.path, model), name), Pos: f.pos(item), Description: r.description(f, field(item, "description")), UnitTestInfo: info,
		Checksum: checksum([]byte(yamlText(item))), Schema: r.p.Target.Schema, Database: r.p.Target.Database}
	n.DependsOn.Nodes = []string{target.ID}
	for _, g := range items(field(item, "given")) {
		fx, ok := r.fixture(f, g, true)
		if !ok {
			continue
		}
		if fx.Input != "this" {
			probe := &node.Node{Kind: node.UnitTest, Package: f.pkg.Name, Name: name, File: n.File}
			r.parseInto(probe, f, field(g, "input"), fx.Input)
			fx.InputID = r.resolveOne(probe, f)
		}
		info.Given = append(info.Given, fx)
	}
	expect := field(item, "expect")
	if expect == nil {
		r.fail(f.fail(item, "expect: {rows: […]}", "the unit test %s expects nothing", name))
		return
	}
	info.Expect, _ = r.fixture(f, expect, false)
	ov := field(item, "overrides")
	info.Overrides.Macros, _ = value(field(ov, "macros")).(map[string]any)
	info.Overrides.Vars, _ = value(field(ov, "vars")).(map[string]any)
	info.Overrides.EnvVars = strMap(value(field(ov, "env_vars")))
	m := newMerged()
	r.layer(m, n, r.settings(f, item, "tags", "meta", "enabled"))
	r.rootLayer(m, n)
	r.finish(n, m)
	switch {
	case !n.Config.Enabled:
		r.p.Disabled[n.ID] = n
	case r.p.Nodes[n.ID] != nil:
		r.fail(f.fail(item, "the other is "+r.p.Nodes[n.ID].Pos.String(), "two unit tests of %s are called %s", model, name))
	default:
		r.p.Nodes[n.ID] = n
	}
}

// resolveOne is the id of the one ref or source that was found.
func (r *reader) resolveOne(probe *node.Node, f *yamlFile) string {
	var got *node.Node
	var err error
	switch {
	case len(probe.Refs) > 0:
		got, err = r.env.ResolveRef(probe.Package, probe.Refs[0])
	case len(probe.Sources) > 0:
		got, err = r.env.ResolveSource(probe.Sources[0])
	default:
		return ""
	}
	if err != nil {
		if e, ok := err.(*node.Error); ok {
			e.Source = f.text
		}
		r.fail(err)
		return ""
	}
	return got.ID
}

// fixture reads the rows of a given or of expect.
func (r *reader) fixture(f *yamlFile, item *yaml.Node, given bool) (node.Fixture, bool) {
	fx := node.Fixture{Input: strings.TrimSpace(text(field(item, "input"))), Format: text(field(item, "format")), File: text(field(item, "fixture")), Pos: f.pos(item)}
	if given && fx.Input == "" {
		r.fail(f.fail(item, "- input: ref('model')", "a given of a unit test has no input"))
		return fx, false
	}
	if fx.Format == "" {
		fx.Format = "dict"
	}
	rows := field(item, "rows")
	body := text(rows)
	if fx.File != "" {
		ext := map[string]string{"csv": ".csv", "sql": ".sql"}[fx.Format]
		for _, dir := range f.pkg.TestPaths {
			data, err := os.ReadFile(filepath.Join(f.pkg.Dir, filepath.FromSlash(dir), "fixtures", fx.File+ext))
			if err == nil {
				body = string(data)
			}
		}
		if body == "" {
			r.fail(f.fail(field(item, "fixture"), "fixtures lie below tests/fixtures/", "there is no fixture %s%s", fx.File, ext))
			return fx, false
		}
	}
	switch fx.Format {
	case "dict":
		for _, row := range items(rows) {
			var out node.Row
			for _, kv := range pairs(row) {
				out.Columns = append(out.Columns, kv[0].Value)
				out.Values = append(out.Values, value(kv[1]))
			}
			fx.Rows = append(fx.Rows, out)
		}
	case "csv":
		return r.csvFixture(f, item, fx, body)
	case "sql":
		fx.SQL = strings.TrimSpace(body)
	default:
		r.fail(f.fail(field(item, "format"), suggest.DidYouMean(fx.Format, []string{"dict", "csv", "sql"}), "the format %s of rows is unknown", fx.Format))
		return fx, false
	}
	return fx, true
}

func (r *reader) csvFixture(f *yamlFile, item *yaml.Node, fx node.Fixture, body string) (node.Fixture, bool) {
	reader := csv.NewReader(strings.NewReader(strings.TrimSpace(body)))
	reader.TrimLeadingSpace = true
	lines, err := reader.ReadAll()
	if err != nil || len(lines) == 0 {
		r.fail(f.fail(field(item, "rows"), "a header and rows, separated by commas", "the rows aren't CSV"))
		return fx, false
	}
	for _, line := range lines[1:] {
		row := node.Row{Columns: slices.Clone(lines[0])}
		for _, cell := range line {
			var v any = cell
			if cell == "" {
				v = nil
			}
			row.Values = append(row.Values, v)
		}
		fx.Rows = append(fx.Rows, row)
	}
	return fx, true
}
