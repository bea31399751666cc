package jinja

// CalledName is a call that a template makes by name: f(…), pkg.f(…), or
// adapter.dispatch('f', 'pkg') with Dispatch set.
type CalledName struct {
	Package, Name string
	Dispatch      bool
}

// Calls are the calls of the template in order, each once, whether or not a rendering
// would come to them.
func (t *Template) Calls() []CalledName {
	w := &walker{seen: map[CalledName]bool{}}
	w.stmts(t.body)
	return w.out
}

// Calls are those of the macro's body.
func (m *Macro) Calls() []CalledName {
	w := &walker{seen: map[CalledName]bool{}}
	w.macro(m)
	return w.out
}

type walker struct {
	seen map[CalledName]bool
	out  []CalledName
}

func (w *walker) add(c CalledName) {
	if !w.seen[c] {
		w.seen[c] = true
		w.out = append(w.out, c)
	}
}

func (w *walker) macro(m *Macro) {
	w.exprs(m.defaults)
	w.stmts(m.body)
}

func (w *walker) filters(list []filterCall) {
	for i := range list {
		w.args(&list[i].args)
	}
}

func (w *walker) args(a *args) {
	w.exprs(a.pos)
	w.exprs(a.named)
	w.expr(a.star)
	w.expr(a.starred)
}

func (w *walker) exprs(list []expr) {
	for _, x := range list {
		w.expr(x)
	}
}

func (w *walker) stmts(list []stmt) {
	for _, st := range list {
		switch x := st.(type) {
		case *printStmt:
			w.expr(x.expr)
		case *doStmt:
			w.expr(x.expr)
		case *ifStmt:
			w.expr(x.cond)
			w.stmts(x.then)
			w.stmts(x.else_)
		case *forStmt:
			w.expr(x.iter)
			w.expr(x.filter)
			w.stmts(x.body)
			w.stmts(x.else_)
		case *setStmt:
			w.expr(x.value)
		case *setBlock:
			w.filters(x.filters)
			w.stmts(x.body)
		case *withStmt:
			w.exprs(x.values)
			w.stmts(x.body)
		case *filterStmt:
			w.filters(x.filters)
			w.stmts(x.body)
		case *macroStmt:
			w.macro(x.m)
		case *callStmt:
			w.expr(x.call)
			w.macro(x.m)
		}
	}
}

func (w *walker) expr(x expr) {
	switch x := x.(type) {
	case nil:
	case *attrExpr:
		w.expr(x.x)
	case *indexExpr:
		w.expr(x.x)
		w.expr(x.key)
	case *sliceExpr:
		w.exprs([]expr{x.x, x.lo, x.hi, x.stride})
	case *callExpr:
		w.called(x)
		w.expr(x.fn)
		w.args(&x.args)
	case *filterExpr:
		w.expr(x.x)
		w.args(&x.args)
	case *testExpr:
		w.expr(x.x)
		w.exprs(x.args)
	case *unaryExpr:
		w.expr(x.x)
	case *binaryExpr:
		w.expr(x.x)
		w.expr(x.y)
	case *compareExpr:
		w.expr(x.x)
		w.exprs(x.rest)
	case *condExpr:
		w.exprs([]expr{x.cond, x.x, x.y})
	case *listExpr:
		w.exprs(x.items)
	case *dictExpr:
		w.exprs(x.keys)
		w.exprs(x.vals)
	}
}

func (w *walker) called(x *callExpr) {
	switch fn := x.fn.(type) {
	case *nameExpr:
		w.add(CalledName{Name: fn.name})
	case *attrExpr:
		of, ok := fn.x.(*nameExpr)
		if !ok {
			return
		}
		if of.name != "adapter" || fn.name != "dispatch" {
			w.add(CalledName{Package: of.name, Name: fn.name})
			return
		}
		c := CalledName{Dispatch: true}
		given := append([]expr(nil), x.args.pos...)
		for i, name := range x.args.names {
			switch name {
			case "macro_name":
				given = append([]expr{x.args.named[i]}, given...)
			case "macro_namespace":
				given = append(given, x.args.named[i])
			}
		}
		for i, e := range given {
			k, ok := e.(*constExpr)
			if !ok {
				continue
			}
			if text, ok := k.v.(string); ok && i == 0 {
				c.Name = text
			} else if ok && i == 1 {
				c.Package = text
			}
		}
		if c.Name != "" {
			w.add(c)
		}
	}
}
