package transform

// ItemSpec is an item of TRANSFORM as it is written: an expression, a star or a fitted function.
type ItemSpec struct {
	// SQL is the expression of a plain item.
	SQL string
	// Name is what AS gives; empty without it.
	Name string
	// Func is the fitted function in lower case; empty for a plain item.
	Func string
	// Args are its arguments: the input first.
	Args []Expr
	// Params are its named arguments.
	Params []Param
	// Star marks *, of which Exclude names columns to leave out.
	Star    bool
	Exclude []string
	// Pos is the item's 0-based offset in the statement.
	Pos int
}

// Expr is an argument of a fitted function: an expression, a constant, or another fitted function.
type Expr struct {
	SQL string
	// Literal marks a constant; Value is it, as parse.Parser.Literal returns it.
	Literal bool
	Value   any
	Call    *ItemSpec
	Pos     int
}

// Param is a named argument: name => constant.
type Param struct {
	Name  string
	Value any
	Pos   int
}
