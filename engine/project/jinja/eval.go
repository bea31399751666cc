package jinja

import (
	"errors"
	"fmt"
	"strings"
)

// Context answers the names that a template doesn't define itself.
type Context interface {
	Lookup(name string) (v Value, ok bool)
}

// State is one rendering. It belongs to one goroutine.
type State struct {
	ctx  Context
	tmpl *Template
	out  *strings.Builder
	vars *frame
	// calls is the depth of macros; see maxCalls.
	calls int
	host  any
}

// maxCalls bounds the recursion of macros.
const maxCalls = 120

// frame holds the names set in one scope. Few: a linear search beats a map.
type frame struct {
	names  []string
	vals   []Value
	parent *frame
}

func (f *frame) get(name string) (Value, bool) {
	for ; f != nil; f = f.parent {
		for i := len(f.names) - 1; i >= 0; i-- {
			if f.names[i] == name {
				return f.vals[i], true
			}
		}
	}
	return nil, false
}

func (f *frame) set(name string, v Value) {
	for i, n := range f.names {
		if n == name {
			f.vals[i] = v
			return
		}
	}
	f.names, f.vals = append(f.names, name), append(f.vals, v)
}

// returned carries the value of return() up to the macro that is called.
type returned struct{ v Value }

func (*returned) Error() string { return "return outside of a macro" }

// Return is the error by which a Func ends the macro that calls it, which then has the value v.
func Return(v Value) error { return &returned{v} }

var (
	errBreak    = errors.New("break outside of a loop")
	errContinue = errors.New("continue outside of a loop")
)

// Render evaluates the template. host is what State.Host returns to Funcs. The error is an *Error.
func (t *Template) Render(ctx Context, host any) (string, error) {
	s := &State{ctx: ctx, tmpl: t, out: &strings.Builder{}, vars: &frame{}, host: host}
	s.out.Grow(len(t.Source) + len(t.Source)/4)
	if err := s.stmts(t.body); err != nil {
		if r := (*returned)(nil); errors.As(err, &r) {
			return Str(r.v), nil // as dbt: a return at the top of a hook is its text
		}
		return "", s.wrap(err, 0)
	}
	return s.out.String(), nil
}

// Eval evaluates text as one expression, such as "{{ x + 1 }}" or "x + 1", to a value.
func Eval(ctx Context, host any, file, text string) (Value, error) {
	src := strings.TrimSpace(text)
	if !strings.HasPrefix(src, "{{") {
		src = "{{ " + src + " }}"
	}
	t, err := Parse(file, src, 0)
	if err != nil {
		return nil, err
	}
	if len(t.body) != 1 {
		return t.Render(ctx, host)
	}
	p, ok := t.body[0].(*printStmt)
	if !ok {
		return t.Render(ctx, host)
	}
	s := &State{ctx: ctx, tmpl: t, out: &strings.Builder{}, vars: &frame{}, host: host}
	v, err := s.eval(p.expr)
	if err != nil {
		return nil, s.wrap(err, 0)
	}
	return v, nil
}

// CallMacro calls a macro of any template with a context of its own.
func CallMacro(ctx Context, host any, m *Macro, args []Value, kwargs *Dict) (Value, error) {
	s := &State{ctx: ctx, tmpl: m.tmpl, out: &strings.Builder{}, vars: &frame{}, host: host}
	v, err := s.CallMacro(m, &Call{Args: args, Kwargs: kwargs, State: s})
	if err != nil {
		return nil, s.wrap(err, m.Offset)
	}
	return v, nil
}

// Host is what Render was given.
func (s *State) Host() any { return s.host }

// Lookup finds a name as the template would at this place.
func (s *State) Lookup(name string) (Value, bool) {
	if v, ok := s.vars.get(name); ok {
		return v, true
	}
	if s.ctx != nil {
		if v, ok := s.ctx.Lookup(name); ok {
			return v, true
		}
	}
	if f, ok := global(name); ok {
		return f, true
	}
	return nil, false
}

// wrap gives an error its place unless it has one.
func (s *State) wrap(err error, at int) error {
	switch err.(type) {
	case *Error, *returned:
		return err
	}
	if err == errBreak || err == errContinue {
		return err
	}
	line, col := s.tmpl.Position(at)
	e := &Error{Message: err.Error(), File: s.tmpl.File, Line: line, Column: col, Source: s.tmpl.Source, Err: err}
	if h := (*hinted)(nil); errors.As(err, &h) {
		e.Hint = h.hint
	}
	return e
}

// Position is where the rendering is called from: file, line and column of a byte offset.
func (c *Call) position() Frame {
	line, col := c.State.tmpl.Position(c.at())
	return Frame{File: c.State.tmpl.File, Line: line, Column: col}
}

// Position is the place of the call in its template; zero for calls from Go.
func (c *Call) Position() (file string, line, column int) {
	f := c.position()
	return f.File, f.Line, f.Column
}

func (c *Call) at() int { return c.offset }

func (s *State) stmts(list []stmt) error {
	for _, st := range list {
		if err := s.stmt(st); err != nil {
			return s.wrap(err, st.at())
		}
	}
	return nil
}

func (s *State) stmt(st stmt) error {
	switch x := st.(type) {
	case *textStmt:
		s.out.WriteString(x.text)
	case *printStmt:
		v, err := s.eval(x.expr)
		if err != nil {
			return err
		}
		if text, ok := v.(string); ok {
			s.out.WriteString(text)
		} else {
			s.out.WriteString(Str(v))
		}
	case *doStmt:
		_, err := s.eval(x.expr)
		return err
	case *ifStmt:
		v, err := s.eval(x.cond)
		if err != nil {
			return err
		}
		if Truth(v) {
			return s.stmts(x.then)
		}
		return s.stmts(x.else_)
	case *forStmt:
		v, err := s.eval(x.iter)
		if err != nil {
			return err
		}
		return s.forLoop(x, v, 0)
	case *setStmt:
		return s.setStmt(x)
	case *setBlock:
		v, err := s.capture(x.body, x.filters)
		if err != nil {
			return err
		}
		return s.assign(x.target, v)
	case *withStmt:
		vals := make([]Value, len(x.values))
		for i, e := range x.values {
			v, err := s.eval(e)
			if err != nil {
				return err
			}
			vals[i] = v
		}
		return s.scoped(&frame{names: x.names, vals: vals, parent: s.vars}, x.body)
	case *filterStmt:
		v, err := s.capture(x.body, x.filters)
		s.out.WriteString(Str(v))
		return err
	case *macroStmt:
		s.vars.set(x.m.Name, s.macroValue(x.m, s.vars))
	case *callStmt:
		return s.callBlock(x)
	case *loopStmt:
		if x.brk {
			return errBreak
		}
		return errContinue
	default:
		return fmt.Errorf("unknown statement %T", st)
	}
	return nil
}

func (s *State) scoped(f *frame, body []stmt) error {
	outer := s.vars
	s.vars = f
	defer func() { s.vars = outer }()
	return s.stmts(body)
}

// capture renders a body of its own and passes the text through filters.
func (s *State) capture(body []stmt, filters []filterCall) (Value, error) {
	outer := s.out
	s.out = &strings.Builder{}
	err := s.scoped(&frame{parent: s.vars}, body)
	text := s.out.String()
	s.out = outer
	if err != nil {
		return nil, err
	}
	var v Value = text
	for i := range filters {
		if v, err = s.filter(v, &filters[i]); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (s *State) setStmt(x *setStmt) error {
	v, err := s.eval(x.value)
	if err != nil {
		return err
	}
	if len(x.targets) == 1 {
		return s.assign(x.targets[0], v)
	}
	items, err := Iterate(v)
	if err != nil {
		return err
	}
	if len(items) != len(x.targets) {
		return fmt.Errorf("%d values for %d names", len(items), len(x.targets))
	}
	for i, t := range x.targets {
		if err = s.assign(t, items[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *State) assign(t target, v Value) error {
	if t.attr == "" {
		s.vars.set(t.name, v)
		return nil
	}
	obj, _ := s.Lookup(t.name)
	ns, ok := obj.(*Namespace)
	if !ok {
		return Fail("{% set "+t.name+" = namespace("+t.attr+"=…) %} before it", "%s is not a namespace, so %s.%s can't be set", t.name, t.name, t.attr)
	}
	ns.d.Set(t.attr, v)
	return nil
}

// callBlock is {% call f(x) %}body{% endcall %}: f is called with the body as caller.
func (s *State) callBlock(x *callStmt) error {
	vars := s.vars
	caller := Func(func(c *Call) (Value, error) { return s.run(x.m, vars, c, nil) })
	call := x.call.(*callExpr)
	fn, err := s.eval(call.fn)
	if err != nil {
		return err
	}
	v, err := s.call(call, fn, caller)
	if err != nil {
		return err
	}
	s.out.WriteString(Str(v))
	return nil
}

// macroValue is a macro defined in the template itself; it sees the names around it.
func (s *State) macroValue(m *Macro, vars *frame) Func {
	return func(c *Call) (Value, error) { return s.run(m, vars, c, c.caller) }
}

// CallMacro calls a macro, of this template or another.
func (s *State) CallMacro(m *Macro, c *Call) (Value, error) {
	inner := &State{ctx: s.ctx, tmpl: m.tmpl, host: s.host, calls: s.calls}
	v, err := inner.run(m, nil, c, c.caller)
	s.calls = inner.calls
	return v, err
}

// run binds the arguments and renders the body. Its value is the text or what return() gave.
func (s *State) run(m *Macro, vars *frame, c *Call, caller Value) (Value, error) {
	if c.State != nil && c.State.calls > s.calls {
		s.calls = c.State.calls
	}
	if s.calls++; s.calls > maxCalls {
		return nil, fmt.Errorf("macros call one another more than %d deep", maxCalls)
	}
	defer func() { s.calls-- }()
	outVars, out := s.vars, s.out
	s.vars, s.out = &frame{parent: vars}, &strings.Builder{}
	err := s.bind(m, c)
	if err == nil {
		if caller != nil {
			s.vars.set("caller", caller)
		}
		err = s.stmts(m.body)
	}
	text := s.out.String()
	s.vars, s.out = outVars, out
	if err != nil {
		if r := (*returned)(nil); errors.As(err, &r) && m.Name != "caller" {
			return r.v, nil
		}
		if e := (*Error)(nil); errors.As(err, &e) && c.State != nil && m.Name != "caller" {
			f := c.position()
			f.Macro = m.Name
			e.Stack = append(e.Stack, f)
		}
		return nil, err
	}
	return text, nil
}

func (s *State) bind(m *Macro, c *Call) error {
	if len(c.Args) > len(m.Args) && !m.varargs {
		return Fail(signature(m), "%s takes %d arguments, %d were given", m.Name, len(m.Args), len(c.Args))
	}
	for i, name := range m.Args {
		given, has := c.Kwargs.Get(name)
		switch {
		case i < len(c.Args):
			if has {
				return Fail(signature(m), "%s got the argument %s twice", m.Name, name)
			}
			s.vars.set(name, c.Args[i])
		case has:
			s.vars.set(name, given)
		case i >= len(m.Args)-len(m.defaults):
			v, err := s.eval(m.defaults[i-(len(m.Args)-len(m.defaults))])
			if err != nil {
				return err
			}
			s.vars.set(name, v)
		default:
			s.vars.set(name, Undefined{Name: name})
		}
	}
	if m.varargs {
		s.vars.set("varargs", Tuple(c.Args[min(len(c.Args), len(m.Args)):]))
	}
	rest := &Dict{}
	for k, v := range c.Kwargs.All() {
		if !contains(m.Args, Str(k)) {
			rest.Set(k, v)
		}
	}
	if m.kwargs {
		s.vars.set("kwargs", rest)
	} else if rest.Len() > 0 {
		return Fail(signature(m), "%s has no argument %s", m.Name, Str(rest.keys[0]))
	}
	return nil
}

func signature(m *Macro) string { return m.Name + "(" + strings.Join(m.Args, ", ") + ")" }

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
