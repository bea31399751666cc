package pg

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// fakeDatabase stands in for the engine where the protocol is what is tested: it
// understands a handful of statements that mean the same in PostgreSQL, and a few
// that hang, panic or fail on purpose. It executes nothing, so fuzzers may write
// what they like.
type fakeDatabase struct {
	harmless bool // nothing hangs, panics or is huge
	pids     atomic.Int32
	mu       sync.Mutex // guards open
	open     map[int32]*fakeSession
}

func newFakeDatabase() *fakeDatabase { return &fakeDatabase{open: map[int32]*fakeSession{}} }

func (d *fakeDatabase) Name() string { return "shop" }

func (d *fakeDatabase) NewSession(_ context.Context, o engine.SessionOptions) (session, error) {
	s := &fakeSession{db: d, pid: d.pids.Add(1), opts: o, tx: 'I', cancel: make(chan struct{}, 1), done: make(chan struct{}),
		settings: map[string]string{"server_version": "15.0 (fake)", "client_encoding": "UTF8", "application_name": "", "timezone": "UTC"}}
	for k, v := range o.Settings {
		if _, known := s.settings[k]; !known && !strings.HasSuffix(k, "_timeout") {
			return nil, sqlstate.Newf(sqlstate.UndefinedObject, "unrecognized configuration parameter %q", k)
		}
		s.settings[k] = v
	}
	d.mu.Lock()
	d.open[s.pid] = s
	d.mu.Unlock()
	return s, nil
}

func (d *fakeDatabase) terminate(pid int32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.open[pid]; s != nil {
		close(s.done)
		s.Cancel()
	}
}

type fakeSession struct {
	version  uint64
	db       *fakeDatabase
	pid      int32
	opts     engine.SessionOptions
	tx       byte
	implicit bool
	cancel   chan struct{}
	done     chan struct{}
	settings map[string]string
	running  atomic.Bool
	named    map[string]statement
}

func (s *fakeSession) AddPrepared(name string, st statement) error {
	if s.named == nil {
		s.named = map[string]statement{}
	}
	s.named[name] = st
	return nil
}

func (s *fakeSession) Prepared(name string) statement { return s.named[name] }

func (s *fakeSession) DropPrepared(name string) bool {
	_, ok := s.named[name]
	delete(s.named, name)
	return ok
}

func (s *fakeSession) PID() int32                         { return s.pid }
func (s *fakeSession) Split(text string) []lex.Stmt       { return lex.Split(text) }
func (s *fakeSession) TxStatus() byte                     { return s.tx }
func (s *fakeSession) BeginImplicit() error               { s.implicit = true; return nil }
func (s *fakeSession) Done() <-chan struct{}              { return s.done }
func (s *fakeSession) Err() error                         { return nil }
func (s *fakeSession) Cursors() []engine.CursorInfo       { return nil }
func (s *fakeSession) Setting(name string) (string, bool) { v, ok := s.settings[name]; return v, ok }

// SettingsVersion is new each time: the fake's settings may change at any moment.
func (s *fakeSession) SettingsVersion() uint64 {
	s.version++
	return s.version
}

func (s *fakeSession) EndImplicit(context.Context, bool) error { s.implicit = false; return nil }

func (s *fakeSession) Fail() {
	if s.tx == 'T' {
		s.tx = 'E'
	}
}

func (s *fakeSession) Cancel() {
	if s.running.Load() {
		select {
		case s.cancel <- struct{}{}:
		default:
		}
	}
}

func (s *fakeSession) Close() error {
	s.db.mu.Lock()
	delete(s.db.open, s.pid)
	s.db.mu.Unlock()
	return nil
}

func (s *fakeSession) Prepare(_ context.Context, text string, st lex.Stmt, given []*types.Type) (statement, error) {
	sql := strings.ToLower(text[st.Start:st.End])
	if s.tx == 'E' && sql != "rollback" && sql != "commit" {
		return nil, sqlstate.New(sqlstate.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block")
	}
	f := &fakeStatement{s: s, sql: sql}
	bigint := []types.Column{{Name: "x", Type: types.Of(types.BigInt)}}
	var n int
	switch {
	case s.db.harmless && (sql == "panic" || sql == "huge" || strings.HasPrefix(sql, "select pg_sleep")):
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "not now")
	case sql == "select 1":
		f.columns, f.rows = []types.Column{{Name: "?column?", Type: types.Of(types.Integer)}}, 1
	case scan(sql, "select * from generate_series(1, %d) as t(x)", &n), scan(sql, "rows %d then fail", &n):
		f.columns, f.rows = bigint, n
	case strings.HasPrefix(sql, "select $1"):
		t := types.Of(types.Varchar)
		if len(given) > 0 && given[0] != nil {
			t = given[0]
		}
		f.params, f.columns, f.rows = []*types.Type{t}, []types.Column{{Name: "?column?", Type: types.Of(types.Varchar)}}, 1
	case sql == "select pg_sleep(60)":
		f.columns = bigint
	case sql == "begin", sql == "commit", sql == "rollback", sql == "select 1/0", sql == "panic", sql == "notice", sql == "notice and sleep" && !s.db.harmless,
		strings.HasPrefix(sql, "set "), strings.HasPrefix(sql, "notify "):
	case sql == "huge":
		f.columns, f.rows = []types.Column{{Name: "s", Type: types.Of(types.Varchar)}}, 1
	default:
		at := st.Start
		return nil, sqlstate.Newf(sqlstate.SyntaxError, "syntax error at or near %q", firstWord(text[st.Start:st.End])).At(at)
	}
	return f, nil
}

func scan(s, format string, n *int) bool {
	got, err := fmt.Sscanf(s, format, n)
	return err == nil && got == 1
}

func firstWord(s string) string {
	w, _, _ := strings.Cut(s, " ")
	return w
}

type fakeStatement struct {
	s       *fakeSession
	sql     string
	params  []*types.Type
	columns []types.Column
	rows    int
}

func (f *fakeStatement) Params() []*types.Type   { return f.params }
func (f *fakeStatement) Columns() []types.Column { return f.columns }
func (f *fakeStatement) KeepsPlan() bool         { return f.sql == "select 1" }
func (f *fakeStatement) Copy() *engine.CopyPlan  { return nil }
func (f *fakeStatement) Close() error            { return nil }

func (f *fakeStatement) CopyIn(context.Context, []*types.Type) (copyIn, error) {
	return nil, sqlstate.New(sqlstate.FeatureNotSupported, "no COPY here")
}

func (f *fakeStatement) CopyOut(context.Context) (cursor, error) {
	return nil, sqlstate.New(sqlstate.FeatureNotSupported, "no COPY here")
}

func (f *fakeStatement) Run(ctx context.Context, args []any) (cursor, error) {
	s := f.s
	tag := strings.ToUpper(firstWord(f.sql))
	switch {
	case f.sql == "begin":
		s.tx = 'T'
	case f.sql == "commit" || f.sql == "rollback":
		if s.tx == 'E' {
			tag = "ROLLBACK"
		}
		s.tx = 'I'
	case f.sql == "select 1/0":
		return nil, sqlstate.New(sqlstate.DivisionByZero, "division by zero")
	case f.sql == "panic":
		panic("on purpose")
	case f.sql == "notice":
		s.opts.OnNotice(&sqlstate.Error{Severity: "NOTICE", Code: "00000", Message: "look out"})
	case f.sql == "notice and sleep":
		s.running.Store(true)
		defer s.running.Store(false)
		s.opts.OnNotice(&sqlstate.Error{Severity: "NOTICE", Code: "00000", Message: "half of it"})
		<-s.cancel
		return nil, errCanceled()
	case f.sql == "select pg_sleep(60)":
		s.running.Store(true)
		defer s.running.Store(false)
		select {
		case <-s.cancel:
			return nil, errCanceled()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	case strings.HasPrefix(f.sql, "set "):
		name, value, _ := strings.Cut(f.sql[4:], " = ")
		s.settings[name] = strings.Trim(value, "'")
		s.opts.OnParameter(name, s.settings[name])
	case strings.HasPrefix(f.sql, "notify "):
		s.db.mu.Lock()
		defer s.db.mu.Unlock()
		for _, other := range s.db.open {
			other.opts.OnNotification(f.sql[7:], "hello", s.pid)
		}
	}
	return &fakeCursor{f: f, args: args, tag: tag}, nil
}

type fakeCursor struct {
	f    *fakeStatement
	args []any
	tag  string
	sent int
}

func (c *fakeCursor) Columns() []types.Column { return c.f.columns }
func (c *fakeCursor) Close() error            { return nil }
func (c *fakeCursor) Suspend()                {}

func (c *fakeCursor) Tag() string { return c.TagOf(int64(c.f.rows)) }

func (c *fakeCursor) TagOf(n int64) string {
	if c.tag == "SELECT" {
		return fmt.Sprintf("SELECT %d", n)
	}
	return c.tag
}

func (c *fakeCursor) Next(context.Context) (*types.Chunk, error) {
	n := min(c.f.rows-c.sent, types.VectorSize)
	if n <= 0 {
		if strings.HasSuffix(c.f.sql, "then fail") {
			return nil, sqlstate.New(sqlstate.DivisionByZero, "division by zero")
		}
		return nil, nil
	}
	b := types.NewBuilder([]*types.Type{c.f.columns[0].Type})
	for i := range n {
		col := b.Column(0)
		switch c.f.columns[0].Type.ID {
		case types.Integer:
			types.AppendFixed(col, int32(1))
		case types.BigInt:
			types.AppendFixed(col, int64(c.sent+i+1))
		default:
			switch {
			case c.f.sql == "huge":
				col.AppendBytes([]byte(strings.Repeat("x", 200<<20)))
			case c.args[0] == nil:
				col.AppendNull()
			default:
				col.AppendBytes([]byte(fmt.Sprint(c.args[0])))
			}
		}
	}
	c.sent += n
	return b.Chunk(), nil
}
