// Package stat owns the statistics that compare two samples, a reference and what is now:
// the population stability index, Jensen and Shannon's divergence, Wasserstein's distance,
// the tests of Kolmogorov and Smirnov and of Pearson, and drift, which compares two tables
// column by column.
//
//	ks_test(ref, cur)  ─macro─▶  eider_ks_test(list_sort(ref), list_sort(cur))  ─▶  one pass over both
//
// A sample is a list. DuckDB sorts it and owns it: the callbacks walk through its vectors and
// copy nothing but categories. NULL and NaN are no observations. What tells of one table alone
// belongs to functions/health.
package stat

import "github.com/eiderdb/eider/functions/fn"

// All returns the family's declarations.
func All() []*fn.Decl {
	var out []*fn.Decl
	for _, f := range family() {
		out = append(out, f.public(), f.callback())
	}
	out = append(out, sorted(), survival(), drift())
	return append(out, driftCallbacks()...)
}
