package jinja

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Str is Python's str().
func Str(v Value) string {
	switch x := v.(type) {
	case string:
		return x
	case Undefined:
		return ""
	}
	return Repr(v)
}

// Repr is Python's repr().
func Repr(v Value) string {
	switch x := v.(type) {
	case nil:
		return "None"
	case bool:
		if x {
			return "True"
		}
		return "False"
	case int64:
		return strconv.FormatInt(x, 10)
	case int:
		return strconv.Itoa(x)
	case float64:
		return float(x)
	case string:
		return quote(x)
	case Undefined:
		return "Undefined"
	case *List:
		return "[" + join(x.Items) + "]"
	case Tuple:
		if len(x) == 1 {
			return "(" + Repr(x[0]) + ",)"
		}
		return "(" + join(x) + ")"
	case *Set:
		if x.d.Len() == 0 {
			return "set()"
		}
		return "{" + join(x.d.keys) + "}"
	case *Dict:
		parts := make([]string, 0, x.Len())
		for k, item := range x.All() {
			parts = append(parts, Repr(k)+": "+Repr(item))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case Func:
		return "<function>"
	case fmt.Stringer:
		return x.String()
	case error:
		return x.Error()
	}
	return fmt.Sprint(v)
}

func join(items []Value) string {
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = Repr(item)
	}
	return strings.Join(parts, ", ")
}

// float writes a float as Python does: 1.0, 1e-07, inf.
func float(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

func quote(s string) string {
	q := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	var b strings.Builder
	b.WriteByte(q)
	for _, r := range s {
		switch {
		case r == rune(q) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 32:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte(q)
	return b.String()
}

// TypeName is Python's name of a value's type, for messages.
func TypeName(v Value) string {
	switch v.(type) {
	case nil:
		return "None"
	case bool:
		return "bool"
	case int64:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case *List:
		return "list"
	case Tuple:
		return "tuple"
	case *Set:
		return "set"
	case *Dict:
		return "dict"
	case Undefined:
		return "undefined"
	case Func, Callable:
		return "function"
	}
	if n, ok := v.(interface{ TypeName() string }); ok {
		return n.TypeName()
	}
	return "object"
}
