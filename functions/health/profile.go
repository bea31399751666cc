package health

import (
	"fmt"
	"strings"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/types"
)

const (
	// sampleRows bounds the rows whose values are sorted or grouped, lookRows those whose text is tried as something else.
	sampleRows = 1_000_000
	lookRows   = 10_000
)

func tableParam(name, doc string) fn.Param {
	return fn.Param{Name: name, Type: types.Of(types.Varchar), Doc: doc}
}

func profile() *fn.Decl {
	return &fn.Decl{
		Name: "profile", Family: "health", Table: true,
		Summary: "Tells of each column of a table what it holds, and what a person would be warned of.",
		Notes:   profileNotes,
		Source:  "DuckDB's SUMMARIZE; ydata-profiling's alerts",
		Params:  []fn.Param{tableParam("table_name", "a table or view")},
		Expand: &fn.Expansion{Relations: []string{"table_name"}, Query: func(c *fn.Call) (string, error) {
			return profileQuery(c.Relations[0]), nil
		}},
		Examples: []fn.Example{
			{Setup: "CREATE TABLE people AS SELECT i AS id, 20 + i % 3 AS age, CASE WHEN i % 5 > 1 THEN 'Oslo' END AS city, '12' AS code FROM range(100) t(i);",
				SQL:  "SELECT column_name, column_type, nulls, distinct_values, median, warnings FROM profile('people')",
				Want: "*\tTABLE\tNULL\t100\tNULL\t[]\nid\tBIGINT\t0\t100\t49.5\t['every value is different: a key?']\nage\tBIGINT\t0\t3\t21.0\t[]\ncity\tVARCHAR\t40\t1\tNULL\t[40 % NULL, constant besides NULL]\ncode\tVARCHAR\t0\t1\tNULL\t[constant, numbers stored as text]"},
			{SQL: "FROM profile('nobody')", Code: "42P01"},
		},
	}
}

const profileNotes = "The first row, `*`, is of the whole table: its rows, how many are different, and warnings of duplicates. The others are a column each:\n\n" +
	"- `column_name`, `column_type`, `rows`, `nulls`, `distinct_values`\n" +
	"- `min`, `max` as text, without NaN; of numbers `mean`, `sd` (of a sample), `q05`, `q25`, `median`, `q75`, `q95` (interpolated); mean and sd leave infinities out\n" +
	"- `shape`, the histogram as bars; `histogram`, the counts of 10 bins of equal width from the least to the greatest finite value (of times too)\n" +
	"- `top_values`, a MAP of the 5 most frequent values and their counts, where a value occurs twice or there are at most 5\n" +
	"- `warnings`, a list\n\n" +
	"Warned of: no rows, duplicate rows, NULL in 10 % or more, only NULL, a constant, numbers or dates stored as text (in 95 % of 10,000 rows), empty text and blanks at the ends, dates in the future, " +
	"NaN and infinities, integers or text of which (nearly) every value is different, skewness beyond ±3, half or more zeros, one value in 90 % or more.\n\n" +
	"Of tables with more than a million rows, quantiles, histogram and top values are those of a sample of about a million, chosen by a hash of the row's number; " +
	"counts in top_values are scaled, different values and duplicate rows estimated. Different values of nested types and BLOB always are. rows, nulls, min, max, mean and sd are always of all."

// class is how profile treats a column.
type class uint8

const (
	other class = iota
	whole
	real
	floating
	instant
	label
	words
)

func classOf(t *types.Type) class {
	switch t.ID {
	case types.TinyInt, types.SmallInt, types.Integer, types.BigInt, types.HugeInt, types.UTinyInt, types.USmallInt, types.UInteger, types.UBigInt, types.UHugeInt:
		return whole
	case types.Decimal:
		return real
	case types.Float, types.Double:
		return floating
	case types.Date, types.Timestamp, types.TimestampS, types.TimestampMS, types.TimestampNS, types.TimestampTZ:
		return instant
	case types.Varchar:
		return words
	case types.Boolean, types.Enum, types.UUID, types.Time, types.TimeNS, types.TimeTZ, types.Interval:
		return label
	}
	return other
}

func (c class) number() bool { return c == whole || c == real || c == floating }

// profileWriter collects the query's parts.
type profileWriter struct {
	r                      fn.Relation
	all, sampled, sorted   []string
	grouped, looked, looks []string
	rows                   []string
}

func profileQuery(r fn.Relation) string {
	w := &profileWriter{r: r}
	for i, c := range r.Columns {
		w.column(i, c)
	}
	return w.query()
}

// column adds what column i's row is made of: aggregates over all rows, over the sample, and the values of text.
func (w *profileWriter) column(i int, c types.Column) {
	q, k := lex.QuoteIdent(c.Name), classOf(c.Type)
	put := func(format string) {
		w.all = append(w.all, strings.NewReplacer("{c}", q, "{i}", fmt.Sprint(i)).Replace(format))
	}
	put("count({c}) AS n{i}")
	switch {
	case k == floating:
		put("min({c}) FILTER (NOT isnan({c})) AS min{i}, max({c}) FILTER (NOT isnan({c})) AS max{i}, count(*) FILTER (isnan({c})) AS nan{i}")
		put("avg({c}) FILTER (__eider_big AND isfinite({c})) AS mean{i}, stddev_samp({c}::DOUBLE) FILTER (__eider_big AND isfinite({c})) AS sd{i}, approx_count_distinct({c}) FILTER (__eider_big) AS d{i}")
	case k.number():
		put("min({c}) AS min{i}, max({c}) AS max{i}, avg({c}) FILTER (__eider_big) AS mean{i}, stddev_samp({c}::DOUBLE) FILTER (__eider_big) AS sd{i}, approx_count_distinct({c}) FILTER (__eider_big) AS d{i}")
	case k == instant:
		put("min({c}) AS min{i}, max({c}) AS max{i}, count(*) FILTER (isfinite({c}) AND {c} > " + soon(c.Type) + ") AS future{i}, approx_count_distinct({c}) FILTER (__eider_big) AS d{i}")
	case k == words:
		put("left(min({c}), 100) AS min{i}, left(max({c}), 100) AS max{i}, count(*) FILTER ({c} = '') AS empty{i}, approx_count_distinct({c}) FILTER (__eider_big) AS d{i}")
	case k == label:
		put("min({c}) AS min{i}, max({c}) AS max{i}, approx_count_distinct({c}) FILTER (__eider_big) AS d{i}")
	default:
		put("approx_count_distinct({c}) AS d{i}")
	}
	if k.number() || k == instant {
		w.sampled = append(w.sampled, fmt.Sprintf("%s AS c%d", q, i))
		w.sorted = append(w.sorted, fmt.Sprintf("eider_shape(eider_sorted(list(c%d) FILTER (c%d IS NOT NULL))) AS s%d", i, i, i))
	}
	if k == words {
		w.looked = append(w.looked, fmt.Sprintf("%s AS c%d", q, i))
		w.looks = append(w.looks, strings.NewReplacer("{c}", fmt.Sprintf("c%d", i), "{i}", fmt.Sprint(i)).Replace(
			"count({c}) AS k{i}, count(try_cast({c} AS DOUBLE)) AS number{i}, count(try_cast({c} AS TIMESTAMP)) AS time{i}, count(*) FILTER (trim({c}) <> {c}) AS blank{i}"))
	}
	w.row(i, c, k)
}

// soon is the end of today, whatever the zone of a timestamp without one.
func soon(t *types.Type) string {
	if t.ID == types.Date {
		return "current_date + 1"
	}
	if t.ID == types.TimestampTZ {
		return "now()"
	}
	return "(now() AT TIME ZONE 'UTC' + INTERVAL 14 HOUR)"
}

// row adds the struct that becomes column i's row.
func (w *profileWriter) row(i int, c types.Column, k class) {
	q := lex.QuoteIdent(c.Name)
	replace := strings.NewReplacer("{c}", q, "{i}", fmt.Sprint(i)).Replace
	minimum, maximum, s, v := "NULL::VARCHAR", "NULL::VARCHAR", "NULL", "NULL"
	if k != other {
		minimum, maximum = replace("a.min{i}::VARCHAR"), replace("a.max{i}::VARCHAR")
	}
	if k.number() || k == instant {
		s = replace("s.s{i}")
	}
	if k == instant || k == label || k == words {
		// The values of text, grouped: their number, and the most frequent.
		v = replace("(SELECT {'d': count(*), 'm': sum(n)::BIGINT, 'v': list(v ORDER BY n DESC, v)[:5], 'n': list(n ORDER BY n DESC, v)[:5]} FROM " +
			"(SELECT v, n FROM (SELECT left({c}::VARCHAR, 100) AS v, count(*) AS n FROM " + w.r.Sample(q, sampleRows) + " GROUP BY ALL) WHERE v IS NOT NULL))")
		if k == instant || k == label {
			v = replace("(SELECT {'d': count(*), 'm': sum(n)::BIGINT, 'v': list(v::VARCHAR ORDER BY n DESC, v)[:5], 'n': list(n ORDER BY n DESC, v)[:5]} FROM " +
				"(SELECT {c} AS v, count(*) AS n FROM " + w.r.Sample(q, sampleRows) + " WHERE {c} IS NOT NULL GROUP BY ALL))")
		}
	}
	get := func(name string) string {
		if s == "NULL" || !k.number() {
			return "NULL::DOUBLE"
		}
		return s + "." + name
	}
	moment := func(name string) string {
		if !k.number() {
			return "NULL::DOUBLE"
		}
		return replace("CASE WHEN big THEN a." + name + "{i} ELSE s.s{i}." + name + " END")
	}
	distinct, top, counts, total := replace("least(a.d{i}, a.n{i})"), "NULL::VARCHAR[]", "NULL::BIGINT[]", "NULL::BIGINT"
	switch {
	case k.number():
		distinct, top, counts, total = replace("CASE WHEN big THEN least(a.d{i}, a.n{i}) ELSE s.s{i}.distinct_values END"), s+".top", s+".counts", s+".n"
	case v != "NULL":
		distinct, top, counts, total = replace("CASE WHEN big THEN least(a.d{i}, a.n{i}) ELSE v.v{i}.d END"), replace("v.v{i}.v"), replace("v.v{i}.n"), replace("v.v{i}.m")
		w.grouped = append(w.grouped, v+replace(" AS v{i}"))
	}
	bars, histogram := "NULL::VARCHAR", "NULL::BIGINT[]"
	if s != "NULL" {
		bars, histogram = s+".bars", s+".histogram"
	}
	fields := []string{fmt.Sprintf("'i': %d", i+1), "'name': " + lex.QuoteLiteral(c.Name), "'type': " + lex.QuoteLiteral(c.Type.String()),
		replace("'nulls': a.n - a.n{i}"), "'d': (" + distinct + ")::BIGINT", "'min': " + minimum, "'max': " + maximum, "'mean': " + moment("mean"), "'sd': " + moment("sd"),
		"'q05': " + get("q05"), "'q25': " + get("q25"), "'median': " + get("median"), "'q75': " + get("q75"), "'q95': " + get("q95"),
		"'bars': " + bars, "'histogram': " + histogram, "'top': " + top, "'counts': " + counts, "'total': " + total, "'warnings': [" + strings.Join(warnings(i, k, s), ", ") + "]"}
	w.rows = append(w.rows, "{"+strings.Join(fields, ", ")+"}")
}

func (w *profileWriter) query() string {
	names := make([]string, len(w.r.Columns))
	for i, c := range w.r.Columns {
		names[i] = lex.QuoteIdent(c.Name)
	}
	one := func(list []string, from string) string {
		if len(list) == 0 {
			return "SELECT 1"
		}
		return "SELECT " + strings.Join(list, ", ") + from
	}
	big := fmt.Sprintf("(SELECT count(*) > %d FROM %s)", sampleRows, w.r.SQL)
	hash := "hash(" + strings.Join(names, ", ") + ")"
	with := []string{
		"size AS MATERIALIZED (SELECT count(*) AS total, " + big + " AS big FROM " + w.r.SQL + ")",
		"counted AS MATERIALIZED (SELECT count(*) AS n, " + strings.Join(w.all, ", ") + " FROM " + w.r.SQL + ", (SELECT big AS __eider_big FROM size))",
		"shaped AS MATERIALIZED (" + one(w.sorted, " FROM "+w.r.Sample(strings.Join(w.sampled, ", "), sampleRows)) + ")",
		"valued AS MATERIALIZED (" + one(w.grouped, "") + ")",
		"tried AS MATERIALIZED (" + one(w.looks, " FROM "+w.r.Sample(strings.Join(w.looked, ", "), lookRows)) + ")",
		// Equal rows have equal hashes: whole groups of duplicates are in the sample, or none.
		fmt.Sprintf("twins AS MATERIALIZED (SELECT count(*) AS m, count(DISTINCT h) AS d FROM (SELECT %s AS h FROM %s) WHERE (SELECT NOT big FROM size) OR h %% ((SELECT total FROM size) // %d + 1)::UBIGINT = 0)",
			hash, w.r.SQL, sampleRows),
		"listed AS MATERIALIZED (SELECT unnest([" + strings.Join(w.rows, ", ") + "]) AS d FROM size, counted a, shaped s, valued v, tried k)",
	}
	return "WITH " + strings.Join(with, ", ") + " SELECT * EXCLUDE (i) FROM (" +
		"SELECT 0 AS i, '*' AS column_name, 'TABLE' AS column_type, total AS rows, NULL::BIGINT AS nulls, CASE WHEN m > 0 THEN round(total * (d / m))::BIGINT END AS distinct_values, " +
		"NULL::VARCHAR AS min, NULL::VARCHAR AS max, NULL::DOUBLE AS mean, NULL::DOUBLE AS sd, NULL::DOUBLE AS median, " +
		"NULL::VARCHAR AS shape, NULL::MAP(VARCHAR, BIGINT) AS top_values, list_filter([CASE WHEN total = 0 THEN 'no rows' END, " +
		"CASE WHEN m > d THEN format('{:.2g} % of the rows are duplicates', 100 * (m - d) / m) END], lambda __eider_w: __eider_w IS NOT NULL) AS warnings, NULL::DOUBLE AS q05, NULL::DOUBLE AS q25, NULL::DOUBLE AS q75, NULL::DOUBLE AS q95, NULL::BIGINT[] AS histogram FROM size, twins " +
		"UNION ALL SELECT d.i, d.name, d.type, total, d.nulls, d.d, d.min, d.max, d.mean, d.sd, d.median, d.bars, " +
		"CASE WHEN len(d.counts) > 0 AND (d.counts[1] > 1 OR d.d <= 5) THEN map(d.top, CASE WHEN big THEN list_transform(d.counts, lambda __eider_n: (__eider_n * ((total - d.nulls) / d.total))::BIGINT) ELSE d.counts END) END, " +
		"list_filter(list_append(d.warnings, CASE WHEN d.d > 1 AND d.counts[1] >= 0.9 * d.total THEN format('{:.3g} % are {}', 100 * d.counts[1] / d.total, d.top[1]) END), " +
		"lambda __eider_w: __eider_w IS NOT NULL), d.q05, d.q25, d.q75, d.q95, d.histogram FROM listed, size) ORDER BY i"
}

// warnings are the conditions of a column, each NULL or a text.
func warnings(i int, k class, s string) []string {
	replace := strings.NewReplacer("{i}", fmt.Sprint(i), "{s}", s).Replace
	when := func(condition, text string) string {
		return replace("CASE WHEN " + condition + " THEN " + text + " END")
	}
	list := []string{
		when("a.n > 0 AND a.n{i} = 0", "'only NULL'"),
		when("a.n{i} > 0 AND a.n - a.n{i} >= 0.1 * a.n", "format('{:.0f} % NULL', 100 * (a.n - a.n{i}) / a.n)"),
	}
	if k != other {
		list = append(list, when("a.n{i} > 1 AND a.min{i} = a.max{i}"+nanless(i, k), "CASE WHEN a.n{i} < a.n THEN 'constant besides NULL' ELSE 'constant' END"))
	}
	if k.number() {
		list = append(list,
			when("{s}.zeros >= 0.5 * {s}.n AND {s}.distinct_values > 1", "format('{:.0f} % zeros', 100 * {s}.zeros / {s}.n)"),
			when("abs({s}.skew) > 3", "format('skewed: skewness {:.1f}', {s}.skew)"))
	}
	switch k {
	case whole:
		list = append(list, when("{s}.n >= 100 AND {s}.distinct_values = {s}.n", "'every value is different: a key?'"))
	case floating:
		list = append(list, when("a.nan{i} > 0", "format('{} NaN', a.nan{i})"), when("{s}.infinite > 0", "'infinite values'"))
	case instant:
		list = append(list, when("a.future{i} > 0", "format('{} in the future', a.future{i})"))
	case words:
		list = append(list,
			when("k.k{i} > 0 AND k.number{i} >= 0.95 * k.k{i}", "'numbers stored as text'"),
			when("k.k{i} > 0 AND k.time{i} >= 0.95 * k.k{i} AND k.number{i} < 0.95 * k.k{i}", "'dates stored as text'"),
			when("a.empty{i} > 0", "format('{} empty texts', a.empty{i})"),
			when("k.blank{i} > 0", "'blanks at the ends of texts'"),
			when("v.v{i}.m >= 100 AND v.v{i}.d >= 0.95 * v.v{i}.m", "'nearly every value is different: an identifier?'"))
	}
	return list
}

// nanless keeps NaN from being overlooked where a column has one other value.
func nanless(i int, k class) string {
	if k == floating {
		return fmt.Sprintf(" AND a.nan%d = 0", i)
	}
	return ""
}
