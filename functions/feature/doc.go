// Package feature owns the scalar functions that make features of single values: windows
// of time, time as angles, distances, tokens. What needs other rows belongs to
// functions/window.
package feature

import (
	"slices"

	"github.com/eiderdb/eider/functions/fn"
)

// All returns the family's declarations.
func All() []*fn.Decl { return slices.Concat(times(), distances(), texts(), tables()) }
