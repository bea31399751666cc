package engine

import (
	"context"
	"errors"
	"time"
)

var errUnbuilt = errors.New("engine: not built yet")

// DB is an open database. It is safe for use by several goroutines.
type DB struct{}

// Open opens or creates a database. ctx bounds opening only.
func Open(ctx context.Context, o Options) (*DB, error) { return nil, errUnbuilt }

// Close ends every session and closes the file. It is idempotent.
func (db *DB) Close() error { return errUnbuilt }

// Name is what current_database() gives: the file's stem, "memory" without a file.
func (db *DB) Name() string { return "" }

// SessionInfo is a session as pg_stat_activity shows it.
type SessionInfo struct {
	PID                     int32
	User, Application, Addr string
	// State is "active", "idle", "idle in transaction" or "idle in transaction (aborted)".
	State string
	// Query is the text of the running or last statement.
	Query string
	// Started, StateChanged, QueryStarted and TxStarted are zero where nothing has happened yet.
	Started, StateChanged, QueryStarted, TxStarted time.Time
}

// Sessions lists the open sessions by PID.
func (db *DB) Sessions() []SessionInfo { return nil }

// CancelSession interrupts what the session runs; false if there is no such session.
func (db *DB) CancelSession(pid int32) bool { return false }

// TerminateSession cancels and closes the session; its next use fails with 57P01.
func (db *DB) TerminateSession(pid int32) bool { return false }
