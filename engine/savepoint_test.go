package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestSavepoints(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table t (a int primary key); begin; insert into t values (1); savepoint a")
	// A mistake in a query: psql's ON_ERROR_ROLLBACK, drivers' autosave.
	require.Equal(t, sqlstate.UndefinedColumn, failing(t, s, "select nope from t").Code)
	require.Equal(t, byte('E'), s.TxStatus())
	require.Equal(t, sqlstate.InFailedSQLTransaction, failing(t, s, "select 1").Code)
	require.Equal(t, "ROLLBACK", exec(t, s, "rollback to savepoint a"))
	require.Equal(t, byte('T'), s.TxStatus())
	require.Equal(t, "1", rowsOf(t, s, "select a from t"))
	exec(t, s, "savepoint b; savepoint a; release b")
	require.Equal(t, sqlstate.InvalidSavepointSpecification, failing(t, s, "release b").Code)
	exec(t, s, "rollback to a; release savepoint a; commit")
	require.Equal(t, "1", rowsOf(t, s, "select a from t"))

	// Written since.
	exec(t, s, "begin; savepoint a; insert into t values (2)")
	e := failing(t, s, "rollback to a")
	require.Equal(t, sqlstate.FeatureNotSupported, e.Code)
	require.Equal(t, byte('E'), s.TxStatus())
	exec(t, s, "rollback")

	// The error took DuckDB's transaction along: with nothing written it is begun anew, else it is lost.
	exec(t, s, "begin; select 1; savepoint a")
	require.Equal(t, sqlstate.UniqueViolation, failing(t, s, "insert into t values (1)").Code)
	exec(t, s, "rollback to a; insert into t values (3); savepoint b")
	require.Equal(t, sqlstate.UniqueViolation, failing(t, s, "insert into t values (1)").Code)
	require.Equal(t, sqlstate.FeatureNotSupported, failing(t, s, "rollback to b").Code)
	exec(t, s, "rollback")
	require.Equal(t, "1", rowsOf(t, s, "select a from t"))
}

func TestSavepointErrors(t *testing.T) {
	s := memory(t)
	for sql, code := range map[string]sqlstate.Code{
		"savepoint a": sqlstate.NoActiveSQLTransaction, "release a": sqlstate.NoActiveSQLTransaction, "rollback to a": sqlstate.NoActiveSQLTransaction, "savepoint": sqlstate.SyntaxError, "savepoint 1": sqlstate.SyntaxError, "rollback to savepoint": sqlstate.SyntaxError,
	} {
		require.Equal(t, code, failing(t, s, sql).Code, sql)
	}
	exec(t, s, "begin; savepoint savepoint; release savepoint savepoint; savepoint x")
	require.Equal(t, sqlstate.InvalidSavepointSpecification, failing(t, s, "rollback to nope").Code)
	exec(t, s, "rollback work to x; commit")
}
