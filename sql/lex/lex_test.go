package lex

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// spell writes tokens as Kind:text, blanks left out unless they are all there is to see.
func spell(src string, blanks bool) string {
	var out []string
	for _, t := range Lex(src) {
		if t.IsBlank() && !blanks {
			continue
		}
		s := t.Kind.String() + ":" + t.Text(src)
		if t.Open {
			s += "!"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestTokens(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"", ""},
		{"select a_1, é, b$2", "Ident:select Ident:a_1 Punct:, Ident:é Punct:, Ident:b$2"},
		{`"a""b" "" U&"\0041"`, `QuotedIdent:"a""b" QuotedIdent:"" UnicodeIdent:U&"\0041"`},
		{`u&"d!0061" UESCAPE '!' x`, `UnicodeIdent:u&"d!0061" UESCAPE '!' Ident:x`},
		{`U&'a' uescape`, `UnicodeString:U&'a' Ident:uescape`},
		{`U&'a' uescape '!!'`, `UnicodeString:U&'a' Ident:uescape String:'!!'`},
		{`u&a`, "Ident:u Op:& Ident:a"},
		{`'a''b' 'c\'`, `String:'a''b' String:'c\'`},
		{`E'a\'b' e'c\\' x`, `EscapeString:E'a\'b' EscapeString:e'c\\' Ident:x`},
		{"'a'\n'b' 'c'", "String:'a'\n'b' String:'c'"},
		{"'a' -- x\n  -- y\n 'b'", "String:'a' -- x\n  -- y\n 'b'"},
		{"'a' /* x */\n'b'", "String:'a' String:'b'"},
		{"E'a'\n'b\\'c' d", "EscapeString:E'a'\n'b\\'c' Ident:d"},
		{"b'01' X'fF' n'é' N'x'", "BitString:b'01' BitString:X'fF' String:n'é' String:N'x'"},
		{"b'1''x' b'1'\n'0'", "BitString:b'1' String:'x' BitString:b'1'\n'0'"},
		{"$$a'b$$ $t$ $$ $x$ $t$ $é$ü$é$", "DollarString:$$a'b$$ DollarString:$t$ $$ $x$ $t$ DollarString:$é$ü$é$"},
		{"$1 $23::int ?1 ? $name $n+$m", "Param:$1 Param:$23 Op::: Ident:int Param:?1 Question:? Param:$name Param:$n Op:+ Param:$m"},
		{"a$$b $", "Ident:a$$b Illegal:$"},
		{"1 1. .5 1.5 1e5 1.5E-3 1_000 1_000.5_5e1_0", "Number:1 Number:1. Number:.5 Number:1.5 Number:1e5 Number:1.5E-3 Number:1_000 Number:1_000.5_5e1_0"},
		{"0x1F 0o17 0b101 0x_f 0b1_0 0x 0b2 0b1_", "Number:0x1F Number:0o17 Number:0b101 Number:0x_f Number:0b1_0 Number:0 Ident:x Number:0 Ident:b2 Number:0b1 Ident:_"},
		{"1..2 1.5.2 1e 1e+ 1_ 1__0 12abc", "Number:1 Op:.. Number:2 Number:1.5 Number:.2 Number:1 Ident:e Number:1 Ident:e Op:+ Number:1 Ident:_ Number:1 Ident:__0 Number:12 Ident:abc"},
		{"a.b a.*", "Ident:a Punct:. Ident:b Ident:a Punct:. Op:*"},
		{"a::int b:=1 c=>2 d->e->>'f'", "Ident:a Op::: Ident:int Ident:b Op::= Number:1 Ident:c Op:=> Number:2 Ident:d Op:-> Ident:e Op:->> String:'f'"},
		{"x:y [1:2] {'a':1} x[a::b]", "Ident:x Punct:: Ident:y Punct:[ Number:1 Punct:: Number:2 Punct:] Punct:{ String:'a' Punct:: Number:1 Punct:} Ident:x Punct:[ Ident:a Op::: Ident:b Punct:]"},
		{"x -> x+1", "Ident:x Op:-> Ident:x Op:+ Number:1"},
		{"a<-1 a=-1 a*-1 a->-1 a@-1 a%-1 a!=-1", "Ident:a Op:< Op:- Number:1 Ident:a Op:= Op:- Number:1 Ident:a Op:* Op:- Number:1 Ident:a Op:-> Op:- Number:1 Ident:a Op:@- Number:1 Ident:a Op:%- Number:1 Ident:a Op:!=- Number:1"},
		{"a+-+b a//b a**b a||b a<=b a<>b", "Ident:a Op:+ Op:- Op:+ Ident:b Ident:a Op:// Ident:b Ident:a Op:** Ident:b Ident:a Op:|| Ident:b Ident:a Op:<= Ident:b Ident:a Op:<> Ident:b"},
		{"#1 =#2 a#>>'{b}' a#>'{b}'", "Op:# Number:1 Op:= Op:# Number:2 Ident:a Op:#>> String:'{b}' Ident:a Op:#> String:'{b}'"},
		{"churn@3 churn@prod", "Ident:churn Op:@ Number:3 Ident:churn Op:@ Ident:prod"},
		{"a\u00a0b\u2003c\u200bd\ufeff", "Ident:a Ident:b Ident:c Ident:d"},
		{"'a' \\ \x00 \v", "String:'a' Illegal:\\ Illegal:\x00 Illegal:\v"},
		{"'open", "String:'open!"}, {`"open`, `QuotedIdent:"open!`}, {"$$open", "DollarString:$$open!"}, {`E'open\'`, `EscapeString:E'open\'!`},
		{"/* a /* b */", "BlockComment:/* a /* b */!"}, {"'a'\n'b", "String:'a'\n'b!"},
	} {
		require.Equal(t, c.want, spell(c.src, false), c.src)
	}
}

func TestBlanks(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"a -- b\nc", "Ident:a Space:  LineComment:-- b Space:\n Ident:c"},
		{"a--b\rc", "Ident:a LineComment:--b Space:\r Ident:c"},
		{"1/* a /* b */ c */2", "Number:1 BlockComment:/* a /* b */ c */ Number:2"},
		{"1+--x", "Number:1 Op:+ LineComment:--x"},
		{"1*/*x*/2", "Number:1 Op:* BlockComment:/*x*/ Number:2"},
		{"/*/ */", "BlockComment:/*/ */"},
		{"/***/", "BlockComment:/***/"},
		{"--", "LineComment:--"},
	} {
		require.Equal(t, c.want, spell(c.src, true), c.src)
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		src  string
		want []string
	}{
		{"", nil}, {" ; ;; -- x\n /* ; */ ", nil},
		{"select 1", []string{"select 1"}},
		{"select 1;select 2 ;", []string{"select 1", "select 2"}},
		{"/* a */ select ';' -- ;\n, \";\" /* ; */ ;x", []string{"select ';' -- ;\n, \";\"", "x"}},
		{"select $$;$$, $a$ ; $$ ; $a$; b", []string{"select $$;$$, $a$ ; $$ ; $a$", "b"}},
		{"a (b;c) d;e", []string{"a (b;c) d", "e"}},
		{"a );b", []string{"a )", "b"}},
		{"a;/* open ;", []string{"a", "/* open ;"}},
		{"a;'open ;", []string{"a", "'open ;"}},
		{"E'\\';' ;b", []string{"E'\\';'", "b"}},
	} {
		var got []string
		for _, s := range Split(c.src) {
			got = append(got, s.Text(c.src))
			require.NotEmpty(t, s.Tokens)
			require.Equal(t, s.Start, s.Tokens[0].Start)
			require.Equal(t, s.End, s.Tokens[len(s.Tokens)-1].End)
		}
		require.Equal(t, c.want, got, c.src)
	}
	two := Split("a; 'b")
	require.True(t, two[0].Terminated)
	require.False(t, two[0].Open())
	require.False(t, two[1].Terminated)
	require.True(t, two[1].Open())
}

func TestValue(t *testing.T) {
	for _, c := range []struct {
		src, want string
		ok        bool
	}{
		{"Abc", "Abc", true}, {`"A""b"`, `A"b`, true}, {`""`, "", false}, {`"a`, "a", false},
		{"''", "", true}, {"'a''b\\n'", `a'b\n`, true}, {"'a''", "a'", false}, {"'a'\n  'b''c'", "ab'c", true},
		{"N'x'", "x", true}, {"X'fF'", "fF", true}, {"b''", "", true},
		{`E'a\'b''c\\\n\t\b\f\r\q'`, "a'b'c\\\n\t\b\f\rq", true},
		{`E'\x41\101\u0041\U00000041\x4g'`, "AAAA\x04g", true},
		{`E'\xc3\xa9'`, "é", true}, {`E'\xff'`, "\xff", false}, {`E'\0'`, "\x00", false},
		{`E'\uD83D\uDE00 \U0001F600'`, "😀 😀", true}, {`E'\uD83D'`, `\uD83D`, false}, {`E'\u12'`, `\u12`, false},
		{"E'a'\n'\\x41'", "aA", true},
		{`U&'d\0061t\+000061 \\'`, `data \`, true}, {`U&'d!0061''' UESCAPE '!'`, "da'", true}, {`U&'\D83D\DE00'`, "😀", true},
		{`U&'\00'`, `\00`, false}, {`U&'a' UESCAPE '+'`, "a", true}, {`U&'+0061' UESCAPE '+'`, "+0061", false},
		{`U&"\00e9""x"`, `é"x`, true}, {`U&""`, "", false},
		{"$$a''b$$", "a''b", true}, {"$t$a$$b$t$", "a$$b", true}, {"$t$a", "a", false},
		{"12", "12", true},
	} {
		toks := Lex(c.src)
		require.Len(t, toks, 1, c.src)
		v, ok := Value(c.src, toks[0])
		require.Equal(t, c.want, v, c.src)
		require.Equal(t, c.ok, ok, c.src)
	}
}

func TestQuote(t *testing.T) {
	for _, s := range []string{"", "a", `a"b`, "a'b", `a\b`, "é\n"} {
		toks := Lex(QuoteIdent(s))
		require.Len(t, toks, 1)
		require.Equal(t, s, Unquote(QuoteIdent(s), toks[0]))
		toks = Lex(QuoteLiteral(s))
		require.Len(t, toks, 1)
		require.Equal(t, s, Unquote(QuoteLiteral(s), toks[0]))
	}
	require.Equal(t, "select é", Fold("SeLECT é"))
	require.Equal(t, "É", Fold("É"))
	src := "SeLect"
	require.True(t, Lex(src)[0].Word(src, "select"))
	require.False(t, Lex(`"select"`)[0].Word(`"select"`, "select"))
}

func TestAllocations(t *testing.T) {
	src := strings.Repeat("select a, b from t where c = 'x' and d > 1.5 -- y\n", 20)
	// The slice, grown once or twice; never one a token.
	require.LessOrEqual(t, testing.AllocsPerRun(20, func() { Lex(src) }), 4.0)
	require.LessOrEqual(t, testing.AllocsPerRun(20, func() { Split(src) }), 5.0)
	long := "select '" + strings.Repeat("x", 8<<20) + "'"
	require.Less(t, cap(Split(long)[0].Tokens), 5000)
}

func FuzzLex(f *testing.F) {
	for _, s := range []string{"select 'a''b' || E'\\'' -- c\n/* /* */ */ $t$x$t$ $1 ?2 1..2 0x_f a@-1", "U&'\\0041' uescape '!'\n'b'", "\"a", "a\u00a0b\xff;(;", "E'\\", "0b_", "$é$x", "'a'--\r'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		at := 0
		toks := Lex(src)
		for i, tok := range toks {
			require.Equal(t, at, tok.Start)
			require.Greater(t, tok.End, tok.Start)
			require.True(t, !tok.Open || i == len(toks)-1)
			at = tok.End
			Value(src, tok)
		}
		require.Equal(t, len(src), at)
		end := 0
		for _, s := range Split(src) {
			require.GreaterOrEqual(t, s.Start, end)
			end = s.End
			// A statement cut out of its text has the same tokens.
			again := Split(s.Text(src))
			require.Len(t, again, 1)
			require.Len(t, again[0].Tokens, len(s.Tokens))
		}
	})
}

func BenchmarkLex(b *testing.B) {
	src := strings.Repeat("SELECT o.id, sum(l.price * (1 - l.discount)) AS revenue FROM orders o JOIN \"Line Items\" l ON o.id = l.order_id WHERE o.at >= '2024-01-01'::date AND l.n > $1 GROUP BY 1 -- top\nORDER BY 2 DESC LIMIT 10;\n", 1000)
	b.Run("Lex", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		b.ReportAllocs()
		for b.Loop() {
			Lex(src)
		}
	})
	b.Run("Split", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		b.ReportAllocs()
		for b.Loop() {
			Split(src)
		}
	})
}
