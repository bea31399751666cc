package engine

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/builtin"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

// bump is a statement whose first Exec finds that another session was quicker.
type bump struct {
	quicker        func()
	prepared, runs int
	hooks          []string
}

func (b *bump) Plan(context.Context, stmt.Session) (*stmt.Plan, error) {
	return &stmt.Plan{
		Prepare: func(ctx context.Context, s stmt.Session) error {
			b.prepared++
			_, err := s.Query(ctx, "SELECT a FROM t")
			return err
		},
		Exec: func(ctx context.Context, s stmt.Session) (*stmt.Result, error) {
			b.runs++
			s.OnCommit(func() { b.hooks = append(b.hooks, "commit") })
			s.OnRollback(func() { b.hooks = append(b.hooks, "rollback") })
			if _, err := s.Query(ctx, "SELECT a FROM t"); err != nil { // the transaction's snapshot
				return nil, err
			}
			if b.quicker != nil {
				b.quicker()
				b.quicker = nil
			}
			_, err := s.Exec(ctx, "UPDATE t SET a = a + 1")
			return nil, err
		},
	}, nil
}

func TestConflictsAreTriedAgain(t *testing.T) {
	b := &bump{}
	db := openDB(t, Options{Builtins: &builtin.Set{Statements: []*stmt.Kind{{
		Name: "BUMP", Leads: [][]string{{"bump"}}, Doc: stmt.Doc{Summary: "Bumps.", Syntax: "BUMP", Examples: []stmt.Example{{SQL: "BUMP"}}},
		Parse: func(p *parse.Parser) (stmt.Statement, error) { return b, p.ExpectWord("bump") },
	}}}})
	s, other := newSession(t, db, SessionOptions{}), newSession(t, db, SessionOptions{})
	exec(t, s, "create table t (a bigint); insert into t values (0)")
	first := func() { exec(t, other, "update t set a = a + 10") }

	b.quicker = first
	exec(t, s, "bump")
	require.Equal(t, []int{1, 2}, []int{b.prepared, b.runs})
	require.Equal(t, []string{"rollback", "commit"}, b.hooks)
	require.Equal(t, "11", rowsOf(t, s, "select a from t"))

	// As a client sends it in the extended protocol.
	*b = bump{quicker: first}
	require.NoError(t, s.BeginImplicit())
	exec(t, s, "bump")
	require.NoError(t, s.EndImplicit(context.Background(), false))
	require.Equal(t, []int{1, 2}, []int{b.prepared, b.runs})
	require.Equal(t, []string{"rollback", "commit"}, b.hooks)
	require.Equal(t, "22", rowsOf(t, s, "select a from t"))

	// In a block nothing is tried again.
	*b = bump{quicker: first}
	exec(t, s, "begin")
	require.Equal(t, sqlstate.SerializationFailure, failing(t, s, "bump").Code)
	exec(t, s, "rollback")
	require.Equal(t, []int{1, 1}, []int{b.prepared, b.runs})
	require.Equal(t, "32", rowsOf(t, s, "select a from t"))
}
