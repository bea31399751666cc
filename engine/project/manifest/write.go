package manifest

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/eiderdb/eider/engine/project/node"
)

// Schema is the schema's address, as every manifest names it.
const Schema = "https://schemas.getdbt.com/dbt/manifest/v12.json"

// Info is what a manifest says of its run.
type Info struct {
	InvocationID string
	Started      time.Time
	Generated    time.Time
	DbtVersion   string
	// RelationName writes a node's relation as SQL.
	RelationName func(*node.Node) string
}

type object = map[string]any

// Write writes the manifest of a project.
func Write(w io.Writer, p *node.Project, info Info) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(document(p, info))
}

// WriteFile writes it to path, whole or not at all.
func WriteFile(path string, p *node.Project, info Info) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".manifest-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone after the rename
	err = Write(f, p, info)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func document(p *node.Project, info Info) object {
	w := &writer{p: p, info: info, created: float64(info.Generated.UnixMicro()) / 1e6}
	nodes, sources, exposures, units := object{}, object{}, object{}, object{}
	all := map[string]*node.Node{}
	for id, n := range p.Nodes {
		all[id] = n
	}
	for _, o := range slices.Concat(p.OnRunStart, p.OnRunEnd) {
		all[o.ID] = o
	}
	for id, n := range all {
		switch n.Kind {
		case node.Source:
			sources[id] = w.source(n)
		case node.Exposure:
			exposures[id] = w.exposure(n)
		case node.UnitTest:
			units[id] = w.unitTest(n)
		default:
			nodes[id] = w.node(n)
		}
	}
	disabled := object{}
	for id, n := range p.Disabled {
		switch n.Kind {
		case node.Source:
			disabled[id] = []any{w.source(n)}
		case node.Exposure:
			disabled[id] = []any{w.exposure(n)}
		case node.UnitTest:
			disabled[id] = []any{w.unitTest(n)}
		default:
			disabled[id] = []any{w.node(n)}
		}
	}
	parents, children := w.maps(all)
	return object{
		"metadata": w.metadata(), "nodes": nodes, "sources": sources, "exposures": exposures, "unit_tests": units, "macros": w.macros(),
		"docs": w.docs(), "groups": w.groups(), "group_map": w.groupMap(), "selectors": orEmpty(p.Selectors), "disabled": disabled,
		"parent_map": parents, "child_map": children, "metrics": object{}, "saved_queries": object{}, "semantic_models": object{},
	}
}

type writer struct {
	p       *node.Project
	info    Info
	created float64
}

func (w *writer) metadata() object {
	sum := md5.Sum([]byte(w.p.Name))
	return object{
		"dbt_schema_version": Schema, "dbt_version": w.info.DbtVersion, "generated_at": stamp(w.info.Generated), "invocation_id": w.info.InvocationID,
		"invocation_started_at": stamp(w.info.Started), "env": w.customEnv(), "project_name": w.p.Name, "project_id": hex.EncodeToString(sum[:]),
		"user_id": nil, "send_anonymous_usage_stats": false, "adapter_type": w.p.Target.Type,
		"quoting": object{"database": true, "schema": true, "identifier": true, "column": nil},
	}
}

// customEnv are the variables that dbt records: those with its prefix.
func (w *writer) customEnv() object {
	out := object{}
	for k, v := range w.p.Env {
		if rest, ok := strings.CutPrefix(k, "DBT_ENV_CUSTOM_ENV_"); ok {
			out[rest] = v
		}
	}
	return out
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func orEmpty(m map[string]any) object {
	if m == nil {
		return object{}
	}
	return m
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func boolOrNil(b *bool) any {
	if b == nil {
		return nil
	}
	return *b
}

// common is what nodes, sources, exposures and unit tests share.
func (w *writer) common(n *node.Node) object {
	return object{"name": n.Name, "resource_type": string(n.Kind), "package_name": n.Package, "path": n.Path, "original_file_path": n.File,
		"unique_id": n.ID, "fqn": n.FQN, "created_at": w.created}
}

func (w *writer) node(n *node.Node) object {
	o := w.common(n)
	relation := any(nil)
	if w.info.RelationName != nil && (n.Kind == node.Seed || n.Kind == node.Snapshot || n.Kind == node.Model && n.Config.Materialized != "ephemeral") {
		relation = w.info.RelationName(n)
	}
	fill(o, object{
		"database": orNil(n.Database), "schema": n.Schema, "alias": n.Alias, "checksum": object{"name": "sha256", "checksum": n.Checksum},
		"config": w.config(n), "tags": list(n.Tags), "description": n.Description, "columns": columns(n.Columns), "meta": orEmpty(n.Meta),
		"group": orNil(n.Group), "docs": docs(n), "patch_path": patchPath(n), "build_path": nil, "unrendered_config": orEmpty(n.Config.Unrendered),
		"relation_name": relation, "raw_code": n.Raw, "doc_blocks": []string{},
	})
	if n.Checksum == "" {
		o["checksum"] = object{"name": "none", "checksum": ""}
	}
	if n.Kind == node.Seed {
		fill(o, object{"root_path": n.Root, "depends_on": object{"macros": list(n.DependsOn.Macros)}})
		return o
	}
	refs := []any{}
	for _, r := range n.Refs {
		refs = append(refs, object{"name": r.Name, "package": orNil(r.Package), "version": versionOf(r.Version)})
	}
	sources := [][]string{}
	for _, s := range n.Sources {
		sources = append(sources, []string{s.Source, s.Table})
	}
	fill(o, object{
		"language": n.Language, "refs": refs, "sources": sources, "metrics": []any{}, "compiled_path": nil,
		"depends_on": object{"macros": list(n.DependsOn.Macros), "nodes": list(n.DependsOn.Nodes)},
		"contract":   object{"enforced": n.Config.Contract.Enforced, "alias_types": n.Config.Contract.AliasTypes, "checksum": orNil(n.ContractChecksum())},
	})
	if n.Compiled != "" {
		fill(o, object{"compiled": true, "compiled_code": n.Compiled, "extra_ctes_injected": true, "extra_ctes": ctes(n)})
	}
	switch n.Kind {
	case node.Model:
		fill(o, object{"access": n.Access, "constraints": constraints(n.Constraints), "version": versionOf(n.Version), "latest_version": versionOf(n.LatestVersion),
			"deprecation_date": deprecation(n), "primary_key": w.primaryKey(n), "time_spine": nil})
	case node.Test:
		if t := n.TestInfo; t.Generic {
			o["column_name"], o["file_key_name"], o["attached_node"] = orNil(t.Column), w.fileKey(t), orNil(t.Attached)
			o["test_metadata"] = object{"name": t.Name, "namespace": orNil(t.Namespace), "kwargs": orEmpty(t.Args)}
		}
	}
	return o
}

func fill(o, more object) {
	for k, v := range more {
		o[k] = v
	}
}

func ctes(n *node.Node) []any {
	out := []any{}
	for _, c := range n.ExtraCTEs {
		out = append(out, object{"id": c.ID, "sql": c.SQL})
	}
	return out
}

// fileKey is where a generic test is written: models.orders.
func (w *writer) fileKey(t *node.TestInfo) any {
	n := w.p.Nodes[t.Attached]
	if n == nil {
		return nil
	}
	if n.SourceInfo != nil {
		return "sources." + n.SourceInfo.Source
	}
	return string(n.Kind) + "s." + n.Name
}

func versionOf(v string) any {
	if v == "" {
		return nil
	}
	var num json.Number = json.Number(v)
	if _, err := num.Int64(); err == nil {
		return num
	}
	return v
}

func deprecation(n *node.Node) any {
	if n.Deprecation.IsZero() {
		return nil
	}
	return n.Deprecation.Format(time.RFC3339)
}

// primaryKey is that of a constraint, or of a column with unique and not_null tests, as dbt infers it.
func (w *writer) primaryKey(n *node.Node) []string {
	for _, c := range n.Constraints {
		if c.Type == "primary_key" {
			return list(c.Columns)
		}
	}
	for _, col := range n.Columns {
		for _, c := range col.Constraints {
			if c.Type == "primary_key" {
				return []string{col.Name}
			}
		}
	}
	for _, col := range n.Columns {
		has := map[string]bool{}
		for _, id := range col.Tests {
			if t := w.p.Nodes[id]; t != nil {
				has[t.TestInfo.Name] = true
			}
		}
		if has["unique"] && has["not_null"] {
			return []string{col.Name}
		}
	}
	return []string{}
}

func patchPath(n *node.Node) any {
	if n.Patch == "" {
		return nil
	}
	return n.PatchPackage + "://" + n.Patch
}

func docs(n *node.Node) object {
	return object{"show": n.Config.Docs.Show, "node_color": orNil(n.Config.Docs.Color)}
}

func columns(cols []*node.Column) object {
	out := object{}
	for _, c := range cols {
		out[c.Name] = object{"name": c.Name, "description": c.Description, "meta": orEmpty(c.Meta), "data_type": orNil(c.DataType), "constraints": constraints(c.Constraints),
			"quote": boolOrNil(c.Quote), "config": object{"meta": orEmpty(c.Meta), "tags": list(c.Tags)}, "tags": list(c.Tags), "granularity": orNil(c.Granularity), "doc_blocks": []string{}}
	}
	return out
}

func constraints(cons []node.Constraint) []any {
	out := []any{}
	for _, c := range cons {
		o := object{"type": c.Type, "name": orNil(c.Name), "expression": orNil(c.Expression), "warn_unenforced": c.WarnUnenforced, "warn_unsupported": c.WarnUnsupported,
			"to": orNil(c.To), "to_columns": list(c.ToColumns)}
		if c.Columns != nil {
			o["columns"] = c.Columns
		}
		out = append(out, o)
	}
	return out
}

// maps are parent_map and child_map over every node.
func (w *writer) maps(all map[string]*node.Node) (parents, children map[string][]string) {
	parents, children = map[string][]string{}, map[string][]string{}
	for id := range all {
		parents[id], children[id] = []string{}, []string{}
	}
	for id, n := range all {
		parents[id] = append(parents[id], n.DependsOn.Nodes...)
		for _, p := range n.DependsOn.Nodes {
			children[p] = append(children[p], id)
		}
	}
	for id := range children {
		sort.Strings(children[id])
	}
	return parents, children
}
