package engine

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/functions/rolling"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/types"
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
	head := "CREATE OR REPLACE TEMP MACRO " + lex.QuoteIdent(d.Name)
	if len(d.Overloads) == 0 {
		return head + overloadSQL(d, fn.Overload{})
	}
	forms := make([]string, len(d.Overloads))
	for i, o := range d.Overloads {
		forms[i] = overloadSQL(d, o)
	}
	return head + strings.Join(forms, ", ")
}

func overloadSQL(d *fn.Decl, o fn.Overload) string {
	params := make([]string, len(d.Params))
	for i, p := range d.Params {
		params[i] = lex.QuoteIdent(p.Name)
		if i < len(o.Types) && o.Types[i] != nil {
			params[i] += " " + o.Types[i].String()
		}
		if p.Default != "" {
			params[i] += " := " + p.Default
		}
	}
	body := o.Macro
	if body == "" {
		body = d.Macro
	}
	if d.Table {
		return "(" + strings.Join(params, ", ") + ") AS TABLE " + body
	}
	return "(" + strings.Join(params, ", ") + ") AS (" + body + ")"
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

// install registers functions: those of the builtin set, and the engine's own that the
// system catalog's views read.
func (db *DB) install(ctx context.Context, conn *duck.Conn) error {
	for _, d := range db.opts.Builtins.Functions {
		switch {
		case d.Rewritten, d.Expand != nil: // by a rule of the sessions
		case d.Window != nil: // lowered by db.windows
		case d.Macro != "":
			db.macros.add(d)
		default:
			if err := conn.RegisterScalar(ctx, duck.DeclScalar(d)); err != nil {
				return fmt.Errorf("register function %s: %w", d.Name, err)
			}
		}
	}
	for _, d := range slices.Concat(predict.Callbacks(db.findModel), []*fn.Decl{db.lookScalar(), rolling.Instant()}, db.rolling.Functions()) {
		if err := conn.RegisterScalar(ctx, duck.DeclScalar(d)); err != nil {
			return fmt.Errorf("register function %s: %w", d.Name, err)
		}
	}
	for _, f := range slices.Concat(db.scalars(), db.sessionScalars(), db.sourceScalars()) {
		if err := conn.RegisterScalar(ctx, f); err != nil {
			return fmt.Errorf("register function %s: %w", f.Name, err)
		}
	}
	for _, f := range db.tables() {
		if err := conn.RegisterTable(ctx, f); err != nil {
			return fmt.Errorf("register table function %s: %w", f.Name, err)
		}
	}
	return nil
}

// scalars are the engine's own scalar functions.
func (db *DB) scalars() []duck.Scalar {
	text, id, boolean := types.Of(types.Varchar), types.Of(types.UBigInt), types.Of(types.Boolean)
	predicate := func(name string, params []*types.Type, f func(in *types.Chunk, row int) bool) duck.Scalar {
		return duck.Scalar{Name: name, Params: params, Returns: boolean, Volatile: true, Func: func(_ any, in *types.Chunk, out *duck.Writer) error {
			res := types.Slice[bool](out.Vector())
		rows:
			for i := range in.Len {
				for k := range in.Columns {
					if !in.Columns[k].Valid(i) {
						out.SetNull(i)
						continue rows
					}
				}
				res[i] = f(in, i)
			}
			return nil
		}}
	}
	connection := func(in *types.Chunk, row int) uint64 { return types.Slice[uint64](&in.Columns[0])[row] }
	word := func(in *types.Chunk, col, row int) string { return string(in.Columns[col].Bytes(row)) }
	pid := func(in *types.Chunk, row int) int32 { return types.Slice[int32](&in.Columns[1])[row] }
	return []duck.Scalar{
		predicate("eider_has_privilege", []*types.Type{id, text, text, text}, func(in *types.Chunk, i int) bool {
			return db.gate.HasPrivilege(connection(in, i), word(in, 1, i), word(in, 2, i), word(in, 3, i))
		}),
		predicate("eider_has_role", []*types.Type{id, text}, func(in *types.Chunk, i int) bool {
			return db.gate.HasRole(connection(in, i), word(in, 1, i))
		}),
		predicate("eider_has_model", []*types.Type{id, text, text}, func(in *types.Chunk, i int) bool {
			return db.gate.HasModel(connection(in, i), word(in, 1, i), word(in, 2, i))
		}),
		predicate("eider_cancel_backend", []*types.Type{id, types.Of(types.Integer)}, func(in *types.Chunk, i int) bool {
			return db.mayReach(connection(in, i), pid(in, i)) && db.CancelSession(pid(in, i))
		}),
		predicate("eider_terminate_backend", []*types.Type{id, types.Of(types.Integer)}, func(in *types.Chunk, i int) bool {
			return db.mayReach(connection(in, i), pid(in, i)) && db.TerminateSession(pid(in, i))
		}),
	}
}

// mayReach tells whether the session of a connection may signal another: its own
// role's, or any for a superuser.
func (db *DB) mayReach(connection uint64, pid int32) bool {
	me, other := db.sessionOf(connection), db.session(pid)
	if me == nil || other == nil {
		return false
	}
	return me.IsSuperuser() || me.Info().User == other.Info().User
}

// listTable is a table function over rows that Go code has when the query runs.
func listTable(name string, params []*types.Type, columns []types.Column, rows func(args []any) [][]any) duck.Table {
	return duck.Table{Name: name, Params: params, Bind: func(args []any, _ map[string]any) (duck.TableSource, error) {
		return &listSource{columns: columns, rows: func() [][]any { return rows(args) }}, nil
	}}
}

type listSource struct {
	columns []types.Column
	rows    func() [][]any
}

func (l *listSource) Columns() []types.Column     { return l.columns }
func (l *listSource) Cardinality() (uint64, bool) { return 0, false }

func (l *listSource) Scan(columns []int) (duck.TableScan, error) {
	v, err := newValues(l.columns, l.rows())
	return &listScan{columns: columns, values: v}, err
}

type listScan struct {
	columns []int
	values  *values
}

func (l *listScan) MaxThreads() int { return 1 }
func (l *listScan) Close()          {}

func (l *listScan) Fill(out *duck.TableWriter) (int, error) {
	chunk, err := l.values.next(context.Background())
	if chunk == nil || err != nil {
		return 0, err
	}
	return chunk.Len, copyColumns(out, chunk, l.columns)
}

// copyColumns writes the wanted columns of a chunk.
func copyColumns(out *duck.TableWriter, chunk *types.Chunk, columns []int) error {
	for k, i := range columns {
		if err := out.Column(k).Copy(&chunk.Columns[i]); err != nil {
			return err
		}
	}
	return nil
}

// tables are the engine's own table functions.
func (db *DB) tables() []duck.Table {
	varchar := func(names ...string) []types.Column {
		columns := make([]types.Column, len(names))
		for i, n := range names {
			columns[i] = types.Column{Name: n, Type: types.Of(types.Varchar)}
		}
		return columns
	}
	when := types.Of(types.TimestampTZ)
	id := []*types.Type{types.Of(types.UBigInt)}
	sessions := slices.Concat([]types.Column{{Name: "pid", Type: types.Of(types.Integer)}}, varchar("role", "application", "client", "state", "query"),
		[]types.Column{{Name: "started_at", Type: when}, {Name: "state_changed_at", Type: when}, {Name: "query_started_at", Type: when}, {Name: "transaction_started_at", Type: when}})
	return []duck.Table{
		listTable("eider_functions", nil, varchar("name", "family", "kind", "signature", "returns", "summary", "example", "source"),
			func([]any) [][]any { return db.functionRows() }),
		listTable("eider_statements", nil, varchar("name", "call", "summary", "syntax", "example"), func([]any) [][]any { return db.statementRows() }),
		listTable("eider_sessions", id, sessions, func(args []any) [][]any { return db.sessionRows(db.sessionOf(connectionArg(args))) }),
		listTable("eider_jobs", id, jobColumns(), func(args []any) [][]any { return db.jobs.rows(db.sessionOf(connectionArg(args))) }),
		listTable("eider_lineage_runs", nil, statementColumns, func([]any) [][]any { return db.lineage.rows() }),
		listTable("eider_settings", id, varchar("name", "setting", "default_setting", "category", "description"),
			func(args []any) [][]any { return settingRows(db.sessionOf(connectionArg(args))) }),
		listTable("eider_self", id, append([]types.Column{{Name: "pid", Type: types.Of(types.Integer)}}, varchar("session_role", "active_role", "client", "superuser")...),
			func(args []any) [][]any { return selfRow(db.sessionOf(connectionArg(args))) }),
		{Name: copyFunction, Params: []*types.Type{types.Of(types.BigInt)}, Bind: func(args []any, _ map[string]any) (duck.TableSource, error) {
			n, _ := args[0].(int64)
			return db.feedOf(n)
		}},
	}
}

// connectionArg reads current_connection_id(), however wide DuckDB hands it over.
func connectionArg(args []any) uint64 {
	switch v := args[0].(type) {
	case uint64:
		return v
	case int64:
		return uint64(v)
	case *big.Int:
		return v.Uint64()
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
	case d.Window != nil:
		return "window"
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

// selfRow is the session that asks: who it is and from where. No row without a session.
func selfRow(s *Session) [][]any {
	if s == nil {
		return nil
	}
	return [][]any{{s.pid, s.SessionUser(), s.User(), s.Info().Addr, strconv.FormatBool(s.IsSuperuser())}}
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
