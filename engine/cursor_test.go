package engine

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// everyType is a query over every type that a result can have, with NULLs, long and short
// strings, empty and long lists.
const everyType = `SELECT i::BIGINT AS id, i % 2 = 0 AS b, (i % 100)::TINYINT AS i8, i::SMALLINT AS i16, i::INTEGER AS i32, i::HUGEINT * 1000000007::HUGEINT AS i128,
	(i % 200)::UTINYINT AS u8, i::USMALLINT AS u16, i::UINTEGER AS u32, i::UBIGINT AS u64, i::UHUGEINT AS u128, i::FLOAT / 3 AS f, i::DOUBLE / 7 AS d,
	(i % 100)::DECIMAL(4,1) AS d4, i::DECIMAL(9,2) AS d9, i::DECIMAL(18,3) AS d18, i::DECIMAL(38,4) AS d38,
	CASE WHEN i % 5 = 0 THEN NULL ELSE repeat('x', i % 40) || i END AS s, encode('b' || i) AS bl, (i % 256)::UTINYINT::BIT AS bits,
	uuid_of(i) AS u, DATE '2000-01-01' + i::INTEGER AS da, TIME '01:00:00' + to_microseconds(i) AS t, (TIME '01:00:00')::TIMETZ AS ttz,
	TIMESTAMP '2000-01-01' + to_seconds(i) AS ts, (TIMESTAMP '2000-01-01' + to_seconds(i))::TIMESTAMP_S AS tss, (TIMESTAMP '2000-01-01')::TIMESTAMP_MS AS tsm,
	(TIMESTAMP '2000-01-01')::TIMESTAMP_NS AS tsn, (TIMESTAMP '2000-01-01' + to_seconds(i))::TIMESTAMPTZ AS tz, to_days(i::INTEGER) + to_seconds(i) AS iv,
	(CASE WHEN i % 3 = 0 THEN 'lo' ELSE 'hi' END)::level AS en, CASE WHEN i % 7 = 0 THEN NULL ELSE [j::VARCHAR || 'a longer element' for j in range(i % 5)] END AS li,
	[i, NULL, i + 1]::BIGINT[3] AS ar, {'a': i, 'b': CASE WHEN i % 2 = 0 THEN 'yes' END} AS st, MAP {'k' || i: [i, NULL]} AS ma,
	CASE WHEN i % 2 = 0 THEN union_value(n := i)::UNION(n BIGINT, s VARCHAR) ELSE union_value(s := 's' || i)::UNION(n BIGINT, s VARCHAR) END AS un,
	i::VARINT AS vi, json_object('i', i) AS js, NULL AS nu, [[i], []] AS ll, i::VARCHAR::BIGNUM AS bn
	FROM range(5000) r(i)`

func withTypes(t testing.TB, o Options) *Session {
	s := newSession(t, openDB(t, o), SessionOptions{})
	exec(t, s, "create type level as enum ('lo', 'hi'); create macro uuid_of(i) as ('00000000-0000-0000-0000-' || lpad(i::varchar, 12, '0'))::UUID")
	return s
}

// Whatever is between two fetches, a cursor gives the rows that it would have given without it.
func TestDetach(t *testing.T) {
	const n = 5000
	query := everyType
	for name, c := range map[string]struct {
		block  bool
		memory int
	}{"own connection": {}, "drained to memory": {block: true, memory: 1 << 30}, "drained to a file": {block: true, memory: 100_000}} {
		t.Run(name, func(t *testing.T) {
			s := withTypes(t, Options{})
			s.db.spills.memory = max(c.memory, 1)
			want, err := drainRows(start(t, s, query))
			require.NoError(t, err)
			require.Len(t, want, n)
			if c.block {
				exec(t, s, "begin")
			}
			cur := start(t, s, query)
			first, err := cur.Next(context.Background())
			require.NoError(t, err)
			got := linesOf(first)
			require.Equal(t, "1", rowsOf(t, s, "select 1"), "another statement in between")
			require.Nil(t, s.attached)
			_, buffered := cur.src.(*spill)
			require.Equal(t, c.block, buffered)
			if c.block {
				require.Equal(t, c.memory < 1<<20, cur.src.(*spill).file != nil)
			}
			runtime.GC()
			rest, err := drainRows(cur)
			require.NoError(t, err)
			require.Equal(t, want, append(got, rest...))
			require.Equal(t, "SELECT "+strconv.Itoa(n), cur.Tag())
			require.Zero(t, s.db.spills.used.Load(), "the space is given back")
			if c.block {
				exec(t, s, "commit")
			}
			require.Equal(t, "1", rowsOf(t, s, "select 1"))
		})
	}
}

// Two cursors at once see what each saw when it started, though the table changes.
func TestInterleavedCursors(t *testing.T) {
	for _, block := range []bool{false, true} {
		s := memory(t)
		exec(t, s, "create table t as select i from range(10000) r(i)")
		if block {
			exec(t, s, "begin")
		}
		a := start(t, s, "select i from t order by i")
		_, err := a.Next(context.Background())
		require.NoError(t, err)
		b := start(t, s, "select -i from t order by i")
		_, err = b.Next(context.Background())
		require.NoError(t, err)
		exec(t, s, "delete from t")
		restA, err := drainRows(a)
		require.NoError(t, err)
		restB, err := drainRows(b)
		require.NoError(t, err)
		require.Len(t, restA, 10000-2048)
		require.Equal(t, "-9999", restB[len(restB)-1])
		if block {
			exec(t, s, "rollback")
		}
	}
}

// A temporary table lives in the connection: a cursor over it is drained even outside of a block.
func TestDetachKeepsTemporaries(t *testing.T) {
	s := memory(t)
	exec(t, s, "create temp table t as select i from range(5000) r(i)")
	c := start(t, s, "select i from t")
	_, err := c.Next(context.Background())
	require.NoError(t, err)
	require.Equal(t, "5000", rowsOf(t, s, "select count(*) from t"))
	rest, err := drainRows(c)
	require.NoError(t, err)
	require.Len(t, rest, 5000-2048)
}

// The drained rest of a cursor that fails is its own error, and the block's end.
func TestDrainedError(t *testing.T) {
	s := memory(t)
	exec(t, s, "begin; create table t as select i from range(100000) r(i)")
	c := start(t, s, "select case when i = 90000 then error('boom') else i end from t")
	_, err := c.Next(context.Background())
	require.NoError(t, err)
	require.Contains(t, failing(t, s, "select 1").Message, "boom")
	require.Equal(t, byte('E'), s.TxStatus())
	_, err = c.Next(context.Background())
	require.ErrorContains(t, err, "boom")
	require.Equal(t, "ROLLBACK", exec(t, s, "commit"))
	require.Equal(t, "1", rowsOf(t, s, "select 1"))
}

// A full disk is the failing statement's error; the session and the data stay sound.
func TestDrainDiskFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full:", err)
	}
	s := memory(t)
	s.db.spills.memory = 1000
	s.db.spills.create = func() (spillFile, error) { return os.OpenFile("/dev/full", os.O_RDWR, 0) }
	exec(t, s, "create table t as select i, repeat('x', 100) as s from range(100000) r(i)")
	exec(t, s, "begin")
	c := start(t, s, "select * from t")
	_, err := c.Next(context.Background())
	require.NoError(t, err)
	require.Equal(t, sqlstate.DiskFull, failing(t, s, "insert into t values (1, 'y')").Code)
	_, err = c.Next(context.Background())
	require.Equal(t, sqlstate.DiskFull, sqlstate.CodeOf(err))
	require.Equal(t, "ROLLBACK", exec(t, s, "commit"))
	require.Equal(t, "100000", rowsOf(t, s, "select count(*) from t"))
	require.Zero(t, s.db.spills.used.Load())
}

func TestDrainBounds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spill")
	s := newSession(t, openDB(t, Options{TempDir: dir, MaxTempBytes: 16 << 20}), SessionOptions{})
	s.db.spills.memory, s.db.spills.max = 1000, 1<<20
	exec(t, s, "create table t as select i, repeat('x', 100) as s from range(100000) r(i)")
	exec(t, s, "begin")
	c := start(t, s, "select * from t")
	e := failing(t, s, "select 1")
	require.Equal(t, sqlstate.DiskFull, e.Code)
	require.Contains(t, e.Hint, "MaxTempBytes")
	require.NoError(t, c.Close())
	exec(t, s, "rollback; begin")
	c = start(t, s, "select * from t limit 4000")
	require.Equal(t, "1", rowsOf(t, s, "select 1"))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, files, "an open spill file has no name that a crash could leave behind")
	rest, err := drainRows(c)
	require.NoError(t, err)
	require.Len(t, rest, 4000)
	exec(t, s, "commit")
}

func TestCursorEndsWithItsTransaction(t *testing.T) {
	s := memory(t)
	exec(t, s, "begin; create table t as select i from range(10000) r(i)")
	c := start(t, s, "select * from t")
	exec(t, s, "commit")
	_, err := c.Next(context.Background())
	require.Equal(t, sqlstate.InvalidCursorState, sqlstate.CodeOf(err))
	require.Equal(t, byte('I'), s.TxStatus())

	exec(t, s, "begin")
	c = start(t, s, "select * from t")
	failing(t, s, "select nope")
	_, err = c.Next(context.Background())
	require.Error(t, err)
	exec(t, s, "rollback")

	exec(t, s, "begin")
	c = start(t, s, "select * from t")
	c.hold = true
	exec(t, s, "commit")
	rows, err := drainRows(c)
	require.NoError(t, err)
	require.Len(t, rows, 10000, "WITH HOLD")
}

func TestTags(t *testing.T) {
	s := memory(t)
	for _, c := range [][2]string{
		{"create table t (a int, b text)", "CREATE TABLE"}, {"insert into t values (1, 'a'), (2, 'b')", "INSERT 0 2"}, {"insert into t select i, 'c' from range(3) r(i) returning a", "INSERT 0 3"},
		{"update t set b = 'z' where a < 2", "UPDATE 3"}, {"delete from t where a = 0 returning *", "DELETE 1"}, {"select * from t", "SELECT 4"}, {"values (1), (2)", "SELECT 2"},
		{"from t limit 1", "SELECT 1"}, {"table t", "SELECT 4"}, {"with x as (select 1) select * from x", "SELECT 1"}, {"create table u as select * from t", "SELECT 4"},
		{"create table v as select * from t with no data", "CREATE TABLE"}, {"create view w as select 1 a", "CREATE VIEW"}, {"create or replace view w as select 2 a", "CREATE VIEW"},
		{"create index i on t (a)", "CREATE INDEX"}, {"create schema sc", "CREATE SCHEMA"}, {"create sequence sq", "CREATE SEQUENCE"}, {"create type ty as enum ('a')", "CREATE TYPE"},
		{"alter table u add column c int", "ALTER TABLE"}, {"comment on table t is 'x'", "COMMENT"}, {"drop view w", "DROP VIEW"}, {"drop table if exists nope", "DROP TABLE"},
		{"explain select 1", "EXPLAIN"}, {"describe t", "SHOW"}, {"show tables", "SHOW"}, {"vacuum", "VACUUM"}, {"analyze", "ANALYZE"}, {"checkpoint", "CHECKPOINT"}, {"truncate t", "TRUNCATE TABLE"},
		{"merge into u using (select 1 as a, 'm' as b) s on u.a = s.a when matched then update set b = s.b", "MERGE 2"}, {"pivot u on b using count(*)", "SELECT 2"},
		{"", ""}, {" ; -- nothing", ""},
	} {
		require.Equal(t, c[1], exec(t, s, c[0]), c[0])
	}
}

func TestTagRowsAffected(t *testing.T) {
	for tag, n := range map[Tag]int64{"SELECT 5": 5, "INSERT 0 3": 3, "CREATE TABLE": 0, "": 0, "COPY 12345678901": 12345678901} {
		require.Equal(t, n, tag.RowsAffected(), tag)
	}
}

func TestQueryShown(t *testing.T) {
	s := memory(t)
	exec(t, s, "begin")
	c := start(t, s, "select i from range(10000) r(i)")
	require.Equal(t, "active", s.Info().State)
	c.Suspend()
	require.Equal(t, "idle in transaction", s.Info().State)
	_, err := c.Next(context.Background())
	require.NoError(t, err)
	require.Equal(t, "active", s.Info().State)
	require.NoError(t, c.Close())
	failing(t, s, "select nope")
	require.Equal(t, "idle in transaction (aborted)", s.Info().State)
	require.False(t, s.Info().TxStarted.IsZero())
	exec(t, s, "rollback")
	require.Equal(t, "idle", s.Info().State)
	require.True(t, strings.HasPrefix(s.Info().Query, "rollback"))
}
