package engine

import (
	"database/sql"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/duck"
)

// Values returns the present row as Go values, as stmt.Session.Query gives them.
func (r *Rows) Values() []any {
	if r.chunk == nil || r.row >= r.chunk.Len {
		return nil
	}
	out := make([]any, len(r.chunk.Columns))
	for i := range out {
		out[i] = duck.Value(&r.chunk.Columns[i], r.row)
	}
	return out
}

// Scan copies the present row into what dest points at, one for each column: any kind
// of number that holds the value exactly, bool, string (numbers and UUIDs as text too),
// []byte, time.Time, *big.Int, types.IntervalValue, slices and maps for nested types,
// any for every value, a sql.Scanner, or nil to leave a column out. NULL fits any, a
// pointer to a pointer, a slice, a map and a Scanner; elsewhere it is 22004.
func (r *Rows) Scan(dest ...any) error {
	if r.chunk == nil || r.row >= r.chunk.Len {
		return sqlstate.New(sqlstate.InvalidCursorState, "Scan without a row: call Next first")
	}
	if len(dest) != len(r.chunk.Columns) {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "Scan into %d variables of %d columns", len(dest), len(r.chunk.Columns))
	}
	for i, d := range dest {
		v := &r.chunk.Columns[i]
		if scanFast(d, v, r.row) {
			continue
		}
		if err := assign(d, duck.Value(v, r.row)); err != nil {
			e := sqlstate.From(err)
			e.Message = fmt.Sprintf("column %q: %s", r.cursor.columns[i].Name, e.Message)
			e.Column = r.cursor.columns[i].Name
			return e
		}
	}
	return nil
}

// scanFast copies the commonest types without boxing.
func scanFast(d any, v *types.Vector, row int) bool {
	if d == nil {
		return true
	}
	if !v.Valid(row) {
		return false
	}
	switch v.Type.ID {
	case types.BigInt:
		if p, ok := d.(*int64); ok {
			*p = types.Slice[int64](v)[row]
			return true
		}
	case types.Integer:
		switch p := d.(type) {
		case *int32:
			*p = types.Slice[int32](v)[row]
			return true
		case *int64:
			*p = int64(types.Slice[int32](v)[row])
			return true
		case *int:
			*p = int(types.Slice[int32](v)[row])
			return true
		}
	case types.Double:
		if p, ok := d.(*float64); ok {
			*p = types.Slice[float64](v)[row]
			return true
		}
	case types.Varchar:
		if p, ok := d.(*string); ok {
			*p = string(v.Bytes(row))
			return true
		}
	}
	return false
}

func cannotScan(v, dest any) error {
	return sqlstate.Newf(sqlstate.DatatypeMismatch, "can't store a %T in a %s", v, reflect.TypeOf(dest).Elem())
}

// assign stores a value where dest points.
func assign(dest, v any) error {
	switch p := dest.(type) {
	case *any:
		*p = v
		return nil
	case sql.Scanner:
		if err := p.Scan(driverValue(v)); err != nil {
			return sqlstate.Newf(sqlstate.DatatypeMismatch, "%w", err)
		}
		return nil
	case *[]byte:
		switch x := v.(type) {
		case nil:
			*p = nil
			return nil
		case []byte:
			*p = x
			return nil
		case string:
			*p = []byte(x)
			return nil
		}
	case *string:
		if s, ok := textOf(v); ok {
			*p = s
			return nil
		}
	case **big.Int:
		if v == nil {
			*p = nil
			return nil
		}
		if n, ok := bigOf(v); ok {
			*p = n
			return nil
		}
	}
	to := reflect.ValueOf(dest)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "Scan needs pointers, got a %T", dest)
	}
	return assignTo(to.Elem(), v, dest)
}

// assignTo stores a value in a variable of any type.
func assignTo(to reflect.Value, v, dest any) error {
	if v == nil {
		switch to.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
			to.SetZero()
			return nil
		}
		return sqlstate.Newf(sqlstate.NullValueNotAllowed, "NULL doesn't fit a %s", to.Type()).WithHint("Scan into a *%s or an any.", to.Type())
	}
	if from := reflect.ValueOf(v); from.Type().AssignableTo(to.Type()) {
		to.Set(from)
		return nil
	}
	switch to.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(to.Type().Elem())
		if err := assign(fresh.Interface(), v); err != nil {
			return err
		}
		to.Set(fresh)
		return nil
	case reflect.Bool:
		if b, ok := v.(bool); ok {
			to.SetBool(b)
			return nil
		}
	case reflect.String:
		if s, ok := v.(string); ok {
			to.SetString(s)
			return nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n, ok := bigOf(v); ok {
			if !n.IsInt64() || to.OverflowInt(n.Int64()) {
				return errOverflow(v, to)
			}
			to.SetInt(n.Int64())
			return nil
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n, ok := bigOf(v); ok {
			if !n.IsUint64() || to.OverflowUint(n.Uint64()) {
				return errOverflow(v, to)
			}
			to.SetUint(n.Uint64())
			return nil
		}
	case reflect.Float32, reflect.Float64:
		if f, ok := floatOf(v); ok {
			if to.OverflowFloat(f) {
				return errOverflow(v, to)
			}
			to.SetFloat(f)
			return nil
		}
	case reflect.Slice:
		return assignSlice(to, v, dest)
	case reflect.Map:
		return assignMap(to, v, dest)
	}
	return cannotScan(v, dest)
}

func errOverflow(v any, to reflect.Value) error {
	return sqlstate.Newf(sqlstate.NumericValueOutOfRange, "%v is out of range for a %s", v, to.Type())
}

func assignSlice(to reflect.Value, v, dest any) error {
	list, ok := v.([]any)
	if !ok {
		return cannotScan(v, dest)
	}
	out := reflect.MakeSlice(to.Type(), len(list), len(list))
	for i, e := range list {
		if err := assign(out.Index(i).Addr().Interface(), e); err != nil {
			return err
		}
	}
	to.Set(out)
	return nil
}

func assignMap(to reflect.Value, v, dest any) error {
	m, ok := v.(map[string]any)
	if !ok || to.Type().Key().Kind() != reflect.String {
		return cannotScan(v, dest)
	}
	out := reflect.MakeMapWithSize(to.Type(), len(m))
	for k, e := range m {
		elem := reflect.New(to.Type().Elem())
		if err := assign(elem.Interface(), e); err != nil {
			return err
		}
		out.SetMapIndex(reflect.ValueOf(k).Convert(to.Type().Key()), elem.Elem())
	}
	to.Set(out)
	return nil
}

func bigOf(v any) (*big.Int, bool) {
	switch n := v.(type) {
	case int64:
		return big.NewInt(n), true
	case *big.Int:
		return n, true
	case float64:
		if n == math.Trunc(n) && math.Abs(n) <= 1<<53 {
			return big.NewInt(int64(n)), true
		}
	}
	return nil, false
}

func floatOf(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	case *big.Int:
		f, _ := new(big.Float).SetInt(n).Float64()
		return f, true
	case string: // DECIMAL
		f, err := strconv.ParseFloat(n, 64)
		return f, err == nil
	}
	return 0, false
}

func textOf(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case []byte:
		return string(x), true
	case bool:
		return strconv.FormatBool(x), true
	case int64:
		return strconv.FormatInt(x, 10), true
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64), true
	case *big.Int:
		return x.String(), true
	case time.Time:
		return x.Format(time.RFC3339Nano), true
	}
	return "", false
}

// driverValue turns a value into one that database/sql hands to its users: numbers that
// int64 can't hold become text.
func driverValue(v any) any {
	if n, ok := v.(*big.Int); ok {
		if n.IsInt64() {
			return n.Int64()
		}
		return n.String()
	}
	return v
}
