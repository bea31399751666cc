package jinja

// Nodes of statements. Each has the byte offset where it begins.
type (
	stmt interface{ at() int }
	pos  int

	textStmt struct {
		pos
		text string
	}
	printStmt struct {
		pos
		expr expr
	}
	doStmt struct {
		pos
		expr expr
	}
	ifStmt struct {
		pos
		cond        expr
		then, else_ []stmt
	}
	forStmt struct {
		pos
		targets   []string
		iter      expr
		filter    expr
		recursive bool
		body      []stmt
		else_     []stmt
	}
	setStmt struct {
		pos
		targets []target
		value   expr
	}
	setBlock struct {
		pos
		target  target
		filters []filterCall
		body    []stmt
	}
	withStmt struct {
		pos
		names  []string
		values []expr
		body   []stmt
	}
	filterStmt struct {
		pos
		filters []filterCall
		body    []stmt
	}
	macroStmt struct {
		pos
		m *Macro
	}
	callStmt struct {
		pos
		m    *Macro // the body, with the arguments of {% call(x) … %}
		call expr
	}
	loopStmt struct {
		pos
		brk bool // break, otherwise continue
	}
)

func (p pos) at() int { return int(p) }

// target is what {% set %} assigns to: a name or an attribute of a namespace.
type target struct {
	name, attr string
}

type filterCall struct {
	pos
	name string
	args args
}

// Nodes of expressions.
type (
	expr interface{ at() int }

	constExpr struct {
		pos
		v Value
	}
	nameExpr struct {
		pos
		name string
	}
	attrExpr struct {
		pos
		x    expr
		name string
	}
	indexExpr struct {
		pos
		x, key expr
	}
	sliceExpr struct {
		pos
		x              expr
		lo, hi, stride expr
	}
	callExpr struct {
		pos
		fn   expr
		args args
	}
	filterExpr struct {
		x expr
		filterCall
	}
	testExpr struct {
		pos
		x    expr
		name string
		args []expr
		not  bool
	}
	unaryExpr struct {
		pos
		op string
		x  expr
	}
	binaryExpr struct {
		pos
		op   string
		x, y expr
	}
	compareExpr struct {
		pos
		x    expr
		ops  []string
		rest []expr
	}
	condExpr struct {
		pos
		cond, x, y expr // y may be nil
	}
	listExpr struct {
		pos
		items []expr
		tuple bool
	}
	dictExpr struct {
		pos
		keys, vals []expr
	}
)

type args struct {
	pos     []expr
	names   []string
	named   []expr
	star    expr // *args
	starred expr // **kwargs
}

// Macro is a macro of a template, or a block of dbt's that is called like one.
type Macro struct {
	Name     string
	Args     []string
	Offset   int // byte offset of its {% in the template
	End      int // after its {% endmacro %}
	tmpl     *Template
	defaults []expr // of the last arguments
	body     []stmt
	varargs  bool // the body names varargs, kwargs, caller
	kwargs   bool
	caller   bool
}

// Template is the macro's template.
func (m *Macro) Template() *Template { return m.tmpl }

// Block is a block that dbt adds at the top of a file: snapshot, docs, or materialization.
type Block struct {
	Kind   string
	Name   string
	Offset int
	// Text is what lies between the tags.
	Text string
	// TextOffset is where Text begins.
	TextOffset int
	// Macro is a materialization's body, to call it by.
	Macro *Macro
}

// Template is a template that has been read. It doesn't change and may be shared.
type Template struct {
	File   string
	Source string
	Macros []*Macro // at the top of the file
	Blocks []*Block
	body   []stmt
	// Line is added to every position, for a text that begins inside of a file.
	line int
}

// Static says that the template is text without a tag.
func (t *Template) Static() bool {
	return len(t.body) == 0 || len(t.body) == 1 && t.isText(t.body[0])
}

func (t *Template) isText(s stmt) bool { _, ok := s.(*textStmt); return ok }

// Position is the line and column, both from 1, of a byte offset of the source.
func (t *Template) Position(offset int) (line, column int) {
	line, column = position(t.Source, offset)
	return line + t.line, column
}
