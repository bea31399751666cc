package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/duck"
)

const (
	// A batch is what one INSERT takes: large enough that planning it doesn't count and
	// whole row groups are written, small enough that two of them fit into memory.
	copyBatchChunks = 64
	copyBatchBytes  = 16 << 20
	// copyFunction is the table function from which the INSERT reads.
	copyFunction = "eider_copy_in"
)

// copyFeed is a batch of rows on its way into an INSERT.
type copyFeed struct {
	id      int64
	columns []types.Column
	batch   []*types.Builder
	rows    int
}

// Columns implements duck.TableSource.
func (f *copyFeed) Columns() []types.Column { return f.columns }

// Cardinality implements duck.TableSource.
func (f *copyFeed) Cardinality() (uint64, bool) { return uint64(f.rows), true }

// Scan implements duck.TableSource.
func (f *copyFeed) Scan(columns []int) (duck.TableScan, error) {
	return &copyScan{feed: f, columns: columns}, nil
}

// copyScan reads a batch once.
type copyScan struct {
	feed    *copyFeed
	columns []int
	at      int
}

// MaxThreads implements duck.TableScan: one, because rows keep their order.
func (c *copyScan) MaxThreads() int { return 1 }

// Close implements duck.TableScan.
func (c *copyScan) Close() {}

// Fill implements duck.TableScan.
func (c *copyScan) Fill(out *duck.TableWriter) (int, error) {
	if c.at == len(c.feed.batch) {
		return 0, nil
	}
	chunk := c.feed.batch[c.at].Chunk()
	c.at++
	return chunk.Len, copyColumns(out, chunk, c.columns)
}

// CopyIn receives the rows of COPY … FROM STDIN. One goroutine feeds it: take a
// Chunk, fill it up to types.VectorSize rows (fewer when they are large: a megabyte is
// enough), Send it, at last Finish or Abort. Nothing is kept unless Finish succeeds.
//
// While a batch is inserted by a goroutine of CopyIn's own, the next one is filled.
type CopyIn struct {
	c      *copying
	cursor *Cursor // of the statement: its context, its events
	feed   *copyFeed
	// own tells that the transaction is the statement's.
	own bool

	batch []*types.Builder // being filled
	bytes int
	free  []*types.Builder
	input []*types.Type

	running chan error // of the batch being inserted, nil for none
	rows    int64      // inserted by finished batches
	sent    int64      // in batches before the one being inserted
	ended   bool
	err     error
}

// CopyIn starts COPY … FROM STDIN. input are the types of the chunks that will be sent,
// one for each of the plan's columns; nil means VARCHAR for all, cast by the engine.
func (st *Stmt) CopyIn(ctx context.Context, input []*types.Type) (*CopyIn, error) {
	c, ok := st.op.(*copying)
	if !ok || !c.plan.From {
		return nil, sqlstate.New(sqlstate.ProtocolViolation, "the statement is not COPY FROM STDIN")
	}
	s := st.s
	if err := st.runnable(); err != nil {
		return nil, err
	}
	in := &CopyIn{c: c, cursor: st.enter(ctx), input: input}
	if input == nil {
		in.input = make([]*types.Type, len(c.plan.Columns))
		for i := range in.input {
			in.input[i] = types.Of(types.Varchar)
		}
	}
	if len(in.input) != len(c.plan.Columns) {
		return nil, in.cursor.end(sqlstate.Newf(sqlstate.InternalError, "%d types for %d columns of COPY", len(in.input), len(c.plan.Columns)))
	}
	in.own = s.tx.state == txNone
	if in.own {
		if err := s.BeginImplicit(); err != nil {
			return nil, in.cursor.end(err)
		}
	}
	if err := s.ready(in.cursor.ctx, &st.q); err != nil {
		return nil, in.fail(err)
	}
	if c.verdict != nil {
		if err := s.who.Recheck(in.cursor.ctx, s.conn, c.verdict); err != nil {
			return nil, in.fail(err)
		}
	}
	in.feed = s.db.openFeed(in.input)
	s.copying = in
	return in, nil
}

// openFeed makes a feed under a number that nobody can guess.
func (db *DB) openFeed(input []*types.Type) *copyFeed {
	f := &copyFeed{columns: make([]types.Column, len(input))}
	for i, t := range input {
		f.columns[i] = types.Column{Name: "c" + strconv.Itoa(i), Type: t}
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	for f.id == 0 || db.copies[f.id] != nil {
		f.id = rand.Int64()
	}
	db.copies[f.id] = f
	return f
}

// feedOf is the table function's Bind.
func (db *DB) feedOf(id int64) (*copyFeed, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	f := db.copies[id]
	if f == nil {
		return nil, sqlstate.Newf(sqlstate.InsufficientPrivilege, "%s is for Eider's own use", copyFunction)
	}
	return f, nil
}

// Done is closed when the statement was cancelled; Send and Finish then fail.
func (in *CopyIn) Done() <-chan struct{} { return in.cursor.ctx.Done() }

// Chunk returns an empty buffer to fill; it belongs to the caller until Send.
func (in *CopyIn) Chunk() *types.Builder {
	if n := len(in.free); n > 0 {
		b := in.free[n-1]
		in.free = in.free[:n-1]
		b.Reset()
		return b
	}
	return types.NewBuilder(in.input)
}

// Send hands a filled buffer to the statement and blocks while it is busy. An error is
// the statement's own (a failed cast, a constraint, a cancel) and final.
func (in *CopyIn) Send(ctx context.Context, b *types.Builder) error {
	if in.ended {
		return in.err
	}
	if err := in.interrupted(ctx); err != nil {
		return in.fail(err)
	}
	if b.Len() > 0 {
		in.batch = append(in.batch, b)
		in.bytes += b.Bytes()
	}
	if len(in.batch) < copyBatchChunks && in.bytes < copyBatchBytes {
		return nil
	}
	return in.flush()
}

func (in *CopyIn) interrupted(ctx context.Context) error {
	for _, c := range []context.Context{in.cursor.ctx, ctx} {
		if c.Err() == nil {
			continue
		}
		var e *sqlstate.Error
		if errors.As(context.Cause(c), &e) {
			return e
		}
		return errUserCancel().Because(context.Cause(c))
	}
	return nil
}

// flush waits for the batch that is being inserted and starts the next one.
func (in *CopyIn) flush() error {
	if err := in.wait(); err != nil {
		return in.fail(err)
	}
	if len(in.batch) == 0 {
		return nil
	}
	f := in.feed
	f.batch, in.batch, in.bytes, f.rows = in.batch, nil, 0, 0
	for _, b := range f.batch {
		f.rows += b.Len()
	}
	done := make(chan error, 1)
	in.running = done
	go func() { done <- in.insert() }()
	return nil
}

// wait ends the goroutine of the running batch, if there is one.
func (in *CopyIn) wait() error {
	if in.running == nil {
		return nil
	}
	err := <-in.running
	in.running = nil
	if err == nil {
		in.sent += int64(in.feed.rows)
		in.free = append(in.free, in.feed.batch...)
		in.feed.batch = nil
	}
	return err
}

// insert runs the INSERT of one batch.
func (in *CopyIn) insert() error {
	s, ctx := in.c.s, in.cursor.ctx
	casts := make([]string, len(in.input))
	for i, col := range in.c.plan.Columns {
		casts[i] = "CAST(c" + strconv.Itoa(i) + " AS " + col.Type.String() + ") AS " + lex.QuoteIdent(col.Name)
	}
	from := "SELECT " + strings.Join(casts, ", ") + " FROM " + in.source()
	spec := *in.c.spec
	view := copying{s: s, spec: &spec, plan: in.c.plan}
	st, err := view.insertStatement(from)
	if err != nil {
		return err
	}
	text, _, err := s.rules.Apply(spec.made, st, &ruleEnv{Session: s, ctx: ctx})
	if err != nil {
		return err
	}
	n, err := s.conn.Exec(ctx, text)
	in.rows += n
	return nowhere(err)
}

func (in *CopyIn) source() string {
	return copyFunction + "(" + strconv.FormatInt(in.feed.id, 10) + ")"
}

// Finish waits for the statement and returns the number of rows copied; the tag is COPY n.
func (in *CopyIn) Finish(ctx context.Context) (int64, error) {
	if in.ended {
		return 0, in.err
	}
	err := in.interrupted(ctx)
	if err == nil {
		if err := in.flush(); err != nil {
			return 0, err
		}
		err = in.wait()
	}
	if err != nil {
		return 0, in.fail(err)
	}
	s := in.c.s
	s.wrote(&in.c.q)
	if in.own {
		err = s.finish(in.cursor.ctx, true)
	}
	in.close()
	in.cursor.tag, in.cursor.counted, in.cursor.info.Rows = "COPY", true, in.rows
	in.err = in.cursor.end(err)
	return in.rows, in.err
}

// Abort ends the statement with cause (57014 when nil), nothing is kept. It returns
// the error to send to the client.
func (in *CopyIn) Abort(cause error) error {
	if in.ended {
		return in.err
	}
	if cause == nil {
		cause = errUserCancel()
	}
	return in.fail(cause)
}

// fail ends the statement; nothing of it stays.
func (in *CopyIn) fail(err error) error {
	if in.running != nil { // the batch under way is of no use any more
		in.cursor.running.cancel(err)
		_ = in.wait() // err came first
	}
	if e := sqlstate.From(err); e.Where == "" {
		e.Where = in.where(e)
		err = e
	}
	s := in.c.s
	if in.own {
		if s.tx.began {
			s.rollbackDuck()
		}
		s.endTx(false)
	}
	in.close()
	in.err = in.cursor.end(err)
	return in.err
}

func (in *CopyIn) close() {
	in.ended = true
	in.c.s.copying = nil
	if in.feed != nil {
		db := in.c.s.db
		db.mu.Lock()
		delete(db.copies, in.feed.id)
		db.mu.Unlock()
	}
	in.batch, in.free = nil, nil
}

// where finds the row and column of a failed cast: it looks for the first value of the
// batch that doesn't cast, on a connection that the failure hasn't touched.
func (in *CopyIn) where(e *sqlstate.Error) string {
	table := "COPY " + in.c.plan.Table
	if e.Code.Class() != "22" || in.feed == nil || len(in.feed.batch) == 0 {
		return table
	}
	ctx := context.WithoutCancel(in.cursor.ctx)
	conn, err := in.c.s.db.duck.Connect(ctx)
	if err != nil {
		return table
	}
	defer conn.Close()
	best, found := int64(0), ""
	for i, col := range in.c.plan.Columns {
		c := "c" + strconv.Itoa(i)
		rows, err := conn.QueryRows(ctx, "SELECT n, v FROM (SELECT row_number() OVER () AS n, "+c+"::VARCHAR AS v, "+c+" AS x FROM "+in.source()+
			") WHERE x IS NOT NULL AND TRY_CAST(x AS "+col.Type.String()+") IS NULL LIMIT 1")
		if err != nil || len(rows) == 0 {
			continue
		}
		n, _ := rows[0][0].(int64)
		v, _ := rows[0][1].(string)
		if best == 0 || n < best {
			const most = 100
			if len(v) > most {
				v = strings.ToValidUTF8(v[:most], "") + "..."
			}
			best, found = n, fmt.Sprintf("column %s: %q", col.Name, v)
		}
	}
	if found == "" {
		return table
	}
	line := in.sent + best
	if in.c.plan.Header != CopyHeaderOff {
		line++
	}
	return fmt.Sprintf("%s, line %d, %s", table, line, found)
}
