// Package builtin is the one explicit list of what an Eider has: statements and
// functions (and, as they come, runtimes and connectors). Adding one of them
// touches its own folder and one line here. Nothing registers itself.
package builtin

import (
	"slices"

	"github.com/eiderdb/eider/functions/clean"
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/stmt"
)

// Set is what one database offers beyond DuckDB. The zero value offers nothing.
type Set struct {
	Statements []*stmt.Kind
	Functions  []*fn.Decl
}

// All returns a fresh Set of everything that is built in. Callers may append to it.
func All() *Set {
	return &Set{Functions: slices.Concat(clean.All())}
}
