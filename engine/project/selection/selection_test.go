package selection

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/project/graph"
	"github.com/eiderdb/eider/engine/project/node"
)

// shop is raw → stg_a, stg_b → mart → report, with tests on stg_a and over stg_a and mart.
func shop() *node.Project {
	p := &node.Project{Name: "p", Nodes: map[string]*node.Node{}, Selectors: map[string]any{
		"nightly": map[string]any{"union": []any{map[string]any{"method": "tag", "value": "n", "children": true, "indirect_selection": "empty"},
			map[string]any{"exclude": []any{"mart"}}}},
		"both":   map[string]any{"intersection": []any{"tag:n", map[string]any{"method": "config.materialized", "value": "view"}}},
		"again":  map[string]any{"method": "selector", "value": "again"},
		"simple": map[string]any{"tag": "n"},
	}}
	add := func(kind node.Kind, name, file string, tags []string, parents ...string) *node.Node {
		n := &node.Node{ID: string(kind) + ".p." + name, Kind: kind, Name: name, Package: "p", File: file, Tags: tags, DependsOn: node.DependsOn{Nodes: parents}}
		n.FQN = []string{"p"}
		parts := strings.Split(strings.TrimSuffix(file, ".sql"), "/")
		n.FQN = append(n.FQN, parts[1:]...)
		n.Config.Values = map[string]any{"materialized": "view", "meta": map[string]any{"owner": "ann"}, "tags": []any{"n"}}
		p.Nodes[n.ID] = n
		p.Order = append(p.Order, n.ID)
		return n
	}
	src := add(node.Source, "raw", "models/s.yml", nil)
	src.SourceInfo = &node.SourceInfo{Source: "ext"}
	add(node.Model, "stg_a", "models/staging/stg_a.sql", []string{"n"}, src.ID)
	add(node.Model, "stg_b", "models/staging/stg_b.sql", nil, src.ID)
	mart := add(node.Model, "mart", "models/marts/mart.sql", []string{"n"}, "model.p.stg_a", "model.p.stg_b")
	mart.Config.Values["materialized"] = "table"
	add(node.Model, "report", "models/marts/report.sql", nil, "model.p.mart")
	add(node.Test, "t_a", "models/s.yml", nil, "model.p.stg_a").TestInfo = &node.TestInfo{Generic: true, Name: "unique"}
	add(node.Test, "t_both", "tests/t_both.sql", nil, "model.p.stg_a", "model.p.mart").TestInfo = &node.TestInfo{}
	slices.Sort(p.Order)
	return p
}

func TestSelect(t *testing.T) {
	all := "mart raw report stg_a stg_b t_a t_both"
	for _, c := range []struct {
		sel, exclude, want string
	}{
		{"", "", all},
		{"stg_a", "", "stg_a t_a t_both"},
		{"+mart", "", "mart raw stg_a stg_b t_a t_both"},
		{"1+mart", "", "mart stg_a stg_b t_a t_both"},
		{"stg_b+1", "", "mart stg_b t_both"},
		{"stg_b+", "", "mart report stg_b t_both"},
		{"@stg_b", "", all},
		{"stg_a report", "", "report stg_a t_a t_both"},
		{"tag:n,config.materialized:table", "", "mart t_both"},
		{"tag:n", "mart", "stg_a t_a"},
		{"path:models/staging", "", "stg_a stg_b t_a t_both"},
		{"models/staging/stg_b.sql", "", "stg_b"},
		{"path:models/*/m*", "", "mart t_both"},
		{"staging.*", "", "stg_a stg_b t_a t_both"},
		{"staging", "", "stg_a stg_b t_a t_both"},
		{"p.marts", "", "mart report t_both"},
		{"source:ext.raw+1", "", "raw stg_a stg_b t_a t_both"},
		{"source:ext", "", "raw"},
		{"test_type:generic", "", "t_a"},
		{"test_type:singular", "", "t_both"},
		{"test_name:unique", "", "t_a"},
		{"resource_type:test", "", "t_a t_both"},
		{"config.meta.owner:ann,stg_*", "", "stg_a stg_b t_a t_both"},
		{"config.tags:n,report", "", "report"},
		{"package:p,mart", "", "mart t_both"},
		{"package:this,mart", "", "mart t_both"},
		{"file:stg_b.sql", "", "stg_b"},
		{"nope", "", ""},
	} {
		t.Run(c.sel+" - "+c.exclude, func(t *testing.T) {
			p := shop()
			o := Options{}
			if c.sel != "" {
				o.Select = []string{c.sel}
			}
			if c.exclude != "" {
				o.Exclude = []string{c.exclude}
			}
			ids, warnings, err := Select(p, graph.New(p), o)
			require.NoError(t, err)
			require.Equal(t, c.want, names(p, ids))
			require.Equal(t, c.want == "", len(warnings) > 0, "%v", warnings)
		})
	}
}

func names(p *node.Project, ids []string) string {
	var out []string
	for _, id := range ids {
		out = append(out, p.Nodes[id].Name)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestIndirect(t *testing.T) {
	for mode, want := range map[string]string{"eager": "stg_a t_a t_both", "cautious": "stg_a t_a", "buildable": "stg_a t_a", "empty": "stg_a"} {
		p := shop()
		ids, _, err := Select(p, graph.New(p), Options{Select: []string{"stg_a"}, Indirect: mode})
		require.NoError(t, err)
		require.Equal(t, want, names(p, ids), mode)
	}
}

func TestSelectors(t *testing.T) {
	p := shop()
	for name, want := range map[string]string{"nightly": "report stg_a t_a", "both": "stg_a t_a t_both", "simple": "mart stg_a t_a t_both"} {
		ids, _, err := Select(p, graph.New(p), Options{Selector: name})
		require.NoError(t, err)
		require.Equal(t, want, names(p, ids), name)
	}
	p.DefaultSelector = "simple"
	ids, _, err := Select(p, graph.New(p), Options{Kinds: []node.Kind{node.Model}})
	require.NoError(t, err)
	require.Equal(t, "mart stg_a", names(p, ids))
}

func TestMistakes(t *testing.T) {
	p := shop()
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Select: []string{"tga:n"}}, "did you mean tag?"},
		{Options{Select: []string{"state:modified"}}, "--state DIR"},
		{Options{Select: []string{"result:error"}}, "--state DIR"},
		{Options{Select: []string{"test_type:x"}}, "generic, singular, unit, data"},
		{Options{Select: []string{"+"}}, "can't be read"},
		{Options{Select: []string{"@a+"}}, "leave the + out"},
		{Options{Selector: "nope"}, "selectors.yml has: again, both"},
		{Options{Selector: "again"}, "in a circle"},
		{Options{Selector: "both", Select: []string{"x"}}, "can't be combined"},
	} {
		_, _, err := Select(p, graph.New(p), c.o)
		require.ErrorContains(t, err, c.want)
	}
	_, warnings, err := Select(p, graph.New(p), Options{Select: []string{"stgg_a"}})
	require.NoError(t, err)
	require.Contains(t, warnings[0], "did you mean stg_a?")
}

func TestState(t *testing.T) {
	p := shop()
	state := &State{Nodes: map[string]*Previous{}, Macros: map[string]string{}, Results: map[string]string{"model.p.mart": "error", "model.p.stg_a": "success"}}
	for id, n := range p.Nodes {
		n.Checksum = "same"
		n.Schema = "main"
		n.Alias = n.Name
		state.Nodes[id] = &Previous{Checksum: "same", Schema: "main", Alias: n.Name, Config: n.Config.Unrendered}
	}
	pick := func(sel string) string {
		ids, _, err := Select(p, graph.New(p), Options{Select: []string{sel}, State: state, Indirect: "empty"})
		require.NoError(t, err)
		return names(p, ids)
	}
	require.Empty(t, pick("state:modified"))
	delete(state.Nodes, "model.p.report")
	require.Equal(t, "report", pick("state:new"))
	p.Nodes["model.p.stg_a"].Checksum = "changed"
	require.Equal(t, "report stg_a", pick("state:modified"))
	require.Equal(t, "report stg_a", pick("state:modified.body"))
	require.Equal(t, "report", pick("state:modified.configs"))
	p.Nodes["model.p.mart"].Alias = "other"
	require.Equal(t, "mart report", pick("state:modified.relation"))
	p.Macros = map[string]*node.Macro{"macro.p.m": {Body: "new"}, "macro.p.n": {Body: "x", DependsOn: []string{"macro.p.m"}}}
	state.Macros = map[string]string{"macro.p.m": "old", "macro.p.n": "x"}
	p.Nodes["model.p.stg_b"].DependsOn.Macros = []string{"macro.p.n"}
	require.Equal(t, "report stg_b", pick("state:modified.macros"))
	stg := p.Nodes["model.p.stg_b"]
	stg.Config.Contract.Enforced, stg.Columns = true, []*node.Column{{Name: "id", DataType: "int"}}
	state.Nodes[stg.ID].Contract = stg.ContractChecksum()
	require.Equal(t, "report", pick("state:modified.contract"))
	stg.Columns[0].DataType = "bigint"
	require.Equal(t, "report stg_b", pick("state:modified.contract"))
	require.Equal(t, "mart", pick("result:error"))
	require.Equal(t, "mart report t_both", pick("result:error+"))
	require.NotContains(t, pick("state:unmodified"), "stg_a")
}
