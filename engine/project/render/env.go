package render

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"

	"github.com/eiderdb/eider/engine/project/jinja"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/suggest"
)

// BuiltinPackage is the package of the macros that every project has.
const BuiltinPackage = "dbt"

// Env renders the texts of one project. It is safe for concurrent use once the project
// has been read.
type Env struct {
	Project *node.Project
	Inv     Invocation
	// Getenv reads the environment; nil is os.LookupEnv.
	Getenv func(string) (string, bool)

	byName map[string]map[string]*macro // package, name
	all    map[string]*macro            // id

	envMu sync.Mutex // guards Project.Env

	indexOnce sync.Once
	refs      map[string][]*node.Node // models, seeds and snapshots by name
	sources   map[[2]string]*node.Node
	graphOnce sync.Once
	graph     jinja.Value
}

// macro is a macro with its body, read when it is first called.
type macro struct {
	info *node.Macro
	once sync.Once
	m    *jinja.Macro
	err  error
	// native is a built-in that isn't written in Jinja.
	native func(c *jinja.Call, r *rendering) (jinja.Value, error)
}

// New makes the Env of a project whose Macros have been read; the built-in ones are added
// to them.
func New(p *node.Project, inv Invocation) (*Env, error) {
	if inv.ID == "" {
		inv.ID = newID()
	}
	if p.Env == nil {
		p.Env = map[string]string{}
	}
	if p.Macros == nil {
		p.Macros = map[string]*node.Macro{}
	}
	e := &Env{Project: p, Inv: inv, byName: map[string]map[string]*macro{}, all: map[string]*macro{}}
	builtins, err := builtinMacros()
	if err != nil {
		return nil, err
	}
	for _, m := range builtins {
		p.Macros[m.ID] = m
	}
	for _, m := range p.Macros {
		e.add(&macro{info: m})
	}
	return e, nil
}

func (e *Env) add(m *macro) {
	pkg := e.byName[m.info.Package]
	if pkg == nil {
		pkg = map[string]*macro{}
		e.byName[m.info.Package] = pkg
	}
	pkg[m.info.Name] = m
	e.all[m.info.ID] = m
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// template returns the macro's body.
func (m *macro) template() (*jinja.Macro, error) {
	m.once.Do(func() {
		t, err := jinja.Parse(m.info.File, m.info.Body, max(0, m.info.Pos.Line-1))
		switch {
		case err != nil:
			m.err = err
		case len(t.Macros) > 0:
			m.m = t.Macros[0]
		case len(t.Blocks) > 0 && t.Blocks[0].Macro != nil:
			m.m = t.Blocks[0].Macro
		default:
			m.err = fmt.Errorf("%s holds no macro", m.info.ID)
		}
	})
	return m.m, m.err
}

// find looks a macro up as dbt does: in the package that asks, in the project, in the built-in ones.
func (e *Env) find(pkg, name string) *macro {
	for _, p := range [...]string{pkg, e.Project.Name, BuiltinPackage} {
		if m := e.byName[p][name]; m != nil {
			return m
		}
	}
	return nil
}

// FindMacro returns the macro that a name means in a package, or nil. generic looks for a test's.
func (e *Env) FindMacro(pkg, name string) *node.Macro {
	if m := e.find(pkg, name); m != nil {
		return m.info
	}
	return nil
}

// MacroIn returns a macro of exactly this package, or nil.
func (e *Env) MacroIn(pkg, name string) *node.Macro {
	if m := e.byName[pkg][name]; m != nil {
		return m.info
	}
	return nil
}

// MacroNames are the names a package's text can call without a namespace, for suggestions.
func (e *Env) MacroNames(pkg string) []string {
	var names []string
	for _, p := range []string{pkg, e.Project.Name, BuiltinPackage} {
		for name := range e.byName[p] {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// prefixes are the adapter prefixes that dispatch tries, in order.
func (e *Env) prefixes() []string {
	switch e.Project.Target.Type {
	case "postgres":
		return []string{"eider", "duckdb", "postgres", "default"}
	}
	return []string{"eider", "duckdb", "default"}
}

// dispatch finds what adapter.dispatch(name, namespace) means.
func (e *Env) dispatch(pkg, name, namespace string) (*macro, []string) {
	search := []string{pkg, e.Project.Name, BuiltinPackage}
	if namespace != "" {
		search = []string{e.Project.Name, namespace}
		for _, p := range e.Project.Packages[:min(1, len(e.Project.Packages))] {
			for _, d := range p.Dispatch {
				if d.Namespace == namespace {
					search = d.Search
				}
			}
		}
	}
	var tried []string
	for _, p := range search {
		for _, prefix := range e.prefixes() {
			full := prefix + "__" + name
			if m := e.byName[p][full]; m != nil {
				return m, nil
			}
			tried = append(tried, p+"."+full)
		}
	}
	return nil, tried
}

// Render evaluates text in a scope. pos is where the text begins; its File is for messages.
// The error is a *node.Error.
func (e *Env) Render(ctx context.Context, s *Scope, text string, pos node.Position) (string, error) {
	if !strings.Contains(text, "{") {
		return text, nil
	}
	t, err := jinja.Parse(pos.File, text, max(0, pos.Line-1))
	if err != nil {
		return "", e.problem(err, s.Node, text)
	}
	r := e.rendering(ctx, s, nil)
	out, err := t.Render(r, nil)
	if err == nil {
		err = r.failed
	}
	if err != nil {
		return "", e.problem(err, s.Node, text)
	}
	return out, nil
}

// Eval evaluates an expression, such as the value of a key in a YAML file, to a Go value.
// Text without a tag is itself.
func (e *Env) Eval(ctx context.Context, s *Scope, text string, pos node.Position) (any, error) {
	if !strings.Contains(text, "{{") && !strings.Contains(text, "{%") {
		return text, nil
	}
	v, err := jinja.Eval(e.rendering(ctx, s, nil), nil, pos.File, text)
	if err != nil {
		p := e.problem(err, s.Node, "")
		p.Pos = pos
		return nil, p
	}
	return v, nil
}

// CallMacro calls a macro by its name, as the scope's package sees it.
func (e *Env) CallMacro(ctx context.Context, s *Scope, name string, args []any, kwargs map[string]any) (any, error) {
	r := e.rendering(ctx, s, nil)
	m := e.find(r.pkg, name)
	if ns, rest, ok := strings.Cut(name, "."); ok {
		m = e.byName[ns][rest]
	}
	if m == nil {
		return nil, &node.Error{Message: fmt.Sprintf("there is no macro %s", name), Hint: suggest.DidYouMean(name, e.MacroNames(r.pkg))}
	}
	c := &jinja.Call{}
	for _, a := range args {
		c.Args = append(c.Args, jinja.FromGo(a))
	}
	if len(kwargs) > 0 {
		c.Kwargs = jinja.FromGo(kwargs).(*jinja.Dict)
	}
	t, err := m.template()
	if err != nil {
		return nil, e.problem(err, s.Node, "")
	}
	v, err := jinja.CallMacro(r, nil, t, c.Args, c.Kwargs)
	if err != nil {
		return nil, e.problem(err, s.Node, "")
	}
	return v, nil
}

// Parse renders a text in parse mode and says what it saw. The text is a model's, a test's
// or a hook's; n gives the context.
func (e *Env) Parse(ctx context.Context, n *node.Node, text string, pos node.Position) (*Found, error) {
	found := &Found{Config: map[string]any{}}
	if !strings.Contains(text, "{") {
		return found, nil
	}
	t, err := jinja.Parse(pos.File, text, max(0, pos.Line-1))
	if err != nil {
		return nil, e.problem(err, n, text)
	}
	return found, e.parse(ctx, n, t, found, nil)
}

func (e *Env) parse(ctx context.Context, n *node.Node, t *jinja.Template, found *Found, extra map[string]any) error {
	if t.Static() {
		return nil
	}
	r := e.rendering(ctx, &Scope{Node: n, Extra: extra}, found)
	for _, c := range t.Calls() {
		found.addMacro(e.called(r.pkg, c))
	}
	_, err := t.Render(r, nil)
	if err == nil {
		err = r.failed
	}
	if err != nil {
		return e.problem(err, n, t.Source)
	}
	return nil
}

// MacroCalls are the ids of the macros that a macro's body calls.
func (e *Env) MacroCalls(id string) ([]string, error) {
	m := e.all[id]
	if m == nil || m.native != nil {
		return nil, nil
	}
	t, err := m.template()
	if err != nil {
		return nil, e.problem(err, nil, "")
	}
	f := &Found{}
	for _, c := range t.Calls() {
		f.addMacro(e.called(m.info.Package, c))
	}
	return f.Macros, nil
}

// called is the macro that a call by name means; nil if it is none.
func (e *Env) called(pkg string, c jinja.CalledName) *macro {
	switch {
	case c.Dispatch:
		m, _ := e.dispatch(pkg, c.Name, c.Package)
		return m
	case c.Package != "":
		return e.byName[c.Package][c.Name]
	}
	return e.find(pkg, c.Name)
}

func (f *Found) addMacro(m *macro) {
	if m == nil {
		return
	}
	for _, id := range f.Macros {
		if id == m.info.ID {
			return
		}
	}
	f.Macros = append(f.Macros, m.info.ID)
}

// problem turns a failure of a template into an error of the project, with the whole file
// for its excerpt.
func (e *Env) problem(err error, n *node.Node, source string) *node.Error {
	if p := (*node.Error)(nil); errors.As(err, &p) {
		if n != nil && p.Node == "" {
			p.Node = n.ID
		}
		return p
	}
	p := &node.Error{Message: err.Error(), Err: err, Source: source}
	if n != nil {
		p.Node = n.ID
		p.Pos.File = n.File
	}
	j := (*jinja.Error)(nil)
	if !errors.As(err, &j) {
		return p
	}
	p.Message, p.Hint = j.Message, j.Hint
	p.Pos = node.Position{File: j.File, Line: j.Line, Column: j.Column}
	p.Source = e.source(j)
	for _, f := range j.Stack {
		p.Stack = append(p.Stack, node.Frame{Macro: f.Macro, Pos: node.Position{File: f.File, Line: f.Line, Column: f.Column}})
	}
	return p
}

// source is the text of the file that a failure is in.
func (e *Env) source(j *jinja.Error) string {
	roots := []string{e.Project.Dir}
	for _, p := range e.Project.Packages {
		roots = append(roots, p.Dir)
	}
	for _, root := range roots {
		if data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(j.File))); err == nil {
			return string(data)
		}
	}
	return j.Source
}
