package engine

import (
	"context"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// tableIndex is an index as DuckDB would create it.
type tableIndex struct{ schema, name, sql string }

// renamed reads ALTER TABLE [IF EXISTS] name RENAME TO new. ok is false for any other.
func (q *query) renamed() (schema, table, to string, ok bool) {
	w := q.words()
	w.skip()
	w.skip()
	w.accept("if", "exists")
	var parts []string
	for {
		name, good := w.name()
		if !good {
			return "", "", "", false
		}
		parts = append(parts, name)
		if !w.mark(".") {
			break
		}
	}
	if !w.accept("rename", "to") {
		return "", "", "", false
	}
	if to, ok = w.name(); !ok || !w.end() {
		return "", "", "", false
	}
	if n := len(parts); n > 1 {
		schema = parts[n-2]
	}
	if schema == "public" {
		schema = "main"
	}
	return schema, parts[len(parts)-1], to, true
}

// indexesOf lists the indexes that CREATE INDEX made on the table.
func (s *Session) indexesOf(ctx context.Context, schema, table string) ([]tableIndex, error) {
	const where = "WHERE database_name = current_database() AND lower(table_name) = lower($1) AND lower(schema_name) = lower(coalesce(nullif($2, ''), current_schema()))"
	// A list of indexes fails in a transaction that began before another one renamed a table with indexes: DuckDB 1.5.5 looks for
	// an index's table by the new name. It isn't asked for a table that has none, nor for a view.
	rows, err := s.conn.QueryRows(ctx, "SELECT 1 FROM duckdb_tables() "+where+" AND index_count > 0", table, schema)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	rows, err = s.conn.QueryRows(ctx, "SELECT schema_name, index_name, sql FROM duckdb_indexes() "+where, table, schema)
	if err != nil {
		return nil, err
	}
	var out []tableIndex
	for _, row := range rows {
		text, _ := row[2].(string)
		out = append(out, tableIndex{row[0].(string), row[1].(string), text})
	}
	return out, nil
}

// renameIndexed renames a table that has indexes, which DuckDB refuses: they go, the
// table is renamed, they are made again, in one transaction.
func (a *altering) renameIndexed(ctx context.Context, indexes []tableIndex, to string) (*output, error) {
	// The gate must allow the statement before anything goes, and ROLLBACK TO must know
	// that something was written: with a savepoint the transaction outlives an error.
	allowed, err := a.s.planPlain(ctx, &a.q)
	if err != nil {
		return nil, err
	}
	allowed.close()
	a.s.wrote(&a.q)
	for _, ix := range indexes {
		if _, err := a.s.conn.Exec(ctx, "DROP INDEX "+lex.QuoteIdent(ix.schema)+"."+lex.QuoteIdent(ix.name)); err != nil {
			return nil, err
		}
	}
	out, err := a.attempt(ctx, &a.q)
	if err != nil {
		return nil, err
	}
	for _, ix := range indexes {
		if err := a.s.createIndex(ctx, ix, to); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// createIndex makes an index anew on the renamed table. DuckDB keeps the old one's name
// until the transaction is committed where rows were written since it was opened: the
// new one then gets the name with a number.
func (s *Session) createIndex(ctx context.Context, ix tableIndex, table string) error {
	name := ix.name
	for n := 2; ; n++ {
		_, err := s.conn.Exec(ctx, onTable(ix.sql, name, ix.schema, table))
		if err == nil || n > 20 || !strings.Contains(err.Error(), "already exists") {
			return err
		}
		name = ix.name + "_" + strconv.Itoa(n)
	}
}

// onTable is CREATE INDEX name ON table (…) with another name and table.
func onTable(sql, name, schema, table string) string {
	st := lex.Split(sql)[0]
	for i, t := range st.Tokens {
		if !t.Word(sql, "on") || i == 0 {
			continue
		}
		for end := i + 1; end < len(st.Tokens); end++ {
			if u := st.Tokens[end]; u.Is(sql, "(") || u.Word(sql, "using") {
				return sql[:st.Tokens[i-1].Start] + lex.QuoteIdent(name) + " ON " + lex.QuoteIdent(schema) + "." + lex.QuoteIdent(table) + " " + sql[u.Start:]
			}
		}
	}
	return sql
}
