package node

import (
	"errors"
	"fmt"
	"strings"
)

// Position is a place in a file of the project.
type Position struct {
	File   string // below the project's folder where it lies there
	Line   int    // from 1; 0 is unknown
	Column int    // from 1, in characters; 0 is unknown
}

func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Error is a mistake in a project: what is wrong, where, and what to do.
type Error struct {
	Message string
	Hint    string
	Pos     Position
	Node    string // id, "" if it isn't in one
	Source  string // the text that Pos is in, for the excerpt; may be empty
	// Stack are the macros between Pos and the node, innermost first.
	Stack []Frame
	SQL   string // compiled SQL, where there is some
	Err   error  // what lies below; may be nil
}

// Frame is one call of a macro.
type Frame struct {
	Macro string
	Pos   Position
}

func (e *Error) Unwrap() error { return e.Err }

// Error is everything a person needs: the message, file:line:column, an excerpt with a
// caret, the macros in between, the hint, and the compiled SQL if there is some.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	if e.Pos.File != "" {
		fmt.Fprintf(&b, "\n  at %s", e.Pos)
	}
	if x := excerpt(e.Source, e.Pos); x != "" {
		b.WriteString("\n")
		b.WriteString(x)
	}
	for _, f := range e.Stack {
		fmt.Fprintf(&b, "\n  called by %s at %s", f.Macro, f.Pos)
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, "\n  hint: %s", e.Hint)
	}
	if e.SQL != "" {
		b.WriteString("\n  compiled SQL:\n")
		for i, line := range strings.Split(strings.TrimRight(e.SQL, "\n"), "\n") {
			fmt.Fprintf(&b, "%6d | %s\n", i+1, line)
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// excerpt shows the line at pos with one before, and a caret below the column.
func excerpt(source string, pos Position) string {
	if source == "" || pos.Line == 0 {
		return ""
	}
	lines := strings.Split(source, "\n")
	if pos.Line > len(lines) {
		return ""
	}
	var b strings.Builder
	if pos.Line > 1 {
		fmt.Fprintf(&b, "%6d | %s\n", pos.Line-1, clean(lines[pos.Line-2]))
	}
	line := clean(lines[pos.Line-1])
	fmt.Fprintf(&b, "%6d | %s", pos.Line, line)
	if pos.Column > 0 {
		fmt.Fprintf(&b, "\n       | %s^", strings.Repeat(" ", min(pos.Column-1, len([]rune(line)))))
	}
	return b.String()
}

// clean keeps the caret's place: a tab takes one column.
func clean(line string) string {
	return strings.ReplaceAll(strings.TrimRight(line, "\r"), "\t", " ")
}

// Errors are the mistakes of a project together, each once, in order of files.
func Errors(err error) []*Error {
	var list []*Error
	var walk func(error)
	walk = func(err error) {
		if err == nil {
			return
		}
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, one := range joined.Unwrap() {
				walk(one)
			}
			return
		}
		if e := (*Error)(nil); errors.As(err, &e) {
			list = append(list, e)
			return
		}
		list = append(list, &Error{Message: err.Error(), Err: err})
	}
	walk(err)
	return list
}
