package materialize

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/eiderdb/eider/engine/project/warehouse"
)

// annotate grants what config says and writes descriptions as comments where persist_docs asks for it.
func (j *Job) annotate(ctx context.Context) error {
	c := j.Node.Config
	if len(c.Grants) == 0 && !c.PersistDocs.Relation && !c.PersistDocs.Columns {
		return nil
	}
	kind, err := warehouse.KindOf(ctx, j.Conn, j.Relation)
	if err != nil || kind == warehouse.Nothing {
		return err // a model or transformation isn't a relation
	}
	for _, privilege := range slices.Sorted(maps.Keys(c.Grants)) {
		for _, role := range c.Grants[privilege] {
			if _, err := j.exec(ctx, "GRANT "+strings.ToUpper(privilege)+" ON "+j.Relation.String()+" TO "+warehouse.Quote(role)); err != nil {
				return err
			}
		}
	}
	if c.PersistDocs.Relation && j.Node.Description != "" {
		if _, err := j.exec(ctx, "COMMENT ON "+strings.ToUpper(string(kind))+" "+j.Relation.String()+" IS "+warehouse.Text(j.Node.Description)); err != nil {
			return err
		}
	}
	if !c.PersistDocs.Columns {
		return nil
	}
	have, err := warehouse.Columns(ctx, j.Conn, j.Relation)
	if err != nil {
		return err
	}
	for _, col := range j.Node.Columns {
		if col.Description == "" || !slices.ContainsFunc(have, func(h warehouse.Column) bool { return strings.EqualFold(h.Name, col.Name) }) {
			continue
		}
		if _, err := j.exec(ctx, "COMMENT ON COLUMN "+j.Relation.String()+"."+warehouse.Quote(col.Name)+" IS "+warehouse.Text(col.Description)); err != nil {
			return err
		}
	}
	return nil
}
