// Package window owns the functions that are called with OVER: standardisation, outliers,
// imputation, changes between rows, rolling aggregates over time, sessions. Each is a
// template over DuckDB's own windows (fn.Window); engine/window fills it.
//
// Statistics here leave NULL, NaN and infinities out; what a row itself holds stays.
package window

import (
	"slices"

	"github.com/eiderdb/eider/functions/fn"
)

// All returns the family's declarations.
func All() []*fn.Decl {
	return slices.Concat(standard(), outliers(), imputations(), changes(), rolling(), passes())
}
