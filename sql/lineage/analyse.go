package lineage

import (
	"fmt"
	"slices"

	"github.com/eiderdb/eider/sql/lex"
)

// Query is a query that was followed. Open tells that it has columns which only DuckDB can
// count or name: those of a file, of a table function, of PIVOT without its values.
type Query struct {
	columns []*column
	rows    set
	reads   []Source
}

// Analyse follows the i-th query of a tree.
func Analyse(t *Tree, i int, c Catalog) (*Query, error) {
	if i < 0 || i >= len(t.queries) {
		return nil, fmt.Errorf("the tree has %d queries, not %d", len(t.queries), i+1)
	}
	a := &analyser{catalog: c, reads: map[Source]bool{}}
	r := a.query(t.queries[i], nil)
	if a.err != nil {
		return nil, a.err
	}
	q := &Query{columns: r.columns, rows: r.rows}
	for s := range a.reads {
		q.reads = append(q.reads, s)
	}
	slices.SortFunc(q.reads, compareSources)
	return q, nil
}

// Open reports whether Result needs the query's column names.
func (q *Query) Open() bool { return !isClosed(q.columns) }

// Result names the columns. names are those that the query itself has, nil where the caller
// doesn't know; targets are what they are called where they go, by position, nil for names.
func (q *Query) Result(names, targets []string) *Result {
	out := &Result{Rows: q.rows.sortedEdges(), RowsUnknown: q.rows.reasons(), Reads: q.reads}
	values := q.values(names)
	n := len(values)
	if targets == nil {
		targets = names
	}
	if targets == nil {
		for _, c := range q.columns {
			name := c.name
			if c.open != nil {
				name = "*"
			}
			targets = append(targets, name)
		}
	}
	for i, name := range targets {
		v := unknownValue(fmt.Sprintf("the query's columns were not understood: %d were found where there are %d", n, len(targets)))
		if n == len(targets) {
			v = values[i]
		}
		out.Columns = append(out.Columns, Column{Name: name, Edges: v.sortedEdges(), Unknown: v.reasons()})
	}
	return out
}

// values are the columns' values, in the order of names where columns are open.
func (q *Query) values(names []string) []*value {
	if !q.Open() {
		out := make([]*value, len(q.columns))
		for i, c := range q.columns {
			out[i] = c.value
		}
		if names != nil && len(names) != len(out) {
			return nil
		}
		return out
	}
	first := slices.IndexFunc(q.columns, func(c *column) bool { return c.open != nil })
	last := first
	for i, c := range q.columns {
		if c.open != nil {
			last = i
		}
	}
	behind := len(q.columns) - 1 - last
	if names == nil {
		var out []*value
		for _, c := range q.columns {
			v := c.value
			if c.open != nil {
				v = c.open.all()
			}
			out = append(out, v)
		}
		return out
	}
	if len(names) < first+behind {
		return nil
	}
	out := make([]*value, len(names))
	middle := q.columns[first : last+1]
	for i, name := range names {
		switch {
		case i < first:
			out[i] = q.columns[i].value
		case i >= len(names)-behind:
			out[i] = q.columns[len(q.columns)-(len(names)-i)].value
		default:
			out[i] = between(middle, name)
		}
	}
	return out
}

// between finds a column by its name among those that begin and end with unknown ones.
func between(columns []*column, name string) *value {
	var opens []*open
	var found *value
	for _, c := range columns {
		switch {
		case c.open != nil:
			opens = append(opens, c.open)
		case lex.EqualFold(c.name, name):
			found = c.value
		}
	}
	v := lookup(opens, name)
	switch {
	case found != nil && v != nil, found == nil && v == nil:
		return unknownValue("column " + name + " may come from several sources, or none that is known")
	case found != nil:
		return found
	}
	return v
}
