package engine

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestSetAndShow(t *testing.T) {
	s := memory(t)
	for _, c := range []struct{ set, show, want string }{
		{"set work_mem = '64MB'", "show work_mem", "64MB"}, {"set session WORK_MEM to 1024", "show work_mem", "1MB"}, {"set work_mem to default", "show Work_Mem", "4MB"},
		{"set statement_timeout = 90000", "show statement_timeout", "90s"}, {"reset statement_timeout", "show statement_timeout", "0"},
		{`set search_path = a, "B c", 'd,e'`, "show search_path", `a, "B c", "d,e"`}, {"set search_path to default", "show search_path", `"$user", public`}, {"set schema 'x'", "show search_path", "x"}, {"set schema = 'y'", "show search_path", "y"}, {"reset search_path", "show search_path", `"$user", public`},
		{"set time zone 'europe/berlin'", "show time zone", "Europe/Berlin"}, {"set timezone to -5", "show timezone", "Etc/GMT-5"}, {"set time zone -5", "show timezone", "Etc/GMT+5"}, {"set time zone interval '+02:00' hour to minute", "show timezone", "Etc/GMT-2"}, {"set time zone local", "show timezone", "UTC"},
		{"set names 'utf-8'", "show client_encoding", "UTF8"}, {"set datestyle to iso, dmy", "show datestyle", "ISO, DMY"}, {"set extra_float_digits = -3", "show extra_float_digits", "-3"},
		{"set my.own = 'x'", "show my.own", "x"}, {"set xml option document", "show xmloption", "document"}, {"set session characteristics as transaction read only, isolation level serializable", "show default_transaction_isolation", "serializable"},
		{"set default_transaction_read_only = off", "show transaction_isolation", "serializable"}, {"reset all", "show transaction isolation level", "read committed"}, {"set constraints all deferred", "show is_superuser", "on"}, {"set synchronous_commit = on", "show role", "none"},
	} {
		exec(t, s, c.set)
		require.Equal(t, c.want, rowsOf(t, s, c.show), c.set)
	}
	require.Equal(t, "SET", exec(t, s, "set work_mem = 1024"))
	require.Equal(t, "RESET", exec(t, s, "reset work_mem"))
	require.Equal(t, "SHOW", exec(t, s, "show work_mem"))
	require.Contains(t, rowsOf(t, s, "show all"), "work_mem\t4MB\tAccepted for PostgreSQL clients")
	r, err := s.Query(context.Background(), "show timezone")
	require.NoError(t, err)
	require.Equal(t, "TimeZone", r.Columns()[0].Name)
	require.NoError(t, r.Close())
}

func TestSetErrors(t *testing.T) {
	s := memory(t)
	for _, c := range []struct {
		sql, code string
		position  int
	}{
		{"set nope = 1", "42704", 5}, {"show nope", "42704", 6}, {"reset nope", "42704", 7}, {"set  work_mem = 'x'", "22023", 6}, {"set work_mem = 1, 2", "22023", 5}, {"set work_mem", "42601", 13}, {"set work_mem =", "42601", 15},
		{"set work_mem = (1)", "42601", 16}, {"set work_mem = 1 2", "42601", 18}, {"set time zone 'Nope'", "22023", 5}, {"set time zone 5.5", "22023", 5}, {"show my.own", "42704", 6}, {"set server_version = 'x'", "55P02", 5}, {"discard everything", "42601", 9}, {"show", "42601", 5},
		{"set local time zone", "42601", 20}, {"set datestyle = 'german'", "0A000", 5},
	} {
		e := failing(t, s, c.sql)
		require.Equal(t, sqlstate.Code(c.code), e.Code, "%s: %v", c.sql, e)
		require.Equal(t, c.position, e.Position, c.sql)
	}
	require.Contains(t, failing(t, s, "set serch_path = x").Hint, "search_path")
	require.Contains(t, failing(t, s, "set thread = 1").Hint, "threads", "DuckDB's settings are suggested too")
}

func TestForeignSettings(t *testing.T) {
	s := memory(t)
	exec(t, s, "set threads = 1")
	require.Equal(t, "1", rowsOf(t, s, "show threads"))
	exec(t, s, "set global threads = 2; reset threads")
	exec(t, s, "create table tab (a int); set variable v = 3")
	require.Contains(t, rowsOf(t, s, "show tab"), "a\tINTEGER")
	require.Equal(t, "3", rowsOf(t, s, "select getvariable('v')"))
	require.Equal(t, "tab", rowsOf(t, s, "show tables"))
}

func TestSettingsInTransactions(t *testing.T) {
	s := memory(t)
	exec(t, s, "begin; set work_mem = '8MB'; set timezone = 'Asia/Tokyo'")
	require.Equal(t, "Asia/Tokyo", rowsOf(t, s, "select current_setting('TimeZone')"))
	exec(t, s, "rollback")
	require.Equal(t, "4MB", rowsOf(t, s, "show work_mem"))
	require.Equal(t, "UTC", rowsOf(t, s, "select current_setting('TimeZone')"), "DuckDB goes back too")

	exec(t, s, "begin; set local work_mem = '8MB'")
	require.Equal(t, "8MB", rowsOf(t, s, "show work_mem"))
	exec(t, s, "commit")
	require.Equal(t, "4MB", rowsOf(t, s, "show work_mem"))

	exec(t, s, "begin; set work_mem = '8MB'; savepoint a; set work_mem = '16MB'; rollback to a; commit")
	require.Equal(t, "8MB", rowsOf(t, s, "show work_mem"))

	exec(t, s, "begin; set work_mem = '32MB'")
	require.Equal(t, sqlstate.InvalidParameterValue, failing(t, s, "set work_mem = 'x'").Code)
	require.Equal(t, byte('E'), s.TxStatus())
	exec(t, s, "commit")
	require.Equal(t, "8MB", rowsOf(t, s, "show work_mem"))

	exec(t, s, "begin; set transaction_isolation = 'serializable'; set transaction_read_only = on")
	require.Equal(t, "serializable", rowsOf(t, s, "show transaction_isolation"))
	require.Equal(t, "on", rowsOf(t, s, "show transaction_read_only"))
	exec(t, s, "rollback")
	require.Equal(t, "off", rowsOf(t, s, "show transaction_read_only"))
}

func TestSettingNotices(t *testing.T) {
	var notices []string
	var reports []string
	s := newSession(t, openDB(t, Options{}), SessionOptions{
		ApplicationName: "first", Settings: map[string]string{"datestyle": "iso, ymd", "TimeZone": "Asia/Tokyo"},
		OnNotice:    func(e *sqlstate.Error) { notices = append(notices, string(e.Code)+" "+e.Message) },
		OnParameter: func(name, value string) { reports = append(reports, name+"="+value) },
	})
	v, _ := s.Setting("DATESTYLE")
	require.Equal(t, "ISO, YMD", v)
	require.Equal(t, "Asia/Tokyo", rowsOf(t, s, "select current_setting('TimeZone')"))
	require.Empty(t, reports)
	exec(t, s, "set local work_mem = '1MB'")
	require.Equal(t, []string{"25P01 SET LOCAL can only be used in transaction blocks"}, notices)
	require.Equal(t, "4MB", rowsOf(t, s, "show work_mem"))
	exec(t, s, "set client_min_messages = error; set local work_mem = '1MB'")
	require.Len(t, notices, 1)

	exec(t, s, "set application_name = 'second'; set work_mem = '8MB'")
	require.Equal(t, []string{"application_name=second"}, reports)
	require.Equal(t, "second", s.Info().Application)
	exec(t, s, "begin; set datestyle = dmy")
	exec(t, s, "rollback")
	require.Equal(t, []string{"application_name=second", "DateStyle=ISO, DMY", "DateStyle=ISO, YMD"}, reports)
	reports = nil
	exec(t, s, "reset all")
	require.Equal(t, []string{"application_name=first"}, reports)

	_, err := openDB(t, Options{}).NewSession(context.Background(), SessionOptions{Settings: map[string]string{"work_mem": "x"}})
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err))
}

func TestSearchPath(t *testing.T) {
	s := memory(t)
	exec(t, s, `create schema one; create schema "Two, 2"; create table t as select 'main' as x; create table one.t as select 'one' as x; create table "Two, 2".t as select 'two' as x`)
	for path, want := range map[string]string{
		`public`: "main", `one`: "one", `one, public`: "one", `nowhere, one`: "one", `"Two, 2", one`: "two", `pg_catalog, one`: "one", `'', public`: "main", `"$user", public`: "main",
	} {
		exec(t, s, "set search_path = "+path)
		require.Equal(t, want, rowsOf(t, s, "select x from t"), path)
	}
	exec(t, s, "set search_path = later, one")
	require.Equal(t, "one", rowsOf(t, s, "select x from t"))
	exec(t, s, "create schema later; create table later.t as select 'later' as x")
	require.Equal(t, "later", rowsOf(t, s, "select x from t"), "a schema counts once it exists")
	exec(t, s, "drop schema later cascade")
	require.Equal(t, "one", rowsOf(t, s, "select x from t"))
	exec(t, s, "begin; set search_path = public")
	require.Equal(t, "main", rowsOf(t, s, "select x from t"))
	exec(t, s, "rollback")
	require.Equal(t, "one", rowsOf(t, s, "select x from t"))
}

func TestSetConfig(t *testing.T) {
	s := memory(t)
	exec(t, s, "create schema one; create table one.t as select 'one' as x")
	require.Equal(t, "one", rowsOf(t, s, "select pg_catalog.set_config('search_path', 'one', false)"))
	require.Equal(t, "one", rowsOf(t, s, "select x from t"))
	require.Equal(t, "1500ms", rowsOf(t, s, "select set_config('statement_timeout', '1.5s', false)"))
	require.Equal(t, 1500*time.Millisecond, s.statementTimeout)
	require.Equal(t, "4MB", rowsOf(t, s, "select set_config('work_mem', null, false)"))
	require.Equal(t, "v", rowsOf(t, s, "select set_config('my.q', 'v', true)"))
	require.Equal(t, sqlstate.UndefinedObject, failing(t, s, "show my.q").Code, "local outside of a transaction")
	exec(t, s, "begin; select set_config('my.q', 'v', true)")
	require.Equal(t, "v", rowsOf(t, s, "show my.q"))
	exec(t, s, "rollback")
	require.Equal(t, "", rowsOf(t, s, "show my.q"))
	require.Equal(t, sqlstate.InvalidParameterValue, failing(t, s, "select set_config('work_mem', 'x', false)").Code)
	require.Equal(t, sqlstate.UndefinedObject, failing(t, s, "select set_config('nope', 'x', false)").Code)
	require.Equal(t, "4MB", rowsOf(t, s, "show work_mem"))
}

func TestSessionFunctionsKeepTheirNames(t *testing.T) {
	s := memory(t)
	for sql, want := range map[string]string{
		"select set_config('a.b', 'x', false), 1 as one": "set_config", "select pg_catalog.set_config('a.b', 'x', false) from range(1)": "set_config", "select pg_notify('c', 'x')": "pg_notify",
		"select set_config('a.b', 'x', false) as mine": "mine", "select set_config('a.b', 'x', false) mine": "mine", "select * from (select pg_notify('c', 'x') as inner_name)": "inner_name",
	} {
		r, err := s.Query(context.Background(), sql)
		require.NoError(t, err, sql)
		require.Equal(t, want, r.Columns()[0].Name, sql)
		require.NoError(t, r.Close())
	}
	require.Equal(t, "xy", rowsOf(t, s, "select set_config('a.b', 'x', false) || 'y' from range(1)"))
	exec(t, s, "create table set_config (set_config int); insert into set_config values (1)")
	require.Equal(t, "1", rowsOf(t, s, "select set_config from set_config where set_config.set_config = 1"), "a column of that name is none of our business")
}

func TestReadOnlyByDefault(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table t (a int); prepare ins as insert into t values (1); set default_transaction_read_only = on")
	for _, sql := range []string{"insert into t values (1)", "create table u (a int)", "explain analyze insert into t values (1)", "begin; insert into t values (1)", "truncate t", "execute ins"} {
		require.Equal(t, sqlstate.ReadOnlySQLTransaction, failing(t, s, sql).Code, sql)
		if s.TxStatus() != 'I' {
			exec(t, s, "rollback")
		}
	}
	exec(t, s, "select * from t; explain analyze select 1; create temp table tt (a int)")
	require.Contains(t, failing(t, s, "insert into t values (1)").Message, "cannot execute INSERT in")
	exec(t, s, "set default_transaction_read_only = off")
	exec(t, s, "insert into t values (1)")
	require.Equal(t, "1", rowsOf(t, s, "select a from t"))
}

func TestCurrentSetting(t *testing.T) {
	s := memory(t)
	exec(t, s, "set my.x = 'v'")
	require.Equal(t, "v\t4MB\tNULL\tNULL\tNULL", rowsOf(t, s, "select eider_current_setting('MY.X', false), eider_current_setting('work_mem', false), eider_current_setting('my.y', true), eider_current_setting(null, false), eider_current_setting('my.x', null)"))
	require.Equal(t, sqlstate.UndefinedObject, failing(t, s, "select eider_current_setting('my.y', false)").Code)
}

func TestStatementTimeout(t *testing.T) {
	s := memory(t)
	exec(t, s, "set statement_timeout = 50")
	e := failing(t, s, "select count(*) from range(1000000000) a, range(1000) b where a.range + b.range = -1")
	require.Equal(t, sqlstate.QueryCanceled, e.Code)
	require.Contains(t, e.Message, "statement timeout")
	exec(t, s, "set statement_timeout = 0; select 1")
}

func TestIdleTimeouts(t *testing.T) {
	for _, c := range []struct {
		sql  string
		code sqlstate.Code
	}{
		{"set idle_in_transaction_session_timeout = 20; begin", sqlstate.IdleInTransactionSessionTimeout},
		{"set idle_session_timeout = 20", sqlstate.IdleSessionTimeout},
	} {
		s := memory(t)
		exec(t, s, c.sql)
		<-s.Done()
		e := failing(t, s, "select 1")
		require.Equal(t, c.code, e.Code)
		require.Equal(t, "FATAL", e.Severity)
	}
	s := memory(t)
	exec(t, s, "set idle_in_transaction_session_timeout = 1; select 1; set idle_in_transaction_session_timeout = 0; begin; select 1")
	require.Equal(t, byte('T'), s.TxStatus())
}

func TestDiscard(t *testing.T) {
	s := memory(t)
	exec(t, s, "set work_mem = '8MB'; prepare p as select 1; declare c cursor with hold for select 1; listen x; create temp table tt (a int); create temp view tv as select 1")
	require.Equal(t, "DISCARD ALL", exec(t, s, "discard all"))
	require.Equal(t, "4MB", rowsOf(t, s, "show work_mem"))
	require.Equal(t, sqlstate.InvalidSQLStatementName, failing(t, s, "execute p").Code)
	require.Equal(t, sqlstate.InvalidCursorName, failing(t, s, "fetch c").Code)
	require.Equal(t, sqlstate.UndefinedTable, failing(t, s, "select * from tt").Code)
	require.Equal(t, sqlstate.UndefinedTable, failing(t, s, "select * from tv").Code)
	require.Empty(t, s.Channels())
	exec(t, s, "discard plans; discard sequences; discard temp; discard temporary")
	exec(t, s, "begin")
	require.Equal(t, sqlstate.ActiveSQLTransaction, failing(t, s, "discard all").Code)
}

func TestRoleSettings(t *testing.T) {
	db := openDB(t, Options{})
	admin := newSession(t, db, SessionOptions{})
	exec(t, admin, "create role boss superuser login password 'x'; create role r login password 'x'; alter role r set work_mem = '9MB'; alter role r set statement_timeout = '5s'")
	s := newSession(t, db, SessionOptions{User: "r", Settings: map[string]string{"Statement_Timeout": "7s"}})
	require.Equal(t, "9MB", rowsOf(t, s, "show work_mem"))
	require.Equal(t, "7s", rowsOf(t, s, "show statement_timeout"), "the client's own goes first")
	exec(t, s, "set work_mem = '1MB'; reset work_mem")
	require.Equal(t, "9MB", rowsOf(t, s, "show work_mem"))
	require.Equal(t, "r", rowsOf(t, s, "show session_authorization"))
	require.Equal(t, "off", rowsOf(t, s, "show is_superuser"))
	require.Equal(t, sqlstate.InsufficientPrivilege, failing(t, s, "set session_replication_role = replica").Code)
	require.Equal(t, sqlstate.InsufficientPrivilege, failing(t, s, "set threads = 1").Code, "DuckDB's own settings are not for everybody")
	require.Equal(t, sqlstate.InsufficientPrivilege, failing(t, s, "show threads").Code)
	require.Equal(t, "1500ms", rowsOf(t, s, "select set_config('statement_timeout', '1500', false)"))
	require.Equal(t, sqlstate.InsufficientPrivilege, failing(t, s, "select set_config('session_replication_role', 'replica', false)").Code)

	exec(t, admin, "set role r")
	require.Equal(t, "r", rowsOf(t, admin, "show role"))
	exec(t, admin, "reset role; set session authorization r")
	require.Equal(t, "r", rowsOf(t, admin, "show session_authorization"))
	exec(t, admin, "reset session authorization")
	require.Equal(t, "none", rowsOf(t, admin, "show role"))
	require.Equal(t, sqlstate.InvalidParameterValue, failing(t, admin, "set role nobody").Code)
}
