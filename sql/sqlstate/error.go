// Package sqlstate owns the error type that every layer of Eider speaks and the
// five-character codes it carries (ISO/IEC 9075 and PostgreSQL 15, appendix A).
//
// It imports the standard library only, so that every other package may use it.
// A failure that is understood where it happens is built with New or Newf and
// decorated with a detail, a hint and a position. A failure nobody understood
// becomes XX000 in From; the caller logs it with its query id.
package sqlstate

import (
	"context"
	"errors"
	"fmt"
)

// Error is a failure as a client sees it. The zero value is not useful; build one with New.
type Error struct {
	// Severity is ERROR unless set: FATAL, PANIC, or for notices WARNING, NOTICE, INFO, DEBUG, LOG.
	Severity string
	// Code is the five-character SQLSTATE.
	Code Code
	// Message is one line, lower case first letter as PostgreSQL writes it, without a full stop.
	Message string
	// Detail adds facts; Hint says what to type. Both may be empty.
	Detail, Hint string
	// Position is the 1-based byte offset in the text the user sent; 0 is unknown.
	// Layers that cut statements out of a longer text shift it with Shift.
	Position int
	// Where is the context in which it happened ("COPY t, line 3, column b").
	Where string
	// Schema, Table, Column, DataType and Constraint name the object, where one is known.
	Schema, Table, Column, DataType, Constraint string

	cause error
}

// New returns an error of the given code.
func New(code Code, message string) *Error {
	return &Error{Severity: "ERROR", Code: code, Message: message}
}

// Newf is New with fmt.Sprintf; a %w verb is kept for errors.Unwrap.
func Newf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Severity: "ERROR", Code: code, Message: err.Error(), cause: errors.Unwrap(err)}
}

// Error implements error: message and code, with the hint where there is one.
func (e *Error) Error() string {
	s := e.Message
	if e.Detail != "" {
		s += "\nDETAIL: " + e.Detail
	}
	if e.Hint != "" {
		s += "\nHINT: " + e.Hint
	}
	return s + " (SQLSTATE " + string(e.Code) + ")"
}

// Unwrap returns the cause, if any.
func (e *Error) Unwrap() error { return e.cause }

// SQLState returns the code; database drivers' errors commonly offer this method.
func (e *Error) SQLState() string { return string(e.Code) }

// WithDetail sets the detail and returns e.
func (e *Error) WithDetail(format string, args ...any) *Error {
	e.Detail = sprintf(format, args)
	return e
}

// WithHint sets the hint and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = sprintf(format, args)
	return e
}

// WithWhere sets the context line and returns e.
func (e *Error) WithWhere(format string, args ...any) *Error {
	e.Where = sprintf(format, args)
	return e
}

// At sets the position from a 0-based byte offset and returns e.
func (e *Error) At(offset int) *Error {
	e.Position = offset + 1
	return e
}

// Shift moves a known position by n bytes and returns e.
func (e *Error) Shift(n int) *Error {
	if e.Position > 0 {
		e.Position += n
	}
	return e
}

// Because records the cause for errors.Is and errors.As and returns e.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

// Fatal marks e as ending the connection and returns it.
func (e *Error) Fatal() *Error {
	e.Severity = "FATAL"
	return e
}

func sprintf(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// From returns err as an *Error: itself when it is (or wraps) one, 57014 for a
// cancelled or expired context, XX000 otherwise. From(nil) is nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return New(QueryCanceled, "canceling statement due to user request").Because(err)
	}
	return New(InternalError, err.Error()).Because(err)
}

// CodeOf returns the SQLSTATE of err, "00000" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return SuccessfulCompletion
	}
	return From(err).Code
}

// Is reports whether err carries the code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }
