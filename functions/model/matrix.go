package model

// Matrix holds features by column. Columns may share memory with other matrices and
// are not written once a Matrix is made.
type Matrix struct {
	Rows int
	// Cols has one slice of Rows values a feature.
	Cols [][]float64
}

// Slice returns the rows from ≤ i < to, without copying.
func (m Matrix) Slice(from, to int) Matrix {
	out := Matrix{Rows: to - from, Cols: make([][]float64, len(m.Cols))}
	for k, c := range m.Cols {
		out.Cols[k] = c[from:to:to]
	}
	return out
}

// Take returns a copy of the given rows, in their order.
func (m Matrix) Take(rows []int32) Matrix {
	out := Matrix{Rows: len(rows), Cols: make([][]float64, len(m.Cols))}
	for k, c := range m.Cols {
		out.Cols[k] = Take(c, rows)
	}
	return out
}

// Take returns a copy of the given rows of a column; nil of nil.
func Take[T any](col []T, rows []int32) []T {
	if col == nil {
		return nil
	}
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = col[r]
	}
	return out
}

// Slice returns the rows from ≤ i < to of an input, without copying.
func (in Input) Slice(from, to int) Input {
	out := in
	out.X = in.X.Slice(from, to)
	if in.Y != nil {
		out.Y = in.Y[from:to:to]
	}
	if in.Weight != nil {
		out.Weight = in.Weight[from:to:to]
	}
	return out
}

// Take returns a copy of the given rows of an input.
func (in Input) Take(rows []int32) Input {
	out := in
	out.X, out.Y, out.Weight = in.X.Take(rows), Take(in.Y, rows), Take(in.Weight, rows)
	return out
}
