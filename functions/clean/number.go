package clean

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/types"
)

func parseNumber() *fn.Decl {
	return &fn.Decl{
		Name: "parse_number", Family: "clean",
		Summary: "Reads a number as people write it, NULL if the text isn't one.",
		Notes: "Understands currency signs and codes before or behind, blanks, apostrophes and underscores between digits, a minus before or behind, " +
			"parentheses for negative amounts, per cent (divided by 100) and exponents.\n\n" +
			"Where a comma and a point both occur, the last one is the decimal sign. A sign that occurs more than once separates thousands. " +
			"A single comma is a decimal sign unless exactly three digits follow and one to three stand before it (`1,234` is 1234, `1,5` is 1.5, `0,125` is 0.125); " +
			"a single point is always a decimal sign.",
		Params:  []fn.Param{{Name: "s", Type: types.Of(types.Varchar), Doc: "the text"}},
		Returns: types.Of(types.Double),
		Scalar: func(in *types.Chunk, out fn.Writer) error {
			col := &in.Columns[0]
			strs := types.Slice[types.String](col)
			res := types.Slice[float64](out.Vector())
			var buf []byte
			for i := range in.Len {
				ok := col.Valid(i)
				if ok {
					res[i], buf, ok = number(strs[i].Bytes(), buf)
				}
				if !ok {
					out.SetNull(i)
				}
			}
			return nil
		},
		Examples: []fn.Example{
			{SQL: "SELECT parse_number('$1,234.50'), parse_number('1.234,50 €'), parse_number('1 234,5')", Want: "1234.5\t1234.5\t1234.5"},
			{SQL: "SELECT parse_number('(300)'), parse_number('12.5 %'), parse_number('7-'), parse_number('1e3')", Want: "-300.0\t0.125\t-7.0\t1000.0"},
			{SQL: "SELECT parse_number('n/a'), parse_number(''), parse_number('1 or 2'), parse_number(NULL)", Want: "NULL\tNULL\tNULL\tNULL"},
		},
	}
}

// number reads s; buf is scratch memory that comes back for the next call.
func number(s, buf []byte) (float64, []byte, bool) {
	s = bytes.TrimSpace(s)
	negative, percent := false, false
	if n := len(s); n >= 2 && s[0] == '(' && s[n-1] == ')' {
		negative, s = true, bytes.TrimSpace(s[1:n-1])
	}
	s, sign := affixes(s, &percent)
	if sign == 0 || sign < 0 && negative {
		return 0, buf, false
	}
	if sign < 0 {
		negative = true
	}
	digits, ok := plain(s, buf[:0])
	if !ok {
		return 0, digits, false
	}
	v, err := strconv.ParseFloat(string(digits), 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, digits, false
	}
	if percent {
		v /= 100
	}
	if negative {
		v = -v
	}
	return v, digits, true
}

// affixes strips signs, currency and per cent from both ends. sign is -1 or 1, 0 when
// the text has two of one thing.
func affixes(s []byte, percent *bool) (rest []byte, sign int) {
	sign = 1
	signs, currencies, percents := 0, 0, 0
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		switch c := currencyLen(s); {
		case isBlank(r):
		case c > 0:
			n, currencies = c, currencies+1
		case r == '-' || r == '−' || r == '+':
			signs++
			if r != '+' {
				sign = -1
			}
		default:
			n = 0
		}
		if n == 0 {
			break
		}
		s = s[n:]
	}
	for len(s) > 0 {
		r, n := utf8.DecodeLastRune(s)
		switch c := currencyTail(s); {
		case isBlank(r):
		case c > 0:
			n, currencies = c, currencies+1
		case r == '-' || r == '−':
			signs, sign = signs+1, -1
		case r == '%':
			percents, *percent = percents+1, true
		default:
			n = 0
		}
		if n == 0 {
			break
		}
		s = s[:len(s)-n]
	}
	if signs > 1 || currencies > 1 || percents > 1 || percents+currencies > 1 {
		return s, 0
	}
	return s, sign
}

// plain turns digits with separators into what strconv reads.
func plain(s, dst []byte) ([]byte, bool) {
	exp := bytes.IndexAny(s, "eE")
	mantissa := s
	if exp >= 0 {
		mantissa = s[:exp]
	}
	commas, points := bytes.Count(mantissa, []byte{','}), bytes.Count(mantissa, []byte{'.'})
	decimal := byte('.')
	switch {
	case commas > 0 && points > 0:
		if bytes.LastIndexByte(mantissa, ',') > bytes.LastIndexByte(mantissa, '.') {
			decimal = ','
		}
	case points > 1 || commas > 1:
		decimal = 0
	case commas == 1:
		at := bytes.IndexByte(mantissa, ',')
		thousands := len(mantissa)-at-1 == 3 && at >= 1 && at <= 3 && mantissa[0] != '0'
		if !thousands {
			decimal = ','
		}
	}
	return digits(s, mantissa, decimal, dst)
}

// digits copies mantissa and exponent of s without group separators. Groups behind the first have
// three digits, or two before them as in India (12,34,567).
func digits(s, mantissa []byte, decimal byte, dst []byte) ([]byte, bool) {
	any, fraction, group, grouped := false, false, 0, false
	for len(mantissa) > 0 {
		r, n := utf8.DecodeRune(mantissa)
		mantissa = mantissa[n:]
		s = s[n:]
		switch {
		case r >= '0' && r <= '9':
			dst, any, group = append(dst, byte(r)), true, group+1
		case decimal != 0 && r == rune(decimal):
			if fraction || grouped && group != 3 {
				return dst, false
			}
			dst, fraction, grouped = append(dst, '.'), true, false
		case isSeparator(r):
			if fraction || !any || group == 0 || grouped && group != 3 && group != 2 {
				return dst, false
			}
			grouped, group = true, 0
		default:
			return dst, false
		}
	}
	if !any || grouped && group != 3 {
		return dst, false
	}
	return append(dst, s...), true // strconv checks the exponent
}

func isBlank(r rune) bool {
	return r == ' ' || r == '\u00a0' || r == '\u202f' || r == '\u2009' || r == '\t'
}

func isSeparator(r rune) bool {
	return isBlank(r) || r == ',' || r == '.' || r == '\'' || r == '’' || r == '_'
}

// currencyLen is the length of the currency sign or three-letter code that s begins with.
func currencyLen(s []byte) int {
	r, n := utf8.DecodeRune(s)
	if isCurrency(r) {
		return n
	}
	if len(s) > 3 && isCode(s[:3]) && !isLetter(s[3]) {
		return 3
	}
	return 0
}

func currencyTail(s []byte) int {
	r, n := utf8.DecodeLastRune(s)
	if isCurrency(r) {
		return n
	}
	if n := len(s); n > 3 && isCode(s[n-3:]) && !isLetter(s[n-4]) {
		return 3
	}
	return 0
}

func isCurrency(r rune) bool {
	return r == '$' || r == '¢' || r == '£' || r == '¥' || r >= '\u20a0' && r <= '\u20cf'
}

func isCode(b []byte) bool {
	for _, c := range b {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
