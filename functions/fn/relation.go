package fn

import (
	"fmt"

	"github.com/eiderdb/eider/sql/types"
)

// Relation is a table or view.
type Relation struct {
	// SQL is its name as a query may write it.
	SQL     string
	Columns []types.Column
	// RowID tells that it is a table, whose rows have a rowid.
	RowID bool
}

// Sample is a relation for FROM: the columns (SQL expressions with their names) of all rows if there are at most n, else of
// about n, chosen by a hash of the row's number: the same for any number of threads as long as the
// relation gives its rows in the same order, as tables do.
func (r Relation) Sample(columns string, n int) string {
	count := "(SELECT count(*) FROM " + r.SQL + ")"
	number, from := "rowid", r.SQL
	if !r.RowID {
		number, from = "__eider_row", "(SELECT *, row_number() OVER () AS __eider_row FROM "+r.SQL+")"
	}
	return fmt.Sprintf("(SELECT %s FROM %s WHERE %s <= %d OR hash(%s) %% (%s // %d + 1)::UBIGINT = 0)", columns, from, count, n, number, count, n)
}
