package duck

import (
	"context"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Appender loads chunks into a table, past the SQL layer. Rows become part of the
// connection's transaction when DuckDB's buffer fills (about 200,000 rows) and at
// Flush and Close; constraints are checked then. After an error the appender has
// dropped what was not flushed, and can only be closed.
type Appender struct {
	conn  *Conn
	raw   mapping.Appender
	types []*types.Type
	chunk *OwnedChunk // for AppendChunk
	err   error
}

// Appender opens one for the table; "" is the current catalog or schema. Named
// columns limit it to these, in this order, and the others take their defaults.
// A missing table is 42P01, a missing column 42703.
func (c *Conn) Appender(ctx context.Context, catalog, schema, table string, columns ...string) (*Appender, error) {
	var o operation
	if err := c.begin(ctx, &o); err != nil {
		return nil, err
	}
	defer c.end(&o)
	a := &Appender{conn: c}
	if mapping.AppenderCreateExt(c.conn, catalog, schema, table, &a.raw) == mapping.StateError {
		return nil, a.drop(ctx, &o)
	}
	for _, name := range columns {
		if mapping.AppenderAddColumn(a.raw, name) == mapping.StateError {
			a.destroy()
			e := sqlstate.Newf(sqlstate.UndefinedColumn, "column %q of relation %q does not exist", name, table)
			e.Table, e.Column = table, name
			return nil, e
		}
	}
	a.types = make([]*types.Type, mapping.AppenderColumnCount(a.raw))
	for i := range a.types {
		a.types[i] = readType(mapping.AppenderColumnType(a.raw, mapping.IdxT(i)))
	}
	c.appenders[a] = struct{}{}
	return a, nil
}

// Types are the types of the columns that are appended.
func (a *Appender) Types() []*types.Type { return a.types }

// Append adds the chunk's rows; the chunk may be reset then.
func (a *Appender) Append(ctx context.Context, chunk *OwnedChunk) error {
	if err := chunk.finish(); err != nil {
		return err
	}
	if chunk.Len() == 0 {
		return a.err
	}
	return a.do(ctx, func() mapping.State { return mapping.AppendDataChunk(a.raw, chunk.raw) })
}

// AppendChunk adds the rows of a view, whose columns have the appender's types:
// a result's chunk or one of a types.Builder, of any length. It copies once more than Append.
func (a *Appender) AppendChunk(ctx context.Context, view *types.Chunk) error {
	if a.chunk == nil {
		chunk, err := NewChunk(a.types)
		if err != nil {
			return err
		}
		a.chunk = chunk
	}
	if len(view.Columns) != len(a.types) {
		return sqlstate.Newf(sqlstate.DatatypeMismatch, "%d columns were given for %d", len(view.Columns), len(a.types))
	}
	for from := 0; from < view.Len; from += types.VectorSize {
		n := min(view.Len-from, types.VectorSize)
		a.chunk.Reset()
		a.chunk.SetLen(n)
		for i := range view.Columns {
			if got := view.Columns[i].Type; got.ID != a.types[i].ID {
				return sqlstate.Newf(sqlstate.DatatypeMismatch, "column %d is of type %s, not %s", i+1, a.types[i], got)
			}
			if err := a.chunk.Column(i).copyRows(&view.Columns[i], from, n); err != nil {
				return err
			}
		}
		if err := a.Append(ctx, a.chunk); err != nil {
			return err
		}
	}
	return a.err
}

// Flush writes buffered rows into the table.
func (a *Appender) Flush(ctx context.Context) error {
	return a.do(ctx, func() mapping.State { return mapping.AppenderFlush(a.raw) })
}

// do runs one call; the first failure ends the appender.
func (a *Appender) do(ctx context.Context, call func() mapping.State) error {
	if a.err != nil {
		return a.err
	}
	var o operation
	if err := a.conn.begin(ctx, &o); err != nil {
		return err
	}
	defer a.conn.end(&o)
	if a.raw.Ptr == nil {
		return sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "the appender is closed")
	}
	if call() == mapping.StateError {
		a.err = a.drop(ctx, &o)
	}
	return a.err
}

// drop discards what is buffered, frees the appender and returns its error.
func (a *Appender) drop(ctx context.Context, o *operation) error {
	var err error
	if ed := mapping.AppenderErrorData(a.raw); ed.Ptr != nil {
		if mapping.ErrorDataHasError(ed) {
			err = a.conn.failure(ctx, o, mapping.ErrorDataMessage(ed))
		}
		mapping.DestroyErrorData(&ed)
	}
	if err == nil {
		err = a.conn.failure(ctx, o, mapping.AppenderError(a.raw))
	}
	a.destroy()
	return err
}

// destroy frees the appender without flushing; the connection is busy.
func (a *Appender) destroy() {
	if a.raw.Ptr != nil {
		mapping.AppenderClear(a.raw)
		mapping.AppenderDestroy(&a.raw)
		a.raw = mapping.Appender{}
	}
	if a.chunk != nil {
		a.chunk.Close()
		a.chunk = nil
	}
	delete(a.conn.appenders, a)
}

// Abort drops the rows that are not flushed and frees the appender. It is
// idempotent and safe after Close.
func (a *Appender) Abort() {
	a.conn.busy.Lock()
	defer a.conn.busy.Unlock()
	a.destroy()
}

// Close flushes and frees the appender. It is idempotent; after an error it
// returns that error.
func (a *Appender) Close(ctx context.Context) error {
	if a.err == nil && a.raw.Ptr != nil {
		_ = a.Flush(ctx)
	}
	a.Abort()
	return a.err
}
