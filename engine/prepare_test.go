package engine

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

func prepare(t testing.TB, s *Session, sql string, declared ...*types.Type) *Stmt {
	t.Helper()
	st, err := s.Prepare(context.Background(), sql, s.Split(sql)[0], declared)
	require.NoError(t, err, sql)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

func typesOf(ts []*types.Type) string {
	names := make([]string, len(ts))
	for i, t := range ts {
		names[i] = t.String()
	}
	return strings.Join(names, ", ")
}

func columnsOf(cs []types.Column) string {
	if cs == nil {
		return "none"
	}
	names := make([]string, len(cs))
	for i, c := range cs {
		names[i] = c.Name + " " + c.Type.String()
	}
	return strings.Join(names, ", ")
}

func TestParameterTypes(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table t (a integer, b varchar, c timestamp, d decimal(9,2), e boolean)")
	integer, text := types.Of(types.Integer), types.Of(types.Varchar)
	for _, c := range []struct {
		sql             string
		declared        []*types.Type
		params, columns string
	}{
		{"select * from t where a = $1 and b = $2", nil, "INTEGER, VARCHAR", "a INTEGER, b VARCHAR, c TIMESTAMP, d DECIMAL(9,2), e BOOLEAN"},
		{"select * from t where b = $2 and a = $1", nil, "INTEGER, VARCHAR", "a INTEGER, b VARCHAR, c TIMESTAMP, d DECIMAL(9,2), e BOOLEAN"},
		{"insert into t values ($1, $2, $3, $4, $5)", nil, "INTEGER, VARCHAR, TIMESTAMP, DECIMAL(9,2), BOOLEAN", "none"},
		{"insert into t (a) values ($1) returning b", nil, "INTEGER", "b VARCHAR"},
		{"update t set b = $2 where a = $1", nil, "INTEGER, VARCHAR", "none"},
		{"select $1", nil, "VARCHAR", "$1 VARCHAR"},
		{"select $1 as x, a from t", nil, "VARCHAR", "x VARCHAR, a INTEGER"},
		{"select $1 as x", []*types.Type{integer}, "INTEGER", "x INTEGER"},
		{"select $1::int as x", nil, "INTEGER", "x INTEGER"},
		{"select $1::int as x", []*types.Type{text}, "VARCHAR", "x INTEGER"},
		{"select ? as x, ? as y", []*types.Type{integer}, "INTEGER, VARCHAR", "x INTEGER, y VARCHAR"},
		{"select $1 + 1 as x", nil, "BIGINT", "x BIGINT"},
		{"select $2 as y", []*types.Type{integer, integer}, "INTEGER, INTEGER", "y INTEGER"},
		{"select 1 as x limit $1", nil, "BIGINT", "x INTEGER"},
		{"select $1[1] as x", []*types.Type{{ID: types.List, Child: integer}}, "INTEGER[]", "x INTEGER"},
		{"select upper($1) as x", nil, "VARCHAR", "x VARCHAR"},
		{"select 1 as x", []*types.Type{integer}, "INTEGER", "x INTEGER"},
		{"select '$1' as x", nil, "", "x VARCHAR"},
	} {
		st := prepare(t, s, c.sql, c.declared...)
		require.Equal(t, c.params, typesOf(st.Params()), c.sql)
		require.Equal(t, c.columns, columnsOf(st.Columns()), c.sql)
	}
}

func TestParameterValues(t *testing.T) {
	s := memory(t)
	for _, c := range []struct {
		sql  string
		args []any
		want string
	}{
		{"select $1, $2", []any{1, "x"}, "1\tx"}, {"select $2, $1", []any{1, "x"}, "x\t1"}, {"select $1, $1", []any{nil}, "NULL\tNULL"},
		{"select $1 + $1", []any{2}, "4"}, {"select $1 || $2", []any{"a", nil}, "NULL"}, {"select $1::date", []any{"2020-02-29"}, "2020-02-29 00:00:00 +0000 UTC"},
		{"select $1::int", []any{"7"}, "7"}, {"select $1 from range(3)", []any{true}, "true\ntrue\ntrue"}, {"select ?, ?", []any{"a", "b"}, "a\tb"}, {"select $3, $1", []any{1, 2, 3}, "3\t1"},
	} {
		require.Equal(t, c.want, rowsOf(t, s, c.sql, c.args...), c.sql)
	}
	require.Equal(t, sqlstate.ProtocolViolation, failing(t, s, "select $1::int, $2::int", 1).Code)
	require.Equal(t, sqlstate.InvalidTextRepresentation, failing(t, s, "select $1::int", "seven").Code)
	require.Equal(t, sqlstate.ProtocolViolation, failing(t, s, "select 1", 1).Code)
}

// Positions count in what the user sent, whatever was rewritten and whatever stands before.
func TestErrorPositions(t *testing.T) {
	rename := rewrite.Rule{Name: "longer", Triggers: []string{"tt"}, Apply: func(e *rewrite.Editor) error {
		for i := range e.Toks {
			if e.Name(i) == "tt" {
				e.ReplaceTok(i, "(select 1 as one, 2 as two)")
			}
		}
		return nil
	}}
	s := newSession(t, openDB(t, Options{}), SessionOptions{Rewrites: []rewrite.Rule{rename}})
	exec(t, s, "create table t (a int)")
	for _, c := range []struct{ sql, at string }{
		{"select nope from t", "nope"}, {"  /* é */ select a, nope from t", "nope"}, {"select 1; select nope from t", "nope"}, {"selec 1", "selec"},
		{"select a from t where where", "where where"[6:]}, {"select $1, nope from t", "nope"}, {"select one, nope from tt", "nope"}, {"select a from tt, t where nope = 1", "nope"},
		{"insert into t values (1); insert into t values (nope)", "nope"}, {"begin nonsense", "nonsense"}, {"select nofunction(1) + $1", "nofunction"},
		{"copy t (a) from stdin (format nope)", "nope"}, {"copy (select nope from t) to stdout", "nope"}, {"copy nope to stdout", "nope"}, {"copy t (zz) from stdin", "t"},
		{"explain select nope from t", "nope"},
	} {
		var err error
		for _, st := range s.Split(c.sql) {
			if _, err = s.Prepare(context.Background(), c.sql, st, nil); err != nil {
				break
			}
		}
		require.Error(t, err, c.sql)
		e := sqlstate.From(err)
		want := strings.LastIndex(c.sql, c.at) + 1
		if c.at == "t" {
			want = strings.Index(c.sql, " t ") + 2
		}
		require.Equal(t, want, e.Position, "%s: %v", c.sql, e)
	}
}

func TestDescribeExecutesNothing(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table t (a int); create sequence q")
	for _, sql := range []string{"insert into t values (1) returning a", "delete from t", "drop table t", "select nextval('q')", "create table u as select 1 a", "begin", "select error('never')", "truncate t"} {
		prepare(t, s, sql)
	}
	require.Equal(t, "0", rowsOf(t, s, "select count(*) from t"))
	require.Equal(t, "1", rowsOf(t, s, "select nextval('q')"))
	require.Equal(t, byte('I'), s.TxStatus())
}

func TestStalePlans(t *testing.T) {
	ctx := context.Background()
	db := openDB(t, Options{})
	s, other := newSession(t, db, SessionOptions{}), newSession(t, db, SessionOptions{})
	exec(t, s, "create table t (a int); insert into t values (1)")
	star, one := prepare(t, s, "select * from t"), prepare(t, s, "select a from t where a = $1")
	run := func(st *Stmt, args ...any) (string, error) {
		r, err := st.Query(ctx, args...)
		if err != nil {
			return "", err
		}
		var lines []string
		for r.Next() {
			lines = append(lines, line(r.Values()))
		}
		return strings.Join(lines, "\n"), r.Err()
	}
	got, err := run(star)
	require.NoError(t, err)
	require.Equal(t, "1", got)
	exec(t, other, "alter table t add column b int")
	_, err = run(star)
	require.Equal(t, sqlstate.FeatureNotSupported, sqlstate.CodeOf(err))
	require.ErrorContains(t, err, "cached plan must not change result type")
	got, err = run(one, 1)
	require.NoError(t, err)
	require.Equal(t, "1", got)
	exec(t, other, "drop table t")
	_, err = run(one, 1)
	require.Equal(t, sqlstate.UndefinedTable, sqlstate.CodeOf(err))
	exec(t, other, "create table t (b int, a int); insert into t values (5, 1)")
	got, err = run(one, 1)
	require.NoError(t, err)
	require.Equal(t, "1", got)
	exec(t, s, "begin; drop table t; create table t (a varchar); insert into t values ('1')")
	_, err = run(one, 1)
	require.Equal(t, sqlstate.FeatureNotSupported, sqlstate.CodeOf(err))
	exec(t, s, "rollback")
	got, err = run(one, 1)
	require.NoError(t, err)
	require.Equal(t, "1", got)
}

// A statement can be run again while a cursor of it is open, and closed under it.
func TestStatementOutlivedByCursor(t *testing.T) {
	ctx := context.Background()
	s := memory(t)
	st := prepare(t, s, "select i from range(10000) r(i)")
	a, err := st.Run(ctx, nil)
	require.NoError(t, err)
	_, err = a.Next(ctx)
	require.NoError(t, err)
	b, err := st.Run(ctx, nil)
	require.NoError(t, err)
	require.NoError(t, st.Close())
	rest, err := drainRows(a)
	require.NoError(t, err)
	require.Len(t, rest, 10000-2048)
	rest, err = drainRows(b)
	require.NoError(t, err)
	require.Len(t, rest, 10000)
	_, err = st.Run(ctx, nil)
	require.Equal(t, sqlstate.InvalidSQLStatementName, sqlstate.CodeOf(err))
}

func TestManyStatementsOfDuckDB(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table t (k varchar, v int); insert into t values ('a', 1), ('b', 2), ('a', 3)")
	require.Equal(t, "4\t2", rowsOf(t, s, "pivot t on k using sum(v)"))
	exec(t, s, "begin")
	require.Equal(t, "4\t2", rowsOf(t, s, "pivot t on k using sum(v)"))
	exec(t, s, "create table p as pivot t on k using sum(v); commit")
	require.Equal(t, "4\t2", rowsOf(t, s, "from p"))
	for _, sql := range []string{"unpivot p on a, b", "describe t", "summarize t", "show tables", "from t select k", "values (1), (2)", "select * from t qualify row_number() over (partition by k) = 1",
		"select columns(*) from t", "call pragma_table_info('t')", "pragma table_info('t')", "select x: 1", "from range(3) select sum(range)", "explain analyze select 1", "select unnest([1,2])", "select {'a': 1}.a"} {
		require.NotEmpty(t, rowsOf(t, s, sql), sql)
	}
}

func TestBadText(t *testing.T) {
	s := memory(t)
	for _, c := range []struct {
		sql  string
		code sqlstate.Code
	}{
		{"select 'open", sqlstate.SyntaxError}, {"select \"open", sqlstate.SyntaxError}, {"select /* open", sqlstate.SyntaxError}, {"select $$open", sqlstate.SyntaxError},
		{"select 1 + ", sqlstate.SyntaxError}, {")", sqlstate.SyntaxError}, {"select 1 select 2", sqlstate.SyntaxError}, {"\x00", sqlstate.SyntaxError}, {"select '\x00'", sqlstate.CharacterNotInRepertoire},
		{strings.Repeat("(", 5000) + "select 1", sqlstate.SyntaxError}, {"select '\xff'", sqlstate.CharacterNotInRepertoire},
	} {
		_, err := s.Exec(context.Background(), c.sql)
		require.Error(t, err, "%.40q", c.sql)
		require.Contains(t, []sqlstate.Code{c.code, sqlstate.SyntaxError, sqlstate.StatementTooComplex, sqlstate.CharacterNotInRepertoire}, sqlstate.CodeOf(err), "%.40q: %v", c.sql, err)
	}
	_, err := s.Query(context.Background(), "select 1; select 2")
	require.Equal(t, sqlstate.SyntaxError, sqlstate.CodeOf(err))
	require.Equal(t, strings.Repeat("x", 1<<20), rowsOf(t, s, "select '"+strings.Repeat("x", 1<<20)+"'"))
	require.Equal(t, []lex.Stmt(nil), s.Split(" ;; "))
}
