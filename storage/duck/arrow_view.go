package duck

// #include "native.h"
import "C"

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/cdata"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// arrowFunction is the table function behind Arrow views; its argument is a key of DB.arrows.
const arrowFunction = "eider_arrow_scan"

// arrowViews are a database's open Arrow views.
type arrowViews struct {
	mu         sync.Mutex // guards all below
	registered bool
	next       int64
	open       map[int64]*arrowSource
}

// ArrowView makes a temporary view of the connection that reads Arrow batches of
// the schema: SELECT, INSERT … SELECT and joins read them without a copy of their
// buffers. Each scan calls open for a fresh reader and releases it; a reader's
// error keeps its SQLSTATE. drop removes the view; a scan after it is 55000.
func (c *Conn) ArrowView(ctx context.Context, name string, schema *arrow.Schema, open func() (array.RecordReader, error)) (drop func() error, err error) {
	source, err := c.newArrowSource(ctx, schema, open)
	if err != nil {
		return nil, err
	}
	views := &c.db.arrows
	views.mu.Lock()
	if !views.registered {
		if err := c.RegisterTable(ctx, views.table()); err != nil {
			views.mu.Unlock()
			source.free()
			return nil, err
		}
		views.registered = true
	}
	views.next++
	id := views.next
	if views.open == nil {
		views.open = map[int64]*arrowSource{}
	}
	views.open[id] = source
	views.mu.Unlock()

	forget := func() {
		views.mu.Lock()
		delete(views.open, id)
		views.mu.Unlock()
		source.free()
	}
	view := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	if _, err := c.Exec(ctx, "CREATE OR REPLACE TEMP VIEW "+view+" AS FROM "+arrowFunction+"("+strconv.FormatInt(id, 10)+")"); err != nil {
		forget()
		return nil, err
	}
	var once sync.Once
	return func() error {
		var err error
		once.Do(func() {
			_, err = c.Exec(context.Background(), "DROP VIEW IF EXISTS temp."+view)
			forget()
		})
		return err
	}, nil
}

// table declares the function that reads the views.
func (v *arrowViews) table() Table {
	return Table{
		Name:   arrowFunction,
		Params: []*types.Type{plain[types.BigInt]},
		Bind: func(args []any, _ map[string]any) (TableSource, error) {
			id, _ := args[0].(int64)
			v.mu.Lock()
			defer v.mu.Unlock()
			if s := v.open[id]; s != nil {
				return s, nil
			}
			return nil, sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "the Arrow view was dropped")
		},
	}
}

// arrowSource is a view's schema and how to read it.
type arrowSource struct {
	conn    *Conn
	open    func() (array.RecordReader, error)
	arrow   *arrow.Schema
	columns []types.Column

	mu     sync.Mutex // guards schema, scans
	schema C.duckdb_arrow_converted_schema
	scans  int
	freed  bool
}

func (c *Conn) newArrowSource(ctx context.Context, schema *arrow.Schema, open func() (array.RecordReader, error)) (*arrowSource, error) {
	var o operation
	if err := c.begin(ctx, &o); err != nil {
		return nil, err
	}
	defer c.end(&o)
	s := &arrowSource{conn: c, open: open, arrow: schema}
	cs := new(cdata.CArrowSchema)
	cdata.ExportArrowSchema(schema, cs)
	defer cdata.ReleaseCArrowSchema(cs)
	var message *C.char
	if s.schema = C.eider_arrow_import(c.handle(), unsafe.Pointer(cs), &message); s.schema == nil {
		return nil, newError(takeString(&message))
	}
	// The converted schema can't be asked for its types; an empty chunk of it can.
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	empty := b.NewRecordBatch()
	defer empty.Release()
	chunk, err := s.chunk(empty)
	if err != nil {
		s.free()
		return nil, err
	}
	defer C.eider_destroy_chunk(chunk)
	for i, f := range schema.Fields() {
		lt := C.eider_arrow_type(chunk, C.idx_t(i))
		s.columns = append(s.columns, types.Column{Name: f.Name, Type: readType(mapping.LogicalType{Ptr: unsafe.Pointer(lt)})})
	}
	return s, nil
}

// chunk makes DuckDB's chunk of a batch, which shares its buffers.
func (s *arrowSource) chunk(batch arrow.RecordBatch) (C.duckdb_data_chunk, error) {
	a := new(cdata.CArrowArray)
	cdata.ExportArrowRecordBatch(batch, a, nil)
	var message *C.char
	chunk := C.eider_arrow_chunk(s.conn.handle(), s.schema, unsafe.Pointer(a), &message)
	if chunk == nil {
		cdata.ReleaseCArrowArray(a)
		return nil, newError(takeString(&message))
	}
	return chunk, nil
}

// free drops the schema when no scan needs it any more.
func (s *arrowSource) free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.freed = true
	s.release()
}

func (s *arrowSource) release() {
	if s.freed && s.scans == 0 && s.schema != nil {
		C.eider_destroy_arrow_import(s.schema)
		s.schema = nil
	}
}

func (s *arrowSource) Columns() []types.Column     { return s.columns }
func (s *arrowSource) Cardinality() (uint64, bool) { return 0, false }

func (s *arrowSource) Scan(columns []int) (TableScan, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.freed {
		return nil, sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "the Arrow view was dropped")
	}
	r, err := s.open()
	if err != nil {
		return nil, err
	}
	if !r.Schema().Equal(s.arrow) {
		r.Release()
		return nil, sqlstate.New(sqlstate.DatatypeMismatch, "the Arrow reader's schema is not the view's")
	}
	s.scans++
	return &arrowScan{source: s, columns: columns, reader: r}, nil
}

// arrowScan reads one reader, in one thread.
type arrowScan struct {
	source  *arrowSource
	columns []int
	reader  array.RecordReader
	batch   arrow.RecordBatch // the reader's, cut into vectors
	at      int64
}

func (s *arrowScan) MaxThreads() int { return 1 }

func (s *arrowScan) Fill(out *TableWriter) (int, error) {
	for s.batch == nil || s.at >= s.batch.NumRows() {
		if !s.reader.Next() {
			s.batch = nil
			return 0, s.reader.Err()
		}
		s.batch, s.at = s.reader.RecordBatch(), 0
	}
	end := min(s.at+int64(out.Len()), s.batch.NumRows())
	part := s.batch.NewSlice(s.at, end)
	defer part.Release()
	chunk, err := s.source.chunk(part)
	if err != nil {
		return 0, err
	}
	defer C.eider_destroy_chunk(chunk)
	for k, col := range s.columns {
		C.eider_reference(out.Column(k).raw, chunk, C.idx_t(col))
	}
	n := int(end - s.at)
	s.at = end
	return n, nil
}

func (s *arrowScan) Close() {
	s.reader.Release()
	s.source.mu.Lock()
	defer s.source.mu.Unlock()
	s.source.scans--
	s.source.release()
}
