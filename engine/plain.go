package engine

import (
	"context"
	"slices"
	"strconv"

	"github.com/eiderdb/eider/engine/gate"
	"github.com/eiderdb/eider/engine/window"
	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/duck"
)

// plain is a statement that DuckDB runs.
type plain struct {
	s *Session
	q query

	prepared *prepared
	params   []*types.Type
	columns  []types.Column
	verdict  *gate.Verdict
	// features are the types of parameters that stand for a model's columns, by number.
	features map[int]*types.Type
	// model is that of the statement's only prediction, nil if there is none or more.
	model *modelVersion
	// looked are the counts of changed definitions when its predictions' rows were looked at.
	looked [2]uint64
	// text is what DuckDB parsed, macros the models' versions by the macros in it.
	text   string
	macros map[string]string
}

// prepared is a statement in DuckDB and what it was made of. It lives until neither
// the Stmt nor a cursor needs it.
type prepared struct {
	stmt *duck.Stmt
	conn *duck.Conn
	refs int
	// offset turns an offset in what DuckDB parsed into one in the client's text.
	offset func(int) int
	// slots has DuckDB's index for each of the client's parameters, 0 for an unused one.
	slots []int
	// casts are the texts put around parameters, with what they stand for: DuckDB names
	// columns after them.
	casts []string
	// assumed are the columns where DuckDB says none before it has the values.
	assumed []types.Column
	// global and local are the counts of changed definitions when it was made, written
	// the count of writes. apart tells that it was made in a transaction that sees other definitions than those.
	global, local, written uint64
	apart                  bool
	// used tells that it was executed.
	used bool
	// single, where set, predicts in DuckDB's place; tried tells that it was asked for.
	single *single
	tried  bool
}

func (p *prepared) release() {
	if p.refs--; p.refs == 0 {
		_ = p.stmt.Close() // frees memory; there is nothing to lose
		if p.single != nil {
			p.single.model.handle.Release()
		}
	}
}

// mapped shifts err's position into the client's text.
func (p *prepared) mapped(err error) error { return mapError(err, p.offset) }

func mapError(err error, offset func(int) int) error {
	if e, ok := err.(*sqlstate.Error); ok && e.Position > 0 {
		moved := *e // duck may return one error twice
		return moved.At(offset(e.Position - 1)).Because(err)
	}
	return err
}

// planPlain prepares a statement for DuckDB.
func (s *Session) planPlain(ctx context.Context, q *query) (operation, error) {
	p := &plain{s: s, q: *q}
	if err := p.prepare(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *plain) describe() ([]*types.Type, []types.Column) { return p.params, p.columns }

func (p *plain) close() {
	if p.prepared != nil {
		p.prepared.release()
		p.prepared = nil
	}
}

// prepare makes p.prepared, p.params and p.columns. Predictions are planned once more when it fails,
// in case that another session deployed a version between the look at the model and the plan.
func (p *plain) prepare(ctx context.Context) error {
	var w predictions
	err := p.prepareOnce(ctx, &w)
	if err != nil && len(w.calls) > 0 && ctx.Err() == nil {
		p.s.db.models.forget()
		before := w.calls
		w = predictions{}
		if again := p.prepareOnce(ctx, &w); again == nil || !sameModels(before, w.calls) {
			err = again
		}
	}
	if p.model = nil; err == nil && len(w.calls) == 1 {
		p.model = w.calls[0].model
	}
	return w.explained(err)
}

func (p *plain) prepareOnce(ctx context.Context, w *predictions) error {
	s := p.s
	if err := s.free(ctx); err != nil {
		return err
	}
	global := s.db.planned.Load() // before anything is looked up
	env := &ruleEnv{Session: s, ctx: ctx}
	text, source, err := s.rewritten(&p.q, env)
	*w, p.features = env.predictions, env.features
	points := env.points
	if err != nil {
		return err
	}
	if !s.macros && s.db.macros.mentioned(p.q.text, p.q.st.Tokens) {
		if err := s.createMacros(ctx); err != nil {
			return err
		}
	}
	verdict := gate.Own(text)
	if !p.q.own {
		if verdict, err = s.who.Check(ctx, s.conn, text); err != nil {
			return mapError(err, source)
		}
	}
	if seen := [2]uint64{global + 1, s.plans}; len(w.calls) > 0 && p.looked != seen {
		if err := s.look(ctx, &p.q, w.calls); err != nil {
			return err
		}
		p.looked = seen
	}
	text = verdict.Text
	written := s.db.written.Load() // before DuckDB looks at the data
	stmt, err := s.conn.Prepare(ctx, text)
	if sqlstate.Is(err, sqlstate.UndefinedFunction) && !s.macros {
		// A view may use a macro that the text doesn't mention.
		if err := s.createMacros(ctx); err != nil {
			return err
		}
		stmt, err = s.conn.Prepare(ctx, text)
	}
	if err != nil {
		return p.q.outsideTransform(window.Explain(points.Explain(mapError(err, source)), p.q.text, p.q.st, s.db.opts.Builtins.Functions))
	}
	if err := verdict.Prepared(stmt.Kind().String()); err != nil {
		_ = stmt.Close()
		return err
	}
	made := &prepared{stmt: stmt, conn: s.conn, refs: 1, offset: source, global: global, local: s.plans, written: written}
	if stmt.NumParams() > 0 {
		if made, err = p.resolve(ctx, made, text); err != nil {
			return err
		}
	} else {
		p.params = p.declared(0)
	}
	p.close()
	made.apart = s.apart(global)
	p.prepared, p.verdict = made, verdict
	p.text, p.macros = text, w.versions()
	p.columns = made.columns()
	return nil
}

// rewritten applies the rules to a query; source turns offsets of the text into those of the
// client's. Window functions and point-in-time joins come first: they may copy expressions, and
// other rules see each copy.
func (s *Session) rewritten(q *query, env *ruleEnv) (text string, source func(int) int, err error) {
	text, first, err := s.db.windows.Apply(q.text, q.st, env)
	if err != nil {
		return "", nil, err
	}
	src, st, here := q.text, q.st, func(at int) int { return at }
	if !first.Identity() {
		src, st, here = text, lex.Split(text)[0], first.Source
	}
	if env.points, err = s.db.points.Lower(env.ctx, src, st, env); err != nil {
		return "", nil, mapError(err, here)
	}
	if l := env.points; l != nil {
		before := here
		for i := range l.Notes {
			l.Notes[i].At = before(l.Notes[i].At)
		}
		src, st, here = l.Text, lex.Split(l.Text)[0], func(at int) int { return before(l.Source(at)) }
	}
	text, last, err := s.rules.Apply(src, st, env)
	env.moved(here)
	return text, func(at int) int { return here(last.Source(at)) }, mapError(err, here)
}

// fresh prepares again what has become stale; a result of another shape is 0A000.
func (p *plain) fresh(ctx context.Context) error {
	s, old := p.s, p.prepared
	if old != nil && old.conn == s.conn && old.global == s.db.planned.Load() && old.local == s.plans && old.apart == s.apart(old.global) && p.reusable() {
		return nil
	}
	columns, params := p.columns, p.params
	if err := p.prepare(ctx); err != nil {
		return err
	}
	if !sameColumns(columns, p.columns) || !sameTypes(params, p.params) {
		changed := p.columns
		p.columns, p.params = columns, params
		if len(columns) > 0 || len(changed) == 0 {
			return errPlanChanged()
		}
	}
	return nil
}

// apart tells whether the transaction sees other definitions than those committed at a count of them.
func (s *Session) apart(global uint64) bool {
	return s.tx.began && (s.tx.defined || s.tx.planned != global)
}

// reusable reports whether the plan still fits the data. DuckDB 1.5 builds the tables'
// statistics and the files it finds into a plan (a range of values it packs into one byte,
// a filter that nothing passes) and doesn't notice when they change: duckdb/duckdb#23704.
// With parameters it plans anew at each execution by itself.
func (p *plain) reusable() bool {
	made := p.prepared
	return len(made.slots) > 0 || !made.used && made.written == p.s.db.written.Load() || p.q.readsNothing()
}

// readsNothing holds for a SELECT in which nothing can be that reads a table or a file;
// any function may be a macro that does.
func (q *query) readsNothing() bool {
	if q.class.Verb != classify.Select || q.class.With {
		return false
	}
	toks := q.st.Tokens
	for i, t := range toks {
		if t.IsIdent() && (t.Word(q.text, "from") || t.Word(q.text, "table") || i+1 < len(toks) && toks[i+1].Is(q.text, "(")) {
			return false
		}
	}
	return true
}

// KeepsPlan reports whether the statement can be run again and again without being
// planned anew, so that it pays to keep it.
func (st *Stmt) KeepsPlan() bool {
	p, ok := st.op.(*plain)
	return ok && (len(st.params) > 0 || p.q.readsNothing())
}

func errPlanChanged() *sqlstate.Error {
	return sqlstate.New(sqlstate.FeatureNotSupported, "cached plan must not change result type")
}

func sameColumns(a, b []types.Column) bool {
	if len(a) != len(b) || (a == nil) != (b == nil) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || !a[i].Type.Equal(b[i].Type) {
			return false
		}
	}
	return true
}

func sameTypes(a, b []*types.Type) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}

func (p *plain) run(ctx context.Context, args []any) (*output, error) {
	s := p.s
	if err := p.fresh(ctx); err != nil {
		return nil, err
	}
	if err := s.who.Recheck(ctx, s.conn, p.verdict); err != nil {
		return nil, mapError(err, p.prepared.offset)
	}
	if !p.verdict.Changes {
		if out, done := p.answer(ctx, args); done {
			return out, nil
		}
	}
	derived, err := p.derives(ctx)
	if err != nil {
		return nil, err
	}
	if derived != nil {
		return p.runDeriving(ctx, args, derived)
	}
	changed, err := p.changesLineage(ctx)
	if err != nil {
		return nil, err
	}
	if changed == nil {
		return p.permitted(ctx, args)
	}
	var out *output
	err = s.within(ctx, func() (err error) {
		if out, err = p.permitted(ctx, args); err == nil {
			err = changed.apply(ctx)
		}
		return err
	})
	return out, err
}

// permitted executes, and tells the gate what has changed.
func (p *plain) permitted(ctx context.Context, args []any) (*output, error) {
	if !p.verdict.Changes {
		return p.execute(ctx, args)
	}
	s := p.s
	var out *output
	err := s.within(ctx, func() (err error) {
		if out, err = p.execute(ctx, args); err == nil {
			err = s.who.Applied(ctx, s.conn, p.verdict)
		}
		return err
	})
	return out, err
}

// execute binds and runs the prepared statement.
func (p *plain) execute(ctx context.Context, args []any) (*output, error) {
	s, made := p.s, p.prepared
	for i, slot := range made.slots {
		if slot == 0 {
			continue
		}
		if err := made.stmt.Bind(slot, args[i]); err != nil {
			return nil, err
		}
	}
	made.used = true
	res, err := made.stmt.Stream(ctx)
	if err != nil {
		return nil, p.refused(s.reveal(ctx, made, made.mapped(err)))
	}
	out := &output{tag: p.q.class.Tag(), counted: p.q.class.TagCounts(), changed: res.Changes()}
	s.wrote(&p.q)
	if !res.ReturnsRows() {
		_ = res.Close() // over already
		if out.counted {
			out.tag += " " + strconv.FormatInt(out.changed, 10)
			out.counted = false
		}
		return out, nil
	}
	made.refs++
	rows := &duckRows{s: s, res: res, prepared: made, conn: made.conn}
	out.rows, out.columns = rows, made.named(res.Columns())
	if len(p.columns) > 0 && !sameColumns(p.columns, out.columns) {
		if !slices.Contains(args, nil) || !rows.settle(p.columns, out.columns) {
			rows.close()
			return nil, errPlanChanged()
		}
		out.columns = p.columns
	}
	return out, nil
}

// refused words DuckDB's refusal to write in a READ ONLY transaction as PostgreSQL does.
func (p *plain) refused(err error) error {
	if p.s.tx.readOnly && sqlstate.Is(err, sqlstate.ReadOnlySQLTransaction) {
		return errReadOnly(p.q.class.Tag()).Because(err)
	}
	return err
}

// wrote takes note of what a statement may have changed.
func (s *Session) wrote(q *query) {
	switch c := q.class; c.Group {
	case classify.Query, classify.Transaction, classify.Cursor, classify.Notify:
		return
	case classify.Session:
		s.pinned = true
		s.plans++
		return
	case classify.Define, classify.Utility, classify.Rights, classify.Unknown:
		if c.Verb == classify.SetVariable || c.Verb == classify.Use || c.Verb == classify.Pragma || c.Verb == classify.Load || q.temporary() {
			s.pinned = true
			s.temporaries = s.temporaries || q.temporary()
		}
		s.plans++
		s.tx.defined = s.tx.state != txNone
		if s.tx.state == txNone {
			s.db.planned.Add(1)
		}
	case classify.Modify, classify.Copy, classify.Explain, classify.Prepared:
	}
	if !q.class.ReadOnly() {
		s.tx.writes++
	}
}

// temporary reports whether a definition makes a temporary object.
func (q *query) temporary() bool {
	for i, t := range q.st.Tokens {
		if i > 5 {
			return false
		}
		if t.Word(q.text, "temp") || t.Word(q.text, "temporary") {
			return true
		}
	}
	return false
}

// duckRows is an open result of DuckDB's.
type duckRows struct {
	// s is the session whose user wrote the statement, nil for one of Eider's own.
	s        *Session
	res      *duck.Result
	prepared *prepared
	conn     *duck.Conn
	// untyped are the columns that should have another type than DuckDB gives them.
	untyped map[int]*nullColumn
}

func (d *duckRows) next(ctx context.Context) (*types.Chunk, error) {
	chunk, err := d.res.Next(ctx)
	if err != nil {
		err = d.prepared.mapped(err)
		if d.s != nil && sqlstate.Is(err, sqlstate.QueryCanceled) {
			_ = d.res.Close() // over already; its connection is free
			if d.s.attached != nil && d.s.attached.src == source(d) {
				d.s.attached = nil
			}
			err = d.s.reveal(ctx, d.prepared, err)
		}
		return nil, err
	}
	if d.untyped != nil && chunk != nil {
		return d.typed(chunk)
	}
	return chunk, nil
}

func (d *duckRows) close() {
	_ = d.res.Close() // frees memory; there is nothing to lose
	d.prepared.release()
}
