// Package rolling is the operator behind POINT IN TIME JOIN: facts over columns, and what is
// known of them at the instant that a label is asked about.
//
//	facts, chunk by chunk, from DuckDB's threads ─▶ numbers of keys, columns as they are
//	first label ─▶ rows in order of keys, by counting
//	first label of a key ─▶ its facts in order of time ─▶ one pass with two pointers for each
//	length of window ─▶ the windows' values from moment to moment
//	each label ─▶ a look-up by key and time, in the labels' own order
//
// Facts and labels are whole columns of DuckDB's vectors: nothing is boxed. Labels are neither
// kept nor sorted. The memory that facts take is booked, and bounded; a thread needs some 60 bytes
// more for each fact of the key that it computes. It knows nothing of SQL text and of feature views.
package rolling
