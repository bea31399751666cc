package jinja

import "fmt"

// Namespace is namespace(…): the one value whose attributes {% set ns.x = … %} changes.
type Namespace struct{ d Dict }

// TypeName is what messages call it.
func (n *Namespace) TypeName() string { return "namespace" }

// Attr returns an attribute that has been set.
func (n *Namespace) Attr(name string) (Value, bool) { return n.d.Get(name) }

// global returns Jinja's own functions.
func global(name string) (Value, bool) {
	switch name {
	case "range":
		return Func(rangeFunc), true
	case "dict":
		return Func(func(c *Call) (Value, error) {
			d := &Dict{}
			if len(c.Args) > 0 {
				if from, ok := c.Args[0].(*Dict); ok {
					d = from.Copy()
				} else {
					pairs, err := Iterate(c.Args[0])
					if err != nil {
						return nil, err
					}
					for _, p := range pairs {
						kv, err := Iterate(p)
						if err != nil || len(kv) != 2 || !Hashable(kv[0]) {
							return nil, fmt.Errorf("dict takes pairs of a key and a value")
						}
						d.Set(kv[0], kv[1])
					}
				}
			}
			for k, v := range c.Kwargs.All() {
				d.Set(k, v)
			}
			return d, nil
		}), true
	case "namespace":
		return Func(func(c *Call) (Value, error) {
			n := &Namespace{}
			if len(c.Args) > 0 {
				if d, ok := c.Args[0].(*Dict); ok {
					n.d = *d.Copy()
				}
			}
			for k, v := range c.Kwargs.All() {
				n.d.Set(k, v)
			}
			return n, nil
		}), true
	case "cycler":
		return Func(func(c *Call) (Value, error) { return &cycler{items: c.Args}, nil }), true
	case "joiner":
		return Func(func(c *Call) (Value, error) {
			sep, first := ", ", true
			if len(c.Args) > 0 {
				sep = Str(c.Args[0])
			}
			return Func(func(*Call) (Value, error) {
				if first {
					first = false
					return "", nil
				}
				return sep, nil
			}), nil
		}), true
	}
	return nil, false
}

func rangeFunc(c *Call) (Value, error) {
	var b [3]int64
	for i, v := range c.Args {
		n, ok := v.(int64)
		if !ok || i > 2 {
			return nil, fmt.Errorf("range takes up to three integers")
		}
		b[i] = n
	}
	start, stop, step := int64(0), b[0], int64(1)
	switch len(c.Args) {
	case 0:
		return nil, fmt.Errorf("range takes at least one integer")
	case 2:
		start, stop = b[0], b[1]
	case 3:
		start, stop, step = b[0], b[1], b[2]
	}
	if step == 0 {
		return nil, fmt.Errorf("range: the step can't be zero")
	}
	if (stop-start)/step > maxRange {
		return nil, fmt.Errorf("range: more than %d numbers", maxRange)
	}
	l := &List{}
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		l.Items = append(l.Items, i)
	}
	return l, nil
}

// maxRange is Jinja's own bound in its sandbox, ten times over.
const maxRange = 1_000_000

type cycler struct {
	items []Value
	i     int
}

func (c *cycler) TypeName() string { return "cycler" }

func (c *cycler) Attr(name string) (Value, bool) {
	if len(c.items) == 0 {
		return nil, false
	}
	switch name {
	case "current":
		return c.items[c.i%len(c.items)], true
	case "next":
		return Func(func(*Call) (Value, error) {
			v := c.items[c.i%len(c.items)]
			c.i++
			return v, nil
		}), true
	case "reset":
		return Func(func(*Call) (Value, error) { c.i = 0; return nil, nil }), true
	}
	return nil, false
}
