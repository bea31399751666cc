package engine

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// sqlCursor is what DECLARE makes. Its query streams like any other; with SCROLL the
// rows that were read are kept, so that it can go back.
type sqlCursor struct {
	name, text string
	hold       bool
	stream     *Cursor
	// serial counts the session's declarations, for ROLLBACK TO.
	serial int
	// inTx tells that the transaction that declared it is still open.
	inTx bool
	at   time.Time
	rows *rowWindow
}

// CursorInfo describes an open cursor as pg_cursors shows it.
type CursorInfo struct {
	Name, Statement  string
	Holdable, Scroll bool
	At               time.Time
	Columns          []types.Column
}

// Cursors lists the session's cursors that DECLARE made, by name.
func (s *Session) Cursors() []CursorInfo {
	out := make([]CursorInfo, 0, len(s.cursors))
	for _, c := range s.cursors {
		out = append(out, CursorInfo{c.name, c.text, c.hold, c.rows.store != nil, c.at, c.stream.Columns()})
	}
	slices.SortFunc(out, func(a, b CursorInfo) int { return compareStrings(a.Name, b.Name) })
	return out
}

// planCursor plans DECLARE, FETCH, MOVE and CLOSE.
func (s *Session) planCursor(ctx context.Context, q *query) (operation, error) {
	w := q.words()
	w.skip()
	switch q.class.Verb {
	case classify.Declare:
		return s.planDeclare(ctx, q, w)
	case classify.Fetch, classify.Move:
		return s.planFetch(q, w)
	}
	if w.accept("all") && w.end() {
		return action{tag: "CLOSE CURSOR ALL", do: func(context.Context) (string, error) { s.closeCursorsSince(0); return "", nil }}, nil
	}
	name, ok := w.name()
	if !ok || !w.end() {
		return nil, w.unexpected()
	}
	return action{tag: "CLOSE CURSOR", do: func(context.Context) (string, error) {
		c := s.cursors[name]
		if c == nil {
			return "", errNoCursor(name)
		}
		s.closeCursor(c)
		return "", nil
	}}, nil
}

func errNoCursor(name string) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.InvalidCursorName, "cursor %q does not exist", name)
}

// declare is DECLARE name … CURSOR … FOR query.
type declare struct {
	s            *Session
	name, text   string
	scroll, hold bool
	inner        *Stmt
}

// planDeclare reads DECLARE name [INSENSITIVE|ASENSITIVE] [[NO] SCROLL] CURSOR [WITH|WITHOUT HOLD] FOR query.
func (s *Session) planDeclare(ctx context.Context, q *query, w *words) (operation, error) {
	d := &declare{s: s, text: q.st.Text(q.text)}
	var ok bool
	if d.name, ok = w.name(); !ok {
		return nil, w.unexpected()
	}
	for {
		at := w.offset()
		switch {
		case w.any("insensitive", "asensitive"), w.accept("no", "scroll"):
			continue
		case w.accept("scroll"):
			d.scroll = true
			continue
		case w.accept("binary"):
			return nil, sqlstate.New(sqlstate.FeatureNotSupported, "binary cursors are not supported").At(at).
				WithHint("Ask for the binary format when you fetch over the extended protocol.")
		}
		break
	}
	if !w.accept("cursor") {
		return nil, w.unexpected()
	}
	if w.accept("with", "hold") {
		d.hold = true
	} else {
		w.accept("without", "hold")
	}
	if !w.accept("for") {
		return nil, w.unexpected()
	}
	inner, ok := classify.Inner(q.st, q.class)
	if !ok || classify.Classify(q.text, inner).Group != classify.Query {
		return nil, w.unexpected()
	}
	var err error
	d.inner, err = s.compile(ctx, q.text, inner, q.declared)
	return d, err
}

func (d *declare) describe() ([]*types.Type, []types.Column) { return d.inner.params, nil }

func (d *declare) close() { d.inner.op.close() }

func (d *declare) run(ctx context.Context, args []any) (*output, error) {
	s := d.s
	if s.cursors[d.name] != nil {
		return nil, sqlstate.Newf(sqlstate.DuplicateCursor, "cursor %q already exists", d.name)
	}
	if !d.hold && s.tx.state == txNone {
		return nil, sqlstate.New(sqlstate.NoActiveSQLTransaction, "DECLARE CURSOR can only be used in transaction blocks").
			WithHint("Declare it WITH HOLD to use it outside.")
	}
	stream, err := s.background(ctx, d, args)
	if err != nil {
		return nil, err
	}
	if s.cursors == nil {
		s.cursors = map[string]*sqlCursor{}
	}
	s.declared++
	c := &sqlCursor{
		name: d.name, text: d.text, hold: d.hold, serial: s.declared, inTx: s.tx.state != txNone, at: time.Now(),
		stream: stream, rows: &rowWindow{columns: stream.columns, read: stream.behind},
	}
	if d.scroll {
		c.rows.store = &chunkStore{space: s.db.spills, columns: stream.columns}
	}
	s.cursors[d.name] = c
	return &output{tag: "DECLARE CURSOR"}, nil
}

// background runs the query of a DECLARE as a Cursor that belongs to no running
// statement: later ones fetch its rows. ctx reaches it while it starts.
func (s *Session) background(ctx context.Context, d *declare, args []any) (*Cursor, error) {
	own, cancel := context.WithCancelCause(context.Background())
	c := &Cursor{s: s, caller: own, ctx: own, running: &running{cancel: cancel, stopped: own.Err}, started: time.Now(), hold: d.hold}
	defer c.reachedBy(ctx)()
	out, err := d.inner.op.run(own, args)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	c.columns, c.src = out.columns, out.rows
	if rows, ok := out.rows.(*duckRows); ok {
		c.conn, c.connID = rows.conn, s.connID
		s.attached = c
	}
	return c, nil
}

// reachedBy lets ctx cancel the cursor until the function it returns is called.
func (c *Cursor) reachedBy(ctx context.Context) func() bool {
	return context.AfterFunc(ctx, func() { c.running.cancel(context.Cause(ctx)) })
}

// behind reads the next rows of a background cursor for a statement that ctx bounds.
func (c *Cursor) behind(ctx context.Context) (*types.Chunk, error) {
	defer c.reachedBy(ctx)()
	return c.src.next(c.ctx)
}

// closeCursor drops a cursor with its rows.
func (s *Session) closeCursor(c *sqlCursor) {
	delete(s.cursors, c.name)
	if c.rows.store != nil {
		c.rows.store.close()
	}
	c.stream.abandon()
}

// abandon frees a background cursor.
func (c *Cursor) abandon() {
	s := c.s
	if s.attached == c {
		s.attached = nil
	}
	if c.src != nil {
		c.src.close()
		c.src = nil
	}
	c.letGo()
	c.running.cancel(nil)
}

// letGo closes the cursor's connection if it has one of its own.
func (c *Cursor) letGo() {
	if c.conn != nil && c.conn != c.s.conn {
		c.s.db.forget(c.connID)
		_ = c.conn.Close() // nothing on it is wanted any more
	}
	c.conn = nil
}

// closeCursorsSince closes the cursors declared after the first n ones.
func (s *Session) closeCursorsSince(n int) {
	for _, c := range s.cursors {
		if c.serial > n {
			s.closeCursor(c)
		}
	}
}

// endCursors closes what belongs to the transaction that has ended; cursors WITH HOLD
// survive its commit.
func (s *Session) endCursors(committed bool) {
	for _, c := range s.cursors {
		if !c.inTx {
			continue
		}
		if c.hold && committed {
			c.inTx = false
		} else {
			s.closeCursor(c)
		}
	}
}

// movement is what FETCH and MOVE ask for.
type movement struct {
	// absolute places the cursor on row n, from the end if n < 0; otherwise n rows follow
	// forwards or, if n < 0, backwards.
	absolute bool
	// single returns only the row that the cursor ends on (RELATIVE).
	single bool
	n      int64
}

const allRows = math.MaxInt64

// planFetch reads {FETCH|MOVE} [direction] [FROM|IN] name.
func (s *Session) planFetch(q *query, w *words) (operation, error) {
	m, err := w.movement()
	if err != nil {
		return nil, err
	}
	if w.pos+1 < len(w.toks) {
		w.any("from", "in")
	}
	name, ok := w.name()
	if !ok || !w.end() {
		return nil, w.unexpected()
	}
	c := s.cursors[name]
	if c == nil {
		return nil, errNoCursor(name)
	}
	return &fetch{s: s, name: name, m: m, moveOnly: q.class.Verb == classify.Move, columns: c.rows.columns}, nil
}

// movement reads a direction; a cursor may be named like one.
func (w *words) movement() (movement, error) {
	next := movement{n: 1}
	if len(w.toks)-w.pos <= 1 {
		return next, nil
	}
	switch {
	case w.accept("next"):
		return next, nil
	case w.accept("prior"):
		return movement{n: -1}, nil
	case w.accept("first"):
		return movement{absolute: true, n: 1}, nil
	case w.accept("last"):
		return movement{absolute: true, n: -1}, nil
	case w.accept("all"):
		return movement{n: allRows}, nil
	case w.is(0, "absolute"), w.is(0, "relative"):
		m := movement{absolute: w.is(0, "absolute"), single: true}
		w.skip()
		n, ok := w.count()
		if !ok {
			return m, w.unexpected()
		}
		m.n = n
		return m, nil
	case w.is(0, "forward"), w.is(0, "backward"):
		m := movement{n: 1}
		back := w.is(0, "backward")
		w.skip()
		if w.accept("all") {
			m.n = allRows
		} else if n, ok := w.count(); ok {
			m.n = n
		}
		if back {
			m.n = -m.n
		}
		return m, nil
	}
	if n, ok := w.count(); ok {
		return movement{n: n}, nil
	}
	return next, nil
}

// count moves past a signed whole number.
func (w *words) count() (int64, bool) {
	start := w.pos
	if text, ok := w.number(); ok {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n != math.MinInt64 {
			return n, true
		}
	}
	w.pos = start
	return 0, false
}

// fetch is FETCH or MOVE.
type fetch struct {
	s        *Session
	name     string
	m        movement
	moveOnly bool
	columns  []types.Column
}

func (f *fetch) describe() ([]*types.Type, []types.Column) {
	if f.moveOnly {
		return nil, nil
	}
	return nil, f.columns
}

func (f *fetch) close() {}

func (f *fetch) run(ctx context.Context, _ []any) (*output, error) {
	c := f.s.cursors[f.name]
	if c == nil {
		return nil, errNoCursor(f.name)
	}
	if !f.moveOnly && !sameColumns(f.columns, c.rows.columns) {
		return nil, errPlanChanged()
	}
	src, err := c.rows.seek(ctx, f.m)
	if err != nil {
		return nil, err
	}
	if !f.moveOnly {
		return &output{columns: c.rows.columns, rows: src, tag: "FETCH", counted: true}, nil
	}
	n := int64(0)
	for {
		chunk, err := src.next(ctx)
		if err != nil {
			return nil, err
		}
		if chunk == nil {
			return &output{tag: "MOVE " + strconv.FormatInt(n, 10)}, nil
		}
		n += int64(chunk.Len)
	}
}
