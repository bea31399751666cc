package jinja

import (
	"slices"
	"strconv"
)

// tupleExpr reads an expression, or several with commas as a tuple.
func (p *parser) tupleExpr() (expr, error) { return p.tuple(p.expr) }

func (p *parser) tuple(one func() (expr, error)) (expr, error) {
	at := p.tok().pos
	x, err := one()
	if err != nil || !p.isOp(",") {
		return x, err
	}
	items := []expr{x}
	for p.acceptOp(",") {
		if k := p.tok(); k.kind == tEnd || k.kind == tClose || k.kind == tOp && (k.text == ")" || k.text == "=") {
			break
		}
		if x, err = one(); err != nil {
			return nil, err
		}
		items = append(items, x)
	}
	return &listExpr{pos(at), items, true}, nil
}

// expr reads x if c else y.
func (p *parser) expr() (expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(p.tok().pos, "", "the expression is nested too deeply")
	}
	defer func() { p.depth-- }()
	x, err := p.noCond()
	if err != nil {
		return nil, err
	}
	for p.isName("if") {
		at := p.next().pos
		cond, err := p.noCond()
		if err != nil {
			return nil, err
		}
		c := &condExpr{pos: pos(at), cond: cond, x: x}
		if p.acceptName("else") {
			if c.y, err = p.expr(); err != nil {
				return nil, err
			}
		}
		x = c
	}
	return x, nil
}

func (p *parser) noCond() (expr, error) { return p.or() }

func (p *parser) or() (expr, error) {
	return p.leftNamed("or", p.and)
}

func (p *parser) and() (expr, error) {
	return p.leftNamed("and", p.not)
}

func (p *parser) leftNamed(word string, below func() (expr, error)) (expr, error) {
	x, err := below()
	for err == nil && p.isName(word) {
		at := p.next().pos
		var y expr
		y, err = below()
		x = &binaryExpr{pos(at), word, x, y}
	}
	return x, err
}

func (p *parser) not() (expr, error) {
	if p.isName("not") {
		at := p.next().pos
		x, err := p.not()
		return &unaryExpr{pos(at), "not", x}, err
	}
	return p.compare()
}

func (p *parser) compare() (expr, error) {
	x, err := p.left([]string{"+", "-"}, p.concat)
	if err != nil {
		return nil, err
	}
	c := &compareExpr{pos: pos(p.tok().pos), x: x}
	for {
		t := p.tok()
		op := ""
		switch {
		case t.kind == tOp && slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, t.text):
			op = t.text
		case t.kind == tName && t.text == "in":
			op = "in"
		case t.kind == tName && t.text == "not" && p.toks[p.i+1].kind == tName && p.toks[p.i+1].text == "in":
			op = "not in"
			p.i++
		}
		if op == "" {
			break
		}
		p.i++
		y, err := p.left([]string{"+", "-"}, p.concat)
		if err != nil {
			return nil, err
		}
		c.ops, c.rest = append(c.ops, op), append(c.rest, y)
	}
	if len(c.ops) == 0 {
		return x, nil
	}
	return c, nil
}

func (p *parser) left(ops []string, below func() (expr, error)) (expr, error) {
	x, err := below()
	for err == nil {
		t := p.tok()
		if t.kind != tOp || !slices.Contains(ops, t.text) {
			break
		}
		p.i++
		var y expr
		y, err = below()
		x = &binaryExpr{pos(t.pos), t.text, x, y}
	}
	return x, err
}

func (p *parser) concat() (expr, error) {
	return p.left([]string{"~"}, func() (expr, error) { return p.left([]string{"*", "/", "//", "%"}, p.unary) })
}

func (p *parser) unary() (expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(p.tok().pos, "", "the expression is nested too deeply")
	}
	defer func() { p.depth-- }()
	var x expr
	var err error
	if t := p.tok(); t.kind == tOp && (t.text == "-" || t.text == "+") {
		p.i++
		// A sign binds more tightly than a filter: -1|abs is 1.
		filters := p.sign
		p.sign = true
		x, err = p.unary()
		p.sign = filters
		if err != nil {
			return nil, err
		}
		x = &unaryExpr{pos(t.pos), t.text, x}
		if p.sign {
			return x, nil
		}
		return p.filtered(x)
	}
	sign := p.sign
	p.sign = false // inside of brackets and after ** filters count again
	if x, err = p.primary(); err != nil {
		return nil, err
	}
	if x, err = p.postfix(x); err != nil {
		return nil, err
	}
	p.sign = sign
	if p.isOp("**") {
		at := p.next().pos
		y, err := p.unary()
		if err != nil {
			return nil, err
		}
		x = &binaryExpr{pos(at), "**", x, y}
	}
	if p.sign {
		return x, nil
	}
	return p.filtered(x)
}

func (p *parser) primary() (expr, error) {
	t := p.next()
	at := pos(t.pos)
	switch t.kind {
	case tName:
		switch t.text {
		case "true", "True":
			return &constExpr{at, true}, nil
		case "false", "False":
			return &constExpr{at, false}, nil
		case "none", "None":
			return &constExpr{at, nil}, nil
		}
		p.noteName(t.text)
		return &nameExpr{at, t.text}, nil
	case tString:
		s := t.text
		for p.tok().kind == tString {
			s += p.next().text
		}
		return &constExpr{at, s}, nil
	case tInt:
		n, err := strconv.ParseInt(t.text, 10, 64)
		if err != nil {
			return nil, p.fail(t.pos, "", "the number "+t.text+" is out of range")
		}
		return &constExpr{at, n}, nil
	case tFloat:
		f, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return nil, p.fail(t.pos, "", "the number "+t.text+" is out of range")
		}
		return &constExpr{at, f}, nil
	case tOp:
		switch t.text {
		case "(":
			if p.acceptOp(")") {
				return &listExpr{at, nil, true}, nil
			}
			x, err := p.tupleExpr()
			if err != nil {
				return nil, err
			}
			return x, p.expectOp(")")
		case "[":
			items, err := p.items("]")
			return &listExpr{at, items, false}, err
		case "{":
			return p.dict(at)
		}
	}
	p.i--
	return nil, p.unexpected("an expression")
}

// noteName remembers what a macro's body uses of its call.
func (p *parser) noteName(name string) {
	if p.macro == nil {
		return
	}
	switch name {
	case "varargs":
		p.macro.varargs = true
	case "kwargs":
		p.macro.kwargs = true
	case "caller":
		p.macro.caller = true
	}
}

func (p *parser) items(end string) ([]expr, error) {
	var out []expr
	for !p.acceptOp(end) {
		x, err := p.expr()
		if err != nil {
			return nil, err
		}
		out = append(out, x)
		if !p.acceptOp(",") && !p.isOp(end) {
			return nil, p.unexpected("',' or '" + end + "'")
		}
	}
	return out, nil
}

func (p *parser) dict(at pos) (expr, error) {
	d := &dictExpr{pos: at}
	for !p.acceptOp("}") {
		k, err := p.expr()
		if err != nil {
			return nil, err
		}
		if err = p.expectOp(":"); err != nil {
			return nil, err
		}
		v, err := p.expr()
		if err != nil {
			return nil, err
		}
		d.keys, d.vals = append(d.keys, k), append(d.vals, v)
		if !p.acceptOp(",") && !p.isOp("}") {
			return nil, p.unexpected("',' or '}'")
		}
	}
	return d, nil
}

// postfix reads .name, [index] and (call).
func (p *parser) postfix(x expr) (expr, error) {
	for {
		t := p.tok()
		if t.kind != tOp {
			return x, nil
		}
		switch t.text {
		case ".":
			p.i++
			n := p.next()
			switch n.kind {
			case tName:
				x = &attrExpr{pos(n.pos), x, n.text}
			case tInt: // x.0
				i, _ := strconv.ParseInt(n.text, 10, 64)
				x = &indexExpr{pos(n.pos), x, &constExpr{pos(n.pos), i}}
			default:
				p.i--
				return nil, p.unexpected("a name")
			}
		case "[":
			p.i++
			y, err := p.subscript(x, pos(t.pos))
			if err != nil {
				return nil, err
			}
			x = y
		case "(":
			a, err := p.callArgs()
			if err != nil {
				return nil, err
			}
			x = &callExpr{pos(x.at()), x, a}
		default:
			return x, nil
		}
	}
}

func (p *parser) subscript(x expr, at pos) (expr, error) {
	var parts [3]expr
	n, colons := 0, 0
	for !p.acceptOp("]") {
		if p.acceptOp(":") {
			if colons++; colons > 2 {
				return nil, p.fail(p.tok().pos, "", "a slice has at most two colons")
			}
			n = colons
			continue
		}
		y, err := p.tupleExpr()
		if err != nil {
			return nil, err
		}
		parts[n] = y
		if !p.isOp(":") && !p.isOp("]") {
			return nil, p.unexpected("']'")
		}
	}
	if colons > 0 {
		return &sliceExpr{at, x, parts[0], parts[1], parts[2]}, nil
	}
	if parts[0] == nil {
		return nil, p.fail(int(at), "", "an index is missing")
	}
	return &indexExpr{at, x, parts[0]}, nil
}

func (p *parser) callArgs() (args, error) {
	var a args
	if err := p.expectOp("("); err != nil {
		return a, err
	}
	for !p.acceptOp(")") {
		t := p.tok()
		var err error
		switch {
		case p.acceptOp("**"):
			a.starred, err = p.expr()
		case p.acceptOp("*"):
			a.star, err = p.expr()
		case t.kind == tName && p.toks[p.i+1].kind == tOp && p.toks[p.i+1].text == "=":
			p.i += 2
			var x expr
			x, err = p.expr()
			a.names, a.named = append(a.names, t.text), append(a.named, x)
		default:
			if len(a.names) > 0 {
				return a, p.fail(t.pos, "", "an argument without a name follows one with a name")
			}
			var x expr
			x, err = p.expr()
			a.pos = append(a.pos, x)
		}
		if err != nil {
			return a, err
		}
		if !p.acceptOp(",") && !p.isOp(")") {
			return a, p.unexpected("',' or ')'")
		}
	}
	return a, nil
}

// filtered reads | filter and is test.
func (p *parser) filtered(x expr) (expr, error) {
	for {
		switch {
		case p.acceptOp("|"):
			f, err := p.filterCall()
			if err != nil {
				return nil, err
			}
			x = &filterExpr{x, f}
			if x, err = p.postfix(x); err != nil {
				return nil, err
			}
		case p.isName("is"):
			at := p.next().pos
			t := &testExpr{pos: pos(at), x: x, not: p.acceptName("not")}
			var err error
			if t.name, err = p.name(); err != nil {
				return nil, err
			}
			if t.args, err = p.testArgs(); err != nil {
				return nil, err
			}
			x = t
		default:
			return x, nil
		}
	}
}

func (p *parser) testArgs() ([]expr, error) {
	if p.isOp("(") {
		a, err := p.callArgs()
		return a.pos, err
	}
	t := p.tok()
	switch t.kind {
	case tName:
		if slices.Contains([]string{"else", "or", "and", "is", "if", "not", "in", "recursive"}, t.text) {
			return nil, nil
		}
	case tString, tInt, tFloat:
	case tOp:
		if t.text != "[" && t.text != "{" {
			return nil, nil
		}
	default:
		return nil, nil
	}
	x, err := p.primary()
	if err != nil {
		return nil, err
	}
	x, err = p.postfix(x)
	return []expr{x}, err
}
