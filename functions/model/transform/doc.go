// Package transform turns the columns of a training query into features: the items of
// TRANSFORM, or defaults by type, are planned, fitted on training rows and kept as steps
// that compute the same bits in Go and as SQL text.
//
//	items, columns ─▶ Plan ─▶ Inputs (SQL, row by row, the database computes them)
//	Plan, frame, training rows ─▶ Fit ─▶ Fitted: Apply = SQL = Evaluator, bit for bit
//
// Nothing here reads data but a frame, and a fit sees the rows that it is given and no others. Row weights are
// ignored: statistics count every row once. What isn't plain arithmetic or CASE is one of our own
// scalar functions (Functions), so that Go computes both sides.
package transform
