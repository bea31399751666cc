package engine

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/lex"
)

// fragments are expressions that are easy to lex wrongly, each with its value where
// DuckDB's and the lexer's can be compared.
var fragments = []string{
	"'a;b'", "'it''s; '", "'back\\'", "E'q\\';'", "E'\\\\'", "E'a'\n'\\';'", "'a' -- ;'\n 'b;'", "$$;'$$", "$t$ $$ ; $t$", "$é$;$é$", "n';'", "1/*;*/", "2 /* /* ; */ ' */", "3 -- ;'\n", "4--;\n", "(';')", "('(;')", "[1,2][1:2]",
	"{'a;': 1}", "1--1\n", "2*-1", "3 // 2", "2**3", "1.5e3", ".5", "1_000", "-.5", "'x'||';'", "'a' /*;*/ || 'b'", "1::int", "'1;'::text", "case when true then ';' end", "list_transform([1], x->x+1)", "list_transform([1], lambda x: x<-1)", "\u00a0';'\u2003",
	"';\u00a0'", "\"c;\"", "\"c;\"\"d\"", "c$d",
}

// TestLexerAgreesWithDuckDB lexes texts of several statements as DuckDB does: the
// same number of statements, and the same values of the strings in them.
func TestLexerAgreesWithDuckDB(t *testing.T) {
	s := memory(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		statements := 1 + r.IntN(4)
		var text strings.Builder
		for range statements {
			list := make([]string, 1+r.IntN(3))
			for i := range list {
				list[i] = fragments[r.IntN(len(fragments))]
			}
			text.WriteString([]string{"", "/* ; */", " -- ';\n"}[r.IntN(3)] + "select " + strings.Join(list, ", "))
			text.WriteString(` from (select 1 as "c;", 2 as "c;""d", 3 as c$d)` + []string{";", " ; ", "/**/;", ";;", "-- ;\n;"}[r.IntN(5)])
		}
		src := text.String()
		require.Len(t, lex.Split(src), statements, src)
		tree := rowsOf(t, s, "select json_array_length(json_serialize_sql("+lex.QuoteLiteral(src)+"), 'statements')")
		require.Equal(t, string(rune('0'+statements)), tree, src)
	}
	for _, f := range fragments {
		toks := lex.Split(f)[0].Tokens
		if len(toks) == 1 && toks[0].IsString() {
			// Past the engine's rewriting of literals.
			rows, err := s.conn.QueryRows(t.Context(), "select "+f)
			require.NoError(t, err, f)
			require.Equal(t, rows[0][0], lex.Unquote(f, toks[0]), f)
		}
	}
}
