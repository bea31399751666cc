package stmt

import (
	"fmt"
	"io"
	"strings"
)

// Markdown writes the reference of all statements: docs/statements.md.
func (r *Registry) Markdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Statements\n\nEider runs all of DuckDB's SQL and the statements below. This page is generated from their declarations;\nevery example is executed by the tests.\n")
	for _, k := range r.kinds {
		fmt.Fprintf(&b, "\n- [%s](#%s): %s", k.Name, anchor(k.Name), k.Doc.Summary)
	}
	if len(r.kinds) > 0 {
		b.WriteString("\n")
	}
	for _, k := range r.kinds {
		k.markdown(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (k *Kind) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n%s", k.Name, k.Doc.Summary, fence("", k.Doc.Syntax))
	if k.Call != "" {
		fmt.Fprintf(b, "\nAlso as `CALL %s(…)` with named arguments.\n", k.Call)
	}
	if notes := strings.TrimSpace(k.Doc.Notes); notes != "" {
		b.WriteString("\n" + notes + "\n")
	}
	for i, e := range k.Doc.Examples {
		if i == 0 {
			b.WriteString("\n### Examples\n")
		}
		b.WriteString("\n" + fence("sql", e.SQL+";"))
		switch {
		case e.Code != "":
			fmt.Fprintf(b, "\nfails with SQLSTATE `%s`.\n", e.Code)
		case e.Want != "":
			b.WriteString("\n" + fence("", e.Want))
		}
	}
}

// fence puts text into a code block, with more backquotes than the text has in a row.
func fence(language, text string) string {
	marks := "```"
	for strings.Contains(text, marks) {
		marks += "`"
	}
	return marks + language + "\n" + strings.Trim(text, "\n") + "\n" + marks + "\n"
}

// anchor is the fragment that Markdown renderers derive from a heading.
func anchor(heading string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
			return c
		}
		return -1
	}, strings.ToLower(heading))
}
