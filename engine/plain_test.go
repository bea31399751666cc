package engine

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Statements that are prepared once and run again see rows that came since, and no plan
// made from older statistics reads them wrongly.
func TestPreparedStatementsSeeNewData(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	for _, tc := range []struct {
		sql           string
		args          []any
		before, after string
	}{
		{sql: "select a, b from t order by a", before: "1|x\n2|NULL", after: "1|x\n2|NULL\n300|y,z\n100000|long"},
		{sql: "select a from t where a > 10", before: "", after: "300\n100000"},
		{sql: "select count(*) from t where a = 300", before: "0", after: "1"},
		{sql: "select b, count(*) from t group by b order by b nulls last", before: "x|1\nNULL|1", after: "long|1\nx|1\ny,z|1\nNULL|1"},
		{sql: "select max(a), min(a) from t", before: "2|1", after: "100000|1"},
		{sql: "select a from t where a > $1 order by a", args: []any{int64(1)}, before: "2", after: "2\n300\n100000"},
		{sql: "select a, $1::int from t order by a", args: []any{int64(7)}, before: "1|7\n2|7", after: "1|7\n2|7\n300|7\n100000|7"},
		{sql: "update t set b = b where a > 10 returning a", before: "", after: "300\n100000"},
		{sql: "from v", before: "2", after: "4"},
		{sql: "select m()", before: "2", after: "4"},
		{sql: "select count(*) from '" + dir + "/*.csv'", before: "1", after: "3"},
		{sql: "select 1", before: "1", after: "1"},
	} {
		t.Run(tc.sql, func(t *testing.T) {
			s := memory(t)
			exec(t, s, "create table t(a int, b text); insert into t values (1, 'x'), (2, null)")
			exec(t, s, "create view v as select count(*) from t; create macro m() as (select count(*) from t)")
			file("a.csv", "n\n1\n")
			os.Remove(filepath.Join(dir, "b.csv"))
			st, err := s.Prepare(context.Background(), tc.sql, s.Split(tc.sql)[0], nil)
			require.NoError(t, err)
			defer st.Close()
			run := func() string {
				c, err := st.Run(context.Background(), tc.args)
				require.NoError(t, err)
				rows, err := drainRows(c)
				require.NoError(t, err)
				return strings.ReplaceAll(strings.Join(rows, "\n"), "\t", "|")
			}
			require.Equal(t, tc.before, run())
			require.Equal(t, tc.before, run())
			other := newSession(t, s.db, SessionOptions{})
			exec(t, other, "begin")
			exec(t, other, "insert into t values (300, 'y,z'), (100000, 'long')")
			require.Equal(t, tc.before, run(), "not yet committed")
			exec(t, other, "commit")
			file("b.csv", "n\n2\n3\n")
			require.Equal(t, tc.after, run())
			exec(t, s, "delete from t where a > 10")
			os.Remove(filepath.Join(dir, "b.csv"))
			require.Equal(t, tc.before, run())
			fresh, err := s.Prepare(context.Background(), tc.sql, s.Split(tc.sql)[0], nil)
			require.NoError(t, err)
			exec(t, other, "insert into t values (300, 'y,z'), (100000, 'long')")
			st.Close()
			st = fresh
			file("b.csv", "n\n2\n3\n")
			require.Equal(t, tc.after, run(), "written between Prepare and the first Run")
		})
	}
}

// A plan is kept where nothing can have changed under it.
func TestPlansOfConstantsAreKept(t *testing.T) {
	s := memory(t)
	for sql, kept := range map[string]bool{"select 1": true, "select 'from' as x": true, "select $1 + 1": true, "select now()": false,
		"select (select max(a) from t)": false, "with x as (table t) select 1": false, "from t": false, "select a from t where a = $1": true} {
		exec(t, s, "create or replace table t(a int)")
		st, err := s.Prepare(context.Background(), sql, s.Split(sql)[0], nil)
		require.NoError(t, err)
		var args []any
		for range st.Params() {
			args = append(args, int64(1))
		}
		plan := st.op.(*plain)
		for range 2 {
			c, err := st.Run(context.Background(), args)
			require.NoError(t, err)
			_, err = drainRows(c)
			require.NoError(t, err)
		}
		before := plan.prepared
		c, err := st.Run(context.Background(), args)
		require.NoError(t, err)
		require.NoError(t, c.Close())
		require.Equal(t, kept, before == plan.prepared, sql)
		require.Equal(t, kept, st.KeepsPlan(), sql)
		require.NoError(t, st.Close())
	}
}
