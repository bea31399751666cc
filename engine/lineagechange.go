package engine

import (
	"context"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
)

// lineageChange is a definition after which lineage has other names: DROP or RENAME of a table,
// a view, a schema or a column.
type lineageChange struct {
	s *Session
	// object is the relation, with its schema; for a schema its name with a point behind it.
	object, newName  string
	column, newField string
	drop, schema     bool
}

// changesLineage reads DROP {TABLE|VIEW|SCHEMA} and ALTER {TABLE|VIEW} … {RENAME|DROP}; nil for
// any other statement. The name is resolved before the statement runs.
func (p *plain) changesLineage(ctx context.Context) (*lineageChange, error) {
	if p.q.class.Verb != classify.Drop && p.q.class.Verb != classify.Alter || p.s.db.opts.ReadOnly {
		return nil, nil
	}
	w := p.q.words()
	w.skip()
	c := &lineageChange{s: p.s, drop: p.q.class.Verb == classify.Drop}
	switch {
	case w.any("table", "view"):
	case c.drop && w.accept("schema"):
		c.schema = true
	default:
		return nil, nil
	}
	w.accept("if", "exists")
	var parts []string
	for {
		name, ok := w.name()
		if !ok {
			return nil, nil
		}
		parts = append(parts, name)
		if !w.mark(".") {
			break
		}
	}
	if len(parts) > 3 {
		return nil, nil
	}
	if !c.drop && !c.altered(w) {
		return nil, nil
	}
	if c.schema {
		c.object = lex.Fold(parts[len(parts)-1]) + "."
		return c, nil
	}
	for len(parts) < 3 {
		parts = append([]string{""}, parts...)
	}
	find := &lineageCatalog{s: p.s, ctx: ctx}
	t, err := find.find(parts[0], parts[1], parts[2])
	if t == nil || err != nil {
		return nil, err
	}
	if t.catalog == "temp" {
		if c.column == "" {
			delete(p.s.temps, lex.Fold(t.name)) // another one may get the name
		}
		return nil, nil
	}
	if !lex.EqualFold(t.catalog, p.s.db.name) {
		return nil, nil
	}
	c.object = t.name
	if c.newName != "" {
		c.newName = t.schema + "." + c.newName
	}
	return c, nil
}

// altered reads RENAME TO n, RENAME [COLUMN] a TO b and DROP [COLUMN] [IF EXISTS] a.
func (c *lineageChange) altered(w *words) bool {
	ok := false
	switch {
	case w.accept("rename", "to"):
		c.newName, ok = w.name()
	case w.accept("rename"):
		w.accept("column")
		if c.column, ok = w.name(); ok && w.accept("to") {
			c.newField, ok = w.name()
		}
	case w.accept("drop"):
		w.accept("column")
		w.accept("if", "exists")
		c.column, ok = w.name()
	}
	return ok
}

// apply follows the change, in the session's transaction.
func (c *lineageChange) apply(ctx context.Context) error {
	store := lex.QuoteIdent(c.s.db.name) + ".eider.lineage_store"
	statements := lex.QuoteIdent(c.s.db.name) + ".eider.lineage_statement_store"
	target, source := "kind IN ('table', 'view') AND lower(object) = lower($1)", "source_kind IN ('table', 'view') AND lower(source) = lower($1)"
	var list []string
	args := []any{c.object}
	switch {
	case c.schema:
		list = []string{
			"DELETE FROM " + store + " WHERE kind IN ('table', 'view') AND starts_with(lower(object), lower($1))",
			"DELETE FROM " + statements + " WHERE kind IN ('table', 'view') AND starts_with(lower(object), lower($1))",
			"UPDATE " + store + " SET dropped_at = now() WHERE source_kind IN ('table', 'view') AND starts_with(lower(source), lower($1)) AND dropped_at IS NULL",
		}
	case c.drop:
		list = []string{
			"DELETE FROM " + store + " WHERE " + target,
			"DELETE FROM " + statements + " WHERE " + target,
			"UPDATE " + store + " SET dropped_at = now() WHERE " + source + " AND dropped_at IS NULL",
		}
	case c.newName != "":
		args = append(args, c.newName)
		list = []string{
			"UPDATE " + store + " SET object = $2 WHERE " + target,
			"UPDATE " + statements + " SET object = $2 WHERE " + target,
			"UPDATE " + store + " SET source = $2 WHERE " + source + " AND dropped_at IS NULL",
		}
	case c.newField != "":
		args = append(args, c.column, c.newField)
		list = []string{
			"UPDATE " + store + " SET col = $3 WHERE lower(col) = lower($2) AND " + target,
			"UPDATE " + store + " SET source_col = $3 WHERE lower(source_col) = lower($2) AND " + source + " AND dropped_at IS NULL",
		}
	default:
		args = append(args, c.column)
		list = []string{
			"DELETE FROM " + store + " WHERE lower(col) = lower($2) AND " + target,
			"UPDATE " + store + " SET dropped_at = now() WHERE lower(source_col) = lower($2) AND " + source + " AND dropped_at IS NULL",
		}
	}
	for _, sql := range list {
		if _, err := c.s.conn.Exec(ctx, sql, args...); err != nil {
			return err
		}
	}
	return nil
}
