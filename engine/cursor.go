package engine

import (
	"context"

	"github.com/eiderdb/eider/sql/types"
)

// Cursor streams one result. When another statement runs on the session while it is
// open, the engine detaches it first: outside a transaction block it keeps a
// connection of its own, inside one the rest is drained to a bounded, spilling buffer.
type Cursor struct{}

// Columns describes the rows; nil means that there are none to come.
func (c *Cursor) Columns() []types.Column { return nil }

// Next returns the next rows, nil at the end. The chunk is valid until the next call
// on this cursor.
func (c *Cursor) Next(ctx context.Context) (*types.Chunk, error) { return nil, errUnbuilt }

// Tag is the command tag, complete after the end: "SELECT 5", "INSERT 0 3", "CREATE TABLE".
func (c *Cursor) Tag() string { return "" }

// Close ends the statement; rows not fetched are dropped. It is idempotent.
func (c *Cursor) Close() error { return nil }
