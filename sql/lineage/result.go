package lineage

import (
	"cmp"
	"slices"
)

// How is the way in which something depends on its source. The names are those of OpenLineage's
// column lineage facet.
type How string

// The kinds of dependency. Reads is that of a statement on what it names, without a column;
// Unknown stands where the source can't be told.
const (
	Identity       How = "IDENTITY"
	Transformation How = "TRANSFORMATION"
	Aggregation    How = "AGGREGATION"
	Join           How = "JOIN"
	GroupBy        How = "GROUP_BY"
	Filter         How = "FILTER"
	Sort           How = "SORT"
	Window         How = "WINDOW"
	Conditional    How = "CONDITIONAL"
	Reads          How = "READS"
	Unknown        How = "UNKNOWN"
)

// Type is DIRECT where values come from the source, INDIRECT where it decides which there are,
// and empty for Reads and Unknown.
func (h How) Type() string {
	switch h {
	case Identity, Transformation, Aggregation:
		return "DIRECT"
	case Join, GroupBy, Filter, Sort, Window, Conditional:
		return "INDIRECT"
	}
	return ""
}

// The kinds of source.
const (
	KindTable    = "table"
	KindView     = "view"
	KindFile     = "file"
	KindFunction = "function"
	KindModel    = "model"
)

// Source is what something comes from: a column of an object, or the object as a whole.
type Source struct {
	Kind string
	// Object is the name that the Catalog gave, a file's path, a function's name, or a model with its version.
	Object string
	// Column is empty for the object as a whole.
	Column string
}

// Edge is one dependency.
type Edge struct {
	Source Source
	How    How
}

// Column is a column of a result with all that its values depend on.
type Column struct {
	Name  string
	Edges []Edge
	// Unknown are the reasons why there may be sources beyond Edges; none if Edges are all.
	Unknown []string
}

// Result is the lineage of a query.
type Result struct {
	Columns []Column
	// Rows decide which rows there are, so that every column depends on them.
	Rows []Edge
	// RowsUnknown are the reasons why there may be more than Rows.
	RowsUnknown []string
	// Reads are the objects that the query names, each once.
	Reads []Source
}

func compareSources(a, b Source) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Column, b.Column))
}

func compareEdges(a, b Edge) int {
	return cmp.Or(compareSources(a.Source, b.Source), cmp.Compare(a.How, b.How))
}

// Merge adds what another part of the same statement does: columns of the same name are one.
func (r *Result) Merge(other *Result) {
	for _, c := range other.Columns {
		i := slices.IndexFunc(r.Columns, func(have Column) bool { return have.Name == c.Name })
		if i < 0 {
			r.Columns = append(r.Columns, c)
			continue
		}
		r.Columns[i].Edges = merged(r.Columns[i].Edges, c.Edges, compareEdges)
		r.Columns[i].Unknown = merged(r.Columns[i].Unknown, c.Unknown, cmp.Compare[string])
	}
	r.Rows = merged(r.Rows, other.Rows, compareEdges)
	r.RowsUnknown = merged(r.RowsUnknown, other.RowsUnknown, cmp.Compare[string])
	r.Reads = merged(r.Reads, other.Reads, compareSources)
}

// merged is the sorted union.
func merged[T comparable](a, b []T, compare func(T, T) int) []T {
	out := slices.Concat(a, b)
	slices.SortFunc(out, compare)
	return slices.Compact(out)
}
