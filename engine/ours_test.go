package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/builtin"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/sql/types"
)

// fill is a statement with everything that a statement can have: FILL TABLE t WITH n
// [AS query] puts n rows into t and returns them, or what the query gives.
type fill struct {
	table parse.QualifiedName
	n     int64
	query string
	hooks *[]string
}

func (f fill) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	if f.query != "" {
		if _, err := s.Describe(ctx, f.query); err != nil {
			return nil, err
		}
	}
	if _, err := s.Query(ctx, "SELECT 1 FROM "+f.table.SQL()+" LIMIT 0"); err != nil {
		return nil, err
	}
	return &stmt.Plan{
		Columns: []types.Column{{Name: "n", Type: types.Of(types.BigInt)}},
		Explain: []string{fmt.Sprintf("fill %s with %d rows", f.table.SQL(), f.n)},
		Exec: func(ctx context.Context, s stmt.Session) (*stmt.Result, error) {
			s.OnCommit(func() { *f.hooks = append(*f.hooks, "commit") })
			s.OnRollback(func() { *f.hooks = append(*f.hooks, "rollback") })
			s.Notice("NOTICE", "filling")
			s.Progress(0.5, "half")
			if _, err := s.Exec(ctx, "INSERT INTO "+f.table.SQL()+" SELECT i FROM range($1) r(i)", f.n); err != nil {
				return nil, err
			}
			if f.n == 13 {
				return nil, errors.New("unlucky")
			}
			if f.query != "" {
				return &stmt.Result{Query: "SELECT a AS n FROM " + f.table.SQL() + " ORDER BY a"}, nil
			}
			return &stmt.Result{Rows: [][]any{{f.n}}, Tag: fmt.Sprintf("FILL %d", f.n)}, nil
		},
	}, nil
}

func fillKind(hooks *[]string) *stmt.Kind {
	return &stmt.Kind{
		Name: "FILL TABLE", Leads: [][]string{{"fill", "table"}}, Call: "eider.fill",
		Doc: stmt.Doc{Summary: "Fills.", Syntax: "FILL TABLE t WITH n", Examples: []stmt.Example{{SQL: "FILL TABLE t WITH 1"}}},
		Parse: func(p *parse.Parser) (stmt.Statement, error) {
			f := fill{hooks: hooks}
			err := p.ExpectWords("fill", "table")
			if err == nil {
				f.table, err = p.QualifiedName("a table")
			}
			if err == nil {
				err = p.ExpectWord("with")
			}
			if err == nil {
				f.n, _, err = p.Int("a number of rows")
			}
			if err == nil && p.AcceptWord("as") {
				var q parse.Span
				q, err = p.SelectToEnd()
				f.query = q.Text
			}
			return f, err
		},
		FromCall: func(args []parse.CallArg) (stmt.Statement, error) {
			name, err := parse.New(args[0].Value.(string), lexOne(args[0].Value.(string))).QualifiedName("a table")
			return fill{table: name, n: args[1].Value.(int64), hooks: hooks}, err
		},
	}
}

func TestOurStatements(t *testing.T) {
	ctx := context.Background()
	var hooks, notices []string
	db := openDB(t, Options{Builtins: &builtin.Set{Statements: []*stmt.Kind{fillKind(&hooks)}}})
	s := newSession(t, db, SessionOptions{OnNotice: func(e *sqlstate.Error) { notices = append(notices, e.Message) }})
	exec(t, s, "create table t (a bigint)")

	st := prepare(t, s, "fill table t with 3")
	require.Equal(t, "n BIGINT", columnsOf(st.Columns()))
	require.Equal(t, "0", rowsOf(t, s, "select count(*) from t"), "nothing happens before Run")
	require.Equal(t, "fill \"t\" with 3 rows", rowsOf(t, s, "explain fill table t with 3"))
	require.Equal(t, "0", rowsOf(t, s, "select count(*) from t"))
	require.Equal(t, sqlstate.FeatureNotSupported, failing(t, s, "explain analyze fill table t with 3").Code)

	require.Equal(t, "FILL 3", exec(t, s, "fill table t with 3"))
	require.Equal(t, []string{"commit"}, hooks)
	require.Equal(t, []string{"filling"}, notices, "a short statement tells of no progress")
	s.lastProgress = time.Now().Add(-2 * progressInterval)
	s.progress(0.5, "half")
	s.progress(0.6, "a moment later")
	require.Equal(t, []string{"filling", "half: 50 %"}, notices)
	require.Equal(t, "3", rowsOf(t, s, "call eider.fill('t', n => 3)"))
	require.Equal(t, sqlstate.UndefinedFunction, failing(t, s, "call eider.full('t')").Code)
	require.Equal(t, "0\n0\n1\n1\n2\n2", rowsOf(t, s, "fill table t with 0 as select 1"))

	// It belongs to the caller's transaction.
	hooks = nil
	exec(t, s, "begin")
	exec(t, s, "fill table t with 5")
	exec(t, s, "rollback")
	require.Equal(t, []string{"rollback"}, hooks)
	require.Equal(t, "6", rowsOf(t, s, "select count(*) from t"))
	exec(t, s, "begin read only")
	require.Equal(t, sqlstate.ReadOnlySQLTransaction, failing(t, s, "fill table t with 5").Code)
	exec(t, s, "rollback")

	// One that fails half-way leaves nothing, and says where the user's text is wrong.
	require.Equal(t, sqlstate.InternalError, failing(t, s, "fill table t with 13").Code)
	require.Equal(t, "6", rowsOf(t, s, "select count(*) from t"))
	require.Equal(t, 19, failing(t, s, "fill table t with x").Position)
	require.Zero(t, failing(t, s, "fill table nope with 1").Position, "the look-up isn't the user's text")
	require.Equal(t, sqlstate.SyntaxError, failing(t, s, "fill table t with 1 as delete from t").Code)
	require.Equal(t, sqlstate.SyntaxError, failing(t, s, "fill table t with 1 nonsense").Code)

	// A plan that has become stale is made again.
	c, err := st.Run(ctx, nil)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	exec(t, s, "drop table t")
	_, err = st.Run(ctx, nil)
	require.Equal(t, sqlstate.UndefinedTable, sqlstate.CodeOf(err))
	require.Equal(t, "FILL TABLE", rowsOf(t, s, "select name from eider.statements"))
}
