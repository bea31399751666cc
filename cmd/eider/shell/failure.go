package shell

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/cmd/eider/render"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// fail shows an error with its place in the user's text.
func (s *Shell) fail(text string, err error) {
	var e *sqlstate.Error
	if !errors.As(err, &e) {
		if errors.Is(err, context.Canceled) {
			e = sqlstate.From(err)
		} else {
			e = &sqlstate.Error{Severity: "ERROR", Message: err.Error()}
		}
	}
	width := 0
	if s.o.Terminal {
		width = s.o.Width()
	}
	message := Explain(e, text, s.line, width)
	if s.source != "" {
		line := s.line + 1
		if e.Position > 0 && e.Position <= len(text)+1 {
			line += strings.Count(text[:e.Position-1], "\n")
		}
		message = fmt.Sprintf("%s:%d: %s", s.source, line, message)
	}
	if s.o.Color {
		label, rest, _ := strings.Cut(message, ":")
		message = "\x1b[31m" + label + ":\x1b[0m" + rest
	}
	fmt.Fprintln(s.o.Err, message)
}

// Notice shows a notice while a statement runs.
func (s *Shell) Notice(e *sqlstate.Error) {
	prefix := ""
	if s.o.Terminal {
		prefix = "\r\x1b[K" // over a progress bar
	}
	fmt.Fprintln(s.o.Err, prefix+Explain(e, "", 0, 0))
}

// Explain writes an error as psql does: severity and message, the line of text with a
// caret under the place, detail and hint. firstLine is the number of lines before
// text; width bounds the line of text, zero is no bound.
func Explain(e *sqlstate.Error, text string, firstLine, width int) string {
	severity := e.Severity
	if severity == "" {
		severity = "ERROR"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s:  %s", severity, e.Message)
	if e.Code != "" && (severity == "ERROR" || severity == "FATAL" || severity == "PANIC") {
		fmt.Fprintf(&b, " (%s)", e.Code)
	}
	if e.Position > 0 && e.Position <= len(text)+1 {
		b.WriteString("\n" + pointAt(text, e.Position-1, firstLine, width))
	}
	for _, part := range [][2]string{{"DETAIL", e.Detail}, {"HINT", e.Hint}, {"CONTEXT", e.Where}} {
		if part[1] != "" {
			fmt.Fprintf(&b, "\n%s:  %s", part[0], part[1])
		}
	}
	return b.String()
}

// pointAt returns the line that holds text[offset] and a caret below that place.
func pointAt(text string, offset, firstLine, width int) string {
	start := strings.LastIndexByte(text[:offset], '\n') + 1
	end := len(text)
	if n := strings.IndexByte(text[offset:], '\n'); n >= 0 {
		end = offset + n
	}
	before, after := oneLine(text[start:offset]), oneLine(text[offset:end])
	label := fmt.Sprintf("LINE %d: ", firstLine+1+strings.Count(text[:start], "\n"))
	if width <= 0 {
		width = 120
	}
	room := max(width-len(label)-6, 20)
	if render.Width(before) > room*2/3 { // a long line: show what is around the place
		runes := []rune(before)
		for len(runes) > 0 && render.Width(string(runes)) > room*2/3 {
			runes = runes[1:]
		}
		before = "..." + string(runes)
	}
	if left := room - render.Width(before); render.Width(after) > left {
		runes := []rune(after)
		for len(runes) > 0 && render.Width(string(runes)) > max(left, 0) {
			runes = runes[:len(runes)-1]
		}
		after = string(runes) + "..."
	}
	return label + before + after + "\n" + strings.Repeat(" ", len(label)+render.Width(before)) + "^"
}

// oneLine makes every character as wide as the caret's line takes it to be.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\r' || r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
