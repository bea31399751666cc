package engine

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt/role"
	"github.com/eiderdb/eider/sql/types"
)

// query is a statement on its way to a plan.
type query struct {
	// text is what the client sent; st is the statement in it.
	text  string
	st    lex.Stmt
	class classify.Class
	// own tells that the engine made the statement, which the gate needn't look at.
	own bool
	// name is the name of a statement of Eider's own.
	name string
	// declared are the parameters' types as the client declares them, nil or Unknown where it doesn't.
	declared []*types.Type
}

// operation is a planned statement: one implementation for each way to run one.
type operation interface {
	// describe returns the parameters' types and the result's columns, nil for no rows.
	describe() ([]*types.Type, []types.Column)
	// run executes. It is called between free and the statement's end, in a context
	// that Cancel and the timeout reach.
	run(ctx context.Context, args []any) (*output, error)
	close()
}

// output is what a running statement has to give.
type output struct {
	columns []types.Column
	// rows is nil where the statement returns none and is over.
	rows source
	// tag is the command tag; counted ones get the number of rows appended: n of rows
	// that are returned, changed otherwise.
	tag     string
	counted bool
	changed int64
}

// source is an open result.
type source interface {
	// next returns the next rows, nil at the end, valid until the next call.
	next(ctx context.Context) (*types.Chunk, error)
	close()
}

// Stmt is a prepared statement of one session.
type Stmt struct {
	s       *Session
	q       query
	op      operation
	params  []*types.Type
	columns []types.Column
	closed  bool
}

// Prepare plans one statement of text without executing it. paramTypes are what the
// client declares for $1, $2 …; shorter, nil or Unknown entries are inferred.
// Errors' positions are in text. In a failed block everything but its end is 25P02.
func (s *Session) Prepare(ctx context.Context, text string, st lex.Stmt, paramTypes []*types.Type) (*Stmt, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	if err := s.notCopying(); err != nil {
		return nil, err
	}
	q := query{text: text, st: st, class: classify.Classify(text, st), declared: paramTypes}
	if err := s.admits(&q); err != nil {
		return nil, err
	}
	id := s.db.queryID.Add(1)
	ctx, run := s.enterStatement(ctx)
	defer s.leaveStatement(run)
	err := q.encoded()
	if err == nil {
		err = s.applySettings(ctx)
	}
	var op operation
	if err == nil {
		op, err = s.plan(ctx, &q)
	}
	if err != nil {
		return nil, s.failed(ctx, err, id)
	}
	stmt := &Stmt{s: s, q: q, op: op}
	stmt.params, stmt.columns = op.describe()
	return stmt, nil
}

// encoded refuses a statement that is no UTF-8.
func (q *query) encoded() error {
	text := q.st.Text(q.text)
	if utf8.ValidString(text) {
		return nil
	}
	at := 0
	for {
		r, n := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && n == 1 {
			return sqlstate.Newf(sqlstate.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\": 0x%02x", text[at]).At(q.st.Start + at)
		}
		at += n
	}
}

// admits refuses what a failed block can't run.
func (s *Session) admits(q *query) error {
	if !s.tx.failed {
		return nil
	}
	switch q.class.Verb {
	case classify.Commit, classify.Rollback, classify.RollbackTo, classify.PrepareTx:
		return nil
	}
	return errFailedBlock()
}

// Params are the types of $1, $2 …; Unknown where nobody knows.
func (st *Stmt) Params() []*types.Type { return st.params }

// Columns describes the result; nil means that the statement returns no rows. It is
// empty but not nil where the columns depend on a parameter's value: the Cursor knows them.
func (st *Stmt) Columns() []types.Column { return st.columns }

// Run executes the statement. args are Go values in order of Params (nil is NULL; a
// string is accepted for every type and cast). ctx bounds the statement with all of
// its rows. A statement that returns no rows is over when Run returns.
func (st *Stmt) Run(ctx context.Context, args []any) (*Cursor, error) {
	return st.runWith(ctx, args, func(ctx context.Context) (*output, error) { return st.op.run(ctx, args) })
}

// runnable is asked before every execution.
func (st *Stmt) runnable() error {
	if err := st.s.usable(); err != nil {
		return err
	}
	if st.closed {
		return sqlstate.New(sqlstate.InvalidSQLStatementName, "the prepared statement is closed")
	}
	if err := st.s.notCopying(); err != nil {
		return err
	}
	return st.s.admits(&st.q)
}

// runWith executes by run.
func (st *Stmt) runWith(ctx context.Context, args []any, run func(context.Context) (*output, error)) (*Cursor, error) {
	if err := st.runnable(); err != nil {
		return nil, err
	}
	c := st.enter(ctx)
	if len(args) != len(st.params) {
		return nil, c.end(sqlstate.Newf(sqlstate.ProtocolViolation, "the statement has %d parameters, %d values were given", len(st.params), len(args)))
	}
	if err := st.s.ready(c.ctx, &st.q); err != nil {
		return nil, c.end(err)
	}
	out, err := run(c.ctx)
	if err != nil {
		return nil, c.end(err)
	}
	if err := c.open(out); err != nil {
		return nil, err
	}
	return c, nil
}

// ready prepares the session for a statement of the class: an open cursor steps aside,
// the transaction is begun, what can't run here is refused.
func (s *Session) ready(ctx context.Context, q *query) error {
	switch q.class.Group {
	case classify.Transaction:
		return nil
	case classify.Session, classify.Prepared, classify.Notify:
		// They look at no data: the transaction can still be shaped after them.
		if err := s.free(ctx); err != nil {
			return err
		}
		return s.applySettings(ctx)
	case classify.Cursor:
		if q.class.Verb != classify.Declare {
			return nil // they use the open cursor
		}
	case classify.Utility:
		if q.class.Verb == classify.Vacuum && s.tx.state == txExplicit {
			return sqlstate.New(sqlstate.ActiveSQLTransaction, "VACUUM cannot run inside a transaction block")
		}
	}
	if s.tx.state == txNone && s.readOnlyDefault && q.mayWrite() {
		return errReadOnly(q.class.Tag()) // in a transaction DuckDB itself refuses
	}
	if s.tx.readOnly && !q.class.ReadOnly() && q.class.Group != classify.Modify && q.class.Group != classify.Define && !engineGroup(q.class.Group) {
		return errReadOnly(q.class.Tag())
	}
	if err := s.free(ctx); err != nil {
		return err
	}
	if err := s.applySettings(ctx); err != nil {
		return err
	}
	s.tx.fresh = !s.tx.began
	return s.join(ctx)
}

// mayWrite reports whether a statement of DuckDB's may write anything but temporary objects.
func (q *query) mayWrite() bool {
	switch {
	case q.class.Verb == classify.ExplainAnalyze:
		inner, ok := classify.Inner(q.st, q.class)
		return ok && !classify.Classify(q.text, inner).ReadOnly()
	case engineGroup(q.class.Group), q.class.ReadOnly():
		return false
	}
	return q.class.Group != classify.Define || !q.temporary()
}

// engineGroup are the statements whose own handlers know what is read-only.
func engineGroup(g classify.Group) bool {
	return g == classify.Unknown || g == classify.Prepared || g == classify.Explain
}

func errReadOnly(tag string) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.ReadOnlySQLTransaction, "cannot execute %s in a read-only transaction", strings.TrimSuffix(tag, " 0"))
}

// enter makes the cursor of a statement that starts now.
func (st *Stmt) enter(ctx context.Context) *Cursor {
	s := st.s
	c := &Cursor{s: s, caller: ctx, started: time.Now(), writes: !st.q.class.ReadOnly(),
		alone: s.tx.state == txNone && st.q.class.Group != classify.Transaction}
	c.ctx, c.running = s.enterStatement(ctx)
	s.lastProgress = c.started // a short statement needs no notice
	c.info = StatementInfo{PID: s.pid, QueryID: s.db.queryID.Add(1), Class: st.q.className()}
	text := st.q.st.Text(st.q.text)
	if st.q.class.Object == "ROLE" {
		text = role.Redact(text) // a password
	}
	s.show(true, text)
	if f := s.db.opts.Events.StatementStarted; f != nil {
		f(c.info)
	}
	return c
}

// className is how events name the statement: "SELECT", "CREATE TABLE", "TRAIN MODEL".
func (q *query) className() string {
	if q.name != "" {
		return q.name
	}
	return q.class.Tag()
}

// Close frees the statement; open cursors of it go on.
func (st *Stmt) Close() error {
	if !st.closed {
		st.closed = true
		st.op.close()
	}
	return nil
}

// action is an operation without parameters and rows.
type action struct {
	tag string
	// do returns the tag, "" for the usual one.
	do func(ctx context.Context) (string, error)
}

func (a action) describe() ([]*types.Type, []types.Column) { return nil, nil }

func (a action) run(ctx context.Context, _ []any) (*output, error) {
	tag, err := a.do(ctx)
	if err != nil {
		return nil, err
	}
	if tag == "" {
		tag = a.tag
	}
	return &output{tag: tag}, nil
}

func (a action) close() {}

// listing is an operation without parameters that returns a few rows.
type listing struct {
	tag     string
	columns []types.Column
	rows    func(ctx context.Context) ([][]any, error)
}

func (l listing) describe() ([]*types.Type, []types.Column) { return nil, l.columns }

func (l listing) run(ctx context.Context, _ []any) (*output, error) {
	rows, err := l.rows(ctx)
	if err != nil {
		return nil, err
	}
	src, err := newValues(l.columns, rows)
	if err != nil {
		return nil, err
	}
	return &output{columns: l.columns, rows: src, tag: l.tag}, nil
}

func (l listing) close() {}
