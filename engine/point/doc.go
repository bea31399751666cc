// Package point lowers POINT IN TIME JOIN to joins that DuckDB has.
//
//	labels l POINT IN TIME JOIN fv f AS OF l.ts ON l.k = f.k
//
// Without WINDOWS a label gets the newest fact that was available. Facts are ordered by when they
// were both past and known, and only those on the frontier are kept: no newer event was known as
// early. Of those the last one before the label is the answer, which an ASOF JOIN finds. A TTL
// ends a fact's turn by a row without features.
//
// With WINDOWS the facts and the labels' times are gathered into a list for each key, the
// operator of functions/rolling gives a row for each distinct time of a label, and a join by
// equality brings these to the labels. The left side is read twice for that.
//
// The joins of the innermost SELECT are lowered first, then the text is read again, so that what
// is copied has no join of ours in it. The columns that the joins need for themselves are kept
// out of the query's stars.
package point
