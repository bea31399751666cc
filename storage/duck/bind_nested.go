package duck

import (
	"sort"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// values are DuckDB's values on the way into a nested one.
type values []mapping.Value

func (vs values) destroy() {
	for i := range vs {
		mapping.DestroyValue(&vs[i])
	}
}

// listValue builds a LIST or ARRAY. Without a known element type the first element
// that is not NULL decides.
func (c *Conn) listValue(t *types.Type, list []any) (mapping.Value, error) {
	var none mapping.Value
	if list == nil {
		return mapping.CreateNullValue(), nil
	}
	if t.ID == types.Map {
		return c.pairsValue(t, list)
	}
	child := plain[types.Unknown]
	if (t.ID == types.List || t.ID == types.Array) && t.Child != nil {
		child = t.Child
	}
	vs := make(values, 0, len(list))
	defer func() { vs.destroy() }()
	for _, x := range list {
		v, err := c.newValue(child, x)
		if err != nil {
			return none, err
		}
		vs = append(vs, v)
	}
	lt, err := elementType(child, list, vs)
	if err != nil {
		return none, err
	}
	defer mapping.DestroyLogicalType(&lt)
	if t.ID == types.Array {
		if len(vs) != t.Size {
			return none, sqlstate.Newf(sqlstate.DatatypeMismatch, "%s takes %d elements, not %d", t, t.Size, len(vs))
		}
		return created(mapping.CreateArrayValue(lt, vs), t)
	}
	return created(mapping.CreateListValue(lt, vs), t)
}

// elementType is child when it is known, else the type of the first value that is not NULL.
func elementType(child *types.Type, list []any, vs values) (mapping.LogicalType, error) {
	if child.ID != types.Unknown {
		return logicalType(child)
	}
	for i, x := range list {
		if x != nil {
			// The value owns that type: rebuild it to own one.
			return logicalType(valueType(vs[i]))
		}
	}
	return mapping.CreateLogicalType(mapping.TypeSQLNull), nil
}

// mapValue builds a STRUCT or, where the parameter is one, a MAP.
func (c *Conn) mapValue(t *types.Type, m map[string]any) (mapping.Value, error) {
	var none mapping.Value
	if m == nil {
		return mapping.CreateNullValue(), nil
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	if t.ID == types.Map {
		list := make([]any, len(names))
		for i, name := range names {
			list[i] = map[string]any{"key": name, "value": m[name]}
		}
		return c.pairsValue(t, list)
	}
	fields := make([]types.Field, len(names))
	for i, name := range names {
		fields[i] = types.Field{Name: name, Type: plain[types.Unknown]}
	}
	if t.ID == types.Struct {
		fields = append(fields[:0], t.Fields...)
	}
	known := 0
	vs := make(values, 0, len(fields))
	defer func() { vs.destroy() }()
	for i, f := range fields {
		x, ok := m[f.Name]
		if ok {
			known++
		}
		v, err := c.newValue(f.Type, x)
		if err != nil {
			return none, err
		}
		vs = append(vs, v)
		if f.Type.ID == types.Unknown {
			fields[i].Type = valueType(v)
		}
	}
	if known != len(m) {
		return none, sqlstate.Newf(sqlstate.DatatypeMismatch, "%s has no member for some of the keys %q", t, names)
	}
	lt, err := logicalType(&types.Type{ID: types.Struct, Fields: fields})
	if err != nil {
		return none, err
	}
	defer mapping.DestroyLogicalType(&lt)
	return created(mapping.CreateStructValue(lt, vs), t)
}

// unionValue makes v the first member whose type it has.
func (c *Conn) unionValue(t *types.Type, v any) (mapping.Value, error) {
	lt, err := logicalType(t)
	if err != nil {
		return mapping.Value{}, err
	}
	defer mapping.DestroyLogicalType(&lt)
	for k, f := range t.Fields {
		if _, isText := v.(string); isText && f.Type.ID != types.Varchar {
			continue
		}
		x, err := c.newValue(f.Type, v)
		if err != nil {
			continue
		}
		defer mapping.DestroyValue(&x)
		if valueType(x).ID == f.Type.ID {
			return created(mapping.CreateUnionValue(lt, mapping.IdxT(k), x), t)
		}
	}
	return mapping.Value{}, sqlstate.Newf(sqlstate.DatatypeMismatch, "a Go value of type %T does not fit any member of %s", v, t)
}

// pairsValue builds a MAP from [{"key": …, "value": …}, …].
func (c *Conn) pairsValue(t *types.Type, list []any) (mapping.Value, error) {
	var none mapping.Value
	keys, vals := make(values, 0, len(list)), make(values, 0, len(list))
	defer func() { keys.destroy(); vals.destroy() }()
	for _, x := range list {
		pair, ok := x.(map[string]any)
		if !ok {
			return none, sqlstate.Newf(sqlstate.DatatypeMismatch, "an entry of %s is a map with the keys key and value, not %T", t, x)
		}
		k, err := c.newValue(t.Fields[0].Type, pair["key"])
		if err != nil {
			return none, err
		}
		keys = append(keys, k)
		v, err := c.newValue(t.Fields[1].Type, pair["value"])
		if err != nil {
			return none, err
		}
		vals = append(vals, v)
	}
	lt, err := logicalType(t)
	if err != nil {
		return none, err
	}
	defer mapping.DestroyLogicalType(&lt)
	return created(mapping.CreateMapValue(lt, keys, vals), t)
}

// created checks what DuckDB built: it gives NULL where parts don't fit the type.
func created(v mapping.Value, t *types.Type) (mapping.Value, error) {
	if v.Ptr == nil {
		return v, sqlstate.Newf(sqlstate.DatatypeMismatch, "the value does not fit type %s", t)
	}
	return v, nil
}

// valueType is the type of v.
func valueType(v mapping.Value) *types.Type {
	if mapping.IsNullValue(v) {
		return plain[types.SQLNull]
	}
	return borrowType(mapping.GetValueType(v))
}

// copyValue makes DuckDB's value of row i of a vector.
func (c *Conn) copyValue(v *types.Vector, i int) (mapping.Value, error) {
	if !v.Valid(i) {
		return mapping.CreateNullValue(), nil
	}
	switch t := v.Type; t.ID {
	case types.List:
		e := types.Slice[types.ListEntry](v)[i]
		return c.copyList(v, int(e.Offset), int(e.Length))
	case types.Array:
		return c.copyList(v, i*t.Size, t.Size)
	case types.Map:
		e := types.Slice[types.ListEntry](v)[i]
		return c.copyMap(v, int(e.Offset), int(e.Length))
	case types.Struct:
		return c.copyStruct(v, i)
	case types.Union:
		return c.copyUnion(v, i)
	case types.Enum:
		label := enumLabel(v, i)
		for k, l := range t.Labels {
			if l == label {
				return c.enumValue(t, k)
			}
		}
	case types.Bit:
		return bitValue(v.Bytes(i)), nil
	case types.Varchar:
		b := v.Bytes(i)
		return mapping.CreateVarcharLength(string(b), mapping.IdxT(len(b))), nil
	}
	x := exact(v, i)
	if x == nil {
		return mapping.Value{}, sqlstate.Newf(sqlstate.FeatureNotSupported, "values of type %s can't be made outside DuckDB", v.Type)
	}
	return c.newValue(v.Type, x)
}

func (c *Conn) copyRange(v *types.Vector, offset, n int) (vs values, err error) {
	for i := offset; i < offset+n; i++ {
		x, err := c.copyValue(v, i)
		if err != nil {
			return vs, err
		}
		vs = append(vs, x)
	}
	return vs, nil
}

func (c *Conn) copyList(v *types.Vector, offset, n int) (mapping.Value, error) {
	vs, err := c.copyRange(&v.Children[0], offset, n)
	defer vs.destroy()
	if err != nil {
		return mapping.Value{}, err
	}
	lt, err := logicalType(v.Type.Child)
	if err != nil {
		return mapping.Value{}, err
	}
	defer mapping.DestroyLogicalType(&lt)
	if v.Type.ID == types.Array {
		return created(mapping.CreateArrayValue(lt, vs), v.Type)
	}
	return created(mapping.CreateListValue(lt, vs), v.Type)
}

func (c *Conn) copyMap(v *types.Vector, offset, n int) (mapping.Value, error) {
	pairs := &v.Children[0]
	keys, err := c.copyRange(&pairs.Children[0], offset, n)
	defer keys.destroy()
	if err != nil {
		return mapping.Value{}, err
	}
	vals, err := c.copyRange(&pairs.Children[1], offset, n)
	defer vals.destroy()
	if err != nil {
		return mapping.Value{}, err
	}
	lt, err := logicalType(v.Type)
	if err != nil {
		return mapping.Value{}, err
	}
	defer mapping.DestroyLogicalType(&lt)
	return created(mapping.CreateMapValue(lt, keys, vals), v.Type)
}

func (c *Conn) copyStruct(v *types.Vector, i int) (mapping.Value, error) {
	vs := make(values, 0, len(v.Children))
	defer func() { vs.destroy() }()
	for k := range v.Children {
		x, err := c.copyValue(&v.Children[k], i)
		if err != nil {
			return mapping.Value{}, err
		}
		vs = append(vs, x)
	}
	lt, err := logicalType(v.Type)
	if err != nil {
		return mapping.Value{}, err
	}
	defer mapping.DestroyLogicalType(&lt)
	return created(mapping.CreateStructValue(lt, vs), v.Type)
}

func (c *Conn) copyUnion(v *types.Vector, i int) (mapping.Value, error) {
	tag := int(types.Slice[uint8](&v.Children[0])[i])
	x, err := c.copyValue(&v.Children[tag+1], i)
	if err != nil {
		return x, err
	}
	defer mapping.DestroyValue(&x)
	lt, err := logicalType(v.Type)
	if err != nil {
		return mapping.Value{}, err
	}
	defer mapping.DestroyLogicalType(&lt)
	return created(mapping.CreateUnionValue(lt, mapping.IdxT(tag), x), v.Type)
}
