package window

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/functions/window"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func set(t testing.TB) *rewrite.Set {
	t.Helper()
	rules, err := Rules(window.All())
	require.NoError(t, err)
	return rewrite.Compile(rules)
}

func TestTemplates(t *testing.T) {
	for _, bad := range []string{"{y}", "{x", "{over {y}}", "{finite y}", "{unless y|a}"} {
		_, err := Rules([]*fn.Decl{{Name: "f", Params: []fn.Param{{Name: "x"}}, Window: &fn.Window{Template: bad}}})
		require.Error(t, err, bad)
	}
	none, err := Rules([]*fn.Decl{{Name: "f"}})
	require.NoError(t, err)
	require.Empty(t, none)
}

// Texts that use the names for other things, or that DuckDB shall complain of, pass as they are.
func TestLeftAlone(t *testing.T) {
	s := set(t)
	for _, src := range []string{
		"select zscore from t", `select "ewma", t.hampel from t`, "create table zscore (a int)", "insert into ewma (a) values (1)",
		"select main.zscore(x) from t", "with zscore(a) as (select 1) select 1", "select 1 from t ewma(a, b)", "select (zscore(x) over (", "drop macro zscore",
		"create macro ewma(a) as a + 1", "select zscore(x) over", "update zscore set ewma = 1",
	} {
		out, _, err := s.Apply(src, lex.Split(src)[0], nil)
		if err == nil {
			require.Equal(t, src, out)
			continue
		}
		require.Equal(t, sqlstate.WrongObjectType, sqlstate.CodeOf(err), src)
		require.Contains(t, src, "over", "only a call is told to have OVER")
	}
}

func TestLowered(t *testing.T) {
	s := set(t)
	for src, want := range map[string]string{
		"select lag_diff(a.x) over w as d from a window v as (partition by k), w as (v order by t)":             "select ((a.x) - lag((a.x), 1) OVER (PARTITION BY k ORDER BY t)) as d from a window v as (partition by k), w as (v order by t)",
		"select impute_locf(x) over (order by t) from a":                                                        `select (last_value(x IGNORE NULLS) OVER (ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) AS "impute_locf(x) over (order by t)" from a`,
		"select *, lag_diff(lag_diff(x) over (order by t)) over (order by t) as d from b.a where x > 1 limit 1": "select * EXCLUDE (__eider_1), ((__eider_1) - lag((__eider_1), 1) OVER (ORDER BY t)) as d from (SELECT *, (x - lag(x, 1) OVER (ORDER BY t)) AS __eider_1 FROM b.a where x > 1) AS a limit 1",
	} {
		out, m, err := s.Apply(src, lex.Split(src)[0], nil)
		require.NoError(t, err, src)
		require.Equal(t, want, out)
		require.Equal(t, len(src), m.Source(len(out)))
	}
}

func FuzzRules(f *testing.F) {
	s := set(f)
	f.Add("select zscore(x) over (partition by k) from t where a union select ewma(lag(x) over w, 0.5) over w from (select 1) window w as (order by t)")
	f.Add("create table a as from t select *, session_window(ts, interval 1 day) over (), rolling_sum(x, ts, 3, include_current => true) filter (where a) over w")
	f.Fuzz(func(t *testing.T, src string) {
		for _, st := range lex.Split(src) {
			out, m, err := s.Apply(src, st, nil)
			if err != nil {
				require.NotEqual(t, sqlstate.InternalError, sqlstate.CodeOf(err), "%v", err)
				continue
			}
			for i := range len(out) {
				require.GreaterOrEqual(t, m.Source(i), st.Start)
				require.LessOrEqual(t, m.Source(i), st.End)
			}
		}
	})
}
