package engine

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// step is a statement, the tag or SQLSTATE that must come of it, and the status after it.
type step struct {
	sql, want string
	status    byte
}

func play(t *testing.T, s *Session, steps []step) {
	t.Helper()
	for _, st := range steps {
		tag, err := s.Exec(context.Background(), st.sql)
		got := string(tag)
		if err != nil {
			got = string(sqlstate.CodeOf(err))
		}
		require.Equal(t, st.want, got, "%s: %v", st.sql, err)
		require.Equal(t, string(st.status), string(s.TxStatus()), st.sql)
	}
}

func TestBlocks(t *testing.T) {
	for name, steps := range map[string][]step{
		"commit": {
			{"BEGIN", "BEGIN", 'T'}, {"insert into t values (1)", "INSERT 0 1", 'T'}, {"COMMIT", "COMMIT", 'I'}, {"select * from t", "SELECT 1", 'I'},
		},
		"rollback": {
			{"start transaction", "START TRANSACTION", 'T'}, {"create table u as select 1 a", "SELECT 1", 'T'}, {"abort", "ROLLBACK", 'I'}, {"from u", "42P01", 'I'},
		},
		"failed block, binder error": {
			{"begin", "BEGIN", 'T'}, {"insert into t values (1)", "INSERT 0 1", 'T'}, {"select nope", "42703", 'E'}, {"select 1", "25P02", 'E'},
			{"set timezone = 'UTC'", "25P02", 'E'}, {"begin", "25P02", 'E'}, {"garbage", "25P02", 'E'}, {"COMMIT", "ROLLBACK", 'I'}, {"from t", "SELECT 0", 'I'},
		},
		"failed block, constraint": {
			{"begin", "BEGIN", 'T'}, {"insert into k values (1)", "INSERT 0 1", 'T'}, {"insert into k values (1)", "23505", 'E'}, {"rollback", "ROLLBACK", 'I'},
			{"insert into k values (1)", "INSERT 0 1", 'I'}, {"insert into k values (1)", "23505", 'I'}, {"select 1", "SELECT 1", 'I'},
		},
		"failed block, syntax": {
			{"begin", "BEGIN", 'T'}, {"selec 1", "42601", 'E'}, {"rollback", "ROLLBACK", 'I'},
		},
		"failed block, run time": {
			{"begin", "BEGIN", 'T'}, {"select 'x'::int", "22P02", 'E'}, {"end", "ROLLBACK", 'I'}, {"select error('no')", "22023", 'I'},
		},
		"warnings": {
			{"commit", "COMMIT", 'I'}, {"rollback", "ROLLBACK", 'I'}, {"begin", "BEGIN", 'T'}, {"begin", "BEGIN", 'T'}, {"rollback", "ROLLBACK", 'I'},
			{"commit and chain", "25P01", 'I'},
		},
		"modes": {
			{"begin isolation level serializable, read only, deferrable", "BEGIN", 'T'}, {"from t", "SELECT 0", 'T'}, {"insert into t values (1)", "25006", 'E'}, {"rollback", "ROLLBACK", 'I'},
			{"begin read only", "BEGIN", 'T'}, {"create table u (a int)", "25006", 'E'}, {"rollback", "ROLLBACK", 'I'},
			{"begin read only", "BEGIN", 'T'}, {"copy t to '/dev/null'", "25006", 'E'}, {"rollback", "ROLLBACK", 'I'},
			{"begin", "BEGIN", 'T'}, {"set transaction isolation level repeatable read, read only", "SET", 'T'}, {"delete from t", "25006", 'E'}, {"rollback", "ROLLBACK", 'I'},
			{"begin", "BEGIN", 'T'}, {"select 1", "SELECT 1", 'T'}, {"set transaction isolation level serializable", "25001", 'E'}, {"rollback", "ROLLBACK", 'I'},
			{"begin read only", "BEGIN", 'T'}, {"select 1", "SELECT 1", 'T'}, {"set transaction read write", "25001", 'E'}, {"rollback", "ROLLBACK", 'I'},
			{"begin isolation level chaos", "42601", 'I'}, {"begin read", "42601", 'I'}, {"begin read only,", "42601", 'I'}, {"set transaction read only", "SET", 'I'},
		},
		"chain": {
			{"begin read only", "BEGIN", 'T'}, {"commit and chain", "COMMIT", 'T'}, {"insert into t values (1)", "25006", 'E'}, {"rollback and chain", "ROLLBACK", 'T'},
			{"from t", "SELECT 0", 'T'}, {"commit and no chain", "COMMIT", 'I'}, {"commit nonsense", "42601", 'I'},
		},
		"not in a block": {
			{"begin", "BEGIN", 'T'}, {"vacuum", "25001", 'E'}, {"rollback", "ROLLBACK", 'I'}, {"vacuum", "VACUUM", 'I'}, {"prepare transaction 'x'", "55000", 'I'},
		},
		"several statements are one transaction": {
			{"insert into t values (1); select nope", "42703", 'I'}, {"from t", "SELECT 0", 'I'},
			{"insert into t values (1); begin; insert into t values (2)", "INSERT 0 1", 'T'}, {"rollback", "ROLLBACK", 'I'}, {"from t", "SELECT 0", 'I'},
			{"insert into t values (1); commit; insert into t values (2); select nope", "42703", 'I'}, {"from t", "SELECT 1", 'I'},
			{"begin; insert into t values (3); commit; select 1", "SELECT 1", 'I'}, {"from t", "SELECT 2", 'I'},
			{"insert into t values (4); rollback; insert into t values (5)", "INSERT 0 1", 'I'}, {"from t", "SELECT 3", 'I'},
		},
		"savepoint-free error leaves nothing": {
			{"begin", "BEGIN", 'T'}, {"create table v (a int)", "CREATE TABLE", 'T'}, {"create table v (a int)", "42P07", 'E'}, {"commit", "ROLLBACK", 'I'}, {"from v", "42P01", 'I'},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := memory(t)
			exec(t, s, "create table t (a int); create table k (a int primary key)")
			play(t, s, steps)
		})
	}
}

func TestNotices(t *testing.T) {
	var got []string
	s := newSession(t, openDB(t, Options{}), SessionOptions{OnNotice: func(e *sqlstate.Error) { got = append(got, e.Severity+" "+string(e.Code)+" "+e.Message) }})
	for _, sql := range []string{"commit", "rollback", "begin", "begin", "commit", "set transaction read only"} {
		exec(t, s, sql)
	}
	require.Equal(t, []string{
		"WARNING 25P01 there is no transaction in progress", "WARNING 25P01 there is no transaction in progress", "WARNING 25001 there is already a transaction in progress",
		"WARNING 25P01 SET TRANSACTION can only be used in transaction blocks",
	}, got)
}

func TestIsolation(t *testing.T) {
	db := openDB(t, Options{})
	a, b := newSession(t, db, SessionOptions{}), newSession(t, db, SessionOptions{})
	exec(t, a, "create table t (a int); insert into t values (1)")
	exec(t, a, "begin")
	require.Equal(t, "1", rowsOf(t, a, "select count(*) from t"))
	exec(t, b, "insert into t values (2)")
	require.Equal(t, "1", rowsOf(t, a, "select count(*) from t"), "a snapshot doesn't see later commits")
	exec(t, a, "commit")
	require.Equal(t, "2", rowsOf(t, a, "select count(*) from t"))

	exec(t, a, "begin; update t set a = 10 where a = 1")
	exec(t, b, "begin")
	require.Equal(t, sqlstate.SerializationFailure, failing(t, b, "update t set a = 11 where a = 1").Code)
	require.Equal(t, byte('E'), b.TxStatus())
	exec(t, b, "rollback")
	exec(t, a, "commit")
}

// A COMMIT that fails ends the block and leaves nothing.
func TestFailedCommit(t *testing.T) {
	db := openDB(t, Options{})
	a, b := newSession(t, db, SessionOptions{}), newSession(t, db, SessionOptions{})
	exec(t, a, "create table k (a int primary key)")
	exec(t, a, "begin; insert into k values (1)")
	exec(t, b, "begin; insert into k values (1)")
	exec(t, a, "commit")
	err := failing(t, b, "commit")
	require.Contains(t, []sqlstate.Code{sqlstate.UniqueViolation, sqlstate.SerializationFailure}, err.Code, err.Message)
	require.Equal(t, byte('I'), b.TxStatus())
	require.Equal(t, "1", rowsOf(t, b, "select count(*) from k"))
}

func TestImplicit(t *testing.T) {
	ctx := context.Background()
	s := memory(t)
	exec(t, s, "create table t (a int)")
	require.NoError(t, s.BeginImplicit())
	exec(t, s, "insert into t values (1)")
	require.Equal(t, byte('I'), s.TxStatus())
	require.NoError(t, s.EndImplicit(ctx, true))
	require.Equal(t, "0", rowsOf(t, s, "select count(*) from t"))

	require.NoError(t, s.BeginImplicit())
	exec(t, s, "insert into t values (1)")
	exec(t, s, "begin")
	require.Equal(t, byte('T'), s.TxStatus())
	require.NoError(t, s.EndImplicit(ctx, false), "the block goes on")
	exec(t, s, "insert into t values (2)")
	exec(t, s, "commit")
	require.Equal(t, "2", rowsOf(t, s, "select count(*) from t"))

	exec(t, s, "begin; insert into t values (3)")
	s.Fail()
	require.Equal(t, byte('E'), s.TxStatus())
	require.Equal(t, sqlstate.InFailedSQLTransaction, failing(t, s, "select 1").Code)
	require.Equal(t, "ROLLBACK", exec(t, s, "commit"))
}
