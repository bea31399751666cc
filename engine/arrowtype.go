package engine

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// arrowSchema describes columns in Arrow's terms. A field's metadata has DuckDB's type
// under "duckdb:type".
func arrowSchema(columns []types.Column) (*arrow.Schema, error) {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		f, err := arrowField(c.Name, c.Type)
		if err != nil {
			return nil, err
		}
		f.Metadata = arrow.NewMetadata([]string{"duckdb:type"}, []string{c.Type.String()})
		fields[i] = f
	}
	return arrow.NewSchema(fields, nil), nil
}

func arrowField(name string, t *types.Type) (arrow.Field, error) {
	at, err := arrowType(t)
	return arrow.Field{Name: name, Type: at, Nullable: true}, err
}

var arrowPlain = map[types.ID]arrow.DataType{
	types.Boolean: arrow.FixedWidthTypes.Boolean,
	types.TinyInt: arrow.PrimitiveTypes.Int8, types.SmallInt: arrow.PrimitiveTypes.Int16, types.Integer: arrow.PrimitiveTypes.Int32, types.BigInt: arrow.PrimitiveTypes.Int64,
	types.UTinyInt: arrow.PrimitiveTypes.Uint8, types.USmallInt: arrow.PrimitiveTypes.Uint16, types.UInteger: arrow.PrimitiveTypes.Uint32, types.UBigInt: arrow.PrimitiveTypes.Uint64,
	types.Float: arrow.PrimitiveTypes.Float32, types.Double: arrow.PrimitiveTypes.Float64, types.Date: arrow.FixedWidthTypes.Date32,
	types.Time: arrow.FixedWidthTypes.Time64us, types.TimeNS: arrow.FixedWidthTypes.Time64ns, types.TimestampTZ: arrow.FixedWidthTypes.Timestamp_us,
	types.Timestamp: &arrow.TimestampType{Unit: arrow.Microsecond}, types.TimestampS: &arrow.TimestampType{Unit: arrow.Second},
	types.TimestampMS: &arrow.TimestampType{Unit: arrow.Millisecond}, types.TimestampNS: &arrow.TimestampType{Unit: arrow.Nanosecond},
	types.HugeInt: &arrow.Decimal128Type{Precision: 38}, types.Interval: arrow.FixedWidthTypes.MonthDayNanoInterval,
	types.Varchar: arrow.BinaryTypes.String, types.UUID: arrow.BinaryTypes.String, types.Bit: arrow.BinaryTypes.String, types.BigNum: arrow.BinaryTypes.String,
	types.UHugeInt: arrow.BinaryTypes.String, types.TimeTZ: arrow.BinaryTypes.String, types.Blob: arrow.BinaryTypes.Binary, types.Geometry: arrow.BinaryTypes.Binary,
	types.SQLNull: arrow.Null,
}

// arrowType is the Arrow type for t: of the same layout where there is one; UUID, BIT,
// BIGNUM, UHUGEINT and TIME WITH TIME ZONE go as text.
func arrowType(t *types.Type) (arrow.DataType, error) {
	if at := arrowPlain[t.ID]; at != nil {
		return at, nil
	}
	switch t.ID {
	case types.Decimal:
		return &arrow.Decimal128Type{Precision: int32(t.Width), Scale: int32(t.Scale)}, nil
	case types.Enum:
		index := []arrow.DataType{1: arrow.PrimitiveTypes.Uint8, 2: arrow.PrimitiveTypes.Uint16, 4: arrow.PrimitiveTypes.Uint32}[types.PhysicalWidth(t)]
		return &arrow.DictionaryType{IndexType: index, ValueType: arrow.BinaryTypes.String, Ordered: true}, nil
	case types.List, types.Array:
		child, err := arrowType(t.Child)
		if err != nil {
			return nil, err
		}
		if t.ID == types.Array {
			return arrow.FixedSizeListOf(int32(t.Size), child), nil
		}
		return arrow.ListOf(child), nil
	case types.Map:
		key, err := arrowType(t.Fields[0].Type)
		if err != nil {
			return nil, err
		}
		value, err := arrowType(t.Fields[1].Type)
		return arrow.MapOf(key, value), err
	case types.Struct, types.Union:
		fields := make([]arrow.Field, len(t.Fields))
		codes := make([]arrow.UnionTypeCode, len(t.Fields))
		for i, f := range t.Fields {
			field, err := arrowField(f.Name, f.Type)
			if err != nil {
				return nil, err
			}
			fields[i], codes[i] = field, arrow.UnionTypeCode(i)
		}
		if t.ID == types.Union {
			return arrow.SparseUnionOf(fields, codes), nil
		}
		return arrow.StructOf(fields...), nil
	}
	return nil, sqlstate.New(sqlstate.FeatureNotSupported, fmt.Sprintf("type %s has no form in Arrow", t)).WithHint("Cast it, for example to VARCHAR.")
}
