package dialect

import (
	"strings"
	"time"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Rules are the dialect's rewrites.
func Rules() []rewrite.Rule {
	return []rewrite.Rule{
		{Name: "bytea literal", Triggers: []string{"bytea"}, Apply: func(e *rewrite.Editor) error { return literals(e, "bytea", byteaText) }},
		{Name: "boolean literal", Triggers: []string{"boolean", "bool"}, Apply: func(e *rewrite.Editor) error {
			if err := literals(e, "boolean", booleanText); err != nil {
				return err
			}
			return literals(e, "bool", booleanText)
		}},
		{Name: "date literal", Triggers: []string{"date"}, Apply: func(e *rewrite.Editor) error { return literals(e, "date", dateText) }},
		{Name: "timestamp literal", Triggers: []string{"timestamp"}, Apply: func(e *rewrite.Editor) error { return literals(e, "timestamp", timestampText) }},
		{Name: "array literal", Ops: []string{"::"}, Apply: arrays},
	}
}

// literals hands each string literal that is cast to the type, in any of SQL's three
// forms, to convert, and replaces it where convert returns another text.
func literals(e *rewrite.Editor, typ string, convert func(string) (string, error)) error {
	for i := range e.Toks {
		if e.Name(i) != typ {
			continue
		}
		at := -1
		switch {
		case i >= 2 && e.Is(i-1, "::") && e.Toks[i-2].IsString(): // 'x'::type
			at = i - 2
		case i+1 < len(e.Toks) && e.Toks[i+1].IsString() && !(i > 0 && (e.Is(i-1, "::") || e.Is(i-1, "."))): // type 'x'
			at = i + 1
		case i >= 4 && e.Word(i-1, "as") && e.Toks[i-2].IsString() && e.Is(i-3, "(") && e.Word(i-4, "cast"): // CAST('x' AS type)
			at = i - 2
		}
		if at < 0 || (i+1 < len(e.Toks) && e.Is(i+1, "[")) || e.Word(i+1, "with") && e.Word(i+2, "time") {
			continue
		}
		value := lex.Unquote(e.Src, e.Toks[at])
		text, err := convert(value)
		if err != nil {
			return sqlstate.From(err).At(e.Toks[at].Start)
		}
		if text != value {
			e.ReplaceTok(at, lex.QuoteLiteral(text))
		}
	}
	return nil
}

// booleanText turns the spellings that boolin takes and DuckDB doesn't into true and
// false (PostgreSQL manual, 8.6: unique prefixes of true, false, yes, no, on, off; 1, 0).
func booleanText(s string) (string, error) {
	v := strings.ToLower(strings.TrimSpace(s))
	switch {
	case v == "":
	case v == "1", v == "on", strings.HasPrefix("true", v), strings.HasPrefix("yes", v):
		return "true", nil
	case v == "0", v == "of", v == "off", strings.HasPrefix("false", v), strings.HasPrefix("no", v):
		return "false", nil
	}
	return s, nil // DuckDB says what is wrong
}

// dateText turns month/day/year, which PostgreSQL's DateStyle "ISO, MDY" reads so, into
// year-month-day; DuckDB doesn't read it at all.
func dateText(s string) (string, error) {
	d, err := time.Parse("1/2/2006", strings.TrimSpace(s))
	if err != nil {
		return s, nil // another form, or DuckDB says what is wrong
	}
	return d.Format(time.DateOnly), nil
}

// timestampText leaves the offset from UTC out, which PostgreSQL ignores in what has no
// time zone (manual, 8.5.1.3) and DuckDB doesn't.
func timestampText(s string) (string, error) {
	clock := strings.IndexByte(s, ':')
	if clock < 0 {
		return s, nil
	}
	at := clock + strings.IndexAny(s[clock:], "+-")
	if at < clock || strings.Trim(s[at+1:], "0123456789: ") != "" || strings.TrimSpace(s[at+1:]) == "" {
		return s, nil // none, or DuckDB says what is wrong
	}
	return strings.TrimRight(s[:at], " "), nil
}

// byteaText turns bytea's input forms, hex and escape (PostgreSQL manual, 8.4), into
// DuckDB's: printable ASCII as it is, everything else as \xHH.
func byteaText(s string) (string, error) {
	if hex, ok := strings.CutPrefix(s, `\x`); ok {
		if text, ok := duckHex(s); ok { // already DuckDB's own form
			return text, nil
		}
		return fromHex(hex)
	}
	return fromEscapes(s)
}

// duckHex reports whether s is a sequence of DuckDB's \xHH with at least two of them,
// which hex form can't be.
func duckHex(s string) (string, bool) {
	if len(s) < 8 || len(s)%4 != 0 {
		return "", false
	}
	for i := 0; i < len(s); i += 4 {
		if s[i] != '\\' || s[i+1] != 'x' || !isHex(s[i+2]) || !isHex(s[i+3]) {
			return "", false
		}
	}
	return s, true
}

func fromHex(hex string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(hex); {
		if c := hex[i]; c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			i++
			continue
		}
		if !isHex(hex[i]) {
			return "", sqlstate.Newf(sqlstate.InvalidParameterValue, "invalid hexadecimal digit: %q", hex[i:i+1])
		}
		if i+1 >= len(hex) || !isHex(hex[i+1]) {
			return "", sqlstate.New(sqlstate.InvalidParameterValue, "invalid hexadecimal data: odd number of digits")
		}
		b.WriteString(`\x` + strings.ToUpper(hex[i:i+2]))
		i += 2
	}
	return b.String(), nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func fromEscapes(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' {
			switch {
			case i+1 < len(s) && s[i+1] == '\\':
				i++
			case i+3 < len(s) && '0' <= s[i+1] && s[i+1] <= '3' && isOctal(s[i+2]) && isOctal(s[i+3]):
				c = (s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0')
				i += 3
			default:
				return "", sqlstate.New(sqlstate.InvalidTextRepresentation, "invalid input syntax for type bytea").
					WithHint(`Write bytes as '\x0aff', a backslash as \\ and other bytes as \ and three octal digits.`)
			}
		}
		if c == '\\' || c < ' ' || c > '~' {
			const digits = "0123456789ABCDEF"
			b.WriteString(`\x`)
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
			continue
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

func isOctal(c byte) bool { return '0' <= c && c <= '7' }
