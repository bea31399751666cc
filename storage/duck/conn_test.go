package duck

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// endless keeps every thread busy until it is interrupted.
const endless = "select count(*) from range(100000000) a, range(100000000) b where a.range * b.range % 7 = 3"

func TestExec(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	n, err := c.Exec(ctx, "create table t(a int, b text); insert into t values (1, 'a'), (2, NULL)")
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	n, err = c.Exec(ctx, "insert into t values ($1, $2)", 3, "long enough not to be inlined")
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	rows, err := c.QueryRows(ctx, "select * from t where a > ? order by a", 1)
	require.NoError(t, err)
	require.Equal(t, [][]any{{int64(2), nil}, {int64(3), "long enough not to be inlined"}}, rows)

	for sql, code := range map[string]sqlstate.Code{
		"select 1; select 2":    sqlstate.SyntaxError, // as a query
		"":                      sqlstate.SyntaxError,
		"-- nothing":            sqlstate.SyntaxError,
		"select '\x00'":         sqlstate.CharacterNotInRepertoire,
		"select 1; selec 2":     sqlstate.SyntaxError,
		"select '\xff\xfe'":     sqlstate.CharacterNotInRepertoire,
		"create table t(i int)": sqlstate.DuplicateTable,
	} {
		_, err := c.QueryRows(ctx, sql)
		require.Equal(t, code, sqlstate.CodeOf(err), "%q: %v", sql, err)
	}
	_, err = c.Exec(ctx, "insert into t values (4, 'd'); insert into nope values (1); insert into t values (5, 'e')")
	require.Equal(t, sqlstate.UndefinedTable, sqlstate.CodeOf(err))
	require.Equal(t, int64(4), queryOne(t, c, "select max(a) from t"), "what came before the failure stays, what comes after does not run")
	_, err = c.Exec(ctx, "select 1; select nope")
	require.Equal(t, 18, sqlstate.From(err).Position, "a position in the whole text")
	_, err = c.Exec(ctx, "select $1; select $1", 1)
	require.Equal(t, sqlstate.SyntaxError, sqlstate.CodeOf(err))
}

func TestDescribeTellsRows(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	mustExec(t, c, fixture)
	dir := t.TempDir()
	for _, tc := range []struct {
		sql  string
		kind StatementKind
	}{
		{"select 1 as x", Select}, {"values (1)", Select}, {"from t", Select}, {"show tables", Select}, {"describe t", Select},
		{"explain select 1", Explain}, {"explain analyze select 1", Explain},
		{"insert into t values (50, 1, 1, 'a')", Insert}, {"insert into t values (51, 1, 1, 'a') returning a", Insert},
		{`insert into t values (52, 1, 1, 'a') returning a::bigint as "Count"`, Insert},
		{"insert into t values (53, 1, 1, 'returning') /* returning */ -- returning", Insert},
		{"update t set d = 'y' where a = 50", Update}, {"update t set d = 'y' where a = 50 returning *", Update},
		{"delete from t where a = 51", Delete}, {"delete from t where a = 52 returning d", Delete},
		{"merge into t using (select 53 a) s on t.a = s.a when matched then delete", Merge},
		{"create table c1 as select 1", Create}, {"create table c2(i int)", Create}, {"create or replace view c3 as select 1", Create},
		{"create macro c4(x) as x", Create}, {"alter table c2 add column j int", Alter}, {"drop table c2", Drop},
		{"copy t to '" + filepath.Join(dir, "t.csv") + "'", Copy}, {"copy c1 to '" + filepath.Join(dir, "u.csv") + "' (return_files true)", Copy},
		{"set threads = 2", Set}, {"reset threads", Set}, {"set variable v = 1", Set}, {"begin", Transaction}, {"commit", Transaction},
		{"checkpoint", Call}, {"call pragma_version()", Call}, {"pragma version", Pragma}, {"pragma threads = 2", Set},
		{"vacuum", Vacuum}, {"analyze", Vacuum}, {"attach ':memory:' as m2", Attach}, {"detach m2", Detach}, {"use memory", Set},
		{"prepare p2 as select 1 as y", PrepareSQL}, {"execute p2", Execute}, {"deallocate p2", Drop}, {"comment on table t is 'c'", Alter},
		{"export database '" + filepath.Join(dir, "x") + "'", Export}, {"pivot dups on k using count(*)", Select},
	} {
		s, err := c.Prepare(ctx, tc.sql)
		require.NoError(t, err, tc.sql)
		described := s.Columns()
		r, err := s.Stream(ctx)
		require.NoError(t, err, tc.sql)
		require.Equal(t, r.ReturnsRows(), described != nil, "%s: %v", tc.sql, described)
		require.Equal(t, r.Columns(), described, tc.sql)
		require.NoError(t, r.Close())
		require.NoError(t, s.Close())
		if tc.kind != Pragma {
			require.Equal(t, tc.kind, s.Kind(), tc.sql)
		}
	}
}

func TestDescribeDoesNotExecute(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	mustExec(t, c, "create sequence s; create table t(a int, b decimal(9,2), c varchar)")
	s, err := c.Prepare(ctx, "insert into t select nextval('s'), $x, $y returning a, b * 2 as twice")
	require.NoError(t, err)
	require.Equal(t, 2, s.NumParams())
	require.Equal(t, "x", s.ParamName(1))
	require.Equal(t, "y", s.ParamName(2))
	require.Equal(t, "", s.ParamName(3))
	require.Equal(t, types.Unknown, s.ParamType(3).ID)
	require.Equal(t, int64(0), queryOne(t, c, "select count(*) from t"))
	require.Equal(t, int64(1), queryOne(t, c, "select nextval('s')"))

	s, err = c.Prepare(ctx, "select a + $1, c from t where b = $2 and c = $3")
	require.NoError(t, err)
	require.Equal(t, "DECIMAL(9,2)", s.ParamType(2).String())
	require.Equal(t, "VARCHAR", s.ParamType(3).String())
	s, err = c.Prepare(ctx, "select a, c as d from t where b = $1")
	require.NoError(t, err)
	require.Equal(t, []types.Column{{Name: "a", Type: types.Of(types.Integer)}, {Name: "d", Type: types.Of(types.Varchar)}}, s.Columns())
	// The table changes: the result tells the truth.
	mustExec(t, c, "drop table t; create table t(a varchar, b decimal(9,2), c int)")
	mustExec(t, c, "insert into t values ('now text of some length', 1, 7)")
	require.NoError(t, s.BindAll(1))
	r, err := s.Stream(ctx)
	require.NoError(t, err)
	require.Equal(t, []types.Column{{Name: "a", Type: types.Of(types.Varchar)}, {Name: "d", Type: types.Of(types.Integer)}}, r.Columns())
	chunk, err := r.Next(ctx)
	require.NoError(t, err)
	require.Equal(t, "now text of some length", Value(&chunk.Columns[0], 0))
	require.NoError(t, r.Close())
}

func TestStreamIsOvertaken(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	r, err := c.Query(ctx, "from range(10000000)")
	require.NoError(t, err)
	chunk, err := r.Next(ctx)
	require.NoError(t, err)
	require.Equal(t, types.VectorSize, chunk.Len)
	require.Equal(t, int64(1), queryOne(t, c, "select 1"))
	for range 2 {
		chunk, err = r.Next(ctx)
		require.Nil(t, chunk)
		require.Equal(t, sqlstate.InvalidCursorState, sqlstate.CodeOf(err))
	}
	require.NoError(t, r.Close())

	// A materialised result is independent.
	s, err := c.Prepare(ctx, "from range(5000)")
	require.NoError(t, err)
	r, err = s.Execute(ctx)
	require.NoError(t, err)
	require.Equal(t, int64(1), queryOne(t, c, "select 1"))
	n := 0
	for chunk, err = r.Next(ctx); chunk != nil; chunk, err = r.Next(ctx) {
		n += chunk.Len
	}
	require.NoError(t, err)
	require.Equal(t, 5000, n)
	chunk, err = r.Next(ctx)
	require.NoError(t, err)
	require.Nil(t, chunk)

	// A result outlives its statement.
	s, err = c.Prepare(ctx, "select 'some text of length ' || range from range(100000)")
	require.NoError(t, err)
	r, err = s.Stream(ctx)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	n = 0
	for chunk, err = r.Next(ctx); chunk != nil; chunk, err = r.Next(ctx) {
		n += chunk.Len
	}
	require.NoError(t, err)
	require.Equal(t, 100000, n)

	// Closing early leaves the connection and its transaction usable.
	mustExec(t, c, "begin; create table t(i int)")
	r, err = c.Query(ctx, "from range(10000000)")
	require.NoError(t, err)
	_, err = r.Next(ctx)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.NoError(t, r.Close())
	mustExec(t, c, "insert into t values (1); commit")
	require.Equal(t, int64(1), queryOne(t, c, "select count(*) from t"))
}

func TestWritesRunToTheEnd(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	mustExec(t, c, "create table t(i int)")
	r, err := c.Query(ctx, "insert into t from range(100000) returning i")
	require.NoError(t, err)
	require.NoError(t, r.Close(), "not one row was read")
	require.Equal(t, int64(100000), queryOne(t, c, "select count(*) from t"))
}

func TestErrorInsideStream(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	r, err := c.Query(ctx, "select case when i = 1500000 then error('late') else i end from range(2000000) t(i)")
	require.NoError(t, err)
	rows := 0
	var chunk *types.Chunk
	for chunk, err = r.Next(ctx); chunk != nil; chunk, err = r.Next(ctx) {
		rows += chunk.Len
	}
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err), err)
	require.Greater(t, rows, 1000000)
	require.Equal(t, int64(1), queryOne(t, c, "select 1"))
}

func TestCancelIsFast(t *testing.T) {
	_, c := openTest(t, Config{})
	mustExec(t, c, "create table big as select range i, repeat('x', 20) || range s from range(3000000)")
	for _, sql := range []string{
		endless,
		"select max(s) from (select s, row_number() over (order by hash(i)) from big)",
		"create table other as select a.* from big a, big b where a.s < b.s",
	} {
		for range 3 {
			ctx, cancel := context.WithCancel(context.Background())
			var at time.Time
			timer := time.AfterFunc(30*time.Millisecond, func() { at = time.Now(); cancel() })
			_, err := c.QueryRows(ctx, sql)
			took := time.Since(at)
			timer.Stop()
			require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err), "%s: %v", sql, err)
			require.ErrorIs(t, err, context.Canceled)
			require.Less(t, took, 100*time.Millisecond, sql)
			require.Equal(t, int64(1), queryOne(t, c, "select 1"), "the next statement runs")
		}
	}
}

func TestCancelBeforeAndBetween(t *testing.T) {
	_, c := openTest(t, Config{})
	ctx, cancel := context.WithCancel(context.Background())
	r, err := c.Query(ctx, "from range(100000000)")
	require.NoError(t, err)
	_, err = r.Next(ctx)
	require.NoError(t, err)
	cancel()
	_, err = r.Next(ctx)
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err))
	_, err = c.Exec(ctx, "select 1")
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err), "a context that ended before starts nothing")

	// The stream's own context counts even when Next gets another.
	ctx, cancel = context.WithCancel(context.Background())
	r, err = c.Query(ctx, "from range(100000000)")
	require.NoError(t, err)
	cancel()
	require.Eventually(t, func() bool {
		_, err := r.Next(context.Background())
		return sqlstate.Is(err, sqlstate.QueryCanceled)
	}, time.Second, time.Millisecond)

	// So does a context of Next's own.
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	r, err = c.Query(ctx, "from range(100000000000)")
	require.NoError(t, err)
	nctx, stopNext := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer stopNext()
	for err == nil {
		_, err = r.Next(nctx)
	}
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err), err)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	// The context's cause is the error when it is one of ours.
	timeout := sqlstate.New(sqlstate.QueryCanceled, "canceling statement due to statement timeout")
	tctx, stop := context.WithTimeoutCause(context.Background(), 20*time.Millisecond, timeout)
	defer stop()
	_, err = c.QueryRows(tctx, endless)
	require.Equal(t, timeout, err)

	// Nothing runs: nothing to interrupt, and the next statement is not hit.
	require.False(t, c.Interrupt())
	require.Equal(t, int64(1), queryOne(t, c, "select 1"))
}

// TestInterruptHitsOnlyWhatRuns fires interrupts at every moment of many short
// statements: each either succeeds or is 57014, and an interrupt that found
// something to cancel never leaks into a statement that began after it returned.
func TestInterruptHitsOnlyWhatRuns(t *testing.T) {
	_, c := openTest(t, Config{})
	ctx := context.Background()
	stop := make(chan struct{})
	var between sync.Mutex // held while a statement must not be hit
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			select {
			case <-stop:
				return
			default:
				between.Lock()
				c.Interrupt()
				between.Unlock()
			}
		}
	}()
	cancelled := 0
	for range 500 {
		_, err := c.QueryRows(ctx, "select count(*) from range(3000) t(i) where i % 3 = 0")
		if err != nil {
			require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err), err)
			cancelled++
		}
		between.Lock()
		_, err = c.QueryRows(ctx, "select 1")
		between.Unlock()
		require.NoError(t, err, "an interrupt from before hit a later statement")
	}
	close(stop)
	wg.Wait()
	require.Positive(t, cancelled)
}

func TestCloseWhileRunning(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx, Config{Path: filepath.Join(t.TempDir(), "x.db")})
	require.NoError(t, err)
	c, err := db.Connect(ctx)
	require.NoError(t, err)
	s, err := c.Prepare(ctx, "select 1")
	require.NoError(t, err)
	failed := make(chan error, 1)
	go func() {
		_, err := c.QueryRows(ctx, endless)
		failed <- err
	}()
	require.Eventually(t, func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.cur != nil }, time.Second, time.Millisecond)
	require.NoError(t, db.Close())
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(<-failed))
	require.NoError(t, db.Close())
	require.NoError(t, c.Close())
	require.NoError(t, s.Close())
	_, err = c.Exec(ctx, "select 1")
	require.Equal(t, sqlstate.ConnectionException, sqlstate.CodeOf(err))
	_, err = s.Stream(ctx)
	require.Error(t, err)
	_, err = db.Connect(ctx)
	require.Equal(t, sqlstate.CannotConnectNow, sqlstate.CodeOf(err))
}

func TestManyConnections(t *testing.T) {
	ctx := context.Background()
	db, c := openTest(t, Config{Path: filepath.Join(t.TempDir(), "x.db")})
	mustExec(t, c, "create table t(who int, n int)")
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c, err := db.Connect(ctx)
			if err != nil {
				errs[i] = err
				return
			}
			for n := range 20 {
				_, err := c.Exec(ctx, "insert into t values ($1, $2)", i, n)
				rows, err2 := c.QueryRows(ctx, "select count(*) from t where who = $1", i)
				if err2 == nil && rows[0][0] != int64(n+1) {
					err2 = errors.New("a row is missing")
				}
				errs[i] = errors.Join(errs[i], err, err2)
			}
			errs[i] = errors.Join(errs[i], c.Close())
		}()
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, int64(320), queryOne(t, c, "select count(*) from t"))
}

func TestProgress(t *testing.T) {
	_, c := openTest(t, Config{})
	require.Equal(t, -1.0, c.Progress().Fraction)
	mustExec(t, c, TrackProgress)
	mustExec(t, c, "create table big as select range i from range(20000000)")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := c.QueryRows(ctx, "select sum(hash(i::varchar || 'x')) from big")
		done <- err
	}()
	seen := false
	for running := true; running && !seen; {
		select {
		case <-done:
			running = false
		default:
			f := c.Progress().Fraction
			seen = f > 0 && f <= 1
		}
	}
	cancel()
	require.True(t, seen, "a long statement shows a fraction")
	if seen {
		<-done
	}
}

// A PIVOT without its values is several statements to DuckDB; preparing it makes nothing but types.
func TestPivotIsOneStatement(t *testing.T) {
	_, c := openTest(t, Config{})
	ctx := context.Background()
	_, err := c.Exec(ctx, "create table t as select i, i % 3 as k from range(10) r(i)")
	require.NoError(t, err)
	const create = "create table x as pivot t on k using count(*) group by i"
	for _, alone := range []bool{true, false} {
		if !alone {
			require.NoError(t, c.Begin(ctx, false))
		}
		s, err := c.Prepare(ctx, create)
		require.NoError(t, err)
		require.Equal(t, Create, s.Kind())
		require.Equal(t, int64(0), queryOne(t, c, "select count(*) from duckdb_tables() where table_name = 'x'"), "nothing ran yet")
		n, err := s.exec(ctx)
		require.NoError(t, err)
		require.Equal(t, int64(10), n)
		require.NoError(t, s.Close())
		_, err = c.Exec(ctx, "drop table x")
		require.NoError(t, err)
		if !alone {
			require.NoError(t, c.Commit(ctx))
		}
	}
}
