package engine

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// An error in one of a query's threads comes out as itself, however the threads race.
func TestErrorsOfThreads(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table sink (a bigint)")
	for i := range 40 {
		_, err := s.Exec(context.Background(), "select case when i = 290000 then error('late') else i end from range(300000) t(i)")
		require.ErrorContains(t, err, "late", "round %d", i)
	}
	require.Equal(t, "1", rowsOf(t, s, "select 1"))
}

// What reveal does when DuckDB has hidden an error, shown with an interrupt that nobody asked for.
func TestReveal(t *testing.T) {
	ctx := context.Background()
	s := memory(t)
	exec(t, s, "create table t (a int); insert into t values (1)")
	hidden := errUserCancel()
	plan := func(sql string, args ...any) *prepared {
		p := prepare(t, s, sql).op.(*plain).prepared
		for i, a := range args {
			require.NoError(t, p.stmt.Bind(i+1, a))
		}
		return p
	}
	require.ErrorContains(t, s.reveal(ctx, plan("select error('why') from t"), hidden), "why")
	require.ErrorContains(t, s.reveal(ctx, plan("select error($1) from t", "because"), hidden), "because")
	require.ErrorContains(t, s.reveal(ctx, plan("insert into t select error('why')::int from t"), hidden), "why")
	require.Equal(t, sqlstate.DataException, sqlstate.CodeOf(s.reveal(ctx, plan("insert into t values (2)"), hidden)), "no error the second time")
	require.Equal(t, "1", rowsOf(t, s, "select count(*) from t"), "and nothing done")

	ended, cancel := context.WithCancel(ctx)
	cancel()
	require.Equal(t, error(hidden), s.reveal(ended, plan("select error('why')"), hidden), "a true cancel")
	other := sqlstate.New(sqlstate.DivisionByZero, "division by zero")
	require.Equal(t, error(other), s.reveal(ctx, plan("select error('why')"), other))

	exec(t, s, "begin; insert into t values (3)")
	require.ErrorContains(t, s.reveal(ctx, plan("select error('why') from t"), hidden), "why")
	s.Fail()
	require.Equal(t, "ROLLBACK", exec(t, s, "commit"))
	require.Equal(t, "1", rowsOf(t, s, "select count(*) from t"))
}
