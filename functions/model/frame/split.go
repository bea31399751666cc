package frame

import (
	"math"
	"slices"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// SplitKind is a way to set rows apart.
type SplitKind uint8

// The kinds of splits and folds. Folds take Random, Stratified, Time and Group.
const (
	// None leaves every row to training.
	None SplitKind = iota
	// Random draws rows.
	Random
	// Stratified draws rows of each class of Column.
	Stratified
	// Time holds out the latest rows by Column, an Instant.
	Time
	// Group draws whole groups of Column.
	Group
	// ByColumn reads the part from Column, which says train, test or validation (see partOf).
	ByColumn
)

// SplitSpec says how to set a holdout apart.
type SplitSpec struct {
	Kind SplitKind
	// Column is the name of the frame's column that the kind looks at.
	Column string
	// Fraction of the rows to hold out, between 0 and 1 exclusive.
	Fraction float64
	// Holdout, for Time, is used instead of Fraction where it is set: rows later than the latest less Holdout.
	Holdout *types.IntervalValue
	// Gap, for Time, drops the rows before the holdout that are nearer to its beginning than this.
	Gap  types.IntervalValue
	Seed int64
}

// Parts are rows of a frame, ascending.
type Parts struct {
	Train, Test []int32
	// Valid are the rows that ByColumn names validation: for early stopping, not part of Train.
	Valid []int32
	// Gap are the rows that a gap dropped.
	Gap []int32
}

// Split sets a holdout apart. Rows are drawn by their Hash under the seed, so the same row falls on the same
// side whatever else the frame holds. Errors are 22023 for what can't be split, 22004 for NULL where the
// kind needs a value, 42804 for a column of another kind.
func Split(f *Frame, s SplitSpec) (Parts, error) { return SplitRows(f, f.All(), s) }

// SplitRows is Split of some rows, given in ascending order.
func SplitRows(f *Frame, rows []int32, s SplitSpec) (Parts, error) {
	if s.Kind == None {
		return Parts{Train: slices.Clone(rows)}, nil
	}
	if s.Kind != ByColumn && s.Holdout == nil && !(s.Fraction > 0 && s.Fraction < 1) {
		return Parts{}, sqlstate.Newf(sqlstate.InvalidParameterValue, "the holdout's fraction must be between 0 and 1, not %v", s.Fraction)
	}
	if len(rows) < 2 {
		return Parts{}, sqlstate.Newf(sqlstate.InvalidParameterValue, "%s can't be split", counted(len(rows), "row")).
			WithHint("Give the query more rows, or write SPLIT NONE.")
	}
	var p Parts
	var err error
	switch s.Kind {
	case Random:
		ranked := f.ranked(rows, s.Seed)
		n := share(len(rows), s.Fraction)
		p.Test, p.Train = ranked[:n:n], ranked[n:]
	case Stratified:
		p, err = f.splitClasses(rows, s)
	case Time:
		p, err = f.splitTime(rows, s)
	case Group:
		p, err = f.splitGroups(rows, s)
	default:
		p, err = f.splitColumn(rows, s)
	}
	if err != nil {
		return Parts{}, err
	}
	slices.Sort(p.Train)
	slices.Sort(p.Test)
	slices.Sort(p.Valid)
	slices.Sort(p.Gap)
	return p, nil
}

// Inner is the split of the training part for early stopping or calibration: of the same kind, with the
// fraction given. A split by column goes on at random, because its column is used up.
func (s SplitSpec) Inner(fraction float64) SplitSpec {
	s.Fraction, s.Holdout = fraction, nil
	if s.Kind == ByColumn || s.Kind == None {
		s.Kind, s.Column = Random, ""
	}
	s.Seed = int64(final(uint64(s.Seed) + k4))
	return s
}

// share is how many of n rows a fraction is, at least one and not all.
func share(n int, fraction float64) int {
	return min(max(int(math.Round(fraction*float64(n))), 1), n-1)
}

// ranked returns rows in the order of their keyed hashes.
func (f *Frame) ranked(rows []int32, seed int64) []int32 {
	out := f.Rank(rows, seed)
	for i, k := range out {
		out[i] = rows[k]
	}
	return out
}

// column finds the column that a split or fold looks at.
func (f *Frame) column(name, what string, kinds ...Kind) (*Column, error) {
	c := f.Col(name)
	if c == nil {
		return nil, sqlstate.Newf(sqlstate.UndefinedColumn, "the column %s to split by isn't loaded", quoted(name))
	}
	if !slices.Contains(kinds, c.Kind) {
		return nil, sqlstate.Newf(sqlstate.DatatypeMismatch, "column %s can't be split by %s, because it is a %s", quoted(name), what, c.Kind)
	}
	return c, nil
}

// noNulls fails if the column is NULL in one of the rows.
func (c *Column) noNulls(rows []int32, what string) error {
	n := 0
	for _, r := range rows {
		if c.Missing(int(r)) {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return sqlstate.Newf(sqlstate.NullValueNotAllowed, "column %s is NULL in %s, which therefore have no %s", quoted(c.Name), counted(n, "row"), what).
		WithHint("Leave them out of the query: WHERE %s IS NOT NULL.", quoted(c.Name))
}

// Rank returns the positions in rows in the order of the rows' keyed hashes: a shuffle that depends on the
// rows' identity and the seed only. Equal rows, which stand side by side in a frame, are numbered where they are to be
// parted (Apart): otherwise all rows of a table of few categories that agree would fall on one side.
func (f *Frame) Rank(rows []int32, seed int64) []int32 {
	keys, same := make([]uint64, len(rows)), uint64(0)
	for i, r := range rows {
		if same++; !f.Apart || i == 0 || f.Hash[r] != f.Hash[rows[i-1]] {
			same = 0
		}
		keys[i] = Keyed(f.Hash[r]+same*k2, seed)
	}
	return model.Order(keys)
}
