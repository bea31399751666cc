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

// Decl declares one function. Exactly one of Macro, Scalar is set.
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
	// Scalar is a vector callback: it fills out, which has in.Len rows of type Returns.
	// It is called from DuckDB's threads at the same time; it must not keep its arguments
	// and handles NULLs itself through validity.
	Scalar func(in *types.Chunk, out Writer) error
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
}
