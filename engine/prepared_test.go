package engine

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestPrepareExecute(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table t (a int, b text)")
	require.Equal(t, "PREPARE", exec(t, s, "prepare ins (int, varchar(10)) as insert into t values ($1, $2)"))
	require.Equal(t, "INSERT 0 1", exec(t, s, "execute ins (1, 'one')"))
	exec(t, s, "execute ins (1 + 1, upper('two')); execute ins ('3', null); execute ins ((select max(a) + 1 from t), $$four$$); execute ins (-5, true)")
	require.Equal(t, "-5\ttrue\n1\tone\n2\tTWO\n3\tNULL\n4\tfour", rowsOf(t, s, "select * from t order by a"))
	exec(t, s, "prepare q as select b from t where a > $1 order by a; prepare none as select 42 as x; prepare c(unknown) as select $1::int + 1")
	require.Equal(t, "TWO\nNULL\nfour", rowsOf(t, s, "execute q(1)"))
	require.Equal(t, "42", rowsOf(t, s, "execute none"))
	require.Equal(t, "8", rowsOf(t, s, "execute c('7')"))
	r, err := s.Query(context.Background(), "execute none")
	require.NoError(t, err)
	require.Equal(t, "x", r.Columns()[0].Name)
	require.NoError(t, r.Close())

	exec(t, s, "alter table t add column c int")
	require.Equal(t, "TWO\nNULL\nfour", rowsOf(t, s, "execute q(1)"))
	require.Equal(t, "DEALLOCATE", exec(t, s, "deallocate prepare q"))
	require.Equal(t, "DEALLOCATE ALL", exec(t, s, "deallocate all"))
	require.Empty(t, s.PreparedStatements())
	exec(t, s, "begin; prepare stays as select 1; rollback; execute stays")
}

func TestPrepareErrors(t *testing.T) {
	s := memory(t)
	exec(t, s, "prepare p(int) as select $1; begin; commit")
	for _, c := range []struct {
		sql, code string
		position  int
	}{
		{"prepare p as select 1", "42P05", 0}, {"execute nope", "26000", 0}, {"deallocate nope", "26000", 0}, {"execute p", "42601", 0}, {"execute p(1, 2)", "42601", 0}, {"execute p('x')", "22P02", 0},
		{"prepare x as", "42601", 13}, {"prepare x(nope) as select $1", "42704", 11}, {"prepare x as create table t (a int)", "42601", 14}, {"prepare as select 1", "42601", 0}, {"prepare x as select nope", "42703", 21},
		{"execute p(nope)", "42703", 11}, {"execute p(1", "42601", 10}, {"execute p(1) x", "42601", 14}, {"deallocate", "42601", 11}, {"execute p(1); execute p(1/0::int, 2)", "42601", 0},
	} {
		e := failing(t, s, c.sql)
		require.Equal(t, sqlstate.Code(c.code), e.Code, "%s: %v", c.sql, e)
		if c.position > 0 {
			require.Equal(t, c.position, e.Position, c.sql)
		}
	}
}

// The protocol's named statements and PREPARE's are one namespace.
func TestSharedNames(t *testing.T) {
	ctx := context.Background()
	s := memory(t)
	sql := "select 1 as a"
	st, err := s.Prepare(ctx, sql, s.Split(sql)[0], nil)
	require.NoError(t, err)
	require.NoError(t, s.AddPrepared("p1", st))
	require.Equal(t, sqlstate.DuplicatePreparedStatement, sqlstate.CodeOf(s.AddPrepared("p1", st)))
	require.Equal(t, "1", rowsOf(t, s, "execute p1"))
	exec(t, s, "prepare p2 as select 2")
	require.NotNil(t, s.Prepared("p2"))
	list := s.PreparedStatements()
	require.Len(t, list, 2)
	require.Equal(t, []any{"p1", false, "p2", true}, []any{list[0].Name, list[0].FromSQL, list[1].Name, list[1].FromSQL})
	require.Equal(t, "prepare p2 as select 2", list[1].Statement)
	exec(t, s, "deallocate p1")
	require.Nil(t, s.Prepared("p1"))
	_, err = st.Run(ctx, nil)
	require.Equal(t, sqlstate.InvalidSQLStatementName, sqlstate.CodeOf(err))
	require.True(t, s.DropPrepared("p2"))
	require.False(t, s.DropPrepared("p2"))
}
