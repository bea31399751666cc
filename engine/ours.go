package engine

import (
	"context"
	"time"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/sql/types"
)

// ours is a statement of Eider's own.
type ours struct {
	s    *Session
	kind *stmt.Kind
	body stmt.Statement
	plan *stmt.Plan
	// global and local are the counts of changed definitions when it was planned.
	global, local uint64
}

// planOurs plans a statement of Eider's own or the CALL of one; nil if it is neither.
func (s *Session) planOurs(ctx context.Context, q *query) (operation, error) {
	kind, body, err := s.db.kinds.Parse(q.text, q.st)
	if kind == nil || err != nil {
		return nil, err
	}
	q.name = kind.Name
	o := &ours{s: s, kind: kind, body: body}
	return o, o.replan(ctx)
}

func (o *ours) replan(ctx context.Context) error {
	s := o.s
	if err := s.free(ctx); err != nil {
		return err
	}
	if err := s.who.Refresh(ctx, s.conn); err != nil {
		return err
	}
	plan, err := o.body.Plan(ctx, statementSession{s})
	if err != nil {
		return err
	}
	o.plan, o.global, o.local = plan, s.db.planned.Load(), s.plans
	return nil
}

func (o *ours) describe() ([]*types.Type, []types.Column) { return nil, o.plan.Columns }

func (o *ours) close() {}

func (o *ours) run(ctx context.Context, _ []any) (*output, error) {
	s := o.s
	if o.global != s.db.planned.Load() || o.local != s.plans {
		columns := o.plan.Columns
		if err := o.replan(ctx); err != nil {
			return nil, err
		}
		if !sameColumns(columns, o.plan.Columns) {
			return nil, errPlanChanged()
		}
	}
	tag := o.plan.Tag
	if tag == "" {
		tag = o.kind.Name
	}
	if (s.tx.readOnly || s.who.ReadOnly()) && !o.plan.ReadOnly {
		return nil, errReadOnly(tag)
	}
	var res *stmt.Result
	defer s.db.jobs.end(s.pid)
	exec := func() (err error) {
		res, err = o.plan.Exec(ctx, statementSession{s})
		if err == nil && res == nil {
			res = &stmt.Result{}
		}
		if err == nil && !o.plan.ReadOnly {
			s.tx.writes++
			s.plans++
			s.tx.defined = s.tx.state != txNone
			s.who.CatalogChanged()
		}
		return err
	}
	if o.plan.NoTransaction {
		if s.tx.state == txExplicit || s.tx.began {
			return nil, sqlstate.Newf(sqlstate.ActiveSQLTransaction, "%s cannot run inside a transaction block", tag)
		}
		if err := exec(); err != nil {
			return nil, err
		}
		s.db.planned.Add(1)
	} else if err := o.within(ctx, exec); err != nil {
		return nil, err
	}
	if res.Tag != "" {
		tag = res.Tag
	}
	return o.output(ctx, res, tag)
}

// within runs the plan's Prepare, if there is one, and exec in the session's transaction. Outside
// of a block, exec gets a transaction that begins after Prepare, and a new one after a conflict.
func (o *ours) within(ctx context.Context, exec func() error) error {
	s := o.s
	if o.plan.Prepare == nil {
		return s.within(ctx, exec)
	}
	prepare := func() error { return o.plan.Prepare(ctx, statementSession{s}) }
	if s.tx.state == txExplicit || s.tx.began && !s.tx.fresh {
		return s.within(ctx, func() error {
			if err := prepare(); err != nil {
				return err
			}
			err := exec()
			if sqlstate.Is(err, sqlstate.UniqueViolation) { // a collision, but the block can't be run again here
				return sqlstate.Newf(sqlstate.SerializationFailure, "could not serialize %s: another transaction did the same at the same time", o.kind.Name).Because(err)
			}
			return err
		})
	}
	if err := s.within(ctx, prepare); err != nil {
		return err
	}
	hooks := [2]int{len(s.tx.onCommit), len(s.tx.onRollback)}
	return retry(ctx, func() error {
		s.restart(hooks)
		return s.within(ctx, exec)
	})
}

// restart rolls DuckDB's part of an implicit transaction back, which held nothing but one
// statement's work, so that the next step sees what others have committed since. The hooks
// of that work are those beyond the given numbers.
func (s *Session) restart(hooks [2]int) {
	if s.tx.state != txImplicit || !s.tx.began {
		return
	}
	s.rollbackDuck()
	undone := s.tx.onRollback[hooks[1]:]
	s.tx.onCommit, s.tx.onRollback = s.tx.onCommit[:hooks[0]], s.tx.onRollback[:hooks[1]]
	for _, f := range undone {
		f()
	}
}

func (o *ours) output(ctx context.Context, res *stmt.Result, tag string) (*output, error) {
	out := &output{tag: tag, columns: o.plan.Columns}
	switch {
	case out.columns == nil:
	case res.Query != "":
		rows, err := o.s.streamInternal(ctx, res.Query)
		if err != nil {
			return nil, err
		}
		if !sameColumns(out.columns, rows.res.Columns()) {
			rows.close()
			return nil, sqlstate.Newf(sqlstate.InternalError, "%s returned other columns than it announced", o.kind.Name)
		}
		out.rows = rows
	default:
		v, err := newValues(out.columns, res.Rows)
		if err != nil {
			return nil, err
		}
		out.rows = v
	}
	return out, nil
}

// streamInternal runs a query of Eider's own past gate and rewriter.
func (s *Session) streamInternal(ctx context.Context, sql string) (*duckRows, error) {
	stmt, err := s.conn.Prepare(ctx, sql)
	if err != nil {
		return nil, nowhere(err)
	}
	made := &prepared{stmt: stmt, conn: s.conn, refs: 1, offset: func(int) int { return -1 }}
	res, err := stmt.Stream(ctx)
	if err != nil {
		made.release()
		return nil, nowhere(err)
	}
	return &duckRows{res: res, prepared: made, conn: s.conn}, nil
}

// nowhere takes the position off an error in text that the client didn't write.
func nowhere(err error) error { return mapError(err, func(int) int { return -1 }) }

// planExplain plans EXPLAIN of a statement of ours; nil for any other.
func (s *Session) planExplain(ctx context.Context, q *query) (operation, error) {
	inner, ok := classify.Inner(q.st, q.class)
	if !ok {
		return nil, nil
	}
	kind, body, err := s.db.kinds.Parse(q.text, inner)
	if kind == nil || err != nil {
		return nil, err
	}
	if q.class.Verb == classify.ExplainAnalyze {
		return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "EXPLAIN ANALYZE of %s is not supported", kind.Name).
			WithHint("EXPLAIN without ANALYZE says what the statement would do.")
	}
	if err := s.free(ctx); err != nil {
		return nil, err
	}
	if err := s.who.Refresh(ctx, s.conn); err != nil {
		return nil, err
	}
	plan, err := body.Plan(ctx, statementSession{s})
	if err != nil {
		return nil, err
	}
	lines := plan.Explain
	if len(lines) == 0 {
		lines = []string{kind.Name}
	}
	rows := make([][]any, len(lines))
	for i, l := range lines {
		rows[i] = []any{l}
	}
	columns := []types.Column{{Name: "QUERY PLAN", Type: types.Of(types.Varchar)}}
	return listing{tag: "EXPLAIN", columns: columns, rows: func(context.Context) ([][]any, error) { return rows, nil }}, nil
}

// statementSession is what a statement of ours sees of its session.
type statementSession struct{ s *Session }

var _ stmt.Session = statementSession{}

func (v statementSession) Query(ctx context.Context, sql string, args ...any) ([][]any, error) {
	rows, err := v.s.conn.QueryRows(ctx, sql, args...)
	return rows, nowhere(err)
}

func (v statementSession) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	n, err := v.s.conn.Exec(ctx, sql, args...)
	return n, nowhere(err)
}

// Describe plans the user's SELECT as the user, without running it.
func (v statementSession) Describe(ctx context.Context, sql string) ([]types.Column, error) {
	op, err := v.planQuery(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer op.close()
	_, columns := op.describe()
	return columns, nil
}

// planQuery plans a SELECT of the user's as the user.
func (v statementSession) planQuery(ctx context.Context, sql string) (operation, error) {
	s := v.s
	stmts := s.Split(sql)
	if len(stmts) != 1 {
		return nil, sqlstate.New(sqlstate.SyntaxError, "expected one query")
	}
	q := query{text: sql, st: stmts[0], class: classify.Classify(sql, stmts[0])}
	if q.class.Group != classify.Query {
		return nil, sqlstate.Newf(sqlstate.SyntaxError, "expected a query, not %s", q.class.Tag()).At(q.st.Start)
	}
	return s.planPlain(ctx, &q)
}

func (v statementSession) User() string      { return v.s.User() }
func (v statementSession) IsSuperuser() bool { return v.s.IsSuperuser() }
func (v statementSession) Database() string  { return v.s.db.name }

func (v statementSession) Notice(severity, message string) {
	code := sqlstate.SuccessfulCompletion
	if severity == "WARNING" {
		code = sqlstate.Warning
	}
	v.s.Notice(severity, code, message)
}

// Progress tells the client how far a long statement is, a NOTICE a second at most.
// It is also what eider.jobs shows.
func (v statementSession) Progress(fraction float64, phase string) {
	v.s.db.jobs.progress(v.s, fraction, phase)
	v.s.progress(fraction, phase)
}

// OnCommit registers what follows the transaction's commit.
func (v statementSession) OnCommit(f func()) { v.s.tx.onCommit = append(v.s.tx.onCommit, f) }

// OnRollback registers what follows the transaction's end without commit.
func (v statementSession) OnRollback(f func()) { v.s.tx.onRollback = append(v.s.tx.onRollback, f) }

const progressInterval = time.Second
