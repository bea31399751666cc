package duck

// #include "native.h"
import "C"

import (
	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// OwnedChunk is a chunk that Go fills, in DuckDB's memory: for the appender and for
// results of our own statements. It is reusable by Reset and must be closed.
type OwnedChunk struct {
	raw     mapping.DataChunk
	types   []*types.Type
	writers []*Writer
	slots   []C.eider_slot
	shape   *shape
	view    types.Chunk
	n       int
}

// NewChunk returns an empty chunk for up to types.VectorSize rows of these types.
// A type that can't be made outside DuckDB (VARIANT) is 0A000.
func NewChunk(ts []*types.Type) (*OwnedChunk, error) {
	lts := make([]mapping.LogicalType, 0, len(ts))
	defer func() {
		for i := range lts {
			mapping.DestroyLogicalType(&lts[i])
		}
	}()
	c := &OwnedChunk{types: ts}
	cols := make([]types.Column, len(ts))
	for i, t := range ts {
		lt, err := logicalType(t)
		if err != nil {
			return nil, err
		}
		lts = append(lts, lt)
		c.writers = append(c.writers, newWriter(t))
		cols[i].Type = t
	}
	if len(ts) == 0 {
		return nil, sqlstate.New(sqlstate.InternalError, "a chunk needs a column")
	}
	c.raw = mapping.CreateDataChunk(lts)
	if c.raw.Ptr == nil {
		return nil, sqlstate.New(sqlstate.OutOfMemory, "could not create a chunk")
	}
	c.slots = make([]C.eider_slot, len(ts))
	c.shape = newShape(cols)
	c.view.Columns = newVectors(cols)
	c.attach()
	return c, nil
}

func (c *OwnedChunk) attach() {
	C.eider_slots(C.duckdb_data_chunk(c.raw.Ptr), C.idx_t(len(c.slots)), &c.slots[0])
	for i, w := range c.writers {
		w.attach(c.slots[i].vector, c.slots[i].data, types.VectorSize)
	}
}

// Types are the columns' types.
func (c *OwnedChunk) Types() []*types.Type { return c.types }

// Column is the writer of column i.
func (c *OwnedChunk) Column(i int) *Writer { return c.writers[i] }

// Len is the number of rows set by SetLen.
func (c *OwnedChunk) Len() int { return c.n }

// SetLen sets the number of rows, at most types.VectorSize.
func (c *OwnedChunk) SetLen(n int) { c.n = min(max(n, 0), types.VectorSize) }

// SetValue writes a Go value, see Writer.Set.
func (c *OwnedChunk) SetValue(col, row int, v any) error { return c.writers[col].Set(row, v) }

// finish makes what was written visible to DuckDB.
func (c *OwnedChunk) finish() error {
	if c.raw.Ptr == nil {
		return sqlstate.New(sqlstate.InternalError, "the chunk is closed")
	}
	var first error
	for _, w := range c.writers {
		if err := w.flush(); err != nil && first == nil {
			first = err
		}
	}
	C.duckdb_data_chunk_set_size(C.duckdb_data_chunk(c.raw.Ptr), C.idx_t(c.n))
	return first
}

// View is the chunk as a result would show it, valid until Reset or Close.
func (c *OwnedChunk) View() (*types.Chunk, error) {
	if err := c.finish(); err != nil {
		return nil, err
	}
	c.view.Len = int(C.eider_gather(C.duckdb_data_chunk(c.raw.Ptr), c.shape.first(), C.uint32_t(len(c.types)), c.shape.out()))
	fill(c.view.Columns, c.shape.vectors)
	return &c.view, nil
}

// Reset empties the chunk for new rows.
func (c *OwnedChunk) Reset() {
	mapping.DataChunkReset(c.raw)
	c.n = 0
	c.attach()
}

// Close frees the chunk. It is idempotent.
func (c *OwnedChunk) Close() {
	if c.raw.Ptr != nil {
		mapping.DestroyDataChunk(&c.raw)
	}
}
