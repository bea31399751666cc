package clean

import (
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/types"
)

func clipTo() *fn.Decl {
	return &fn.Decl{
		Name: "clip_to", Family: "clean",
		Summary: "Moves a value into the bounds [lo, hi].",
		Notes: "A NULL bound is no bound. Any type that can be compared works; the result has the type that x, lo and hi have in common. " +
			"NaN is greater than every number, as everywhere in DuckDB, and becomes hi. It is an error if lo is greater than hi.",
		Params: []fn.Param{
			{Name: "x", Type: types.Of(types.Any), Doc: "the value"},
			{Name: "lo", Type: types.Of(types.Any), Doc: "the least value allowed"},
			{Name: "hi", Type: types.Of(types.Any), Doc: "the greatest value allowed"},
		},
		Returns: types.Of(types.Any),
		Macro:   `CASE WHEN lo > hi THEN error('clip_to: lo is greater than hi') WHEN x < lo THEN lo WHEN x > hi THEN hi ELSE x END`,
		Examples: []fn.Example{
			{SQL: "SELECT clip_to(140, 0, 100), clip_to(-3, 0, 100), clip_to(42, 0, 100)", Want: "100\t0\t42"},
			{SQL: "SELECT clip_to(140, 0, NULL), clip_to(NULL, 0, 100)", Want: "140\tNULL"},
			{SQL: "SELECT clip_to(DATE '2031-05-01', DATE '2000-01-01', DATE '2030-12-31')", Want: "2030-12-31"},
			{SQL: "SELECT clip_to(1, 10, 0)", Code: "22023"},
		},
	}
}

func tryTimestamp() *fn.Decl {
	return &fn.Decl{
		Name: "try_timestamp", Family: "clean",
		Summary: "Reads a timestamp by the first format that fits, NULL if none does.",
		Notes:   "The formats are those of DuckDB's strptime and must be constants. Surrounding blanks are ignored.",
		Params: []fn.Param{
			{Name: "s", Type: types.Of(types.Varchar), Doc: "the text"},
			{Name: "formats", Type: &types.Type{ID: types.List, Child: types.Of(types.Varchar)}, Doc: "one format or a list of them, tried in order"},
		},
		Returns: types.Of(types.Timestamp),
		Macro:   `try_strptime(trim(s), formats)`,
		Examples: []fn.Example{
			{SQL: "SELECT try_timestamp(' 24.12.2025', ['%Y-%m-%d', '%d.%m.%Y'])", Want: "2025-12-24 00:00:00"},
			{SQL: "SELECT try_timestamp('2025-12-24 18:30', '%Y-%m-%d %H:%M')", Want: "2025-12-24 18:30:00"},
			{SQL: "SELECT try_timestamp('soon', ['%Y-%m-%d'])", Want: "NULL"},
		},
	}
}
