package jinja

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// method returns a method of Python's str, list, tuple or set; nil if there is none.
func method(x Value, name string) Func {
	switch v := x.(type) {
	case string:
		return strMethod(v, name)
	case *List:
		return listMethod(v, name)
	case Tuple:
		switch name {
		case "index", "count":
			return listMethod(&List{Items: v}, name)
		}
	case *Set:
		return setMethod(v, name)
	case float64:
		if name == "is_integer" {
			return func(*Call) (Value, error) { return v == float64(int64(v)), nil }
		}
	}
	return nil
}

// text is the string argument at place i; an error names the method.
func (c *Call) text(i int, what string) (string, error) {
	if i >= len(c.Args) {
		return "", fmt.Errorf("%s: argument %d is missing", what, i+1)
	}
	s, ok := c.Args[i].(string)
	if !ok {
		return "", fmt.Errorf("%s takes a string, not %s", what, TypeName(c.Args[i]))
	}
	return s, nil
}

// number is the integer argument at place i or of the name.
func (c *Call) int(i int, name string, def int) int {
	v, ok := c.Arg(i, name)
	if !ok {
		return def
	}
	n, isInt := v.(int64)
	if !isInt {
		return def
	}
	return int(n)
}

func strMethod(s, name string) Func {
	if f, ok := simpleStr[name]; ok {
		return func(*Call) (Value, error) { return f(s), nil }
	}
	if f, ok := argStr[name]; ok {
		return func(c *Call) (Value, error) { return f(s, name, c) }
	}
	if name == "format" {
		return func(c *Call) (Value, error) { return format(s, c) }
	}
	return nil
}

// simpleStr are the methods without arguments.
var simpleStr = map[string]func(string) Value{
	"upper":      func(s string) Value { return strings.ToUpper(s) },
	"lower":      func(s string) Value { return strings.ToLower(s) },
	"casefold":   func(s string) Value { return strings.ToLower(s) },
	"title":      func(s string) Value { return title(s) },
	"capitalize": func(s string) Value { return capitalize(s) },
	"swapcase": func(s string) Value {
		return strings.Map(func(r rune) rune {
			if unicode.IsUpper(r) {
				return unicode.ToLower(r)
			}
			return unicode.ToUpper(r)
		}, s)
	},
	"isdigit":   func(s string) Value { return all(s, unicode.IsDigit) },
	"isnumeric": func(s string) Value { return all(s, unicode.IsNumber) },
	"isdecimal": func(s string) Value { return all(s, unicode.IsDigit) },
	"isalpha":   func(s string) Value { return all(s, unicode.IsLetter) },
	"isalnum": func(s string) Value {
		return all(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	},
	"isspace": func(s string) Value { return all(s, unicode.IsSpace) },
	"isupper": func(s string) Value { return strings.ToUpper(s) == s && strings.ToLower(s) != s },
	"islower": func(s string) Value { return strings.ToLower(s) == s && strings.ToUpper(s) != s },
	"splitlines": func(s string) Value {
		l := &List{}
		for _, line := range strings.Split(strings.TrimSuffix(strings.ReplaceAll(s, "\r\n", "\n"), "\n"), "\n") {
			if s != "" {
				l.Items = append(l.Items, line)
			}
		}
		return l
	},
}

func all(s string, f func(rune) bool) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !f(r) }) < 0
}

func capitalize(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + strings.ToLower(s[size:])
}

func title(s string) string {
	start := true
	return strings.Map(func(r rune) rune {
		was := start
		start = !unicode.IsLetter(r)
		if was {
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, s)
}

var argStr = map[string]func(s, name string, c *Call) (Value, error){
	"strip":  func(s, _ string, c *Call) (Value, error) { return strip(s, c, true, true) },
	"lstrip": func(s, _ string, c *Call) (Value, error) { return strip(s, c, true, false) },
	"rstrip": func(s, _ string, c *Call) (Value, error) { return strip(s, c, false, true) },
	"split":  func(s, _ string, c *Call) (Value, error) { return split(s, c, false) },
	"rsplit": func(s, _ string, c *Call) (Value, error) { return split(s, c, true) },
	"replace": func(s, name string, c *Call) (Value, error) {
		from, err := c.text(0, name)
		if err != nil {
			return nil, err
		}
		to, err := c.text(1, name)
		if err != nil {
			return nil, err
		}
		return strings.Replace(s, from, to, c.int(2, "count", -1)), nil
	},
	"startswith": func(s, name string, c *Call) (Value, error) { return affix(s, name, c, strings.HasPrefix) },
	"endswith":   func(s, name string, c *Call) (Value, error) { return affix(s, name, c, strings.HasSuffix) },
	"join": func(s, name string, c *Call) (Value, error) {
		if len(c.Args) != 1 {
			return nil, fmt.Errorf("join takes one argument")
		}
		items, err := Iterate(c.Args[0])
		if err != nil {
			return nil, err
		}
		parts := make([]string, len(items))
		for i, item := range items {
			text, ok := item.(string)
			if !ok {
				return nil, Fail("| join(…) takes values of any type", "join: item %d is %s, not a string", i, TypeName(item))
			}
			parts[i] = text
		}
		return strings.Join(parts, s), nil
	},
	"count": func(s, name string, c *Call) (Value, error) {
		sub, err := c.text(0, name)
		return int64(strings.Count(s, sub)), err
	},
	"find":  func(s, name string, c *Call) (Value, error) { return find(s, name, c, strings.Index) },
	"rfind": func(s, name string, c *Call) (Value, error) { return find(s, name, c, strings.LastIndex) },
	"index": func(s, name string, c *Call) (Value, error) {
		i, err := find(s, name, c, strings.Index)
		if err == nil && i == int64(-1) {
			return nil, fmt.Errorf("substring not found")
		}
		return i, err
	},
	"zfill": func(s, _ string, c *Call) (Value, error) {
		n := c.int(0, "width", 0) - utf8.RuneCountInString(s)
		if n <= 0 || n > maxRepeat {
			return s, nil
		}
		if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") {
			return s[:1] + strings.Repeat("0", n) + s[1:], nil
		}
		return strings.Repeat("0", n) + s, nil
	},
	"ljust":  func(s, _ string, c *Call) (Value, error) { return pad(s, c, 0, 1), nil },
	"rjust":  func(s, _ string, c *Call) (Value, error) { return pad(s, c, 1, 0), nil },
	"center": func(s, _ string, c *Call) (Value, error) { return pad(s, c, 1, 1), nil },
	"removeprefix": func(s, name string, c *Call) (Value, error) {
		x, err := c.text(0, name)
		return strings.TrimPrefix(s, x), err
	},
	"removesuffix": func(s, name string, c *Call) (Value, error) {
		x, err := c.text(0, name)
		return strings.TrimSuffix(s, x), err
	},
	"partition": func(s, name string, c *Call) (Value, error) {
		sep, err := c.text(0, name)
		before, after, found := strings.Cut(s, sep)
		if !found {
			sep = ""
		}
		return Tuple{before, sep, after}, err
	},
	"rpartition": func(s, name string, c *Call) (Value, error) {
		sep, err := c.text(0, name)
		i := strings.LastIndex(s, sep)
		if i < 0 {
			return Tuple{"", "", s}, err
		}
		return Tuple{s[:i], sep, s[i+len(sep):]}, err
	},
}

func strip(s string, c *Call, left, right bool) (Value, error) {
	cut := func(r rune) bool { return unicode.IsSpace(r) }
	if len(c.Args) > 0 && c.Args[0] != nil {
		set, err := c.text(0, "strip")
		if err != nil {
			return nil, err
		}
		cut = func(r rune) bool { return strings.ContainsRune(set, r) }
	}
	if left {
		s = strings.TrimLeftFunc(s, cut)
	}
	if right {
		s = strings.TrimRightFunc(s, cut)
	}
	return s, nil
}

func split(s string, c *Call, fromRight bool) (Value, error) {
	limit := c.int(1, "maxsplit", -1)
	var parts []string
	sep, has := c.Arg(0, "sep")
	switch {
	case !has || sep == nil:
		parts = strings.Fields(s)
		if limit >= 0 && len(parts) > limit+1 {
			rest := s
			parts = nil
			for range limit {
				rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
				i := strings.IndexFunc(rest, unicode.IsSpace)
				parts, rest = append(parts, rest[:i]), rest[i:]
			}
			parts = append(parts, strings.TrimSpace(rest))
		}
	default:
		by, ok := sep.(string)
		if !ok || by == "" {
			return nil, fmt.Errorf("split takes a string that isn't empty")
		}
		parts = strings.Split(s, by)
		if limit >= 0 && len(parts) > limit+1 {
			if fromRight {
				k := len(parts) - limit
				parts = append([]string{strings.Join(parts[:k], by)}, parts[k:]...)
			} else {
				parts = strings.SplitN(s, by, limit+1)
			}
		}
	}
	return FromGo(parts), nil
}

func affix(s, name string, c *Call, has func(string, string) bool) (Value, error) {
	if len(c.Args) > 0 {
		if list, ok := c.Args[0].(Tuple); ok {
			return slices.ContainsFunc(list, func(v Value) bool { return has(s, Str(v)) }), nil
		}
	}
	x, err := c.text(0, name)
	return err == nil && has(s, x), err
}

func find(s, name string, c *Call, index func(string, string) int) (Value, error) {
	sub, err := c.text(0, name)
	if err != nil {
		return nil, err
	}
	i := index(s, sub)
	if i > 0 {
		i = utf8.RuneCountInString(s[:i])
	}
	return int64(i), nil
}

func pad(s string, c *Call, left, right int) string {
	n := c.int(0, "width", 0) - utf8.RuneCountInString(s)
	fill := " "
	if f, err := c.text(1, "fill"); err == nil && f != "" {
		fill = f
	}
	if n <= 0 || n > maxRepeat {
		return s
	}
	l := n * left / (left + right)
	return strings.Repeat(fill, l) + s + strings.Repeat(fill, n-l)
}

func listMethod(l *List, name string) Func {
	need := func(c *Call, n int) error {
		if len(c.Args) < n {
			return fmt.Errorf("%s takes %d arguments", name, n)
		}
		return nil
	}
	at := func(v Value) int {
		return slices.IndexFunc(l.Items, func(x Value) bool { return Equal(x, v) })
	}
	fn := func(n int, f func(c *Call) (Value, error)) Func {
		return func(c *Call) (Value, error) {
			if err := need(c, n); err != nil {
				return nil, err
			}
			return f(c)
		}
	}
	switch name {
	case "append":
		return fn(1, func(c *Call) (Value, error) { l.Items = append(l.Items, c.Args[0]); return nil, nil })
	case "extend":
		return fn(1, func(c *Call) (Value, error) {
			items, err := Iterate(c.Args[0])
			l.Items = append(l.Items, items...)
			return nil, err
		})
	case "insert":
		return fn(2, func(c *Call) (Value, error) {
			i := c.int(0, "index", 0)
			if i < 0 {
				i += len(l.Items)
			}
			l.Items = slices.Insert(l.Items, max(0, min(i, len(l.Items))), c.Args[1])
			return nil, nil
		})
	case "pop":
		return fn(0, func(c *Call) (Value, error) {
			i := wrapIndex(int64(c.int(0, "index", -1)), len(l.Items))
			if i < 0 {
				return nil, fmt.Errorf("pop: there is no such item")
			}
			v := l.Items[i]
			l.Items = slices.Delete(l.Items, int(i), int(i)+1)
			return v, nil
		})
	case "remove", "index":
		return fn(1, func(c *Call) (Value, error) {
			i := at(c.Args[0])
			if i < 0 {
				return nil, fmt.Errorf("%s: %s is not in the list", name, Repr(c.Args[0]))
			}
			if name == "index" {
				return int64(i), nil
			}
			l.Items = slices.Delete(l.Items, i, i+1)
			return nil, nil
		})
	case "count":
		return fn(1, func(c *Call) (Value, error) {
			n := int64(0)
			for _, x := range l.Items {
				if Equal(x, c.Args[0]) {
					n++
				}
			}
			return n, nil
		})
	case "sort":
		return fn(0, func(c *Call) (Value, error) {
			rev, _ := c.Arg(-1, "reverse")
			return nil, sortValues(l.Items, Truth(rev), nil)
		})
	case "reverse":
		return fn(0, func(*Call) (Value, error) { slices.Reverse(l.Items); return nil, nil })
	case "copy":
		return fn(0, func(*Call) (Value, error) { return &List{Items: slices.Clone(l.Items)}, nil })
	case "clear":
		return fn(0, func(*Call) (Value, error) { l.Items = nil; return nil, nil })
	}
	return nil
}

// sortValues sorts in place, stable, by key (nil is the value itself).
func sortValues(items []Value, reverse bool, key func(Value) Value) error {
	var failure error
	sort.SliceStable(items, func(i, j int) bool {
		a, b := items[i], items[j]
		if reverse {
			a, b = b, a
		}
		if key != nil {
			a, b = key(a), key(b)
		}
		less, err := Less(a, b)
		if err != nil && failure == nil {
			failure = err
		}
		return less
	})
	return failure
}

func dictMethod(d *Dict, name string) Func {
	switch name {
	case "items":
		return func(*Call) (Value, error) {
			l := &List{Items: make([]Value, 0, d.Len())}
			for k, v := range d.All() {
				l.Items = append(l.Items, Tuple{k, v})
			}
			return l, nil
		}
	case "keys":
		return func(*Call) (Value, error) { return &List{Items: slices.Clone(d.Keys())}, nil }
	case "values":
		return func(*Call) (Value, error) { return &List{Items: slices.Clone(d.vals)}, nil }
	case "get", "setdefault", "pop":
		return func(c *Call) (Value, error) { return dictGet(d, name, c) }
	case "update":
		return func(c *Call) (Value, error) {
			if len(c.Args) > 0 {
				more, ok := c.Args[0].(*Dict)
				if !ok {
					return nil, fmt.Errorf("update takes a dict, not %s", TypeName(c.Args[0]))
				}
				for k, v := range more.All() {
					d.Set(k, v)
				}
			}
			for k, v := range c.Kwargs.All() {
				d.Set(k, v)
			}
			return nil, nil
		}
	case "copy":
		return func(*Call) (Value, error) { return d.Copy(), nil }
	case "clear":
		return func(*Call) (Value, error) { *d = Dict{}; return nil, nil }
	}
	return nil
}

func dictGet(d *Dict, name string, c *Call) (Value, error) {
	if len(c.Args) == 0 {
		return nil, fmt.Errorf("%s takes a key", name)
	}
	if !Hashable(c.Args[0]) {
		return nil, fmt.Errorf("a %s can't be the key of a dict", TypeName(c.Args[0]))
	}
	v, has := d.Get(c.Args[0])
	def, given := c.Arg(1, "default")
	switch {
	case name == "pop" && has:
		d.Delete(c.Args[0])
		return v, nil
	case name == "pop" && !given:
		return nil, fmt.Errorf("pop: the dict has no key %s", Repr(c.Args[0]))
	case name == "setdefault" && !has:
		d.Set(c.Args[0], def)
	}
	if has {
		return v, nil
	}
	return def, nil
}

// NewSet makes a set of values.
func NewSet(items []Value) *Set {
	s := &Set{}
	for _, v := range items {
		s.d.Set(v, true)
	}
	return s
}

func (s *Set) minus(o *Set) *Set {
	out := &Set{}
	for _, k := range s.d.keys {
		if _, has := o.d.Get(k); !has {
			out.d.Set(k, true)
		}
	}
	return out
}

func setMethod(s *Set, name string) Func {
	other := func(c *Call) (*Set, error) {
		if len(c.Args) == 0 {
			return &Set{}, nil
		}
		items, err := Iterate(c.Args[0])
		return NewSet(items), err
	}
	switch name {
	case "add", "discard", "remove":
		return func(c *Call) (Value, error) {
			if len(c.Args) != 1 || !Hashable(c.Args[0]) {
				return nil, fmt.Errorf("%s takes one value that can be hashed", name)
			}
			if name == "add" {
				s.d.Set(c.Args[0], true)
			} else if _, had := s.d.Delete(c.Args[0]); !had && name == "remove" {
				return nil, fmt.Errorf("remove: %s is not in the set", Repr(c.Args[0]))
			}
			return nil, nil
		}
	case "union", "intersection", "difference", "update", "issubset", "issuperset":
		return func(c *Call) (Value, error) {
			o, err := other(c)
			if err != nil {
				return nil, err
			}
			switch name {
			case "difference":
				return s.minus(o), nil
			case "intersection":
				return s.minus(s.minus(o)), nil
			case "issubset":
				return s.minus(o).d.Len() == 0, nil
			case "issuperset":
				return o.minus(s).d.Len() == 0, nil
			case "update":
				for _, k := range o.d.keys {
					s.d.Set(k, true)
				}
				return nil, nil
			}
			return NewSet(append(slices.Clone(s.d.keys), o.d.keys...)), nil
		}
	case "copy":
		return func(*Call) (Value, error) { return NewSet(s.d.keys), nil }
	}
	return nil
}
