package duck

// #include <stdlib.h>
// #include "native.h"
import "C"

import (
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// idOf maps DuckDB's numbering of types to ours.
var idOf = [...]types.ID{
	mapping.TypeInvalid: types.Unknown, mapping.TypeSQLNull: types.SQLNull, mapping.TypeBoolean: types.Boolean,
	mapping.TypeTinyInt: types.TinyInt, mapping.TypeSmallInt: types.SmallInt, mapping.TypeInteger: types.Integer,
	mapping.TypeBigInt: types.BigInt, mapping.TypeHugeInt: types.HugeInt, mapping.TypeUTinyInt: types.UTinyInt,
	mapping.TypeUSmallInt: types.USmallInt, mapping.TypeUInteger: types.UInteger, mapping.TypeUBigInt: types.UBigInt,
	mapping.TypeUHugeInt: types.UHugeInt, mapping.TypeFloat: types.Float, mapping.TypeDouble: types.Double,
	mapping.TypeDecimal: types.Decimal, mapping.TypeVarchar: types.Varchar, mapping.TypeBlob: types.Blob,
	mapping.TypeBit: types.Bit, mapping.TypeUUID: types.UUID, mapping.TypeDate: types.Date, mapping.TypeTime: types.Time,
	mapping.TypeTimeNS: types.TimeNS, mapping.TypeTimeTZ: types.TimeTZ, mapping.TypeTimestamp: types.Timestamp,
	mapping.TypeTimestampS: types.TimestampS, mapping.TypeTimestampMS: types.TimestampMS,
	mapping.TypeTimestampNS: types.TimestampNS, mapping.TypeTimestampTZ: types.TimestampTZ,
	mapping.TypeInterval: types.Interval, mapping.TypeEnum: types.Enum, mapping.TypeList: types.List,
	mapping.TypeArray: types.Array, mapping.TypeStruct: types.Struct, mapping.TypeMap: types.Map,
	mapping.TypeUnion: types.Union, mapping.TypeBigNum: types.BigNum, mapping.TypeVariant: types.Variant,
	mapping.TypeGeometry: types.Geometry, mapping.TypeAny: types.Any,
	mapping.TypeStringLiteral: types.Varchar, mapping.TypeIntegerLiteral: types.BigInt,
}

// plain holds one shared value for each type without parts, so that describing a
// result does not allocate. Nobody may change them.
var plain = func() (ts [types.Any + 1]*types.Type) {
	for id := range ts {
		ts[id] = types.Of(types.ID(id))
	}
	return ts
}()

// json is the type that DuckDB gives to JSON columns.
var json = &types.Type{ID: types.Varchar, Alias: "JSON"}

// goID returns our ID for DuckDB's.
func goID(id int32) types.ID {
	if id < 0 || int(id) >= len(idOf) {
		return types.Unknown
	}
	return idOf[id]
}

// columnType builds the type that c describes.
func columnType(c *C.eider_column) *types.Type {
	id := goID(int32(c.id))
	alias := ""
	if c.alias != nil {
		alias = C.GoString(c.alias)
	}
	switch {
	case c._type != nil:
		t := nestedType(mapping.LogicalType{Ptr: unsafe.Pointer(c._type)}, id)
		t.Alias = alias
		return t
	case id == types.Decimal:
		return &types.Type{ID: id, Alias: alias, Width: uint8(c.width), Scale: uint8(c.scale)}
	case alias == "":
		return plain[id]
	case id == types.Varchar && alias == json.Alias:
		return json
	}
	return &types.Type{ID: id, Alias: alias}
}

// readType builds the type of lt and destroys lt.
func readType(lt mapping.LogicalType) *types.Type {
	var c C.eider_column
	C.eider_describe_type(C.duckdb_logical_type(lt.Ptr), &c)
	t := columnType(&c)
	C.eider_release_columns(&c, 1)
	return t
}

// borrowType builds the type of lt, which belongs to a value.
func borrowType(lt mapping.LogicalType) *types.Type {
	id := goID(int32(mapping.GetTypeId(lt)))
	switch id {
	case types.Enum, types.List, types.Array, types.Map, types.Struct, types.Union:
		t := nestedType(lt, id)
		t.Alias = mapping.LogicalTypeGetAlias(lt)
		return t
	case types.Decimal:
		return &types.Type{ID: id, Width: mapping.DecimalWidth(lt), Scale: mapping.DecimalScale(lt)}
	}
	return plain[id]
}

func nestedType(lt mapping.LogicalType, id types.ID) *types.Type {
	t := &types.Type{ID: id}
	switch id {
	case types.Enum:
		t.Labels = enumLabels(lt)
	case types.List:
		t.Child = readType(mapping.ListTypeChildType(lt))
	case types.Array:
		t.Child = readType(mapping.ArrayTypeChildType(lt))
		t.Size = int(mapping.ArrayTypeArraySize(lt))
	case types.Map:
		t.Fields = []types.Field{
			{Name: "key", Type: readType(mapping.MapTypeKeyType(lt))},
			{Name: "value", Type: readType(mapping.MapTypeValueType(lt))},
		}
	case types.Struct:
		t.Fields = make([]types.Field, mapping.StructTypeChildCount(lt))
		for i := range t.Fields {
			k := mapping.IdxT(i)
			t.Fields[i] = types.Field{Name: mapping.StructTypeChildName(lt, k), Type: readType(mapping.StructTypeChildType(lt, k))}
		}
	case types.Union:
		t.Fields = make([]types.Field, mapping.UnionTypeMemberCount(lt))
		for i := range t.Fields {
			k := mapping.IdxT(i)
			t.Fields[i] = types.Field{Name: mapping.UnionTypeMemberName(lt, k), Type: readType(mapping.UnionTypeMemberType(lt, k))}
		}
	}
	return t
}

// enumLabels reads the labels of an ENUM in one call.
func enumLabels(lt mapping.LogicalType) []string {
	n := int(mapping.EnumDictionarySize(lt))
	if n == 0 {
		return nil
	}
	labels, ends := make([]string, n), make([]C.uint64_t, n)
	text := C.eider_enum_labels(C.duckdb_logical_type(lt.Ptr), C.uint32_t(n), &ends[0])
	all := string(unsafe.Slice((*byte)(unsafe.Pointer(text)), int(ends[n-1])))
	C.free(unsafe.Pointer(text))
	start := 0
	for i, end := range ends {
		labels[i] = all[start:int(end)]
		start = int(end)
	}
	return labels
}

// logicalType builds DuckDB's type for t; destroy it with mapping.DestroyLogicalType.
// A type that can't be built from Go (VARIANT, GEOMETRY) is 0A000.
func logicalType(t *types.Type) (mapping.LogicalType, error) {
	var lt mapping.LogicalType
	switch t.ID {
	case types.Decimal:
		lt = mapping.CreateDecimalType(t.Width, t.Scale)
	case types.Enum:
		lt = mapping.CreateEnumType(t.Labels)
	case types.List, types.Array:
		child, err := logicalType(t.Child)
		if err != nil {
			return lt, err
		}
		defer mapping.DestroyLogicalType(&child)
		if t.ID == types.List {
			lt = mapping.CreateListType(child)
		} else {
			lt = mapping.CreateArrayType(child, mapping.IdxT(t.Size))
		}
	case types.Struct, types.Union, types.Map:
		var err error
		if lt, err = memberType(t); err != nil {
			return lt, err
		}
	case types.Unknown, types.Variant, types.Geometry:
		return lt, sqlstate.Newf(sqlstate.FeatureNotSupported, "values of type %s can't be made outside DuckDB", t)
	default:
		lt = mapping.CreateLogicalType(driverID(t.ID))
	}
	if lt.Ptr == nil {
		return lt, sqlstate.Newf(sqlstate.FeatureNotSupported, "type %s is not valid", t)
	}
	if t.Alias != "" {
		mapping.LogicalTypeSetAlias(lt, t.Alias)
	}
	return lt, nil
}

// memberType builds the types that have Fields.
func memberType(t *types.Type) (mapping.LogicalType, error) {
	parts := make([]mapping.LogicalType, 0, len(t.Fields))
	names := make([]string, 0, len(t.Fields))
	defer func() {
		for i := range parts {
			mapping.DestroyLogicalType(&parts[i])
		}
	}()
	for _, f := range t.Fields {
		p, err := logicalType(f.Type)
		if err != nil {
			return p, err
		}
		parts, names = append(parts, p), append(names, f.Name)
	}
	switch {
	case t.ID == types.Map && len(parts) == 2:
		return mapping.CreateMapType(parts[0], parts[1]), nil
	case t.ID == types.Union && len(parts) > 0:
		return mapping.CreateUnionType(parts, names), nil
	case t.ID == types.Struct && len(parts) > 0:
		return mapping.CreateStructType(parts, names), nil
	}
	return mapping.LogicalType{}, sqlstate.Newf(sqlstate.FeatureNotSupported, "type %s has the wrong number of members", t.ID)
}

// driverID is the inverse of goID.
func driverID(id types.ID) mapping.Type {
	for d, g := range idOf {
		if g == id {
			return mapping.Type(d)
		}
	}
	return mapping.TypeInvalid
}

// shape is a list of types in the preorder that native.h describes.
type shape struct {
	nodes   []C.eider_shape
	vectors []C.eider_vector // scratch for one gathering
}

// newShape flattens the types of cols.
func newShape(cols []types.Column) *shape {
	s := &shape{}
	for i := range cols {
		s.add(cols[i].Type)
	}
	s.vectors = make([]C.eider_vector, len(s.nodes))
	return s
}

func (s *shape) add(t *types.Type) {
	switch t.ID {
	case types.List:
		s.nodes = append(s.nodes, C.eider_shape{kind: C.EIDER_LIST})
		s.add(t.Child)
	case types.Array:
		s.nodes = append(s.nodes, C.eider_shape{kind: C.EIDER_ARRAY, n: C.uint32_t(t.Size)})
		s.add(t.Child)
	case types.Map:
		s.nodes = append(s.nodes, C.eider_shape{kind: C.EIDER_LIST})
		s.members(t.Fields)
	case types.Struct:
		s.members(t.Fields)
	case types.Union:
		s.members(unionParts(t))
	case types.Variant:
		s.members(types.VariantFields)
	default:
		s.nodes = append(s.nodes, C.eider_shape{kind: C.EIDER_LEAF})
	}
}

func (s *shape) members(fields []types.Field) {
	s.nodes = append(s.nodes, C.eider_shape{kind: C.EIDER_STRUCT, n: C.uint32_t(len(fields))})
	for _, f := range fields {
		s.add(f.Type)
	}
}

// unionParts are the vectors of a UNION: the tag, then one for each member.
func unionParts(t *types.Type) []types.Field {
	return append([]types.Field{{Name: "", Type: plain[types.UTinyInt]}}, t.Fields...)
}

// newVectors builds empty vectors for cols, children included.
func newVectors(cols []types.Column) []types.Vector {
	vs := make([]types.Vector, len(cols))
	for i := range cols {
		vs[i] = newVector(cols[i].Type)
	}
	return vs
}

func newVector(t *types.Type) types.Vector {
	v := types.Vector{Type: t}
	switch t.ID {
	case types.List, types.Array:
		v.Children = []types.Vector{newVector(t.Child)}
	case types.Map:
		v.Children = []types.Vector{newVector(&types.Type{ID: types.Struct, Fields: t.Fields})}
	case types.Struct:
		v.Children = fieldVectors(t.Fields)
	case types.Union:
		v.Children = fieldVectors(unionParts(t))
	case types.Variant:
		v.Children = fieldVectors(types.VariantFields)
	}
	return v
}

func fieldVectors(fields []types.Field) []types.Vector {
	vs := make([]types.Vector, len(fields))
	for i, f := range fields {
		vs[i] = newVector(f.Type)
	}
	return vs
}

// fill points vs and their children at what was gathered and returns the rest.
func fill(vs []types.Vector, raw []C.eider_vector) []C.eider_vector {
	for i := range vs {
		v, r := &vs[i], &raw[0]
		v.Data, v.Len, v.Validity = r.data, int(r.len), nil
		if r.validity != nil {
			v.Validity = unsafe.Slice((*uint64)(unsafe.Pointer(r.validity)), (v.Len+63)/64)
		}
		if raw = raw[1:]; len(v.Children) > 0 {
			raw = fill(v.Children, raw)
		}
	}
	return raw
}
