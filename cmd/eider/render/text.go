package render

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// printable returns text on one line and without what could steer a terminal:
// control characters are spelled as escapes, bytes that are not UTF-8 become U+FFFD.
func printable(text string) string {
	clean := true
	for _, r := range text {
		if r == utf8.RuneError || unicode.IsControl(r) {
			clean = false
			break
		}
	}
	if clean {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case unicode.IsControl(r):
			b.WriteString(`\x` + strconv.FormatInt(int64(r)>>4, 16) + strconv.FormatInt(int64(r)&15, 16))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Width is the number of terminal cells that text takes.
func Width(text string) int {
	for i := range len(text) {
		if text[i] < 0x20 || text[i] > 0x7e {
			return uniseg.StringWidth(text)
		}
	}
	return len(text)
}

// cut shortens text to width cells, the last of which is then "…".
func cut(text string, width int) string {
	if len(text) <= width || Width(text) <= width {
		return text
	}
	used, end := 0, 0
	g := uniseg.NewGraphemes(text)
	for g.Next() {
		if used+g.Width() > width-1 {
			break
		}
		used += g.Width()
		_, end = g.Positions()
	}
	return text[:end] + "…"
}

// Thousands writes n with commas: 336,776.
func Thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
