package engine

import (
	"context"

	"github.com/eiderdb/eider/sql/types"
)

// Stmt is a prepared statement of one session.
type Stmt struct{}

// Params are the types of $1, $2 …; Unknown where nobody knows.
func (st *Stmt) Params() []*types.Type { return nil }

// Columns describes the result; nil means that the statement returns no rows.
func (st *Stmt) Columns() []types.Column { return nil }

// Run executes the statement. args are Go values in order of Params (nil is NULL; a
// string is accepted for every type and cast).
func (st *Stmt) Run(ctx context.Context, args []any) (*Cursor, error) { return nil, errUnbuilt }

// Copy is the plan of COPY … FROM STDIN and COPY … TO STDOUT, nil for every other statement.
func (st *Stmt) Copy() *CopyPlan { return nil }

// CopyIn starts COPY … FROM STDIN. input are the types of the chunks that will be sent,
// one for each of the plan's columns; nil means VARCHAR for all, cast by the engine.
func (st *Stmt) CopyIn(ctx context.Context, input []*types.Type) (*CopyIn, error) {
	return nil, errUnbuilt
}

// CopyOut starts COPY … TO STDOUT: the rows to encode.
func (st *Stmt) CopyOut(ctx context.Context) (*Cursor, error) { return nil, errUnbuilt }

// Close frees the statement; open cursors of it go on.
func (st *Stmt) Close() error { return nil }
