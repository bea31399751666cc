package duck

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// failing is a statement and how it fails; ^ in sql marks the position and is not part of it.
type failing struct {
	sql  string
	code sqlstate.Code
	// message is the whole message or, with … at its end, its start; "" is not checked.
	message                             string
	hint, detail                        string // parts
	table, column, constraint, dataType string
}

const fixture = `
create table t(a int primary key, b int not null, c int check (c > 0), d varchar);
insert into t values (1, 2, 3, 'x');
create table child(id int, a int references t(a)); insert into child values (1, 1);
create schema s1; create view vv as select 1 x; create sequence sq maxvalue 2; create type mood as enum ('a', 'b');
create table once(o int unique); insert into once values (1); create table uq(u int unique, v int); create table dups as select 1 as k from range(2);
create table usesmood(m mood); create macro mac(x) as x; prepare ps as select $1;
create table dep(i int, j int); create index depi on dep(i); create schema full_; create table full_.x(i int); create table lonely(i int)`

var failures = []failing{
	// The catalog's macros.
	{sql: `select error('relation "x" does not exist')`, code: "42P01", message: `relation "x" does not exist`, table: "x"},
	{sql: `select error('schema "x" does not exist')`, code: "3F000", message: `schema "x" does not exist`},
	{sql: `select error('function "x" does not exist')`, code: "42883", message: `function "x" does not exist`},
	{sql: `select error('operator does not exist: x')`, code: "42883", message: `operator does not exist: x`},
	{sql: `select error('type "x" does not exist')`, code: "42704", message: `type "x" does not exist`},
	{sql: `select error('role "x" does not exist')`, code: "42704", message: `role "x" does not exist`},
	{sql: `select error('unrecognized configuration parameter "x"')`, code: "42704", message: `unrecognized configuration parameter "x"`},
	// Names.
	{sql: "alter table vv rename to ww", code: "42809"},
	{sql: `select error('unrecognized configuration parameter "my.none"')`, code: "42704", message: `unrecognized configuration parameter "my.none"`},
	{sql: "select ^nope", code: "42703", message: `column "nope" does not exist`, column: "nope"},
	{sql: "select 'é', ^nope from t", code: "42703", message: `column "nope" does not exist`, hint: `Candidate bindings: "a"`, column: "nope"},
	{sql: "select 1 qualify 1 = ^nope", code: "42703", column: "nope"},
	{sql: "select ^v.nope from (values (1)) v(a)", code: "42703", message: "column v.nope does not exist", table: "v", column: "nope"},
	{sql: "select ^t.nope from t", code: "42703", message: `column "nope" of relation "t" does not exist`, table: "t", column: "nope"},
	{sql: "select ^x.a from t", code: "42P01", message: `missing FROM-clause entry for table "x"`, hint: `Candidate tables: "t"`, table: "x"},
	{sql: "alter table t drop column nope", code: "42703", table: "t", column: "nope", hint: "Did you mean"},
	{sql: "update t set nope = 1", code: "42703", message: `column "nope" does not exist`, column: "nope"},
	{sql: "create table zz(a int check (nope > 1))", code: "42703", column: "nope"},
	{sql: "select * exclude (nope) from t", code: "42703", column: "nope"},
	{sql: "select ^columns('zzz') from t", code: "42703"},
	{sql: "select {'a': 1}.b", code: "42703", column: "b", hint: `Candidate Entries: "a"`},
	{sql: "select [1,2].b", code: "42804"},
	{sql: "select ^a from t, t t2", code: "42702", message: `column reference "a" is ambiguous`, column: "a"},
	{sql: "select * from t, t", code: "42712"},
	{sql: "with a as (select 1), a as (select 2) select 1", code: "42712", message: `WITH query name "a" specified more than once`},
	{sql: "insert into t(a, a) values (1, 2)", code: "42701", column: "a"},
	{sql: "create table zz(a int, a int)", code: "42701", message: `column "a" specified more than once`, column: "a"},
	{sql: "select * from ^nope", code: "42P01", message: `relation "nope" does not exist`, table: "nope", hint: "Did you mean"},
	{sql: "select * from ^nosch.nope", code: "42P01", table: "nosch.nope", detail: `Schema "nosch" does not exist.`},
	{sql: "select * from nocat.nosch.nope", code: "3D000", message: `database "nocat" does not exist`},
	{sql: "detach nocat", code: "3D000"},
	{sql: "checkpoint nocat", code: "3D000"},
	{sql: "attach ':memory:' as memory", code: "42P04"},
	{sql: "drop table nope", code: "42P01", table: "nope"},
	{sql: "drop view nope", code: "42P01"},
	{sql: "drop schema nope", code: "3F000", message: `schema "nope" does not exist`},
	{sql: "create table nope.t(i int)", code: "3F000"},
	{sql: "use nope", code: "3F000"},
	{sql: "set search_path = 'nope'", code: "3F000"},
	{sql: "drop index nope", code: "42704"},
	{sql: "drop type nope", code: "42704", message: `type "nope" does not exist`, dataType: "nope"},
	{sql: "select cast(1 as ^nosuchtype)", code: "42704", dataType: "nosuchtype"},
	{sql: "select currval('nope')", code: "42P01"},
	{sql: "create table t(i int)", code: "42P07", message: `relation "t" already exists`, table: "t"},
	{sql: "create view vv as select 1", code: "42P07"},
	{sql: "create index depi on t(a)", code: "42P07", table: "depi"},
	{sql: "create schema s1", code: "42P06"},
	{sql: "create type mood as enum ('x')", code: "42710"},
	{sql: "create macro mac(x) as x", code: "42723"},
	{sql: "drop view t", code: "42809"},
	{sql: "insert into vv values (1)", code: "42809", message: `"vv" is not a table`},
	{sql: "update vv set x = 1", code: "42809"},
	{sql: "drop table t", code: "2BP01"},
	{sql: "drop schema main", code: "2BP01"},
	{sql: "drop schema full_", code: "2BP01", detail: `table "x" depends on schema "full_".`},
	{sql: "alter table dep alter column i type varchar", code: "2BP01"},
	{sql: "alter table dep drop column i", code: "2BP01"},
	{sql: "alter table lonely drop column i", code: "42P16"},
	{sql: "alter table t add primary key (b)", code: "42P16"},
	{sql: "create table zz(a int primary key, b int primary key)", code: "42P16"},
	{sql: "set nosuch = 1", code: "42704", hint: "Did you mean"},
	{sql: "pragma nosuch", code: "42704"},
	{sql: "execute nosuch", code: "26000"},
	{sql: "select 'a' collate nosuch", code: "42704"},

	// Functions.
	{sql: "select ^nofun(1)", code: "42883", message: `function "nofun" does not exist`, hint: "Did you mean"},
	{sql: "select * from ^nofun(1)", code: "42883"},
	{sql: "select ^abs('a', 'b')", code: "42883", message: "function abs(STRING_LITERAL, STRING_LITERAL) does not exist",
		hint: "You might need to add explicit type casts.", detail: "abs(TINYINT) -> TINYINT"},
	{sql: "select 'a' ^+ 1", code: "42725", hint: "In order to select one, please add explicit type casts."},
	{sql: "select ^mac(1, 2)", code: "42883"},
	{sql: "from ^read_csv('x', nosuch := 1)", code: "42883"},

	// Aggregates, windows, subqueries.
	{sql: "select sum(a), ^b from t", code: "42803", message: `column "b" must appear in the GROUP BY clause or be used in an aggregate function`, column: "b"},
	{sql: "select a from t having b > 1", code: "42803", column: "b"},
	{sql: "select sum(^sum(a)) from t", code: "42803"},
	{sql: "select sum(^row_number() over ()) from t", code: "42803"},
	{sql: "select a from t where ^sum(a) > 1", code: "42803"},
	{sql: "select a from t group by ^sum(a)", code: "42803"},
	{sql: "select a from t where ^row_number() over () = 1", code: "42P20"},
	{sql: "select sum(^sum(1) over ()) over ()", code: "42P20"},
	{sql: "update t set a = ^sum(1)", code: "42803"},
	{sql: "insert into t values (^sum(1), 2, 3, 'q')", code: "42803"},
	{sql: "update t set a = ^row_number() over ()", code: "42P20"},
	{sql: "select ^(select a, b from t)", code: "42601"},
	{sql: "select 1 union select 1, 2", code: "42601"},
	{sql: "select * from (select 1) t(a, b)", code: "42P10"},
	{sql: "insert into t values (1)", code: "42601"},
	{sql: "select * from t order by ^7", code: "42P10"},
	{sql: "select * from t limit ^-1", code: "22023"},
	{sql: "insert into t values (1, 2, 3, 'q') on conflict (b) do nothing", code: "42P10"},
	{sql: "create table zz(a int references t(d))", code: "42P10"},
	{sql: "select ^unnest(1)", code: "42804"},
	{sql: "select d ^> a from t", code: "42804"},
	{sql: "select coalesce(1, date '2020-01-01')", code: "42804"},
	{sql: "select * from t at (version => 1)", code: "0A000"},
	{sql: "select (select i from range(2) r(i))", code: "21000", message: "more than one row returned by a subquery used as an expression"},

	// Syntax and limits.
	{sql: "^selec 1", code: "42601", message: `syntax error at or near "selec"`},
	{sql: "select 1 where (^", code: "42601", message: "syntax error at end of input"},
	{sql: "select ^'abc", code: "42601"},
	{sql: "-- nothing", code: "42601"},
	{sql: "values (1), (1, 2)", code: "42601"},
	{sql: "select " + strings.Repeat("1+", 5000) + "1", code: "54001"},
	{sql: "select " + strings.Repeat("abs(", 1500) + "1" + strings.Repeat(")", 1500), code: "54001"},
	{sql: "select * from t tablesample 200 percent", code: "22023"},
	{sql: "set memory_limit = 'abc'", code: "22023"},
	{sql: "set threads = -1", code: "22023"},
	{sql: "alter table t add constraint x check (a > 5)", code: "0A000"},
	{sql: "execute ps", code: "42P02"},
	{sql: "execute ps(1, 2)", code: "08P01"},

	// Values.
	{sql: "select 'a'^::int", code: "22P02"},
	{sql: "select 'zz'^::mood", code: "22P02"},
	{sql: "select 300^::tinyint", code: "22003"},
	{sql: "select '300'^::tinyint", code: "22003"},
	{sql: "select '1'^::uuid", code: "22P02"},
	{sql: "select 2147483647::int + 1::int", code: "22003"},
	{sql: "select 12345.678^::decimal(4, 2)", code: "22003"},
	{sql: "select 123456::decimal(9, 2)^::decimal(4, 2)", code: "22003"},
	{sql: "select 1e40^::decimal(38, 0)", code: "22003"},
	{sql: "select decode('\\xff'::blob)", code: "22021"},
	{sql: "select [1]^::int", code: "42846", message: "cannot cast type INTEGER[] to INTEGER"},
	{sql: "select array_value(1, 2)^::int[3]", code: "42846"},
	{sql: "select [1, 2]^::int[3]", code: "42846"},
	{sql: "select 'abc'^::date", code: "22007"},
	{sql: "select 'abc'^::timestamp", code: "22007"},
	{sql: "select '2024-13-45'^::date", code: "22008"},
	{sql: "select '25:00:00'^::time", code: "22008"},
	{sql: "set timezone = 'Nowhere/Nope'", code: "22023"},
	{sql: "select timestamptz '2020-01-01 00:00:00 Nowhere/Nope'", code: "22023"},
	{sql: "select date_trunc('foo', date '2020-01-01')", code: "22023"},
	{sql: "select strptime('x', '%Y')", code: "22007"},
	{sql: "select '{bad'^::json", code: "22P02"},
	{sql: "select repeat('x', 10000000000)", code: "54000"},
	{sql: "select range(100000000000)", code: "54000"},
	{sql: "select 'a' like 'b' escape 'cc'", code: "22025"},
	{sql: "select '\xff'", code: "22021"},
	{sql: "select sqrt(-1)", code: "22003"},
	{sql: "select error('Boom! Go.')", code: "22023", message: "Boom! Go."},
	{sql: "select nextval('sq'), nextval('sq'), nextval('sq')", code: "2200H"},

	// Constraints.
	{sql: "insert into t values (1, 2, 3, 'd')", code: "23505", message: "duplicate key value violates primary key constraint", detail: "Key a: 1 already exists."},
	{sql: "insert into uq values (1, 1), (1, 2)", code: "23505"},
	{sql: "insert into once values (1)", code: "23505", message: "duplicate key value violates unique constraint"},
	{sql: "create unique index ui on dups(k)", code: "23505"},
	{sql: "insert into t values (2, null, 3, 'd')", code: "23502", message: `null value in column "b" of relation "t" violates not-null constraint`, table: "t", column: "b"},
	{sql: "insert into t values (2, 1, -3, 'd')", code: "23514", table: "t", constraint: "CHECK((c > 0))"},
	{sql: "insert into child values (1, 77)", code: "23503", detail: "Key a: 77 is not present in the referenced table."},
	{sql: "delete from t where a = 1", code: "23503", detail: "is still referenced"},

	// Transactions.
	{sql: "commit", code: "25P01"},
	{sql: "rollback", code: "25P01"},

	// Files.
	{sql: "attach '/nonexistent/x.db' as q", code: "58P01"},
	{sql: "attach '/etc/passwd' as q", code: "XX001"},
	{sql: "copy t to '/nonexistent/x.csv'", code: "58P01"},
	{sql: "copy t from '/nonexistent/x.csv'", code: "58P01"},
	{sql: "from ^read_parquet('/etc/passwd')", code: "XX001"},
	{sql: "from read_csv('/etc/passwd', columns = {'a': 'int'}, header = false)", code: "22P04"},
	{sql: "from read_csv('/etc/passwd', columns = {'a': 'varchar', 'b': 'int'}, auto_detect = false)", code: "22P04"},
	{sql: "from ^read_csv('/bin/ls')", code: "22P04"},
	{sql: "from ^read_json('/etc/passwd')", code: "22P02"},
	{sql: "load nosuch", code: "58P01"},
	{sql: "copy t to '/tmp/x.foo' (format nosuch)", code: "42704"},
}

// covered collects the rules that a test saw work.
type covered map[*rule]bool

func (c covered) add(err error) {
	var n *nativeError
	if errors.As(err, &n) && n.rule != nil {
		c[n.rule] = true
	}
}

func TestErrors(t *testing.T) {
	ctx := context.Background()
	seen := covered{}
	_, c := openTest(t, Config{Settings: map[string]string{"autoinstall_known_extensions": "false"}})
	mustExec(t, c, fixture)
	for _, f := range failures {
		sql := strings.Replace(f.sql, "^", "", 1)
		_, err := c.QueryRows(ctx, sql)
		if err == nil {
			t.Errorf("NO ERROR %s", sql)
			continue
		}
		e := sqlstate.From(err)
		seen.add(err)
		if f.code != e.Code {
			t.Errorf("CODE %s want %s", e.Code, f.code)
		}
		require.NotNil(t, e, "%.100s: %v (%v)", sql, err, errors.Unwrap(e))
		if strings.IndexByte(f.sql, 94)+1 != e.Position {
			t.Errorf("POS %d %.100s", e.Position, f.sql)
		}
		if f.code != e.Code {
			t.Errorf("  %.80s %v %v", sql, err, errors.Unwrap(e))
		}
		require.NotContains(t, e.Message, "\n", sql)
		require.NotContains(t, e.Message+e.Detail+e.Hint, "exception_type", sql)
		if f.message != "" {
			require.Equal(t, f.message, e.Message, sql)
		}
		require.Contains(t, e.Hint, f.hint, sql)
		require.Contains(t, e.Detail, f.detail, sql)
		for _, pair := range [][2]string{{f.table, e.Table}, {f.column, e.Column}, {f.constraint, e.Constraint}, {f.dataType, e.DataType}} {
			if pair[0] != "" {
				require.Equal(t, pair[0], pair[1], sql)
			}
		}
	}
	errorsInTransactions(t, seen)
	errorsOfFiles(t, seen)
	errorsOfLimits(t, seen)
	errorsOfAppender(t, seen)
	errorOfLock(t, seen)
	for i := range rules {
		if !seen[&rules[i]] {
			t.Errorf("no failing statement for the rule %q", rules[i].pattern)
		}
	}
}

// TestErrorsOfWriting reads what DuckDB 1.5.5 said on a full disk; cmd/eider/processtest fills one.
func TestErrorsOfWriting(t *testing.T) {
	const full = `Could not write file "/data/shop.db": No space left on device`
	for _, tc := range []struct {
		exception, message string
		code               sqlstate.Code
		want               string
		invalidated        bool
	}{
		{"TransactionContext", "Failed to commit: " + full, sqlstate.DiskFull, "Failed to commit: " + full, false},
		{"TransactionContext", `Failed to commit: Could not write file "/data/shop.db.wal": Input/output error`, sqlstate.IOError,
			`Failed to commit: Could not write file "/data/shop.db.wal": Input/output error`, false},
		{"TransactionContext", "Failed to commit: Conflict on tuple deletion!", sqlstate.SerializationFailure, "Failed to commit: Conflict on tuple deletion!", false},
		{"FATAL", "Transaction COMMIT succeeded and is durable, but the autocheckpoint failed. Reopen the database instance to recover. Failed to create checkpoint because of error: " + full,
			sqlstate.DiskFull, "the transaction is committed, but its checkpoint failed, and the database must be opened again", true},
		{"FATAL", "Failed to create checkpoint because of error: " + full, sqlstate.DiskFull, "the checkpoint failed, and the database must be opened again", true},
		{"FATAL", "Failed: database has been invalidated because of a previous fatal error. The database must be restarted prior to being used again.\nOriginal error: \"" + full + "\"",
			sqlstate.CrashShutdown, "the database must be opened again after a failed write", true},
		{"FATAL", "something else", sqlstate.InternalError, "something else", true},
	} {
		text, err := stdjson.Marshal(report{Exception: tc.exception, Message: tc.message})
		require.NoError(t, err)
		e := newError(string(text))
		require.Equal(t, tc.code, e.Code, tc.message)
		require.Equal(t, tc.want, e.Message)
		require.Equal(t, tc.invalidated, Invalidated(e), tc.message)
		if tc.code == sqlstate.DiskFull {
			require.Contains(t, e.Message+e.Detail, full)
		}
	}
	require.False(t, Invalidated(nil))
}

func errorsInTransactions(t *testing.T, seen covered) {
	ctx := context.Background()
	db, a := openTest(t, Config{})
	b, err := db.Connect(ctx)
	require.NoError(t, err)
	expect := func(c *Conn, code sqlstate.Code, sql string) {
		t.Helper()
		_, err := c.Exec(ctx, sql)
		seen.add(err)
		require.Equal(t, code, sqlstate.CodeOf(err), "%s: %v", sql, err)
	}
	mustExec(t, a, "create table w(i int primary key, v int); insert into w select i, 0 from range(10) r(i); begin")
	expect(a, sqlstate.ActiveSQLTransaction, "begin")
	mustExec(t, a, "rollback; begin; update w set v = 1 where i = 1")
	mustExec(t, b, "begin")
	expect(b, sqlstate.SerializationFailure, "update w set v = 2 where i = 1")
	expect(b, sqlstate.InFailedSQLTransaction, "select 1")
	mustExec(t, b, "rollback; begin; create table twice(i int)")
	expect(a, sqlstate.SerializationFailure, "create table twice(i int)")
	mustExec(t, a, "rollback")
	mustExec(t, b, "rollback")

	mustExec(t, a, "begin; insert into w values (77, 0)")
	mustExec(t, b, "begin; insert into w values (77, 0); commit")
	expect(a, sqlstate.UniqueViolation, "commit")

	mustExec(t, a, "begin; delete from w where i = 5")
	mustExec(t, b, "begin; alter table w add column z int; commit")
	expect(a, sqlstate.SerializationFailure, "commit")

	mustExec(t, a, "attach ':memory:' as second; create table second.x(i int); begin; insert into w(i, v) values (100, 0)")
	expect(a, sqlstate.FeatureNotSupported, "insert into second.x values (1)")
	mustExec(t, a, "rollback; begin read only")
	expect(a, sqlstate.ReadOnlySQLTransaction, "create table q(i int)")
	mustExec(t, a, "rollback")
}

func errorsOfFiles(t *testing.T, seen covered) {
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, "x.db")
	db, err := Open(ctx, Config{Path: path})
	require.NoError(t, err)
	_, err = Open(ctx, Config{Path: path})
	require.Equal(t, sqlstate.ObjectInUse, sqlstate.CodeOf(err), "the same process is kept out too")
	c, err := db.Connect(ctx)
	require.NoError(t, err)
	_, err = c.Exec(ctx, "attach '"+path+"' as again")
	seen.add(err)
	require.Equal(t, sqlstate.ObjectInUse, sqlstate.CodeOf(err), err)
	mustExec(t, c, "create table t as select range i from range(100000)")
	require.NoError(t, db.Close())

	db, err = Open(ctx, Config{Path: path, ReadOnly: true})
	require.NoError(t, err)
	c, err = db.Connect(ctx)
	require.NoError(t, err)
	_, err = c.Exec(ctx, "insert into t values (1)")
	seen.add(err)
	require.Equal(t, sqlstate.ReadOnlySQLTransaction, sqlstate.CodeOf(err), err)
	require.NoError(t, db.Close())

	_, err = Open(ctx, Config{Path: filepath.Join(dir, "none.db"), ReadOnly: true})
	seen.add(err)
	require.Equal(t, sqlstate.UndefinedFile, sqlstate.CodeOf(err), err)
	_, err = Open(ctx, Config{Path: filepath.Join(dir, "no", "such.db")})
	seen.add(err)
	require.Equal(t, sqlstate.UndefinedFile, sqlstate.CodeOf(err), err)
	_, err = Open(ctx, Config{Path: dir})
	require.Equal(t, sqlstate.UndefinedFile, sqlstate.CodeOf(err), err)
	_, err = Open(ctx, Config{Settings: map[string]string{"nosuch": "1"}})
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err), err)

	// A flipped byte in the data is found when it is read.
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	data[len(data)/2] ^= 0xff
	require.NoError(t, os.WriteFile(path, data, 0o600))
	db, err = Open(ctx, Config{Path: path})
	if err == nil {
		c, err = db.Connect(ctx)
		require.NoError(t, err)
		_, err = c.QueryRows(ctx, "select sum(i) from t")
		defer db.Close()
	}
	seen.add(err)
	require.Equal(t, sqlstate.DataCorrupted, sqlstate.CodeOf(err), err)

	foreign := filepath.Join(dir, "foreign.db")
	require.NoError(t, os.WriteFile(foreign, []byte(strings.Repeat("not a database ", 4096)), 0o600))
	_, err = Open(ctx, Config{Path: foreign})
	seen.add(err)
	require.Equal(t, sqlstate.DataCorrupted, sqlstate.CodeOf(err), err)
	require.Contains(t, err.Error(), foreign)
}

func errorsOfLimits(t *testing.T, seen covered) {
	ctx := context.Background()
	_, c := openTest(t, Config{MemoryLimitBytes: 64 << 20, TempDir: filepath.Join(t.TempDir(), "spill"), MaxTempBytes: 4 << 20, Threads: 1})
	_, err := c.Exec(ctx, "create temp table big as select range i, hash(range) h, hash(range + 1) k from range(10000000)")
	seen.add(err)
	require.Equal(t, sqlstate.DiskFull, sqlstate.CodeOf(err), err)
	require.Equal(t, int64(1), queryOne(t, c, "select 1"), "the connection lives")
	_, c = openTest(t, Config{MemoryLimitBytes: 64 << 20, Settings: map[string]string{"temp_directory": ""}})
	_, err = c.Exec(ctx, "select max(len(l)) from (select list(i) l from range(100000000) r(i))")
	require.Equal(t, sqlstate.OutOfMemory, sqlstate.CodeOf(err), err)
	require.Equal(t, int64(1), queryOne(t, c, "select 1"), "the connection lives")
}

func errorsOfAppender(t *testing.T, seen covered) {
	_, c := openTest(t, Config{})
	_, err := c.Appender(context.Background(), "", "", "nope")
	seen.add(err)
	require.Equal(t, sqlstate.UndefinedTable, sqlstate.CodeOf(err), err)
}

// errorOfLock lets another process open the file that this one has open.
func errorOfLock(t *testing.T, seen covered) {
	path := filepath.Join(t.TempDir(), "locked.db")
	_, _ = openTest(t, Config{Path: path})
	cmd := exec.Command(os.Args[0], "-test.run=^TestOpenInChild$")
	cmd.Env = append(os.Environ(), "EIDER_TEST_OPEN="+path)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	seen.add(newError(string(out[strings.Index(string(out), "IO Error"):])))
}

// TestOpenInChild is the other process of errorOfLock: without its file there is nothing to test.
func TestOpenInChild(t *testing.T) {
	path := os.Getenv("EIDER_TEST_OPEN")
	if path == "" {
		return
	}
	for _, readOnly := range []bool{false, true} {
		_, err := Open(context.Background(), Config{Path: path, ReadOnly: readOnly})
		require.Equal(t, sqlstate.ObjectInUse, sqlstate.CodeOf(err), err)
		require.Contains(t, err.Error(), path)
		fmt.Println(errors.Unwrap(err))
	}
}
