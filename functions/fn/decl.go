// Package fn is the contract of the function families: one Decl is a function's
// signature, implementation, page of documentation, row of eider.functions and
// executed examples. Families live in folders beside this one and are listed once
// in engine/builtin.
package fn

import "github.com/eiderdb/eider/sql/types"

// Param is a parameter of a function.
type Param struct {
	Name string
	Type *types.Type // types.Any takes every type
	Doc  string
	// Default is an SQL expression; empty means required.
	Default string
}

// Example is a query that a test runs and compares with Want (tab-separated
// lines); Code is the SQLSTATE that must come instead.
type Example struct{ Setup, SQL, Want, Code string }

// Arg is an argument of a call as it is known while the statement is planned, before it
// is cast to the parameter's type: write [1, 2]::DOUBLE[] to have float64s.
type Arg struct {
	Type *types.Type
	// Constant arguments have a Value: nil, bool, int64, float64, string, []byte, []any,
	// map[string]any or a value of package types. A parameter is none while it has no value.
	Constant bool
	Value    any
}

// Bound is a call of a function in a planned statement.
type Bound struct {
	// Call is like Decl.Scalar, constant arguments included.
	Call func(in *types.Chunk, out Writer) error
	// Close, where set, is called once when no plan needs the call any more.
	Close func()
}

// Window says what a call before OVER is lowered to, since DuckDB takes OVER only behind an
// aggregate or a window function of its own. A template is SQL text in which stand
//
//	{x}              the argument of that parameter
//	{over}           OVER with the caller's specification, copied
//	{over FRAME}     the same with this frame
//	{filter}         the caller's FILTER, if any
//	{finite x}       the same, and of x only what is finite
//	{keys}           the expressions of PARTITION BY, each with a comma behind it
//	{unless p|TEXT|OTHER}  TEXT, but OTHER where the constant argument p is true
//	{span p|TEXT|OTHER}    TEXT where the argument p is written as an INTERVAL, OTHER elsewhere
//	{first}          the value of First for the row
type Window struct {
	// Template is the expression that a call becomes.
	Template string
	// First is computed in a pass before, by a derived table; empty where one pass is enough.
	First string
	// Time is the parameter that rows are ordered by: ORDER BY may be left out or repeat it.
	Time string
	// Ordered needs ORDER BY; FixedFrame refuses a frame; Filtered takes FILTER.
	Ordered, FixedFrame, Filtered bool
	// Constants are the parameters whose arguments must be literals or parameters.
	Constants []string
}

// Overload is a macro for arguments of certain types.
type Overload struct {
	// Types are the parameters' types in order; those that are left out or nil take every type.
	Types []*types.Type
	// Macro is the body; empty means the declaration's.
	Macro string
}

// Expansion says what SELECT the engine writes in place of a table function's call, for the
// columns that the relations in its arguments have. It is made when the statement is planned,
// and read with the caller's rights.
type Expansion struct {
	// Relations are the parameters whose strings name a table or view, perhaps quoted and qualified.
	Relations []string
	// Query returns the SELECT. It may use callbacks and DuckDB's functions, but no macro.
	Query func(c *Call) (string, error)
}

// Call is a call of a table function with an Expansion.
type Call struct {
	// Args are the arguments by parameter: string, int64, float64, bool, or []string for a
	// list. What was left out, or is NULL and optional, is missing.
	Args map[string]any
	// Relations are those of Expansion.Relations, in that order.
	Relations []Relation
	// At is the offset of a parameter's argument, or of the call if it was left out: where an error is.
	At func(param string) int
}

// Decl declares one function. Exactly one of Macro, Scalar, Bind, BindOn, Window, Expand and
// Rewritten is set.
type Decl struct {
	// Name is lower case and unqualified.
	Name string
	// Family is the folder that owns it: clean, window, text, stats, …
	Family string
	// Summary is one sentence; Notes are Markdown; Source names the formula's origin.
	Summary, Notes, Source string
	Params                 []Param
	// Variadic, where set, is the type of further arguments.
	Variadic *types.Type
	Returns  *types.Type
	// Table marks a table function (a table macro when Macro is set).
	Table    bool
	Examples []Example

	// Macro is the body of a DuckDB macro over the parameters' names.
	Macro string
	// Overloads, where set, are the arguments' types that the macro takes, for functions whose body depends on them.
	Overloads []Overload
	// Window is set for a function that is called with OVER.
	Window *Window
	// Expand is set for a table function that is a query of its own for each call.
	Expand *Expansion
	// Rewritten tells that the engine writes other SQL in place of a call: there is no function of the name.
	Rewritten bool
	// Scalar is a vector callback: it fills out, which has in.Len rows of type Returns.
	// It is called from DuckDB's threads at the same time; it must not keep its arguments
	// and handles NULLs itself through validity.
	Scalar func(in *types.Chunk, out Writer) error
	// Bind is Scalar for a function that looks at its arguments once for each call in a
	// statement, while that is planned: what is constant can be made ready there. An error
	// of it is the statement's.
	Bind func(args []Arg) (Bound, error)
	// BindOn is Bind for functions of the engine's, which are also told DuckDB's number of the
	// connection that plans the call: what current_connection_id() gives there.
	BindOn func(connection uint64, args []Arg) (Bound, error)
	// Volatile marks a function that may differ between calls with equal arguments.
	Volatile bool
}

// Writer is a result vector being filled. The slices that it gives are DuckDB's memory.
type Writer interface {
	// Vector is the raw vector, for types.Slice; do not write Validity through it.
	Vector() *types.Vector
	// SetNull marks row i NULL.
	SetNull(i int)
	// SetBytes copies b into row i of a Varchar or Blob vector.
	SetBytes(i int, b []byte)
	// SetString is SetBytes for a string.
	SetString(i int, s string)
	// Part is the writer of a part, with a row for each of this vector's: member i of a
	// STRUCT. An ARRAY's part 0 has Size rows for each.
	Part(i int) Writer
	// Elements gives a LIST or MAP vector room for n elements in all rows together and
	// returns their writer (a MAP's is a STRUCT of key and value). What was written before
	// stays, but earlier slices of it are void.
	Elements(n int) (Writer, error)
	// SetList makes row i of a LIST or MAP the elements from offset on.
	SetList(i, offset, length int)
}
