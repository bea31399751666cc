package duck

// #include <stdlib.h>
// #include "native.h"
import "C"

import (
	"context"
	"runtime/cgo"
	"sort"
	"sync"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Table declares a table function.
type Table struct {
	Name   string
	Params []*types.Type
	// Named are the optional parameters, given as name := value or name => value.
	Named map[string]*types.Type
	// Bind looks at the arguments (see the function Value), which are constants, while
	// a statement is planned. A named parameter that was not given is missing in named.
	Bind func(args []any, named map[string]any) (TableSource, error)
}

// TableSource is a bound table function: what one call in a plan returns.
type TableSource interface {
	// Columns are the result's columns.
	Columns() []types.Column
	// Cardinality is the number of rows, exact or estimated; 0 and false is unknown.
	Cardinality() (rows uint64, exact bool)
	// Scan starts one execution that reads the columns of these indexes, in this order.
	// A prepared statement scans more than once.
	Scan(columns []int) (TableScan, error)
}

// TableScan produces the rows of one execution.
type TableScan interface {
	// MaxThreads is the number of threads that may call Fill at once, at least 1.
	MaxThreads() int
	// Fill writes up to out.Len rows and returns their number; 0 is the end for the
	// calling thread. out.Column(k) is the k-th column that Scan was asked for.
	Fill(out *TableWriter) (rows int, err error)
	// Close ends the execution, after its last Fill.
	Close()
}

// TableWriter is a chunk of a table function's output being filled.
type TableWriter struct {
	columns []*Writer
	slots   []C.eider_slot
}

// Len is the number of rows there is room for.
func (w *TableWriter) Len() int { return types.VectorSize }

// NumColumns is the number of columns to write.
func (w *TableWriter) NumColumns() int { return len(w.columns) }

// Column is the writer of column k of those that Scan was asked for.
func (w *TableWriter) Column(k int) *Writer { return w.columns[k] }

// RegisterTable makes f callable by every connection of the database; a function
// of the name with the same parameters is replaced.
func (c *Conn) RegisterTable(ctx context.Context, f Table) error {
	if f.Name == "" || f.Bind == nil {
		return sqlstate.New(sqlstate.InternalError, "a table function needs a name and a Bind")
	}
	t := &tableFunction{Table: f}
	for name := range f.Named {
		t.names = append(t.names, name)
	}
	sort.Strings(t.names)
	all := append([]*types.Type{}, f.Params...)
	for _, name := range t.names {
		all = append(all, f.Named[name])
	}
	lts, destroy, err := logicalTypes(all)
	if err != nil {
		return err
	}
	defer destroy()
	name := C.CString(f.Name)
	defer C.free(unsafe.Pointer(name))
	names := make([]*C.char, len(t.names)+1)
	for i, n := range t.names {
		names[i] = C.CString(n)
		defer C.free(unsafe.Pointer(names[i]))
	}

	var o operation
	if err := c.begin(ctx, &o); err != nil {
		return err
	}
	defer c.end(&o)
	n := len(f.Params)
	handle := cgo.NewHandle(t) // DuckDB's from here on
	if C.eider_register_table(c.handle(), name, firstType(lts), C.idx_t(n), &names[0], firstType(lts[n:]),
		C.idx_t(len(t.names)), C.uintptr_t(handle)) != 0 {
		return sqlstate.Newf(sqlstate.DuplicateFunction, "table function %q can't be registered: the name is taken by another kind of function, or a type is not allowed", f.Name)
	}
	return nil
}

// tableFunction is a registered Table with its named parameters in order.
type tableFunction struct {
	Table
	names []string
}

// boundTable is one call in a plan.
type boundTable struct {
	f       *tableFunction
	source  TableSource
	columns []types.Column
}

func (b *boundTable) release() {
	if c, ok := b.source.(interface{ Close() }); ok {
		_ = protect("closing table function "+b.f.Name, func() error { c.Close(); return nil })
	}
}

//export eiderTableBind
func eiderTableBind(function C.uintptr_t, info unsafe.Pointer) {
	f := cgo.Handle(function).Value().(*tableFunction)
	err := protect("table function "+f.Name, func() error { return f.bind(info) })
	if err != nil {
		tell(err, func(text *C.char, n C.size_t) { C.eider_table_bind_error(C.duckdb_bind_info(info), text, n) })
	}
}

func (f *tableFunction) bind(info unsafe.Pointer) error {
	bi := mapping.BindInfo{Ptr: info}
	args := make([]any, mapping.BindGetParameterCount(bi))
	for i := range args {
		args[i] = takeValue(mapping.BindGetParameter(bi, mapping.IdxT(i)))
	}
	named := map[string]any{}
	for _, name := range f.names {
		if v := mapping.BindGetNamedParameter(bi, name); v.Ptr != nil {
			named[name] = takeValue(v)
		}
	}
	source, err := f.Bind(args, named)
	if err != nil {
		return err
	}
	b := &boundTable{f: f, source: source, columns: source.Columns()}
	if len(b.columns) == 0 {
		b.release()
		return sqlstate.Newf(sqlstate.InternalError, "table function %s has no columns", f.Name)
	}
	for _, col := range b.columns {
		lt, err := logicalType(col.Type)
		if err != nil {
			b.release()
			return err
		}
		mapping.BindAddResultColumn(bi, col.Name, lt)
		mapping.DestroyLogicalType(&lt)
	}
	if rows, exact := source.Cardinality(); rows > 0 || exact {
		mapping.BindSetCardinality(bi, mapping.IdxT(rows), exact)
	}
	C.eider_table_bound(C.duckdb_bind_info(info), C.uintptr_t(cgo.NewHandle(b)))
	return nil
}

// takeValue boxes and destroys v.
func takeValue(v mapping.Value) any {
	x, _ := goValue(v)
	mapping.DestroyValue(&v)
	return x
}

// tableScan is one execution of a boundTable.
type tableScan struct {
	b       *boundTable
	scan    TableScan
	columns []types.Column
	writers sync.Pool // of *TableWriter
}

func (s *tableScan) release() {
	_ = protect("closing a scan of table function "+s.b.f.Name, func() error { s.scan.Close(); return nil })
}

//export eiderTableInit
func eiderTableInit(bound C.uintptr_t, info unsafe.Pointer) {
	b := cgo.Handle(bound).Value().(*boundTable)
	err := protect("table function "+b.f.Name, func() error { return b.init(info) })
	if err != nil {
		tell(err, func(text *C.char, n C.size_t) { C.eider_table_init_error(C.duckdb_init_info(info), text, n) })
	}
}

func (b *boundTable) init(info unsafe.Pointer) error {
	ii := mapping.InitInfo{Ptr: info}
	s := &tableScan{b: b}
	var indexes []int
	for i := range int(mapping.InitGetColumnCount(ii)) {
		k := int(mapping.InitGetColumnIndex(ii, mapping.IdxT(i)))
		if k >= len(b.columns) {
			// count(*) asks for no column of ours: DuckDB wants a row number that nobody reads.
			s.columns = append(s.columns, types.Column{Type: nil})
			continue
		}
		indexes = append(indexes, k)
		s.columns = append(s.columns, b.columns[k])
	}
	s.writers.New = func() any {
		w := &TableWriter{slots: make([]C.eider_slot, len(s.columns))}
		for _, col := range s.columns {
			if col.Type != nil {
				w.columns = append(w.columns, newWriter(col.Type))
			}
		}
		return w
	}
	scan, err := b.source.Scan(indexes)
	if err != nil {
		return err
	}
	s.scan = scan
	C.eider_table_started(C.duckdb_init_info(info), C.uintptr_t(cgo.NewHandle(s)), C.idx_t(max(scan.MaxThreads(), 1)))
	return nil
}

//export eiderTableFill
func eiderTableFill(handle C.uintptr_t, info, chunk unsafe.Pointer) {
	s := cgo.Handle(handle).Value().(*tableScan)
	if err := s.fill(C.duckdb_data_chunk(chunk)); err != nil {
		tell(err, func(text *C.char, n C.size_t) { C.eider_table_error(C.duckdb_function_info(info), text, n) })
	}
}

func (s *tableScan) fill(chunk C.duckdb_data_chunk) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = sqlstate.Newf(sqlstate.InternalError, "table function %s panicked: %v", s.b.f.Name, p).WithDetail("at %s", panicPlace())
		}
	}()
	w := s.writers.Get().(*TableWriter)
	if len(w.slots) > 0 {
		C.eider_slots(chunk, C.idx_t(len(w.slots)), &w.slots[0])
	}
	k := 0
	for i, col := range s.columns {
		if col.Type != nil {
			w.columns[k].attach(w.slots[i].vector, w.slots[i].data, types.VectorSize)
			k++
		}
	}
	rows, err := s.scan.Fill(w)
	if err != nil {
		return err
	}
	for _, col := range w.columns {
		if err := col.flush(); err != nil {
			return err
		}
	}
	if rows < 0 || rows > types.VectorSize {
		return sqlstate.Newf(sqlstate.InternalError, "table function %s filled %d rows", s.b.f.Name, rows)
	}
	C.duckdb_data_chunk_set_size(chunk, C.idx_t(rows))
	s.writers.Put(w)
	return nil
}
