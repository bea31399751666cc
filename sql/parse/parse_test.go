package parse

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

func parser(t *testing.T, src string) *Parser {
	t.Helper()
	stmts := lex.Split(src)
	if len(stmts) == 0 {
		return New(src, lex.Stmt{Start: len(src), End: len(src)})
	}
	require.Len(t, stmts, 1, src)
	return New(src, stmts[0])
}

// fails checks an error's code, message, 0-based position and hint.
func fails(t *testing.T, err error, code sqlstate.Code, message string, position int, hint string) {
	t.Helper()
	require.Error(t, err)
	e := sqlstate.From(err)
	require.Equal(t, code, e.Code, e.Error())
	require.Contains(t, e.Message, message)
	require.Equal(t, position, e.Position-1, e.Error())
	require.Contains(t, e.Hint, hint)
}

func TestWords(t *testing.T) {
	p := parser(t, "TRAIN Model if not exists \"if\" x")
	require.NoError(t, p.ExpectWords("train", "model"))
	require.False(t, p.AcceptWords("if", "exists"))
	require.True(t, p.AcceptWords("if", "not", "exists"))
	require.False(t, p.AcceptWord("if"), "a quoted name is no word")
	require.Equal(t, "", p.PeekWord())
	m := p.Mark()
	require.Equal(t, `"if"`, p.Text(p.Next()))
	w, err := p.ExpectOneOf("y", "x")
	require.NoError(t, err)
	require.Equal(t, "x", w)
	require.True(t, p.Eof())
	require.NoError(t, p.ExpectEof())
	p.Reset(m)
	require.Error(t, p.ExpectEof())
	p.Next()
	p.Next()
	require.Equal(t, lex.Token{Start: 32, End: 32}, p.Next())
	require.True(t, p.Eof())
}

func TestUnexpected(t *testing.T) {
	p := parser(t, "train model m targt x")
	require.NoError(t, p.ExpectWords("train", "model"))
	_, err := p.ModelRef()
	require.NoError(t, err)
	require.False(t, p.AcceptWord("task"))
	require.False(t, p.AcceptWord("target"))
	fails(t, p.ExpectWord("as"), sqlstate.SyntaxError, `syntax error at or near "targt"`, 14, "Did you mean TARGET?")

	p = parser(t, "deploy 5")
	require.NoError(t, p.ExpectWord("deploy"))
	fails(t, p.ExpectWord("model"), sqlstate.SyntaxError, `syntax error at or near "5"`, 7, "Expected MODEL.")
	_, err = p.Name("a model name")
	fails(t, err, sqlstate.SyntaxError, `near "5"`, 7, "Expected MODEL or a model name.")

	p = parser(t, "+")
	for range 2 { // a loop over clauses
		require.False(t, p.AcceptWord("as"))
		require.False(t, p.AcceptWord("ttl"))
	}
	e := sqlstate.From(p.Unexpected())
	require.Equal(t, "Expected AS or TTL.", e.Hint)

	p = parser(t, "deploy -- x\n")
	p.Next()
	fails(t, p.ExpectWord("model"), sqlstate.SyntaxError, "syntax error at end of input", 6, "Expected MODEL.")

	p = New("a; deploy /* x */ ; b", lex.Split("a; deploy /* x */ ; b")[1])
	p.Next()
	fails(t, p.ExpectWord("model"), sqlstate.SyntaxError, `syntax error at or near ";"`, 18, "Expected MODEL.")

	p = parser(t, "drop 'open")
	p.Next()
	fails(t, p.ExpectWord("model"), sqlstate.SyntaxError, `unterminated quoted string at or near "'open"`, 5, "")
	fails(t, parser(t, "/* open").ExpectWord("x"), sqlstate.SyntaxError, "unterminated /* comment", 0, "")
}

func TestClosest(t *testing.T) {
	words := []string{"target", "task", "transform", "using"}
	for word, want := range map[string]string{
		"TARGTE": "target", "targt": "target", "taks": "task", "usin": "using", "x": "", "": "", "transfrom": "transform", "select": "",
		strings.Repeat("x", 1000): "",
	} {
		require.Equal(t, want, Closest(word, words), word)
	}
	require.Equal(t, 3, distance("kitten", "sitting", 9))
	require.Equal(t, 1, distance("ab", "ba", 9))
	require.Equal(t, 2, distance("abcdef", "ghijkl", 2))
}

func TestNames(t *testing.T) {
	p := parser(t, `My.Schema."Odd "" name"`)
	q, err := p.QualifiedName("a name")
	require.NoError(t, err)
	require.Equal(t, `Odd " name`, q.Last())
	require.Equal(t, "My.Schema", q.Qualifier())
	require.Equal(t, `"My"."Schema"."Odd "" name"`, q.SQL())
	require.True(t, q.Parts[2].Quoted)
	require.Equal(t, `My.Schema."Odd "" name"`, q.Span.Text)
	for _, c := range []struct {
		src, message string
		pos          int
	}{
		{"select", `near "select"`, 0}, {"a.b.c.d", "too many dotted names", 0}, {"a.", "end of input", 2}, {`""`, "zero-length", 0}, {`U&"\1"`, "invalid Unicode escape", 0},
		{"1", `near "1"`, 0}, {"", "end of input", 0}, {`"a`, "unterminated quoted identifier", 0},
	} {
		_, err := parser(t, c.src).QualifiedName("a name")
		fails(t, err, sqlstate.SyntaxError, c.message, c.pos, "")
	}
	n, err := parser(t, "select").Label("an option")
	require.NoError(t, err)
	require.Equal(t, "select", n.Text)
	require.True(t, Reserved("SELECT"))
	require.False(t, Reserved("model"))
}

func TestModelRef(t *testing.T) {
	for _, c := range []struct {
		src, sql, alias string
		version         int64
	}{
		{"churn", `"churn"`, "", 0}, {"churn@3", `"churn"`, "", 3}, {"churn @ prod", `"churn"`, "prod", 0}, {`s."My Model"@"On Call"`, `"s"."My Model"`, "On Call", 0},
	} {
		m, err := parser(t, c.src).ModelRef()
		require.NoError(t, err)
		require.Equal(t, c.sql, m.Name.SQL())
		require.Equal(t, c.alias, m.Alias)
		require.Equal(t, c.version, m.Version)
		require.Equal(t, c.src, m.Span.Text)
		again, err := ParseModelRef(c.src)
		require.NoError(t, err)
		require.Equal(t, m, again)
	}
	for src, pos := range map[string]int{"m@0": 2, "m@1.5": 2, "m@": 2, "m@99999999999999999999": 2, "m@'x'": 2} {
		_, err := parser(t, src).ModelRef()
		fails(t, err, sqlstate.SyntaxError, "", pos, "")
	}
	for _, src := range []string{"", "a b", "a;", "a@", "a;b", "'a'"} {
		_, err := ParseModelRef(src)
		require.Equal(t, sqlstate.InvalidName, sqlstate.CodeOf(err), src)
	}
}

func TestLiterals(t *testing.T) {
	for _, c := range []struct {
		src  string
		want any
	}{
		{"null", nil}, {"TRUE", true}, {"false", false}, {"42", int64(42)}, {"- 42", int64(-42)}, {"+1_000", int64(1000)}, {"007", int64(7)}, {"0", int64(0)}, {"0x1F", int64(31)},
		{"-9223372036854775808", int64(math.MinInt64)}, {"1.5", 1.5}, {"-.5", -.5}, {"1.", 1.0}, {"1e3", 1000.0}, {"'it''s'", "it's"}, {`E'a\nb'`, "a\nb"}, {"$$x$$", "x"},
		{"'a'\n'b'", "ab"}, {"[]", []any{}}, {"[1, 'a', [null]]", []any{int64(1), "a", []any{nil}}}, {"ARRAY[1]", []any{int64(1)}},
		{"{'a': 1, b: [2], \"C\": {}}", []Field{{"a", int64(1)}, {"b", []any{int64(2)}}, {"C", []Field{}}}}, {"MAP {1: 'x'}", []Field{{"1", "x"}}},
		{"DATE '2024-01-02'", "2024-01-02"}, {"timestamp '2024-01-02 03:04'", "2024-01-02 03:04"}, {"interval '1 day'", types.IntervalValue{Days: 1}}, {"INTERVAL 2 hours", types.IntervalValue{Micros: 7200e6}},
	} {
		p := parser(t, c.src)
		v, at, err := p.Literal()
		require.NoError(t, err, c.src)
		require.Equal(t, c.want, v, c.src)
		require.Equal(t, c.src, at.Text)
		require.True(t, p.Eof())
	}
	for _, c := range []struct {
		src  string
		code sqlstate.Code
		pos  int
	}{
		{"x", "42601", 0}, {"", "42601", 0}, {"9223372036854775808", "22003", 0}, {"1e999", "22003", 0}, {`E'\uD800'`, "22025", 0}, {"'a", "42601", 0}, {"[1", "42601", 2}, {"[1 2]", "42601", 3},
		{"{'a' 1}", "42601", 5}, {"{1: }", "42601", 4}, {"-x", "42601", 0}, {"date x", "42601", 0}, {strings.Repeat("[", 100), "54001", 64}, {"[1, x]", "42601", 4}, {"$1", "42601", 0},
	} {
		_, _, err := parser(t, c.src).Literal()
		fails(t, err, c.code, "", c.pos, "")
	}
	n, _, err := parser(t, "-3").Int("a count")
	require.NoError(t, err)
	require.Equal(t, int64(-3), n)
	_, _, err = parser(t, "1.5").Int("a count")
	fails(t, err, "42601", "a count must be a whole number", 0, "")
	_, _, err = parser(t, "'1'").Float("a share")
	fails(t, err, "42601", "", 0, "Expected a share.")
	f, _, err := parser(t, "2").Float("a share")
	require.NoError(t, err)
	require.Equal(t, 2.0, f)
}

func TestIntervals(t *testing.T) {
	// Values as PostgreSQL 15 gives them.
	for _, c := range []struct {
		src  string
		want types.IntervalValue
	}{
		{"'7 days'", types.IntervalValue{Days: 7}}, {"7 DAYS", types.IntervalValue{Days: 7}}, {"interval 1 hour 30 minutes", types.IntervalValue{Micros: 5400e6}},
		{"INTERVAL '7' day", types.IntervalValue{Days: 7}}, {"'1 year 2 mons 3 weeks 4h 5.5s'", types.IntervalValue{Months: 14, Days: 21, Micros: 14405500000}},
		{"'1.5 months'", types.IntervalValue{Months: 1, Days: 15}}, {"'1.5 days'", types.IntervalValue{Days: 1, Micros: 43200e6}}, {"'-1 day'", types.IntervalValue{Days: -1}},
		{"'1 day ago'", types.IntervalValue{Days: -1}}, {"'02:30'", types.IntervalValue{Micros: 9000e6}}, {"'1 day -00:00:01.5'", types.IntervalValue{Days: 1, Micros: -1500000}},
		{"'P1Y2M3DT4H5M6.5S'", types.IntervalValue{Months: 14, Days: 3, Micros: 14706500000}}, {"'PT36H'", types.IntervalValue{Micros: 129600e6}}, {"'30'", types.IntervalValue{Micros: 30e6}},
		{"'5m'", types.IntervalValue{Micros: 300e6}}, {"'@ 1 minute'", types.IntervalValue{Micros: 60e6}}, {"100 milliseconds", types.IntervalValue{Micros: 100e3}}, {"'2 centuries'", types.IntervalValue{Months: 2400}},
	} {
		p := parser(t, c.src)
		v, at, err := p.Interval()
		require.NoError(t, err, c.src)
		require.Equal(t, c.want, v, c.src)
		require.Equal(t, c.src, at.Text)
	}
	for _, c := range []struct {
		src  string
		code sqlstate.Code
	}{
		{"''", "22007"}, {"'x'", "22007"}, {"'1 parsec'", "22007"}, {"'1:2:3:4'", "22007"}, {"'00:61'", "22007"}, {"'P'", "22007"}, {"'PT'", "22007"}, {"'P1H'", "22007"}, {"'1..2 days'", "22007"},
		{"'ago'", "22007"}, {"'99999999999 years'", "22008"}, {"99999999999999 weeks", "22008"}, {"7", "42601"}, {"7 parsecs", "42601"}, {"x", "42601"}, {"", "42601"},
		{"'" + strings.Repeat("9", 100) + " days'", "22007"},
	} {
		_, _, err := parser(t, c.src).Interval()
		require.Equal(t, c.code, sqlstate.CodeOf(err), c.src)
		require.NotZero(t, sqlstate.From(err).Position, c.src)
	}
	require.Equal(t, 86400.0*(365.25+30+1)+1, IntervalSeconds(types.IntervalValue{Months: 13, Days: 1, Micros: 1e6}))
}

func TestExprUntil(t *testing.T) {
	for _, c := range []struct {
		src, want, rest string
		stops           []string
	}{
		{"a + (b as c) as d", "a + (b as c)", "as", []string{"as"}},
		{"case when x then 1 else as end as d", "case when x then 1 else as end", "as", []string{"as"}},
		{"t.as || 'as' as d", "t.as || 'as'", "as", []string{"as"}},
		{"f(a, b), c", "f(a, b)", ",", nil},
		{"[1, {'a': 2}][1]) x", "[1, {'a': 2}][1]", ")", nil},
		{"a > b", "a", ">", []string{">"}},
		{"a between 1 and 2", "a between 1 and 2", "", []string{"as"}},
		{`"as" as x`, `"as"`, "as", []string{"as"}},
	} {
		p := parser(t, c.src)
		at, err := p.ExprUntil(c.stops...)
		require.NoError(t, err, c.src)
		require.Equal(t, c.want, at.Text)
		require.Equal(t, c.rest, p.Text(p.Peek()))
	}
	for src, pos := range map[string]int{"": 0, "as x": 0, ") x": 0, "(a": 2, "(a]": 2, "a + 'b": 4, "f([1)": 4} {
		_, err := parser(t, src).ExprUntil("as")
		fails(t, err, sqlstate.SyntaxError, "", pos, "")
	}
}

func TestQueries(t *testing.T) {
	for _, src := range []string{"select 1", "(select 1) union all (select 2)", "with x as (select 1) from x", "FROM t", "values (1)", "((select 1))"} {
		at, err := parser(t, src).SelectToEnd()
		require.NoError(t, err, src)
		require.Equal(t, src, at.Text)
	}
	for src, pos := range map[string]int{"": 0, "insert into t values (1)": 0, "select (1": 9, "select 1)": 8, "select [1)": 9, "select 'x": 7, "(1)": 0} {
		_, err := parser(t, src).SelectToEnd()
		fails(t, err, sqlstate.SyntaxError, "", pos, "")
	}
	for _, c := range []struct {
		src, sql string
		query    bool
	}{
		{"TABLE s.t", `"s"."t"`, false}, {"t", `"t"`, false}, {"(select 1) x", "(select 1)", true},
	} {
		r, err := parser(t, c.src).Relation()
		require.NoError(t, err)
		require.Equal(t, c.sql, r.SQL())
		require.Equal(t, c.query, r.IsQuery())
	}
	for src, pos := range map[string]int{"(1)": 0, "table select": 6, "(select 1": 9, "1": 0} {
		_, err := parser(t, src).Relation()
		fails(t, err, sqlstate.SyntaxError, "", pos, "")
	}
	at, err := parser(t, "insert into t values (1)").Rest("a statement")
	require.NoError(t, err)
	require.Equal(t, "insert into t values (1)", at.Text)
	_, err = parser(t, "").Rest("a statement")
	fails(t, err, sqlstate.SyntaxError, "end of input", 0, "Expected a statement.")
}

func TestOptions(t *testing.T) {
	p := parser(t, `(batch_rows = 1_000, Kafka.Sasl => 'x', format csv, header, "on" := on, ratio 0.5, n 'null')`)
	o, err := p.OptionList()
	require.NoError(t, err)
	require.True(t, p.Eof())
	n, err := o.Int("batch_rows", 1, 1, 5000)
	require.NoError(t, err)
	require.Equal(t, int64(1000), n)
	s, err := o.String("kafka.sasl", "")
	require.NoError(t, err)
	require.Equal(t, "x", s)
	format, _ := o.Lookup("format")
	require.True(t, format.Bare)
	require.Equal(t, "csv", format.Value)
	require.Equal(t, "format csv", format.Span.Text)
	b, err := o.Bool("header", false)
	require.NoError(t, err)
	require.True(t, b)
	b, err = o.Bool("on", false)
	require.NoError(t, err)
	require.True(t, b)
	f, err := o.Float("ratio", 0)
	require.NoError(t, err)
	require.Equal(t, 0.5, f)
	s, err = o.String("missing", "default")
	require.NoError(t, err)
	require.Equal(t, "default", s)

	_, err = o.Int("batch_rows", 1, 1, 10)
	fails(t, err, "22023", "between 1 and 10", 14, "")
	_, err = o.Int("ratio", 1, 1, 10)
	fails(t, err, "22023", "whole number", 78, "")
	_, err = o.String("header", "")
	fails(t, err, "22023", "requires a string", 52, "")
	_, err = o.Bool("format", false)
	fails(t, err, "22023", "Boolean", 47, "")
	_, err = o.Float("n", 0)
	fails(t, err, "22023", "a number", 85, "")
	fails(t, o.Only("batch_row", "format"), "42601", `unknown option "batch_rows"`, 1, "Did you mean batch_row?")
	fails(t, o.Only("format"), "42601", "unknown option", 1, "Options are format.")
	require.NoError(t, o.Only("batch_rows", "kafka.sasl", "format", "header", "on", "ratio", "n"))

	empty, err := parser(t, "()").OptionList()
	require.NoError(t, err)
	require.Empty(t, empty)
	for src, pos := range map[string]int{"": 0, "(": 1, "(a = )": 5, "(a = 1, A = 2)": 8, "(a 1 b)": 5, "(1 = 1)": 1, "(a = $1)": 5, "(a. = 1)": 4} {
		_, err := parser(t, src).OptionList()
		fails(t, err, sqlstate.SyntaxError, "", pos, "")
	}
}

func TestCall(t *testing.T) {
	name, args, err := parser(t, "CALL Eider.train('churn', 3, Target => 'x', query := $$select 1$$, algos => ['a', 'b'])").Call()
	require.NoError(t, err)
	require.Equal(t, `"Eider"."train"`, name.SQL())
	var got []any
	for _, a := range args {
		got = append(got, a.Name, a.Value)
	}
	require.Equal(t, []any{"", "churn", "", int64(3), "target", "x", "query", "select 1", "algos", []any{"a", "b"}}, got)
	require.Equal(t, "'x'", args[2].Span.Text)
	_, args, err = parser(t, "call f()").Call()
	require.NoError(t, err)
	require.Empty(t, args)
	for src, pos := range map[string]int{
		"call": 4, "call f": 6, "call f(": 7, "call f(1": 8, "call f(a => 1, 2)": 15, "call f(a => 1, A => 2)": 15, "call f(a)": 7, "call f(1) x": 10, "call f(1 + 2)": 9, "call f(1,)": 9,
	} {
		_, _, err := parser(t, src).Call()
		fails(t, err, sqlstate.SyntaxError, "", pos, "")
	}
}

func TestParens(t *testing.T) {
	p := parser(t, "(a, b) c")
	var got []string
	require.NoError(t, p.Parens(func() error {
		n, err := p.Name("a column")
		got = append(got, n.Text)
		return err
	}))
	require.Equal(t, []string{"a", "b"}, got)
	p = parser(t, "(a b)")
	fails(t, p.Parens(func() error { p.Next(); return nil }), sqlstate.SyntaxError, "", 3, "Expected ) or ,.")
}

func FuzzParser(f *testing.F) {
	for _, s := range []string{"call a.b(1, c => [{'x': 1}])", "(a = 1, b c)", "m@3", "interval '1 day'", "case a when (b", "-0x_f", "table \"x", "[[[[", "E'\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		for _, st := range lex.Split(src) {
			for _, read := range []func(*Parser) error{
				func(p *Parser) error { _, _, err := p.Call(); return err },
				func(p *Parser) error { _, err := p.OptionList(); return err },
				func(p *Parser) error { _, err := p.ModelRef(); return err },
				func(p *Parser) error { _, _, err := p.Interval(); return err },
				func(p *Parser) error { _, _, err := p.Literal(); return err },
				func(p *Parser) error { _, err := p.ExprUntil("as", ">"); return err },
				func(p *Parser) error { _, err := p.SelectToEnd(); return err },
				func(p *Parser) error { _, err := p.Relation(); return err },
			} {
				if err := read(New(src, st)); err != nil {
					e := sqlstate.From(err)
					require.NotEqual(t, sqlstate.InternalError, e.Code)
					require.Greater(t, e.Position, st.Start)
					require.LessOrEqual(t, e.Position, st.End+1)
				}
			}
		}
	})
}
