package model

import (
	"context"

	"github.com/eiderdb/eider/functions/model/train"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/lineage"
)

const unknownSource = "unknown"

// lineage records what a trained version depends on: the columns that its features, target and so on come from, and
// what decides which rows there are.
func (r *training) lineage(ctx context.Context, s Session, v *version) error {
	from, err := s.Lineage(ctx, r.stmt.query.Text)
	if err != nil {
		return err
	}
	store := func(column any, o lineage.Source, how string, dependency lineage.How, reason string) error {
		_, err := s.Exec(ctx, `INSERT INTO eider.lineage_store (kind, object, version, col, source_kind, source, source_col, how, dependency, reason) VALUES ('model', $1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			v.model, v.number, column, o.Kind, o.Object, nullable(o.Column), how, nullable(string(dependency)), nullable(reason))
		return err
	}
	unknown := func(column any, reasons []string) error {
		for _, reason := range reasons {
			if err := store(column, lineage.Source{Kind: unknownSource}, "unknown", "", reason); err != nil {
				return err
			}
		}
		return nil
	}
	for _, o := range from.Reads {
		if err := store(nil, o, "row", lineage.Reads, ""); err != nil {
			return err
		}
	}
	for _, e := range from.Rows {
		if err := store(nil, e.Source, "row", e.How, ""); err != nil {
			return err
		}
	}
	if err := unknown(nil, from.RowsUnknown); err != nil {
		return err
	}
	for _, used := range r.uses(v) {
		i := indexOf(r.plan, used.column)
		if i < 0 || len(from.Columns) != len(r.plan.Columns) {
			if err := unknown(used.column, []string{"the query's columns can't be told apart"}); err != nil {
				return err
			}
			continue
		}
		for _, e := range from.Columns[i].Edges {
			if err := store(used.column, e.Source, used.how, e.How, ""); err != nil {
				return err
			}
		}
		if err := unknown(used.column, from.Columns[i].Unknown); err != nil {
			return err
		}
	}
	return nil
}

func indexOf(p *train.Plan, column string) int {
	for i, c := range p.Columns {
		if lex.EqualFold(c.Name, column) {
			return i
		}
	}
	return -1
}

// use is what a column of the query is used for.
type use struct{ column, how string }

func (r *training) uses(v *version) []use {
	var out []use
	for _, f := range v.signature {
		how := "feature"
		if r.stmt.partition != nil && lex.EqualFold(f.Name, r.stmt.partition.Text) {
			how = "group"
		}
		out = append(out, use{f.Name, how})
	}
	if v.target != "" {
		out = append(out, use{v.target, "target"})
	}
	for _, n := range r.stmt.id {
		out = append(out, use{n.Text, "id"})
	}
	if sp := r.stmt.split; sp != nil && sp.column != nil {
		out = append(out, use{sp.column.Text, map[string]string{"time": "time", "group": "group", "column": "row"}[sp.kind]})
	}
	return out
}
