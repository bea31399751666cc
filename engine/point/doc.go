// Package point lowers POINT IN TIME JOIN to SQL that DuckDB has.
//
//	labels l POINT IN TIME JOIN fv f AS OF l.ts ON l.k = f.k
//
// becomes the operator of functions/rolling: a subquery of one row that gathers the facts and has
// their number, and beside each label an unnest of what it looks up by that number, its time and
// its key. See ADR 0011.
//
//	labels l CROSS JOIN (SELECT [max(eider_facts_add(…))] AS h1 FROM facts) AS f1
//	CROSS JOIN LATERAL (SELECT … FROM (SELECT unnest(eider_facts_look_1(f1.h1, 0, l.ts, l.k)) AS r)) AS f
//
// Where facts have columns that the operator can't keep, and there are no WINDOWS, they are ordered
// by when they were both past and known, and only those on the frontier are kept: no newer event was
// known as early. Of those the last one before the label is the answer, which an ASOF JOIN finds. A
// TTL ends a fact's turn by a row without features.
//
// The joins of the innermost SELECT are lowered first, then the text is read again. The columns
// that the joins need for themselves are kept out of the query's stars.
package point
