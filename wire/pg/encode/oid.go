package encode

import "github.com/eiderdb/eider/sql/types"

// The OIDs of PostgreSQL's built-in types, from its pg_type.dat.
const (
	OIDBool        uint32 = 16
	OIDBytea       uint32 = 17
	OIDChar        uint32 = 18
	OIDName        uint32 = 19
	OIDInt8        uint32 = 20
	OIDInt2        uint32 = 21
	OIDInt4        uint32 = 23
	OIDRegproc     uint32 = 24
	OIDText        uint32 = 25
	OIDOid         uint32 = 26
	OIDJSON        uint32 = 114
	OIDFloat4      uint32 = 700
	OIDFloat8      uint32 = 701
	OIDUnknown     uint32 = 705
	OIDBpchar      uint32 = 1042
	OIDVarchar     uint32 = 1043
	OIDDate        uint32 = 1082
	OIDTime        uint32 = 1083
	OIDTimestamp   uint32 = 1114
	OIDTimestampTZ uint32 = 1184
	OIDInterval    uint32 = 1186
	OIDTimeTZ      uint32 = 1266
	OIDBit         uint32 = 1560
	OIDVarbit      uint32 = 1562
	OIDNumeric     uint32 = 1700
	OIDRegclass    uint32 = 2205
	OIDRegtype     uint32 = 2206
	OIDUUID        uint32 = 2950
	OIDJSONB       uint32 = 3802

	OIDBoolArray        uint32 = 1000
	OIDByteaArray       uint32 = 1001
	OIDCharArray        uint32 = 1002
	OIDNameArray        uint32 = 1003
	OIDInt2Array        uint32 = 1005
	OIDInt4Array        uint32 = 1007
	OIDTextArray        uint32 = 1009
	OIDBpcharArray      uint32 = 1014
	OIDVarcharArray     uint32 = 1015
	OIDInt8Array        uint32 = 1016
	OIDFloat4Array      uint32 = 1021
	OIDFloat8Array      uint32 = 1022
	OIDOidArray         uint32 = 1028
	OIDTimestampArray   uint32 = 1115
	OIDDateArray        uint32 = 1182
	OIDTimeArray        uint32 = 1183
	OIDTimestampTZArray uint32 = 1185
	OIDIntervalArray    uint32 = 1187
	OIDNumericArray     uint32 = 1231
	OIDTimeTZArray      uint32 = 1270
	OIDBitArray         uint32 = 1561
	OIDVarbitArray      uint32 = 1563
	OIDJSONArray        uint32 = 199
	OIDUUIDArray        uint32 = 2951
	OIDJSONBArray       uint32 = 3807
)

// PGType is a type as RowDescription and pg_attribute give it.
type PGType struct {
	OID uint32
	// Len is typlen: the bytes of a fixed-size value, -1 for any other.
	Len int16
	// Mod is atttypmod: -1 where the type has no modifier.
	Mod int32
}

// Catalog knows the OIDs of types that users create. A nil Catalog knows none.
type Catalog interface {
	// EnumOIDs returns the OIDs of an enum type and of the array over it; ok is
	// false for an enum that has no name in the catalog.
	EnumOIDs(t *types.Type) (oid, array uint32, ok bool)
}

// AliasOID is the alias of a BIGINT that is an object identifier to clients: oid.
const AliasOID = "oid"

// AliasInt2Vector is the alias of a VARCHAR that is an int2vector to clients: "1 2".
const (
	AliasInt2Vector        = "int2vector"
	OIDInt2Vector   uint32 = 22
)

// varhdrsz is the length word that PostgreSQL counts into typmods.
const varhdrsz = 4

func numericType(precision, scale int32) PGType {
	return PGType{OIDNumeric, -1, (precision<<16 | scale) + varhdrsz}
}

// Map returns the PostgreSQL type that stands for t. It never fails: what
// PostgreSQL has no like of is json (nested values) or text.
//
// VARCHAR is text and not character varying: it is what PostgreSQL's own
// expressions yield, drivers give it no length, and ODBC and BI tools that see
// varchar without a modifier assume 255 bytes and cut.
func Map(t *types.Type, cat Catalog) PGType {
	if t == nil {
		return PGType{OIDText, -1, -1}
	}
	switch t.ID {
	case types.Boolean:
		return PGType{OIDBool, 1, -1}
	case types.TinyInt, types.UTinyInt, types.SmallInt:
		return PGType{OIDInt2, 2, -1}
	case types.USmallInt, types.Integer:
		return PGType{OIDInt4, 4, -1}
	case types.UInteger, types.BigInt:
		if isOID(t) {
			return PGType{OIDOid, 4, -1}
		}
		return PGType{OIDInt8, 8, -1}
	case types.UBigInt:
		return numericType(20, 0)
	case types.HugeInt, types.UHugeInt, types.BigNum:
		// No modifier: numeric(39,0) would be a type that DuckDB can't read back.
		return PGType{OIDNumeric, -1, -1}
	case types.Float:
		return PGType{OIDFloat4, 4, -1}
	case types.Double:
		return PGType{OIDFloat8, 8, -1}
	case types.Decimal:
		return numericType(int32(t.Width), int32(t.Scale))
	case types.Varchar:
		switch t.Alias {
		case "JSON":
			return PGType{OIDJSON, -1, -1}
		case AliasInt2Vector:
			return PGType{OIDInt2Vector, -1, -1}
		}
		return PGType{OIDText, -1, -1}
	case types.Enum:
		if cat != nil {
			if oid, _, ok := cat.EnumOIDs(t); ok {
				return PGType{oid, 4, -1}
			}
		}
		return PGType{OIDText, -1, -1}
	case types.List, types.Array:
		return PGType{arrayOID(t, cat), -1, arrayMod(t, cat)}
	case types.Struct, types.Map, types.Union, types.Variant:
		return PGType{OIDJSON, -1, -1}
	}
	return mapBytesAndTimes(t)
}

func mapBytesAndTimes(t *types.Type) PGType {
	switch t.ID {
	case types.Blob, types.Geometry: // a geometry is its well-known binary
		return PGType{OIDBytea, -1, -1}
	case types.Bit:
		return PGType{OIDVarbit, -1, -1}
	case types.UUID:
		return PGType{OIDUUID, 16, -1}
	case types.Date:
		return PGType{OIDDate, 4, -1}
	case types.Time, types.TimeNS:
		return PGType{OIDTime, 8, -1}
	case types.TimeTZ:
		return PGType{OIDTimeTZ, 12, -1}
	case types.Timestamp, types.TimestampNS:
		return PGType{OIDTimestamp, 8, -1}
	case types.TimestampS:
		return PGType{OIDTimestamp, 8, 0}
	case types.TimestampMS:
		return PGType{OIDTimestamp, 8, 3}
	case types.TimestampTZ:
		return PGType{OIDTimestampTZ, 8, -1}
	case types.Interval:
		return PGType{OIDInterval, 16, -1}
	}
	return PGType{OIDText, -1, -1}
}

// isOID tells the object identifiers of a catalog's answer.
func isOID(t *types.Type) bool { return t.ID == types.BigInt && t.Alias == AliasOID }

func isJSON(t *types.Type) bool { return t.ID == types.Varchar && t.Alias == "JSON" }

// element returns the innermost element type of a LIST, or of nested fixed-size
// ARRAYs, and the number of dimensions; ok is false where PostgreSQL's arrays
// can't hold the values.
func element(t *types.Type) (elem *types.Type, dims int, ok bool) {
	elem, dims = t.Child, 1
	for t.ID == types.Array && elem != nil && elem.ID == types.Array {
		elem, dims = elem.Child, dims+1
	}
	if elem == nil || dims > maxDims {
		return nil, 0, false
	}
	switch elem.ID {
	case types.List, types.Array, types.Struct, types.Map, types.Union, types.Variant:
		return nil, 0, false
	}
	return elem, dims, true
}

// maxDims is PostgreSQL's MAXDIM.
const maxDims = 6

func arrayOID(t *types.Type, cat Catalog) uint32 {
	elem, _, ok := element(t)
	if !ok {
		return OIDJSON
	}
	if elem.ID == types.Enum && cat != nil {
		if _, array, ok := cat.EnumOIDs(elem); ok {
			return array
		}
	}
	if array, ok := ArrayOf(Map(elem, nil).OID); ok {
		return array
	}
	return OIDTextArray
}

func arrayMod(t *types.Type, cat Catalog) int32 {
	if elem, _, ok := element(t); ok {
		return Map(elem, cat).Mod
	}
	return -1
}

// ArrayOf returns the OID of the array over a built-in type.
func ArrayOf(oid uint32) (uint32, bool) {
	for _, p := range arrays {
		if p.elem == oid {
			return p.array, true
		}
	}
	return 0, false
}

// ElementOf returns the OID of a built-in array's elements.
func ElementOf(array uint32) (uint32, bool) {
	for _, p := range arrays {
		if p.array == array {
			return p.elem, true
		}
	}
	return 0, false
}

var arrays = [...]struct{ elem, array uint32 }{
	{OIDBool, OIDBoolArray}, {OIDBytea, OIDByteaArray}, {OIDChar, OIDCharArray}, {OIDName, OIDNameArray},
	{OIDInt2, OIDInt2Array}, {OIDInt4, OIDInt4Array}, {OIDInt8, OIDInt8Array}, {OIDOid, OIDOidArray},
	{OIDText, OIDTextArray}, {OIDVarchar, OIDVarcharArray}, {OIDBpchar, OIDBpcharArray},
	{OIDFloat4, OIDFloat4Array}, {OIDFloat8, OIDFloat8Array}, {OIDNumeric, OIDNumericArray},
	{OIDDate, OIDDateArray}, {OIDTime, OIDTimeArray}, {OIDTimeTZ, OIDTimeTZArray},
	{OIDTimestamp, OIDTimestampArray}, {OIDTimestampTZ, OIDTimestampTZArray}, {OIDInterval, OIDIntervalArray},
	{OIDBit, OIDBitArray}, {OIDVarbit, OIDVarbitArray}, {OIDUUID, OIDUUIDArray},
	{OIDJSON, OIDJSONArray}, {OIDJSONB, OIDJSONBArray},
}

// TypeOf returns the DuckDB type of a parameter that a client declares with the
// OID. A declared numeric has no precision and becomes a Decimal of Width 0,
// which is to be left to DuckDB's inference: the value decides. ok is false for
// 0, unknown and OIDs that are not known, where the engine infers the type.
func TypeOf(oid uint32) (t *types.Type, ok bool) {
	if elem, isArray := ElementOf(oid); isArray {
		child, ok := TypeOf(elem)
		if !ok {
			return nil, false
		}
		if elem == OIDNumeric { // elements of one array share a scale
			child = &types.Type{ID: types.Decimal, Width: maxDecimalDigits, Scale: 10}
		}
		return &types.Type{ID: types.List, Child: child}, true
	}
	switch oid {
	case OIDJSON, OIDJSONB:
		return &types.Type{ID: types.Varchar, Alias: "JSON"}, true
	}
	for _, p := range params {
		if p.oid == oid {
			return types.Of(p.id), true
		}
	}
	return nil, false
}

var params = [...]struct {
	oid uint32
	id  types.ID
}{
	{OIDBool, types.Boolean}, {OIDInt2, types.SmallInt}, {OIDInt4, types.Integer}, {OIDInt8, types.BigInt},
	{OIDOid, types.BigInt}, {OIDRegclass, types.BigInt}, {OIDRegtype, types.BigInt}, {OIDRegproc, types.BigInt},
	{OIDFloat4, types.Float}, {OIDFloat8, types.Double}, {OIDNumeric, types.Decimal},
	{OIDText, types.Varchar}, {OIDVarchar, types.Varchar}, {OIDBpchar, types.Varchar}, {OIDName, types.Varchar}, {OIDChar, types.Varchar},
	{OIDBytea, types.Blob}, {OIDBit, types.Bit}, {OIDVarbit, types.Bit}, {OIDUUID, types.UUID},
	{OIDDate, types.Date}, {OIDTime, types.Time}, {OIDTimeTZ, types.TimeTZ},
	{OIDTimestamp, types.Timestamp}, {OIDTimestampTZ, types.TimestampTZ}, {OIDInterval, types.Interval},
}
