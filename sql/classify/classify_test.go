package classify

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/lex"
)

func one(t *testing.T, src string) (lex.Stmt, Class) {
	t.Helper()
	stmts := lex.Split(src)
	require.Len(t, stmts, 1, src)
	return stmts[0], Classify(src, stmts[0])
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		src   string
		group Group
		verb  Verb
		tag   string
	}{
		{"begin", Transaction, Begin, "BEGIN"}, {"/* x */ BEGIN isolation level serializable, read only", Transaction, Begin, "BEGIN"},
		{"begin work", Transaction, Begin, "BEGIN"}, {"start transaction read only", Transaction, StartTx, "START TRANSACTION"},
		{"start source s", Unknown, None, "START"}, {"commit", Transaction, Commit, "COMMIT"}, {"end transaction", Transaction, Commit, "COMMIT"},
		{"commit and chain", Transaction, Commit, "COMMIT"}, {"commit prepared 'x'", Transaction, CommitPrepared, "COMMIT PREPARED"},
		{"rollback", Transaction, Rollback, "ROLLBACK"}, {"abort work", Transaction, Rollback, "ROLLBACK"}, {"rollback and no chain", Transaction, Rollback, "ROLLBACK"},
		{"rollback to s", Transaction, RollbackTo, "ROLLBACK"}, {"rollback work to savepoint s", Transaction, RollbackTo, "ROLLBACK"},
		{"rollback prepared 'x'", Transaction, RollbackPrepared, "ROLLBACK PREPARED"}, {"rollback model churn", Unknown, None, "ROLLBACK"},
		{"savepoint a", Transaction, Savepoint, "SAVEPOINT"}, {"release savepoint a", Transaction, Release, "RELEASE"},
		{"prepare transaction 'x'", Transaction, PrepareTx, "PREPARE TRANSACTION"}, {"prepare transaction as select 1", Prepared, Prepare, "PREPARE"},
		{"set transaction isolation level read committed", Transaction, SetTx, "SET"}, {"set local transaction read only", Transaction, SetTx, "SET"},
		{"set session characteristics as transaction read only", Session, SetCharacteristic, "SET"},
		{"set session authorization default", Session, SetAuthorization, "SET"}, {"set local role x", Session, SetRole, "SET"}, {"set role = 'x'", Session, Set, "SET"},
		{"set local work_mem = '1MB'", Session, Set, "SET"}, {"SET time zone 'UTC'", Session, Set, "SET"}, {"set names 'utf8'", Session, Set, "SET"},
		{"set variable x = 1", Utility, SetVariable, "SET"}, {"set variable = 1", Session, Set, "SET"}, {"set constraints all deferred", Session, SetConstraints, "SET CONSTRAINTS"},
		{"reset all", Session, Reset, "RESET"}, {"reset role", Session, SetRole, "SET"}, {"reset variable x", Utility, SetVariable, "SET"},
		{"show work_mem", Session, Show, "SHOW"}, {"show all", Session, Show, "SHOW"}, {"show transaction isolation level", Session, Show, "SHOW"},
		{"show tables", Query, Describe, "SHOW"}, {"show all tables", Query, Describe, "SHOW"}, {"show tables from x", Query, Describe, "SHOW"},
		{"show databases", Query, Describe, "SHOW"}, {"show (select 1)", Query, Describe, "SHOW"}, {"show select 1", Query, Describe, "SHOW"},
		{"discard all", Session, Discard, "DISCARD"},
		{"declare c cursor for select 1", Cursor, Declare, "DECLARE CURSOR"}, {"fetch 5 from c", Cursor, Fetch, "FETCH"}, {"move all in c", Cursor, Move, "MOVE"}, {"close c", Cursor, Close, "CLOSE CURSOR"},
		{"prepare q(int) as select $1", Prepared, Prepare, "PREPARE"}, {"execute q(1)", Prepared, Execute, "EXECUTE"}, {"deallocate all", Prepared, Deallocate, "DEALLOCATE"},
		{"listen x", Notify, Listen, "LISTEN"}, {"unlisten *", Notify, Unlisten, "UNLISTEN"}, {"notify x, 'y'", Notify, NotifyChannel, "NOTIFY"},
		{"copy t from stdin", Copy, CopyFromStdin, "COPY"}, {`copy "s"."t" (a, b) from stdin with (format csv)`, Copy, CopyFromStdin, "COPY"},
		{"copy (select 'from stdin') to stdout", Copy, CopyToStdout, "COPY"}, {"copy t to 'x.csv'", Copy, CopyToFile, "COPY"}, {"copy t from 'stdin'", Copy, CopyFromFile, "COPY"},
		{"copy t from program 'x'", Copy, CopyFromFile, "COPY"}, {"copy from database a to b", Copy, CopyDatabase, "COPY"},
		{"explain select 1", Explain, ExplainPlan, "EXPLAIN"}, {"explain analyze select 1", Explain, ExplainAnalyze, "EXPLAIN"}, {"explain (analyze off, format json) select 1", Explain, ExplainPlan, "EXPLAIN"},
		{"explain (format json, analyze) delete from t", Explain, ExplainAnalyze, "EXPLAIN"}, {"explain (select 1)", Explain, ExplainPlan, "EXPLAIN"}, {"explain verbose train model m as select 1", Explain, ExplainPlan, "EXPLAIN"},
		{"-- hello\n select 1", Query, Select, "SELECT"}, {"((select 1) union all (select 2))", Query, Select, "SELECT"}, {"values (1)", Query, Values, "SELECT"}, {"table t", Query, Table, "SELECT"},
		{"from t select a", Query, From, "SELECT"}, {"FROM range(3)", Query, From, "SELECT"}, {"pivot t on a", Query, Pivot, "SELECT"}, {"describe t", Query, Describe, "SHOW"}, {"summarize t", Query, Describe, "SHOW"},
		{"with x as (select 1) select * from x", Query, Select, "SELECT"}, {"with x as (select 1) insert into t select * from x", Modify, Insert, "INSERT 0"},
		{"with recursive insert(a) as materialized (select 1), delete as not materialized (values (')')) update t set a = 1", Modify, Update, "UPDATE"},
		{"with recursive t(a) using key (a) as (select 1) from t", Query, From, "SELECT"},
		{"with recursive t as (select 1) search depth first by a, b set c cycle a set d using p, u as (select 2) delete from t", Modify, Delete, "DELETE"},
		{"with x as (select 1) (select 1)", Query, Select, "SELECT"}, {"with x as (select 1) create table t (a int)", Unknown, None, "CREATE"}, {"(drop table t)", Unknown, None, "DROP"},
		{"insert into t values (1)", Modify, Insert, "INSERT 0"}, {"merge into t using s on true when matched then delete", Modify, Merge, "MERGE"}, {"truncate t", Modify, Truncate, "TRUNCATE TABLE"},
		{"update extensions", Utility, Install, "INSTALL"}, {"update extensions set a = 1", Modify, Update, "UPDATE"},
		{"create table t (a int, b int generated always as (a + 1))", Define, Create, "CREATE TABLE"}, {"create or replace temp table t as select 1", Define, CreateAs, "SELECT"},
		{"create unlogged table t as select 1 with no data", Define, Create, "CREATE TABLE"}, {"create unique index i on t(a)", Define, Create, "CREATE INDEX"},
		{"create or replace recursive view v as select 1", Define, Create, "CREATE VIEW"}, {"create materialized view v as select 1", Define, CreateAs, "SELECT"}, {"drop materialized view v", Define, Drop, "DROP MATERIALIZED VIEW"},
		{"alter table t rename to u", Define, Alter, "ALTER TABLE"}, {"create user u", Define, Create, "CREATE ROLE"}, {"create model m", Unknown, None, "CREATE"}, {"create persistent secret s (type s3)", Define, Create, "CREATE SECRET"},
		{"drop", Unknown, None, "DROP"}, {"comment on table t is 'x'", Define, Comment, "COMMENT"}, {"grant select on t to r", Rights, Grant, "GRANT"},
		{"vacuum analyze", Utility, Vacuum, "VACUUM"}, {"force checkpoint", Utility, Checkpoint, "CHECKPOINT"}, {"attach 'x.db'", Utility, Attach, "ATTACH"}, {"pragma version", Utility, Pragma, "PRAGMA"}, {"call f()", Utility, Call, "CALL"},
		{"import database 'x'", Utility, ExportDB, "EXPORT DATABASE"}, {"reindex table t", Utility, OtherUtility, "REINDEX"},
		{"train model m as select 1", Unknown, None, "TRAIN"}, {"'select'", Unknown, None, ""}, {`"select" 1`, Unknown, None, ""}, {"with", Unknown, None, ""}, {"((", Unknown, None, ""}, {")", Unknown, None, ""},
	} {
		_, got := one(t, c.src)
		require.Equal(t, c.group.String(), got.Group.String(), c.src)
		require.Equal(t, c.verb, got.Verb, c.src)
		require.Equal(t, c.tag, got.Tag(), c.src)
	}
}

func TestInner(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"explain (format json) select 1", "select 1"}, {"explain analyze (select 1)", "(select 1)"}, {"explain ((select 1))", "((select 1))"},
		{"prepare q (int, numeric(3, 1)) as insert into t values ($1)", "insert into t values ($1)"}, {"declare c no scroll cursor with hold for\n values (1)", "values (1)"},
		{"explain", ""}, {"select 1", ""}, {"prepare q", ""}, {"declare c cursor for", ""},
	} {
		st, class := one(t, c.src)
		inner, ok := Inner(st, class)
		require.Equal(t, c.want != "", ok, c.src)
		if ok {
			require.Equal(t, c.want, inner.Text(c.src))
		}
	}
}

func TestBody(t *testing.T) {
	src := "with x as (select 1) ((select 2))"
	st, c := one(t, src)
	require.True(t, c.With)
	require.Equal(t, "select", st.Tokens[c.Body].Text(src))
	require.Equal(t, "2", st.Tokens[c.Body+1].Text(src))
}

func TestReadOnly(t *testing.T) {
	for src, want := range map[string]bool{
		"select 1": true, "explain delete from t": true, "explain analyze delete from t": false, "copy t to stdout": true, "copy t to 'f'": false,
		"copy t from stdin": false, "execute q": false, "insert into t values (1)": false, "create table t (a int)": false, "call f()": false,
		"set x = 1": true, "show tables": true, "begin": true, "train model m as select 1": false, "attach 'x'": false,
	} {
		_, c := one(t, src)
		require.Equal(t, want, c.ReadOnly(), src)
	}
}

func TestTagCounts(t *testing.T) {
	for src, want := range map[string]bool{
		"select 1": true, "create table t as select 1": true, "create table t (a int)": false, "fetch c": true, "begin": false, "copy t from stdin": true,
	} {
		_, c := one(t, src)
		require.Equal(t, want, c.TagCounts(), src)
	}
}

func FuzzClassify(f *testing.F) {
	for _, s := range []string{"with recursive a as (select 1) search by", "explain (", "copy (", "set session", "cycle", "declare", "create or", "rollback to", "show ("} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		for _, st := range lex.Split(src) {
			c := Classify(src, st)
			require.GreaterOrEqual(t, c.Body, 0)
			require.LessOrEqual(t, c.Body, len(st.Tokens))
			c.Tag()
			Inner(st, c)
		}
	})
}
