package engine

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/storage/duck"
)

// macroSet is what the sessions' temporary macros are made of.
type macroSet struct {
	ddl   string
	names map[string]bool // lower case
	first [256]bool       // by first byte, so that most words need no look-up
}

func (m *macroSet) add(d *fn.Decl) {
	if m.names == nil {
		m.names = map[string]bool{}
	}
	m.names[d.Name] = true
	m.first[d.Name[0]], m.first[d.Name[0]-'a'+'A'] = true, true
	m.ddl += macroSQL(d) + ";\n"
}

// macroSQL is the statement that makes a declaration's macro.
func macroSQL(d *fn.Decl) string {
	params := make([]string, len(d.Params))
	for i, p := range d.Params {
		params[i] = lex.QuoteIdent(p.Name)
		if p.Default != "" {
			params[i] += " := " + p.Default
		}
	}
	body := "(" + d.Macro + ")"
	if d.Table {
		body = "TABLE " + d.Macro
	}
	return "CREATE OR REPLACE TEMP MACRO " + lex.QuoteIdent(d.Name) + "(" + strings.Join(params, ", ") + ") AS " + body
}

// mentioned reports whether a macro's name stands among the tokens.
func (m *macroSet) mentioned(src string, toks []lex.Token) bool {
	if len(m.names) == 0 {
		return false
	}
	for _, t := range toks {
		switch t.Kind {
		case lex.Ident:
			if m.first[src[t.Start]] && m.names[lex.Fold(t.Text(src))] {
				return true
			}
		case lex.QuotedIdent, lex.UnicodeIdent:
			if m.names[lex.Fold(lex.Unquote(src, t))] {
				return true
			}
		}
	}
	return false
}

// install makes the functions that the system catalog's views read.
func (db *DB) install(conn *duck.Conn) error {
	for _, d := range db.opts.Builtins.Functions {
		if d.Macro != "" {
			db.macros.add(d)
		}
	}
	_, err := conn.Exec(context.Background(), `
CREATE TEMP MACRO eider_functions() AS TABLE SELECT ''::VARCHAR AS name, '' AS family, '' AS kind, '' AS signature, '' AS "returns", '' AS summary, '' AS example, '' AS source;
CREATE TEMP MACRO eider_statements() AS TABLE SELECT '' AS name, '' AS call, '' AS summary, '' AS syntax, '' AS example;
CREATE TEMP MACRO eider_sessions(i) AS TABLE SELECT 0 AS pid, '' AS role, '' AS application, '' AS client, '' AS state, '' AS query, now() AS started_at, now() AS state_changed_at, now() AS query_started_at, now() AS transaction_started_at;
CREATE TEMP MACRO eider_settings(i) AS TABLE SELECT '' AS name, '' AS setting, '' AS default_setting, '' AS category, '' AS description;
CREATE TEMP MACRO eider_has_role(i, r) AS true;
CREATE TEMP MACRO eider_has_privilege(i, a, b, c) AS true;`)
	return err
}

// connectionArg reads current_connection_id(), however wide DuckDB hands it over.
func connectionArg(args []any) uint64 {
	switch v := args[0].(type) {
	case uint64:
		return v
	case int64:
		return uint64(v)
	}
	return 0
}

func (db *DB) functionRows() [][]any {
	var rows [][]any
	for _, d := range db.opts.Builtins.Functions {
		example := ""
		if len(d.Examples) > 0 {
			example = d.Examples[0].SQL
		}
		rows = append(rows, []any{d.Name, d.Family, kindOf(d), d.Signature(), returnsOf(d), d.Summary, orNull(example), orNull(d.Source)})
	}
	return rows
}

func kindOf(d *fn.Decl) string {
	switch {
	case d.Table:
		return "table"
	case d.Macro != "":
		return "macro"
	}
	return "scalar"
}

func returnsOf(d *fn.Decl) any {
	if d.Returns == nil {
		return nil
	}
	return d.Returns.String()
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (db *DB) statementRows() [][]any {
	var rows [][]any
	for _, k := range db.kinds.Kinds() {
		example := ""
		if len(k.Doc.Examples) > 0 {
			example = k.Doc.Examples[0].SQL
		}
		rows = append(rows, []any{k.Name, orNull(k.Call), k.Doc.Summary, k.Doc.Syntax, orNull(example)})
	}
	return rows
}

// sessionRows lists the sessions as one of them may see them.
func (db *DB) sessionRows(viewer *Session) [][]any {
	var rows [][]any
	for _, i := range db.Sessions() {
		var query any
		if viewer != nil && (viewer.IsSuperuser() || viewer.Info().User == i.User) {
			query = i.Query
		}
		rows = append(rows, []any{
			i.PID, i.User, i.Application, i.Addr, i.State, query,
			i.Started, i.StateChanged, timeOrNull(i.QueryStarted), timeOrNull(i.TxStarted),
		})
	}
	return rows
}
