package jinja

import (
	"fmt"
	"slices"
)

func filterSum(items []Value, c *Call) (Value, error) {
	var total Value = int64(0)
	if start, ok := c.Arg(1, "start"); ok {
		total = start
	}
	attr, byAttr := c.Arg(0, "attribute")
	for _, v := range items {
		var err error
		if byAttr {
			if v, err = path(c.State, v, attr); err != nil {
				return nil, err
			}
		}
		if total, err = arithmetic("+", total, v); err != nil {
			return nil, err
		}
	}
	return total, nil
}

// keyOf is how sort, unique, min and max see an item: by attribute, case folded.
func keyOf(c *Call, attr Value, byAttr, caseSensitive bool, failure *error) func(Value) Value {
	return func(v Value) Value {
		if byAttr {
			x, err := path(c.State, v, attr)
			if err != nil && *failure == nil {
				*failure = err
			}
			v = x
		}
		return fold(v, caseSensitive)
	}
}

func extreme(items []Value, c *Call, greatest bool) (Value, error) {
	if len(items) == 0 {
		return Undefined{}, nil
	}
	attr, byAttr := c.Arg(1, "attribute")
	cs, _ := c.Arg(0, "case_sensitive")
	var failure error
	key := keyOf(c, attr, byAttr, Truth(cs), &failure)
	best := items[0]
	for _, v := range items[1:] {
		a, b := key(v), key(best)
		if greatest {
			a, b = b, a
		}
		less, err := Less(a, b)
		if err != nil {
			return nil, err
		}
		if less {
			best = v
		}
	}
	return best, failure
}

func filterUnique(items []Value, c *Call) (Value, error) {
	attr, byAttr := c.Arg(1, "attribute")
	cs, _ := c.Arg(0, "case_sensitive")
	var failure error
	key := keyOf(c, attr, byAttr, Truth(cs), &failure)
	seen := &Dict{}
	out := &List{}
	for _, v := range items {
		k := key(v)
		if !Hashable(k) {
			k = Repr(k)
		}
		if _, has := seen.Get(k); !has {
			seen.Set(k, true)
			out.Items = append(out.Items, v)
		}
	}
	return out, failure
}

func filterSort(items []Value, c *Call) (Value, error) {
	rev, _ := c.Arg(0, "reverse")
	cs, _ := c.Arg(1, "case_sensitive")
	attr, byAttr := c.Arg(2, "attribute")
	var failure error
	sorted := slices.Clone(items)
	if err := sortValues(sorted, Truth(rev), keyOf(c, attr, byAttr, Truth(cs), &failure)); err != nil {
		return nil, err
	}
	return &List{Items: sorted}, failure
}

// filterMap is map('filter', args…) or map(attribute='x', default=…).
func filterMap(items []Value, c *Call) (Value, error) {
	out := &List{Items: make([]Value, 0, len(items))}
	if attr, ok := c.Kwargs.Get("attribute"); ok {
		def, hasDef := c.Kwargs.Get("default")
		for _, item := range items {
			v, err := path(c.State, item, attr)
			if err != nil {
				return nil, err
			}
			if _, undefined := v.(Undefined); undefined && hasDef {
				v = def
			}
			out.Items = append(out.Items, v)
		}
		return out, nil
	}
	name, err := c.text(0, "map")
	if err != nil {
		return nil, err
	}
	fn, ok := filters[name]
	if !ok {
		return nil, Fail(closest(name, filters), "map: there is no filter %s", name)
	}
	inner := &Call{State: c.State, offset: c.offset, Args: c.Args[1:], Kwargs: c.Kwargs}
	for _, item := range items {
		v, err := fn(item, inner)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, v)
	}
	return out, nil
}

// choose is select, reject, selectattr and rejectattr.
func choose(items []Value, c *Call, byAttr, keep bool) (Value, error) {
	rest := c.Args
	var attr Value
	if byAttr {
		if len(rest) == 0 {
			return nil, fmt.Errorf("it takes the name of an attribute")
		}
		attr, rest = rest[0], rest[1:]
	}
	test := ""
	if len(rest) > 0 {
		test = Str(rest[0])
		rest = rest[1:]
	}
	out := &List{}
	for _, item := range items {
		v := item
		var err error
		if byAttr {
			if v, err = path(c.State, item, attr); err != nil {
				return nil, err
			}
		}
		ok := Truth(v)
		if test != "" {
			if ok, err = runTest(c.State, test, v, rest); err != nil {
				return nil, err
			}
		}
		if ok == keep {
			out.Items = append(out.Items, item)
		}
	}
	return out, nil
}

func filterGroupby(items []Value, c *Call) (Value, error) {
	attr, ok := c.Arg(0, "attribute")
	if !ok {
		return nil, fmt.Errorf("it takes the name of an attribute")
	}
	var failure error
	key := keyOf(c, attr, true, true, &failure)
	sorted := slices.Clone(items)
	if err := sortValues(sorted, false, key); err != nil {
		return nil, err
	}
	out := &List{}
	var last Value
	for i, item := range sorted {
		k := key(item)
		if i == 0 || !Equal(k, last) {
			out.Items = append(out.Items, &group{key: k, list: &List{}})
		}
		last = k
		g := out.Items[len(out.Items)-1].(*group)
		g.list.Items = append(g.list.Items, item)
	}
	return out, failure
}

// group is one (grouper, list) of groupby: a pair with names.
type group struct {
	key  Value
	list *List
}

func (g *group) TypeName() string { return "tuple" }

func (g *group) Attr(name string) (Value, bool) {
	switch name {
	case "grouper":
		return g.key, true
	case "list":
		return g.list, true
	}
	return nil, false
}

func (g *group) Iterate() []Value { return []Value{g.key, g.list} }

func filterBatch(items []Value, c *Call) (Value, error) {
	n := c.int(0, "linecount", 0)
	if n <= 0 {
		return nil, fmt.Errorf("it takes a number above zero")
	}
	fill, hasFill := c.Arg(1, "fill_with")
	out := &List{}
	for chunk := range slices.Chunk(items, n) {
		row := &List{Items: slices.Clone(chunk)}
		for hasFill && len(row.Items) < n {
			row.Items = append(row.Items, fill)
		}
		out.Items = append(out.Items, row)
	}
	return out, nil
}

func filterSlice(items []Value, c *Call) (Value, error) {
	n := c.int(0, "slices", 0)
	if n <= 0 || n > maxRange {
		return nil, fmt.Errorf("it takes a number above zero")
	}
	per, extra := len(items)/n, len(items)%n
	out := &List{}
	at := 0
	for i := range n {
		size := per
		if i < extra {
			size++
		}
		out.Items = append(out.Items, &List{Items: slices.Clone(items[at : at+size])})
		at += size
	}
	return out, nil
}
