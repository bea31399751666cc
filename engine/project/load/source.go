package load

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/eiderdb/eider/engine/project/node"
)

// takeSource makes a node of each table of a source.
func (r *reader) takeSource(f *yamlFile, inPkg string, item *yaml.Node) {
	tables := field(item, "tables")
	if tables == nil {
		return
	}
	if tables.Kind != yaml.SequenceNode {
		r.fail(f.fail(tables, "tables:\n  - name: …", "tables takes a list"))
		return
	}
	for _, t := range items(tables) {
		name := text(field(t, "name"))
		if name == "" {
			r.fail(f.fail(t, "- name: …", "a table of the source %s has no name", text(field(item, "name"))))
			continue
		}
		r.sourceTable(f, inPkg, item, t, name)
	}
}

func (r *reader) sourceTable(f *yamlFile, inPkg string, item, t *yaml.Node, name string) {
	src := text(field(item, "name"))
	str := func(n *yaml.Node, key string) string {
		v := r.eval(f, field(n, key), value(field(n, key)))
		if v == nil {
			return ""
		}
		return fmt.Sprint(v)
	}
	n := &node.Node{ID: "source." + f.pkg.Name + "." + src + "." + name, Kind: node.Source, Name: name, Package: f.pkg.Name, Path: inPkg, File: inPkg,
		Root: f.pkg.Dir, Language: "sql", FQN: append(fqnOf(f.pkg.Name, f.path, src), name), Pos: f.pos(t),
		Description: r.description(f, field(t, "description")), Columns: r.columns(f, t)}
	info := &node.SourceInfo{Source: src, SourceDesc: r.description(f, field(item, "description")), Loader: str(item, "loader"), Identifier: str(t, "identifier")}
	n.SourceInfo = info
	info.SourceMeta, _ = r.eval(f, item, value(field(item, "meta"))).(map[string]any)
	if info.Identifier == "" {
		info.Identifier = name
	}
	n.Alias = info.Identifier
	if n.Schema = str(item, "schema"); n.Schema == "" {
		n.Schema = src
	}
	if n.Database = str(item, "database"); n.Database == "" {
		n.Database = r.p.Target.Database
	}
	info.External, _ = r.eval(f, t, value(field(t, "external"))).(map[string]any)
	quoting, _ := update(value(field(item, "quoting")), value(field(t, "quoting"))).(map[string]any)
	if quoting == nil {
		quoting, _ = value(field(item, "quoting")).(map[string]any)
	}
	info.Quoting = quotingOf(quoting)

	m := newMerged()
	beside := []string{"tags", "meta", "freshness", "loaded_at_field", "loaded_at_query", "enabled"}
	r.layer(m, n, r.settings(f, item, beside...))
	m.add(r.settings(f, t, beside...))
	r.rootLayer(m, n)
	if fr, has := m.values["freshness"]; has {
		info.Freshness = r.freshness(f, t, fr)
	}
	r.finish(n, m)
	info.LoadedAt, _ = m.values["loaded_at_field"].(string)
	info.LoadedQuery, _ = m.values["loaded_at_query"].(string)
	n.Checksum = checksum([]byte(yamlText(t)))
	if have := r.p.Nodes[n.ID]; have != nil {
		r.fail(f.fail(t, "the other is "+have.Pos.String(), "the table %s of the source %s is declared twice", name, src))
		return
	}
	if !n.Config.Enabled {
		r.p.Disabled[n.ID] = n
		return
	}
	r.p.Nodes[n.ID] = n
}

// freshness reads warn_after and error_after; nil switches it off.
func (r *reader) freshness(f *yamlFile, at *yaml.Node, v any) *node.Freshness {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	age := func(key string) *node.Age {
		a, ok := m[key].(map[string]any)
		if !ok {
			return nil
		}
		count, isInt := a["count"].(int64)
		period, _ := a["period"].(string)
		if !isInt || !slices.Contains([]string{"minute", "hour", "day"}, period) {
			r.fail(f.fail(at, key+": {count: 12, period: hour}", "%s takes a count and a period of minute, hour or day", key))
			return nil
		}
		return &node.Age{Count: int(count), Period: period}
	}
	fr := &node.Freshness{Warn: age("warn_after"), Error: age("error_after")}
	fr.Filter, _ = m["filter"].(string)
	if fr.Warn == nil && fr.Error == nil && fr.Filter == "" {
		return nil
	}
	return fr
}

func (r *reader) takeExposure(f *yamlFile, inPkg string, item *yaml.Node) {
	name := text(field(item, "name"))
	n := &node.Node{ID: "exposure." + f.pkg.Name + "." + name, Kind: node.Exposure, Name: name, Package: f.pkg.Name, Path: f.path, File: inPkg, Root: f.pkg.Dir,
		FQN: fqnOf(f.pkg.Name, f.path, name), Pos: f.pos(item), Description: r.description(f, field(item, "description"))}
	info := &node.ExposureInfo{Type: text(field(item, "type")), Maturity: text(field(item, "maturity")), Label: text(field(item, "label")), URL: text(field(item, "url"))}
	info.Owner, _ = value(field(item, "owner")).(map[string]any)
	n.ExposureInfo = info
	types := []string{"dashboard", "notebook", "analysis", "ml", "application"}
	switch {
	case !slices.Contains(types, info.Type):
		r.fail(f.fail(item, "type: one of "+strings.Join(types, ", "), "the exposure %s has no type that is known", name))
	case info.Owner == nil:
		r.fail(f.fail(item, "owner: {name: …} or {email: …}", "the exposure %s has no owner", name))
	case info.Maturity != "" && !slices.Contains([]string{"low", "medium", "high"}, info.Maturity):
		r.fail(f.fail(field(item, "maturity"), "low, medium or high", "the maturity of the exposure %s is unknown", name))
	}
	m := newMerged()
	r.layer(m, n, r.settings(f, item, "tags", "meta", "enabled"))
	r.rootLayer(m, n)
	r.finish(n, m)
	for _, d := range items(field(item, "depends_on")) {
		r.parseInto(n, f, d, text(d))
	}
	n.Checksum = checksum([]byte(yamlText(item)))
	if !n.Config.Enabled {
		r.p.Disabled[n.ID] = n
		return
	}
	if have := r.p.Nodes[n.ID]; have != nil {
		r.fail(f.fail(item, "the other is "+have.Pos.String(), "two exposures are called %s", name))
		return
	}
	r.p.Nodes[n.ID] = n
}

// parseInto reads a ref(…) or source(…) of a YAML file into a node and returns the id's place in
// the lists: what was found.
func (r *reader) parseInto(n *node.Node, f *yamlFile, at *yaml.Node, expr string) {
	expr = strings.TrimSpace(expr)
	if !strings.HasPrefix(expr, "{{") {
		expr = "{{ " + expr + " }}"
	}
	found, err := r.env.Parse(r.ctx, n, expr, f.pos(at))
	if err != nil {
		if e, ok := err.(*node.Error); ok {
			e.Pos, e.Source = f.pos(at), f.text
		}
		r.fail(err)
		return
	}
	for i := range found.Refs {
		found.Refs[i].Pos = f.pos(at)
	}
	for i := range found.Sources {
		found.Sources[i].Pos = f.pos(at)
	}
	n.Refs = append(n.Refs, found.Refs...)
	n.Sources = append(n.Sources, found.Sources...)
}
