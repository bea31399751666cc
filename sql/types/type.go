package types

import (
	"fmt"
	"strconv"
	"strings"
)

// ID names a logical type of DuckDB.
type ID uint8

// The logical types. Unknown is an unresolved parameter; SQLNull the type of a bare NULL.
const (
	Unknown ID = iota
	SQLNull
	Boolean
	TinyInt
	SmallInt
	Integer
	BigInt
	HugeInt
	UTinyInt
	USmallInt
	UInteger
	UBigInt
	UHugeInt
	Float
	Double
	Decimal
	Varchar
	Blob
	Bit
	UUID
	Date
	Time        // microseconds
	TimeNS      // nanoseconds
	TimeTZ      // packed: see Vector docs
	Timestamp   // microseconds since 1970-01-01, no zone
	TimestampS  // seconds
	TimestampMS // milliseconds
	TimestampNS // nanoseconds
	TimestampTZ // microseconds since 1970-01-01 UTC
	Interval
	Enum
	List
	Array
	Struct
	Map
	Union
	BigNum
	Variant
	Geometry
	Any // only in declarations of functions
)

// Field is a member of a STRUCT or UNION.
type Field struct {
	Name string
	Type *Type
}

// Type is a logical type with its modifiers. Compare with Equal.
type Type struct {
	ID ID
	// Alias is the user-defined type name (CREATE TYPE, or JSON), empty otherwise.
	Alias string
	// Width and Scale belong to Decimal.
	Width, Scale uint8
	// Child is the element of List and Array; Map has Fields key and value instead.
	Child *Type
	// Size is the length of an Array.
	Size int
	// Labels are the values of an Enum, in order.
	Labels []string
	// Fields are the members of Struct, Union and Map (key, value).
	Fields []Field
}

// Of returns the plain type with that ID.
func Of(id ID) *Type { return &Type{ID: id} }

var names = [...]string{
	Unknown: "UNKNOWN", SQLNull: `"NULL"`, Boolean: "BOOLEAN", TinyInt: "TINYINT", SmallInt: "SMALLINT", Integer: "INTEGER",
	BigInt: "BIGINT", HugeInt: "HUGEINT", UTinyInt: "UTINYINT", USmallInt: "USMALLINT", UInteger: "UINTEGER",
	UBigInt: "UBIGINT", UHugeInt: "UHUGEINT", Float: "FLOAT", Double: "DOUBLE", Decimal: "DECIMAL", Varchar: "VARCHAR",
	Blob: "BLOB", Bit: "BIT", UUID: "UUID", Date: "DATE", Time: "TIME", TimeNS: "TIME_NS", TimeTZ: "TIME WITH TIME ZONE",
	Timestamp: "TIMESTAMP", TimestampS: "TIMESTAMP_S", TimestampMS: "TIMESTAMP_MS", TimestampNS: "TIMESTAMP_NS",
	TimestampTZ: "TIMESTAMP WITH TIME ZONE", Interval: "INTERVAL", Enum: "ENUM", List: "LIST", Array: "ARRAY",
	Struct: "STRUCT", Map: "MAP", Union: "UNION", BigNum: "BIGNUM", Variant: "VARIANT", Geometry: "GEOMETRY", Any: "ANY",
}

// String returns the ID in DuckDB's spelling.
func (id ID) String() string {
	if int(id) < len(names) {
		return names[id]
	}
	return "TYPE(" + strconv.Itoa(int(id)) + ")"
}

// String returns the type in DuckDB's spelling, which parses back: DECIMAL(18,3), INTEGER[], STRUCT(a INTEGER).
func (t *Type) String() string {
	if t == nil {
		return "UNKNOWN"
	}
	if t.Alias != "" {
		return t.Alias
	}
	switch t.ID {
	case Decimal:
		return "DECIMAL(" + strconv.Itoa(int(t.Width)) + "," + strconv.Itoa(int(t.Scale)) + ")"
	case List:
		return t.Child.String() + "[]"
	case Array:
		return t.Child.String() + "[" + strconv.Itoa(t.Size) + "]"
	case Enum:
		var b strings.Builder
		b.WriteString("ENUM(")
		for i, l := range t.Labels {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString("'" + strings.ReplaceAll(l, "'", "''") + "'")
		}
		return b.String() + ")"
	case Struct, Union:
		var b strings.Builder
		b.WriteString(t.ID.String() + "(")
		for i, f := range t.Fields {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(`"` + strings.ReplaceAll(f.Name, `"`, `""`) + `" ` + f.Type.String())
		}
		return b.String() + ")"
	case Map:
		if len(t.Fields) == 2 {
			return "MAP(" + t.Fields[0].Type.String() + ", " + t.Fields[1].Type.String() + ")"
		}
		return "MAP"
	}
	return t.ID.String()
}

// Named returns the type of a name as String writes it, nil for one with parts (a LIST, a STRUCT, an
// ENUM) or of a user's own.
func Named(name string) *Type {
	for id := Boolean; id <= Interval; id++ {
		if names[id] == name && id != Decimal {
			return Of(id)
		}
	}
	t := &Type{ID: Decimal}
	if n, err := fmt.Sscanf(name, "DECIMAL(%d,%d)", &t.Width, &t.Scale); err == nil && n == 2 && t.String() == name {
		return t
	}
	return nil
}

// Equal reports whether both are the same type, modifiers and alias included.
func (t *Type) Equal(u *Type) bool {
	if t == nil || u == nil {
		return t == u
	}
	if t.ID != u.ID || t.Alias != u.Alias || t.Width != u.Width || t.Scale != u.Scale || t.Size != u.Size ||
		len(t.Labels) != len(u.Labels) || len(t.Fields) != len(u.Fields) {
		return false
	}
	for i := range t.Labels {
		if t.Labels[i] != u.Labels[i] {
			return false
		}
	}
	for i := range t.Fields {
		if t.Fields[i].Name != u.Fields[i].Name || !t.Fields[i].Type.Equal(u.Fields[i].Type) {
			return false
		}
	}
	if (t.Child == nil) != (u.Child == nil) {
		return false
	}
	return t.Child == nil || t.Child.Equal(u.Child)
}

// Column is a named, typed column of a result.
type Column struct {
	Name string
	Type *Type
}

// VariantFields are the parts of a VARIANT's vector. A value is a tree: values gives
// each node's kind and where its bytes start in data; node 0 is the root. Objects
// and arrays have in data the number of their members and the first one's index in
// children, which name the key (an index into keys) and the node.
var VariantFields = []Field{
	{Name: "keys", Type: &Type{ID: List, Child: Of(Varchar)}},
	{Name: "children", Type: &Type{ID: List, Child: &Type{ID: Struct, Fields: []Field{
		{Name: "keys_index", Type: Of(UInteger)}, {Name: "values_index", Type: Of(UInteger)},
	}}}},
	{Name: "values", Type: &Type{ID: List, Child: &Type{ID: Struct, Fields: []Field{
		{Name: "type_id", Type: Of(UTinyInt)}, {Name: "byte_offset", Type: Of(UInteger)},
	}}}},
	{Name: "data", Type: Of(Blob)},
}
