package duck

// #include "native.h"
import "C"

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/cdata"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// ArrowQuery runs sql and streams its result as Arrow batches of up to 2048 rows,
// which stay valid after the reader has moved on. A statement without rows is
// 0A000. ctx interrupts the statement until the reader's last Release. DuckDB's
// settings decide on types without an exact counterpart (arrow_lossless_conversion).
func (c *Conn) ArrowQuery(ctx context.Context, sql string, args ...any) (array.RecordReader, error) {
	r, err := c.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	a, err := r.Arrow(ctx)
	if err != nil {
		r.Close()
		return nil, err
	}
	return a, nil
}

// Arrow reads the rest of the result as Arrow batches; the reader owns the result,
// which must not be read otherwise any more. See ArrowQuery.
func (r *Result) Arrow(ctx context.Context) (array.RecordReader, error) {
	if !r.rows {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "the statement returns no rows to read as Arrow batches")
	}
	r.conn.busy.Lock()
	defer r.conn.busy.Unlock()
	if r.ended {
		return nil, sqlstate.New(sqlstate.InvalidCursorState, "the result is closed")
	}
	a := &arrowReader{ctx: ctx, result: r}
	a.refs.Store(1)
	schema := new(cdata.CArrowSchema)
	if C.eider_arrow_schema(r.c, unsafe.Pointer(schema), &a.options) != C.EIDER_OK {
		a.free()
		return nil, newError(takeString(&r.c.error))
	}
	s, err := cdata.ImportCArrowSchema(schema)
	if err != nil {
		a.free()
		return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "the result has no Arrow schema: %w", err)
	}
	a.schema = s
	return a, nil
}

// arrowReader is an array.RecordReader over a Result.
type arrowReader struct {
	ctx     context.Context
	result  *Result
	options C.duckdb_arrow_options
	schema  *arrow.Schema
	batch   arrow.RecordBatch
	refs    atomic.Int64
	err     error
}

// Retain counts a user.
func (a *arrowReader) Retain() { a.refs.Add(1) }

// Release closes the result with the last user.
func (a *arrowReader) Release() {
	if a.refs.Add(-1) != 0 {
		return
	}
	a.dropBatch()
	a.free()
	_ = a.result.Close()
}

func (a *arrowReader) free() {
	if a.options != nil {
		C.eider_destroy_arrow_options(a.options)
		a.options = nil
	}
}

func (a *arrowReader) dropBatch() {
	if a.batch != nil {
		a.batch.Release()
		a.batch = nil
	}
}

// Schema is the result's schema.
func (a *arrowReader) Schema() *arrow.Schema { return a.schema }

// RecordBatch is the batch that Next read, until the next Next unless retained.
func (a *arrowReader) RecordBatch() arrow.RecordBatch { return a.batch }

// Record is RecordBatch under its older name.
func (a *arrowReader) Record() arrow.RecordBatch { return a.batch }

// Err is what ended the reading early.
func (a *arrowReader) Err() error { return a.err }

// Next reads a batch; false is the end or an error.
func (a *arrowReader) Next() bool {
	a.dropBatch()
	if a.err != nil || a.options == nil {
		return false
	}
	out := new(cdata.CArrowArray)
	n, err := a.result.fetch(a.ctx, func() C.int64_t {
		return C.eider_arrow_fetch(a.result.c, a.options, unsafe.Pointer(out))
	})
	if n == 0 || err != nil {
		a.err = err
		return false
	}
	a.batch, err = cdata.ImportCRecordBatchWithSchema(out, a.schema)
	if err != nil {
		a.err = sqlstate.Newf(sqlstate.InternalError, "read an Arrow batch: %w", err)
		return false
	}
	return true
}
