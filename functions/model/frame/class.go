package frame

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// counted is "1 row", "2 rows".
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// cluster is the rows that have one value in a column, in the order in which they were given.
type cluster struct {
	// word is the value's hash word; rank orders the values of the column.
	word uint64
	rank float64
	rows []int32
}

// clusters are the rows by value, in ascending order of the value, NULL first.
func (c *Column) clusters(rows []int32) []cluster {
	at := map[uint64]int{}
	var out []cluster
	for _, r := range rows {
		word, rank := c.value(int(r))
		k, ok := at[word]
		if !ok {
			k = len(out)
			at[word] = k
			out = append(out, cluster{word: word, rank: rank})
		}
		out[k].rows = append(out[k].rows, r)
	}
	slices.SortFunc(out, func(a, b cluster) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.word, b.word)) })
	for k := range out {
		if c.Kind == Category { // told apart by code until here
			out[k].word = nullWord
			if out[k].rank >= 0 {
				out[k].word = HashText(c.Dict[int(out[k].rank)])
			}
		}
	}
	return out
}

// value is what tells the values of the column apart, and a number that orders them.
func (c *Column) value(i int) (word uint64, rank float64) {
	switch c.Kind {
	case Number:
		return numberWord(c.Num[i]), c.Num[i]
	case Category:
		return uint64(uint32(c.Code[i])), float64(c.Code[i])
	}
	return uint64(c.At[i]), float64(c.At[i])
}

// Agreement is the chance that two different rows agree in the column, from at most so many rows spread over all.
func (c *Column) Agreement(most int) float64 {
	rows := len(c.Num) + len(c.Code) + len(c.At)
	n := min(rows, most)
	if n < 2 {
		return 0
	}
	count := map[uint64]float64{}
	for k := range n {
		word, _ := c.value(k * rows / n)
		count[word]++
	}
	pairs := 0.0
	for _, m := range count {
		pairs += m * (m - 1)
	}
	return pairs / float64(n) / float64(n-1)
}

// classes are the clusters of a column with at least two values.
func (f *Frame) classes(rows []int32, column string) ([]cluster, error) {
	c, err := f.column(column, "class", Number, Category)
	if err != nil {
		return nil, err
	}
	out := c.clusters(rows)
	if len(out) < 2 {
		return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "column %s has one class only, which can't be stratified", quoted(column)).
			WithHint("Give the query rows of another class, or write SPLIT RANDOM.")
	}
	return out, nil
}

// splitClasses holds out the fraction of each class, rounded so that the total is right too (largest
// remainder); of a class with two rows or more at least one falls on each side.
func (f *Frame) splitClasses(rows []int32, s SplitSpec) (Parts, error) {
	classes, err := f.classes(f.ranked(rows, s.Seed), s.Column)
	if err != nil {
		return Parts{}, err
	}
	n := make([]int, len(classes))
	left := share(len(rows), s.Fraction)
	byRemainder := make([]int, len(classes))
	remainder := make([]float64, len(classes))
	for k, c := range classes {
		exact := s.Fraction * float64(len(c.rows))
		n[k] = int(math.Floor(exact))
		remainder[k], byRemainder[k] = exact-math.Floor(exact), k
		left -= n[k]
	}
	slices.SortStableFunc(byRemainder, func(a, b int) int { return cmp.Compare(remainder[b], remainder[a]) })
	for i := 0; i < left && i < len(byRemainder); i++ {
		n[byRemainder[i]]++
	}
	var p Parts
	for k, c := range classes {
		if size := len(c.rows); size == 1 {
			n[k] = 0
		} else {
			n[k] = min(max(n[k], 1), size-1)
		}
		p.Test = append(p.Test, c.rows[:n[k]]...)
		p.Train = append(p.Train, c.rows[n[k]:]...)
	}
	if len(p.Test) == 0 {
		return Parts{}, sqlstate.Newf(sqlstate.InvalidParameterValue, "every class of column %s has a single row, so none can be held out", quoted(s.Column)).
			WithHint("Write SPLIT RANDOM or SPLIT NONE.")
	}
	return p, nil
}
