package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestForwardCursor(t *testing.T) {
	s := memory(t)
	exec(t, s, "begin; declare c cursor for select i from range(5000) r(i)")
	require.Equal(t, "0", rowsOf(t, s, "fetch c"))
	require.Equal(t, "1\n2", rowsOf(t, s, "fetch 2 from c"))
	require.Equal(t, "FETCH 3", exec(t, s, "fetch forward 3 in c"))
	require.Equal(t, "MOVE 4000", exec(t, s, "move 4000 c"))
	require.Equal(t, "4006", rowsOf(t, s, "fetch next from c"))
	require.Equal(t, "4009", rowsOf(t, s, "fetch relative 3 from c"))
	require.Equal(t, "4499", rowsOf(t, s, "fetch absolute 4500 from c"))
	// Another statement runs on the connection in between.
	require.Equal(t, "7", rowsOf(t, s, "select 7"))
	require.Equal(t, "4500", rowsOf(t, s, "fetch c"))
	require.Equal(t, "FETCH 499", exec(t, s, "fetch all c"))
	require.Equal(t, "FETCH 0", exec(t, s, "fetch all c"))
	require.Equal(t, "MOVE 0", exec(t, s, "move c"))
	e := failing(t, s, "fetch prior from c")
	require.Equal(t, sqlstate.ObjectNotInPrerequisiteState, e.Code)
	require.Contains(t, e.Hint, "SCROLL")
	exec(t, s, "rollback")
	require.Equal(t, sqlstate.InvalidCursorName, failing(t, s, "fetch c").Code)
}

// The expectations are what PostgreSQL 15 answers.
func TestScrollCursor(t *testing.T) {
	s := memory(t)
	exec(t, s, "begin; declare c scroll cursor for select i from range(1, 6) r(i)")
	for _, c := range []struct{ sql, want string }{
		{"fetch prior c", ""}, {"fetch c", "1"}, {"fetch 2 c", "2\n3"}, {"fetch prior c", "2"}, {"fetch backward 5 c", "1"}, {"fetch c", "1"}, {"fetch last c", "5"}, {"fetch c", ""}, {"fetch prior c", "5"},
		{"fetch absolute 3 c", "3"}, {"fetch 0 c", "3"}, {"fetch relative -1 c", "2"}, {"fetch relative 0 c", "2"}, {"fetch absolute -2 c", "4"}, {"fetch first c", "1"}, {"fetch all c", "2\n3\n4\n5"}, {"fetch backward all c", "5\n4\n3\n2\n1"},
		{"fetch absolute 9 c", ""}, {"fetch backward c", "5"}, {"fetch absolute 0 c", ""}, {"fetch forward all c", "1\n2\n3\n4\n5"}, {"fetch absolute -9 c", ""}, {"fetch next c", "1"}, {"fetch -1 c", ""}, {"fetch relative 2 c", "2"},
	} {
		require.Equal(t, c.want, rowsOf(t, s, c.sql), c.sql)
	}
	require.Equal(t, "MOVE 3", exec(t, s, "move 9 c"))
	require.Equal(t, "MOVE 5", exec(t, s, "move backward all in c"))
	require.Equal(t, "MOVE 1", exec(t, s, "move absolute 2 c"))
	require.Equal(t, "3", rowsOf(t, s, "fetch c"))
}

func TestScrollThroughFile(t *testing.T) {
	db := openDB(t, Options{})
	db.spills.memory = 64 << 10
	s := newSession(t, db, SessionOptions{})
	exec(t, s, "begin; declare c scroll cursor for select i, repeat('x', i % 50) as s, [i] as l from range(20000) r(i)")
	require.True(t, strings.HasPrefix(rowsOf(t, s, "fetch absolute 15000 c"), "14999\t"+strings.Repeat("x", 49)))
	require.Positive(t, db.spills.used.Load())

	require.Equal(t, "7", rowsOf(t, s, "select 7"))
	for _, n := range []int{1, 20000, 2, 10000, 2048, 2049, 19999} {
		require.Equal(t, fmt.Sprintf("%d\t%s\t[%d]", n-1, strings.Repeat("x", (n-1)%50), n-1), rowsOf(t, s, fmt.Sprintf("fetch absolute %d c", n)))
	}
	require.Equal(t, "FETCH 19998", exec(t, s, "fetch backward all c"))
	exec(t, s, "close c")
	require.Zero(t, db.spills.used.Load(), "the file is given back")
	db.spills.max = 1000
	exec(t, s, "declare c scroll cursor for select i, repeat('x', 50) as s from range(20000) r(i)")
	require.Equal(t, sqlstate.DiskFull, failing(t, s, "fetch last c").Code)
	exec(t, s, "rollback")
	require.Zero(t, db.spills.used.Load())
}

func TestHoldCursor(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table t as select i from range(5000) r(i)")
	exec(t, s, "begin; declare c cursor with hold for select i from t order by i; declare d cursor for select 1; fetch 10 c; commit")
	require.Equal(t, "10", rowsOf(t, s, "fetch c"), "after the commit")
	require.Equal(t, sqlstate.InvalidCursorName, failing(t, s, "fetch d").Code)
	exec(t, s, "drop table t")
	require.Equal(t, "FETCH 4989", exec(t, s, "fetch all c"))
	require.Equal(t, "CLOSE CURSOR", exec(t, s, "close c"))

	exec(t, s, "create table t as select i from range(5000) r(i); declare c scroll cursor with hold for select i from t order by i")
	require.Equal(t, "0", rowsOf(t, s, "fetch c"), "outside of a transaction")
	exec(t, s, "update t set i = -1")
	require.Equal(t, "1", rowsOf(t, s, "fetch c"), "it sees what was there")
	require.Equal(t, "4999", rowsOf(t, s, "fetch last c"))
	require.Len(t, s.Cursors(), 1)
	require.True(t, s.Cursors()[0].Holdable)
	require.Equal(t, "CLOSE CURSOR ALL", exec(t, s, "close all"))

	exec(t, s, "begin; declare c cursor with hold for select 1; rollback")
	require.Equal(t, sqlstate.InvalidCursorName, failing(t, s, "fetch c").Code)
}

func TestCursorErrors(t *testing.T) {
	s := memory(t)
	for _, c := range []struct {
		sql, code string
		position  int
	}{
		{"declare c cursor for select 1", "25P01", 0}, {"fetch c", "34000", 0}, {"move c", "34000", 0}, {"close c", "34000", 0}, {"declare c cursor for select nope", "42703", 29}, {"declare c cursor for insert into t values (1)", "42601", 22},
		{"declare c binary cursor with hold for select 1", "0A000", 11}, {"declare c for select 1", "42601", 11}, {"declare c cursor", "42601", 17}, {"fetch absolute from c", "42601", 16}, {"fetch 1 2 c", "42601", 9}, {"fetch", "42601", 6}, {"declare", "42601", 8},
	} {
		e := failing(t, s, c.sql)
		require.Equal(t, sqlstate.Code(c.code), e.Code, "%s: %v", c.sql, e)
		if c.position > 0 {
			require.Equal(t, c.position, e.Position, c.sql)
		}
	}
	exec(t, s, "begin; declare c cursor for select 1; savepoint a")
	require.Equal(t, sqlstate.DuplicateCursor, failing(t, s, "declare c cursor for select 1").Code)
	exec(t, s, "rollback to a; declare d cursor for select 2; rollback to a")
	require.Equal(t, "1", rowsOf(t, s, "fetch c"))
	require.Equal(t, sqlstate.InvalidCursorName, failing(t, s, "fetch d").Code, "declared after the savepoint")
	exec(t, s, "rollback; begin; declare c cursor for select case when i = 150000 then error('late') else i::text end from range(200000) r(i)")
	require.Equal(t, byte('T'), s.TxStatus())
	failing(t, s, "fetch all c")
	require.Equal(t, byte('E'), s.TxStatus())
	exec(t, s, "rollback")
}
