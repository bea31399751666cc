package health

import (
	"fmt"
	"strings"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

const (
	// neighbours are the texts compared with each in either order.
	neighbours = 10
	// wordRows bounds the texts that are compared because they share a word.
	wordRows = 50
)

func dedupFuzzy() *fn.Decl {
	return &fn.Decl{
		Name: "dedup_fuzzy", Family: "health", Table: true,
		Summary: "Gives every row of a table with the cluster of rows whose text in some columns is the same but for spelling.",
		Notes: "Adds `cluster_id`, a number for rows that are the same, `is_duplicate`, false for the first row of each cluster, and `similarity` to that row's text. " +
			"`SELECT * EXCLUDE (cluster_id, is_duplicate, similarity) FROM dedup_fuzzy(…) WHERE NOT is_duplicate` keeps one of each.\n\n" +
			"Texts are compared without case, accents and punctuation, the columns joined by blanks, by the similarity of Jaro and Winkler (0 … 1). Clusters are the connected components of the pairs from threshold on, so two rows of one cluster may be " +
			fmt.Sprintf("less similar to each other than that. Not every pair is compared: each text with the %d that follow it in alphabetical order, forwards and with the letters reversed, and with all that share a word which at most %d texts have. ", neighbours, wordRows) +
			"The work so grows with the number of rows, and pairs that differ at both ends and share no rare word are missed. Rows without text are clusters of their own.",
		Source: "Winkler, String comparator metrics (1990); blocking: Hernández and Stolfo, The merge/purge problem (1995)",
		Params: []fn.Param{tableParam("table_name", "a table or view"), {Name: "columns", Type: textList(), Doc: "the columns to compare"},
			{Name: "threshold", Type: types.Of(types.Double), Doc: "the least similarity of a pair, above 0 and at most 1", Default: "0.9"}},
		Expand: &fn.Expansion{Relations: []string{"table_name"}, Query: fuzzyQuery},
		Examples: []fn.Example{
			{Setup: "CREATE TABLE clients (id INTEGER, name VARCHAR); INSERT INTO clients VALUES (1, 'Acme Corporation'), (2, 'ACME Corporaton'), (3, 'Zenith Ltd.'), (4, 'Zénith Ltd'), (5, 'Nadir');",
				SQL:  "SELECT id, cluster_id, is_duplicate, round(similarity, 2) FROM dedup_fuzzy('clients', columns => ['name'], threshold => 0.9) ORDER BY id",
				Want: "1\t1\tfalse\t1.0\n2\t1\ttrue\t0.99\n3\t3\tfalse\t1.0\n4\t3\ttrue\t1.0\n5\t5\tfalse\t1.0"},
		},
	}
}

func fuzzyQuery(c *fn.Call) (string, error) {
	r := c.Relations[0]
	columns, err := columnsOf(c, "columns")
	if err != nil {
		return "", err
	}
	if len(columns) == 0 {
		return "", sqlstate.New(sqlstate.InvalidParameterValue, "no columns are given").At(c.At("columns"))
	}
	threshold, err := positiveArg(c, "threshold", 0.9)
	if err != nil || threshold > 1 {
		return "", sqlstate.New(sqlstate.InvalidParameterValue, "the threshold must be above 0 and at most 1").At(c.At("threshold"))
	}
	if err := free(c, "cluster_id", "is_duplicate", "similarity"); err != nil {
		return "", err
	}
	var parts []string
	for _, q := range quoted(columns) {
		parts = append(parts, q+"::VARCHAR")
	}
	with := []string{
		"numbered AS MATERIALIZED (SELECT *, row_number() OVER () AS __eider_row, trim(regexp_replace(lower(strip_accents(nfc_normalize(concat_ws(' ', " + strings.Join(parts, ", ") + ")))), '[^\\p{L}\\p{N}]+', ' ', 'g')) AS __eider_text FROM " + r.SQL + ")",
		// Rows of one text are one thing.
		"texts AS MATERIALIZED (SELECT x, id, row_number() OVER (ORDER BY id) AS k FROM (SELECT __eider_text AS x, min(__eider_row) AS id FROM numbered WHERE __eider_text <> '' GROUP BY ALL))",
		"words AS (SELECT k, x, count(*) OVER (PARTITION BY w) AS n, w FROM (SELECT k, x, unnest(list_distinct(string_split(x, ' '))) AS w FROM texts) QUALIFY n BETWEEN 2 AND " + fmt.Sprint(wordRows) + ")",
	}
	var near []string
	for _, order := range []string{"x", "reverse(x)"} {
		var leads []string
		for k := 1; k <= neighbours; k++ {
			leads = append(leads, fmt.Sprintf("lead({'k': k, 'x': x}, %d) OVER (ORDER BY %s)", k, order))
		}
		near = append(near, "SELECT k AS a, o.k AS b, x AS s, o.x AS t FROM (SELECT k, x, unnest(["+strings.Join(leads, ", ")+"]) AS o FROM texts) WHERE o IS NOT NULL")
	}
	near = append(near, "SELECT l.k, r.k, l.x, r.x FROM words AS l JOIN words AS r ON l.w = r.w AND l.k < r.k")
	with = append(with,
		fmt.Sprintf("pairs AS MATERIALIZED (SELECT DISTINCT a, b FROM (%s) WHERE jaro_winkler_similarity(s, t) >= %e::DOUBLE)", strings.Join(near, " UNION ALL "), threshold),
		// Numbered in the order of their first rows, so that a cluster's least number is its first row's.
		"forest AS MATERIALIZED (SELECT eider_components(n, a, b) AS f FROM (SELECT count(*) AS n FROM texts), (SELECT list(a) AS a, list(b) AS b FROM pairs))",
		"clusters AS (SELECT unnest(f) AS least, unnest(range(1, len(f) + 1)) AS k FROM forest)",
		"named AS (SELECT t.x, h.id AS least, h.x AS head FROM clusters c JOIN texts t ON t.k = c.k JOIN texts h ON h.k = c.least)")
	return "WITH " + strings.Join(with, ", ") + " SELECT " + prefixed("__eider_t.", quoted(r.Columns)) + ", coalesce(n.least, __eider_t.__eider_row) AS cluster_id, coalesce(n.least <> __eider_t.__eider_row, false) AS is_duplicate, " +
		"CASE WHEN n.least IS NOT NULL THEN jaro_winkler_similarity(n.x, n.head) END AS similarity FROM numbered __eider_t LEFT JOIN named n ON n.x = __eider_t.__eider_text", nil
}

func prefixed(prefix string, names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = prefix + n
	}
	return strings.Join(out, ", ")
}
