// Package encode owns the look of values in the PostgreSQL protocol: which
// PostgreSQL type stands for a DuckDB type, its text and binary forms as
// PostgreSQL 15 prints them, and the reading of parameters in both forms.
//
// It sees types.Chunk only, never DuckDB, and it writes bytes, never to a
// socket. The flow of a result:
//
//	columns ─▶ New(columns, formats, settings, catalog) ─▶ Fields: RowDescription
//	chunk   ─▶ DataRows(buffer, chunk, from, to, limit) ─▶ buffer full of DataRow messages
//
// One encoder is chosen for each column when the result starts. Values go from
// the vector's memory into the caller's buffer; nothing is allocated for a
// chunk, and no value is boxed. COPY uses the same encoders, see Cell.
//
// Where DuckDB knows more than PostgreSQL the rules are these. Unsigned and
// 128-bit integers take the next wider type, at last numeric. TIMESTAMP_NS and
// TIME_NS lose their nanoseconds the way DuckDB's own casts to TIMESTAMP and
// TIME do: truncated and rounded. STRUCT, MAP, UNION, VARIANT and lists of lists
// are json; inside it numbers and booleans are bare, all else is a string in its
// text form. A fixed-size ARRAY of ARRAYs is an array of several dimensions, in
// which a NULL inner array reads as one full of NULLs, for PostgreSQL has no
// other way to say it.
package encode
