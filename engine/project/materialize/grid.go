package materialize

import (
	"strings"
	"unicode/utf8"
)

// Grid lays rows out in columns, the first row above a line. Every row has as many cells as the first.
func Grid(rows [][]string, indent string) string {
	if len(rows) == 0 {
		return ""
	}
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	line := func(cells []string, sep, pad string) {
		b.WriteString(indent)
		for i, cell := range cells {
			if i > 0 {
				b.WriteString(sep)
			}
			b.WriteString(cell)
			if i < len(cells)-1 || pad != " " {
				b.WriteString(strings.Repeat(pad, width[i]-utf8.RuneCountInString(cell)))
			}
		}
		b.WriteString("\n")
	}
	for n, r := range rows {
		line(r, " | ", " ")
		if n == 0 {
			line(make([]string, len(width)), "-+-", "-")
		}
	}
	return strings.TrimRight(b.String(), "\n")
}
