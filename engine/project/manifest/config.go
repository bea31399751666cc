package manifest

import (
	"strings"

	"github.com/eiderdb/eider/engine/project/node"
)

// config is a node's configuration by dbt's keys with dbt's defaults; keys that dbt doesn't
// know are kept, as dbt keeps them.
func (w *writer) config(n *node.Node) object {
	c := n.Config
	o := object{"enabled": c.Enabled, "alias": orNil(c.Alias), "schema": orNil(c.Schema), "database": orNil(c.Database), "tags": list(c.Tags),
		"meta": orEmpty(c.Meta), "group": orNil(c.Group), "materialized": c.Materialized}
	if n.Kind == node.Test {
		if c.Schema == "" {
			o["schema"] = "dbt_test__audit"
		}
		fill(o, object{"severity": strings.ToUpper(c.Severity), "store_failures": boolOrNil(c.StoreFailures), "store_failures_as": orNil(c.StoreFailuresAs),
			"where": orNil(c.Where), "limit": limit(c.Limit), "fail_calc": c.FailCalc, "warn_if": c.WarnIf, "error_if": c.ErrorIf})
		w.keep(o, n)
		return o
	}
	fill(o, object{
		"incremental_strategy": orNil(c.IncrementalStrategy), "batch_size": orNil(c.BatchSize), "lookback": c.Lookback, "begin": orNil(c.Begin),
		"persist_docs": orEmpty(asMap(c.Values["persist_docs"])), "post-hook": hooks(c.PostHooks), "pre-hook": hooks(c.PreHooks),
		"quoting": orEmpty(asMap(c.Values["quoting"])), "column_types": orEmpty(asMap(c.Values["column_types"])), "full_refresh": boolOrNil(c.FullRefresh),
		"unique_key": c.Values["unique_key"], "on_schema_change": c.OnSchemaChange, "on_configuration_change": "apply", "grants": orEmpty(asMap(c.Values["grants"])),
		"packages": []string{}, "docs": docs(n), "contract": object{"enforced": c.Contract.Enforced, "alias_types": c.Contract.AliasTypes},
		"event_time": orNil(c.EventTime), "concurrent_batches": boolOrNil(c.ConcurrentBatches),
	})
	switch n.Kind {
	case node.Model:
		o["access"] = n.Access
		o["freshness"] = nil
	case node.Seed:
		o["delimiter"], o["quote_columns"] = c.Delimiter, boolOrNil(c.QuoteColumns)
	case node.Snapshot:
		names := object{}
		for _, k := range []string{"dbt_valid_to", "dbt_valid_from", "dbt_scd_id", "dbt_updated_at", "dbt_is_deleted"} {
			names[k] = orNil(c.SnapshotNames[k])
		}
		fill(o, object{"strategy": orNil(c.Strategy), "target_schema": orNil(c.TargetSchema), "target_database": orNil(c.TargetDatabase),
			"updated_at": orNil(c.UpdatedAt), "check_cols": c.Values["check_cols"], "snapshot_meta_column_names": names, "dbt_valid_to_current": orNil(c.ValidToCurrent)})
	}
	w.keep(o, n)
	return o
}

// keep adds the keys that nothing above has.
func (w *writer) keep(o object, n *node.Node) {
	for k, v := range n.Config.Values {
		if _, has := o[k]; !has {
			o[k] = v
		}
	}
}

func limit(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func hooks(list []node.Hook) []any {
	out := []any{}
	for _, h := range list {
		out = append(out, object{"sql": h.SQL, "transaction": h.Transaction, "index": nil})
	}
	return out
}

func (w *writer) source(n *node.Node) object {
	s := n.SourceInfo
	o := w.common(n)
	relation := any(nil)
	if w.info.RelationName != nil {
		relation = w.info.RelationName(n)
	}
	fresh := freshness(s.Freshness)
	fill(o, object{
		"database": orNil(n.Database), "schema": n.Schema, "source_name": s.Source, "source_description": s.SourceDesc, "loader": s.Loader, "identifier": s.Identifier,
		"quoting":         object{"database": boolOrNil(s.Quoting.Database), "schema": boolOrNil(s.Quoting.Schema), "identifier": boolOrNil(s.Quoting.Identifier), "column": nil},
		"loaded_at_field": orNil(s.LoadedAt), "loaded_at_query": orNil(s.LoadedQuery), "freshness": fresh, "external": external(s), "description": n.Description,
		"columns": columns(n.Columns), "meta": orEmpty(n.Meta), "source_meta": orEmpty(s.SourceMeta), "tags": list(n.Tags), "patch_path": nil,
		"config": object{"enabled": n.Config.Enabled, "event_time": orNil(n.Config.EventTime), "freshness": fresh, "loaded_at_field": orNil(s.LoadedAt),
			"loaded_at_query": orNil(s.LoadedQuery), "meta": orEmpty(n.Meta), "tags": list(n.Tags)},
		"unrendered_config": orEmpty(n.Config.Unrendered), "relation_name": relation, "unrendered_database": nil, "unrendered_schema": nil, "doc_blocks": []string{},
	})
	return o
}

// external is a source's external: where the table's data really is.
func external(s *node.SourceInfo) any {
	if s.External == nil {
		return nil
	}
	return s.External
}

func freshness(f *node.Freshness) any {
	if f == nil {
		return nil
	}
	age := func(a *node.Age) any {
		if a == nil {
			return object{"count": nil, "period": nil}
		}
		return object{"count": a.Count, "period": a.Period}
	}
	return object{"warn_after": age(f.Warn), "error_after": age(f.Error), "filter": orNil(f.Filter)}
}

func (w *writer) exposure(n *node.Node) object {
	e := n.ExposureInfo
	o := w.common(n)
	owner := object{"email": nil, "name": nil}
	fill(owner, e.Owner)
	refs, sources := []any{}, [][]string{}
	for _, r := range n.Refs {
		refs = append(refs, object{"name": r.Name, "package": orNil(r.Package), "version": versionOf(r.Version)})
	}
	for _, s := range n.Sources {
		sources = append(sources, []string{s.Source, s.Table})
	}
	fill(o, object{"type": e.Type, "owner": owner, "description": n.Description, "label": orNil(e.Label), "maturity": orNil(e.Maturity), "meta": orEmpty(n.Meta),
		"tags": list(n.Tags), "config": object{"enabled": n.Config.Enabled, "tags": list(n.Tags), "meta": orEmpty(n.Meta)}, "unrendered_config": orEmpty(n.Config.Unrendered),
		"url": orNil(e.URL), "depends_on": object{"macros": []string{}, "nodes": list(n.DependsOn.Nodes)}, "refs": refs, "sources": sources, "metrics": []any{}})
	return o
}

func (w *writer) unitTest(n *node.Node) object {
	u := n.UnitTestInfo
	o := w.common(n)
	given := []any{}
	for _, g := range u.Given {
		f := fixture(g)
		f["input"] = g.Input
		given = append(given, f)
	}
	var overrides any
	if u.Overrides.Macros != nil || u.Overrides.Vars != nil || u.Overrides.EnvVars != nil {
		overrides = object{"macros": orEmpty(u.Overrides.Macros), "vars": orEmpty(u.Overrides.Vars), "env_vars": envVars(u.Overrides.EnvVars)}
	}
	fill(o, object{"model": u.Model, "given": given, "expect": fixture(u.Expect), "description": n.Description, "overrides": overrides,
		"depends_on": object{"macros": []string{}, "nodes": list(n.DependsOn.Nodes)}, "config": object{"tags": list(n.Tags), "meta": orEmpty(n.Meta), "enabled": n.Config.Enabled},
		"checksum": n.Checksum, "schema": n.Schema, "versions": nil, "version": nil})
	return o
}

func envVars(m map[string]string) object {
	out := object{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

func fixture(f node.Fixture) object {
	var rows any
	switch f.Format {
	case "sql":
		rows = f.SQL
	default:
		list := []any{}
		for _, r := range f.Rows {
			row := object{}
			for i, c := range r.Columns {
				row[c] = r.Values[i]
			}
			list = append(list, row)
		}
		rows = list
	}
	return object{"rows": rows, "format": f.Format, "fixture": orNil(f.File)}
}

func (w *writer) macros() object {
	out := object{}
	for id, m := range w.p.Macros {
		args := []any{}
		out[id] = object{"name": m.Name, "resource_type": "macro", "package_name": m.Package, "path": m.File, "original_file_path": m.File, "unique_id": id,
			"macro_sql": m.Body, "depends_on": object{"macros": list(m.DependsOn)}, "description": m.Description, "meta": orEmpty(m.Meta),
			"docs": object{"show": true, "node_color": nil}, "patch_path": orNil(m.Patch), "arguments": args, "created_at": w.created, "supported_languages": nil}
	}
	return out
}

func (w *writer) docs() object {
	out := object{}
	for id, d := range w.p.Docs {
		out[id] = object{"name": d.Name, "resource_type": "doc", "package_name": d.Package, "path": d.File, "original_file_path": d.File, "unique_id": id, "block_contents": d.Body}
	}
	return out
}

func (w *writer) groups() object {
	out := object{}
	for id, g := range w.p.Groups {
		owner := object{"email": nil, "name": nil}
		fill(owner, g.Owner)
		out[id] = object{"name": g.Name, "resource_type": "group", "package_name": g.Package, "path": g.File, "original_file_path": g.File, "unique_id": id, "owner": owner}
	}
	return out
}

func (w *writer) groupMap() map[string][]string {
	out := map[string][]string{}
	for _, id := range w.p.Order {
		if n := w.p.Nodes[id]; n.Group != "" {
			out[n.Group] = append(out[n.Group], id)
		}
	}
	return out
}

// Brief is a node as `ls --output json` shows it: the keys asked for, dbt's choice if none are.
func Brief(n *node.Node, keys []string) map[string]any {
	if len(keys) == 0 {
		keys = []string{"alias", "name", "package_name", "depends_on", "tags", "config", "resource_type", "source_name", "original_file_path", "unique_id"}
	}
	w := &writer{p: &node.Project{}}
	var whole object
	switch n.Kind {
	case node.Source:
		whole = w.source(n)
	case node.Exposure:
		whole = w.exposure(n)
	case node.UnitTest:
		whole = w.unitTest(n)
	default:
		whole = w.node(n)
	}
	out := map[string]any{}
	for _, k := range keys {
		if v, ok := whole[k]; ok {
			out[k] = v
		}
	}
	return out
}
