package parse

import (
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// maxExpected bounds the list of words in a hint.
const maxExpected = 12

// Unexpected returns the error for a next token that doesn't belong here. Its hint
// names what was expected, and before it what was asked for at this place in vain.
func (p *Parser) Unexpected(expected ...string) *sqlstate.Error {
	var words []string
	if p.triedAt == p.pos {
		words = append(words, p.tried...)
	}
	words = append(words, expected...)
	t := p.Peek()
	if t.Open {
		return p.unterminated(t)
	}
	if semicolon, ok := p.st.Next(p.src); ok && p.Eof() {
		return withExpected(sqlstate.Newf(sqlstate.SyntaxError, `syntax error at or near "%s"`, semicolon.Text(p.src)).At(semicolon.Start), words)
	}
	if p.Eof() {
		return withExpected(sqlstate.New(sqlstate.SyntaxError, "syntax error at end of input").At(p.st.End), words)
	}
	err := sqlstate.Newf(sqlstate.SyntaxError, `syntax error at or near "%s"`, p.Text(t)).At(t.Start)
	if t.Kind == lex.Ident {
		if close := Closest(p.Text(t), languageWords(words)); close != "" {
			return err.WithHint("Did you mean %s?", strings.ToUpper(close))
		}
	}
	return withExpected(err, words)
}

// languageWords leaves out marks and descriptions.
func languageWords(expected []string) []string {
	var out []string
	for _, w := range expected {
		if c := w[0] | 0x20; 'a' <= c && c <= 'z' && !described(w) {
			out = append(out, w)
		}
	}
	return out
}

// described reports whether what was expected is a description ("a model name").
func described(what string) bool {
	return strings.HasPrefix(what, "a ") || strings.HasPrefix(what, "an ")
}

func (p *Parser) unterminated(t lex.Token) *sqlstate.Error {
	what := "quoted string"
	switch t.Kind {
	case lex.QuotedIdent, lex.UnicodeIdent:
		what = "quoted identifier"
	case lex.BlockComment:
		what = "/* comment"
	case lex.DollarString:
		what = "dollar-quoted string"
	case lex.BitString:
		what = "bit string literal"
	}
	near := p.Text(t)
	if len(near) > 40 {
		near = strings.ToValidUTF8(near[:40], "")
	}
	return sqlstate.Newf(sqlstate.SyntaxError, `unterminated %s at or near "%s"`, what, near).At(t.Start)
}

func withExpected(err *sqlstate.Error, words []string) *sqlstate.Error {
	shown := make([]string, 0, len(words))
	for _, w := range words { // a loop over clauses asks for the same ones again
		if !described(w) {
			w = strings.ToUpper(w)
		}
		if !slices.Contains(shown, w) {
			shown = append(shown, w)
		}
	}
	if len(shown) == 0 || len(shown) > maxExpected {
		return err
	}
	if n := len(shown); n > 1 {
		return err.WithHint("Expected %s or %s.", strings.Join(shown[:n-1], ", "), shown[n-1])
	}
	return err.WithHint("Expected %s.", shown[0])
}

// Errorf returns an error of the code at a span's start.
func Errorf(at Span, code sqlstate.Code, format string, args ...any) *sqlstate.Error {
	return sqlstate.Newf(code, format, args...).At(at.Start)
}

// Closest returns the candidate that is most like word, "" if none is close: at most
// a third of the letters may be mistyped, swapped neighbours count once, case doesn't count.
func Closest(word string, candidates []string) string {
	word = lex.Fold(word)
	best, least := "", min(max(len(word)/3, 1)+1, len(word))
	for _, c := range candidates {
		if n := abs(len(c) - len(word)); n >= least {
			continue
		}
		if d := distance(word, lex.Fold(c), least); d < least {
			best, least = c, d
		}
	}
	return best
}

func abs(n int) int { return max(n, -n) }

// distance is the number of insertions, deletions, substitutions and swaps of
// neighbours that turn a into b (optimal string alignment), or limit if that is less.
func distance(a, b string, limit int) int {
	if len(a) > 128 || len(b) > 128 {
		return limit
	}
	var rows [3][129]int
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := 0; j <= len(b); j++ {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return min(row[len(b)], limit)
}
