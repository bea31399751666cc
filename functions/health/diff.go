package health

import (
	"github.com/eiderdb/eider/functions/fn"
)

func profileDiff() *fn.Decl {
	return &fn.Decl{
		Name: "profile_diff", Family: "health", Table: true,
		Summary: "Compares the profiles of two tables, a row for each column of either, and says what changed.",
		Notes: "The first row, `*`, is of the whole tables. `change` is added, removed, type changed, changed or same; `differences` tells what a person would notice: another type, rows, shares of NULL that differ by a percentage point or more, " +
			"a mean that moved by a tenth of the first table's standard deviation or more, a least or greatest value beyond the first table's, a number of different values that differs by a tenth or more, " +
			"warnings that are new. Whether a difference is more than chance is drift's to say. What profile estimates of tables with more than a million rows is estimated here.",
		Params: []fn.Param{tableParam("before", "a table or view"), tableParam("after", "another")},
		Expand: &fn.Expansion{Relations: []string{"before", "after"}, Query: diffQuery},
		Examples: []fn.Example{
			{Setup: "CREATE TABLE monday AS SELECT i AS id, i % 3 AS size FROM range(30) t(i); CREATE TABLE tuesday AS SELECT i AS id, CASE WHEN i > 5 THEN i % 3 END AS size, 'x' AS note FROM range(30) t(i);",
				SQL:  "SELECT column_name, change, differences FROM profile_diff('monday', 'tuesday')",
				Want: "*\tsame\t[]\nid\tsame\t[]\nsize\tchanged\t[NULLs from 0.0 % to 20.0 %, 'new: 20 % NULL']\nnote\tadded\t[]"},
			{SQL: "FROM profile_diff('monday', 'sunday')", Code: "42P01"},
		},
	}
}

func diffQuery(c *fn.Call) (string, error) {
	side := func(i int) string {
		return "(SELECT *, row_number() OVER () AS i, nulls / nullif(rows, 0) AS share, lower(column_name) AS k FROM (" + profileQuery(c.Relations[i]) + "))"
	}
	// The least and greatest are text: as numbers where they are some.
	beyond := func(name, sign, word string) string {
		return "CASE WHEN a.mean IS NOT NULL AND b.mean IS NOT NULL AND try_cast(b." + name + " AS DOUBLE) " + sign + " try_cast(a." + name + " AS DOUBLE) THEN format('" + word + " from {} to {}', a." + name + ", b." + name + ") END"
	}
	differences := "list_filter(list_concat([" +
		"CASE WHEN a.column_type <> b.column_type THEN format('{} became {}', a.column_type, b.column_type) END, " +
		"CASE WHEN a.column_name = '*' AND a.rows <> b.rows THEN format('rows from {} to {}', a.rows, b.rows) END, " +
		"CASE WHEN abs(a.share - b.share) >= 0.01 THEN format('NULLs from {:.1f} % to {:.1f} %', 100 * a.share, 100 * b.share) END, " +
		"CASE WHEN a.sd > 0 AND abs(a.mean - b.mean) >= 0.1 * a.sd THEN format('mean from {:.4g} to {:.4g}', a.mean, b.mean) END, " +
		beyond("min", "<", "least") + ", " + beyond("max", ">", "greatest") + ", " +
		"CASE WHEN a.column_name <> '*' AND abs(a.distinct_values - b.distinct_values) >= greatest(1, 0.1 * a.distinct_values) THEN format('different values from {} to {}', a.distinct_values, b.distinct_values) END], " +
		"list_transform(list_filter(b.warnings, lambda __eider_w: NOT list_contains(a.warnings, __eider_w)), lambda __eider_w: 'new: ' || __eider_w)), lambda __eider_d: __eider_d IS NOT NULL)"
	return "WITH matched AS (SELECT coalesce(a.i, 1000000 + b.i) AS i, coalesce(a.column_name, b.column_name) AS column_name, a.k IS NULL AS added, b.k IS NULL AS removed, " +
		"a.column_type AS type_before, b.column_type AS type_after, a.rows AS rows_before, b.rows AS rows_after, a.share AS nulls_before, b.share AS nulls_after, a.distinct_values AS distinct_before, b.distinct_values AS distinct_after, " +
		"a.mean AS mean_before, b.mean AS mean_after, CASE WHEN a.k IS NULL OR b.k IS NULL THEN [] ELSE " + differences + " END AS differences FROM " + side(0) + " a FULL JOIN " + side(1) + " b ON a.k = b.k) " +
		"SELECT column_name, CASE WHEN added THEN 'added' WHEN removed THEN 'removed' WHEN type_before <> type_after THEN 'type changed' WHEN len(differences) > 0 THEN 'changed' ELSE 'same' END AS change, differences, " +
		"type_before, type_after, rows_before, rows_after, nulls_before, nulls_after, distinct_before, distinct_after, mean_before, mean_after FROM matched ORDER BY i", nil
}
