package health

import (
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// components declares what dedup_fuzzy makes clusters of pairs with.
func components() *fn.Decl {
	count := types.Of(types.BigInt)
	list := &types.Type{ID: types.List, Child: count}
	return &fn.Decl{
		Name: "eider_components", Family: "health", Summary: "Gives for each of the numbers 1 … n the least number that the pairs (a[i], b[i]) connect it with.",
		Notes: "What dedup_fuzzy is made of. NULL lists are empty ones.", Source: "union-find with path halving: Tarjan and van Leeuwen, Worst-case analysis of set union algorithms (1984)",
		Params:  []fn.Param{{Name: "n", Type: count, Doc: "how many numbers there are"}, {Name: "a", Type: list, Doc: "one end of each pair"}, {Name: "b", Type: list, Doc: "the other"}},
		Returns: list, Scalar: connect,
		Examples: []fn.Example{
			{SQL: "SELECT eider_components(6, [5, 3, 2], [6, 2, 1]), eider_components(2, NULL, NULL)", Want: "[1, 1, 1, 4, 5, 5]\t[1, 2]"},
			{SQL: "SELECT eider_components(1, [1], [2])", Code: "22023"},
		},
	}
}

func connect(in *types.Chunk, out fn.Writer) error {
	counts, at := types.Slice[int64](&in.Columns[0]), 0
	for i := range in.Len {
		if !in.Columns[0].Valid(i) || counts[i] < 0 {
			out.SetNull(i)
			continue
		}
		n := int(counts[i])
		elements, err := out.Elements(at + n)
		if err != nil {
			return err
		}
		// The forest is the result itself, in DuckDB's memory.
		least := types.Slice[int64](elements.Vector())[at : at+n]
		for k := range least {
			least[k] = int64(k) + 1
		}
		a, b := numbersAt(&in.Columns[1], i), numbersAt(&in.Columns[2], i)
		if len(a) != len(b) {
			return sqlstate.New(sqlstate.InvalidParameterValue, "a and b are not of one length")
		}
		for k := range a {
			if a[k] < 1 || b[k] < 1 || a[k] > int64(n) || b[k] > int64(n) {
				return sqlstate.Newf(sqlstate.InvalidParameterValue, "the pair %d, %d is beyond 1 to %d", a[k], b[k], n)
			}
			x, y := root(least, a[k]), root(least, b[k])
			least[max(x, y)-1] = min(x, y)
		}
		for k := range least { // a parent is never greater, and done before
			least[k] = least[least[k]-1]
		}
		out.SetList(i, at, n)
		at += n
	}
	return nil
}

// root follows parents to their root, and halves the path for who comes next.
func root(parent []int64, k int64) int64 {
	for parent[k-1] != k {
		parent[k-1] = parent[parent[k-1]-1]
		k = parent[k-1]
	}
	return k
}

// numbersAt is row i of a list of whole numbers.
func numbersAt(v *types.Vector, i int) []int64 {
	if !v.Valid(i) || len(v.Children) == 0 {
		return nil
	}
	e := types.Slice[types.ListEntry](v)[i]
	if e.Length == 0 {
		return nil
	}
	return types.Slice[int64](&v.Children[0])[e.Offset : e.Offset+e.Length]
}
