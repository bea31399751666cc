package engine

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/lineage"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/duck"
)

// sessionLineage is what a session knows for the lineage of its statements.
type sessionLineage struct {
	// path is what searchPath found, and when.
	path struct {
		text     string
		plans    uint64
		conn     *duck.Conn
		macros   map[string][]userMacro
		macrosAt [2]uint64
	}
	// temps is the lineage of temporary tables, by folded name: nothing of it is stored, what is
	// made of them is traced through.
	temps map[string]*lineage.Result
}

// lineageBook is what a database remembers of the statements whose lineage is recorded.
type lineageBook struct {
	mu sync.Mutex // guards all below
	// seen are recorded statements by what was planned.
	seen map[string]seenLineage
	// runs are runs that aren't stored yet, by statement.
	runs map[string]*lineageRuns
	// macros are the users' macros, as of a count of committed definitions.
	macros   map[string][]userMacro
	macrosOf uint64
}

type seenLineage struct {
	statement, kind, object string
	planned                 uint64
}

// lineageRuns are runs of a recorded statement.
type lineageRuns struct {
	kind, object, operation, role string
	n                             int64
	last                          time.Time
}

// maxSeenLineage bounds lineageBook.seen; then it starts anew.
const maxSeenLineage = 4096

// recorded is what was recorded under the key, if nothing was defined since.
func (b *lineageBook) recorded(key string, planned uint64) (seenLineage, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.seen[key]
	return s, ok && s.planned == planned
}

func (b *lineageBook) remember(key string, s seenLineage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen == nil || len(b.seen) >= maxSeenLineage {
		b.seen = map[string]seenLineage{}
	}
	b.seen[key] = s
}

func (b *lineageBook) ran(statement string, r lineageRuns) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.runs == nil {
		b.runs = map[string]*lineageRuns{}
	}
	have := b.runs[statement]
	if have == nil {
		have = &lineageRuns{kind: r.kind, object: r.object, operation: r.operation}
		b.runs[statement] = have
	}
	have.n++
	have.role, have.last = r.role, time.Now()
}

func (b *lineageBook) macrosAt(planned uint64) map[string][]userMacro {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.macrosOf != planned {
		return nil
	}
	return b.macros
}

func (b *lineageBook) keepMacros(planned uint64, list map[string][]userMacro) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.macros, b.macrosOf = list, planned
}

// hides tells that a user's macro of a built-in function's name was seen.
func (b *lineageBook) hides(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.macros[name]) > 0
}

// rows are the runs that aren't stored, for eider_lineage_runs.
func (b *lineageBook) rows() [][]any {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out [][]any
	for id, r := range b.runs {
		out = append(out, []any{id, r.kind, r.object, r.operation, r.n, r.last, orNull(r.role)})
	}
	return out
}

// takeRuns hands over the runs that aren't stored yet.
func (b *lineageBook) takeRuns() [][]any {
	rows := b.rows()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.runs = nil
	return rows
}

// storeLineageRuns stores the runs that were only counted. It is called when the database closes.
func (db *DB) storeLineageRuns() error {
	rows := db.lineage.takeRuns()
	if len(rows) == 0 || db.opts.ReadOnly || db.duck == nil {
		return nil
	}
	return db.apart.write(context.Background(), func(ctx context.Context, exec execer) error {
		return appendRows(ctx, exec.conn, db.name, "lineage_statement_store", statementColumns, rows)
	})
}

func (s *Session) recordsLineage() bool {
	raw, _ := s.values.Raw("record_lineage")
	return raw == "on"
}

// countLineage counts a run of a statement that was recorded before.
func (s *Session) countLineage(statement string, d *derivation) {
	r := lineageRuns{kind: d.kind, object: d.object, operation: string(d.st.Operation), role: s.User()}
	count := func() { s.db.lineage.ran(statement, r) }
	if s.tx.state == txNone {
		count()
		return
	}
	s.tx.onCommit = append(s.tx.onCommit, count)
}

// storeColumns makes a list of text columns; other types are set by the caller.
func storeColumns(names string) []types.Column {
	var out []types.Column
	for _, n := range strings.Fields(names) {
		t := types.Of(types.Varchar)
		switch n {
		case "runs":
			t = types.Of(types.BigInt)
		case "ran_at":
			t = types.Of(types.TimestampTZ)
		}
		out = append(out, types.Column{Name: n, Type: t})
	}
	return out
}

var (
	edgeColumns      = storeColumns("kind object col source_kind source source_col how dependency reason statement")
	statementColumns = storeColumns("statement kind object operation runs ran_at role")
)

// appendRows adds rows to a table of the system catalog in the connection's transaction.
func appendRows(ctx context.Context, conn *duck.Conn, catalog, table string, columns []types.Column, rows [][]any) error {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	a, err := conn.Appender(ctx, catalog, "eider", table, names...)
	if err != nil {
		return err
	}
	v, err := newValues(columns, rows)
	for err == nil {
		var chunk *types.Chunk
		if chunk, err = v.next(ctx); chunk == nil {
			break
		}
		err = a.AppendChunk(ctx, chunk)
	}
	if closed := a.Close(ctx); err == nil {
		err = closed
	}
	return err
}

// edges are the rows of lineage_store, without the statement.
func (d *derivation) edges(r *lineage.Result) [][]any {
	var rows [][]any
	add := func(column string, s lineage.Source, how, dependency, reason string) {
		rows = append(rows, []any{d.kind, d.object, orNull(column), s.Kind, s.Object, orNull(s.Column), how, orNull(dependency), orNull(reason), nil})
	}
	unknown := lineage.Source{Kind: "unknown"}
	for _, s := range r.Reads {
		add("", s, "row", string(lineage.Reads), "")
	}
	for _, e := range r.Rows {
		add("", e.Source, "row", string(e.How), "")
	}
	for _, u := range r.RowsUnknown {
		add("", unknown, "unknown", "", u)
	}
	for _, c := range r.Columns {
		for _, e := range c.Edges {
			add(c.Name, e.Source, "value", string(e.How), "")
		}
		for _, u := range c.Unknown {
			add(c.Name, unknown, "unknown", "", u)
		}
	}
	return rows
}

// record stores what the statement does, in the session's transaction.
func (d *derivation) record(ctx context.Context) error {
	s := d.s
	r, err := d.result(ctx)
	if err != nil {
		return err
	}
	define := d.st.Operation == lineage.CreateTable || d.st.Operation == lineage.CreateView
	if !define {
		d.withoutSelf(r)
	}
	if d.temporary {
		s.keepTemporary(d, r)
		return nil
	}
	rows := d.edges(r)
	if len(rows) == 0 && !d.st.Replace {
		return nil
	}
	id := d.fingerprint(rows)
	known, err := d.known(ctx, id, define)
	if err != nil {
		return err
	}
	if known || len(rows) == 0 {
		if known {
			s.countLineage(id, d)
			d.remember(id)
		}
		return nil
	}
	for _, row := range rows {
		row[len(row)-1] = id
	}
	if err := appendRows(ctx, s.conn, s.db.name, "lineage_store", edgeColumns, rows); err != nil {
		return err
	}
	if err := appendRows(ctx, s.conn, s.db.name, "lineage_statement_store", statementColumns, [][]any{{id, d.kind, d.object, string(d.st.Operation), int64(1), time.Now(), orNull(s.User())}}); err != nil {
		return err
	}
	s.tx.writes++
	d.remember(id)
	return nil
}

// known tells whether the very same is stored already. What a replaced definition had that is
// something else is removed.
func (d *derivation) known(ctx context.Context, id string, define bool) (bool, error) {
	if define && !d.st.Replace {
		return false, nil
	}
	found, err := d.s.conn.QueryRows(ctx, "SELECT count(*) FILTER (WHERE statement = $1) > 0, count(*) FILTER (WHERE statement IS DISTINCT FROM $1) > 0 FROM "+
		lex.QuoteIdent(d.s.db.name)+".eider.lineage_store WHERE kind IN ('table', 'view', 'file') AND lower(object) = lower($2)", id, d.object)
	if err != nil {
		return false, err
	}
	same, _ := found[0][0].(bool)
	others, _ := found[0][1].(bool)
	if define && others {
		return false, d.forget(ctx)
	}
	return same, nil
}

// remember lets the same statement only be counted from now on, once this transaction is committed.
func (d *derivation) remember(id string) {
	if d.key == "" {
		return
	}
	key, db, seen := d.key, d.s.db, seenLineage{id, d.kind, d.object, d.s.db.planned.Load()}
	remember := func() { db.lineage.remember(key, seen) }
	if d.s.tx.state == txNone {
		remember()
		return
	}
	d.s.tx.onCommit = append(d.s.tx.onCommit, remember)
}

// recordApart stores what the statement does in a transaction of the engine's own.
func (d *derivation) recordApart(ctx context.Context) error {
	r, err := d.result(ctx)
	if err != nil {
		return err
	}
	d.withoutSelf(r)
	if d.temporary {
		d.s.keepTemporary(d, r)
		return nil
	}
	rows := d.edges(r)
	if len(rows) == 0 {
		return nil
	}
	id := d.fingerprint(rows)
	for _, row := range rows {
		row[len(row)-1] = id
	}
	s := d.s
	err = s.db.apart.write(context.WithoutCancel(ctx), func(ctx context.Context, exec execer) error {
		found, err := exec.conn.QueryRows(ctx, "SELECT 1 FROM eider.lineage_store WHERE statement = $1 LIMIT 1", id)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			if err := appendRows(ctx, exec.conn, s.db.name, "lineage_store", edgeColumns, rows); err != nil {
				return err
			}
		}
		return appendRows(ctx, exec.conn, s.db.name, "lineage_statement_store", statementColumns, [][]any{{id, d.kind, d.object, string(d.st.Operation), int64(1), time.Now(), orNull(s.User())}})
	})
	if err == nil && d.key != "" {
		s.db.lineage.remember(d.key, seenLineage{id, d.kind, d.object, s.db.planned.Load()})
	}
	return err
}

// forget removes what leads to the target, whose definition is replaced.
func (d *derivation) forget(ctx context.Context) error {
	for _, table := range []string{"lineage_store", "lineage_statement_store"} {
		if _, err := d.s.conn.Exec(ctx, "DELETE FROM "+lex.QuoteIdent(d.s.db.name)+".eider."+table+" WHERE kind IN ('table', 'view') AND lower(object) = lower($1)", d.object); err != nil {
			return err
		}
	}
	return nil
}

// keepTemporary notes what a temporary table comes from.
func (s *Session) keepTemporary(d *derivation, r *lineage.Result) {
	if s.temps == nil {
		s.temps = map[string]*lineage.Result{}
	}
	name := lex.Fold(d.object)
	before, had := s.temps[name]
	if had && d.st.Operation != lineage.CreateTable && d.st.Operation != lineage.CreateView {
		both := &lineage.Result{}
		both.Merge(before)
		both.Merge(r)
		r = both
	} else if !had && d.st.Operation != lineage.CreateTable && d.st.Operation != lineage.CreateView {
		return // its rows came from elsewhere too
	}
	s.temps[name] = r
	if s.tx.state == txNone {
		return
	}
	s.tx.onRollback = append(s.tx.onRollback, func() {
		delete(s.temps, name)
		if had {
			s.temps[name] = before
		}
	})
}

// storedLineage is what is stored of a table, nil if nothing is.
func (s *Session) storedLineage(ctx context.Context, t *lineageTable) (*lineage.Result, error) {
	rows, err := s.conn.QueryRows(ctx, "SELECT coalesce(col, ''), source_kind, source, coalesce(source_col, ''), coalesce(dependency, ''), coalesce(reason, '') FROM "+
		lex.QuoteIdent(s.db.name)+".eider.lineage_store WHERE kind IN ('table', 'view') AND lower(object) = lower($1)", t.name)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	r := &lineage.Result{}
	for _, name := range t.columns {
		r.Columns = append(r.Columns, lineage.Column{Name: name})
	}
	for _, row := range rows {
		cell := func(i int) string { text, _ := row[i].(string); return text }
		e := lineage.Edge{Source: lineage.Source{Kind: cell(1), Object: cell(2), Column: cell(3)}, How: lineage.How(cell(4))}
		i := slices.IndexFunc(r.Columns, func(c lineage.Column) bool { return lex.EqualFold(c.Name, cell(0)) })
		switch {
		case e.How == "" && i >= 0:
			r.Columns[i].Unknown = append(r.Columns[i].Unknown, cell(5))
		case e.How == "":
			r.RowsUnknown = append(r.RowsUnknown, cell(5))
		case e.How == lineage.Reads:
			r.Reads = append(r.Reads, e.Source)
		case i >= 0:
			r.Columns[i].Edges = append(r.Columns[i].Edges, e)
		case cell(0) == "":
			r.Rows = append(r.Rows, e)
		}
	}
	return r, nil
}
