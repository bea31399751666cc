package frame

import (
	"math"
	"strings"
)

// Kind says how a column is kept.
type Kind uint8

// The kinds of columns.
const (
	// Number is float64; NULL and every NaN are one NaN.
	Number Kind = iota
	// Category is a code into a dictionary that is sorted bytewise; NULL is -1.
	Category
	// Instant is microseconds since 1970-01-01 00:00 UTC; NULL is NullInstant. What has no zone
	// (DATE, TIMESTAMP) is taken as UTC. ±infinity, and a DATE too far off to count, are ±math.MaxInt64.
	Instant
)

// String is the kind's name in messages.
func (k Kind) String() string {
	switch k {
	case Number:
		return "number"
	case Category:
		return "category"
	}
	return "instant"
}

// NullInstant is NULL in a column of instants.
const NullInstant = math.MinInt64

// Input is a column to load: an SQL expression over the relation t.
type Input struct {
	Name string
	// SQL is computed row by row by the database. Load casts it to what Kind needs: to DOUBLE for a
	// Number, to VARCHAR for a Category; an Instant must be a DATE or a timestamp already.
	SQL  string
	Kind Kind
}

// Column is a column of a frame; the slice of its kind is set.
type Column struct {
	Name string
	Kind Kind
	Num  []float64
	Code []int32
	// Dict are the distinct texts of a Category, sorted bytewise; every one occurs in the loaded rows.
	Dict []string
	At   []int64
}

// Missing reports whether row i is NULL (or NaN).
func (c *Column) Missing(i int) bool {
	switch c.Kind {
	case Number:
		return c.Num[i] != c.Num[i]
	case Category:
		return c.Code[i] < 0
	}
	return c.At[i] == NullInstant
}

// Frame is a snapshot of rows.
type Frame struct {
	Rows int
	Cols []Column
	// Hash identifies each row by its Identity columns (all, where none were named). It depends
	// on nothing else: not on the seed, nor on the other columns.
	Hash []uint64
	// Apart tells that Hash is of a row's whole content, because no Identity was named: equal rows are
	// rows of their own then, which splits and folds part like any others. Rows of one named identity stay together.
	Apart bool
	// Fingerprint is of all columns' values in their order and of the number of rows. The rows' order and
	// the columns' names don't matter.
	Fingerprint [32]byte
}

// Col returns the column of that name, nil if there is none.
func (f *Frame) Col(name string) *Column {
	for i := range f.Cols {
		if f.Cols[i].Name == name {
			return &f.Cols[i]
		}
	}
	return nil
}

// All returns the indices of all rows.
func (f *Frame) All() []int32 {
	rows := make([]int32, f.Rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

// quoted is a name for a message.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
