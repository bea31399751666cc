package engine

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	sourcestmt "github.com/eiderdb/eider/sql/stmt/source"
	"github.com/eiderdb/eider/sql/types"
	connector "github.com/eiderdb/eider/storage/source"
)

// loadDrift reads which differences are recorded.
func (r *sourceRun) loadDrift(ctx context.Context) error {
	rows, err := r.s.conn.QueryRows(ctx, `SELECT coalesce(column_name, ''), change, coalesce(declared, ''), coalesce(found, ''), coalesce(place, '') FROM eider.source_drift_store WHERE id = $1`, r.src.ID)
	if err != nil {
		return err
	}
	r.seen = map[connector.Drift]bool{}
	for _, row := range rows {
		cell := func(i int) string { s, _ := row[i].(string); return s }
		r.seen[same(connector.Drift{Column: cell(0), Change: cell(1), Declared: cell(2), Found: cell(3), Place: cell(4)})] = true
	}
	return nil
}

// same is what makes two differences one: a column's is recorded where it is first seen.
func same(d connector.Drift) connector.Drift {
	if d.Change != connector.Changed {
		d.Place = ""
	}
	return d
}

// drift compares a batch's columns with the declared ones, records what differs, and does what the
// source's policy says.
func (r *sourceRun) drift(ctx context.Context, b *connector.Batch) error {
	found := append(slices.Clone(b.Drift), r.differences(b)...)
	policy, _ := r.src.Spec.Setting("schema_drift").(string)
	var rows [][]any
	now := time.Now()
	for _, d := range found {
		if d.Change != connector.Changed && policy == "stop" {
			return stopForDrift(r.src, d)
		}
		if policy == sourcestmt.Evolve && d.Change == connector.New {
			if err := r.evolve(ctx, b, d); err != nil {
				return err
			}
		}
		if !r.seen[same(d)] {
			r.seen[same(d)] = true
			rows = append(rows, []any{r.src.ID, orNull(d.Column), d.Change, orNull(d.Declared), orNull(d.Found), orNull(d.Place), now})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return appendRows(ctx, r.s.conn, r.s.db.name, "source_drift_store", driftColumns, rows)
}

var driftColumns = append(storeColumns("id column_name change declared found place"), types.Column{Name: "seen_at", Type: types.Of(types.TimestampTZ)})

func stopForDrift(src *sourcestmt.Stored, d connector.Drift) error {
	what := map[string]string{connector.New: "has a column that isn't declared", connector.Missing: "has no column", connector.Retyped: "has another type of column"}[d.Change]
	e := sqlstate.Newf(sqlstate.DatatypeMismatch, "source %s: %s %s %s", src.Key(), d.Place, what, lex.QuoteIdent(d.Column))
	if d.Declared != "" && d.Found != "" {
		return e.WithDetail("It is declared %s and is %s there.", d.Declared, d.Found)
	}
	return e.WithHint("ALTER SOURCE %s SET (schema_drift 'quarantine') reads what is declared, 'evolve' adds columns to the table.", src.Table())
}

// differences compares columns and types.
func (r *sourceRun) differences(b *connector.Batch) []connector.Drift {
	if b.Columns == nil {
		return nil
	}
	var out []connector.Drift
	there := map[string]bool{}
	for _, c := range b.Columns {
		if strings.HasPrefix(c.Name, "__eider") {
			continue
		}
		there[lex.Fold(c.Name)] = true
		declared := r.config.Schema.Column(c.Name)
		found := c.Found
		if found == "" {
			found = c.Type
		}
		switch {
		case declared == nil:
			out = append(out, connector.Drift{Column: c.Name, Change: connector.New, Found: found, Place: b.Place})
		case !c.Untyped && typeFamily(c.Type) != typeFamily(declared.Type):
			out = append(out, connector.Drift{Column: declared.Name, Change: connector.Retyped, Declared: declared.Type, Found: c.Type, Place: b.Place})
		}
	}
	for _, c := range r.config.Schema.Columns {
		if !there[lex.Fold(c.Name)] {
			out = append(out, connector.Drift{Column: c.Name, Change: connector.Missing, Declared: c.Type, Place: b.Place})
		}
	}
	return out
}

// kindOf groups types whose values are meant to be converted: a narrower number is no other type.
func typeFamily(t string) string {
	switch base, _, _ := strings.Cut(t, "("); {
	case strings.HasSuffix(t, "]"):
		return "list"
	case strings.HasSuffix(base, "INT"), strings.HasSuffix(base, "INTEGER"), base == "FLOAT", base == "DOUBLE", base == "DECIMAL":
		return "number"
	case strings.HasPrefix(base, "TIMESTAMP"), base == "DATE":
		return "time"
	case base == "VARCHAR", base == "ENUM", base == "JSON", base == "UUID":
		return "text"
	default:
		return base
	}
}

// evolve adds a column to the table and the definition.
func (r *sourceRun) evolve(ctx context.Context, b *connector.Batch, d connector.Drift) error {
	if r.config.Schema.Column(d.Column) != nil {
		return nil
	}
	for _, i := range r.src.Spec.Include {
		if lex.EqualFold(i.As, d.Column) {
			return sqlstate.Newf(sqlstate.DuplicateColumn, "source %s can't get column %s: a column of that name has the rows' %s", r.src.Key(), lex.QuoteIdent(d.Column), i.Name)
		}
	}
	conn, spec := r.s.conn, r.src.Spec
	if _, err := conn.Exec(ctx, "ALTER TABLE "+r.table()+" ADD COLUMN "+lex.QuoteIdent(d.Column)+" "+d.Found); err != nil {
		return err
	}
	spec.Columns = append(spec.Columns, sourcestmt.Column{Name: d.Column, Type: d.Found})
	r.config.Schema.Columns = append(r.config.Schema.Columns, connector.Column{Name: d.Column, Type: d.Found})
	text, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	r.s.plans++
	r.s.tx.defined = true
	r.s.who.CatalogChanged()
	statementSession{r.s}.Notice("NOTICE", "source "+r.src.Key()+" has a new column "+lex.QuoteIdent(d.Column)+" "+d.Found)
	_, err = conn.Exec(ctx, `UPDATE eider.source_store SET spec = $1, statement = $2 WHERE id = $3`, string(text), r.src.Statement(), r.src.ID)
	return err
}
