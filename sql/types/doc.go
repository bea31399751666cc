// Package types owns the vocabulary of data that every layer shares: logical
// types, columns, and read-only views of DuckDB's column vectors as typed Go
// slices.
//
// It imports the standard library only and contains no cgo. A Chunk or Vector
// is a view: whoever hands one out says how long it stays valid (usually until
// the next call of the cursor's Next). Copy what you keep.
package types
