// Package frame holds the snapshot of a training query in memory: typed columns in an
// order that depends on what the rows contain and on a seed, never on where a table keeps
// them or on how many threads read them.
//
//	SELECT inputs FROM (query) AS t ─▶ chunks ─▶ blocks ─▶ hash, order ─▶ Frame
//	Frame ─▶ Split ─▶ Train | Test (| Valid | Gap) ─▶ Folds ─▶ rows as ascending indices
//
// It fits nothing and knows no algorithm, and runs no SQL but the one SELECT that Load
// builds. A frame is a snapshot: what others hold of it is void after Arrange.
package frame
