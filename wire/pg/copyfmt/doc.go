// Package copyfmt owns the three formats of COPY: text, CSV and binary, in both
// directions, as PostgreSQL 15 reads and writes them. It refuses to know what a
// connection or a table is: bytes come in, rows go to a Sink, and the reverse.
//
//	CopyData ─▶ Decoder.Write ─▶ lines ─▶ fields ─▶ typed columns ─▶ Sink.Send a chunk at a time
//	chunk ─▶ Encoder.Rows ─▶ one CopyData a row
//
// Values are parsed straight into columns of the target's types where that is
// possible (InputTypes says which); other columns arrive as VARCHAR, and the
// database casts them. Message boundaries may fall anywhere.
package copyfmt
