package frame

import (
	"cmp"
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// groups are the clusters of a column in the order of their keyed hashes. NULL is a group.
func (f *Frame) groups(rows []int32, s SplitSpec) ([]cluster, error) {
	c, err := f.column(s.Column, "group", Number, Category, Instant)
	if err != nil {
		return nil, err
	}
	out := c.clusters(rows)
	slices.SortStableFunc(out, func(a, b cluster) int { return cmp.Compare(Keyed(a.word, s.Seed), Keyed(b.word, s.Seed)) })
	return out, nil
}

// splitGroups takes whole groups, in the order of their hashes, as long as each brings the holdout nearer to its
// share.
func (f *Frame) splitGroups(rows []int32, s SplitSpec) (Parts, error) {
	groups, err := f.groups(rows, s)
	if err != nil {
		return Parts{}, err
	}
	if len(groups) < 2 {
		return Parts{}, sqlstate.Newf(sqlstate.InvalidParameterValue, "column %s has one group only, which can't be split", quoted(s.Column))
	}
	want, have := share(len(rows), s.Fraction), 0
	taken := make([]bool, len(groups))
	smallest := 0
	for k, g := range groups {
		size := len(g.rows)
		if size < len(groups[smallest].rows) {
			smallest = k
		}
		if 2*(want-have) >= size && have+size < len(rows) {
			taken[k], have = true, have+size
		}
	}
	if have == 0 { // every group is more than twice what is wanted
		taken[smallest] = true
	}
	var p Parts
	for k, g := range groups {
		if taken[k] {
			p.Test = append(p.Test, g.rows...)
		} else {
			p.Train = append(p.Train, g.rows...)
		}
	}
	return p, nil
}

// splitColumn reads each row's part.
func (f *Frame) splitColumn(rows []int32, s SplitSpec) (Parts, error) {
	c, err := f.column(s.Column, "column", Number, Category)
	if err != nil {
		return Parts{}, err
	}
	if err := c.noNulls(rows, "part"); err != nil {
		return Parts{}, err
	}
	var p Parts
	for _, r := range rows {
		switch c.partOf(int(r)) {
		case 't':
			p.Train = append(p.Train, r)
		case 'h':
			p.Test = append(p.Test, r)
		case 'v':
			p.Valid = append(p.Valid, r)
		default:
			return Parts{}, sqlstate.Newf(sqlstate.InvalidParameterValue, "column %s names no part of a split: %q", quoted(s.Column), c.text(int(r))).
				WithHint("Its values may be train, test and validation, or true for the rows to hold out.")
		}
	}
	if len(p.Train) == 0 || len(p.Test) == 0 {
		return Parts{}, sqlstate.Newf(sqlstate.InvalidParameterValue, "column %s gives %s to training and %s to the holdout", quoted(s.Column),
			counted(len(p.Train), "row"), counted(len(p.Test), "row"))
	}
	return p, nil
}

// partOf reads a part, whatever its letters' case: train, training and false (or 0) are training; test, testing,
// holdout, eval and true (or 1) the holdout; validation, validate, valid, val and dev the validation rows.
func (c *Column) partOf(i int) byte {
	if c.Kind == Number {
		switch c.Num[i] {
		case 0:
			return 't'
		case 1:
			return 'h'
		}
		return 0
	}
	switch strings.ToLower(strings.TrimSpace(c.Dict[c.Code[i]])) {
	case "train", "training", "false", "0":
		return 't'
	case "test", "testing", "holdout", "eval", "true", "1":
		return 'h'
	case "validation", "validate", "valid", "val", "dev":
		return 'v'
	}
	return 0
}
