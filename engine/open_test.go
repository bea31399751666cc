package engine

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/builtin"
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/catalog"
	"github.com/eiderdb/eider/storage/duck"
)

func TestValidate(t *testing.T) {
	o := Options{Path: "/data/Eider.v2.db", MemoryLimitBytes: -1, MaxTempBytes: -1, Threads: -2, Builtins: &builtin.Set{Functions: []*fn.Decl{{Name: "Bad Name"}}}}
	err := o.Validate()
	for _, want := range []string{`called "Eider"`, "MemoryLimitBytes", "MaxTempBytes", "Threads", `"Bad Name"`} {
		require.ErrorContains(t, err, want)
	}
	for _, path := range []string{"eider.db", "x/pg_catalog", "information_schema.duckdb", "EIDER_MODELS.db"} {
		o := Options{Path: path}
		err := o.Validate()
		require.Equal(t, sqlstate.InvalidName, sqlstate.CodeOf(err), path)
		require.Contains(t, sqlstate.From(err).Hint, "_data")
	}
	require.Error(t, (&Options{ReadOnly: true}).Validate())
	require.Error(t, (&Options{Path: "a\x00b"}).Validate())
	require.NoError(t, (&Options{}).Validate())
	require.NoError(t, (&Options{Path: "shop.db"}).Validate())
}

func TestDefaults(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "shop.db")}
	o.EnsureDefaults()
	require.Equal(t, o.Path+".tmp", o.TempDir)
	require.Positive(t, o.MemoryLimitBytes)
	require.Positive(t, o.MaxTempBytes)
	s := newSession(t, openDB(t, o), SessionOptions{})
	got := strings.Split(rowsOf(t, s, "select current_setting('memory_limit'), current_setting('temp_directory'), current_setting('max_temp_directory_size'), current_database()"), "\t")
	require.NotEmpty(t, got[0])
	require.Equal(t, o.TempDir, got[1])
	require.NotEqual(t, "0 bytes", got[2])
	require.Equal(t, "shop", got[3])
	require.Equal(t, "shop", s.db.Name())
	require.Equal(t, "memory", openDB(t, Options{}).Name())
}

func TestInMemoryTempDirIsRemoved(t *testing.T) {
	db, err := Open(context.Background(), Options{})
	require.NoError(t, err)
	dir := db.opts.TempDir
	require.DirExists(t, dir)
	require.NoError(t, db.Close())
	require.NoDirExists(t, dir)
	require.NoError(t, db.Close(), "idempotent")
	_, err = db.NewSession(context.Background(), SessionOptions{})
	require.Equal(t, sqlstate.CannotConnectNow, sqlstate.CodeOf(err))
}

// The child holds the file while the parent tries to open it.
func TestSecondProcess(t *testing.T) {
	ctx := context.Background()
	if path := os.Getenv("EIDER_TEST_HOLD"); path != "" {
		db, err := Open(ctx, Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("held\n")
		var b [1]byte
		_, _ = os.Stdin.Read(b[:]) // until the parent is done
		_ = db.Close()
		return
	}
	path := filepath.Join(t.TempDir(), "shop.db")
	child := osexec.Command(os.Args[0], "-test.run=^TestSecondProcess$")
	child.Env = append(os.Environ(), "EIDER_TEST_HOLD="+path)
	in, err := child.StdinPipe()
	require.NoError(t, err)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	line := make([]byte, 5)
	_, err = out.Read(line)
	require.NoError(t, err)
	require.Equal(t, "held\n", string(line))
	for _, readOnly := range []bool{false, true} {
		_, err = Open(ctx, Options{Path: path, ReadOnly: readOnly})
		require.Equal(t, sqlstate.ObjectInUse, sqlstate.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "shop.db")
	}
	require.NoError(t, in.Close())
	require.NoError(t, child.Wait())
	require.NoError(t, openDB(t, Options{Path: path}).Close())
	_, err = Open(ctx, Options{Path: filepath.Join(path, "no", "such", "dir", "x.db")})
	require.Error(t, err)
	require.NoError(t, os.WriteFile(path+".txt", bytes.Repeat([]byte("not a database "), 1000), 0o600))
	_, err = Open(ctx, Options{Path: path + ".txt"})
	require.Equal(t, sqlstate.DataCorrupted, sqlstate.CodeOf(err), "%v", err)
}

func TestReadOnlyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	db := openDB(t, Options{Path: path})
	s := newSession(t, db, SessionOptions{})
	exec(t, s, "create table t as select 1 as a")
	require.NoError(t, s.Close())
	require.NoError(t, db.Close())

	s = newSession(t, openDB(t, Options{Path: path, ReadOnly: true}), SessionOptions{})
	require.Equal(t, "1", rowsOf(t, s, "select * from t"))
	require.Equal(t, sqlstate.ReadOnlySQLTransaction, failing(t, s, "insert into t values (2)").Code)
	require.Equal(t, "1", rowsOf(t, s, "select clip_to(1, 0, 2)"))
	require.NotEqual(t, "0", rowsOf(t, s, "select count(*) from eider.functions"))

	// A file without our catalog opens read-only as well, unchanged.
	plain := filepath.Join(t.TempDir(), "plain.db")
	withDuck(t, plain, func(c *duck.Conn) { mustExec(t, c, "create table t as select 2 as a") })
	s = newSession(t, openDB(t, Options{Path: plain, ReadOnly: true}), SessionOptions{})
	require.Equal(t, "2", rowsOf(t, s, "select * from t"))
}

func withDuck(t *testing.T, path string, f func(*duck.Conn)) {
	t.Helper()
	db, err := duck.Open(context.Background(), duck.Config{Path: path})
	require.NoError(t, err)
	c, err := db.Connect(context.Background())
	require.NoError(t, err)
	f(c)
	require.NoError(t, db.Close())
}

func mustExec(t *testing.T, c *duck.Conn, sql string) {
	t.Helper()
	_, err := c.Exec(context.Background(), sql)
	require.NoError(t, err, sql)
}

// A file of every older version opens and is brought up to date; what is in it stays.
func TestOlderVersions(t *testing.T) {
	ctx := context.Background()
	all, err := catalog.Migrations()
	require.NoError(t, err)
	for version := range len(all) {
		path := filepath.Join(t.TempDir(), "shop.db")
		db, err := duck.Open(ctx, duck.Config{Path: path})
		require.NoError(t, err)
		c, err := db.Connect(ctx)
		require.NoError(t, err)
		// The views of that version need the functions that its program had.
		old := &DB{opts: Options{Builtins: builtin.All()}}
		require.NoError(t, old.install(ctx, c))
		_, _, err = catalog.MigrateTo(ctx, c, "Eider test", version)
		require.NoError(t, err)
		mustExec(t, c, "create table mine as select 42 as a")
		require.NoError(t, db.Close())

		s := newSession(t, openDB(t, Options{Path: path}), SessionOptions{})
		require.Equal(t, "42", rowsOf(t, s, "select * from mine"))
		require.Equal(t, len(all), len(strings.Split(rowsOf(t, s, "select version, name from eider.migrations order by 1"), "\n")))
		require.NotEqual(t, "0", rowsOf(t, s, "select count(*) from eider.functions"))
	}
}

func TestNewerVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	require.NoError(t, openDB(t, Options{Path: path}).Close())
	withDuck(t, path, func(c *duck.Conn) {
		mustExec(t, c, "insert into eider.migrations values (9999, 'future', now(), 'Eider 99.0')")
	})
	for _, readOnly := range []bool{false, true} {
		_, err := Open(context.Background(), Options{Path: path, ReadOnly: readOnly})
		require.Equal(t, sqlstate.ObjectNotInPrerequisiteState, sqlstate.CodeOf(err))
		require.ErrorContains(t, err, "Eider 99.0")
		require.ErrorContains(t, err, "9999")
	}
	withDuck(t, path, func(c *duck.Conn) {
		rows, err := c.QueryRows(context.Background(), "select count(*) from eider.migrations where version < 9999")
		require.NoError(t, err)
		require.NotEqual(t, int64(0), rows[0][0], "the file is as it was")
	})
}

func TestForeignSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	withDuck(t, path, func(c *duck.Conn) { mustExec(t, c, "create schema eider; create table eider.ducks (a int)") })
	_, err := Open(context.Background(), Options{Path: path})
	require.Equal(t, sqlstate.ObjectNotInPrerequisiteState, sqlstate.CodeOf(err))
	require.ErrorContains(t, err, "not made by Eider")
}

func TestSystemCatalog(t *testing.T) {
	s := newSession(t, openDB(t, Options{}), SessionOptions{ApplicationName: "test", ClientAddr: "1.2.3.4:5"})
	require.Equal(t, "scalar", rowsOf(t, s, "select kind from eider.functions where name = 'normalize_text'"))
	require.Equal(t, "test\t1.2.3.4:5\tactive\ttrue", rowsOf(t, s, "select application, client, state, query like 'select application%' from eider.sessions"))
	require.Equal(t, "0", rowsOf(t, s, `select count(*) from duckdb_columns() c join duckdb_views() v on v.schema_name = c.schema_name and v.view_name = c.table_name
		where c.schema_name = 'eider' and c.comment is null`), "every column of our views is documented")
	require.Equal(t, "0", rowsOf(t, s, "select count(*) from duckdb_views() where schema_name = 'eider' and comment is null"))
	require.Equal(t, sqlstate.UndefinedTable, failing(t, s, "select * from eider.nope").Code)
	require.Error(t, failing(t, s, "select * from eider_copy_in(1)"))
}

func TestSetup(t *testing.T) {
	db := openDB(t, Options{Setup: []string{"create schema sys; create view sys.v as select 7 as a"}, SystemSchemas: []string{"sys"}})
	require.Equal(t, "7", rowsOf(t, newSession(t, db, SessionOptions{}), "from sys.v"))
	_, err := Open(context.Background(), Options{Setup: []string{"select 1", "nonsense"}})
	require.ErrorContains(t, err, "setup statement 2")
}

// Close cancels what runs, and the session's owner is told why.
func TestCloseCancels(t *testing.T) {
	db := openDB(t, Options{})
	s := newSession(t, db, SessionOptions{})
	idle := newSession(t, db, SessionOptions{})
	failed := make(chan error, 1)
	go func() {
		_, err := s.Exec(context.Background(), forever)
		failed <- err
	}()
	waitActive(t, s)
	require.NoError(t, db.Close())
	require.Equal(t, sqlstate.AdminShutdown, sqlstate.CodeOf(<-failed))
	<-s.Done()
	<-idle.Done()
	_, err := idle.Exec(context.Background(), "select 1")
	require.Equal(t, sqlstate.AdminShutdown, sqlstate.CodeOf(err))
	require.NoError(t, idle.Close())
	require.NoError(t, idle.Close())
}

// forever runs until it is cancelled.
const forever = "select count(*) from range(1000000) a(i), range(1000000) b(j) where (i * j) % 7 = 3"

func waitActive(t *testing.T, s *Session) {
	t.Helper()
	require.Eventually(t, func() bool { return s.Info().State == "active" }, 10*time.Second, time.Millisecond)
}

func TestCancel(t *testing.T) {
	ctx := context.Background()
	db := openDB(t, Options{})
	s := newSession(t, db, SessionOptions{})
	run := func(ctx context.Context) chan error {
		failed := make(chan error, 1)
		go func() {
			_, err := s.Exec(ctx, forever)
			failed <- err
		}()
		waitActive(t, s)
		return failed
	}
	failed := run(ctx)
	require.True(t, db.CancelSession(s.PID()))
	err := <-failed
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err))
	require.ErrorContains(t, err, "user request")
	require.Equal(t, "1", rowsOf(t, s, "select 1"), "the session goes on")
	s.Cancel()
	require.Equal(t, "1", rowsOf(t, s, "select 1"), "a cancel that comes late hits nothing")
	require.False(t, db.CancelSession(-1))

	s.statementTimeout = 30 * time.Millisecond
	_, err = s.Exec(ctx, forever)
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err))
	require.ErrorContains(t, err, "statement timeout")
	s.statementTimeout = 0

	short, cancel := context.WithCancel(ctx)
	failed = run(short)
	cancel()
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(<-failed))

	exec(t, s, "begin")
	failed = run(ctx)
	s.Cancel()
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(<-failed))
	require.Equal(t, byte('E'), s.TxStatus())
	exec(t, s, "rollback")

	c := start(t, s, "select i from range(100000000) r(i)")
	_, err = c.Next(ctx)
	require.NoError(t, err)
	c.Suspend()
	s.Cancel()
	_, err = c.Next(ctx)
	require.NoError(t, err, "a suspended cursor is idle")
	s.Cancel()
	_, err = drainRows(c)
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err))
	require.Equal(t, "1", rowsOf(t, s, "select 1"))

	// Another statement in between doesn't put a cursor out of Cancel's reach.
	c = start(t, s, "select i from range(100000000) r(i)")
	require.Equal(t, "1", rowsOf(t, s, "select 1"))
	_, err = c.Next(ctx)
	require.NoError(t, err)
	s.Cancel()
	_, err = drainRows(c)
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err))

	// The timeout is for work, not for a client that doesn't fetch.
	s.statementTimeout = time.Second
	c = start(t, s, "select i from range(5000) r(i)")
	c.Suspend()
	<-time.After(1200 * time.Millisecond)
	rest, err := drainRows(c)
	require.NoError(t, err)
	require.Len(t, rest, 5000)
	s.statementTimeout = 0

	failed = run(ctx)
	require.True(t, db.TerminateSession(s.PID()))
	require.Equal(t, sqlstate.AdminShutdown, sqlstate.CodeOf(<-failed))
	<-s.Done()
	_, err = s.Exec(ctx, "select 1")
	require.Equal(t, sqlstate.AdminShutdown, sqlstate.CodeOf(err))
}

func TestEvents(t *testing.T) {
	var got []string
	note := func(format string, args ...any) {
		got = append(got, strings.TrimSpace(line(append([]any{format}, args...))))
	}
	db := openDB(t, Options{Events: EventListener{
		SessionOpened:       func(i SessionInfo) { note("opened", i.Application) },
		SessionClosed:       func(i SessionInfo) { note("closed", i.Application) },
		StatementStarted:    func(i StatementInfo) { note("start", i.Class) },
		StatementFinished:   func(i StatementInfo) { note("end", i.Class, i.Tag, i.Rows, string(i.Code)) },
		TransactionFinished: func(i TransactionInfo) { note("tx", i.Committed) },
	}})
	s := newSession(t, db, SessionOptions{ApplicationName: "app"})
	exec(t, s, "create table t (a int)")
	exec(t, s, "begin; insert into t values (1), (2); commit")
	exec(t, s, "select * from t")
	failing(t, s, "select 'x'::int from t")
	require.NoError(t, s.Close())
	require.Equal(t, []string{
		"opened\tapp", "start\tCREATE TABLE", "end\tCREATE TABLE\tCREATE TABLE\t0\t00000", "tx\ttrue",
		"start\tBEGIN", "end\tBEGIN\tBEGIN\t0\t00000", "start\tINSERT 0", "end\tINSERT 0\tINSERT 0 2\t2\t00000", "start\tCOMMIT", "tx\ttrue", "end\tCOMMIT\tCOMMIT\t0\t00000",
		"start\tSELECT", "end\tSELECT\tSELECT 2\t2\t00000", "tx\ttrue", "start\tSELECT", "end\tSELECT\t\t0\t22P02", "tx\tfalse", "closed\tapp",
	}, got)
}

func TestUnknownErrorsAreLogged(t *testing.T) {
	var log bytes.Buffer
	broken := &fn.Decl{
		Name: "broken", Family: "test", Summary: "Panics.", Returns: types.Of(types.Integer), Volatile: true,
		Scalar:   func(*types.Chunk, fn.Writer) error { panic("ouch") },
		Examples: []fn.Example{{SQL: "select broken()", Code: "XX000"}},
	}
	s := newSession(t, openDB(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), Builtins: &builtin.Set{Functions: []*fn.Decl{broken}}}), SessionOptions{})
	require.Equal(t, sqlstate.InternalError, failing(t, s, "select broken()").Code)
	require.Contains(t, log.String(), "query_id=")
	require.Contains(t, log.String(), "ouch")
	require.Equal(t, "1", rowsOf(t, s, "select 1"))
}
