package jinja

import (
	"slices"
	"strings"
)

// maxDepth bounds nesting of expressions and blocks, so that no text exhausts the stack.
const maxDepth = 200

type parser struct {
	tmpl  *Template
	toks  []token
	i     int
	depth int
	// macro is the macro being read, for varargs, kwargs and caller.
	macro *Macro
	top   bool
	// sign is set behind a + or -, where filters wait for it.
	sign bool
	// opened are the places of the statements being read, innermost last.
	opened []int
}

// Parse reads a template. file is for messages. line is how many lines of the file lie
// before the text. The error is an *Error.
func Parse(file, source string, line int) (*Template, error) {
	t := &Template{File: file, Source: source, line: line}
	toks, err := lex(file, strings.TrimSuffix(strings.TrimSuffix(source, "\n"), "\r"))
	if err != nil {
		err.(*Error).Line += line
		err.(*Error).Source = source
		return nil, err
	}
	p := &parser{tmpl: t, toks: toks, top: true}
	t.body, err = p.block(nil)
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (p *parser) fail(at int, hint, message string) error {
	line, col := p.tmpl.Position(at)
	return &Error{Message: message, Hint: hint, File: p.tmpl.File, Line: line, Column: col, Source: p.tmpl.Source}
}

func (p *parser) tok() token  { return p.toks[p.i] }
func (p *parser) next() token { t := p.toks[p.i]; p.i++; return t }

func (p *parser) isOp(op string) bool { t := p.tok(); return t.kind == tOp && t.text == op }
func (p *parser) isName(name string) bool {
	t := p.tok()
	return t.kind == tName && t.text == name
}

func (p *parser) acceptOp(op string) bool {
	if p.isOp(op) {
		p.i++
		return true
	}
	return false
}

func (p *parser) acceptName(name string) bool {
	if p.isName(name) {
		p.i++
		return true
	}
	return false
}

func (p *parser) expectOp(op string) error {
	if p.acceptOp(op) {
		return nil
	}
	return p.unexpected("'" + op + "'")
}

func (p *parser) name() (string, error) {
	if t := p.tok(); t.kind == tName {
		p.i++
		return t.text, nil
	}
	return "", p.unexpected("a name")
}

func (p *parser) unexpected(want string) error {
	t := p.tok()
	got := "'" + t.text + "'"
	switch t.kind {
	case tEOF:
		got = "the end of the file"
	case tClose:
		got = "'}}'"
	case tEnd:
		got = "'%}'"
	case tText, tOpen, tStmt:
		got = "the end of the tag"
	case tString:
		got = "a string"
	}
	return p.fail(t.pos, "", "unexpected "+got+", expected "+want)
}

func (p *parser) end() error {
	if p.tok().kind != tEnd {
		return p.unexpected("'%}'")
	}
	p.i++
	return nil
}

// block reads statements up to one whose first word is among ends, and leaves the word as
// the current token.
func (p *parser) block(ends []string) ([]stmt, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(p.tok().pos, "", "blocks are nested too deeply")
	}
	defer func() { p.depth-- }()
	top := p.top
	var out []stmt
	for {
		t := p.next()
		switch t.kind {
		case tEOF:
			p.i--
			if ends != nil {
				return nil, p.fail(p.opened[len(p.opened)-1], "", "the file ends inside of this block: "+strings.Join(ends, " or ")+" is missing")
			}
			return out, nil
		case tText:
			out = append(out, &textStmt{pos(t.pos), t.text})
		case tOpen:
			x, err := p.tupleExpr()
			if err != nil {
				return nil, err
			}
			if p.tok().kind != tClose {
				return nil, p.unexpected("'}}'")
			}
			p.i++
			out = append(out, &printStmt{pos(t.pos), x})
		case tStmt:
			word := p.tok()
			if word.kind == tName && slices.Contains(ends, word.text) {
				return out, nil
			}
			p.top = false
			s, err := p.statement(t.pos, top)
			p.top = top
			if err != nil {
				return nil, err
			}
			if s != nil {
				out = append(out, s)
			}
		}
	}
}

// body reads up to the end tag and past it.
func (p *parser) body(end string) ([]stmt, error) {
	out, err := p.block([]string{end})
	if err != nil {
		return nil, err
	}
	p.i++
	if p.tok().kind == tName { // {% endmacro name %}
		p.i++
	}
	return out, p.end()
}

// statement reads one {% … %} after its opening; top says that it stands outside of all blocks.
func (p *parser) statement(at int, top bool) (stmt, error) {
	word, err := p.name()
	if err != nil {
		return nil, err
	}
	p.opened = append(p.opened, at)
	defer func() { p.opened = p.opened[:len(p.opened)-1] }()
	switch word {
	case "if":
		return p.ifStatement(at)
	case "for":
		return p.forStatement(at)
	case "set":
		return p.setStatement(at)
	case "do":
		x, err := p.tupleExpr()
		if err != nil {
			return nil, err
		}
		return &doStmt{pos(at), x}, p.end()
	case "print":
		x, err := p.tupleExpr()
		if err != nil {
			return nil, err
		}
		return &printStmt{pos(at), x}, p.end()
	case "macro", "test", "data_test":
		return p.macroStatement(at, word, top)
	case "call":
		return p.callStatement(at)
	case "filter":
		return p.filterStatement(at)
	case "with":
		return p.withStatement(at)
	case "break", "continue":
		return &loopStmt{pos(at), word == "break"}, p.end()
	case "snapshot", "docs", "materialization":
		if top {
			return p.dbtBlock(at, word)
		}
		return nil, p.fail(at, "", "a "+word+" block stands at the top of a file, not inside of another block")
	case "extends", "include", "import", "from", "block":
		return nil, p.fail(at, "write a macro: macros of every file are known by their names", "{% "+word+" %} isn't supported")
	}
	hint := ""
	if strings.HasPrefix(word, "end") || word == "else" || word == "elif" {
		hint = "its block has not been opened, or was closed before"
	}
	return nil, p.fail(at, hint, "unknown statement '"+word+"'")
}

func (p *parser) ifStatement(at int) (stmt, error) {
	s := &ifStmt{pos: pos(at)}
	var err error
	if s.cond, err = p.tupleExpr(); err != nil {
		return nil, err
	}
	if err = p.end(); err != nil {
		return nil, err
	}
	if s.then, err = p.block([]string{"elif", "else", "endif"}); err != nil {
		return nil, err
	}
	word := p.next()
	switch word.text {
	case "elif":
		nested, err := p.ifStatement(word.pos)
		if err != nil {
			return nil, err
		}
		s.else_ = []stmt{nested}
		return s, nil
	case "else":
		if err = p.end(); err != nil {
			return nil, err
		}
		s.else_, err = p.body("endif")
		return s, err
	}
	return s, p.end()
}

func (p *parser) forStatement(at int) (stmt, error) {
	s := &forStmt{pos: pos(at)}
	paren := p.acceptOp("(")
	for {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		s.targets = append(s.targets, name)
		if !p.acceptOp(",") {
			break
		}
	}
	if paren {
		if err := p.expectOp(")"); err != nil {
			return nil, err
		}
	}
	if !p.acceptName("in") {
		return nil, p.unexpected("'in'")
	}
	var err error
	if s.iter, err = p.tuple(p.noCond); err != nil {
		return nil, err
	}
	if p.acceptName("if") {
		if s.filter, err = p.expr(); err != nil {
			return nil, err
		}
	}
	s.recursive = p.acceptName("recursive")
	if err = p.end(); err != nil {
		return nil, err
	}
	if s.body, err = p.block([]string{"else", "endfor"}); err != nil {
		return nil, err
	}
	if p.next().text == "else" {
		if err = p.end(); err != nil {
			return nil, err
		}
		s.else_, err = p.body("endfor")
		return s, err
	}
	return s, p.end()
}

func (p *parser) setStatement(at int) (stmt, error) {
	var targets []target
	paren := p.acceptOp("(")
	for {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		t := target{name: name}
		if p.acceptOp(".") {
			if t.attr, err = p.name(); err != nil {
				return nil, err
			}
		}
		targets = append(targets, t)
		if !p.acceptOp(",") || p.isOp("=") {
			break
		}
	}
	if paren {
		if err := p.expectOp(")"); err != nil {
			return nil, err
		}
	}
	if p.acceptOp("=") {
		x, err := p.tupleExpr()
		if err != nil {
			return nil, err
		}
		return &setStmt{pos(at), targets, x}, p.end()
	}
	if len(targets) > 1 {
		return nil, p.unexpected("'='")
	}
	s := &setBlock{pos: pos(at), target: targets[0]}
	var err error
	if s.filters, err = p.filters(); err != nil {
		return nil, err
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	s.body, err = p.body("endset")
	return s, err
}

func (p *parser) filters() ([]filterCall, error) {
	var out []filterCall
	for p.acceptOp("|") {
		f, err := p.filterCall()
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func (p *parser) filterCall() (filterCall, error) {
	f := filterCall{pos: pos(p.tok().pos)}
	var err error
	if f.name, err = p.name(); err != nil {
		return f, err
	}
	for p.acceptOp(".") {
		more, err := p.name()
		if err != nil {
			return f, err
		}
		f.name += "." + more
	}
	if p.isOp("(") {
		f.args, err = p.callArgs()
	}
	return f, err
}

func (p *parser) filterStatement(at int) (stmt, error) {
	s := &filterStmt{pos: pos(at)}
	f, err := p.filterCall()
	if err != nil {
		return nil, err
	}
	more, err := p.filters()
	if err != nil {
		return nil, err
	}
	s.filters = append([]filterCall{f}, more...)
	if err = p.end(); err != nil {
		return nil, err
	}
	s.body, err = p.body("endfilter")
	return s, err
}

func (p *parser) withStatement(at int) (stmt, error) {
	s := &withStmt{pos: pos(at)}
	for p.tok().kind == tName {
		name, _ := p.name()
		if err := p.expectOp("="); err != nil {
			return nil, err
		}
		x, err := p.expr()
		if err != nil {
			return nil, err
		}
		s.names, s.values = append(s.names, name), append(s.values, x)
		if !p.acceptOp(",") {
			break
		}
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	var err error
	s.body, err = p.body("endwith")
	return s, err
}

// signature reads (a, b='x') into m.
func (p *parser) signature(m *Macro) error {
	if err := p.expectOp("("); err != nil {
		return err
	}
	for !p.acceptOp(")") {
		at := p.tok().pos
		name, err := p.name()
		if err != nil {
			return err
		}
		m.Args = append(m.Args, name)
		if p.acceptOp("=") {
			x, err := p.expr()
			if err != nil {
				return err
			}
			m.defaults = append(m.defaults, x)
		} else if len(m.defaults) > 0 {
			return p.fail(at, "give "+name+" a default, or move it to the front", "the argument "+name+" has no default, but one before it has")
		}
		if !p.acceptOp(",") && !p.isOp(")") {
			return p.unexpected("',' or ')'")
		}
	}
	return nil
}

// inMacro reads a macro's body.
func (p *parser) inMacro(m *Macro, end string) error {
	outer := p.macro
	p.macro = m
	defer func() { p.macro = outer }()
	var err error
	if m.body, err = p.body(end); err != nil {
		return err
	}
	m.End = p.toks[p.i-1].end
	return nil
}

func (p *parser) macroStatement(at int, word string, top bool) (stmt, error) {
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	if word != "macro" {
		name = "test_" + name
	}
	m := &Macro{Name: name, Offset: at, tmpl: p.tmpl}
	if err = p.signature(m); err != nil {
		return nil, err
	}
	if err = p.end(); err != nil {
		return nil, err
	}
	if err = p.inMacro(m, "end"+word); err != nil {
		return nil, err
	}
	if top {
		p.tmpl.Macros = append(p.tmpl.Macros, m)
	}
	return &macroStmt{pos(at), m}, nil
}

func (p *parser) callStatement(at int) (stmt, error) {
	m := &Macro{Name: "caller", Offset: at, tmpl: p.tmpl}
	if p.isOp("(") {
		if err := p.signature(m); err != nil {
			return nil, err
		}
	}
	x, err := p.expr()
	if err != nil {
		return nil, err
	}
	if _, ok := x.(*callExpr); !ok {
		return nil, p.fail(x.at(), "{% call name(…) %}", "{% call %} takes the call of a macro")
	}
	if err = p.end(); err != nil {
		return nil, err
	}
	if m.body, err = p.body("endcall"); err != nil {
		return nil, err
	}
	return &callStmt{pos(at), m, x}, nil
}

// dbtBlock reads {% snapshot x %}, {% docs x %} and {% materialization x, adapter='y' %}.
func (p *parser) dbtBlock(at int, word string) (stmt, error) {
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	b := &Block{Kind: word, Name: name, Offset: at}
	m := &Macro{Name: name, Offset: at, tmpl: p.tmpl}
	if word == "materialization" {
		adapter := "default"
		for p.acceptOp(",") {
			key, err := p.name()
			if err != nil {
				return nil, err
			}
			if !p.acceptOp("=") {
				continue // default
			}
			x, err := p.expr()
			if err != nil {
				return nil, err
			}
			if c, ok := x.(*constExpr); ok && key == "adapter" {
				adapter = Str(c.v)
			}
		}
		m.Name = "materialization_" + name + "_" + adapter
	}
	if err = p.end(); err != nil {
		return nil, err
	}
	b.TextOffset = p.toks[p.i-1].end
	if err = p.inMacro(m, "end"+word); err != nil {
		return nil, err
	}
	// The end tag's opening is where the text ends.
	end := strings.LastIndex(p.tmpl.Source[:m.End], "{%")
	b.Text = p.tmpl.Source[b.TextOffset:end]
	b.Macro = m
	p.tmpl.Blocks = append(p.tmpl.Blocks, b)
	return nil, nil
}
