package jinja

import "fmt"

// loop is the variable `loop` of a for loop.
type loop struct {
	items   []Value
	i       int
	depth   int
	s       *State
	st      *forStmt
	changed Value
}

func (l *loop) TypeName() string { return "loop" }

func (l *loop) Attr(name string) (Value, bool) {
	n := len(l.items)
	switch name {
	case "index":
		return int64(l.i + 1), true
	case "index0":
		return int64(l.i), true
	case "first":
		return l.i == 0, true
	case "last":
		return l.i == n-1, true
	case "length":
		return int64(n), true
	case "revindex":
		return int64(n - l.i), true
	case "revindex0":
		return int64(n - l.i - 1), true
	case "depth":
		return int64(l.depth + 1), true
	case "depth0":
		return int64(l.depth), true
	case "previtem":
		if l.i > 0 {
			return l.items[l.i-1], true
		}
		return Undefined{Name: "loop.previtem"}, true
	case "nextitem":
		if l.i < n-1 {
			return l.items[l.i+1], true
		}
		return Undefined{Name: "loop.nextitem"}, true
	case "cycle":
		return Func(func(c *Call) (Value, error) {
			if len(c.Args) == 0 {
				return nil, fmt.Errorf("loop.cycle takes at least one argument")
			}
			return c.Args[l.i%len(c.Args)], nil
		}), true
	case "changed":
		return Func(func(c *Call) (Value, error) {
			now := Tuple(c.Args)
			was := l.changed
			l.changed = now
			return was == nil || !Equal(was, now), nil
		}), true
	}
	return nil, false
}

// Call is loop(items) of a recursive loop.
func (l *loop) Call(c *Call) (Value, error) {
	if !l.st.recursive {
		return nil, Fail("{% for … recursive %}", "the loop isn't recursive")
	}
	if len(c.Args) != 1 {
		return nil, fmt.Errorf("loop takes one argument")
	}
	if l.depth+1 > maxCalls {
		return nil, fmt.Errorf("the loop recurs more than %d deep", maxCalls)
	}
	s := l.s
	outer := s.out
	s.out = newOut()
	err := s.forLoop(l.st, c.Args[0], l.depth+1)
	text := s.out.String()
	s.out = outer
	return text, err
}

func (s *State) forLoop(x *forStmt, over Value, depth int) error {
	items, err := Iterate(over)
	if err != nil {
		return s.wrap(err, x.iter.at())
	}
	outer := s.vars
	defer func() { s.vars = outer }()
	if x.filter != nil {
		kept := make([]Value, 0, len(items))
		for _, item := range items {
			s.vars = &frame{parent: outer}
			if err := s.unpack(x.targets, item); err != nil {
				return err
			}
			v, err := s.eval(x.filter)
			if err != nil {
				return err
			}
			if Truth(v) {
				kept = append(kept, item)
			}
		}
		items = kept
		s.vars = outer
	}
	if len(items) == 0 {
		return s.stmts(x.else_)
	}
	l := &loop{items: items, depth: depth, s: s, st: x}
	for i, item := range items {
		l.i = i
		s.vars = &frame{names: make([]string, 0, 4), vals: make([]Value, 0, 4), parent: outer}
		s.vars.set("loop", l)
		if err := s.unpack(x.targets, item); err != nil {
			return err
		}
		if err := s.stmts(x.body); err != nil {
			if err == errBreak {
				break
			}
			if err != errContinue {
				return err
			}
		}
	}
	return nil
}

func (s *State) unpack(names []string, item Value) error {
	if len(names) == 1 {
		s.vars.set(names[0], item)
		return nil
	}
	parts, err := Iterate(item)
	if err != nil {
		return err
	}
	if len(parts) != len(names) {
		return Fail("a dict is walked by .items()", "%d values for %d names", len(parts), len(names))
	}
	for i, n := range names {
		s.vars.set(n, parts[i])
	}
	return nil
}
