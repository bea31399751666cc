package jinja

import (
	"fmt"
	"strings"
)

func (s *State) test(x *testExpr) (Value, error) {
	v, err := s.eval(x.x)
	if err != nil {
		return nil, err
	}
	args := make([]Value, len(x.args))
	for i, e := range x.args {
		if args[i], err = s.eval(e); err != nil {
			return nil, err
		}
	}
	ok, err := runTest(s, x.name, v, args)
	if err != nil {
		return nil, err
	}
	return ok != x.not, nil
}

// operators are the tests that compare with one argument.
var operators = map[string]string{
	"eq": "==", "equalto": "==", "ne": "!=", "lt": "<", "lessthan": "<", "le": "<=", "gt": ">", "greaterthan": ">", "ge": ">=", "in": "in",
}

// runTest is `v is name(args)`.
func runTest(s *State, name string, v Value, args []Value) (bool, error) {
	if op, ok := operators[name]; ok {
		if len(args) != 1 {
			return false, fmt.Errorf("the test %s takes one argument", name)
		}
		return compareValues(op, v, args[0])
	}
	if f, ok := tests[name]; ok {
		return f(v), nil
	}
	switch name {
	case "divisibleby":
		if n, ok := v.(int64); ok && len(args) == 1 {
			if m, ok := args[0].(int64); ok && m != 0 {
				return n%m == 0, nil
			}
		}
		return false, fmt.Errorf("divisibleby takes integers, not by zero")
	case "sameas":
		if len(args) != 1 {
			return false, fmt.Errorf("sameas takes one argument")
		}
		switch v.(type) {
		case nil, bool, int64, float64, string:
			return TypeName(v) == TypeName(args[0]) && Equal(v, args[0]), nil
		case *List, *Dict, *Set, *Namespace:
			return v == args[0], nil
		}
		return false, nil
	}
	return false, Fail(closest(name, tests), "there is no test %s", name)
}

// tests are those without arguments; a read-only table.
var tests = map[string]func(Value) bool{
	"defined":   func(v Value) bool { _, u := v.(Undefined); return !u },
	"undefined": func(v Value) bool { _, u := v.(Undefined); return u },
	"none":      func(v Value) bool { return v == nil },
	"boolean":   func(v Value) bool { _, ok := v.(bool); return ok },
	"true":      func(v Value) bool { return v == true },
	"false":     func(v Value) bool { return v == false },
	"integer":   func(v Value) bool { _, ok := v.(int64); return ok },
	"float":     func(v Value) bool { _, ok := v.(float64); return ok },
	"number":    func(v Value) bool { _, _, ok := number(v); return ok },
	"string":    func(v Value) bool { _, ok := v.(string); return ok },
	"mapping":   func(v Value) bool { _, ok := v.(*Dict); return ok },
	"iterable":  func(v Value) bool { _, err := Iterate(v); return err == nil },
	"sequence":  func(v Value) bool { return Length(v) >= 0 && TypeName(v) != "undefined" },
	"callable": func(v Value) bool {
		switch v.(type) {
		case Func, Callable:
			return true
		}
		return false
	},
	"odd":   func(v Value) bool { n, ok := v.(int64); return ok && n%2 != 0 },
	"even":  func(v Value) bool { n, ok := v.(int64); return ok && n%2 == 0 },
	"lower": func(v Value) bool { s := Str(v); return strings.ToLower(s) == s && strings.ToUpper(s) != s },
	"upper": func(v Value) bool { s := Str(v); return strings.ToUpper(s) == s && strings.ToLower(s) != s },
}
