package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/engine/project/artifact"
	"github.com/eiderdb/eider/engine/project/node"
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
