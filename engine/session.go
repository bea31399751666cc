package engine

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/types"
)

// Session is one user's conversation: settings, a transaction, prepared
// statements. It is for one goroutine at a time, except Cancel and Done.
type Session struct{}

// NewSession opens a session.
func (db *DB) NewSession(ctx context.Context, o SessionOptions) (*Session, error) {
	return nil, errUnbuilt
}

// PID identifies the session in pg_stat_activity, pg_cancel_backend and cancel requests.
func (s *Session) PID() int32 { return 0 }

// Split cuts a text into statements; empty ones are left out.
func (s *Session) Split(text string) []lex.Stmt { return nil }

// Prepare plans one statement of text without executing it. paramTypes are what the
// client declares for $1, $2 …; shorter, nil or Unknown entries are inferred.
// Errors' positions are in text.
func (s *Session) Prepare(ctx context.Context, text string, st lex.Stmt, paramTypes []*types.Type) (*Stmt, error) {
	return nil, errUnbuilt
}

// TxStatus is 'I' outside a transaction block, 'T' in one, 'E' in one that failed.
func (s *Session) TxStatus() byte { return 'I' }

// BeginImplicit makes the statements until EndImplicit one transaction, as a simple
// query of several statements and an extended pipeline until Sync are. An explicit
// BEGIN among them takes the transaction over.
func (s *Session) BeginImplicit() error { return errUnbuilt }

// EndImplicit commits, or rolls back when failed.
func (s *Session) EndImplicit(ctx context.Context, failed bool) error { return errUnbuilt }

// Fail moves a transaction block to 'E' after an error outside the engine (of the protocol).
func (s *Session) Fail() {}

// Cancel interrupts what the session runs now, if anything. Any goroutine may call it.
func (s *Session) Cancel() {}

// Done is closed when the session was terminated from outside (TerminateSession, DB.Close).
func (s *Session) Done() <-chan struct{} { return nil }

// Setting returns the value of a setting as SHOW gives it.
func (s *Session) Setting(name string) (string, bool) { return "", false }

// Query runs one statement and returns its rows. Arguments stand for $1, $2 ….
func (s *Session) Query(ctx context.Context, sql string, args ...any) (*Rows, error) {
	return nil, errUnbuilt
}

// Exec runs one or several statements (several only without arguments) and returns
// the last one's command tag.
func (s *Session) Exec(ctx context.Context, sql string, args ...any) (Tag, error) {
	return "", errUnbuilt
}

// QueryArrow runs one statement and returns its rows as Arrow record batches.
func (s *Session) QueryArrow(ctx context.Context, sql string, args ...any) (array.RecordReader, error) {
	return nil, errUnbuilt
}

// Close rolls back what is open and frees the session. It is idempotent.
func (s *Session) Close() error { return errUnbuilt }

// Rows is an open result for Go programs.
type Rows struct{}

// Tag is a command tag: "SELECT 5", "INSERT 0 3", "CREATE TABLE".
type Tag string
