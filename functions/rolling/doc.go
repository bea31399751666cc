// Package rolling has the operators behind POINT IN TIME JOIN: the instant that a label is
// asked about, and aggregates over moving windows of one entity's facts.
//
//	facts and label times of a key, as one LIST ─▶ order by time ─▶ one pass with two
//	pointers for each length of window ─▶ a row for each distinct label time
//
// It works on whole columns of DuckDB's lists: nothing is boxed, and beyond the lists
// themselves, which DuckDB counts against memory_limit, a thread needs some 60 bytes for each
// fact of the key that it works on. It knows nothing of SQL text and of feature views.
package rolling
