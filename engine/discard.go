package engine

import (
	"context"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// planDiscard reads DISCARD ALL|PLANS|SEQUENCES|TEMP|TEMPORARY.
func (s *Session) planDiscard(w *words) (operation, error) {
	for _, known := range []string{"all", "plans", "sequences", "temp", "temporary"} {
		if !w.accept(known) {
			continue
		}
		if !w.end() {
			break
		}
		switch known {
		case "all":
			return action{tag: "DISCARD ALL", do: func(ctx context.Context) (string, error) { return "", s.discardAll(ctx) }}, nil
		case "plans":
			return action{tag: "DISCARD PLANS", do: func(context.Context) (string, error) { s.plans++; return "", nil }}, nil
		case "sequences":
			return action{tag: "DISCARD SEQUENCES", do: func(context.Context) (string, error) { return "", nil }}, nil
		}
		return action{tag: "DISCARD TEMP", do: func(ctx context.Context) (string, error) { return "", s.dropTemporary(ctx) }}, nil
	}
	return nil, w.unexpected()
}

// discardAll brings the session back to where it began.
func (s *Session) discardAll(ctx context.Context) error {
	if s.tx.state == txExplicit || s.tx.began {
		return sqlstate.New(sqlstate.ActiveSQLTransaction, "DISCARD ALL cannot run inside a transaction block")
	}
	s.closeCursorsSince(0)
	if err := s.SetSessionAuthorization(ctx, ""); err != nil {
		return err
	}
	if err := s.SetRole(ctx, ""); err != nil {
		return err
	}
	s.values.ResetAll()
	s.dropAllPrepared()
	s.unlisten("")
	if err := s.dropTemporary(ctx); err != nil {
		return err
	}
	if s.tx.state == txNone {
		s.values.End(true)
	}
	s.noteSettings()
	return s.applySettings(ctx)
}

// dropTemporary drops the session's temporary tables and views.
func (s *Session) dropTemporary(ctx context.Context) error {
	if err := s.free(ctx); err != nil {
		return err
	}
	rows, err := s.conn.QueryRows(ctx, `SELECT 'VIEW', schema_name, view_name FROM duckdb_views() WHERE database_name = 'temp' AND NOT internal
		UNION ALL SELECT 'TABLE', schema_name, table_name FROM duckdb_tables() WHERE database_name = 'temp' AND NOT internal`)
	if err != nil {
		return err
	}
	for _, r := range rows {
		kind, _ := r[0].(string)
		schema, _ := r[1].(string)
		name, _ := r[2].(string)
		if _, err := s.conn.Exec(ctx, "DROP "+kind+" IF EXISTS temp."+lex.QuoteIdent(schema)+"."+lex.QuoteIdent(name)); err != nil {
			return err
		}
	}
	s.plans++
	return nil
}
