package health

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

func outliers() *fn.Decl {
	return &fn.Decl{
		Name: "outliers", Family: "health", Table: true,
		Summary: "Gives the rows of a table whose value in a column lies far from the others, with a score and the bounds.",
		Notes: "| method | outside of | score | k |\n| --- | --- | --- | --- |\n" +
			"| iqr | the quartiles by more than k times their distance | that multiple | 1.5 |\n" +
			"| zscore | the mean by more than k sample standard deviations | that multiple, signed | 3 |\n" +
			"| mad | the median by more than k in units of 1.4826 × the median absolute deviation; where that is 0, of 1.2533 × the mean absolute deviation | that multiple, signed | 3.5 |\n\n" +
			"Adds the columns `outlier_score`, `lower_bound`, `upper_bound`. Where all values but a few are equal, the quartiles' distance may be 0: then whatever differs is an outlier, with an infinite score. " +
			"The statistics are of all finite values. NULL and NaN are no outliers, infinities always are.",
		Source: "Tukey, Exploratory Data Analysis (1977); Iglewicz and Hoaglin, How to detect and handle outliers (1993)",
		Params: []fn.Param{tableParam("table_name", "a table or view"), {Name: "column_name", Type: types.Of(types.Varchar), Doc: "a column of numbers"},
			{Name: "method", Type: types.Of(types.Varchar), Doc: "iqr, zscore or mad", Default: "'iqr'"},
			{Name: "k", Type: types.Of(types.Double), Doc: "the multiple that is allowed; if left out, the method's own", Default: "NULL"}},
		Expand: &fn.Expansion{Relations: []string{"table_name"}, Query: outliersQuery},
		Examples: []fn.Example{
			{Setup: "CREATE TABLE trips AS SELECT 10 + i % 4 AS minutes FROM range(40) t(i) UNION ALL SELECT 95;",
				SQL: "SELECT minutes, outlier_score > 10 AS far, lower_bound, upper_bound FROM outliers('trips', 'minutes')", Want: "95\ttrue\t8.0\t16.0"},
		},
	}
}

func outliersQuery(c *fn.Call) (string, error) {
	col, err := columnOf(c, "column_name", c.Args["column_name"].(string))
	if err != nil {
		return "", err
	}
	if !classOf(col.Type).number() {
		return "", sqlstate.Newf(sqlstate.DatatypeMismatch, "column %q is of type %s, not a number", col.Name, col.Type).At(c.At("column_name"))
	}
	if err := free(c, "outlier_score", "lower_bound", "upper_bound"); err != nil {
		return "", err
	}
	method, _ := c.Args["method"].(string)
	if method == "" {
		method = "iqr"
	}
	usual := map[string]float64{"iqr": 1.5, "zscore": 3, "mad": 3.5}
	if usual[lex.Fold(method)] == 0 {
		return "", sqlstate.Newf(sqlstate.InvalidParameterValue, "there is no method %q", method).At(c.At("method")).WithHint("The methods are iqr, zscore, mad.")
	}
	k, err := positiveArg(c, "k", usual[lex.Fold(method)])
	if err != nil {
		return "", err
	}
	x, from := lex.QuoteIdent(col.Name), c.Relations[0].SQL
	form := "SELECT eider_shape(eider_sorted(list(%s) FILTER (isfinite(%s::DOUBLE)))) AS s FROM " + from
	stats := fmt.Sprintf(form, x, x)
	var limits, score string
	factor := strconv.FormatFloat(k, 'e', -1, 64) + "::DOUBLE"
	switch lex.Fold(method) {
	case "iqr":
		limits = "SELECT s.q25 - " + factor + " * (s.q75 - s.q25) AS lower_bound, s.q75 + " + factor + " * (s.q75 - s.q25) AS upper_bound, s.q25 AS __eider_a, s.q75 AS __eider_b, s.q75 - s.q25 AS __eider_unit FROM (" + stats + ")"
		score = "CASE WHEN __eider_x > __eider_b THEN __eider_x - __eider_b ELSE __eider_a - __eider_x END / __eider_unit"
	case "zscore":
		limits = "SELECT s.mean - " + factor + " * s.sd AS lower_bound, s.mean + " + factor + " * s.sd AS upper_bound, s.mean AS __eider_a, s.mean AS __eider_b, s.sd AS __eider_unit FROM (" + stats + ")"
		score = "(__eider_x - __eider_a) / __eider_unit"
	default:
		limits = "SELECT a - " + factor + " * unit AS lower_bound, a + " + factor + " * unit AS upper_bound, a AS __eider_a, a AS __eider_b, unit AS __eider_unit FROM (SELECT s.m AS a, CASE WHEN s.w.median > 0 THEN 1.4826 * s.w.median ELSE 1.2533 * s.w.mean END AS unit FROM (" +
			"SELECT {'m': any_value(__eider_m), 'w': eider_shape(eider_sorted(list(abs(" + x + "::DOUBLE - __eider_m)) FILTER (isfinite(" + x + "::DOUBLE))))} AS s FROM " + from + ", (SELECT s.median AS __eider_m FROM (" + stats + "))))"
		score = "(__eider_x - __eider_a) / __eider_unit"
	}
	return "SELECT " + strings.Join(quoted(c.Relations[0].Columns), ", ") + ", outlier_score, lower_bound, upper_bound FROM (SELECT *, CASE WHEN isinf(__eider_x) OR __eider_unit = 0 THEN CASE WHEN __eider_x < __eider_a AND " +
		strconv.FormatBool(lex.Fold(method) != "iqr") + " THEN '-inf'::DOUBLE ELSE 'inf'::DOUBLE END ELSE " + score + " END AS outlier_score FROM " +
		"(SELECT *, " + x + "::DOUBLE AS __eider_x FROM " + from + ") AS __eider_t, (" + limits + ") AS __eider_l WHERE NOT isnan(__eider_x) AND (__eider_x < lower_bound OR __eider_x > upper_bound OR isinf(__eider_x)))", nil
}
