package jinja

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Truth is Python's bool().
func Truth(v Value) bool {
	switch x := v.(type) {
	case nil, Undefined:
		return false
	case bool:
		return x
	case int64:
		return x != 0
	case float64:
		return x != 0
	case string:
		return x != ""
	case *List:
		return len(x.Items) > 0
	case Tuple:
		return len(x) > 0
	case *Set:
		return x.d.Len() > 0
	case *Dict:
		return x.Len() > 0
	case interface{ Truth() bool }:
		return x.Truth()
	}
	return true
}

// Iterate returns what a for loop walks: items, the keys of a dict, the characters of a string.
func Iterate(v Value) ([]Value, error) {
	switch x := v.(type) {
	case *List:
		return append([]Value(nil), x.Items...), nil // a loop may change its list
	case Tuple:
		return x, nil
	case *Set:
		return x.d.keys, nil
	case *Dict:
		return append([]Value(nil), x.Keys()...), nil
	case string:
		out := make([]Value, 0, len(x))
		for _, r := range x {
			out = append(out, string(r))
		}
		return out, nil
	case Undefined:
		return nil, nil
	case Iterable:
		return x.Iterate(), nil
	}
	return nil, fmt.Errorf("a value of type %s can't be walked", TypeName(v))
}

// Length is Python's len(); -1 if the value has none.
func Length(v Value) int {
	switch x := v.(type) {
	case string:
		return utf8.RuneCountInString(x)
	case *List:
		return len(x.Items)
	case Tuple:
		return len(x)
	case *Set:
		return x.d.Len()
	case *Dict:
		return x.Len()
	case Undefined:
		return 0
	case Iterable:
		return len(x.Iterate())
	}
	return -1
}

// number makes a float of an int, float or bool.
func number(v Value) (f float64, isInt, ok bool) {
	switch x := v.(type) {
	case int64:
		return float64(x), true, true
	case float64:
		return x, false, true
	case bool:
		if x {
			return 1, true, true
		}
		return 0, true, true
	}
	return 0, false, false
}

func toInt(v Value) int64 {
	switch x := v.(type) {
	case int64:
		return x
	case bool:
		if x {
			return 1
		}
	}
	return 0
}

// Equal is Python's ==.
func Equal(a, b Value) bool {
	if x, _, ok := number(a); ok {
		y, _, ok := number(b)
		return ok && x == y
	}
	switch x := a.(type) {
	case nil:
		return b == nil
	case string:
		y, ok := b.(string)
		return ok && x == y
	case Undefined:
		_, ok := b.(Undefined)
		return ok
	case *List:
		y, ok := b.(*List)
		return ok && equalItems(x.Items, y.Items)
	case Tuple:
		y, ok := b.(Tuple)
		return ok && equalItems(x, y)
	case *Set:
		y, ok := b.(*Set)
		if !ok || x.d.Len() != y.d.Len() {
			return false
		}
		for _, k := range x.d.keys {
			if _, has := y.d.Get(k); !has {
				return false
			}
		}
		return true
	case *Dict:
		y, ok := b.(*Dict)
		if !ok || x.Len() != y.Len() {
			return false
		}
		for k, v := range x.All() {
			if w, has := y.Get(k); !has || !Equal(v, w) {
				return false
			}
		}
		return true
	case Func:
		return false
	case interface{ Equal(Value) bool }:
		return x.Equal(b)
	case fmt.Stringer:
		y, ok := b.(fmt.Stringer)
		return ok && x.String() == y.String()
	}
	return false
}

func equalItems(a, b []Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// Less is Python's <; an error for values that have no order.
func Less(a, b Value) (bool, error) {
	if x, xi, ok := number(a); ok {
		if y, yi, ok := number(b); ok {
			if xi && yi {
				return toInt(a) < toInt(b), nil
			}
			return x < y, nil
		}
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return x < y, nil
		}
	case *List:
		if y, ok := b.(*List); ok {
			return lessItems(x.Items, y.Items)
		}
	case Tuple:
		if y, ok := b.(Tuple); ok {
			return lessItems(x, y)
		}
	case interface{ Less(Value) (bool, error) }:
		return x.Less(b)
	}
	return false, fmt.Errorf("%s and %s can't be compared by order", TypeName(a), TypeName(b))
}

func lessItems(a, b []Value) (bool, error) {
	for i := range a {
		if i >= len(b) {
			return false, nil
		}
		if Equal(a[i], b[i]) {
			continue
		}
		return Less(a[i], b[i])
	}
	return len(a) < len(b), nil
}

func compareValues(op string, a, b Value) (bool, error) {
	switch op {
	case "==":
		return Equal(a, b), nil
	case "!=":
		return !Equal(a, b), nil
	case "in":
		return contained(a, b)
	case "not in":
		ok, err := contained(a, b)
		return !ok, err
	case "<":
		return Less(a, b)
	case ">":
		return Less(b, a)
	case "<=":
		ok, err := Less(b, a)
		return !ok, err
	}
	ok, err := Less(a, b)
	return !ok, err
}

func contained(a, b Value) (bool, error) {
	switch y := b.(type) {
	case string:
		x, ok := a.(string)
		if !ok {
			return false, fmt.Errorf("'in' looks for a string in a string, not for %s", TypeName(a))
		}
		return strings.Contains(y, x), nil
	case *Dict:
		_, ok := y.Get(a)
		return ok, nil
	case *Set:
		_, ok := y.d.Get(a)
		return ok, nil
	}
	items, err := Iterate(b)
	if err != nil {
		return false, err
	}
	for _, item := range items {
		if Equal(a, item) {
			return true, nil
		}
	}
	return false, nil
}

// maxRepeat bounds 'x' * n and [x] * n, in items.
const maxRepeat = 10_000_000

func arithmetic(op string, a, b Value) (Value, error) {
	if op == "~" {
		return Str(a) + Str(b), nil
	}
	if x, xi, ok := number(a); ok {
		if y, yi, ok := number(b); ok {
			if xi && yi {
				return intArithmetic(op, toInt(a), toInt(b))
			}
			return floatArithmetic(op, x, y)
		}
	}
	switch x := a.(type) {
	case string:
		switch y := b.(type) {
		case string:
			if op == "+" {
				return x + y, nil
			}
		case int64:
			if op == "*" {
				if y > 0 && int64(len(x))*y > maxRepeat {
					return nil, fmt.Errorf("the text would be too long")
				}
				return strings.Repeat(x, int(max(0, y))), nil
			}
		}
		if op == "%" {
			return percent(x, b)
		}
	case *List:
		switch y := b.(type) {
		case *List:
			if op == "+" {
				return &List{Items: append(append([]Value(nil), x.Items...), y.Items...)}, nil
			}
		case int64:
			if op == "*" && y*int64(len(x.Items)) <= maxRepeat {
				out := &List{}
				for range y {
					out.Items = append(out.Items, x.Items...)
				}
				return out, nil
			}
		}
	case Tuple:
		if y, ok := b.(Tuple); ok && op == "+" {
			return append(append(Tuple(nil), x...), y...), nil
		}
	case *Set:
		if y, ok := b.(*Set); ok && op == "-" {
			return x.minus(y), nil
		}
	case interface {
		Arithmetic(op string, b Value) (Value, bool)
	}:
		if v, ok := x.Arithmetic(op, b); ok {
			return v, nil
		}
	}
	hint := ""
	if op == "+" {
		hint = "~ joins values of any type as text"
	}
	return nil, Fail(hint, "%s %s %s isn't possible", TypeName(a), op, TypeName(b))
}

func intArithmetic(op string, a, b int64) (Value, error) {
	switch op {
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "*":
		return a * b, nil
	case "**":
		return power(a, b), nil
	}
	if b == 0 {
		return nil, fmt.Errorf("division by zero")
	}
	switch op {
	case "/":
		return float64(a) / float64(b), nil
	case "//":
		q := a / b
		if a%b != 0 && (a < 0) != (b < 0) {
			q--
		}
		return q, nil
	}
	m := a % b
	if m != 0 && (m < 0) != (b < 0) {
		m += b
	}
	return m, nil
}

func power(a, b int64) Value {
	f := math.Pow(float64(a), float64(b))
	if b < 0 || math.Abs(f) >= 1<<62 {
		return f
	}
	out := int64(1)
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			out *= a
		}
		a *= a
	}
	return out
}

func floatArithmetic(op string, a, b float64) (Value, error) {
	switch op {
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "*":
		return a * b, nil
	case "**":
		return math.Pow(a, b), nil
	}
	if b == 0 {
		return nil, fmt.Errorf("division by zero")
	}
	switch op {
	case "/":
		return a / b, nil
	case "//":
		return math.Floor(a / b), nil
	}
	m := math.Mod(a, b)
	if m != 0 && (m < 0) != (b < 0) {
		m += b
	}
	return m, nil
}
