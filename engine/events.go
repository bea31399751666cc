package engine

import (
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// EventListener observes a database. Every field may be nil. The functions are
// called synchronously on the goroutine where it happens: they must be quick and
// must not call back into the session.
type EventListener struct {
	SessionOpened       func(SessionInfo)
	SessionClosed       func(SessionInfo)
	StatementStarted    func(StatementInfo)
	StatementFinished   func(StatementInfo)
	TransactionFinished func(TransactionInfo)
}

// StatementInfo describes a statement; the last four fields are set when it finished.
type StatementInfo struct {
	PID int32
	// QueryID is unique in the database's life and stands in the log beside unknown errors.
	QueryID uint64
	// Class is the statement's class or, for Eider's own, its name.
	Class string
	Tag   string
	Rows  int64
	// Duration is from Run to the end of the rows.
	Duration time.Duration
	// Code is 00000 on success.
	Code sqlstate.Code
}

// TransactionInfo describes a finished transaction, implicit ones included.
type TransactionInfo struct {
	PID       int32
	Committed bool
	Duration  time.Duration
}
