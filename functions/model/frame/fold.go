package frame

import (
	"cmp"
	"slices"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// FoldSpec says how to make folds for cross validation.
type FoldSpec struct {
	// Kind is Random, Stratified, Group or Time.
	Kind SplitKind
	// K is the number of folds, at least 2.
	K      int
	Column string
	// Gap, for Time, is dropped from the end of each fold's training rows.
	Gap  types.IntervalValue
	Seed int64
}

// Fold is one fold: rows ascending.
type Fold struct{ Train, Valid []int32 }

// Folds makes folds of the rows given, which are ascending. Random, Stratified and Group use every row for
// validation once, in parts of like size (whole groups stay together, the largest are dealt out first). Time cuts the
// rows into K+1 spans: fold i trains on the spans before and validates on the next, so that training never sees the
// future. Errors are those of Split.
func Folds(f *Frame, rows []int32, s FoldSpec) ([]Fold, error) {
	if s.K < 2 {
		return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "cross validation takes at least 2 folds, not %d", s.K)
	}
	if len(rows) < s.K || s.Kind == Time && len(rows) <= s.K {
		return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "%s can't make %d folds", counted(len(rows), "row"), s.K)
	}
	spec := SplitSpec{Kind: s.Kind, Column: s.Column, Gap: s.Gap, Seed: s.Seed}
	number := make([]int32, f.Rows) // of the fold that validates on the row
	switch s.Kind {
	case Random:
		for i, r := range f.ranked(rows, s.Seed) {
			number[r] = int32(i % s.K)
		}
	case Stratified:
		classes, err := f.classes(f.ranked(rows, s.Seed), s.Column)
		if err != nil {
			return nil, err
		}
		i := 0 // goes on from class to class, so that folds are of like size too
		for _, c := range classes {
			for _, r := range c.rows {
				number[r] = int32(i % s.K)
				i++
			}
		}
	case Group:
		if err := f.dealGroups(rows, spec, s.K, number); err != nil {
			return nil, err
		}
	case Time:
		return f.timeFolds(rows, spec, s.K)
	default:
		return nil, sqlstate.New(sqlstate.InvalidParameterValue, "folds can be made at random, stratified, by group or by time")
	}
	out := make([]Fold, s.K)
	for _, r := range rows {
		for k := range out {
			if int32(k) == number[r] {
				out[k].Valid = append(out[k].Valid, r)
			} else {
				out[k].Train = append(out[k].Train, r)
			}
		}
	}
	return out, nil
}

// dealGroups gives each group, from the largest, to the fold with the fewest rows.
func (f *Frame) dealGroups(rows []int32, s SplitSpec, k int, number []int32) error {
	groups, err := f.groups(rows, s)
	if err != nil {
		return err
	}
	if len(groups) < k {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "column %s has %s, too few for %d folds", quoted(s.Column), counted(len(groups), "group"), k)
	}
	slices.SortStableFunc(groups, func(a, b cluster) int { return cmp.Compare(len(b.rows), len(a.rows)) })
	size := make([]int, k)
	for _, g := range groups {
		least := 0
		for i, n := range size {
			if n < size[least] {
				least = i
			}
		}
		for _, r := range g.rows {
			number[r] = int32(least)
		}
		size[least] += len(g.rows)
	}
	return nil
}

// timeFolds makes expanding windows.
func (f *Frame) timeFolds(rows []int32, s SplitSpec, k int) ([]Fold, error) {
	c, sorted, err := f.chronology(rows, s)
	if err != nil {
		return nil, err
	}
	n := len(sorted)
	cuts := []int{}
	for i := 1; i <= k; i++ {
		cut := tieless(c, sorted, i*n/(k+1))
		if cut == n || len(cuts) > 0 && cut <= cuts[len(cuts)-1] {
			return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "column %s has too few different times for %d folds", quoted(s.Column), k)
		}
		cuts = append(cuts, cut)
	}
	cuts = append(cuts, n)
	out := make([]Fold, k)
	for i := range out {
		from, to := cuts[i], cuts[i+1]
		out[i].Valid = slices.Clone(sorted[from:to])
		if out[i].Train, _, err = withoutGap(c, sorted[:from], c.At[sorted[from]], s); err != nil {
			return nil, err
		}
		slices.Sort(out[i].Train)
		slices.Sort(out[i].Valid)
	}
	return out, nil
}
