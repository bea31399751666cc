package engine

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// literals writes PostgreSQL's quotes that DuckDB reads wrongly or not at all in plain
// ones: E'…' (DuckDB lacks its Unicode escapes), U&'…' and U&"…" (it lacks them all),
// B'…' and X'…' (it takes the letter for a part of the text).
func literals() rewrite.Rule {
	kinds := []lex.Kind{lex.EscapeString, lex.UnicodeString, lex.UnicodeIdent, lex.BitString}
	return rewrite.Rule{Name: "literals", Kinds: kinds, Apply: func(e *rewrite.Editor) error {
		for i, t := range e.Toks {
			if t.Open { // DuckDB's to complain of
				continue
			}
			v, ok := lex.Value(e.Src, t)
			switch t.Kind {
			case lex.EscapeString, lex.UnicodeString:
				if !ok {
					return sqlstate.New(sqlstate.InvalidEscapeSequence, "invalid escape sequence in string").At(t.Start)
				}
				e.ReplaceTok(i, lex.QuoteLiteral(v))
			case lex.UnicodeIdent:
				if !ok {
					return sqlstate.New(sqlstate.SyntaxError, "invalid Unicode escape in identifier").At(t.Start)
				}
				e.ReplaceTok(i, lex.QuoteIdent(v))
			case lex.BitString:
				bits, err := bitsOf(e.Text(i)[0], v)
				if err != nil {
					return err.At(t.Start)
				}
				e.ReplaceTok(i, "CAST('"+bits+"' AS BIT)")
			}
		}
		return nil
	}}
}

// bitsOf returns the bits of a B'…' or X'…' constant.
func bitsOf(prefix byte, digits string) (string, *sqlstate.Error) {
	var b strings.Builder
	hex := prefix == 'x' || prefix == 'X'
	for i := 0; i < len(digits); i++ {
		c := digits[i]
		switch at := strings.IndexByte("0123456789abcdef", c|0x20); {
		case !hex && (c == '0' || c == '1'):
			b.WriteByte(c)
		case hex && (c >= '0' && c <= '9' || at >= 10):
			if c <= '9' {
				at = int(c - '0')
			}
			b.WriteString([...]string{"0000", "0001", "0010", "0011", "0100", "0101", "0110", "0111", "1000", "1001", "1010", "1011", "1100", "1101", "1110", "1111"}[at])
		default:
			kind := "binary"
			if hex {
				kind = "hexadecimal"
			}
			return "", sqlstate.Newf(sqlstate.InvalidTextRepresentation, "%q is not a valid %s digit", c, kind)
		}
	}
	if b.Len() == 0 {
		return "", sqlstate.New(sqlstate.FeatureNotSupported, "DuckDB has no empty bit strings")
	}
	return b.String(), nil
}
