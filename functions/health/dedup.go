package health

import (
	"fmt"
	"strings"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

func textList() *types.Type { return &types.Type{ID: types.List, Child: types.Of(types.Varchar)} }

func dedup() *fn.Decl {
	return &fn.Decl{
		Name: "dedup", Family: "health", Table: true,
		Summary: "Gives the rows of a table without duplicates: one row for each key, or each different row.",
		Notes: "`order_by` says which row of a key is kept: the first in that order, with the rules of ORDER BY. What it leaves open, and all without it, the order of insertion decides: the first is kept " +
			"(of a view, the first that it gives). NULL equals NULL in a key. The rows come in no particular order.",
		Source: "ROW_NUMBER() OVER (PARTITION BY key ORDER BY …) = 1",
		Params: []fn.Param{tableParam("table_name", "a table or view"), {Name: "key", Type: textList(), Doc: "the columns that make a row what it is; all if left out", Default: "NULL"},
			{Name: "order_by", Type: types.Of(types.Varchar), Doc: "what ORDER BY takes, such as 'ts DESC'", Default: "NULL"}},
		Expand: &fn.Expansion{Relations: []string{"table_name"}, Query: dedupQuery},
		Examples: []fn.Example{
			{Setup: "CREATE TABLE prices (item VARCHAR, ts DATE, price INTEGER); INSERT INTO prices VALUES ('a', '2026-01-01', 5), ('a', '2026-01-02', 6), ('b', '2026-01-01', 7), ('b', '2026-01-01', 7);",
				SQL: "FROM dedup('prices', key => ['item'], order_by => 'ts DESC') ORDER BY item", Want: "a\t2026-01-02\t6\nb\t2026-01-01\t7"},
		},
	}
}

func dedupQuery(c *fn.Call) (string, error) {
	r := c.Relations[0]
	order, ordered := c.Args["order_by"].(string)
	keys, err := columnsOf(c, "key")
	if err != nil {
		return "", err
	}
	if _, given := c.Args["key"]; given && len(keys) == 0 {
		return "", sqlstate.New(sqlstate.InvalidParameterValue, "the key has no columns").At(c.At("key"))
	}
	if len(keys) == 0 && !ordered {
		return "SELECT DISTINCT * FROM " + r.SQL, nil
	}
	if len(keys) == 0 {
		keys = r.Columns
	}
	by := "rowid"
	from := r.SQL
	if !r.RowID {
		by, from = "__eider_row", "(SELECT *, row_number() OVER () AS __eider_row FROM "+r.SQL+")"
	}
	if ordered {
		text, err := expression(c, "order_by", order)
		if err != nil {
			return "", err
		}
		by = text + ", " + by
	}
	return fmt.Sprintf("SELECT %s FROM %s QUALIFY row_number() OVER (PARTITION BY %s ORDER BY %s) = 1", strings.Join(quoted(r.Columns), ", "), from, strings.Join(quoted(keys), ", "), by), nil
}
