// Package clean owns the scalar functions that clean single values: numbers out of
// text, text in one spelling, values within bounds, timestamps of several formats.
// What needs a row's neighbours (outliers, imputation) belongs to the window families.
package clean

import "github.com/eiderdb/eider/functions/fn"

// All returns the family's declarations.
func All() []*fn.Decl {
	return []*fn.Decl{clipTo(), normalizeText(), parseNumber(), tryTimestamp()}
}
