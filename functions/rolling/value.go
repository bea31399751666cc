package rolling

import (
	"strings"
	"unsafe"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/types"
)

// EventColumn and AvailableColumn are a fact's times, in place of a column's number.
const (
	EventColumn     = -1
	AvailableColumn = -2
)

// valueTypes are the types that a fact's column can be read in.
var valueTypes = []types.ID{
	types.Boolean, types.TinyInt, types.SmallInt, types.Integer, types.BigInt, types.HugeInt, types.UTinyInt, types.USmallInt, types.UInteger, types.UBigInt,
	types.UHugeInt, types.Float, types.Double, types.Varchar, types.Blob, types.UUID, types.Date, types.Time,
	types.Timestamp, types.TimestampS, types.TimestampMS, types.TimestampNS, types.TimestampTZ,
}

func valueFunction(id types.ID) string {
	return valueName + strings.ToLower(strings.ReplaceAll(id.String(), " ", "_"))
}

// ValueSQL is the SQL of a column of the fact at a place, both SQL expressions, for a column of a
// type by its name; false for types whose values the operator can't keep.
func ValueSQL(typ, number, column, place string) (string, bool) {
	call := func(id types.ID) string {
		return valueFunction(id) + "(" + number + ", " + column + ", " + place + ")"
	}
	t := types.Named(typ)
	switch {
	case strings.HasPrefix(typ, "ENUM("):
		return "CAST(" + call(types.Varchar) + " AS " + typ + ")", true
	case typ == "JSON":
		return "CAST(" + call(types.Varchar) + " AS JSON)", true
	case typ == types.Of(types.SQLNull).String():
		return "NULL", true
	case t == nil || physical(t) == pNone:
		return "", false
	case t.ID == types.Decimal:
		return "CAST(" + call(types.Varchar) + " AS " + typ + ")", true
	}
	return call(t.ID), true
}

// values declares eider_facts_value_T(number, column, place) for each type.
func (o *Operator) values() []*fn.Decl {
	var out []*fn.Decl
	for _, id := range valueTypes {
		out = append(out, &fn.Decl{
			Name: valueFunction(id), Family: "rolling", Summary: "A column of the fact at a place.", Returns: types.Of(id),
			Params: []fn.Param{{Name: "number", Type: types.Of(types.UBigInt)}, {Name: "column", Type: types.Of(types.Integer)}, {Name: "place", Type: types.Of(types.Double)}},
			BindOn: func(connection uint64, _ []fn.Arg) (fn.Bound, error) {
				return fn.Bound{Call: func(in *types.Chunk, out fn.Writer) error { return o.value(connection, id, in, out) }}, nil
			},
		})
	}
	return out
}

// value writes rows of a column; one without a place is NULL.
func (o *Operator) value(connection uint64, id types.ID, in *types.Chunk, out fn.Writer) error {
	numbers, columns, places := types.Slice[uint64](&in.Columns[0]), types.Slice[int32](&in.Columns[1]), types.Slice[float64](&in.Columns[2])
	var x *index
	write := func(int, uint32) {}
	known, number, column := false, uint64(0), int32(0)
	for i := range in.Len {
		if !in.Columns[0].Valid(i) || !in.Columns[1].Valid(i) || !in.Columns[2].Valid(i) || !(places[i] > 0) {
			out.SetNull(i)
			continue
		}
		if !known || number != numbers[i] || column != columns[i] {
			known, number, column = true, numbers[i], columns[i]
			f, err := o.find(number, connection)
			if err != nil {
				return err
			}
			if x, err = f.ordered(); err != nil {
				return err
			}
			if write = x.writer(int(column), id, out); write == nil {
				return badPlace()
			}
		}
		if !(places[i] <= float64(^uint32(0))) {
			return badPlace()
		}
		row := uint32(places[i] - 1)
		if b := int(row >> blockBits); b >= len(x.blocks) || int(row&(blockRows-1)) >= x.blocks[b].n {
			return badPlace()
		}
		if column >= 0 && !x.valid(int(column), row) {
			out.SetNull(i)
			continue
		}
		write(i, row)
	}
	return nil
}

// writer returns what writes the value of a row, nil if the column doesn't have the type.
func (x *index) writer(c int, id types.ID, out fn.Writer) func(i int, row uint32) {
	if c == EventColumn || c == AvailableColumn {
		if id != types.Timestamp && id != types.TimestampTZ {
			return nil
		}
		res := types.Slice[int64](out.Vector())
		return func(i int, row uint32) {
			b := x.blocks[row>>blockBits]
			times := b.happened
			if c == AvailableColumn && b.known != nil {
				times = b.known
			}
			res[i] = times[row&(blockRows-1)]
		}
	}
	if c < 0 || c >= len(x.shapes) {
		return nil
	}
	t := x.shapes[c].Type
	switch {
	case id == types.Varchar && (t.ID == types.Enum || t.ID == types.Decimal):
		return x.textWriter(c, out)
	case t.ID != id:
		return nil
	case types.IsString(t):
		return func(i int, row uint32) {
			out.SetBytes(i, cell[types.String](x, c, row).Bytes())
		}
	}
	switch types.PhysicalWidth(t) {
	case 1:
		return fixedWriter[uint8](x, c, out)
	case 2:
		return fixedWriter[uint16](x, c, out)
	case 4:
		return fixedWriter[uint32](x, c, out)
	case 8:
		return fixedWriter[uint64](x, c, out)
	}
	return fixedWriter[[2]uint64](x, c, out)
}

func fixedWriter[T any](x *index, c int, out fn.Writer) func(i int, row uint32) {
	res := types.Slice[T](out.Vector())
	return func(i int, row uint32) { res[i] = *cell[T](x, c, row) }
}

// cell is a value of a fixed width.
func cell[T any](x *index, c int, row uint32) *T {
	var width T
	data := unsafe.Pointer(unsafe.SliceData(x.blocks[row>>blockBits].columns[c].data))
	return (*T)(unsafe.Add(data, uintptr(row&(blockRows-1))*unsafe.Sizeof(width)))
}

// textWriter writes decimals and labels as text, for a cast to their type.
func (x *index) textWriter(c int, out fn.Writer) func(i int, row uint32) {
	t := x.shapes[c].Type
	one := func(row uint32) types.Vector {
		v := types.Vector{Type: t, Len: 1}
		v.Data = unsafe.Add(unsafe.Pointer(unsafe.SliceData(x.blocks[row>>blockBits].columns[c].data)), int(row&(blockRows-1))*types.PhysicalWidth(t))
		return v
	}
	if t.ID == types.Decimal {
		return func(i int, row uint32) {
			v := one(row)
			d := types.DecimalValue{Unscaled: decimalReader(&v)(0).Big(), Width: t.Width, Scale: t.Scale}
			out.SetString(i, d.String())
		}
	}
	return func(i int, row uint32) {
		v := one(row)
		out.SetString(i, t.Labels[labelOf(&v, 0)])
	}
}
