package rewrite

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// rename replaces each identifier by another.
func rename(from, to string) Rule {
	return Rule{Name: "rename " + from, Triggers: []string{from}, Apply: func(e *Editor) error {
		for i := range e.Toks {
			if e.Name(i) == from {
				e.ReplaceTok(i, to)
			}
		}
		return nil
	}}
}

func only(t *testing.T, src string) lex.Stmt {
	t.Helper()
	stmts := lex.Split(src)
	require.Len(t, stmts, 1)
	return stmts[0]
}

func TestApply(t *testing.T) {
	cast := Rule{Name: "cast", Ops: []string{"::"}, Apply: func(e *Editor) error {
		for i := range e.Toks {
			if e.Is(i, "::") && e.Name(i+1) == "regclass" {
				e.Insert(e.Toks[i-1].Start, "oid_of(")
				e.Replace(e.Toks[i].Start, e.Toks[i+1].End, ")")
			}
		}
		return nil
	}}
	kinds := Rule{Name: "bits", Kinds: []lex.Kind{lex.BitString}, Apply: func(e *Editor) error {
		for i, tok := range e.Toks {
			if tok.Kind == lex.BitString {
				e.ReplaceTok(i, lex.QuoteLiteral(lex.Unquote(e.Src, tok)))
			}
		}
		return nil
	}}
	rules := Compile([]Rule{rename("pg_class", "cat.classes"), cast, kinds})
	for _, c := range []struct{ src, want string }{
		{"select 1", "select 1"},
		{"/* pg_class */ select 'pg_class' -- pg_class", "select 'pg_class'"},
		{"select * from PG_Class c, \"pg_class\" d", "select * from cat.classes c, cat.classes d"},
		{`select U&"pg\005fclass"`, "select cat.classes"},
		{"select 'pg_class'::regclass, 1::int", "select oid_of('pg_class'), 1::int"},
		{"select b'01'", "select '01'"},
	} {
		st := only(t, c.src)
		out, m, err := rules.Apply(c.src, st, nil)
		require.NoError(t, err)
		require.Equal(t, c.want, out)
		require.Equal(t, st.Text(c.src) == out, m.Identity())
	}
}

func TestOffsets(t *testing.T) {
	src := "begin; select a, bad, c from t; commit"
	st := lex.Split(src)[1]
	out, m, err := Apply(src, st, []Rule{rename("a", "longer_name"), rename("t", "u.v")}, nil)
	require.NoError(t, err)
	require.Equal(t, "select longer_name, bad, c from u.v", out)
	for _, word := range []string{"select", "bad", "c from"} {
		require.Equal(t, strings.Index(src, word), m.Source(strings.Index(out, word)), word)
	}
	require.Equal(t, strings.Index(src, "a,"), m.Source(strings.Index(out, "name")))
	require.Equal(t, strings.Index(src, "t;"), m.Source(strings.Index(out, ".v")))
	require.Equal(t, st.End, m.Source(len(out)))
	require.Equal(t, st.End, m.Source(1<<30))
	require.Equal(t, st.Start, m.Source(-1))

	_, m, err = Apply(src, st, nil, nil)
	require.NoError(t, err)
	require.Equal(t, st.Start+3, m.Source(3))
	require.Equal(t, st.End, m.Source(1<<30))
	require.Equal(t, 5, OffsetMap{}.Source(5))
}

func TestEditor(t *testing.T) {
	src := "f(a, [b, (c)], {'d': 1}) x)"
	st := only(t, src)
	e := &Editor{Src: src, End: st.End, Toks: st.Tokens}
	closing := e.Close(1)
	require.Equal(t, ")", e.Text(closing))
	require.Equal(t, "x", e.Text(closing+1))
	require.Equal(t, -1, e.Close(0))
	require.Equal(t, -1, e.Close(99))
	require.Equal(t, "", e.Text(-1))
	require.Equal(t, "", e.Name(1))
	require.True(t, e.Word(0, "f"))
	require.False(t, e.Word(-1, "f"))
	open := only(t, "f(a")
	require.Equal(t, -1, (&Editor{Src: "f(a", Toks: open.Tokens}).Close(1))
}

func TestOrderAtOnePlace(t *testing.T) {
	src := "select x"
	add := func(name, text string) Rule {
		return Rule{Name: name, Apply: func(e *Editor) error { e.Insert(7, text); return nil }}
	}
	out, _, err := Apply(src, only(t, src), []Rule{rename("x", "y"), add("1", "a"), add("2", "b")}, nil)
	require.NoError(t, err)
	require.Equal(t, "select aby", out)
}

func TestBadEdits(t *testing.T) {
	src := "x; select a, b"
	st := lex.Split(src)[1]
	edit := func(name string, start, end int) Rule {
		return Rule{Name: name, Apply: func(e *Editor) error { e.Replace(start, end, "z"); return nil }}
	}
	for _, rules := range [][]Rule{
		{edit("one", 10, 12), edit("two", 11, 12)}, {edit("one", 10, 12), edit("two", 10, 12)}, {edit("before", 0, 1)}, {edit("after", 5, 99)}, {edit("back", 9, 8)},
	} {
		_, _, err := Apply(src, st, rules, nil)
		require.Equal(t, sqlstate.InternalError, sqlstate.CodeOf(err))
		require.ErrorContains(t, err, rules[len(rules)-1].Name)
	}
	boom := errors.New("boom")
	_, _, err := Apply(src, st, []Rule{{Apply: func(*Editor) error { return boom }}}, nil)
	require.ErrorIs(t, err, boom)
}

func TestUntouchedDoesNotAllocate(t *testing.T) {
	set := Compile([]Rule{rename("pg_class", "x"), rename("select_list", "y"), {Name: "op", Ops: []string{"#>"}, Apply: func(*Editor) error { return nil }}})
	src := `SELECT a, "Quoted", sum(b) FROM pg_tables WHERE c = 'x' -- y`
	st := only(t, src)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		out, _, err := set.Apply(src, st, nil)
		if err != nil || out != st.Text(src) {
			t.Fatal(out, err)
		}
	}))
}

func FuzzApply(f *testing.F) {
	f.Add("select a from pg_class; select 'x'::regclass b", "a", "longer")
	f.Add("é \"a\"\"b\" a a", "a", "")
	f.Fuzz(func(t *testing.T, src, from, to string) {
		set := Compile([]Rule{rename(lex.Fold(from), to), {Name: "ops", Ops: []string{"::", ","}, Apply: func(e *Editor) error {
			for i := range e.Toks {
				if e.Is(i, ",") {
					e.Insert(e.Toks[i].Start, to)
				} else if e.Is(i, "::") {
					e.Delete(e.Toks[i].Start, e.Toks[i].End)
				}
			}
			return nil
		}}})
		for _, st := range lex.Split(src) {
			out, m, err := set.Apply(src, st, nil)
			require.NoError(t, err)
			if !set.Triggered(src, st) {
				require.Equal(t, st.Text(src), out)
			}
			last := st.Start
			for i := 0; i <= len(out); i++ {
				at := m.Source(i)
				require.GreaterOrEqual(t, at, last)
				require.LessOrEqual(t, at, st.End)
				last = at
			}
			require.Equal(t, st.End, m.Source(len(out)))
		}
	})
}

func BenchmarkUntouched(b *testing.B) {
	set := Compile([]Rule{rename("pg_class", "x"), rename("predict", "y"), rename("regclass", "z")})
	src := "SELECT o.id, sum(l.price * (1 - l.discount)) AS revenue FROM orders o JOIN lines l ON o.id = l.order_id WHERE o.at >= $1 GROUP BY 1"
	st := lex.Split(src)[0]
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if out, _, _ := set.Apply(src, st, nil); len(out) != len(src) {
			b.Fatal(out)
		}
	}
}
