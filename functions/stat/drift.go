package stat

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// sampleRows bounds the rows of a table whose numbers are sorted.
const sampleRows = 1_000_000

func drift() *fn.Decl {
	text := types.Of(types.Varchar)
	return &fn.Decl{
		Name: "drift", Family: "stat", Table: true,
		Summary: "Compares a table with a reference, a row for each column: the test, its statistic, and whether the column drifted.",
		Notes:   driftNotes, Source: "the choice of tests: Evidently's default",
		Params: []fn.Param{
			{Name: "ref", Type: text, Doc: "the reference, a table or view"},
			{Name: "cur", Type: text, Doc: "what is compared with it"},
			{Name: "columns", Type: &types.Type{ID: types.List, Child: text}, Doc: "the columns to compare; all if left out", Default: "NULL"},
			{Name: "test", Type: text, Doc: "auto, psi, ks, js, wasserstein or chi2", Default: "'auto'"},
			{Name: "threshold", Type: types.Of(types.Double), Doc: "the p-value below which, or the distance from which on, a column drifted; if left out, the test's own", Default: "NULL"},
		},
		Expand: &fn.Expansion{Relations: []string{"ref", "cur"}, Query: driftQuery},
		Examples: []fn.Example{
			{Setup: "CREATE TABLE january AS SELECT i % 50 AS age, ['free', 'pro'][1 + i % 2] AS plan FROM range(400) t(i); " +
				"CREATE TABLE june AS SELECT i % 50 + 30 AS age, ['free', 'pro'][1 + i % 2] AS plan, true AS trial FROM range(400) t(i);",
				SQL:  "SELECT column_name, kind, test, round(statistic, 3) AS statistic, p_value < 0.001 AS tiny, verdict FROM drift('january', 'june')",
				Want: "age\tnumber\tks\t0.6\ttrue\tdrift\nplan\tcategory\tchi2\t0.0\tfalse\tstable\ntrial\tcategory\tNULL\tNULL\tNULL\tadded"},
			{SQL: "FROM drift('january', 'nowhere')", Code: "42P01"},
		},
	}
}

const driftNotes = `Columns are matched by name, in the reference's order; those that only one side has, or whose kind changed, are reported and not tested.

| kind | columns | test by auto, the smaller side up to 1000 values | above |
| --- | --- | --- | --- |
| number | numbers, with more than 5 values; BOOLEAN and fewer values are categories | ks (p < 0.05) | wasserstein, in standard deviations of the reference (≥ 0.1) |
| time | dates and timestamps, as numbers | the same | the same |
| category | text, BOOLEAN, ENUM, UUID, TIME | chi2 (p < 0.05) | js, the Jensen–Shannon distance: the root of the divergence (≥ 0.1) |
| other | nested types, BLOB, INTERVAL | none | none |

psi is drift from 0.1 on. Columns:

- ` + "`column_name`, `kind`, `test`, `statistic`, `p_value` (NULL for a distance), `threshold`" + `
- ` + "`verdict`" + `: drift, stable, ` + "`not tested`, `added`, `removed`, `type changed`" + `
- ` + "`nulls_ref`, `nulls_cur`" + `: shares of NULL (and NaN), which are left out of the tests
- ` + "`note`" + `: what a person should look at besides

Text of which nearly every value is different (an identifier) isn't tested. Of sides with more than a million rows numbers and times are compared on a sample of about a million,
chosen by a hash of the row's number; categories are counted in full.`

// side names the tables of a comparison in the query.
var sides = [2]string{"ref", "cur"}

// columnKind is how drift treats a type.
func columnKind(t *types.Type) string {
	switch t.ID {
	case types.Date, types.Timestamp, types.TimestampS, types.TimestampMS, types.TimestampNS, types.TimestampTZ:
		return "time"
	case types.Time, types.TimeNS, types.TimeTZ:
		return "category"
	case types.Blob:
		return "other"
	}
	switch k, ok := kindOf(&types.Type{ID: types.List, Child: t}); {
	case k == number && ok:
		return "number"
	case k == category && ok:
		return "category"
	}
	return "other"
}

// pair is a column on both sides; one of them may be missing.
type pair struct {
	name     string
	ref, cur *types.Type
}

// pairs matches columns by name.
func pairs(ref, cur []types.Column) []pair {
	find := func(in []types.Column, name string) *types.Type {
		for _, c := range in {
			if lex.EqualFold(c.Name, name) {
				return c.Type
			}
		}
		return nil
	}
	var out []pair
	for _, c := range ref {
		out = append(out, pair{c.Name, c.Type, find(cur, c.Name)})
	}
	for _, c := range cur {
		if find(ref, c.Name) == nil {
			out = append(out, pair{c.Name, nil, c.Type})
		}
	}
	return out
}

func driftQuery(c *fn.Call) (string, error) {
	test, _ := c.Args["test"].(string)
	if test = lex.Fold(test); test == "" {
		test = "auto"
	}
	if _, known := thresholds[test]; !known && test != "auto" {
		return "", sqlstate.Newf(sqlstate.InvalidParameterValue, "there is no test %q", test).At(c.At("test")).WithHint("The tests are auto, psi, ks, js, wasserstein, chi2.")
	}
	threshold := "NULL::DOUBLE"
	if x, ok := c.Args["threshold"].(float64); ok {
		if !(x > 0) {
			return "", sqlstate.New(sqlstate.InvalidParameterValue, "the threshold must be above 0").At(c.At("threshold"))
		}
		threshold = strconv.FormatFloat(x, 'e', -1, 64) + "::DOUBLE"
	}
	columns, err := wanted(c, pairs(c.Relations[0].Columns, c.Relations[1].Columns))
	if err != nil {
		return "", err
	}
	w := &driftWriter{call: c, arguments: lex.QuoteLiteral(test) + ", " + threshold}
	for i, p := range columns {
		w.column(i, p)
	}
	return w.query(), nil
}

// wanted are the pairs that columns => names, or all.
func wanted(c *fn.Call, all []pair) ([]pair, error) {
	names, ok := c.Args["columns"].([]string)
	if !ok {
		return all, nil
	}
	var out []pair
next:
	for _, name := range names {
		for _, p := range all {
			if lex.EqualFold(p.name, name) {
				out = append(out, p)
				continue next
			}
		}
		return nil, sqlstate.Newf(sqlstate.UndefinedColumn, "column %q is on neither side", name).At(c.At("columns"))
	}
	if len(out) == 0 {
		return nil, sqlstate.New(sqlstate.InvalidParameterValue, "no columns are given").At(c.At("columns"))
	}
	return out, nil
}

// driftWriter collects the parts of the query.
type driftWriter struct {
	call      *fn.Call
	arguments string
	// numbers and counted are the expressions over each side: of a sample of its rows, and of all.
	numbers, sampled, counted [2][]string
	rows                      []string
}

// column adds what one row is made of.
func (w *driftWriter) column(i int, p pair) {
	known := p.ref
	if known == nil {
		known = p.cur
	}
	kind, test, verdict, note := columnKind(known), "NULL", "", "NULL"
	switch {
	case p.cur == nil:
		verdict = "removed"
	case p.ref == nil:
		verdict = "added"
	case columnKind(p.cur) != kind:
		verdict = "type changed"
	case kind == "other":
		verdict = "not tested"
	}
	if p.ref != nil && p.cur != nil && !p.ref.Equal(p.cur) {
		note = lex.QuoteLiteral(fmt.Sprintf("%s became %s", p.ref, p.cur))
	}
	name := lex.QuoteIdent(p.name)
	for s, t := range []*types.Type{p.ref, p.cur} {
		if t == nil {
			continue
		}
		present := name + " IS NOT NULL"
		if t.ID == types.Double || t.ID == types.Float {
			present = "NOT isnan(" + name + ")"
		}
		w.counted[s] = append(w.counted[s], fmt.Sprintf("count(*) FILTER (%s) AS n%d", present, i))
		if verdict == "" && kind != "category" {
			w.sampled[s] = append(w.sampled[s], fmt.Sprintf("%s AS c%d", name, i))
			w.numbers[s] = append(w.numbers[s], fmt.Sprintf("eider_sorted(list(c%d) FILTER (c%d IS NOT NULL)) AS s%d", i, i, i))
		}
	}
	switch {
	case verdict != "":
	case kind == "category":
		test = "(SELECT eider_drift_categories(list(r ORDER BY v), list(c ORDER BY v), " + w.arguments + ") FROM (SELECT v, sum(r)::BIGINT AS r, sum(c)::BIGINT AS c FROM (" +
			"SELECT " + name + "::VARCHAR AS v, count(*) AS r, 0 AS c FROM " + w.call.Relations[0].SQL + " GROUP BY ALL UNION ALL " +
			"SELECT " + name + "::VARCHAR AS v, 0 AS r, count(*) AS c FROM " + w.call.Relations[1].SQL + " GROUP BY ALL) WHERE v IS NOT NULL GROUP BY v))"
	default:
		test = fmt.Sprintf("eider_drift_numbers(ref_numbers.s%d, cur_numbers.s%d, %s)", i, i, w.arguments)
	}
	if test == "NULL" {
		test += "::" + driftType().String()
	}
	share := func(s int, t *types.Type) string {
		if t == nil {
			return "NULL::DOUBLE"
		}
		return fmt.Sprintf("(%[1]s_counts.n - %[1]s_counts.n%[2]d) / nullif(%[1]s_counts.n, 0)", sides[s], i)
	}
	w.rows = append(w.rows, fmt.Sprintf("{'i': %d, 'name': %s, 'kind': %s, 'test': %s, 'verdict': %s, 'note': %s, 'ref': %s, 'cur': %s}", i,
		lex.QuoteLiteral(p.name), lex.QuoteLiteral(kind), test, orNull(verdict), note+"::VARCHAR", share(0, p.ref), share(1, p.cur)))
}

func orNull(s string) string {
	if s == "" {
		return "NULL::VARCHAR"
	}
	return lex.QuoteLiteral(s)
}

func (w *driftWriter) query() string {
	var with []string
	for s, side := range sides {
		r := w.call.Relations[s]
		counts := append([]string{"count(*) AS n"}, w.counted[s]...)
		with = append(with, side+"_counts AS MATERIALIZED (SELECT "+strings.Join(counts, ", ")+" FROM "+r.SQL+")")
		numbers := "SELECT 1"
		if len(w.numbers[s]) > 0 {
			numbers = "SELECT " + strings.Join(w.numbers[s], ", ") + " FROM " + r.Sample(strings.Join(w.sampled[s], ", "), sampleRows)
		}
		with = append(with, side+"_numbers AS MATERIALIZED ("+numbers+")")
	}
	rows := strings.Join(w.rows, ", ")
	return "WITH " + strings.Join(with, ", ") + ", rows AS MATERIALIZED (SELECT unnest([" + rows + "]) AS d FROM ref_counts, cur_counts, ref_numbers, cur_numbers) " +
		"SELECT d.name AS column_name, d.kind AS kind, d.test.test AS test, d.test.statistic AS statistic, d.test.p_value AS p_value, d.test.threshold AS threshold, " +
		"coalesce(d.verdict, d.test.verdict, 'not tested') AS verdict, d.ref AS nulls_ref, d.cur AS nulls_cur, " +
		"nullif(concat_ws('; ', d.note, CASE WHEN d.verdict IS NULL THEN d.test.note END, CASE WHEN abs(d.ref - d.cur) >= 0.05 THEN " +
		"format('NULLs went from {:.0f} % to {:.0f} %', 100 * d.ref, 100 * d.cur) END), '') AS note FROM rows ORDER BY d.i"
}
