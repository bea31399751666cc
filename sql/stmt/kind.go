// Package stmt is the contract between the engine and the statements that Eider
// adds to DuckDB's SQL. One Kind declares one statement; each family of
// statements lives in a folder of its own below this one and is listed once in
// engine/builtin.
//
// A statement is recognised by its leading words and by what must follow them;
// it is parsed into a Statement, planned without side effects (Describe and
// EXPLAIN use the plan only), and executed inside the session's transaction.
package stmt

import (
	"context"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/types"
)

// Doc documents a statement; docs/statements.md is generated from it.
type Doc struct {
	// Summary is one sentence.
	Summary string
	// Syntax is the grammar as in PostgreSQL's manual.
	Syntax string
	// Notes may be several paragraphs of Markdown.
	Notes string
	// Examples are executed by a test, in order, in one fresh database.
	Examples []Example
}

// Example is a statement that a test executes.
type Example struct {
	Setup string // statements that run first, not shown
	SQL   string
	// Want is the result as tab-separated lines; empty means that only success is checked.
	Want string
	// Code is the SQLSTATE that must come instead.
	Code string
}

// Kind declares one statement.
type Kind struct {
	// Name is the statement's name in capitals and the default command tag: "CREATE ROLE".
	Name string
	Doc  Doc
	// Leads are the sequences of leading words, lower case, any of which selects
	// this kind: {{"train", "model"}}. The longest match over all kinds wins.
	Leads [][]string
	// Recognise, where set, looks beyond the leading words and says whether the
	// statement really is of this kind (SHOW MODELS against a table named models).
	Recognise func(p *parse.Parser) bool
	// Parse reads the statement. Its errors carry positions in the parser's text.
	Parse func(p *parse.Parser) (Statement, error)
	// Call is the name of the CALL twin ("eider.train"), empty for none; FromCall
	// builds the statement from its named arguments.
	Call     string
	FromCall func(args []parse.CallArg) (Statement, error)
}

// Statement is a parsed statement of ours.
type Statement interface {
	// Plan resolves names and types and checks rights without side effects.
	Plan(ctx context.Context, s Session) (*Plan, error)
}

// Plan is a statement ready to run.
type Plan struct {
	// Tag is the command tag; empty means the Kind's name.
	Tag string
	// Columns is the result's fixed schema; nil means that no rows are returned.
	Columns []types.Column
	// Explain says in lines of text what Exec would do; EXPLAIN shows it.
	Explain []string
	// NoTransaction marks what can't run in a transaction block (25001).
	NoTransaction bool
	// ReadOnly marks what writes nothing, so that a read-only transaction may run it.
	ReadOnly bool
	// Prepare, where set, runs before Exec: long work that writes nothing, whose results Exec
	// stores. In a transaction block both belong to it. Otherwise Exec has a transaction of its
	// own that begins after Prepare, and runs again in a new one after a conflict (40001) with
	// another session's, so it must not change what Prepare left.
	Prepare func(ctx context.Context, s Session) error
	// Exec runs it in the session's transaction. Rows are Go values in Columns'
	// order (see Session.Query for the mapping); a statement with a large result
	// returns a query instead.
	Exec func(ctx context.Context, s Session) (*Result, error)
}

// Result is what Exec returns: Rows, or Query, a SELECT to stream, or neither.
type Result struct {
	Rows  [][]any
	Query string
	// Tag overrides the plan's command tag.
	Tag string
}

// Session is what a statement may use of the session that runs it.
type Session interface {
	// Query runs DuckDB SQL in the session's transaction, past the gate and the
	// rewriter, and returns all rows as Go values: nil, bool, int64, float64,
	// string, []byte, time.Time, *big.Int, types.IntervalValue, []any, map[string]any.
	Query(ctx context.Context, sql string, args ...any) ([][]any, error)
	// Exec runs DuckDB SQL likewise and returns the number of changed rows.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	// Describe returns the columns of a SELECT of the user's, as the user, without running it.
	Describe(ctx context.Context, sql string) ([]types.Column, error)
	// User is the current role; IsSuperuser tells whether it may do all.
	User() string
	IsSuperuser() bool
	// Database is the name that current_database() gives.
	Database() string
	// Notice sends a message to the client (severity NOTICE, WARNING, INFO).
	Notice(severity, message string)
	// Progress reports a long statement's state: fraction in [0, 1] or -1 when unknown.
	Progress(fraction float64, phase string)
	// OnCommit and OnRollback register what must follow the transaction's end.
	OnCommit(func())
	OnRollback(func())
}
