// Package health owns the table functions that tell of a table what a careful person would look
// at first: profile and profile_diff, outliers, duplicates exact and fuzzy, expectations.
//
//	FROM profile('t')  ─ expansion ─▶  one scan for counts and extremes, one of a sample for sorted
//	                                   numbers, one a column for the values of text
//
// Each is a query for the columns that the table has (fn.Expansion), so what is called costs what DuckDB's
// own aggregates cost, spills as they do and is read with the caller's rights. Two tables are
// compared by functions/stat.
package health

import "github.com/eiderdb/eider/functions/fn"

// All returns the family's declarations.
func All() []*fn.Decl {
	return []*fn.Decl{profile(), profileDiff(), outliers(), dedup(), dedupFuzzy(), expect(), shape(), components()}
}
