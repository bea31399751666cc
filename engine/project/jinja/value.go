package jinja

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"sort"
)

// A value in a template is one of
//
//	nil (none), Undefined, bool, int64, float64, string,
//	*List, *Dict, Tuple, *Set, Func, Object, time.Time and other opaque Go values.
//
// FromGo turns the usual Go values into these.
type Value = any

// Undefined is what a missing name or attribute yields: false, empty, and an error when
// it is called or asked for an attribute.
type Undefined struct {
	Name string
	// of is the type that lacks the attribute; chained marks what hangs on another undefined value.
	of      string
	chained bool
}

// List is a Python list.
type List struct{ Items []Value }

// Tuple is a Python tuple.
type Tuple []Value

// Set is a Python set that keeps the order of insertion.
type Set struct{ d Dict }

// Func is anything that can be called.
type Func func(c *Call) (Value, error)

// Call is one call of a Func.
type Call struct {
	Args   []Value
	Kwargs *Dict // nil if there are none
	// State is the rendering that calls.
	State *State

	offset int   // of the callee in its template
	caller Value // the body of a {% call %}, or nil
}

// Arg is the argument at place i or of the name, and whether it was given.
func (c *Call) Arg(i int, name string) (Value, bool) {
	if i >= 0 && i < len(c.Args) {
		return c.Args[i], true
	}
	return c.Kwargs.Get(name)
}

// Caller is the body of the {% call %} that calls, or nil.
func (c *Call) Caller() Func {
	f, _ := c.caller.(Func)
	return f
}

// Object is a value of the host with attributes of its own.
type Object interface {
	// Attr returns an attribute or method (a Func); ok is false if there is none.
	Attr(name string) (v Value, ok bool)
}

// Indexer is an Object that answers x[key].
type Indexer interface {
	Index(key Value) (v Value, ok bool)
}

// Iterable is an Object that a for loop can walk.
type Iterable interface {
	Iterate() []Value
}

// Callable is an Object that can be called.
type Callable interface {
	Call(c *Call) (Value, error)
}

// Dict is a Python dict: it keeps the order of insertion. Keys are compared as Python
// compares them: 1 and 1.0 are one key. A key that can't be hashed (a list, a dict) is an
// error of Set's caller; see Hashable.
type Dict struct {
	keys  []Value
	index map[Value]int
	vals  []Value
}

// NewDict makes a dict from pairs.
func NewDict(pairs ...Value) *Dict {
	d := &Dict{}
	for i := 0; i+1 < len(pairs); i += 2 {
		d.Set(pairs[i], pairs[i+1])
	}
	return d
}

type tupleKey string

// hash turns a key into something that Go's maps compare as Python does.
func hash(key Value) Value {
	switch k := key.(type) {
	case bool:
		if k {
			return int64(1)
		}
		return int64(0)
	case int:
		return int64(k)
	case float64:
		if k == float64(int64(k)) {
			return int64(k)
		}
	case Tuple:
		return tupleKey(Repr(k))
	}
	return key
}

// Hashable says whether a value can be the key of a dict.
func Hashable(v Value) bool {
	switch x := v.(type) {
	case *List, *Dict, *Set, Func:
		return false
	case Tuple:
		for _, item := range x {
			if !Hashable(item) {
				return false
			}
		}
	}
	return true
}

// Len is the number of keys.
func (d *Dict) Len() int {
	if d == nil {
		return 0
	}
	return len(d.keys)
}

// Get returns a key's value.
func (d *Dict) Get(key Value) (Value, bool) {
	if d == nil || !Hashable(key) {
		return nil, false
	}
	i, ok := d.index[hash(key)]
	if !ok {
		return nil, false
	}
	return d.vals[i], true
}

// Set adds or replaces a key.
func (d *Dict) Set(key, v Value) {
	h := hash(key)
	if i, ok := d.index[h]; ok {
		d.vals[i] = v
		return
	}
	if d.index == nil {
		d.index = map[Value]int{}
	}
	d.index[h] = len(d.keys)
	d.keys = append(d.keys, key)
	d.vals = append(d.vals, v)
}

// Delete removes a key and returns its value.
func (d *Dict) Delete(key Value) (Value, bool) {
	i, ok := d.index[hash(key)]
	if !ok {
		return nil, false
	}
	v := d.vals[i]
	d.keys = append(d.keys[:i:i], d.keys[i+1:]...)
	d.vals = append(d.vals[:i:i], d.vals[i+1:]...)
	d.index = make(map[Value]int, len(d.keys))
	for j, k := range d.keys {
		d.index[hash(k)] = j
	}
	return v, true
}

// Keys are the keys in order; the slice is the dict's own.
func (d *Dict) Keys() []Value {
	if d == nil {
		return nil
	}
	return d.keys
}

// All walks the dict in order.
func (d *Dict) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		for i := 0; i < d.Len(); i++ {
			if !yield(d.keys[i], d.vals[i]) {
				return
			}
		}
	}
}

// Copy is a shallow copy.
func (d *Dict) Copy() *Dict {
	out := &Dict{}
	for k, v := range d.All() {
		out.Set(k, v)
	}
	return out
}

// MarshalJSON writes the dict in its own order.
func (d *Dict) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, k := range d.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(Str(k))
		if err != nil {
			return nil, err
		}
		val, err := json.Marshal(d.vals[i])
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(val)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// MarshalJSON writes the list.
func (l *List) MarshalJSON() ([]byte, error) {
	if l.Items == nil {
		return []byte("[]"), nil
	}
	return json.Marshal(l.Items)
}

// MarshalJSON writes null.
func (Undefined) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// FromGo turns Go values into a template's: integers to int64, slices to *List, maps with
// string keys to *Dict (in order of their keys). Values it doesn't know stay opaque.
func FromGo(v any) Value {
	switch x := v.(type) {
	case nil, bool, int64, float64, string, *List, *Dict, Tuple, *Set, Func, Undefined, Object:
		return v
	case int:
		return int64(x)
	case int32:
		return int64(x)
	case uint64:
		return int64(x)
	case float32:
		return float64(x)
	case []any:
		l := &List{Items: make([]Value, len(x))}
		for i, item := range x {
			l.Items[i] = FromGo(item)
		}
		return l
	case []string:
		l := &List{Items: make([]Value, len(x))}
		for i, item := range x {
			l.Items[i] = item
		}
		return l
	case map[string]any:
		return dictOf(x)
	case map[string]string:
		return dictOf(x)
	case map[string]bool:
		return dictOf(x)
	case []map[string]any:
		l := &List{}
		for _, item := range x {
			l.Items = append(l.Items, dictOf(item))
		}
		return l
	case fmt.Stringer:
		return v
	}
	return v
}

func dictOf[V any](m map[string]V) *Dict {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	d := &Dict{}
	for _, k := range keys {
		d.Set(k, FromGo(m[k]))
	}
	return d
}

// ToGo turns a template's value into plain Go values: *List and Tuple to []any, *Dict to
// map[string]any, Undefined to nil.
func ToGo(v Value) any {
	switch x := v.(type) {
	case Undefined:
		return nil
	case *List:
		return toSlice(x.Items)
	case Tuple:
		return toSlice(x)
	case *Set:
		return toSlice(x.d.keys)
	case *Dict:
		m := make(map[string]any, x.Len())
		for k, item := range x.All() {
			m[Str(k)] = ToGo(item)
		}
		return m
	}
	return v
}

func toSlice(items []Value) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = ToGo(item)
	}
	return out
}
