package engine

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	arrowmem "github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/duck"
)

// QueryArrow runs one statement and returns its rows as Arrow record batches of up to
// 2048 rows each, which own their memory. Release the reader: it ends the statement. A
// statement without rows gives a schema without fields.
func (s *Session) QueryArrow(ctx context.Context, sql string, args ...any) (array.RecordReader, error) {
	rows, err := s.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	schema, err := arrowSchema(rows.Columns())
	if err != nil {
		_ = rows.Close() // err came first
		return nil, err
	}
	r := &arrowReader{rows: rows, schema: schema}
	r.refs.Store(1)
	return r, nil
}

// arrowReader is a result as record batches.
type arrowReader struct {
	rows   *Rows
	schema *arrow.Schema
	batch  arrow.RecordBatch
	err    error
	refs   atomic.Int64
}

var _ array.RecordReader = (*arrowReader)(nil)

func (r *arrowReader) Schema() *arrow.Schema          { return r.schema }
func (r *arrowReader) RecordBatch() arrow.RecordBatch { return r.batch }

// Record is the older name of RecordBatch.
func (r *arrowReader) Record() arrow.RecordBatch { return r.batch }
func (r *arrowReader) Retain()                   { r.refs.Add(1) }

func (r *arrowReader) Err() error {
	if r.err != nil {
		return r.err
	}
	return r.rows.Err()
}

func (r *arrowReader) Release() {
	if r.refs.Add(-1) == 0 {
		r.drop()
		_ = r.rows.Close() // never fails
	}
}

func (r *arrowReader) drop() {
	if r.batch != nil {
		r.batch.Release()
		r.batch = nil
	}
}

func (r *arrowReader) Next() bool {
	r.drop()
	if r.err != nil {
		return false
	}
	chunk := r.rows.Chunk()
	if chunk == nil {
		return false
	}
	arrays := make([]arrow.Array, len(chunk.Columns))
	for i := range chunk.Columns {
		data, err := arrowData(&chunk.Columns[i], chunk.Len, r.schema.Field(i).Type)
		if err != nil {
			r.err = sqlstate.From(err)
			return false
		}
		arrays[i] = array.MakeFromData(data)
		data.Release()
	}
	r.batch = array.NewRecordBatch(r.schema, arrays, int64(chunk.Len))
	for _, a := range arrays {
		a.Release()
	}
	return true
}

// arrowData copies n rows of a vector.
func arrowData(v *types.Vector, n int, at arrow.DataType) (arrow.ArrayData, error) {
	valid, nulls := arrowValidity(v, n)
	buffers := []*arrowmem.Buffer{valid}
	var children []arrow.ArrayData
	add := func(child *types.Vector, rows int, ct arrow.DataType) error {
		data, err := arrowData(child, rows, ct)
		if err == nil {
			children = append(children, data)
		}
		return err
	}
	var err error
	switch v.Type.ID {
	case types.SQLNull:
		return array.NewData(at, n, []*arrowmem.Buffer{nil}, nil, n, 0), nil
	case types.Struct:
		for i := range v.Children {
			if err = add(&v.Children[i], n, at.(*arrow.StructType).Field(i).Type); err != nil {
				return nil, err
			}
		}
	case types.Union:
		// A NULL union is a NULL of its first member: Arrow's unions have no mask.
		buffers, nulls = []*arrowmem.Buffer{nil, copied(v.Children[0].Data, n)}, 0
		for i, m := range v.Children[1:] {
			if err = add(&m, n, at.(*arrow.SparseUnionType).Fields()[i].Type); err != nil {
				return nil, err
			}
		}
	case types.Array:
		if err = add(&v.Children[0], n*v.Type.Size, at.(*arrow.FixedSizeListType).Elem()); err != nil {
			return nil, err
		}
	case types.List, types.Map:
		offsets, child := arrowList(v, n)
		buffers = append(buffers, offsets)
		elem := arrow.DataType(nil)
		switch lt := at.(type) {
		case *arrow.ListType:
			elem = lt.Elem()
		case *arrow.MapType:
			elem = lt.Elem()
		}
		if err = add(child, child.Len, elem); err != nil {
			return nil, err
		}
	case types.Enum:
		buffers = append(buffers, copied(v.Data, n*types.PhysicalWidth(v.Type)))
		data := array.NewDataWithDictionary(at, n, buffers, nulls, 0, arrowLabels(v.Type).(*array.Data))
		return data, nil
	default:
		values, err := arrowValues(v, n, at)
		if err != nil {
			return nil, err
		}
		buffers = append(buffers, values...)
	}
	return array.NewData(at, n, buffers, children, nulls, 0), nil
}

// arrowValidity copies the mask: DuckDB's bits are Arrow's.
func arrowValidity(v *types.Vector, n int) (*arrowmem.Buffer, int) {
	if v.Validity == nil || n == 0 {
		return nil, 0
	}
	nulls := 0
	for i := range n {
		if !v.Valid(i) {
			nulls++
		}
	}
	if nulls == 0 {
		return nil, 0
	}
	return copied(unsafe.Pointer(&v.Validity[0]), 8*((n+63)/64)), nulls
}

func copied(p unsafe.Pointer, size int) *arrowmem.Buffer {
	b := make([]byte, size)
	if p != nil && size > 0 {
		copy(b, unsafe.Slice((*byte)(p), size))
	}
	return arrowmem.NewBufferBytes(b)
}

func bufferOf[T any](values []T) *arrowmem.Buffer {
	var zero T
	return arrowmem.NewBufferBytes(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(zero))))
}

// arrowValues is the value buffer, or offsets and text.
func arrowValues(v *types.Vector, n int, at arrow.DataType) ([]*arrowmem.Buffer, error) {
	switch v.Type.ID {
	case types.Boolean:
		bits := make([]byte, (n+7)/8)
		for i, b := range types.Slice[bool](v)[:n] {
			if b && v.Valid(i) {
				bits[i>>3] |= 1 << (i & 7)
			}
		}
		return []*arrowmem.Buffer{arrowmem.NewBufferBytes(bits)}, nil
	case types.Decimal:
		return []*arrowmem.Buffer{bufferOf(wideDecimals(v, n))}, nil
	case types.Interval:
		out := make([]arrow.MonthDayNanoInterval, n)
		for i, iv := range types.Slice[types.IntervalValue](v)[:n] {
			if !v.Valid(i) {
				continue
			}
			if iv.Micros > math.MaxInt64/1000 || iv.Micros < math.MinInt64/1000 {
				return nil, sqlstate.New(sqlstate.DatetimeFieldOverflow, "interval out of range for Arrow's nanoseconds")
			}
			out[i] = arrow.MonthDayNanoInterval{Months: iv.Months, Days: iv.Days, Nanoseconds: iv.Micros * 1000}
		}
		return []*arrowmem.Buffer{bufferOf(out)}, nil
	}
	if at.ID() == arrow.STRING || at.ID() == arrow.BINARY {
		return arrowText(v, n)
	}
	return []*arrowmem.Buffer{copied(v.Data, n*types.PhysicalWidth(v.Type))}, nil
}

func wideDecimals(v *types.Vector, n int) []types.Huge {
	out := make([]types.Huge, n)
	wide := func(i int, x int64) { out[i] = types.Huge{Lo: uint64(x), Hi: x >> 63} }
	switch types.PhysicalWidth(v.Type) {
	case 2:
		for i, x := range types.Slice[int16](v)[:n] {
			wide(i, int64(x))
		}
	case 4:
		for i, x := range types.Slice[int32](v)[:n] {
			wide(i, int64(x))
		}
	case 8:
		for i, x := range types.Slice[int64](v)[:n] {
			wide(i, x)
		}
	default:
		copy(out, types.Slice[types.Huge](v)[:n])
	}
	return out
}

// arrowText is offsets and bytes: of strings themselves, of other types as DuckDB writes them.
func arrowText(v *types.Vector, n int) ([]*arrowmem.Buffer, error) {
	offsets := make([]int32, n+1)
	var text []byte
	direct := v.Type.ID == types.Varchar || v.Type.ID == types.Blob || v.Type.ID == types.Geometry
	for i := range n {
		if v.Valid(i) {
			if direct {
				text = append(text, v.Bytes(i)...)
			} else {
				text = fmt.Append(text, duck.Value(v, i))
			}
		}
		if len(text) > math.MaxInt32 {
			return nil, sqlstate.New(sqlstate.ProgramLimitExceeded, "the text of one Arrow batch is over 2 GB")
		}
		offsets[i+1] = int32(len(text))
	}
	return []*arrowmem.Buffer{bufferOf(offsets), arrowmem.NewBufferBytes(text)}, nil
}

// arrowList is the offsets of a list's rows and their elements, one row's after another's.
func arrowList(v *types.Vector, n int) (*arrowmem.Buffer, *types.Vector) {
	entries := types.Slice[types.ListEntry](v)
	offsets := make([]int32, n+1)
	packed, end := true, uint64(0)
	for i := range n {
		if v.Valid(i) && entries[i].Length > 0 {
			packed = packed && entries[i].Offset == end
			end += entries[i].Length
		}
		offsets[i+1] = int32(end)
	}
	child := &v.Children[0]
	if !packed {
		gathered := types.NewColumnBuilder(child.Type)
		for i := range n {
			if v.Valid(i) {
				gathered.AppendRange(child, int(entries[i].Offset), int(entries[i].Length))
			}
		}
		view := gathered.Vector()
		return bufferOf(offsets), &view
	}
	view := *child
	view.Len = int(end)
	return bufferOf(offsets), &view
}

// arrowLabels is an ENUM's dictionary.
func arrowLabels(t *types.Type) arrow.ArrayData {
	b := array.NewStringBuilder(arrowmem.DefaultAllocator)
	defer b.Release()
	b.AppendValues(t.Labels, nil)
	labels := b.NewStringArray()
	defer labels.Release()
	labels.Data().Retain()
	return labels.Data()
}
