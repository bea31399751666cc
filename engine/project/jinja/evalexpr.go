package jinja

import (
	"fmt"
	"strings"
)

func newOut() *strings.Builder { return &strings.Builder{} }

func (s *State) eval(x expr) (Value, error) {
	v, err := s.value(x)
	if err != nil {
		return nil, s.wrap(err, x.at())
	}
	return v, nil
}

func (s *State) value(x expr) (Value, error) {
	switch x := x.(type) {
	case *constExpr:
		return x.v, nil
	case *nameExpr:
		if v, ok := s.Lookup(x.name); ok {
			return v, nil
		}
		return Undefined{Name: x.name}, nil
	case *attrExpr:
		v, err := s.eval(x.x)
		if err != nil {
			return nil, err
		}
		return s.attr(v, x.name)
	case *indexExpr:
		v, err := s.eval(x.x)
		if err != nil {
			return nil, err
		}
		k, err := s.eval(x.key)
		if err != nil {
			return nil, err
		}
		return s.index(v, k)
	case *sliceExpr:
		return s.sliceExpr(x)
	case *callExpr:
		fn, err := s.eval(x.fn)
		if err != nil {
			return nil, err
		}
		return s.call(x, fn, nil)
	case *filterExpr:
		v, err := s.eval(x.x)
		if err != nil {
			return nil, err
		}
		return s.filter(v, &x.filterCall)
	case *testExpr:
		return s.test(x)
	case *unaryExpr:
		return s.unary(x)
	case *binaryExpr:
		return s.binary(x)
	case *compareExpr:
		return s.compare(x)
	case *condExpr:
		c, err := s.eval(x.cond)
		if err != nil {
			return nil, err
		}
		if Truth(c) {
			return s.eval(x.x)
		}
		if x.y == nil {
			return Undefined{}, nil
		}
		return s.eval(x.y)
	case *listExpr:
		items := make([]Value, len(x.items))
		for i, e := range x.items {
			v, err := s.eval(e)
			if err != nil {
				return nil, err
			}
			items[i] = v
		}
		if x.tuple {
			return Tuple(items), nil
		}
		return &List{Items: items}, nil
	case *dictExpr:
		return s.dict(x)
	}
	return nil, fmt.Errorf("unknown expression %T", x)
}

func (s *State) dict(x *dictExpr) (Value, error) {
	d := &Dict{}
	for i := range x.keys {
		k, err := s.eval(x.keys[i])
		if err != nil {
			return nil, err
		}
		if !Hashable(k) {
			return nil, fmt.Errorf("a %s can't be the key of a dict", TypeName(k))
		}
		v, err := s.eval(x.vals[i])
		if err != nil {
			return nil, err
		}
		d.Set(k, v)
	}
	return d, nil
}

// attr is x.name: an attribute, a method, or an item of a dict.
func (s *State) attr(x Value, name string) (Value, error) {
	switch o := x.(type) {
	case Undefined:
		// What hangs on an undefined value is undefined too: while parsing, results of
		// queries are. A bare name that is missing is an error as soon as it is called.
		return Undefined{Name: o.Name + "." + name, chained: true}, nil
	case nil:
		return Undefined{Name: name, chained: true}, nil
	case Object:
		if v, ok := o.Attr(name); ok {
			return v, nil
		}
		if ix, ok := x.(Indexer); ok {
			if v, ok := ix.Index(name); ok {
				return v, nil
			}
		}
		return Undefined{Name: name, of: TypeName(x)}, nil
	case *Dict:
		if f := dictMethod(o, name); f != nil {
			return f, nil
		}
		if v, ok := o.Get(name); ok {
			return v, nil
		}
		return Undefined{Name: name, of: "dict"}, nil
	}
	if f := method(x, name); f != nil {
		return f, nil
	}
	return Undefined{Name: name, of: TypeName(x)}, nil
}

// index is x[k].
func (s *State) index(x, k Value) (Value, error) {
	switch o := x.(type) {
	case Undefined:
		return Undefined{Name: o.Name, chained: true}, nil
	case nil:
		return Undefined{chained: true}, nil
	case *Dict:
		if v, ok := o.Get(k); ok {
			return v, nil
		}
		return Undefined{Name: Str(k), of: "dict"}, nil
	case Indexer:
		if v, ok := o.Index(k); ok {
			return v, nil
		}
	}
	if o, ok := x.(Object); ok {
		if name, ok := k.(string); ok {
			if v, ok := o.Attr(name); ok {
				return v, nil
			}
		}
	}
	if i, ok := k.(int64); ok {
		if text, ok := x.(string); ok {
			r := []rune(text)
			if i = wrapIndex(i, len(r)); i >= 0 {
				return string(r[i]), nil
			}
			return Undefined{}, nil
		}
		if items, err := Iterate(x); err == nil {
			if i = wrapIndex(i, len(items)); i >= 0 {
				return items[i], nil
			}
			return Undefined{}, nil
		}
	}
	return Undefined{Name: Str(k), of: TypeName(x)}, nil
}

// wrapIndex counts from the end for negative indexes; -1 is out of range.
func wrapIndex(i int64, n int) int64 {
	if i < 0 {
		i += int64(n)
	}
	if i < 0 || i >= int64(n) {
		return -1
	}
	return i
}

func (s *State) sliceExpr(x *sliceExpr) (Value, error) {
	v, err := s.eval(x.x)
	if err != nil {
		return nil, err
	}
	var bounds [3]*int64
	for i, e := range []expr{x.lo, x.hi, x.stride} {
		if e == nil {
			continue
		}
		b, err := s.eval(e)
		if err != nil {
			return nil, err
		}
		if b == nil {
			continue
		}
		n, ok := b.(int64)
		if !ok {
			return nil, fmt.Errorf("a slice's bounds are integers, not %s", TypeName(b))
		}
		bounds[i] = &n
	}
	if text, ok := v.(string); ok {
		r := []rune(text)
		idx, err := sliceIndexes(len(r), bounds)
		if err != nil {
			return nil, err
		}
		out := make([]rune, len(idx))
		for i, j := range idx {
			out[i] = r[j]
		}
		return string(out), nil
	}
	items, err := Iterate(v)
	if err != nil {
		return nil, err
	}
	idx, err := sliceIndexes(len(items), bounds)
	if err != nil {
		return nil, err
	}
	out := make([]Value, len(idx))
	for i, j := range idx {
		out[i] = items[j]
	}
	if _, ok := v.(Tuple); ok {
		return Tuple(out), nil
	}
	return &List{Items: out}, nil
}

func sliceIndexes(n int, b [3]*int64) ([]int, error) {
	step := 1
	if b[2] != nil {
		step = int(*b[2])
	}
	if step == 0 {
		return nil, fmt.Errorf("a slice's step can't be zero")
	}
	lo, hi := 0, n
	if step < 0 {
		lo, hi = n-1, -1
	}
	bound := func(p *int64, def int) int {
		if p == nil {
			return def
		}
		i := int(*p)
		if i < 0 {
			i += n
		}
		if step < 0 {
			return max(-1, min(i, n-1))
		}
		return max(0, min(i, n))
	}
	lo, hi = bound(b[0], lo), bound(b[1], hi)
	var out []int
	for i := lo; step > 0 && i < hi || step < 0 && i > hi; i += step {
		out = append(out, i)
	}
	return out, nil
}

// call evaluates the arguments and calls fn; caller is the body of a {% call %}.
func (s *State) call(x *callExpr, fn Value, caller Value) (Value, error) {
	c := &Call{State: s, offset: x.fn.at(), caller: caller}
	if err := s.arguments(&x.args, c); err != nil {
		return nil, err
	}
	switch f := fn.(type) {
	case Func:
		return f(c)
	case Callable:
		return f.Call(c)
	case Undefined:
		if f.chained {
			return Undefined{Name: f.Name, chained: true}, nil
		}
		return nil, s.undefinedCall(f)
	}
	return nil, fmt.Errorf("a %s can't be called", TypeName(fn))
}

// Suggester is a Context that knows names like a missing one.
type Suggester interface {
	Suggest(name string) string
}

func (s *State) undefinedCall(f Undefined) error {
	if f.of != "" {
		return fmt.Errorf("%s has no method %s", f.of, f.Name)
	}
	hint := ""
	if sg, ok := s.ctx.(Suggester); ok {
		hint = sg.Suggest(f.Name)
	}
	return Fail(hint, "'%s' is undefined: there is no macro or function of this name", f.Name)
}

func (s *State) arguments(a *args, c *Call) error {
	for _, e := range a.pos {
		v, err := s.eval(e)
		if err != nil {
			return err
		}
		c.Args = append(c.Args, v)
	}
	if a.star != nil {
		v, err := s.eval(a.star)
		if err != nil {
			return err
		}
		items, err := Iterate(v)
		if err != nil {
			return err
		}
		c.Args = append(c.Args, items...)
	}
	if len(a.names) > 0 || a.starred != nil {
		c.Kwargs = &Dict{}
	}
	for i, name := range a.names {
		v, err := s.eval(a.named[i])
		if err != nil {
			return err
		}
		c.Kwargs.Set(name, v)
	}
	if a.starred != nil {
		v, err := s.eval(a.starred)
		if err != nil {
			return err
		}
		d, ok := v.(*Dict)
		if !ok {
			return fmt.Errorf("** takes a dict, not %s", TypeName(v))
		}
		for k, v := range d.All() {
			c.Kwargs.Set(k, v)
		}
	}
	return nil
}

func (s *State) unary(x *unaryExpr) (Value, error) {
	v, err := s.eval(x.x)
	if err != nil {
		return nil, err
	}
	if x.op == "not" {
		return !Truth(v), nil
	}
	switch n := v.(type) {
	case int64:
		if x.op == "-" {
			return -n, nil
		}
		return n, nil
	case float64:
		if x.op == "-" {
			return -n, nil
		}
		return n, nil
	}
	return nil, fmt.Errorf("%s%s isn't a number", x.op, TypeName(v))
}

func (s *State) binary(x *binaryExpr) (Value, error) {
	a, err := s.eval(x.x)
	if err != nil {
		return nil, err
	}
	switch x.op {
	case "and":
		if !Truth(a) {
			return a, nil
		}
		return s.eval(x.y)
	case "or":
		if Truth(a) {
			return a, nil
		}
		return s.eval(x.y)
	}
	b, err := s.eval(x.y)
	if err != nil {
		return nil, err
	}
	return arithmetic(x.op, a, b)
}

func (s *State) compare(x *compareExpr) (Value, error) {
	a, err := s.eval(x.x)
	if err != nil {
		return nil, err
	}
	for i, op := range x.ops {
		b, err := s.eval(x.rest[i])
		if err != nil {
			return nil, err
		}
		ok, err := compareValues(op, a, b)
		if err != nil || !ok {
			return false, err
		}
		a = b
	}
	return true, nil
}
