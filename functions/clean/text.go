package clean

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/types"
)

func normalizeText() *fn.Decl {
	return &fn.Decl{
		Name: "normalize_text", Family: "clean",
		Summary: "Brings text into one spelling: compatible forms unified, lower case, single blanks.",
		Notes: "Applies Unicode normalization form KC (ligatures, full-width letters and combining accents become plain letters), lower case, " +
			"drops control and invisible formatting characters, turns every run of white space into one blank and trims the ends. " +
			"Accents are kept: use DuckDB's strip_accents to drop them.",
		Source:  "Unicode Standard Annex 15 (NFKC)",
		Params:  []fn.Param{{Name: "s", Type: types.Of(types.Varchar), Doc: "the text"}},
		Returns: types.Of(types.Varchar),
		Scalar: func(in *types.Chunk, out fn.Writer) error {
			var buf []byte
			col := &in.Columns[0]
			strs := types.Slice[types.String](col)
			for i := range in.Len {
				if !col.Valid(i) {
					out.SetNull(i)
					continue
				}
				buf = appendNormal(buf[:0], strs[i].Bytes())
				out.SetBytes(i, buf)
			}
			return nil
		},
		Examples: []fn.Example{
			{SQL: "SELECT normalize_text('  Ｇｒｅｅｎ   ﬁeld ')", Want: "green field"},
			{SQL: "SELECT normalize_text(e'Caf\\u0065\\u0301\\tNOIR') = 'café noir'", Want: "true"},
			{SQL: "SELECT normalize_text('') = '', normalize_text(NULL)", Want: "true\tNULL"},
		},
	}
}

// appendNormal appends the normal form of s.
func appendNormal(dst, s []byte) []byte {
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return appendNormalUnicode(dst[:0], norm.NFKC.Bytes(s))
		}
		switch {
		case c == ' ' || c >= '\t' && c <= '\r':
			if n := len(dst); n > 0 && dst[n-1] != ' ' {
				dst = append(dst, ' ')
			}
		case c < ' ' || c == 0x7f:
		case c >= 'A' && c <= 'Z':
			dst = append(dst, c+'a'-'A')
		default:
			dst = append(dst, c)
		}
	}
	return trimBlank(dst)
}

func appendNormalUnicode(dst, s []byte) []byte {
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		s = s[n:]
		switch {
		case unicode.IsSpace(r):
			if n := len(dst); n > 0 && dst[n-1] != ' ' {
				dst = append(dst, ' ')
			}
		case unicode.In(r, unicode.Cc, unicode.Cf):
		default:
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
	}
	// Dropped characters can have stood between a letter and its accent, and lower case
	// letters can compose where capitals can't.
	if !norm.NFKC.IsNormal(dst) {
		dst = append(dst[:0], norm.NFKC.Bytes(dst)...)
	}
	return trimBlank(dst)
}

func trimBlank(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == ' ' {
		return b[:n-1]
	}
	return b
}
