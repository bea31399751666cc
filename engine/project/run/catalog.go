package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/engine/project/artifact"
	"github.com/eiderdb/eider/engine/project/docsite"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
	"github.com/eiderdb/eider/engine/project/warehouse"
)

// Catalog asks the database for the relations of the project's nodes and sources, and writes catalog.json.
func Catalog(ctx context.Context, o Options) (*artifact.Catalog, error) {
	conn, err := o.Warehouse.Connect(ctx, "eider docs generate", nil)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	out := &artifact.Catalog{Metadata: artifact.NewMetadata("catalog/v1", o.Invocation, o.Started), Nodes: map[string]artifact.CatalogTable{}, Sources: map[string]artifact.CatalogTable{}}
	tables, err := catalogTables(ctx, conn, schemasOf(o))
	if err != nil {
		return nil, err
	}
	for _, id := range o.Project.Order {
		n := o.Project.Nodes[id]
		if n.Kind != node.Model && n.Kind != node.Seed && n.Kind != node.Snapshot && n.Kind != node.Source {
			continue
		}
		t, ok := tables[foldedName(RelationOf(n, o.Project, o.Warehouse.Database()))]
		if !ok {
			continue
		}
		t.ID, t.Stats = id, map[string]artifact.Stat{"has_stats": {ID: "has_stats", Label: "Has Stats?", Value: false, Description: "Indicates whether there are statistics for this table"}}
		if n.Kind == node.Source {
			out.Sources[id] = t
		} else {
			out.Nodes[id] = t
		}
	}
	return out, artifact.Write(o.Project.TargetPath, "catalog.json", out)
}

func foldedName(r warehouse.Relation) string { return strings.ToLower(r.String()) }

func schemasOf(o Options) []string {
	var out []string
	for _, id := range o.Project.Order {
		if s := RelationOf(o.Project.Nodes[id], o.Project, o.Warehouse.Database()).Schema; !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

func catalogTables(ctx context.Context, conn warehouse.Conn, schemas []string) (map[string]artifact.CatalogTable, error) {
	list := make([]string, len(schemas))
	for i, s := range schemas {
		list[i] = "lower(" + warehouse.Text(s) + ")"
	}
	if len(list) == 0 {
		return nil, nil
	}
	t, err := conn.Query(ctx, `SELECT database_name, schema_name, table_name, 'BASE TABLE' AS kind, comment FROM duckdb_tables() WHERE lower(schema_name) IN (`+strings.Join(list, ", ")+`)
UNION ALL SELECT database_name, schema_name, view_name, 'VIEW', comment FROM duckdb_views() WHERE lower(schema_name) IN (`+strings.Join(list, ", ")+`)`)
	if err != nil {
		return nil, err
	}
	out := map[string]artifact.CatalogTable{}
	for _, r := range t.Rows {
		rel := warehouse.Relation{Database: fmt.Sprint(r[0]), Schema: fmt.Sprint(r[1]), Name: fmt.Sprint(r[2])}
		out[foldedName(rel)] = artifact.CatalogTable{Metadata: artifact.TableMetadata{Type: fmt.Sprint(r[3]), Database: rel.Database, Schema: rel.Schema, Name: rel.Name, Comment: optional(r[4])},
			Columns: map[string]artifact.CatalogColumn{}}
	}
	cols, err := conn.Query(ctx, `SELECT database_name, schema_name, table_name, column_name, column_index, data_type, comment FROM duckdb_columns() WHERE lower(schema_name) IN (`+strings.Join(list, ", ")+`)`)
	if err != nil {
		return nil, err
	}
	for _, r := range cols.Rows {
		t, ok := out[foldedName(warehouse.Relation{Database: fmt.Sprint(r[0]), Schema: fmt.Sprint(r[1]), Name: fmt.Sprint(r[2])})]
		if !ok {
			continue
		}
		c := artifact.CatalogColumn{Name: fmt.Sprint(r[3]), Type: fmt.Sprint(r[5]), Comment: optional(r[6])}
		if _, err := fmt.Sscan(fmt.Sprint(r[4]), &c.Index); err != nil {
			return nil, err
		}
		t.Columns[c.Name] = c
	}
	return out, nil
}

func optional(v any) *string {
	if v == nil {
		return nil
	}
	s := fmt.Sprint(v)
	return &s
}

// Trained asks the database for the deployed versions of the project's trained models, for the documentation.
func Trained(ctx context.Context, o Options) (map[string]docsite.Trained, error) {
	out := map[string]docsite.Trained{}
	conn, err := o.Warehouse.Connect(ctx, "eider docs generate", nil)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	for _, id := range o.Project.Order {
		n := o.Project.Nodes[id]
		if n.Config.Materialized != "model" {
			continue
		}
		t, ok, err := trainedModel(ctx, conn, RelationOf(n, o.Project, o.Warehouse.Database()))
		if err != nil {
			return nil, fmt.Errorf("model %s: %w", n.Name, err)
		}
		if ok {
			out[id] = t
		}
	}
	return out, nil
}

// mostFeatures is how many features the documentation shows of a model.
const mostFeatures = 12

func trainedModel(ctx context.Context, conn warehouse.Conn, rel warehouse.Relation) (docsite.Trained, bool, error) {
	var out docsite.Trained
	key := rel.Name
	if !strings.EqualFold(rel.Schema, "main") {
		key = rel.Schema + "." + rel.Name
	}
	head, err := conn.Query(ctx, "SELECT v.version::BIGINT, v.algorithm, coalesce(v.rows_train, 0)::BIGINT FROM eider.model_versions v JOIN eider.models m ON m.model = v.model AND v.version = coalesce(m.deployed, m.latest) WHERE lower(m.model) = lower("+warehouse.Text(key)+")")
	if err != nil || len(head.Rows) == 0 {
		return out, false, err
	}
	out.Version, _ = head.Rows[0][0].(int64)
	out.Algorithm = fmt.Sprint(head.Rows[0][1])
	out.Rows, _ = head.Rows[0][2].(int64)
	metrics, err := conn.Query(ctx, fmt.Sprintf("SELECT metric, value::DOUBLE, baseline::DOUBLE FROM eider.metrics WHERE lower(model) = lower(%s) AND version = %d AND split = 'test' AND slice IS NULL AND value IS NOT NULL ORDER BY metric <> 'auc', metric", warehouse.Text(key), out.Version))
	if err != nil {
		return out, false, err
	}
	for _, r := range metrics.Rows {
		m := docsite.Metric{Name: fmt.Sprint(r[0])}
		m.Value, _ = r[1].(float64)
		if b, ok := r[2].(float64); ok {
			m.Baseline = &b
		}
		out.Metrics = append(out.Metrics, m)
	}
	features, err := conn.Query(ctx, "EXPLAIN MODEL "+rel.String())
	if err != nil {
		return out, true, nil // not every algorithm can say
	}
	for i, r := range features.Rows {
		if i == mostFeatures {
			break
		}
		f := docsite.Importance{Feature: fmt.Sprint(r[0])}
		f.Value, _ = r[1].(float64)
		out.Features = append(out.Features, f)
	}
	return out, true, nil
}

// CompileAll compiles what has SQL; nodes that can't be compiled now are left out, with a warning.
func CompileAll(ctx context.Context, o Options, p *Printer) (map[string]string, error) {
	out := map[string]string{}
	conn, err := o.Warehouse.Connect(ctx, "eider docs generate", nil)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	for _, id := range o.Project.Order {
		n := o.Project.Nodes[id]
		if n.Kind != node.Model && n.Kind != node.Snapshot && n.Kind != node.Analysis {
			continue
		}
		sql, err := o.Compiler.Compile(ctx, n, render.Scope{Node: n, Execute: true, Adapter: NewAdapter(conn)})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			p.Warn("not compiled: " + n.Name + ": " + err.Error())
			continue
		}
		out[id] = sql
	}
	return out, nil
}
