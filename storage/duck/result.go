package duck

// #include <stdlib.h>
// #include "native.h"
import "C"

import (
	"context"
	"unsafe"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Result is an executed statement's outcome. Close it; a Result that was read to
// its end is closed already.
type Result struct {
	conn    *Conn
	ctx     context.Context // of the whole result
	owned   *Stmt           // closed with the result
	op      operation
	c       *C.eider_run // of its own, because C sees the whole allocation
	columns []types.Column
	shape   *shape
	chunk   types.Chunk
	rows    bool
	ended   bool
	done    bool  // DuckDB computes nothing for it any more
	err     error // what ended it early
}

// open describes the result that C has started.
func (r *Result) open(s *Stmt) {
	const queryResult = 3 // DUCKDB_RESULT_TYPE_QUERY_RESULT
	r.rows = r.c.return_type == queryResult
	if !r.rows {
		r.drop()
		return
	}
	// The statement may have been bound again since it was described, so only the
	// result knows the layout of its vectors.
	cols := s.conn.scratch(int(r.c.columns))
	if len(cols) > 0 {
		C.eider_describe_result(&r.c.result, C.idx_t(len(cols)), &cols[0])
	}
	r.columns = takeColumns(cols)
	r.shape = newShape(r.columns)
	r.chunk.Columns = newVectors(r.columns)
}

// isStreaming reports whether the connection must stay reserved for the result. A
// materialised result needs nothing from it.
func (r *Result) isStreaming() bool { return r.rows && !r.ended && bool(C.eider_is_streaming(r.c)) }

// Columns are the result's columns; nil when no rows are returned.
func (r *Result) Columns() []types.Column { return r.columns }

// ReturnsRows is false for DDL, INSERT without RETURNING, SET, … .
func (r *Result) ReturnsRows() bool { return r.rows }

// Changes is the number of inserted, updated, deleted or copied rows; 0 where the
// statement returns rows.
func (r *Result) Changes() int64 { return int64(r.c.changed) }

// Next returns the next rows as views over DuckDB's memory, valid until the next
// call of Next or Close; nil is the end. A chunk has 1 to 2048 rows. After an error
// it returns the same error again.
func (r *Result) Next(ctx context.Context) (*types.Chunk, error) {
	n, err := r.fetch(ctx, func() C.int64_t {
		return C.eider_fetch(r.c, r.shape.first(), C.uint32_t(len(r.columns)), r.shape.out())
	})
	if n == 0 || err != nil {
		return nil, err
	}
	r.chunk.Len = n
	fill(r.chunk.Columns, r.shape.vectors)
	return &r.chunk, nil
}

// fetch runs one fetching call and returns its rows, 0 at the end.
func (r *Result) fetch(ctx context.Context, call func() C.int64_t) (int, error) {
	r.conn.busy.Lock()
	defer r.conn.busy.Unlock()
	if r.err != nil || r.ended {
		return 0, r.err
	}
	if ctx.Err() != nil {
		return 0, r.fail(cancelError(ctx))
	}
	if r.conn.stream == r {
		if r.op.isCancelled() {
			return 0, r.fail(r.cancelled(ctx))
		}
		if done := ctx.Done(); done != nil && done != r.op.done {
			defer context.AfterFunc(ctx, r.op.cancel)()
		}
	}
	n := call()
	if n < 0 {
		r.done = true
		if e := newError(takeString(&r.c.error)); e.Code != sqlstate.QueryCanceled && !r.op.isCancelled() {
			return 0, r.fail(e)
		}
		return 0, r.fail(r.cancelled(ctx))
	}
	if n == 0 {
		r.done = true
		r.drop()
	}
	return int(n), nil
}

// cancelled is the error of an interrupted result: by the context of the call, by
// that of the whole result, or by Interrupt.
func (r *Result) cancelled(ctx context.Context) error {
	if ctx.Err() == nil {
		ctx = r.ctx
	}
	return cancelled(ctx)
}

// fail ends the result with err.
func (r *Result) fail(err error) error {
	r.drop()
	r.err = err
	return err
}

// overtaken ends a streaming result because its connection is needed.
func (r *Result) overtaken() {
	r.fail(sqlstate.New(sqlstate.InvalidCursorState, "the result was closed because another statement ran on its connection"))
}

// drop frees what C holds; the connection is busy.
func (r *Result) drop() {
	if r.ended {
		return
	}
	r.ended = true
	if r.conn.stream == r {
		r.conn.stream = nil
		r.op.retire()
		if !r.done {
			// Otherwise DuckDB's threads compute the rest, and the next statement waits for them.
			C.duckdb_interrupt(r.conn.handle())
		}
	}
	delete(r.conn.open, r)
	C.eider_destroy_run(r.c)
	for i := range r.chunk.Columns {
		r.chunk.Columns[i] = types.Vector{Type: r.chunk.Columns[i].Type}
	}
	r.chunk.Len = 0
	if r.owned != nil {
		r.owned.destroy()
	}
}

// Close ends the result, interrupting what is still computed. It is idempotent.
func (r *Result) Close() error {
	r.conn.busy.Lock()
	defer r.conn.busy.Unlock()
	r.drop()
	if r.owned != nil {
		r.owned.destroy()
	}
	return nil
}

func (s *shape) first() *C.eider_shape {
	if len(s.nodes) == 0 {
		return nil
	}
	return &s.nodes[0]
}

func (s *shape) out() *C.eider_vector {
	if len(s.vectors) == 0 {
		return nil
	}
	return (*C.eider_vector)(unsafe.Pointer(&s.vectors[0]))
}
