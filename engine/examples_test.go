package engine

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/builtin"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Every example of a function gives what its page says, as DuckDB writes it, to everybody.
func TestFunctionExamples(t *testing.T) {
	db := openDB(t, Options{})
	exec(t, newSession(t, db, SessionOptions{}), "create role analyst login; grant all on schema main to analyst")
	for _, user := range []string{"", "analyst"} {
		functionExamples(t, db, user)
	}
}

func functionExamples(t *testing.T, db *DB, user string) {
	for _, d := range builtin.All().Functions {
		t.Run(d.Name+" "+user, func(t *testing.T) {
			for _, e := range d.Examples {
				s := newSession(t, db, SessionOptions{User: user})
				exec(t, s, "begin")
				if e.Setup != "" {
					exec(t, s, e.Setup)
				}
				if e.Code != "" {
					require.Equal(t, e.Code, string(failing(t, s, e.SQL).Code), e.SQL)
				} else {
					require.Equal(t, e.Want, rowsOf(t, s, "select columns(*)::varchar from ("+e.SQL+")"), e.SQL)
				}
				exec(t, s, "rollback")
			}
		})
	}
}

// Every example of a statement runs, in order, in a database of its own.
func TestStatementExamples(t *testing.T) {
	for _, k := range builtin.All().Statements {
		t.Run(k.Name, func(t *testing.T) {
			s := memory(t)
			for _, e := range k.Doc.Examples {
				if e.Setup != "" {
					exec(t, s, e.Setup)
				}
				if e.Code != "" {
					require.Equal(t, e.Code, string(failing(t, s, e.SQL).Code), e.SQL)
					continue
				}
				r, err := s.Query(context.Background(), e.SQL)
				require.NoError(t, err, e.SQL)
				var lines []string
				for r.Next() {
					lines = append(lines, line(r.Values()))
				}
				require.NoError(t, r.Err(), e.SQL)
				if e.Want != "" {
					require.Equal(t, e.Want, strings.Join(lines, "\n"), e.SQL)
				}
			}
		})
	}
}

// What macros give is the same from every schema and connection, through views, in and
// after transactions that fail.
func TestMacrosResolve(t *testing.T) {
	db := openDB(t, Options{})
	s := newSession(t, db, SessionOptions{})
	exec(t, s, "create schema x; set search_path = x; create view v as select clip_to(7, 0, 5) as a")
	require.Equal(t, "5", rowsOf(t, s, "select a from v"))
	other := newSession(t, db, SessionOptions{})
	require.Equal(t, "5", rowsOf(t, other, "select a from x.v"), "the text doesn't name the macro")
	third := newSession(t, db, SessionOptions{})
	exec(t, third, "begin")
	require.Equal(t, "5", rowsOf(t, third, "select clip_to(9, 0, 5)"))
	failing(t, third, "select nope")
	exec(t, third, "rollback")
	require.Equal(t, "5", rowsOf(t, third, `select "CLIP_TO"(9, 0, 5)`))
	exec(t, third, "begin read only")
	require.Equal(t, "5", rowsOf(t, third, "select clip_to(9, 0, 5)"))
	exec(t, third, "commit")
	fourth := newSession(t, db, SessionOptions{})
	exec(t, fourth, "begin read only")
	require.Equal(t, "5", rowsOf(t, fourth, "select clip_to(9, 0, 5)"), "made in a transaction that may not write")
	exec(t, fourth, "rollback")
	require.Equal(t, "5", rowsOf(t, fourth, "select clip_to(9, 0, 5)"))
	require.Equal(t, sqlstate.UndefinedFunction, failing(t, fourth, "select no_such_function(1)").Code)
	require.Equal(t, "0", rowsOf(t, fourth, "select count(*) from duckdb_functions() where function_name = 'clip_to' and database_name not in ('temp', 'system')"), "nothing stays in the file")
}
