package pg

import (
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/wire/pg/encode"
)

// writtenTypes are PostgreSQL's types without one of DuckDB's like it. A parameter that
// the statement itself casts to one ($1::oid[]) is described as such: asyncpg would
// otherwise ask the catalog about the array of bigint with a query of the same kind.
var writtenTypes = map[string]struct{ scalar, array uint32 }{
	"oid": {encode.OIDOid, encode.OIDOidArray},
}

// written returns the OID that a parameter's cast in the text gives, by number from 1.
func written(text string, toks []lex.Token) map[int]uint32 {
	var out map[int]uint32
	for i := 0; i+2 < len(toks); i++ {
		if toks[i].Kind != lex.Param || !toks[i+1].Is(text, "::") || !toks[i+2].IsIdent() {
			continue
		}
		t, ok := writtenTypes[strings.ToLower(lex.Unquote(text, toks[i+2]))]
		n, err := strconv.Atoi(strings.TrimPrefix(toks[i].Text(text), "$"))
		if !ok || err != nil {
			continue
		}
		if out == nil {
			out = map[int]uint32{}
		}
		out[n] = t.scalar
		if i+4 < len(toks) && toks[i+3].Is(text, "[") && toks[i+4].Is(text, "]") {
			out[n] = t.array
		}
	}
	return out
}

// vectorColumns are pg_index's columns of type int2vector.
var vectorColumns = map[string]bool{"indkey": true, "indoption": true}

// catalogColumns marks what DuckDB has no type for in the answer to a question about
// the catalog: lists of BIGINT as lists of oid (PostgreSQL's catalogs have no other, and
// asyncpg knows only those), and int2vector, which pg8000 splits by its type.
func catalogColumns(text string, toks []lex.Token, cols []types.Column) []types.Column {
	var out []types.Column
	for i, col := range cols {
		var marked *types.Type
		switch t := col.Type; {
		case t == nil:
		case t.ID == types.List && t.Child.ID == types.BigInt:
			marked = &types.Type{ID: types.List, Child: &types.Type{ID: types.BigInt, Alias: encode.AliasOID}}
		case t.ID == types.Varchar && t.Alias == "" && vectorColumns[col.Name]:
			marked = &types.Type{ID: types.Varchar, Alias: encode.AliasInt2Vector}
		}
		if marked == nil || !mentionsCatalog(text, toks) {
			continue
		}
		if out == nil {
			out = slices.Clone(cols)
		}
		out[i].Type = marked
	}
	if out == nil {
		return cols
	}
	return out
}

func mentionsCatalog(text string, toks []lex.Token) bool {
	return slices.ContainsFunc(toks, func(t lex.Token) bool {
		return t.IsIdent() && strings.HasPrefix(strings.ToLower(lex.Unquote(text, t)), "pg_")
	})
}
