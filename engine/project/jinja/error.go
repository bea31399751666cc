package jinja

import (
	"fmt"
	"strings"
)

// Error is a failure in a template, where it happened.
type Error struct {
	Message string
	Hint    string
	File    string
	Line    int // from 1
	Column  int // from 1, in characters
	Source  string
	// Stack are the macros between the failure and the template that was rendered, innermost first.
	Stack []Frame
	Err   error
}

// Frame is a call of a macro.
type Frame struct {
	Macro  string
	File   string
	Line   int
	Column int
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

func (e *Error) Unwrap() error { return e.Err }

// hinted is an error of a function that has something to advise.
type hinted struct{ message, hint string }

func (h *hinted) Error() string { return h.message }

// Fail is an error with a hint, for Funcs and Objects.
func Fail(hint, format string, args ...any) error {
	return &hinted{message: fmt.Sprintf(format, args...), hint: hint}
}

// position turns a byte offset into line and column.
func position(src string, offset int) (line, column int) {
	offset = min(offset, len(src))
	before := src[:offset]
	line = strings.Count(before, "\n") + 1
	column = len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
	return line, column
}
