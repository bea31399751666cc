package pgcat

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
)

func rewritten(t *testing.T, set *rewrite.Set, sql string, env any) string {
	t.Helper()
	stmts := lex.Split(sql)
	require.Len(t, stmts, 1)
	out, _, err := set.Apply(sql, stmts[0], env)
	require.NoError(t, err)
	return out
}

func TestRules(t *testing.T) {
	set := rewrite.Compile(Rules())
	for _, c := range []struct{ name, sql, want string }{
		{"plain", `SELECT a ~ 'x', b::int FROM t`, `SELECT a ~ 'x', b::int FROM t`},
		{"unqualified relation", `SELECT relname FROM pg_class`, `SELECT relname FROM eider_sys.pg.pg_class`},
		{"qualified relation", `SELECT c.relname FROM "pg_catalog"."pg_class" c`, `SELECT c.relname FROM eider_sys.pg."pg_class" c`},
		{"with the database", `SELECT column_name FROM "db".INFORMATION_SCHEMA.columns`, `SELECT column_name FROM eider_sys.info.columns`},
		{"comma join", `SELECT a.x FROM t a, pg_type b`, `SELECT a.x FROM t a, eider_sys.pg.pg_type b`},
		{"join in parentheses", `SELECT x FROM (t JOIN pg_am ON true)`, `SELECT x FROM (t JOIN eider_sys.pg.pg_am ON true)`},
		{"CTE hides", `WITH pg_class AS (SELECT 1 AS a) SELECT a FROM pg_class`, `WITH pg_class AS (SELECT 1 AS a) SELECT a FROM pg_class`},
		{"column of that name", `SELECT pg_class, pg_type AS t FROM x`, `SELECT pg_class, pg_type AS t FROM x`},
		{"own table of that name", `SELECT a FROM public.pg_class`, `SELECT a FROM main.pg_class`},
		{"created table of that name", `CREATE TABLE pg_class (a int)`, `CREATE TABLE pg_class (a int)`},
		{"column with its schema", `SELECT pg_catalog.pg_class.oid FROM pg_catalog.pg_class`, `SELECT pg_class.oid FROM eider_sys.pg.pg_class`},
		{"EXTRACT is no FROM", `SELECT extract(year FROM pg_type) FROM x`, `SELECT extract(year FROM pg_type) FROM x`},
		{"known function", `SELECT pg_catalog.pg_get_userbyid(a) AS u FROM t`, `SELECT eider_sys.pg."pg_get_userbyid"(a) AS u FROM t`},
		{"function of DuckDB's", `SELECT pg_catalog.lower(a) AS l FROM t`, `SELECT lower(a) AS l FROM t`},
		{"format keeps its meaning", `SELECT format('{}', 1)`, `SELECT format('{}', 1)`},
		{"the engine's function", `SELECT pg_catalog.set_config('a', 'b', false) AS s`, `SELECT pg_catalog.set_config('a', 'b', false) AS s`},
		{"word function", `SELECT current_user`, `SELECT eider_sys.pg."current_user"() AS "current_user"`},
		{"name of a call", `SELECT version()`, `SELECT eider_sys.pg."version"() AS "version"`},
		{"type's schema", `SELECT a::pg_catalog.text AS a FROM t`, `SELECT a::text AS a FROM t`},
		{"type that DuckDB lacks", `SELECT CAST(a AS name) AS a, b::name AS b FROM t`, `SELECT CAST(a AS VARCHAR) AS a, b::VARCHAR AS b FROM t`},
		{"known class", `SELECT 1 AS one WHERE a = 'pg_class'::regclass`, `SELECT 1 AS one WHERE a = 1259::BIGINT`},
		{"class by number", `SELECT 1 AS one WHERE a = '16500'::pg_catalog.regclass`, `SELECT 1 AS one WHERE a = 16500::BIGINT`},
		{"class to text", `SELECT 1 AS one WHERE a.b::regclass::text = 't'`, `SELECT 1 AS one WHERE eider_sys.pg."regclassout"(a.b)::text = 't'`},
		{"class shown", `SELECT c.oid::regclass FROM pg_class c`, `SELECT eider_sys.pg."regclassout"(c.oid) AS "oid" FROM eider_sys.pg.pg_class c`},
		{"parameter to class", `SELECT 1 AS one WHERE a = $1::regclass`, `SELECT 1 AS one WHERE a = eider_sys.pg."regclassin"($1)`},
		{"operator", `SELECT 1 AS one WHERE a OPERATOR(pg_catalog.~) '^(t)$' COLLATE pg_catalog.default`, `SELECT 1 AS one WHERE a ~ eider_sys.pg."pattern"('^(t)$') `},
		{"pattern in the catalog", `SELECT 1 AS one FROM pg_am WHERE a !~ 'x'`, `SELECT 1 AS one FROM eider_sys.pg.pg_am WHERE a !~ eider_sys.pg."pattern"('x')`},
		{"pattern without case", `SELECT 1 AS one FROM t WHERE a ~* 'x'`, `SELECT 1 AS one FROM t WHERE a ~ eider_sys.pg."ipattern"('x')`},
		{"public", `INSERT INTO public.t SELECT * FROM "db".public.u`, `INSERT INTO main.t SELECT * FROM "db".main.u`},
		{"schema public", `CREATE SCHEMA IF NOT EXISTS public`, `CREATE SCHEMA IF NOT EXISTS main`},
		{"alias public", `SELECT public.a FROM t public`, `SELECT public.a FROM t public`},
		{"tableoid", `SELECT c.tableoid AS t FROM pg_class c`, `SELECT 1259::BIGINT AS t FROM eider_sys.pg.pg_class c`},
		{"set-returning alias", `SELECT 1 AS one FROM pg_am, generate_series(1, 2) s`, `SELECT 1 AS one FROM eider_sys.pg.pg_am, generate_series(1, 2) s(s)`},
		{"vector shown", `SELECT i.indkey FROM pg_index i`, `SELECT array_to_string(i.indkey, ' ') AS "indkey" FROM eider_sys.pg.pg_index i`},
		{"nameless", `SELECT 1 + 1, CASE WHEN true THEN 1 END FROM pg_am`, `SELECT 1 + 1 AS "?column?", CASE WHEN true THEN 1 END AS "case" FROM eider_sys.pg.pg_am`},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, rewritten(t, set, c.sql, nil)) })
	}
}

type session struct {
	set   int
	err   error
	asked int
	parts []int
}

func (s *session) RefreshCatalog(parts []int) (int, error) {
	s.asked++
	s.parts = parts
	return s.set, s.err
}

func TestRulesAskForTheCatalog(t *testing.T) {
	set := rewrite.Compile(Rules())
	env := &session{set: 1}
	require.Equal(t, `SELECT c.oid, d.x FROM eider_now.pg.pg_class c, eider_sys.pg.pg_trigger d`,
		rewritten(t, set, `SELECT c.oid, d.x FROM pg_class c, pg_trigger d`, env))
	require.Equal(t, 1, env.asked, "once a statement")
	require.Equal(t, `SELECT a FROM main.t`, rewritten(t, set, `SELECT a FROM public.t`, env))
	require.Equal(t, 1, env.asked, "not for what asks no catalog")
	env.set = 2
	require.Equal(t, `SELECT oid FROM eider_role.pg.pg_class`, rewritten(t, set, `SELECT oid FROM pg_class`, env))

	env.err = errors.New("no")
	sql := `SELECT oid FROM pg_class`
	_, _, err := set.Apply(sql, lex.Split(sql)[0], env)
	require.ErrorIs(t, err, env.err)
}
