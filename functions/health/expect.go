package health

import (
	"fmt"
	"strings"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

func expect() *fn.Decl {
	return &fn.Decl{
		Name: "expect", Family: "health", Table: true,
		Summary: "Checks conditions on the rows of a table: a row for each condition says how many rows violate it, and shows one.",
		Notes: "A condition is an SQL expression over the table's columns. As in a CHECK, a row for which it is NULL doesn't violate it; `unknown` counts such rows, `x IS NOT NULL AND x > 0` refuses them. " +
			"`passed` tells whether at least the share `at_least` of the rows, all by default, is free of violations; a table without rows passes. `example` is the first row that violates, as text.\n\n" +
			"The rows themselves: `SELECT * FROM t WHERE NOT (condition)`.",
		Source: "Great Expectations, expect_column_values_to_… with mostly; CHECK of the SQL standard",
		Params: []fn.Param{tableParam("table_name", "a table or view"), {Name: "conditions", Type: &types.Type{ID: types.List, Child: types.Of(types.Varchar)}, Doc: "one condition or a list of them"},
			{Name: "at_least", Type: types.Of(types.Double), Doc: "the share of rows that must not violate a condition, above 0 and at most 1", Default: "1"}},
		Expand: &fn.Expansion{Relations: []string{"table_name"}, Query: expectQuery},
		Examples: []fn.Example{
			{Setup: "CREATE TABLE orders AS SELECT i AS id, i * 10 - 20 AS amount, CASE WHEN i <> 3 THEN 'eu' END AS region FROM range(5) t(i);",
				SQL:  "SELECT condition, violations, unknown, passed, example FROM expect('orders', ['amount >= 0', 'region = ''eu'''])",
				Want: "amount >= 0\t2\t0\tfalse\t{'id': 0, 'amount': -20, 'region': eu}\nregion = 'eu'\t0\t1\ttrue\tNULL"},
		},
	}
}

func expectQuery(c *fn.Call) (string, error) {
	share, err := positiveArg(c, "at_least", 1)
	if err != nil || share > 1 {
		return "", sqlstate.New(sqlstate.InvalidParameterValue, "at_least must be above 0 and at most 1").At(c.At("at_least"))
	}
	conditions := c.Args["conditions"].([]string)
	if len(conditions) == 0 {
		return "", sqlstate.New(sqlstate.InvalidParameterValue, "no conditions are given").At(c.At("conditions"))
	}
	order, from := "rowid", c.Relations[0].SQL
	if !c.Relations[0].RowID {
		order, from = "__eider_row", "(SELECT *, row_number() OVER () AS __eider_row FROM "+from+")"
	}
	var tests, counts, rows []string
	for i, condition := range conditions {
		text, err := expression(c, "conditions", condition)
		if err != nil {
			return "", err
		}
		tests = append(tests, fmt.Sprintf("CAST((%s) AS BOOLEAN) AS __eider_e%d", text, i))
		counts = append(counts, fmt.Sprintf("count(*) FILTER (NOT __eider_e%[1]d) AS v%[1]d, count(*) FILTER (__eider_e%[1]d IS NULL) AS u%[1]d, arg_min(__eider_r, __eider_o) FILTER (NOT __eider_e%[1]d) AS x%[1]d", i))
		rows = append(rows, fmt.Sprintf("{'i': %[1]d, 'c': %[2]s, 'v': v%[1]d, 'u': u%[1]d, 'x': x%[1]d::VARCHAR}", i, lex.QuoteLiteral(condition)))
	}
	var fields []string
	for _, col := range c.Relations[0].Columns {
		fields = append(fields, lex.QuoteLiteral(col.Name)+": "+lex.QuoteIdent(col.Name))
	}
	return "SELECT d.c AS condition, n AS rows, d.v AS violations, d.u AS unknown, CASE WHEN n > 0 THEN d.v / n END AS share, " +
		fmt.Sprintf("n = 0 OR d.v <= (1 - %e::DOUBLE) * n AS passed, d.x AS example FROM (SELECT n, unnest([", share) + strings.Join(rows, ", ") + "]) AS d FROM (SELECT count(*) AS n, " + strings.Join(counts, ", ") +
		" FROM (SELECT {" + strings.Join(fields, ", ") + "} AS __eider_r, " + order + " AS __eider_o, " + strings.Join(tests, ", ") + " FROM " + from + "))) ORDER BY d.i", nil
}
